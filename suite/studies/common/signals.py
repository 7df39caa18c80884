"""The statistics of one network's signals and gradients at initialisation.

They are computed in float64. Arrays are (depth, samples, width); statistics per layer are (depth,).
A dead layer has the log mean square -inf, which is a result, and so is every inf and NaN.

The statistics make few passes over the values, in memory that is reused from network to network:
otherwise they would take longer than the matrix products of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from suite.catalogue.activations import Resolved
from suite.studies.common import saturation
from suite.theory.mean_field import Prediction
from suite.types import Array, LayerSignals, float64

BINS, REACH = 21, 4.0
"""The number of bins of a histogram, and its reach from 0 to either side in root mean squares. The
number is odd, so that one bin is centred on 0 and contains the exact zeros of relu."""
CENTRES = (np.arange(BINS) - BINS // 2) * (2 * REACH / BINS)
_DIGITS = 1e-5
"""The share of a mean square below which a variance is computed from deviations instead of as a
difference. The mean square is accurate to 1e-15, so the difference is accurate to 1e-10."""

Columns = Mapping[str, Mapping[str, Array]]
"""Table -> metric -> the values of one run, without the leading axis of the members."""


class Scratch:
    """Reusable work arrays. The system maps fresh arrays of this size page by page, which takes
    several times as long as the arithmetic in them."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def array(self, use: str, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> Array:
        """Return uninitialised memory, the same at every call for a use while the shape stays."""
        array = self._arrays.get(use)
        if array is None or array.shape != shape:
            array = self._arrays[use] = np.empty(shape, dtype)
        return array


def doubles(layers: Sequence[Array], out: Array | None = None) -> Array:
    """Return layers of one shape in double precision, along a new first axis."""
    if out is None:
        out = np.empty((len(layers), *layers[0].shape))
    np.concatenate(layers, out=out.reshape(-1, out.shape[-1]))
    return out


def not_finite(signal: LayerSignals) -> str:
    """Name the first layer with inf or NaN, forward and then backward; empty if there is none."""
    for name, layers, order in (
        ("preactivation", signal.preactivation, 1),
        ("activation", signal.activation, 1),
        ("gradient", signal.gradient, -1),
    ):
        finite = np.array([_finite(layer) for layer in layers])
        if not finite.all():
            numbers = np.arange(1, len(finite) + 1)[::order]
            return f"the {name} of layer {numbers[~finite[::order]][0]} became inf or NaN"
    return ""


def _finite(layer: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.vdot(layer, layer)):
            return True
    return bool(np.isfinite(layer).all())  # the square of a finite number may overflow


def mean_square(values: Array) -> Array:
    """Return the mean square over the units: (..., samples, units) -> (..., samples)."""
    return np.asarray(np.vecdot(values, values) / values.shape[-1])


def log_mean_square(values: Array) -> Array:
    """Return the mean over the samples of ln(mean square over the units).

    (..., samples, units) -> (...).
    """
    return np.asarray(np.log(mean_square(values)).mean(axis=-1))


def variance(values: Array, squares: Array) -> tuple[Array, Array]:
    """Return the mean and variance of each layer, (depth,), from values and ``mean_square``."""
    units = values.shape[-1]
    mean, square = (values @ np.ones(units)).mean(axis=-1) / units, squares.mean(axis=-1)
    variances = square - mean**2
    for layer in np.flatnonzero(~(variances > _DIGITS * square)):
        variances[layer] = values[layer].var()
    return mean, variances


def spread(values: Array) -> Array:
    """Return the variance over the samples, averaged over the units.

    (..., samples, units) -> (...).
    """
    return np.asarray(values.var(axis=-2).mean(axis=-1))


def about_units(values: Array, squares: Array) -> tuple[Array, Array]:
    """Return the mean of each unit over the samples, (depth, units), and ``spread``, (depth,).

    ``squares``: the ``mean_square`` of the values.
    """
    samples = values.shape[-2]
    means, square = (np.ones(samples) @ values) / samples, squares.mean(axis=-1)
    spreads = square - mean_square(means)
    close = ~(spreads > _DIGITS * square)
    spreads[close] = spread(values[close])
    return means, spreads


@np.errstate(over="ignore", invalid="ignore")
def histogram(values: Array, squares: Array, scratch: Scratch) -> Array:
    """Return the share of each layer's values in each bin: (depth, samples, width) -> (depth,
    BINS).

    The bins are equal parts of -REACH to REACH root mean squares of the layer; the outermost
    include all values beyond. The values of a layer of zeros are in the middle bin. NaN where a
    layer is not finite. ``squares``: the ``mean_square`` of the values.
    """
    squares, depth = squares.mean(axis=-1), len(values)
    # In every other layer a value is at most sqrt(n) root mean squares from 0, which int32 holds.
    odd = ~((squares > 0) & (squares < np.inf))
    scale = np.divide(BINS / (2 * REACH), np.sqrt(squares), out=np.zeros(depth), where=~odd)
    scaled = np.multiply(values, scale[:, None, None], out=scratch.array("work", values.shape))
    scaled += BINS / 2
    bins = scratch.array("bins", values.shape, np.int32)
    np.copyto(bins, scaled, casting="unsafe")  # rounds towards 0, so -0.5 falls into the first bin
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


