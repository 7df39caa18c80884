"""The page's sections on the study training: which network learns, and its gradients meanwhile."""

from __future__ import annotations

from functools import partial

import pandas as pd

from suite.report.common import heatmaps, lines
from suite.report.common.captions import optimizer_title
from suite.report.common.drawing import PINNED, Part, Tables, drawn_from, part
from suite.report.common.learning import is_own


def parts(tables: Tables) -> list[Part]:
    """Return heat maps of the share that learns, of accuracy and of loss; gradients by epoch."""
    trained = tables("training/runs.csv", "framework", "seed", "status", "heldout_accuracy")
    summary = tables("summary.csv", "study", "metric", "centre", "low", "high", "n")
    learned = None if trained is None else heatmaps.learned(trained)
    names = [] if learned is None else list(learned.get("dataset", ()))
    # What an accuracy is worth depends on the classes of the data.
    own = bool(names) and all(map(is_own, names))
    quality = "heldout_skill" if own else "heldout_accuracy"
    return [
        _heat_maps(
            learned,
            "learned",
            f"Which initializer{_trained_by(learned)}?",
            "training/runs.csv is missing, or none of its runs ended: no heat maps of the share of"
            " networks that learn.",
        ),
        _heat_maps(
            summary,
            quality,
            f"After training: median {'skill' if own else 'accuracy'}{_trained_by(learned)}",
            f"summary.csv has no {quality} of the study training: no heat maps of it.",
            folded=True,
        ),
        _heat_maps(
            summary,
            "train_loss",
            f"After training: median loss{_trained_by(learned)}",
            "summary.csv has no train_loss of the study training: no heat maps of it.",
            folded=True,
        ),
        part(
            f"While training: the gradient of each layer{_trained_by(learned)}",
            drawn_from(
                tables,
                "training/layers.csv",
                ("epoch", "layer", "n"),
                "gradients while training",
                lines.learning,
            ),
        ),
    ]


def _heat_maps(
    table: pd.DataFrame | None, metric: str, title: str, absent: str, folded: bool = False
) -> Part:
    """A heat map for each depth that was measured."""
    if table is None or not (depths := heatmaps.depths(table, metric)):
        return Part(title, [], [absent], folded)
    return Part(
        title, [partial(heatmaps.heat_map, table, metric, depth) for depth in depths], (), folded
    )


def _trained_by(learned: pd.DataFrame | None) -> str:
    """The optimizer of the heat maps, for the heading: another one can rank initializers
    differently."""
    if learned is None or learned.empty:
        return ""
    optimizers = list(learned["optimizer"].unique())
    name = PINNED["optimizer"] if PINNED["optimizer"] in optimizers else optimizers[0]
    return f", with {optimizer_title(name)}"
