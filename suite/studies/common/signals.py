"""What is written down about one network's signals and gradients: decides every statistic.

All in float64. Arrays are (depth, samples, width); statistics per layer are (depth,). A dead
layer has the log mean square -inf, which is a result, and so is every inf and NaN.

The statistics take few passes over the values, in memory that is kept from network to network:
else they would take longer than the network's own products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike

from suite.catalogue.activations import Resolved
from suite.studies.common import saturation
from suite.theory.mean_field import Prediction
from suite.types import Array, LayerSignals, float64

BINS, REACH = 21, 4.0
"""Bins of the histograms, and how many root mean squares they reach from 0 to either side. The
number is odd, so that one bin is centred on 0 and holds the exact zeros of relu."""
CENTRES = (np.arange(BINS) - BINS // 2) * (2 * REACH / BINS)
_DIGITS = 1e-5
"""Share of a mean square below which a variance is not taken from it, but from deviations. The
mean square is right to 1e-15, so the variance is to 1e-10."""

Columns = Mapping[str, Mapping[str, Array]]
"""Table -> metric -> value of one run, without the leading axis of the members."""


class Scratch:
    """Arrays to work in. Fresh ones of this size come from the system page by page, and that
    takes several times as long as the arithmetic in them."""

    def __init__(self) -> None:
        self._kept: dict[str, Array] = {}

    def array(self, use: str, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> Array:
        """Memory of any content, the same at every call for this use while the shape stays."""
        kept = self._kept.get(use)
        if kept is None or kept.shape != shape:
            kept = self._kept[use] = np.empty(shape, dtype)
        return kept


def doubles(layers: Sequence[Array], out: Array | None = None) -> Array:
    """Layers of one shape in double precision, along a new first axis."""
    if out is None:
        out = np.empty((len(layers), *layers[0].shape))
    np.concatenate(layers, out=out.reshape(-1, out.shape[-1]))
    return out


def not_finite(signal: LayerSignals) -> str:
    """Which layer is inf or NaN first, from the input and back; empty when none is."""
    for what, order in (("preactivation", 1), ("activation", 1), ("gradient", -1)):
        finite = np.array([_finite(layer) for layer in getattr(signal, what)])
        if not finite.all():
            layers = np.arange(1, len(finite) + 1)[::order]
            return f"the {what} of layer {layers[~finite[::order]][0]} became inf or NaN"
    return ""


def _finite(layer: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.vdot(layer, layer)):
            return True
    return bool(np.isfinite(layer).all())  # the square of a finite number may overflow


def mean_square(values: Array) -> Array:
    """Over the units: (..., samples, units) -> (..., samples)."""
    return np.asarray(np.vecdot(values, values) / values.shape[-1])


def log_mean_square(values: Array) -> Array:
    """Mean over the samples of ln(mean square over the units): (..., samples, units) -> (...)."""
    return np.asarray(np.log(mean_square(values)).mean(axis=-1))


def variance(values: Array, squares: Array) -> tuple[Array, Array]:
    """Mean and variance of each layer, (depth,), from values and their ``mean_square``."""
    units = values.shape[-1]
    mean, square = (values @ np.ones(units)).mean(axis=-1) / units, squares.mean(axis=-1)
    found = square - mean**2
    for layer in np.flatnonzero(~(found > _DIGITS * square)):
        found[layer] = values[layer].var()
    return mean, found


def spread(values: Array) -> Array:
    """Variance over the samples, averaged over the units: (..., samples, units) -> (...)."""
    return np.asarray(values.var(axis=-2).mean(axis=-1))


def about_units(values: Array, squares: Array) -> tuple[Array, Array]:
    """Mean of each unit over the samples, (depth, units), and ``spread``, (depth,).

    ``squares``: the values' ``mean_square``.
    """
    samples = values.shape[-2]
    means, square = (np.ones(samples) @ values) / samples, squares.mean(axis=-1)
    found = square - mean_square(means)
    close = ~(found > _DIGITS * square)
    found[close] = spread(values[close])
    return means, found


@np.errstate(over="ignore", invalid="ignore")
def histogram(values: Array, squares: Array, scratch: Scratch) -> Array:
    """Share of the values of each layer in each bin: (depth, samples, width) -> (depth, BINS).

    The bins are equal parts of -REACH to REACH root mean squares of the layer; the outermost
    hold what lies beyond. A layer of zeros lies in the middle bin. NaN where a layer is not
    finite. ``squares``: the values' ``mean_square``.
    """
    squares, depth = squares.mean(axis=-1), len(values)
    # Else a value is at most sqrt(n) root mean squares from 0: a number that int32 can hold.
    odd = ~((squares > 0) & (squares < np.inf))
    scale = np.divide(BINS / (2 * REACH), np.sqrt(squares), out=np.zeros(depth), where=~odd)
    scaled = np.multiply(values, scale[:, None, None], out=scratch.array("work", values.shape))
    scaled += BINS / 2
    bins = scratch.array("bins", values.shape, np.int32)
    np.copyto(bins, scaled, casting="unsafe")  # rounds towards 0: below it, into the first bin
    np.clip(bins, 0, BINS - 1, out=bins)
    counts = [np.bincount(layer, minlength=BINS) for layer in bins.reshape(depth, -1)]
    shares: Array = np.array(counts) / values[0].size
    for layer in np.flatnonzero(odd):
        largest = np.abs(values[layer]).max()
        if not np.isfinite(largest):
            shares[layer] = np.nan
        elif largest > 0:  # its squares are too small or too large for double precision
            scaled = values[layer : layer + 1] / largest
            shares[layer] = histogram(scaled, mean_square(scaled), Scratch())[0]
    return shares


# Logs of zero, and arithmetic on what overflowed: results, not accidents.
@np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore")
def observe(
    signal: LayerSignals,
    inputs: Array,
    activation: Resolved,
    expected: Prediction,
    scratch: Scratch,
) -> Columns:
    """All columns of one run, the theory's among them. inputs: (samples, features)."""
    inputs, depth, width = float64(inputs), len(signal.activation), signal.activation[0].shape[1]
    shape = (depth, *signal.activation[0].shape)
    memory, mask = scratch.array("values", shape), scratch.array("mask", shape, np.bool_)

    values = doubles(signal.preactivation, memory)
    squares = mean_square(values)
    log_before = np.log(squares).mean(axis=-1)
    before_mean, before_variance = variance(values, squares)
    saturated = saturation.share(activation, values, mask)
    for layer in np.flatnonzero(~np.isfinite(before_variance)):
        saturated[layer] = activation.saturated(values[layer]).mean()

    values = doubles(signal.gradient, memory)
    squares = mean_square(values)
    log_gradient = np.log(squares).mean(axis=-1)
    _, gradient_variance = variance(values, squares)

    values = doubles(signal.activation, memory)
    squares = mean_square(values)
    log_after = np.log(squares).mean(axis=-1)
    unit_means, spreads = about_units(values, squares)
    # The units' means and what differs from them: no digits are lost, however alike samples are.
    after_variance = spreads + unit_means.var(axis=-1)
    zeros = saturation.count(np.equal(values, 0.0, out=mask))
    layers = {
        "preactivation_mean": before_mean,
        "preactivation_variance": before_variance,
        "preactivation_variance_predicted": expected.preactivation_square,
        "activation_mean": unit_means.mean(axis=-1),
        "activation_mean_predicted": expected.activation_mean,
        "activation_variance": after_variance,
        "activation_variance_predicted": expected.activation_variance,
        "activation_mean_square": np.exp(log_after),
        "activation_mean_square_predicted": expected.activation_square,
        "activation_spread": spreads,
        "saturated_share": saturated,
        "zero_share": zeros / values[0].size,
        "gradient_norm": np.sqrt(width) * np.exp(log_gradient / 2),
        "gradient_variance": gradient_variance,
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
        "output_std": np.sqrt(after_variance[-1]),
        "output_std_predicted": np.sqrt(expected.activation_variance[-1]),
        "map_error": np.abs(difference(log_before, np.log(expected.preactivation_square))).max(),
        "saturated_share": layers["saturated_share"][-1],
        "zero_share": layers["zero_share"][-1],
    }
    return {
        "runs": runs,
        "layers": layers,
        "histograms": {"histogram_share": histogram(values, squares, scratch)},
    }


def difference(measured: Array, expected: Array) -> Array:
    """measured - expected, and 0 where both are the same infinity."""
    return np.where(measured == expected, 0.0, measured - expected)
