"""The page's section on the study extremes: the largest entry of each kernel that was drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.catalogue.initializers import INITIALIZERS
from suite.report.common.drawing import (
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    catalogued,
    drawn_from,
    part,
)
from suite.report.common.styles import framework_styles

SHOWS = "the largest entries"


def parts(tables: Tables) -> list[Part]:
    """Return one figure: a point for each kernel."""
    columns = ("framework", "initializer", "seed", "status")
    return [
        part(
            "The largest entry of a kernel",
            drawn_from(tables, "extremes/runs.csv", columns, SHOWS, largest),
        )
    ]


def largest(runs: pd.DataFrame) -> Drawing:
    """Draw each kernel's largest entry over its limit: initializers down, frameworks coloured."""
    if "kernel_largest_ratio" not in runs:
        raise NotDrawn(f"No figure of {SHOWS}: the run did not measure them.")
    rows = runs[np.isfinite(runs["kernel_largest_ratio"])]
    if rows.empty:
        raise NotDrawn(f"No figure of {SHOWS}: no run has one.")
    names = catalogued(rows["initializer"].unique(), INITIALIZERS)
    styles = framework_styles(rows["framework"].unique())
    figure = Figure(figsize=(7.2, 1.2 + 0.6 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(1, **THEORY)
    drawn = rows.groupby(["framework", "initializer"], sort=False)["kernel_largest_ratio"]
    for (framework, initializer), values in drawn:
        style = styles[framework]
        ordered = np.sort(values.to_numpy())
        # A point's height is its share of smaller ones: a curve of the distribution in each row.
        share = (np.arange(len(ordered)) + 0.5) / len(ordered) - 0.5
        axes.plot(
            ordered,
            names.index(initializer) - 0.7 * share,
            style.marker,
            color=style.colour,
            ms=3,
            lw=0,
            label=framework if initializer == names[0] else None,
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("largest entry of a kernel over the limit of its law (ratio)")
    figure.legend(loc="outside upper center", ncols=len(styles), frameon=False)
    seeds = rows.groupby(["framework", "initializer"])["seed"].count()
    return Drawing(
        "largest_entries",
        "Largest entry of each kernel over the limit of its law, by initializer",
        f"A point for each kernel of 384 x 640, at most {seeds.max()} for each framework and"
        " initializer: the largest absolute value among its entries over the limit of the declared"
        " law (the bound of a bounded law; otherwise the value that one of 10^9 kernels exceeds)."
        " Within a row, a point stands higher the more kernels have a smaller one. Dashed: 1, the"
        " limit. No units.",
        figure,
        ("init-no-outliers",),
        rows=rows,
    )
