"""How a reproduced sample is shown: a table of studies, the rows that differ most, JSON and CSV."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from suite.commands.reproduce.compare_rows import COLUMNS, Outcome
from suite.commands.reproduce.measure_again import Reproduced
from suite.comparing.environment_changes import can_move_a_number
from suite.judging.show_verdicts import plain
from suite.text_tables import columns, width

SHOWN = 20
"""Kinds of differences that are listed, the farthest off first."""


def show(reproduced: Reproduced, form: str) -> None:
    """Print the outcome as ``text``, as ``json``, or as a ``csv`` of all rows."""
    if form == "csv":
        reproduced.rows.to_csv(sys.stdout, index=False, lineterminator="\n")
    elif form == "json":
        print(json.dumps(_content(reproduced), indent=1, allow_nan=False))
    else:
        print("\n".join(_lines(reproduced)))


def _counts(reproduced: Reproduced) -> dict[str, dict[str, int]]:
    """Return for each study, and for ``all``, its stacks, rows and rows of each outcome."""
    counts = {}
    names = dict.fromkeys(stack.study for stack in reproduced.stacks)
    for name in [*names, "all"]:
        rows = reproduced.rows
        if name != "all":
            rows = rows[rows["study"] == name]
        stacks = sum(name in (stack.study, "all") for stack in reproduced.stacks)
        ended = {outcome.value: int((rows["outcome"] == outcome).sum()) for outcome in Outcome}
        counts[name] = {"stacks": stacks, "rows": len(rows), **ended}
    return counts


def _content(reproduced: Reproduced) -> dict[str, Any]:
    rows = [
        {str(key): plain(value) for key, value in row.items() if value is not None}
        for row in reproduced.rows.astype(object).to_dict("records")
    ]
    return {
        "exit_code": reproduced.code,
        "folder": str(reproduced.folder),
        "notes": list(reproduced.notes),
        "studies": _counts(reproduced),
        "rows": rows,
        "environment": [
            {"key": key, "stored": stored, "now": now}
            for key, stored, now in reproduced.environment
        ],
    }


def _lines(reproduced: Reproduced) -> list[str]:
    lines = [f"measured {len(reproduced.stacks)} of {reproduced.eligible} stored stacks again"]
    lines += map(_short, reproduced.notes)
    counts = _counts(reproduced)
    rows = [("study", *counts["all"])]
    rows += [(name, *map(str, count.values())) for name, count in counts.items()]
    lines += ["", *columns(rows, right=range(1, len(rows[0])))]
    lines += _differences(reproduced)
    if reproduced.environment:
        lines += ["", "differences of environment: stored -> now"]
        lines += [
            _short(f"  {key}: {stored or 'none'} -> {now or 'none'}")
            for key, stored, now in reproduced.environment
            if can_move_a_number(key)
        ]
        others = sum(not can_move_a_number(key) for key, *_ in reproduced.environment)
        if others:
            lines.append(f"  {others} that move no number: --json has all")
    return lines


def _differences(reproduced: Reproduced) -> list[str]:
    """Return a table of the rows that are not identical, one row for each kind of difference."""
    rows = reproduced.rows[reproduced.rows["outcome"] != Outcome.IDENTICAL]
    if rows.empty:
        return []
    rows = rows.sort_values("distance", ascending=False, kind="stable")
    kinds = [*rows.groupby(["study", "framework", "outcome", "metric"], sort=False)]
    table = [("rows", "outcome", "distance", "stored -> measured")]
    table += [_row(group.iloc[0].to_dict(), len(group)) for _, group in kinds[:SHOWN]]
    lines = [
        "",
        f"not identical: {len(rows)} rows; of each kind the one that is farthest off, with its"
        " distance in\nunits of what counts as the same",
        *columns(table, breakable=[3], right=[0, 2]),
    ]
    if len(kinds) > SHOWN:
        lines.append(f"and {len(kinds) - SHOWN} more kinds: --csv prints every row")
    return lines


def _row(farthest: Mapping[Any, Any], count: int) -> tuple[str, str, str, str]:
    """Return the row of a table for so many rows of one kind, from the one that is farthest off."""
    cell = " ".join(
        str(value)
        for key, value in farthest.items()
        if key not in ("study", "seed", *COLUMNS) and not _absent(value)
    )
    values = f"{_value(farthest['stored'])} -> {_value(farthest['measured'])}"
    text = f"{farthest['metric']} {values}: {farthest['study']} {cell} seed {farthest['seed']}"
    return str(count), str(farthest["outcome"]), f"{farthest['distance']:.2g}", text


def _value(value: object) -> str:
    """Return a number with digits enough to show any difference in single precision."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _absent(value: object) -> bool:
    """Return whether a study lacks the axis of this value."""
    return value is None or value != value


def _short(line: str) -> str:
    return line if len(line) <= width() else f"{line[: width() - 3]}..."
