"""The page's section on the study idioms: the outcome of each case in each framework."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd
from matplotlib.figure import Figure

from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part
from suite.report.common.numbers import number
from suite.report.common.styles import COLOURS, INK
from suite.studies.idioms import CASES, PORTS

RUNS, RAISES, SILENT = COLOURS[2], COLOURS[1], "#9A6A00"
"""The last is a darker shade of a colour of the palette, which is too pale for text."""
DECIDED = 1e-3
"""The difference from what was meant that rounding does not reach."""


def parts(tables: Tables) -> list[Part]:
    """Return a table of cases and outcomes."""
    columns = ("framework", "case", "seed", "status", "reason", "raised")
    shows = "how the cases ended"
    return [
        part(
            "Ways to write code, and printed code, run in each framework",
            drawn_from(tables, "idioms/runs.csv", columns, shows, outcomes),
        )
    ]


def outcomes(runs: pd.DataFrame) -> Drawing:
    """Write how each case ended, frameworks side by side; ``runs`` is idioms/runs.csv."""
    first = runs.drop_duplicates(["framework", "case"])
    cases = [case for case in CASES if case in set(first["case"])]
    frameworks = list(first["framework"].unique())
    if not cases:
        raise NotDrawn("No table of the idioms: the run has none of the cases.")
    rows = {(row["framework"], row["case"]): row for row in first.to_dict("records")}
    words = 4.9
    figure = Figure(figsize=(words + 3.2 * len(frameworks), 0.4 + 0.27 * len(cases)))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set(xlim=(0, words + 3.2 * len(frameworks)), ylim=(len(cases) + 0.2, -1.2))
    for column, framework in enumerate(frameworks):
        axes.text(
            words + 0.2 + 3.2 * column, -0.5, framework, fontweight="bold", va="center", fontsize=9
        )
    for place, case in enumerate(cases):
        axes.axhline(place, color="#e6e6e6", lw=0.6)
        axes.text(0.05, place + 0.5, CASES[case], va="center", fontsize=8, color=INK)
        for column, framework in enumerate(frameworks):
            text, colour = _outcome(rows.get((framework, case)))
            axes.text(
                words + 0.2 + 3.2 * column, place + 0.5, text, va="center", fontsize=8, color=colour
            )
    return Drawing(
        "idioms",
        "Outcome of each case by framework",
        "Each line is a mechanism in a few lines of the suite's own code, run in each framework."
        " Green: it does what it is meant to; orange red: it raises the error; brown: it runs and"
        " does nothing, or something else than it seems to; a dash: the framework has no"
        " such thing. Hooks are what is attached to a layer: a forward hook in torch, a penalty on"
        " the activity in Keras. KS: the Kolmogorov-Smirnov distance of one seed's 81,920 entries"
        " from the law; chance gives about 0.003. Behind a colon stands what a number is; the"
        " second number is the one that was meant.",
        figure,
        (
            "notes-code-runs",
            "notes-loop-initialises",
            "tutorial-code-runs",
            "forward-runs-hooks",
            "port-column-by-hand",
        ),
        rows=runs,
    )


def _outcome(row: Mapping[Hashable, object] | None) -> tuple[str, str]:
    """Return a run's outcome in a few words, and its colour."""
    if row is None:
        return "not run", INK
    if row["status"] == "unsupported":
        return "–", INK
    if row["status"] != "ok":
        return str(row["status"]), RAISES

    def metric(name: str) -> float:
        return float(str(row.get(name, "nan")))

    if metric("raised") == 1:
        return f"raises {str(row['reason']).partition(':')[0]}", RAISES
    if str(row["case"]) in PORTS and metric("ported_value") == metric("ported_value"):
        value, meant = metric("ported_value"), PORTS[str(row["case"])].meant
        if abs(value - meant) < DECIDED:
            return f"{number(value)}, as meant", RUNS
        heard = "with a warning" if metric("warned") else "silently"
        return f"{number(value)} for {number(meant)}, {heard}", SILENT
    if metric("found_share") == 0:
        return "runs, and finds nothing", SILENT
    if metric("called_hooks") == metric("called_hooks"):
        same = "same value" if metric("call_difference") == 0 else "another value"
        lost = metric("forward_hooks") < metric("called_hooks")
        return (f"{same}, hooks skipped", SILENT) if lost else (f"{same}, same hooks", RUNS)
    if metric("start_ks") == metric("start_ks"):
        return f"the law, KS {number(metric('start_ks'))}", RUNS
    return "runs", RUNS
