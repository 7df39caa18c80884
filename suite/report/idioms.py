"""The page's section on the study idioms: what was tried, and how it ended in each framework."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from suite.report.common import words
from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables
from suite.studies.idioms import CASES

RUNS, RAISES, SILENT = COLOURS[2], COLOURS[1], "#9A6A00"
"""The last is a darker shade of a colour of the palette, which is too pale for text."""


def parts(tables: Tables) -> list[Part]:
    """A table of cases and outcomes."""
    runs = tables("idioms/runs.csv", "framework", "case", "seed", "status", "reason", "raised")
    return [
        Part(
            "Ways to write it, and printed code that fails",
            [] if runs is None else [partial(outcomes, runs)],
            "idioms/runs.csv is not there: no table of the idioms.",
        )
    ]


def outcomes(runs: pd.DataFrame) -> Drawing:
    """How each case ended, frameworks side by side; ``runs`` is idioms/runs.csv."""
    first = runs.drop_duplicates(["framework", "case"])
    cases = [case for case in CASES if case in set(first["case"])]
    frameworks = list(first["framework"].unique())
    if not cases:
        raise NotDrawn("No table of the idioms: the run has none of the cases.")
    rows = {(row["framework"], row["case"]): row for row in first.to_dict("records")}
    figure = Figure(figsize=(4.1 + 3.2 * len(frameworks), 0.4 + 0.27 * len(cases)))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set(xlim=(0, 4.1 + 3.2 * len(frameworks)), ylim=(len(cases) + 0.2, -1.2))
    for column, framework in enumerate(frameworks):
        axes.text(4.4 + 3.2 * column, -0.5, framework, fontweight="bold", va="center", fontsize=9)
    for place, case in enumerate(cases):
        axes.axhline(place, color="#e6e6e6", lw=0.6)
        axes.text(0.05, place + 0.5, CASES[case], va="center", fontsize=8, color=INK)
        for column, framework in enumerate(frameworks):
            said, colour = _outcome(rows.get((framework, case)))
            axes.text(4.4 + 3.2 * column, place + 0.5, said, va="center", fontsize=8, color=colour)
    return Drawing(
        "idioms",
        "Ways to write it, and printed code that fails",
        "Each line is a mechanism in a few lines of code of the suite's own, run in each"
        " framework. Green: it does what it is meant to; orange red: it raises the error; brown:"
        " it runs and does nothing, or less than it seems to, without a word; a dash: the"
        " framework has no such thing. What hangs on a layer is a forward hook in torch and a"
        " penalty on the activity in Keras. KS: the Kolmogorov-Smirnov distance of one"
        " seed's 81,920 entries from the law; 0.003 is chance.",
        figure,
    )


def _outcome(row: Mapping[Hashable, object] | None) -> tuple[str, str]:
    """A few words and a colour for a run."""
    if row is None:
        return "not run", INK
    if row["status"] == "unsupported":
        return "–", INK
    if row["status"] != "ok":
        return str(row["status"]), RAISES

    def number(name: str) -> float:
        return float(str(row.get(name, "nan")))

    if number("raised") == 1:
        return f"raises {str(row['reason']).partition(':')[0]}", RAISES
    if number("found_share") == 0:
        return "runs, and finds nothing", SILENT
    if number("called_hooks") == number("called_hooks"):
        same = "same value" if number("call_difference") == 0 else "another value"
        lost = number("forward_hooks") < number("called_hooks")
        return (f"{same}, hooks skipped", SILENT) if lost else (f"{same}, same hooks", RUNS)
    if number("start_ks") == number("start_ks"):
        return f"the law, KS {words.number(number('start_ks'))}", RUNS
    return "runs", RUNS
