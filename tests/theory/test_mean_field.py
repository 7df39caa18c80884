"""The theory agrees with closed forms, with an adaptive quadrature and with sampled networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import integrate, special, stats

from suite.catalogue.activations import ACTIVATIONS, resolve
from suite.theory import mean_field
from suite.types import Array

NAMES = [entry.name for entry in ACTIVATIONS]


@dataclass(frozen=True)
class Erf:
    """The error function, an activation whose maps have closed forms (Williams 1997)."""

    def value(self, x: Array) -> Array:
        return np.asarray(special.erf(x))

    def slope(self, x: Array) -> Array:
        return np.asarray(2 / math.sqrt(math.pi) * np.exp(-(x**2)))


# --- moments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1e-12, 0.3, 1.0, 40.0, 1e6, 1e12])
def test_moments_have_their_closed_forms(q: float) -> None:
    erf = mean_field.moments(Erf(), q)
    assert erf.mean == pytest.approx(0.0, abs=1e-14)
    # asin(2q / (1 + 2q)), written so that nothing cancels for large q.
    angle = math.atan2(2 * q, math.sqrt(1 + 4 * q))
    assert erf.square == pytest.approx(2 / math.pi * angle, rel=1e-12)
    assert erf.slope_square == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-12)
    for name, below in (("linear", 1.0), ("relu", 0.0), ("leaky_relu(0.2)", 0.2)):
        moments = mean_field.moments(resolve(name), q)
        assert moments.square == pytest.approx(q * (1 + below**2) / 2, rel=1e-13)
        assert moments.slope_square == pytest.approx((1 + below**2) / 2, rel=1e-13)
        assert moments.mean == pytest.approx(
            (1 - below) * math.sqrt(q / (2 * math.pi)), rel=1e-13, abs=1e-13 * math.sqrt(q)
        )
    assert mean_field.moments(resolve("sigmoid"), q).mean == pytest.approx(0.5, rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("q", [1e-4, 1.0, 250.0])
def test_moments_equal_an_adaptive_quadrature(name: str, q: float) -> None:
    phi = resolve(name)
    moments = mean_field.moments(phi, q)

    def expectation(function: Callable[[float], float]) -> float:
        # Split at 0, where the slope may jump: adaptive quadrature can step over a jump.
        scale = math.sqrt(q)
        halves = (
            integrate.quad(
                lambda z: function(scale * z) * math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
                *ends,
                epsabs=0.0,
                epsrel=1e-11,
                limit=400,
            )[0]
            for ends in ((-12.0, 0.0), (0.0, 12.0))
        )
        return sum(halves)

    def value(x: float) -> float:
        return float(phi.value(np.array(x)))

    def slope(x: float) -> float:
        return float(phi.slope(np.array(x)))

    # The tolerance of the quadrature is 1e-11 on each half; the halves of a mean may cancel.
    assert moments.square == pytest.approx(expectation(lambda x: value(x) ** 2), rel=1e-10)
    assert moments.slope_square == pytest.approx(expectation(lambda x: slope(x) ** 2), rel=1e-10)
    assert moments.mean == pytest.approx(expectation(value), rel=1e-10, abs=1e-10)
    assert moments.variance == pytest.approx(moments.square - moments.mean**2)


def test_gauss_hermite_nodes_agree_for_tanh_and_fail_at_the_kink_of_relu() -> None:
    z, w = special.roots_hermitenorm(64)
    w = w / w.sum()
    tanh, relu = resolve("tanh"), resolve("relu")
    assert mean_field.moments(tanh, 0.5).square == pytest.approx(
        w @ np.tanh(z / 2**0.5) ** 2, rel=1e-9
    )
    exact = 1 / math.sqrt(2 * math.pi)
    assert mean_field.moments(relu, 1.0).mean == pytest.approx(exact, rel=1e-13)
    assert abs(w @ relu.value(z) - exact) > 1e-3


def test_moments_without_a_signal_and_with_an_infinite_one() -> None:
    silent = mean_field.moments(resolve("tanh"), 0.0)
    assert (silent.mean, silent.square) == (0.0, 0.0)
    assert silent.slope_square == pytest.approx(1.0, rel=1e-14)
    assert math.isnan(mean_field.moments(resolve("tanh"), math.inf).square)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_beyond_double_precision_is_inf_without_an_error(name: str) -> None:
    prediction = mean_field.predict(resolve(name), [(9, 9)] * 400, [9.0] * 400, [0.0] * 400)
    assert np.isfinite(prediction.activation_square).all() == resolve(name).entry.bounded
    assert prediction.activation_square[0] == pytest.approx(
        mean_field.predict(resolve(name), [(9, 9)], [9.0], [0.0]).activation_square[0]
    )


def test_the_gain_of_torch_for_tanh_has_the_published_fixed_point_and_chi() -> None:
    """The gain 5/3 has q* = 1.178 and chi = 1.210 at the fixed point, to the digits given."""
    q = 1.0
    for _ in range(300):
        q = (5 / 3) ** 2 * mean_field.moments(resolve("tanh"), q).square
    assert q == pytest.approx(1.178, abs=5e-4)
    assert mean_field.chi(resolve("tanh"), q, (5 / 3) ** 2) == pytest.approx(1.210, abs=5e-4)


# --- the drift of the log -----------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 5, 64, 256, 4096])
def test_linear_drift_is_that_of_a_chi_squared(width: int) -> None:
    mean, variance = mean_field.drift((1.0, 1.0), width)
    assert mean == pytest.approx(special.digamma(width / 2) - math.log(width / 2), abs=1e-11)
    assert variance == pytest.approx(special.polygamma(1, width / 2), abs=1e-10)
    assert mean_field.drift((1.0, 1.0), width, orthogonal=True) == (0.0, 0.0)


@pytest.mark.parametrize("width", [2, 5, 64, 256])
@pytest.mark.parametrize("orthogonal", [False, True])
def test_relu_drift_is_a_mixture_over_the_number_of_active_units(
    width: int, orthogonal: bool
) -> None:
    active = np.arange(1, width + 1)
    chance = stats.binom.pmf(active, width, 0.5) / (1 - 0.5**width)
    # Gaussian kernels: S = (2/n) chi^2_N. Orthogonal: the share of N coordinates in a unit
    # vector, Beta(N/2, (n - N)/2), whose mean is N/n, 1/2 on average.
    shift = special.digamma(width / 2) - math.log(2) if orthogonal else math.log(width / 4)
    spread = special.polygamma(1, width / 2) if orthogonal else 0.0
    logs = special.digamma(active / 2) - shift
    mean, variance = mean_field.drift((0.0, 1.0), width, orthogonal)
    assert mean == pytest.approx(chance @ logs, abs=1e-10)
    inner = chance @ (special.polygamma(1, active / 2) - spread)
    assert variance == pytest.approx(inner + chance @ (logs - chance @ logs) ** 2, abs=1e-10)


def test_relu_drift_has_its_known_leading_terms() -> None:
    mean, variance = mean_field.drift((0.0, 1.0), 4096)
    assert mean * 4096 == pytest.approx(-2.5, abs=0.01)  # the next term is of order 1/n
    assert variance * 4096 == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize("orthogonal", [False, True])
@pytest.mark.parametrize("slopes", [(0.3, 1.0), (-1.0, 1.0), (0.0, 2.0)])
def test_drift_equals_the_mean_and_variance_of_a_sample(
    slopes: tuple[float, float], orthogonal: bool
) -> None:
    rng = np.random.default_rng(7)
    g = rng.standard_normal((200_000, 8))
    squares = np.where(g > 0, slopes[1], slopes[0]) ** 2 * g**2
    total = (g**2).mean(axis=1) if orthogonal else 1.0
    s = squares.mean(axis=1) / total / np.mean(np.square(slopes))
    logs = np.log(s[s > 0])
    mean, variance = mean_field.drift(slopes, 8, orthogonal)
    error = logs.std() / math.sqrt(logs.size)
    assert mean == pytest.approx(logs.mean(), abs=4.5 * error)
    # The log of S is skewed: its fourth central moment is below 15 times the squared variance.
    assert variance == pytest.approx(logs.var(), rel=4.5 * math.sqrt(14 / logs.size))


@pytest.mark.parametrize("orthogonal", [False, True])
@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu(0.3)"])
def test_leading_drift_is_the_first_term_of_the_exact_one(name: str, orthogonal: bool) -> None:
    slopes = mean_field.half_slopes(resolve(name))
    assert slopes is not None
    exact = mean_field.drift(slopes, 4096, orthogonal)[0]
    leading = mean_field.leading_drift(mean_field.moments(resolve(name), 1.0), 4096, orthogonal)
    assert leading == pytest.approx(exact, abs=10 / 4096**2)


def test_sampled_networks_show_the_leading_drift_of_saturated_gradients() -> None:
    """At fan_in Var(W) = 25 most of 100 tanh units are saturated and few carry the gradient."""
    shapes, variance = ((100, 100),) * 4, (25 / 100,) * 4
    _, backward = sampled("tanh", shapes, variance, nets=800)
    logs = np.log(backward)
    error = logs.std(axis=1) / math.sqrt(logs.shape[1])
    prediction = mean_field.predict(resolve("tanh"), shapes, variance, (0.0,) * 4)
    difference = np.abs(logs.mean(axis=1) - np.log(prediction.gradient_square))
    drifts = [
        mean_field.leading_drift(mean_field.moments(resolve("tanh"), q), 100)
        for q in prediction.preactivation_square
    ]
    # The neglected terms are of the order of the drift squared, 0.01 per layer.
    assert (difference < 4.5 * error + 0.01 * np.arange(4, 0, -1)).all()
    assert abs(sum(drifts)) > 9 * error[0]


def test_only_positively_homogeneous_activations_have_half_slopes() -> None:
    slopes = {name: mean_field.half_slopes(resolve(name)) for name in [*NAMES, "leaky_relu(0.3)"]}
    assert {name: pair for name, pair in slopes.items() if pair} == {
        "linear": (1.0, 1.0),
        "relu": (0.0, 1.0),
        "leaky_relu": (0.01, 1.0),
        "leaky_relu(0.3)": (0.3, 1.0),
    }


# --- whole networks -----------------------------------------------------------------------------

Shapes = tuple[tuple[int, int], ...]
SHAPES: Shapes = ((24, 12), (12, 16), (16, 20))
WIDE: Shapes = ((480, 240), (240, 320), (320, 400))


def test_predict_is_the_recursion_layer_by_layer() -> None:
    phi, weight, bias = resolve("softplus"), (0.05, 0.1, 0.2), (0.0, 0.3, 0.1)
    prediction = mean_field.predict(phi, SHAPES, weight, bias)
    square = 1.0
    expected = []
    for layer, (fan_in, _) in enumerate(SHAPES):
        moments = mean_field.moments(phi, fan_in * weight[layer] * square + bias[layer])
        assert prediction.preactivation_square[layer] == pytest.approx(
            fan_in * weight[layer] * square + bias[layer]
        )
        assert prediction.activation_mean[layer] == pytest.approx(moments.mean)
        assert prediction.activation_variance[layer] == pytest.approx(moments.variance)
        square = moments.square
        drift = mean_field.leading_drift(moments, SHAPES[layer][1])
        expected.append(moments.slope_square * math.exp(drift))
    last = expected[2]
    middle = expected[1] * 20 * 0.2 * last
    first = expected[0] * 16 * 0.1 * middle
    assert prediction.gradient_square == pytest.approx([first, middle, last])


def test_the_tanh_network_of_the_lecture_shrinks_as_the_lecture_shows() -> None:
    """Six tanh layers of 4096 with W = 0.01 N(0, 1): standard deviations measured elsewhere."""
    prediction = mean_field.predict(resolve("tanh"), [(4096, 4096)] * 6, [1e-4] * 6, [0.0] * 6)
    deviations = np.sqrt(prediction.activation_variance)
    assert deviations == pytest.approx([0.492, 0.289, 0.179, 0.113, 0.072, 0.046], abs=6e-4)
    ratio = math.sqrt(prediction.gradient_square[0] / prediction.gradient_square[-1])
    assert ratio == pytest.approx(0.0747, abs=1e-4)


def sampled(
    name: str, shapes: Shapes, variance: tuple[float, ...], nets: int, bias: float = 0.0
) -> tuple[Array, Array]:
    """Return the mean squares of sampled networks, forward and backward: (layers, nets) each."""
    rng = np.random.default_rng(11)
    phi = resolve(name)
    x = rng.standard_normal((nets, shapes[0][0]))
    x /= np.sqrt((x**2).mean(axis=1, keepdims=True))
    kernels, before, after = [], [], []
    for (fan_in, fan_out), var in zip(shapes, variance, strict=True):
        kernel = rng.standard_normal((nets, fan_in, fan_out)) * math.sqrt(var)
        kernels.append(kernel)
        h = np.einsum("ki,kio->ko", x, kernel) + math.sqrt(bias) * rng.standard_normal(
            (nets, fan_out)
        )
        x = phi.value(h)
        before.append(h)
        after.append((x**2).mean(axis=1))
    flow = rng.standard_normal((nets, shapes[-1][1]))
    back = []
    for kernel, h in zip(reversed(kernels), reversed(before), strict=True):
        gradient = flow * phi.slope(h)
        back.append((gradient**2).mean(axis=1))
        flow = np.einsum("ko,kio->ki", gradient, kernel)
    return np.array(after), np.array(back[::-1])


@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu(0.5)"])
def test_log_means_of_narrow_networks_are_exact(name: str) -> None:
    """At widths of 12 to 20 the drift is 0.1 per layer, and the sample resolves 2 % of it."""
    variance = (1 / 24, 2 / 12, 1 / 16)
    forward, backward = sampled(name, SHAPES, variance, nets=20_000)
    prediction = mean_field.predict(resolve(name), SHAPES, variance, (0.0,) * 3)
    for measured, predicted in (
        (forward, prediction.activation_square),
        (backward, prediction.gradient_square),
    ):
        logs = np.where(measured > 0, np.log(np.where(measured > 0, measured, 1.0)), np.nan)
        error = np.nanstd(logs, axis=1) / math.sqrt(logs.shape[1])
        assert (np.abs(np.nanmean(logs, axis=1) - np.log(predicted)) < 4.5 * error).all()
        # Without the drift, or with another layer's width, the same comparison fails.
        drift = mean_field.drift(mean_field.half_slopes(resolve(name)) or (1.0, 1.0), 16)[0]
        assert abs(drift) > 9 * error.max()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "selu"])
def test_maps_hold_for_wide_networks(name: str) -> None:
    """The mean squares of 40 networks, 240 to 400 units wide, with biases and different fans,
    agree with the maps."""
    variance = (1 / 480, 1.5 / 240, 2 / 320)
    forward, backward = sampled(name, WIDE, variance, nets=40, bias=0.1)
    prediction = mean_field.predict(resolve(name), WIDE, variance, (0.1,) * 3)
    # The mean square of one network varies by some 10 % at these widths: 4.5 standard errors of
    # 40 networks are 7 %. Exchanged fans are off by 20 to 100 % in at least one layer.
    assert forward.mean(axis=1) == pytest.approx(prediction.activation_square, rel=0.07)
    assert backward.mean(axis=1) == pytest.approx(prediction.gradient_square, rel=0.07)
    swapped = mean_field.predict(
        resolve(name), [shape[::-1] for shape in WIDE], variance, (0.1,) * 3
    )
    assert backward.mean(axis=1) != pytest.approx(swapped.gradient_square, rel=0.07)


def test_a_bias_removes_the_forward_drift_and_leaves_the_backward_one() -> None:
    square = [(64, 64)] * 4
    bare = mean_field.predict(resolve("relu"), square, [2 / 64] * 4, [0.0] * 4)
    biased = mean_field.predict(resolve("relu"), square, [2 / 64] * 4, [0.0, 0.0, 0.0, 1e-9])
    drift = mean_field.drift((0.0, 1.0), 64)[0]
    assert np.log(bare.activation_square) == pytest.approx(drift * np.arange(1, 5))
    assert np.log(biased.activation_square) == pytest.approx(np.zeros(4), abs=1e-6)
    assert biased.gradient_square == pytest.approx(bare.gradient_square)


def test_orthogonal_kernels_keep_linear_norms() -> None:
    square = [(32, 32)] * 4
    prediction = mean_field.predict(
        resolve("linear"), square, [1 / 32] * 4, [0.0] * 4, orthogonal=True
    )
    assert prediction.preactivation_square == pytest.approx(np.ones(4), rel=1e-14)
    assert prediction.activation_square == pytest.approx(np.ones(4), rel=1e-14)
    cotangent = math.exp(mean_field.drift((1.0, 1.0), 32)[0])
    assert prediction.gradient_square == pytest.approx(np.full(4, cotangent), rel=1e-14)
