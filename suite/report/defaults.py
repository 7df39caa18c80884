"""The page's section on the study defaults: both frameworks' numbers, and their ratios."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.report.common import words
from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables
from suite.studies.defaults import CASES

FIRST, SECOND = "torch", "tensorflow"
SAME = 1e-5
"""Relative difference below which two numbers are the same."""
EDGE = 2000.0
"""Ratio at which the bars are cut, also those of a zero."""


def parts(tables: Tables) -> list[Part]:
    """The ratios of the defaults as bars, with the numbers beside them."""
    runs = tables("defaults/runs.csv", "framework", "case", "seed", "default_value")
    return [
        Part(
            "What a user gets unasked: defaults that differ",
            [] if runs is None else [partial(ratios, runs)],
            "defaults/runs.csv is not there: no figure of the defaults.",
        )
    ]


def ratios(runs: pd.DataFrame) -> Drawing:
    """torch's number over Keras', a bar a case; ``runs`` is defaults/runs.csv."""
    table = runs.pivot_table(
        index="case", columns="framework", values="default_value", aggfunc="median"
    )
    if not {FIRST, SECOND} <= set(table):
        raise NotDrawn(f"No figure of the defaults: the run has not both {FIRST} and {SECOND}.")
    table = table.reindex([case for case in CASES if case in table.index])
    numbers = table[[FIRST, SECOND]].dropna()
    # The two sides of a pair stay as they are: what is drawn from seeds is a median here.
    pairs = list(zip(numbers[FIRST], numbers[SECOND], strict=True))
    equal = [abs(a - b) <= SAME * max(abs(a), abs(b)) for a, b in pairs]
    agreeing = [case for case, same in zip(numbers.index, equal, strict=True) if same]
    shown = [i for i, same in enumerate(equal) if not same]
    if not shown:
        raise NotDrawn("No figure of the defaults: none of them differs.")
    figure = Figure(figsize=(10.2, 0.9 + 0.24 * len(shown)), layout="constrained")
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    y = -np.arange(len(shown), dtype=float)
    bars = [_ratio(*pairs[i]) for i in shown]
    colours = [COLOURS[0] if bar > 1 else COLOURS[1] for bar in bars]
    axes.barh(y, [math.log10(bar) for bar in bars], color=colours, height=0.62)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(y, [CASES[numbers.index[i]] for i in shown])
    axes.tick_params(labelsize=8, length=0)
    ends = math.log10(EDGE)
    ticks = [-3, -2, -1, 0, 1, 2, 3]
    axes.set_xticks(ticks, [f"{10.0**tick:g}" for tick in ticks])
    axes.set(xlim=(-ends, ends), ylim=(-len(shown) + 0.4, 1.6))
    axes.set_xlabel("torch's number over Keras' (logarithmic axis)")
    axes.grid(axis="y", visible=False)
    side.set_axis_off()
    side.set_xlim(0, 1)
    for column, (title, place) in enumerate(((FIRST, 0.45), (SECOND, 0.95))):
        side.text(place, 1.0, title, ha="right", va="center", fontsize=8.5, fontweight="bold")
        for at, i in zip(y, shown, strict=True):
            number = words.number(pairs[i][column])
            side.text(place, at, number, ha="right", va="center", fontsize=8)
    return Drawing(
        "defaults",
        "What a user gets unasked: defaults that differ",
        f"{len(shown)} of {len(numbers)} defaults differ between torch and Keras, measured on"
        " objects made without arguments; a bar to the right: torch's number is the larger. Bars"
        f" are cut at a ratio of {EDGE:g}, which also stands for a number beside zero. What is"
        " drawn (embedding, LSTM) is the median over the seeds. The length of a bar is not its"
        " weight: 0.9 and 0.99 of the old average over some 10 and 100 steps."
        + (
            f" The same in both: {'; '.join(CASES[case] for case in agreeing)}." if agreeing else ""
        ),
        figure,
    )


def _ratio(first: float, second: float) -> float:
    """How many times the second number the first one is, within the edges of the figure."""
    if second <= 0 or first <= 0:
        return EDGE if first > second else 1 / EDGE
    return min(max(first / second, 1 / EDGE), EDGE)
