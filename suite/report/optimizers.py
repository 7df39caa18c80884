"""The page's section on the study optimizers: how far each setting is from either formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part
from suite.report.common.styles import COLOURS, GREY
from suite.studies.optimizers import APART, cases

LEAST = 1e-17
"""Distance at which smaller ones, 0 among them, are drawn."""


def parts(tables: Tables) -> list[Part]:
    """Return the distances of the settings from the formulas."""
    columns = ("framework", "case", "own_formula_distance", "other_formula_distance")
    shows = "steps of the optimizers"
    return [
        part(
            "Each option of the optimizers beside the formulas of both frameworks",
            drawn_from(tables, "optimizers/runs.csv", columns, shows, distances),
        )
    ]


def distances(runs: pd.DataFrame) -> Drawing:
    """Draw both distances of every setting with one option at most; ``runs`` is
    optimizers/runs.csv."""
    rows = runs.drop_duplicates(["framework", "case"]).set_index("case")
    names = [case for case in cases() if case in rows.index]
    if not names:
        raise NotDrawn("No figure of the optimizers: the run has no setting with one option.")
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.6 + 3.2 * len(frameworks), 1.1 + 0.16 * len(names)))
    figure.set_layout_engine("constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    places = -np.arange(len(names))
    for framework, axes in zip(frameworks, panels, strict=True):
        shown = rows[rows["framework"] == framework].reindex(names)
        for metric, colour, marker, label in (
            ("other_formula_distance", COLOURS[1], "o", "from the other framework's formula"),
            ("own_formula_distance", COLOURS[0], "x", "from its own formula"),
        ):
            values = shown[metric].astype(float).clip(lower=LEAST)
            axes.plot(values, places, marker, color=colour, ms=4, label=label)
        axes.axvline(APART, color=GREY, lw=0.8)
        axes.set_title(framework, loc="left")
    panels[0].set_xscale("log")
    panels[0].set_yticks(places, names)
    panels[0].set_ylim(places[-1] - 1, 1)
    panels[0].tick_params(axis="y", labelsize=7, length=0)
    figure.supxlabel("distance, over the longest way of a parameter (ratio)", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return Drawing(
        "optimizers",
        "Distance of each setting from each framework's formula",
        "Largest distance of a parameter from the path of a formula, over the longest way of a"
        " parameter on that path (no unit), on a constant gradient, a quadratic and a small network"
        " in double precision. Cross: from the formula that the framework documents; dot: from the"
        " formula of the other framework under equal numbers. Right of the grey line is more than"
        f" rounding ({APART:g}). Epsilon is 0 where a setting does not name it.",
        figure,
        ("optimizers-agree", "fw-steps-epsilon", "fw-steps-weight-decay", "fw-steps-accumulate"),
        rows=runs,
    )