# Logs of zero and arithmetic on overflowed values give inf and NaN, which are results here.
@np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore")
def observe(
    signal: LayerSignals,
    inputs: Array,
    activation: Resolved,
    expected: Prediction,
    scratch: Scratch,
) -> Columns:
    """Return all columns of one run, predictions included. ``inputs``: (samples, features)."""
    before = _preactivations(signal.preactivation, activation, scratch)
    gradient = _gradients(signal.gradient, scratch)
    after, histograms = _activations(signal.activation, scratch)
    layers = before.columns | gradient.columns | after.columns | _expected_columns(expected)
    spreads, variances = layers["activation_spread"], layers["activation_variance"]
    inputs, depth = float64(inputs), len(signal.activation)
    forward = (after.log_square[-1] - log_mean_square(inputs)) / depth
    map_error = difference(before.log_square, np.log(expected.preactivation_square))
    runs = {
        **_beside("forward_slope", forward, np.log(expected.activation_square[-1]) / depth),
        **_beside(
            "backward_slope",
            _rate(gradient.log_square),
            _rate(np.log(expected.gradient_square)),
        ),
        "spread_slope": (np.log(spreads[-1]) - np.log(spread(inputs))) / depth,
        "output_std": np.sqrt(variances[-1]),
        "output_std_predicted": np.sqrt(expected.activation_variance[-1]),
        "map_error": np.abs(map_error).max(),
        "saturated_share": layers["saturated_share"][-1],
        "zero_share": layers["zero_share"][-1],
    }
    return {"runs": runs, "layers": layers, "histograms": {"histogram_share": histograms}}


@dataclass(frozen=True)
class _Statistics:
    """The statistics of one signal of a network: per layer, each (depth,)."""

    log_square: Array
    """Mean over the samples of the logarithm of the mean square over the units."""
    columns: dict[str, Array]


def _loaded(layers: Sequence[Array], scratch: Scratch) -> Array:
    """Copy a signal in double precision into memory that all three signals share."""
    return doubles(layers, scratch.array("values", (len(layers), *layers[0].shape)))


def _preactivations(layers: Sequence[Array], activation: Resolved, scratch: Scratch) -> _Statistics:
    values = _loaded(layers, scratch)
    squares = mean_square(values)
    means, variances = variance(values, squares)
    mask = scratch.array("mask", values.shape, np.bool_)
    saturated = saturation.share(activation, values, mask)
    for layer in np.flatnonzero(~np.isfinite(variances)):
        saturated[layer] = activation.saturated(values[layer]).mean()
    columns = {
        "preactivation_mean": means,
        "preactivation_variance": variances,
        "saturated_share": saturated,
    }
    return _Statistics(np.log(squares).mean(axis=-1), columns)


def _gradients(layers: Sequence[Array], scratch: Scratch) -> _Statistics:
    values = _loaded(layers, scratch)
    squares = mean_square(values)
    log_square = np.log(squares).mean(axis=-1)
    columns = {
        "gradient_norm": np.sqrt(values.shape[-1]) * np.exp(log_square / 2),
        "gradient_variance": variance(values, squares)[1],
        "gradient_mean_square": np.exp(log_square),
    }
    return _Statistics(log_square, columns)


def _activations(layers: Sequence[Array], scratch: Scratch) -> tuple[_Statistics, Array]:
    """Return the statistics of the activations, and their histograms, (depth, BINS)."""
    values = _loaded(layers, scratch)
    squares = mean_square(values)
    log_square = np.log(squares).mean(axis=-1)
    unit_means, spreads = about_units(values, squares)
    mask = scratch.array("mask", values.shape, np.bool_)
    columns = {
        "activation_mean": unit_means.mean(axis=-1),
        # The spread and the variance of the units' means: no digits are lost when the samples
        # are nearly equal.
        "activation_variance": spreads + unit_means.var(axis=-1),
        "activation_mean_square": np.exp(log_square),
        "activation_spread": spreads,
        "zero_share": saturation.count(np.equal(values, 0.0, out=mask)) / values[0].size,
    }
    return _Statistics(log_square, columns), histogram(values, squares, scratch)


def _expected_columns(expected: Prediction) -> dict[str, Array]:
    return {
        "preactivation_variance_predicted": expected.preactivation_square,
        "activation_mean_predicted": expected.activation_mean,
        "activation_variance_predicted": expected.activation_variance,
        "activation_mean_square_predicted": expected.activation_square,
        "gradient_mean_square_predicted": expected.gradient_square,
    }


def _rate(logs: Array) -> Array:
    """Return the change per layer from the last layer to the first; NaN (0 / 0) for one layer."""
    return np.asarray(np.divide(logs[0] - logs[-1], len(logs) - 1))


def _beside(name: str, measured: Array, expected: Array) -> dict[str, Array]:
    """Return a metric, its prediction and their difference, under the names of their columns."""
    return {
        name: measured,
        f"{name}_predicted": expected,
        f"{name}_error": difference(measured, expected),
    }


def difference(measured: Array, expected: Array) -> Array:
    """Return measured - expected, and 0 where both are the same infinity."""
    return np.where(measured == expected, 0.0, measured - expected)
