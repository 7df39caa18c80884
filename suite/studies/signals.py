"""What is written down about one network's signals and gradients: decides every statistic.

All in float64. Arrays are (depth, samples, width); statistics per layer are (depth,). A dead
layer has the log mean square -inf, which is a result, and so is every inf and NaN.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from suite.activations import Resolved
from suite.theory import Prediction
from suite.types import Array, Propagation, float64

BINS, REACH = 21, 4.0
"""Bins of the histograms, and how many root mean squares they reach from 0 to either side. The
number is odd, so that one bin is centred on 0 and holds the exact zeros of relu."""
CENTRES = (np.arange(BINS) - BINS // 2) * (2 * REACH / BINS)

Columns = Mapping[str, Mapping[str, Array]]
"""Table -> metric -> value of one run, without the leading axis of the members."""


def not_finite(signal: Propagation) -> str:
    """Which layer is inf or NaN first, from the input and back; empty when none is."""
    for what, order in (("preactivation", 1), ("activation", 1), ("gradient", -1)):
        finite = np.isfinite(getattr(signal, what)).all(axis=(1, 2))
        if not finite.all():
            layers = np.arange(1, len(finite) + 1)[::order]
            return f"the {what} of layer {layers[~finite[::order]][0]} became inf or NaN"
    return ""


def log_mean_square(values: Array) -> Array:
    """Mean over the samples of ln(mean square over the units): (..., samples, units) -> (...)."""
    squares = np.einsum("...u,...u->...", values, values) / values.shape[-1]
    return np.asarray(np.log(squares).mean(axis=-1))


def spread(values: Array) -> Array:
    """Variance over the samples, averaged over the units: (..., samples, units) -> (...)."""
    return np.asarray(values.var(axis=-2).mean(axis=-1))


def histogram(values: Array) -> Array:
    """Share of the values of each layer in each bin: (depth, samples, width) -> (depth, BINS).

    The bins are equal parts of -REACH to REACH root mean squares of the layer; the outermost
    hold what lies beyond. A layer of zeros lies in the middle bin. NaN where a layer is not
    finite.
    """
    rms = np.sqrt(np.einsum("lsu,lsu->l", values, values) / values[0].size)
    scaled = np.where(values == 0, 0.0, values / rms[:, None, None])
    bins = np.floor((scaled + REACH) * (BINS / (2 * REACH)))
    inside = np.nan_to_num(np.clip(bins, 0, BINS - 1)).astype(np.int64)
    offset = np.arange(len(values))[:, None, None] * BINS
    counts = np.bincount((inside + offset).ravel(), minlength=len(values) * BINS)
    shares: Array = counts.reshape(len(values), BINS) / values[0].size
    shares[~np.isfinite(values).all(axis=(1, 2))] = np.nan
    return shares


# Logs of zero, and arithmetic on what overflowed: results, not accidents.
@np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore")
def observe(
    signal: Propagation, inputs: Array, activation: Resolved, expected: Prediction
) -> Columns:
    """All columns of one run, the theory's among them. inputs: (samples, features)."""
    before, after = float64(signal.preactivation), float64(signal.activation)
    gradient, inputs = float64(signal.gradient), float64(inputs)
    depth, _, width = after.shape
    log_before, log_after, log_gradient = map(log_mean_square, (before, after, gradient))
    spreads = spread(after)
    deviation = after.std(axis=(1, 2))
    layers = {
        "preactivation_mean": before.mean(axis=(1, 2)),
        "preactivation_variance": before.var(axis=(1, 2)),
        "preactivation_variance_predicted": expected.preactivation_square,
        "activation_mean": after.mean(axis=(1, 2)),
        "activation_mean_predicted": expected.activation_mean,
        "activation_variance": deviation**2,
        "activation_variance_predicted": expected.activation_variance,
        "activation_mean_square": np.exp(log_after),
        "activation_mean_square_predicted": expected.activation_square,
        "activation_spread": spreads,
        "saturated_share": activation.saturated(before).mean(axis=(1, 2)),
        "zero_share": (after == 0).mean(axis=(1, 2)),
        "gradient_norm": np.sqrt(width) * np.exp(log_gradient / 2),
        "gradient_variance": gradient.var(axis=(1, 2)),
        "gradient_mean_square": np.exp(log_gradient),
        "gradient_mean_square_predicted": expected.gradient_square,
    }
    forward = (log_after[-1] - log_mean_square(inputs)) / depth
    forward_expected = np.log(expected.activation_square[-1]) / depth
    # With one layer there is nothing to go through: 0 / 0 is the NaN that says so.
    backward = np.divide(log_gradient[0] - log_gradient[-1], depth - 1)
    log_expected = np.log(expected.gradient_square)
    backward_expected = np.divide(log_expected[0] - log_expected[-1], depth - 1)
    runs = {
        "forward_slope": forward,
        "forward_slope_predicted": forward_expected,
        "forward_slope_error": difference(forward, forward_expected),
        "backward_slope": backward,
        "backward_slope_predicted": backward_expected,
        "backward_slope_error": difference(backward, backward_expected),
        "spread_slope": (np.log(spreads[-1]) - np.log(spread(inputs))) / depth,
        "output_std": deviation[-1],
        "output_std_predicted": np.sqrt(expected.activation_variance[-1]),
        "map_error": np.abs(difference(log_before, np.log(expected.preactivation_square))).max(),
        "saturated_share": layers["saturated_share"][-1],
        "zero_share": layers["zero_share"][-1],
    }
    return {
        "runs": runs,
        "layers": layers,
        "histograms": {"histogram_share": histogram(after)},
    }


def difference(measured: Array, expected: Array) -> Array:
    """measured - expected, and 0 where both are the same infinity."""
    return np.where(measured == expected, 0.0, measured - expected)
