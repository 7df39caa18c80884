"""The fast statistics of signals agree with plain formulas, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue import activations
from suite.studies.common import saturation, signals
from suite.studies.common.signals import BINS, REACH
from suite.theory import mean_field
from suite.types import Array, LayerSignals, Weights

BOTH = ("torch", "tensorflow")
SAMPLES, WIDTH = 5, 12
TOLERANCE = 1e-9
"""The tolerance of the fast sums, which are accurate to 1e-10; see ``signals._DIGITS``."""


# --- plain formulas -----------------------------------------------------------------------------


def log_mean_square(x: Array) -> float:
    return float(np.mean(np.log(np.mean(x**2, axis=1))))


def histogram(x: Array) -> Array:
    rms = np.sqrt(np.mean(x**2))
    scaled = np.where(x == 0, 0.0, x / rms)
    bins = np.clip(np.floor((scaled + REACH) * (BINS / (2 * REACH))), 0, BINS - 1)
    if not np.isfinite(x).all():
        return np.full(BINS, np.nan)
    return np.bincount(bins.astype(int).ravel(), minlength=BINS) / x.size


def slow(before: Array, after: Array, gradient: Array, name: str) -> dict[str, float]:
    """Return the statistics of one layer; each array is (samples, width) in double precision."""
    return {
        "preactivation_mean": before.mean(),
        "preactivation_variance": before.var(),
        "activation_mean": after.mean(),
        "activation_variance": after.var(),
        "activation_mean_square": np.exp(log_mean_square(after)),
        "activation_spread": after.var(axis=0).mean(),
        "saturated_share": activations.resolve(name).saturated(before).mean(),
        "zero_share": (after == 0).mean(),
        "gradient_norm": np.sqrt(WIDTH) * np.exp(log_mean_square(gradient) / 2),
        "gradient_variance": gradient.var(),
        "gradient_mean_square": np.exp(log_mean_square(gradient)),
    }


# --- the fast statistics ------------------------------------------------------------------------


def layers() -> Array:
    """Return one layer of every kind, (kinds, samples, width) float32."""
    rng = np.random.default_rng(6)
    plain = rng.standard_normal((SAMPLES, WIDTH))
    with_inf, with_both, with_nan = plain.copy(), plain.copy(), plain.copy()
    with_inf[1, 2] = np.inf
    with_both[1, 2], with_both[3, 4] = np.inf, -np.inf
    with_nan[0, 0] = np.nan
    kinds = [
        plain,
        np.maximum(plain, 0.0),
        np.zeros_like(plain),
        np.where(np.arange(SAMPLES)[:, None] == 2, 0.0, plain),  # one dead sample
        np.full_like(plain, 0.3),
        7.0 + 1e-3 * plain,  # few digits of the variance are in the mean square
        np.tile(plain[0], (SAMPLES, 1)),  # equal samples
        plain[0] + 1e-5 * plain,  # nearly equal samples
        1e-42 * plain,  # below the normal numbers of single precision
        1e30 * plain,
        np.where(plain == plain.max(), 100.0, 1e-3 * plain),  # beyond the histogram's reach
        20.0 * plain,
        with_inf,
        with_both,
        with_nan,
        np.full_like(plain, np.inf),
        np.full_like(plain, np.nan),
    ]
    return np.array(kinds).astype(np.float32)


def observed(values: Array, name: str, scratch: signals.Scratch) -> signals.Columns:
    depth = len(values)
    signal = LayerSignals(list(values), list(values[::-1]), list(np.roll(values, 1, axis=0)))
    phi = activations.resolve(name)
    expected = mean_field.predict(phi, [(WIDTH, WIDTH)] * depth, [1 / WIDTH] * depth, [0.0] * depth)
    return signals.observe(signal, values[0], phi, expected, scratch)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", activations.ACTIVATIONS.names)
def test_every_column_equals_its_plain_formula(name: str) -> None:
    values, scratch = layers(), signals.Scratch()
    observed(np.full_like(values, np.nan), name, scratch)  # values left in memory must not matter
    columns = observed(values, name, scratch)
    doubles = values.astype(np.float64)
    after, gradient = doubles[::-1], np.roll(doubles, 1, axis=0)
    with np.errstate(all="ignore"):
        for layer, parts in enumerate(zip(doubles, after, gradient, strict=True)):
            for metric, value in slow(*parts, name).items():
                measured = columns["layers"][metric][layer]
                same = pytest.approx(value, rel=TOLERANCE, abs=1e-30, nan_ok=True)
                assert measured == same, (metric, layer)
            shares = columns["histograms"]["histogram_share"][layer]
            assert np.array_equal(shares, histogram(after[layer]), equal_nan=True), layer


def test_a_variance_is_accurate_whatever_the_mean() -> None:
    rng = np.random.default_rng(7)
    for mean in 10.0 ** np.arange(-3, 8):
        values = mean + rng.standard_normal((1, SAMPLES, WIDTH))
        squares = signals.mean_square(values)
        assert signals.variance(values, squares)[1][0] == pytest.approx(values.var(), rel=TOLERANCE)
        spread = signals.about_units(values, squares)[1]
        assert spread == pytest.approx(values.var(axis=1).mean(axis=1), rel=TOLERANCE)


def test_bins_are_right_where_squares_exceed_double_precision() -> None:
    plain = np.random.default_rng(8).standard_normal((1, SAMPLES, WIDTH))
    for scale in (1.0, 1e-170, 1e170):
        values = scale * plain
        with np.errstate(over="ignore", under="ignore"):
            squares = signals.mean_square(values)
        shares = signals.histogram(values, squares, signals.Scratch())
        assert np.array_equal(shares[0], histogram(plain[0])), scale


# --- saturation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [*activations.ACTIVATIONS.names, "elu(0.001)", "elu(1e+30)", "leaky_relu(0.001)"]
)
def test_intervals_contain_exactly_the_saturated_numbers(name: str) -> None:
    phi = activations.resolve(name)
    rng = np.random.default_rng(9)
    ends = [end for interval in saturation.intervals(phi.name) for end in interval]
    near = [np.nextafter(end, way) for end in ends for way in (-np.inf, end, np.inf)]
    points = np.concatenate(
        [
            near,
            [0.0, -0.0],
            3.0 * rng.standard_normal(4000),
            1e4 * rng.standard_normal(100),
            1e-30 * rng.standard_normal(100),
            1e37 * rng.standard_normal(100),
        ]
    )
    points = points[np.isfinite(points)][None, :, None]
    mask = np.empty((points.size, 1, 1), np.bool_)
    shares = saturation.share(phi, points.reshape(-1, 1, 1), mask)
    with np.errstate(over="ignore"):
        assert np.array_equal(shares, phi.saturated(points.ravel()))


# --- several networks in one batch --------------------------------------------------------------


def network(width: int, depth: int, gain: float) -> tuple[Weights, Array, Array]:
    rng = np.random.default_rng(10)
    weights = tuple(
        (
            (gain / np.sqrt(width) * rng.standard_normal((width, width))).astype(np.float32),
            rng.standard_normal(width).astype(np.float32) / 10,
        )
        for _ in range(depth)
    )
    inputs, cotangent = rng.standard_normal((2, 16, width)).astype(np.float32)
    return weights, inputs, cotangent


def parts_of(signal: LayerSignals) -> Array:
    """Return pre-activations, activations and gradients: (3, depth, samples, width)."""
    return np.array([signal.preactivation, signal.activation, signal.gradient])


@pytest.mark.parametrize("name", [*BOTH, "numpy"])
def test_networks_in_one_call_equal_networks_in_separate_calls(name: str) -> None:
    framework, names = frameworks.load(name), ("linear", "tanh", "relu", "gelu")
    for width in (24, 256):
        parts = network(width, 6, 1.5)
        together = framework.propagate(names, *parts)
        assert len(together) == len(names)
        for activation, signal in zip(names, together, strict=True):
            (alone,) = framework.propagate((activation,), *parts)
            assert np.shape(signal.gradient) == (6, 16, width)
            for a, b in zip(parts_of(signal), parts_of(alone), strict=True):
                # A product with more rows may round differently; six layers multiply it by 1.5^6.
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(b).max())


@pytest.mark.parametrize("name", [*BOTH, "numpy"])
def test_a_network_that_overflows_does_not_affect_its_neighbours(name: str) -> None:
    framework = frameworks.load(name)
    parts = network(24, 6, 1e9)
    overflows, sound = framework.propagate(("linear", "tanh"), *parts)
    if name != "numpy":  # which computes in double precision
        assert not np.isfinite(overflows.activation[-1]).any()
    harmless = framework.propagate(("sigmoid", "tanh"), *parts)[1]
    assert np.isfinite(sound.activation).all()
    assert np.array_equal(parts_of(sound), parts_of(harmless), equal_nan=True)
