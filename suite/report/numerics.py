"""The page's section on the study numerics: errors of single formulas over their whole range."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part
from suite.report.common.numbers import number
from suite.report.common.styles import framework_styles

COLUMNS = 5
"""Panels side by side."""
LEAST = 0.25
"""Errors below it, in units in the last place, are drawn at it: half a unit is lawful rounding."""
TICKS = {-1e30: "$-10^{30}$", -1.0: "$-1$", 1.0: "$1$", 1e30: "$10^{30}$"}
WORST = 3
"""Formulas that the sentence below a figure names."""


def parts(tables: Tables) -> list[Part]:
    """Return the errors of values and of slopes over x, a panel for each formula."""
    columns = ("framework", "formula", "float_type", "execution", "from_x")

    def drawn(side: str) -> Part:
        return part(
            f"Errors of the {side} over the whole range of x",
            drawn_from(
                tables, "numerics/errors.csv", columns, "numerics", lambda rows: errors(rows, side)
            ),
        )

    return [drawn("value"), drawn("slope")]


def errors(rows: pd.DataFrame, side: str) -> Drawing:
    """Draw the largest error in ulps against x in single precision, a panel for each formula."""
    metric = f"{side}_error"
    if metric not in rows or rows.empty:
        raise NotDrawn(f"No figure of the errors of the {side}: the run did not measure them.")
    chosen = rows[(rows["float_type"] == "single") & (rows["execution"] == "eager")]
    if chosen.empty:
        raise NotDrawn("No figure of errors: the run did not measure single precision.")
    formulas = list(chosen["formula"].unique())
    lines = math.ceil(len(formulas) / COLUMNS)
    figure = Figure(figsize=(11.0, 1.0 + 1.7 * lines), layout="constrained")
    grid = figure.subplots(lines, COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    styles = framework_styles(chosen["framework"])
    measured = chosen.dropna(subset=[metric]).sort_values("from_x")
    of_each = dict(list(measured.groupby(["formula", "framework"])))
    for name, axes in zip(formulas, grid[: len(formulas)], strict=True):
        for framework, style in styles.items():
            if (own := of_each.get((name, framework))) is None:
                continue
            shown = own[metric].astype(float).clip(LEAST, 1e9)
            axes.plot(own["from_x"], shown, color=style.colour, lw=style.thickness, ds="steps-post")
        axes.set_xscale("symlog", linthresh=1e-8, linscale=0.5)
        axes.set_yscale("log")
        axes.set_xticks(list(TICKS), list(TICKS.values()), fontsize=8)
        axes.minorticks_off()
        axes.set_title(name, loc="left", fontsize=8)
    for axes in grid[len(formulas) :]:
        axes.remove()
    figure.supxlabel("x (no unit)", fontsize=9)
    figure.supylabel(f"largest error of the {side} (ulp)", fontsize=9)
    handles = [
        Line2D([], [], color=style.colour, label=framework) for framework, style in styles.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        f"numerics_{side}",
        f"Error of the {side} against x, a panel for each formula: single precision, eager",
        f"Largest error of the {side} in units in the last place of the exact result, among the"
        " points from one mark of x to the next; single precision, computed eagerly. Denormal"
        f" numbers are left out, and errors below {LEAST:g} are drawn at {LEAST:g}."
        f" {_largest(chosen, metric, side)}",
        figure,
        CLAIMS[side],
        rows=chosen,
    )


CLAIMS = {
    "value": (
        "numerics-elu-small",
        "numerics-gelu-tail",
        "numerics-gelu-large",
        "numerics-binary-crossentropy",
        "numerics-log-softmax",
    ),
    "slope": (
        "numerics-slopes-from-values",
        "numerics-elu-slopes-tensorflow",
        "numerics-gelu-slope-torch",
        "numerics-normalization-slope",
    ),
}


def _largest(rows: pd.DataFrame, metric: str, side: str) -> str:
    """A sentence on the formulas with the largest errors up to |x| = 10, for each framework."""
    near = rows[rows["from_x"].abs() <= 10.0]
    sentences = []
    for framework, own in near.groupby("framework", sort=False):
        worst = own.groupby("formula", sort=False)[metric].max().dropna().astype(float)
        worst = worst.sort_values(ascending=False, kind="stable")[:WORST]
        named = ", ".join(f"{name} {number(value)}" for name, value in worst.items())
        sentences.append(f"{framework}: {named}")
    return f"The largest errors of the {side} up to |x| = 10: {'; '.join(sentences)} ulp."
