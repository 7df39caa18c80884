"""One number a network from its way through training: what the tutorial's figures are read for.

Everything here takes the statistics of every layer after every epoch (``layer_columns`` of the
study training: name -> (K, epochs, layers), epoch 0 first) and reduces them. Gradients are those
of one batch, and so noisy: what is said of them is a median over epochs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from suite.types import Array, Weights, float64

EARLY = 10
"""Epochs after which, by the tutorial, the layers' mean weights stand still."""
LATE = 10
"""Epochs at the end of training over which a gradient is taken as where training ended."""


@np.errstate(divide="ignore", invalid="ignore")  # a dead network has gradients of zero
def gradients(columns: Mapping[str, Array]) -> dict[str, Array]:
    """The metrics of a network's gradients, each (K,); NaN where a layer has none throughout."""
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


@np.errstate(invalid="ignore", divide="ignore")  # a dead network moves nothing: 0/0 is NaN
def spreads(columns: Mapping[str, Array]) -> dict[str, Array]:
    """How the standard deviation of each kernel rose, and when the means moved; each (K,)."""
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
    """How far the first and the last kernel went, relative to where they started; each (K,)."""

    def relative(position: int) -> Array:
        start, end = (float64(weights[position][0]) for weights in (before, after))
        return np.asarray(
            np.linalg.norm(end - start, axis=(1, 2)) / np.linalg.norm(start, axis=(1, 2))
        )

    first, last = relative(0), relative(-1)
    return {"movement_first": first, "movement_last": last, "movement_ratio": first / last}
