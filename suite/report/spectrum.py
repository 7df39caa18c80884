"""The page's section on the study spectrum: the singular values of a network's Jacobian."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part, seeds_in
from suite.report.common.styles import COLOURS

PANELS = ("linear", "relu", "tanh")
_ORTHOGONAL = "orthogonal"
FLOOR = 1e-4


def parts(tables: Tables) -> list[Part]:
    """Return singular values by quantile, a panel for each activation."""
    columns = ("quantile", "n")
    shows = "singular values"
    return [
        part(
            "The Jacobian's singular values",
            drawn_from(tables, "spectrum/singular_values.csv", columns, shows, quantiles),
        )
    ]


def quantiles(values: pd.DataFrame) -> Drawing:
    """Draw singular values against their rank, independent weights against orthogonal ones."""
    if "singular_value" not in values:
        raise NotDrawn("No figure of singular values: the run did not measure them.")
    rows = values[values["scale"] == 1.0]
    rows = rows[rows["initializer"].isin((_ORTHOGONAL, "xavier_normal", "he_normal"))]
    orthogonal = rows[rows["initializer"] == _ORTHOGONAL]
    if orthogonal.empty:
        raise NotDrawn("No figure of singular values: the run has no orthogonal kernels.")
    width = int(orthogonal["width"].max())
    rows = rows[rows["width"] == width]
    frameworks, depths = list(rows["framework"].unique()), sorted(rows["depth"].unique())
    names = [name for name in PANELS if name in set(rows["activation"])]
    figure = Figure(
        figsize=(0.9 + 3.1 * len(names), 0.9 + 2.2 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(names), sharex=True, sharey=True, squeeze=False)
    # The deepest line is solid, the others are dashed, each shorter than the one before.
    strokes = {
        depth: (0, (3 / place, 2)) if place else "-" for place, depth in enumerate(reversed(depths))
    }
    lines = {}
    for framework, panels in zip(frameworks, grid, strict=True):
        for name, axes in zip(names, panels, strict=True):
            panel = rows[(rows["framework"] == framework) & (rows["activation"] == name)]
            for (initializer, depth), line in panel.groupby(["initializer", "depth"], sort=False):
                ordered = line.sort_values("quantile")
                free = initializer != _ORTHOGONAL
                label = f"{'independent' if free else 'orthogonal'}, {depth} layers"
                size = np.maximum(ordered["singular_value"].to_numpy(dtype=float), FLOOR)
                (lines[label],) = axes.plot(
                    ordered["quantile"],
                    size,
                    color=COLOURS[1 if free else 0],
                    label=label,
                    lw=2,
                    ls=strokes[depth],
                )
            axes.set_title(f"{framework}, {name}", loc="left")
    grid[0, 0].set_yscale("log")
    grid[0, 0].set_ylim(FLOOR, 30)
    figure.supxlabel("share of the singular values below", fontsize=9)
    figure.supylabel("singular value / root mean square (ratio)", fontsize=9)
    figure.legend(
        handles=list(lines.values()), loc="outside upper center", ncols=len(lines), frameon=False
    )
    return Drawing(
        "jacobian_spectrum",
        "Singular values of the Jacobian by rank, orthogonal and independent kernels",
        f"Singular values of the derivative of the outputs by one input, in units of their root"
        f" mean square, smallest to largest; layers of {width} units, no biases, no training."
        " Independent: xavier_normal for linear and tanh, he_normal for ReLU. Median over the"
        f" seeds, {seeds_in(rows['n'])}; one Gaussian input a seed. A flat line"
        f" at 1 is an isometry up to a factor. Values below {FLOOR:g}, exact zeros of ReLU among"
        " them, are drawn there. For linear and ReLU theory gives the dispersions 0 and L"
        " (orthogonal), L and 2L (independent) at L layers.",
        figure,
        (
            "orthogonal-isometry-linear",
            "orthogonal-isometry-relu",
            "orthogonal-dispersion-relu",
            "gaussian-dispersion",
            "orthogonal-tanh-nearly-isometric",
        ),
        rows=rows,
    )
