"""Heat maps of activation by initializer: how training ended, cell by cell.

``heat_map`` takes summary.csv as a data frame, or what ``learned`` makes of runs.csv, and draws on
a new ``Figure``. Where the run did not measure what a figure needs, it raises ``NotDrawn`` with
the sentence that the page shows instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.initializers import INITIALIZERS
from suite.judging.summary import reached
from suite.report.common import captions
from suite.report.common.cells import coloured_cells, name_cells
from suite.report.common.drawing import (
    PINNED,
    Drawing,
    NotDrawn,
    catalogued,
    hidden,
    others,
    pin,
    seeds_in,
)
from suite.report.common.learning import OWN, chance, criterion, is_own, share_of
from suite.studies.common.protocol import CIRCLES


@dataclass(frozen=True)
class Scale:
    """The colours of a heat map, from ``low`` to ``high``; the bright end is the better one.

    ``quantity`` and ``notes`` begin and end the caption. ``claims`` are shown below the deepest
    networks, where RMSprop trained them.
    """

    label: str
    quantity: str
    low: float
    high: float
    colours: str
    notes: str
    claims: tuple[str, ...] = ()


_MEDIAN = (
    " A star marks cells with diverged runs, which count with the worst value. Hatched: no median"
    " (unsupported, failed, not in the grid, or a NaN among the values)."
)
SCALES = {
    "learned": Scale(
        "share of networks that learn",
        "Share of networks that learn",
        0.0,
        1.0,
        "viridis",
        "small, the 95 % interval of the share (Clopper and Pearson); the scale goes from none to"
        " all. A star marks cells with diverged runs, which count as"
        " not learned. Hatched: no run to count (unsupported, failed, or not in the grid).",
        ("fw-rmsprop-eps", "fw-rmsprop-outcome"),
    ),
    "heldout_accuracy": Scale(
        "held-out accuracy (share)",
        "Median held-out accuracy after training",
        0.5,
        1.0,
        "viridis",
        "the scale starts at 0.5, the chance level. A median hides how the networks of a cell"
        f" split: see the share of networks that learn.{_MEDIAN}",
    ),
    "heldout_skill": Scale(
        "held-out skill (share)",
        "Median held-out skill, 1 - errors of the network / errors of a guess, after training",
        0.0,
        1.0,
        "viridis",
        "the scale starts at 0, as good as the guess of the most frequent class or of the mean."
        f" A median hides how the networks of a cell split: see the share of networks that"
        f" learn.{_MEDIAN}",
    ),
    "train_loss": Scale(
        "training loss (nats)",
        "Median training loss (nats) after training",
        0.0,
        math.log(2),
        "viridis_r",
        f"the scale ends at ln 2 = 0.693 nats, the loss of a constant guess.{_MEDIAN}",
    ),
}


def learned(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the share of networks that learn, cell by cell, with its 95 % interval, as rows that
    ``heat_map`` takes.

    ``runs`` is training/runs.csv; its summary has the same numbers since ``learned_share`` is in
    it. A diverged run did not learn, whatever it reached before;
    unsupported and failed runs do not count.
    """
    own = runs.get("dataset", pd.Series(CIRCLES, runs.index)).map(is_own)
    rules = ((CIRCLES, ~own), (OWN, own))
    parts = [_counted(runs[chosen], dataset) for dataset, chosen in rules if chosen.any()]
    return pd.concat(parts, ignore_index=True) if parts else _counted(runs, CIRCLES)


