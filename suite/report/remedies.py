"""The page's section on the study remedies: failing starts by remedy, networks that train."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.planning.axes import AXES, canonical_value
from suite.report.common import learning
from suite.report.common.captions import dataset_title, of_one_width, on_one_dataset
from suite.report.common.cells import coloured_cells, name_cells
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part, seeds_in
from suite.studies.remedies import (
    BATCH,
    DEPTH,
    EPOCHS,
    FAILURES,
    OWN,
    REMEDIES,
    WIDTH,
    Remedies,
    cure,
)

LABELS = {
    "vanishing_sigmoid": "vanishing: sigmoid, Xavier",
    "vanishing_default": "vanishing: ReLU, default",
    "vanishing_small": "vanishing: ReLU, N(0, 0.01²)",
    "exploding_relu": "exploding: ReLU, 2 × He",
    "exploding_tanh": "exploding: tanh, N(0, 1)",
    "healthy": "healthy: ReLU, He",
}
_HATCHED = " Hatched: no such cell, or not measured."


def parts(tables: Tables) -> list[Part]:
    """Return heat maps of the share that trains and of the gradient at the start."""
    columns = ("framework", "case", "seed", "status", "heldout_accuracy")
    shows = "failing starts and their remedies"
    return [
        part(
            "Which remedy turns which failing start into training?",
            drawn_from(tables, "remedies/runs.csv", columns, shows, trained, gradients),
        )
    ]


def trained(runs: pd.DataFrame) -> Drawing:
    """Draw the share of networks that train; ``runs`` is remedies/runs.csv."""
    runs, dataset = on_one_dataset(runs[runs["status"].isin(("ok", "diverged"))])
    runs, width = of_one_width(runs, WIDTH)
    reached = learning.learned(runs, dataset)
    lost = runs["status"] == "diverged"
    values = _cells(runs.assign(value=reached.astype(float), lost=lost), "mean")
    figure = _heat_maps(values, 0.0, 1.0, "share of networks that train", 2)
    return Drawing(
        "remedies_trained",
        f"Share of networks that train, by failing start and remedy: {DEPTH} hidden layers of"
        f" {width}, gradient descent",
        f"Share of networks {learning.criterion(dataset)}; {seeds_in(values['n'])} a"
        f" cell. {_common(dataset, width)} A star marks cells where runs diverged, which did not"
        " train. The better start of the ReLU failures is He's, so these cells show the healthy"
        f" networks.{_HATCHED}",
        figure,
        (
            "clipping-rescues-exploded-start",
            "bn-rescues-vanished-start",
            "bn-rescues-exploded-start",
            "residual-avoids-decay",
            "adam-rescues-sigmoid",
            "healthy-start-trains",
        ),
    )


def gradients(runs: pd.DataFrame) -> Drawing:
    """Draw log10 of the gradient's norm at the start; ``runs`` is remedies/runs.csv."""
    if "first_gradient_norm" not in runs:
        raise NotDrawn("No figure of the remedies' gradients: the run did not measure them.")
    runs, dataset = on_one_dataset(runs)
    runs, width = of_one_width(runs, WIDTH)
    with np.errstate(divide="ignore"):
        logarithm = np.log10(runs["first_gradient_norm"].to_numpy(dtype=float))
    values = _cells(runs.assign(value=logarithm, lost=False), "median")
    figure = _heat_maps(
        values, -6.0, 6.0, "log10 of the gradient's norm (powers of ten)", 1, "coolwarm"
    )
    return Drawing(
        "remedies_gradients",
        "Norm of the first layer's gradient before training, by failing start and remedy",
        "log10 of the norm (nats) of the gradient by the kernel of the first hidden layer, on the"
        f" whole training set before training: median; {seeds_in(values['n'])} a cell."
        f" {_common(dataset, width)}"
        " Grey is a norm of 1, blue a smaller one, red a larger one; the colours end at -6 and 6."
        f" Clipping, schedules and optimizers leave the start as it is.{_HATCHED}",
        figure,
        ("vanishing-small-below-threshold", "vanishing-sigmoid-below-threshold"),
    )


def _common(dataset: str, width: int) -> str:
    """Return what all cells share, in a caption."""
    return (
        f"{DEPTH} hidden layers of {width} on {dataset_title(dataset)}, gradient descent with"
        " learning rate 0.1"
        f" (Adam: 0.001), {EPOCHS} epochs in batches of {BATCH}, each framework's own draws."
    )


def _cells(runs: pd.DataFrame, centre: str) -> pd.DataFrame:
    """Return a row for each framework, failure and remedy that ``runs`` has: the ``centre`` (mean
    or median) of ``value`` over its runs, their number, and whether any was lost."""
    rows = []
    compared = [axis for axis in Remedies.axes if axis not in ("framework", "dataset", "width")]
    of_each = dict(list(runs.groupby(compared)))
    for failure in FAILURES:
        for remedy in (*REMEDIES, *OWN):
            axes = cure(failure, remedy)
            if axes is None:
                continue
            wanted = tuple(
                canonical_value(axis, axes[axis]) if axis in axes else AXES[axis].default
                for axis in compared
            )
            if wanted not in of_each:
                continue
            for framework, cell in of_each[wanted].groupby("framework", sort=False):
                value = cell["value"].agg(centre)
                rows.append((framework, failure, remedy, value, len(cell), cell["lost"].any()))
    if not rows:
        raise NotDrawn("No heat maps of remedies: the run has none of their cells.")
    return pd.DataFrame(rows, columns=["framework", "failure", "remedy", "value", "n", "lost"])


def _heat_maps(
    cells: pd.DataFrame, low: float, high: float, label: str, digits: int, colours: str = "viridis"
) -> Figure:
    """Draw failures down, remedies across, a panel for each framework, one above the other."""
    failures = [name for name in FAILURES if name in set(cells["failure"])]
    remedies = [name for name in (*REMEDIES, *OWN) if name in set(cells["remedy"])]
    frameworks = list(cells["framework"].unique())
    size = (3.0 + 0.62 * len(remedies), 1.1 + len(frameworks) * (0.35 + 0.3 * len(failures)))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(frameworks), 1, sharex=True, squeeze=False)[:, 0]
    for framework, axes in zip(frameworks, panels, strict=True):
        rows = cells[cells["framework"] == framework].set_index(["failure", "remedy"])

        def grid(column: str, rows: pd.DataFrame = rows) -> pd.DataFrame:
            wide = rows[column].unstack().reindex(index=failures, columns=remedies)
            return wide.astype(float)

        values = grid("value")
        written = values.map(
            # + 0.0: no minus before a zero
            lambda value: "-∞" if value == -math.inf else f"{round(value, digits) + 0.0:.{digits}f}"
        )
        written += np.where(grid("lost").fillna(0) > 0, "*", "")
        coloured_cells(axes, values, written, low, high, colours, size=7.5)
        name_cells(axes, [LABELS[name] for name in failures], remedies, rotation=35)
        axes.set_title(framework, loc="left")
    bar = figure.colorbar(panels[0].collections[0], ax=list(panels), aspect=25, pad=0.01)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return figure
