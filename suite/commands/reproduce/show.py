"""How a reproduced sample is shown: a table per study, the rows that differ most, JSON and CSV."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from suite.commands.reproduce.measure_again import OUTCOMES, Reproduced
from suite.judging.show_verdicts import plain

SHOWN = 20
"""Lines on what is not identical, the farthest off first."""
WIDTH = 120
_HEADINGS = ("identical", "within tolerance", "different", "failed")


def show(found: Reproduced, form: str) -> None:
    """Print what came of it as ``text``, ``json``, or a ``csv`` of all rows."""
    if form == "csv":
        found.rows.to_csv(sys.stdout, index=False, lineterminator="\n")
    elif form == "json":
        print(json.dumps(_content(found), indent=1, allow_nan=False))
    else:
        print("\n".join(_lines(found)))


def _counts(found: Reproduced) -> dict[str, dict[str, int]]:
    """Study -> stacks, rows and rows of each outcome; ``all`` last."""
    result = {}
    names = dict.fromkeys(stack.study for stack in found.stacks)
    for name in [*names, "all"]:
        rows = found.rows if name == "all" else found.rows[found.rows["study"] == name]
        stacks = sum(name in (stack.study, "all") for stack in found.stacks)
        outcomes = {outcome: int((rows["outcome"] == outcome).sum()) for outcome in OUTCOMES}
        result[name] = {"stacks": stacks, "rows": len(rows), **outcomes}
    return result


def _content(found: Reproduced) -> dict[str, Any]:
    rows = [
        {str(key): plain(value) for key, value in row.items() if value is not None}
        for row in found.rows.astype(object).to_dict("records")
    ]
    return {
        "exit_code": found.code,
        "folder": str(found.folder),
        "notes": list(found.notes),
        "studies": _counts(found),
        "rows": rows,
        "environment": [
            {"key": key, "there": there, "here": here} for key, there, here in found.environment
        ],
    }


def _lines(found: Reproduced) -> list[str]:
    lines = [f"{len(found.stacks)} of {found.eligible} stored stacks measured again"]
    lines += [_short(note) for note in found.notes]
    form = "{:<16}{:>8}{:>8}{:>12}{:>18}{:>12}{:>9}"
    lines += ["", form.format("study", "stacks", "rows", *_HEADINGS)]
    lines += [form.format(name, *count.values()) for name, count in _counts(found).items()]
    apart = found.rows[found.rows["outcome"] != "identical"]
    if len(apart):
        apart = apart.sort_values("times", ascending=False, kind="stable")
        kinds = apart.groupby(["study", "framework", "outcome", "what"], sort=False)
        lines += [
            "",
            f"not identical: {len(apart)} rows; of each kind the farthest off, in units"
            " of what counts as the same",
        ]
        lines += [_line(rows.iloc[0].to_dict(), len(rows)) for _, rows in [*kinds][:SHOWN]]
        if len(kinds) > SHOWN:
            lines += [f"  and {len(kinds) - SHOWN} kinds more: --csv prints every row"]
    if found.environment:
        lines += ["", "what the stored run depended on and this one does not: there -> here"]
        lines += [
            _short(f"  {key}: {there or 'none'} -> {here or 'none'}")
            for key, there, here in found.environment
        ]
    return lines


def _line(row: Mapping[Any, Any], count: int) -> str:
    """The row that is farthest off, of so many in which the same metric is."""
    known = ("study", "seed", "outcome", "what", "there", "here", "times")
    cell = " ".join(
        str(value) for key, value in row.items() if key not in known and not _absent(value)
    )
    text = f"{row['what']} {_value(row['there'])} -> {_value(row['here'])}"
    head = f"  {count:>5} {row['outcome']:<10}{row['times']:>8.2g}  "
    return _short(f"{head}{text}: {row['study']} {cell} seed {row['seed']}")


def _value(value: object) -> str:
    """A number so that two that part in single precision look different."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _absent(value: object) -> bool:
    """Whether a study does not have the axis."""
    return value is None or value != value


def _short(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."