def _counted(runs: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Return the shares of runs that count as having learned by the rule of one data set."""
    axes = list(runs.columns[: runs.columns.get_loc("seed")])
    runs = runs[runs["status"].isin(("ok", "diverged"))]
    cell = runs.groupby(axes, sort=False, dropna=False).ngroup().to_numpy()
    cells = runs[axes].drop_duplicates(ignore_index=True)
    diverged = np.bincount(cell[runs["status"] == "diverged"], minlength=len(cells))
    shares = reached(share_of(dataset), runs, cell, len(cells))
    return cells.assign(study="training", metric="learned", diverged=diverged, **shares)


def depths(summary: pd.DataFrame, metric: str, study: str = "training") -> list[int]:
    """Return the depths at which ``heat_map`` has something to show."""
    rows = summary[(summary["study"] == study) & (summary["metric"] == metric)]
    return sorted(int(depth) for depth in rows["depth"].dropna().unique())


def heat_map(
    summary: pd.DataFrame,
    metric: str,
    depth: int,
    study: str = "training",
    **wanted: str | int,
) -> Drawing:
    """Draw activation x initializer at one depth, a panel for each framework.

    ``summary`` is summary.csv or comes from ``learned``; ``wanted`` overrides ``PINNED``
    (``optimizer="adam"``).
    """
    rows = summary[(summary["study"] == study) & (summary["metric"] == metric)]
    smaller, deepest = _smaller(rows, depth), rows["depth"].max()
    rows = rows[rows["depth"] == depth]
    shown = ("framework", "activation", "initializer", "depth")
    rows, pinned = pin(rows, others(rows, "metric", shown), PINNED | wanted)
    scale = _scale(metric, rows)
    if rows.empty:
        raise NotDrawn(f"No {scale.label} at depth {depth}: summary.csv has no such cell.")
    frameworks = list(rows["framework"].unique())
    # Every panel has the same rows and columns, so that a cell keeps its place.
    order = {
        "activation": catalogued(rows["activation"].unique(), ACTIVATIONS),
        "initializer": catalogued(rows["initializer"].unique(), INITIALIZERS),
    }
    columns, lines = len(order["initializer"]), len(order["activation"])
    figure = Figure(
        figsize=(1.7 + len(frameworks) * (0.15 + 0.5 * columns), max(1.3 + 0.25 * lines, 2.5)),
        layout="constrained",
    )
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        panel(axes, rows[rows["framework"] == framework], order, scale)
        axes.set_title(framework, loc="left")
    bar = figure.colorbar(panels[0].collections[0], ax=panels, aspect=18, pad=0.01)
    bar.set_label(scale.label)
    bar.outline.set_visible(False)
    optimizer, label = rows["optimizer"].iloc[0], scale.label.partition(" (")[0]
    width = f" of {rows['width'].iloc[0]:g}" if rows["width"].notna().all() else ""
    return Drawing(
        f"{metric}_depth_{depth}",
        f"{label[0].upper()}{label[1:]}: {hidden(depth)}{width},"
        f" {captions.optimizer_title(optimizer)}",
        f"{scale.quantity}, {seeds_in(rows['n'])} a cell; {pinned}.{smaller}"
        f" Brighter is better; {scale.notes} {captions.protocol(rows)}",
        figure,
        scale.claims if optimizer == "rmsprop" and depth == deepest else (),
        rows=rows,
    )


def _scale(metric: str, rows: pd.DataFrame) -> Scale:
    """Return the colours of some rows of a metric, which are on one data set."""
    scale = SCALES[metric]
    name = str(rows["dataset"].iloc[0]) if "dataset" in rows and len(rows) else CIRCLES
    if metric == "learned":
        return replace(scale, quantity=f"Share of networks {criterion(name)} after training")
    if metric == "heldout_accuracy" and (low := chance(name)) != scale.low:
        notes = scale.notes.replace("0.5, the chance level", f"{low:g}, the chance level")
        return replace(scale, low=low, notes=notes)
    if metric == "train_loss" and name != CIRCLES:
        values = rows["centre"].to_numpy(dtype=float)
        top = float(np.max(values[np.isfinite(values)], initial=0.0)) or 1.0
        return replace(
            scale, high=top, notes=f"the scale ends at the largest median shown.{_MEDIAN}"
        )
    return scale


def _smaller(rows: pd.DataFrame, depth: int) -> str:
    """A sentence where other depths have more activations or initializers than this one."""
    sizes = rows.groupby("depth")[["activation", "initializer"]].nunique()
    shown, most = sizes.reindex([depth]).iloc[0], sizes.max()
    if not (shown < most).any():
        return ""
    counts = " and ".join(f"{int(n)} {axis}{'s' * (n != 1)}" for axis, n in shown.items())
    return (
        f" A smaller grid: {counts}, up to {most['activation']} and {most['initializer']}"
        " at other depths."
    )


def panel(
    axes: Axes,
    rows: pd.DataFrame,
    order: Mapping[str, list[str]],
    scale: Scale,
) -> None:
    """Draw one panel; ``rows`` has at most one row for each pair of values.

    ``order``: the column whose values are the lines, and then the one of the columns; their values
    from the top and from the left.
    """
    lines, across = order.values()
    table = rows.set_index(list(order))

    def grid(column: str) -> pd.DataFrame:
        wide = table[column].unstack()
        return wide.reindex(index=lines, columns=across).astype(float)

    values, diverged = grid("centre"), grid("diverged")
    labels = values.map(lambda value: "∞" if math.isinf(value) else f"{value:.2f}")
    labels += np.where(diverged.fillna(0) > 0, "*", "")
    if rows["metric"].iloc[0] == "learned":
        labels += "\n" + grid("low").map(_short) + "–" + grid("high").map(_short)
    coloured_cells(axes, values, labels, scale.low, scale.high, scale.colours)
    name_cells(axes, lines, across)


def _short(share: float) -> str:
    """Return a share with two digits and no leading zero."""
    text = f"{share:.2f}"
    return "1" if text == "1.00" else text.removeprefix("0")
