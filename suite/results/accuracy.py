"""The table of a run of ``numerics``: the largest errors of each formula, type and framework.

``python -m suite.results.accuracy DIR`` prints it in Markdown, for docs/explanation/numerics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from suite.results.read_runs import read_runs

HEAD = ("formula", "framework", "double", "single", "bfloat16", "half")
SIDES = ("value", "slope")


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


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(tables(Path(sys.argv[1])))
