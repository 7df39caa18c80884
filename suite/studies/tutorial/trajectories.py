"""Numbers for the course of a network's training: the features that the tutorial sees in figures.

The functions reduce the statistics of every layer after every epoch (``protocol.layer_columns``:
name -> (K, epochs, layers), epoch 0 first). Gradients are those of one batch and therefore noisy,
so that their metrics are medians over epochs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from suite.types import Array, Weights, float64

EARLY = 10
"""The number of epochs after which, according to the tutorial, the mean weights of the layers no
longer change."""
LATE = 10
"""The number of last epochs whose gradients represent the end of training."""


@np.errstate(divide="ignore", invalid="ignore")  # the gradients of a dead network are zero
def gradients(columns: Mapping[str, Array]) -> dict[str, Array]:
    """Return the metrics of a network's gradients, (K,) each; NaN if a layer's are all zero."""
    spread = np.median(columns["gradient_std"], axis=1)
    size = np.median(columns["gradient_mean_abs"], axis=1)
    signed = np.median(np.abs(columns["gradient_mean"]) / columns["gradient_mean_abs"], axis=1)
    absolute = columns["gradient_mean_abs"]
    shrunk = np.median(absolute[:, -LATE:], axis=1) / absolute[:, 0]
    return {
        "gradient_std_first": spread[:, 0],
        "gradient_std_last": spread[:, -1],
        "gradient_std_typical": np.exp(np.log(spread).mean(axis=1)),
        "gradient_decay": size[:, -1] / size[:, 0],
        "signed_share_first": signed[:, 0],
        "signed_share_last": signed[:, -1],
        "gradient_left_first": shrunk[:, 0],
        "gradient_left_last": shrunk[:, -1],
    }


@np.errstate(invalid="ignore", divide="ignore")  # a dead network does not move: 0/0 is NaN
def spreads(columns: Mapping[str, Array]) -> dict[str, Array]:
    """Return how the standard deviations of the kernels rose and how late their means moved.

    Each metric is (K,).
    """
    rise = columns["weight_std"][:, -1] - columns["weight_std"][:, 0]
    others = rise[:, 1:].max(axis=1)
    mean = columns["weight_mean"]
    before = np.abs(mean[:, : EARLY + 1] - mean[:, :1]).max(axis=1).sum(axis=1)
    after = np.abs(mean[:, EARLY:] - mean[:, EARLY : EARLY + 1]).max(axis=1).sum(axis=1)
    return {
        "std_rise_first": rise[:, 0],
        "std_rise_others": others,
        "std_rise_lead": rise[:, 0] - others,
        "mean_moved_late": after / before,
    }


@np.errstate(invalid="ignore", divide="ignore")  # as above
def movement(before: Weights, after: Weights) -> dict[str, Array]:
    """Return how far the first and the last kernel moved, relative to their norm; (K,) each."""

    def relative(position: int) -> Array:
        start, end = (float64(weights[position][0]) for weights in (before, after))
        return np.asarray(
            np.linalg.norm(end - start, axis=(1, 2)) / np.linalg.norm(start, axis=(1, 2))
        )

    first, last = relative(0), relative(-1)
    return {"movement_first": first, "movement_last": last, "movement_ratio": first / last}
