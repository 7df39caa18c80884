"""The table of a run of ``numerics``: the largest errors of each formula, type and framework.

``python -m suite.results.accuracy DIR`` prints it in Markdown, for docs/explanation/numerics.md;
with a second folder, of what was compiled, it prints what compiling changes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from suite.results.read_runs import read_runs

HEAD = ("formula", "framework", "double", "single", "bfloat16", "half")
SIDES = ("value", "slope")

LEAST = 0.5
"""The error of a correctly rounded result in ulp: smaller ones count as equal to it."""

CHANGE = 2
"""The ratio of two errors from which compiling counts as having changed one."""


def tables(folder: Path) -> str:
    """Return a Markdown table for the values and one for the slopes, of what ran eagerly.

    A cell holds the largest error in units in the last place at |x| from 1e-8 to 10.
    """
    runs = read_runs(folder, "numerics")
    eager = runs[(runs["execution"] == "eager") & (runs["status"] == "ok")]
    return "\n".join(_table(eager, side) for side in SIDES)


def _table(runs: pd.DataFrame, side: str) -> str:
    lines = [f"### Errors of the {side}", "", _line(HEAD), _line(["---"] * len(HEAD))]
    errors = runs.set_index(["formula", "framework", "float_type"])[f"{side}_usual_ulps"]
    pairs = runs[["formula", "framework"]].drop_duplicates()
    for formula in pairs["formula"].unique():
        for framework in pairs.loc[pairs["formula"] == formula, "framework"]:
            cells = [
                f"{errors[key]:.2g}" if (key := (formula, framework, kind)) in errors else ""
                for kind in HEAD[2:]
            ]
            lines.append(_line([formula, framework, *cells]))
    return "\n".join(lines) + "\n"


def changes(eager: Path, compiled: Path) -> str:
    """Return a Markdown table of the errors that compiling changes by more than a factor of two.

    A cell holds the largest error of the eager and of the compiled formula, in ulp, at |x| from
    1e-8 to 10; it is empty where they agree.
    """
    keys = ["formula", "framework", "float_type"]
    runs = [read_runs(folder, "numerics") for folder in (eager, compiled)]
    before, after = (
        each[(each["execution"] == execution) & (each["status"] == "ok")]
        for each, execution in zip(runs, ("eager", "compiled"), strict=True)
    )
    both = before.merge(after, on=keys, suffixes=("", "_compiled"), validate="one_to_one")
    head = (*HEAD[:2], "of the", *HEAD[2:])
    lines = [_line(head), _line(["---"] * len(head))]
    for (formula, framework), rows in both.groupby(keys[:2], sort=False):
        for side in SIDES:
            cells = {
                kind: _change(old, new)
                for kind, old, new in zip(
                    rows["float_type"],
                    rows[f"{side}_usual_ulps"],
                    rows[f"{side}_usual_ulps_compiled"],
                    strict=True,
                )
            }
            if any(cells.values()):
                shown = [cells.get(kind, "") for kind in HEAD[2:]]
                lines.append(_line([str(formula), str(framework), side, *shown]))
    return "\n".join(lines) + "\n"


def _change(eager: float, compiled: float) -> str:
    ratio = max(compiled, LEAST) / max(eager, LEAST)
    return f"{eager:.2g}, {compiled:.2g}" if not 1 / CHANGE <= ratio <= CHANGE else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    folders = [Path(word) for word in sys.argv[1:]]
    print(tables(*folders) if len(folders) == 1 else changes(*folders))
