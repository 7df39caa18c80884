"""The page's section on the study defaults: the frameworks' numbers, and their ratios."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part
from suite.report.common.numbers import number
from suite.report.common.styles import INK, coloured
from suite.studies.defaults import CASES

SAME = 1e-5
"""Relative difference below which two numbers are the same."""
EDGE = 2000.0
"""Ratio at which the bars are cut; also the length of the bar of a number beside a zero."""
BAR, GAP = 0.62, 0.38
"""Height of a case's bars, all frameworks together, and the distance to the next case's."""


def parts(tables: Tables) -> list[Part]:
    """Return the ratios of the defaults as bars, with the numbers beside them."""
    columns = ("framework", "case", "seed", "default_value")
    return [
        part(
            "Default settings of the frameworks",
            drawn_from(tables, "defaults/runs.csv", columns, "the defaults", ratios),
        )
    ]


def ratios(runs: pd.DataFrame) -> Drawing:
    """Draw each framework's number over that of the last one, a bar for each case that differs.

    ``runs`` is defaults/runs.csv; cases that the last framework lacks are left out, and so are
    frameworks without any number.
    """
    measured = runs[runs["default_value"].notna()]
    frameworks = list(measured["framework"].unique())
    if len(frameworks) < 2:
        raise NotDrawn("No figure of the defaults: numbers of two frameworks are needed.")
    *others, base = frameworks
    # The median is of the seeds where a default is drawn; all other numbers are the same for each.
    numbers = runs.pivot_table(
        index="case", columns="framework", values="default_value", aggfunc="median"
    )
    numbers = numbers.reindex([case for case in CASES if case in numbers.index])
    numbers = numbers[numbers[base].notna() & numbers[others].notna().any(axis=1)]
    sizes = np.maximum(numbers[others].abs(), numbers[base].abs().to_numpy()[:, None])
    gaps = numbers[others].sub(numbers[base], axis=0).abs()
    differing = (gaps > SAME * sizes).any(axis=1)
    shown = numbers[differing]
    if shown.empty:
        raise NotDrawn("No figure of the defaults: none of them differs.")
    pitch = BAR * len(others) + GAP
    figure = Figure(
        figsize=(8.8 + 0.7 * len(frameworks), 0.9 + 0.24 * pitch * len(shown)),
        layout="constrained",
    )
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=(6, len(frameworks)))
    centres = -pitch * np.arange(len(shown), dtype=float)
    for place, (framework, colour) in enumerate(coloured(others).items()):
        bars = [_ratio(*pair) for pair in shown[[framework, base]].to_numpy()]
        y = centres + BAR * ((len(others) - 1) / 2 - place)
        axes.barh(y, [math.log10(bar) for bar in bars], color=colour, height=BAR, label=framework)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(centres, [CASES[case] for case in shown.index])
    axes.tick_params(labelsize=8, length=0)
    ends = math.log10(EDGE)
    ticks = [-3, -2, -1, 0, 1, 2, 3]
    axes.set_xticks(ticks, [f"{10.0**tick:g}" for tick in ticks])
    axes.set(xlim=(-ends, ends), ylim=(centres[-1] - 0.6 * pitch, 1.6))
    axes.set_xlabel(f"{' or '.join(others)}: number over that of {base} (ratio, logarithmic axis)")
    axes.grid(axis="y", visible=False)
    if len(others) > 1:
        axes.legend(frameon=False, loc="lower right")
    side.set_axis_off()
    side.set_xlim(0, len(frameworks))
    for column, framework in enumerate(frameworks):
        x = column + 0.9
        side.text(x, 1.0, framework, ha="right", va="center", fontsize=8.5, fontweight="bold")
        for height, value in zip(centres, shown[framework], strict=True):
            side.text(x, height, number(value), ha="right", va="center", fontsize=8)
    agreeing = [CASES[case] for case in numbers.index[~differing]]
    return Drawing(
        "defaults",
        f"Defaults that differ: ratio to the number of {base}",
        f"{len(shown)} of {len(numbers)} defaults differ between {' and '.join(frameworks)},"
        f" measured on objects made without arguments; a bar to the right: the number of {base} is"
        f" the smaller. Bars are cut at a ratio of {EDGE:g}, which also stands for a number beside"
        " zero. Where a default is drawn (kernels, biases), the number is the median over the"
        " seeds. The length of a bar does not say how much a difference matters: a running mean"
        " that keeps 0.9 of the old average goes over some 10 steps, one that keeps 0.99 over 100."
        + (f" The same in all: {'; '.join(agreeing)}." if agreeing else ""),
        figure,
        (
            "fw-layer-defaults-agree",
            "fw-optimizer-defaults-agree",
            "fw-clip-semantics",
            "fw-clip-network",
        ),
        rows=runs,
    )


def _ratio(first: float, second: float) -> float:
    """How many times the second number the first one is, within the edges of the figure; NaN
    where one of them is unknown."""
    if math.isnan(first) or math.isnan(second):
        return math.nan
    if second <= 0 or first <= 0:
        return EDGE if first > second else 1 / EDGE
    return min(max(first / second, 1 / EDGE), EDGE)
