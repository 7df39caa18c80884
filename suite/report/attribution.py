"""What the page says of whose doing the differences between frameworks are: attribution.csv."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from suite.comparing.attribution import ATTRIBUTION, COLUMNS, KINDS, NAMES, Attribution
from suite.comparing.chains import Chain, between, known_parts
from suite.discovery.show_attribution import counted, differences, in_words, subject_row
from suite.discovery.whose import subjects
from suite.judging.verdicts import group_fields
from suite.report.common.numbers import interval, number
from suite.report.figures import table
from suite.report.findings import address

MOST = 200
"""The differences of a chain that the page lists, the largest."""
_TEXTS = ("subject", "cell", "unit", "others", "other_values", "reason")


@dataclass(frozen=True)
class Difference:
    """A row of attribution.csv, its two steps in words, and the address of its cell in the
    explorer; empty without one."""

    row: Mapping[str, Any]
    api: str
    backend: str
    address: str


@dataclass(frozen=True)
class Split:
    """The differences between the ends of a chain: their subjects, and the largest with a name."""

    id: str
    title: str
    a: str
    middle: str
    b: str
    counts: str
    subjects: Sequence[tuple[str, ...]]
    rows: Sequence[Difference]
    more: int


def attributed(folder: Path, explored: Collection[str]) -> list[Split]:
    """Return the differences that attribution.csv has, a value for each chain; none without it.

    ``explored``: the studies that the explorer has. Raise UserError for a table that cannot be
    read.
    """
    rows = table(folder, ATTRIBUTION, *COLUMNS)
    if rows is None:
        return []
    rows = rows.fillna(dict.fromkeys(_TEXTS, ""))
    ends = rows[["a", "b"]].drop_duplicates().to_dict("records")
    found = (between(row["a"], row["b"], known_parts()) for row in ends)
    order = list(known_parts())
    chains = sorted(
        (chain for chain in found if chain is not None),
        key=lambda chain: (order.index(chain.a), order.index(chain.b)),
    )
    return [_split(rows, chain, index, explored) for index, chain in enumerate(chains)]


def _split(rows: pd.DataFrame, chain: Chain, index: int, explored: Collection[str]) -> Split:
    ours = rows[(rows["a"] == chain.a) & (rows["b"] == chain.b)]
    counts = {kind: int((ours["whose"] == kind).sum()) for kind in KINDS}
    named = ours[ours["whose"].isin(NAMES)].sort_values("size", ascending=False, kind="stable")
    return Split(
        f"attributed-{index}",
        in_words(chain),
        chain.a,
        chain.middle,
        chain.b,
        f"{differences(len(ours))} between {chain.a} and {chain.b}: {counted(counts)}.",
        [subject_row(one) for one in subjects(Attribution([chain], ours, len(ours)))],
        [_difference(row, explored) for row in named.head(MOST).to_dict("records")],
        max(len(named) - MOST, 0),
    )


def _difference(row: Mapping[Any, Any], explored: Collection[str]) -> Difference:
    api, backend = (
        f"{number(row[name])} {interval(row[f'{name}_low'], row[f'{name}_high'])}".strip()
        for name in ("api", "backend")
    )
    where = address(row["study"], group_fields(row["cell"]), explored, row["metric"])
    return Difference(row, api, backend, where)
