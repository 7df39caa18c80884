"""The page's sections on the study training: which network learns, and its gradients meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from suite.report.common import heatmaps, lines
from suite.report.common.drawing import Drawing, Part, Tables


def parts(tables: Tables) -> list[Part]:
    """Heat maps of the share that learns, of accuracy and of loss; gradients by epoch."""
    trained = tables("training/runs.csv", "framework", "seed", "status", "heldout_accuracy")
    summary = tables("summary.csv", "study", "metric", "centre", "low", "high", "n")
    layers = tables("training/layers.csv", "epoch", "layer", "n")
    learned = None if trained is None else heatmaps.learned(trained)
    return [
        Part(
            "Which initializer?",
            _heat_maps(learned, "learned"),
            "training/runs.csv is not there, or no run in it ended: no heat maps of the share"
            " of networks that learn.",
        ),
        Part(
            "After training: median accuracy",
            _heat_maps(summary, "heldout_accuracy"),
            "summary.csv holds no heldout_accuracy of the study training: no heat maps of it.",
            folded=True,
        ),
        Part(
            "After training: median loss",
            _heat_maps(summary, "train_loss"),
            "summary.csv holds no train_loss of the study training: no heat maps of it.",
            folded=True,
        ),
        Part(
            "While training: the gradient of each layer",
            [] if layers is None else [partial(lines.learning, layers)],
            "training/layers.csv is not there: no figure of gradients while training.",
        ),
    ]


def _heat_maps(table: pd.DataFrame | None, metric: str) -> list[Callable[[], Drawing]]:
    if table is None:
        return []
    depths = heatmaps.depths(table, metric)
    return [partial(heatmaps.heat_map, table, metric, depth) for depth in depths]
