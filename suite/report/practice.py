"""The page's section on the study practice: which start learns, by optimizer, depth and width."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.catalogue.datasets import DATASETS
from suite.catalogue.initializers import INITIALIZERS
from suite.judging.summary import reached
from suite.metrics.practice import LEARNED
from suite.report.common.captions import dataset_title, optimizer_title
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, catalogued, seeds_in
from suite.report.common.heatmaps import SCALES, panel
from suite.report.common.learning import criterion, is_own, share_of
from suite.studies.practice import CHOOSING, NARROW, epochs_of_values

ABSENT = "practice/runs.csv is missing: no heat maps of the share that learns by optimizer."
_LINE = ("activation", "depth", "optimizer", "settings", "case")
"""What a line of the heat maps stands for."""
_CLAIMS = {
    ("circles", True): (
        "practice-adam-reverses-keras-default",
        "practice-torch-default-gelu-16-adam",
        "practice-he-gelu-16",
        "practice-chosen-rate-keeps-the-ranking",
    ),
    ("circles", False): ("practice-wide-adam-reverses-keras-default",),
    ("digits", False): (
        "practice-digits-he-beats-torch-default",
        "practice-own-settings-sgd-or-adam",
    ),
}
"""Data set, and whether the layers are narrow -> the claims below the figure."""


def parts(tables: Tables) -> list[Part]:
    """Return a heat map of the share of networks that learn for each data set and width."""
    title = "Which initializer, with Adam, SGD or RMSprop?"
    runs = tables("practice/runs.csv", "framework", "dataset", "width", "status", "learned")
    if runs is None:
        return [Part(title, [], [ABSENT])]
    trained = runs[runs["status"].isin(("ok", "diverged"))]
    kinds = trained[["dataset", "width"]].drop_duplicates().itertuples(index=False, name=None)
    return [Part(title, [partial(learned, trained, str(d), int(w)) for d, w in kinds])]


def learned(runs: pd.DataFrame, dataset: str, width: int) -> Drawing:
    """Draw the share of networks that learn a data set at a width, a line for each optimizer,
    depth and activation.

    ``runs`` is practice/runs.csv without the runs that did not end. Plain networks with the
    frameworks' own draws are shown.
    """
    rows = runs[(runs["dataset"] == dataset) & (runs["width"] == width)]
    plain = (rows["normalization"] == "none") & (rows["residual"] == 0)
    rows = rows[plain & (rows["weights"] == "native")]
    if not (dataset in LEARNED or is_own(dataset)) or rows.empty:
        raise NotDrawn(f"No share of networks that learn {dataset} in layers of {width}.")
    varied = ["framework", *_LINE, "initializer"]
    cell = rows.groupby(varied, sort=False).ngroup().to_numpy()
    cells = rows[varied].drop_duplicates(ignore_index=True)
    diverged = np.bincount(cell[rows["status"] == "diverged"], minlength=len(cells))
    shares = reached(share_of(dataset, "share_learned"), rows, cell, len(cells))
    table = cells.assign(metric="learned", diverged=diverged, **shares)
    table = table.sort_values(["activation", "depth", "optimizer"], kind="stable")
    table["line"] = [_line(*row) for row in table[list(_LINE)].itertuples(index=False)]
    frameworks = list(rows["framework"].unique())
    order = {
        "line": list(dict.fromkeys(table["line"])),
        "initializer": catalogued(table["initializer"].unique(), INITIALIZERS),
    }
    figure = Figure(
        figsize=(
            3.4 + len(frameworks) * (0.15 + 0.62 * len(order["initializer"])),
            max(1.3 + 0.3 * len(order["line"]), 2.5),
        ),
        layout="constrained",
    )
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        panel(axes, table[table["framework"] == framework], order, SCALES["learned"])
        axes.set_title(framework, loc="left")
    bar = figure.colorbar(panels[0].collections[0], ax=panels, aspect=18, pad=0.01)
    bar.set_label(SCALES["learned"].label)
    bar.outline.set_visible(False)
    names = [optimizer_title(name) for name in sorted(rows["optimizer"].unique())]
    return Drawing(
        f"practice_learned_{dataset}_{width}",
        f"Share of networks that learn, by optimizer and depth: {dataset_title(dataset)}, layers"
        f" of {width}, {', '.join(names)}",
        f"Share of networks {_criterion(dataset)}{_epochs(dataset, width)} in batches of 32;"
        f" {seeds_in(table['n'])} a cell; small, the 95 % interval of the share (Clopper and"
        " Pearson). A line names the"
        " activation, the number of hidden layers and the optimizer, which has the catalogue's"
        " learning rate (Adam and RMSprop 0.001, SGD 0.1) unless the line says otherwise: own"
        " settings are each framework's, and a chosen rate is the best of three on"
        f" {len(CHOOSING)} other seeds. Each framework draws its own start. Hatched: not measured.",
        figure,
        _CLAIMS.get((dataset, width <= NARROW), ()),
        rows=rows,
    )


def _criterion(dataset: str) -> str:
    """Return when a network counts as having learned a data set."""
    if is_own(dataset):
        return criterion(dataset)
    return f"whose held-out accuracy reaches {LEARNED[dataset]}"


def _epochs(dataset: str, width: int) -> str:
    """Return the number of epochs, where the data set is at hand to tell."""
    return f" after {epochs_of_values(dataset, width)} epochs" if dataset in DATASETS else ""


def _line(activation: str, depth: int, optimizer: str, settings: str, case: str) -> str:
    """Return the name of a line of the heat maps."""
    layers = f"{depth:g} layer{'s' * (depth != 1)}"
    name = f"{activation}, {layers}, {optimizer_title(optimizer)}"
    name += optimizer[optimizer.index("(") :] if "(" in optimizer else ""
    name += ", own settings" if settings == "default" else ""
    return f"{name}, chosen rate" if case == "chosen" else name
