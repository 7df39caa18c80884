"""Findings as lines of text, below the verdicts of ``suite check`` and ``suite run``."""

from __future__ import annotations

import pandas as pd

from suite import text_tables
from suite.discovery.findings import ABSENT, ERROR, OPEN, unexplained
from suite.text_tables import number

SHOWN = 10
"""The unexplained findings that are listed; findings.csv has all."""
NOT_COVERED = (
    "unlike the verdicts, findings are compared as if the number of seeds had been fixed"
    " beforehand: that this run stopped by looking is not accounted for"
)
"""What is said of the findings of a run until decided wherever they are shown."""


def counts(table: pd.DataFrame) -> str:
    """Return how many findings there are, explained or not, in one sentence."""
    new = len(unexplained(table))
    by = table["explained_by"]
    opened = int((by == OPEN).sum())
    within = int((by == ERROR).sum())
    absent = int(by.str.startswith(ABSENT).sum())
    explained = len(table) - new - opened - within - absent
    elsewhere = f", {absent:,} by claims that this folder cannot judge" if absent else ""
    return (
        f"findings beyond the claims: {len(table):,} ({explained:,} explained by claims or"
        f" predictions{elsewhere}, {within:,} within a stated error, {opened:,} open questions,"
        f" {new:,} unexplained)"
    )


def lines(table: pd.DataFrame, most: int = SHOWN, added: bool = False) -> str:
    """Return the counts, and the ``most`` largest unexplained findings as a table.

    ``added``: seeds were added until the claims were decided.
    """
    new = unexplained(table)
    counted = text_tables.wrapped(counts(table))
    if added:
        counted += text_tables.wrapped(NOT_COVERED)
    if new.empty:
        return "\n".join(counted)
    rows = [
        (
            row["kind"],
            f"{row['study']} {row['metric']}",
            f"{row['a']} {number(row['a_value'])}",
            f"{row['b']} {number(row['b_value'])}",
            str(row["n"]),
            " ".join(filter(None, (row["cell"], f"(at {row['at']})" if row["at"] else ""))),
        )
        for row in new.head(most).to_dict("records")
    ]
    head = ("kind", "study and metric", "one side", "other side", "n", "in")
    shown = text_tables.columns([head, *rows], text_tables.width() - 2, (1,), True)
    more = len(new) - len(rows)
    last = [f"  and {more:,} more (findings.csv has all)"] if more > 0 else []
    return "\n".join([*counted, *(f"  {line}" for line in shown), *last])
