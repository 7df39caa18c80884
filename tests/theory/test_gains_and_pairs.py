"""The predictions for pairs and gains agree with random samples, with iteration and with limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from suite.catalogue import activations
from suite.theory import gains, mean_field, pairs
from suite.types import Array

SAMPLES = 400_000


def correlated_gaussians(q: float, c: float) -> tuple[Array, Array]:
    """Draw two samples of N(0, q) with correlation c, (SAMPLES,) each."""
    u, other = math.sqrt(q) * np.random.default_rng(1).standard_normal((2, SAMPLES))
    return u, c * u + math.sqrt(1 - c * c) * other


@pytest.mark.parametrize("name", ["tanh", "relu", "leaky_relu(0.2)", "linear"])
@pytest.mark.parametrize("c", [0.0, 0.6, -0.4])
def test_products_equal_the_mean_of_a_sample(name: str, c: float) -> None:
    phi, q = activations.resolve(name), 1.7
    u, v = correlated_gaussians(q, c)
    for f, predicted in (
        (phi.value, pairs.product(phi, q, c)),
        (phi.slope, pairs.slope_product(phi, q, c)),
    ):
        products = f(u) * f(v)
        # 4.5 standard errors, none of which exceeds 0.004; with c and -c exchanged, or a half
        # slope in the wrong place, the products move by 0.1 and more. Constants have no error.
        error = products.std() / SAMPLES**0.5
        assert predicted == pytest.approx(products.mean(), abs=4.5 * error + 1e-9)


def test_two_equal_inputs_have_the_moments_of_one() -> None:
    for name in ("tanh", "relu"):
        phi = activations.resolve(name)
        moment = mean_field.moments(phi, 0.8)
        # The Gauss-Hermite rule of tanh is good to 1e-6 at q = 0.8; the kernels are exact.
        assert pairs.product(phi, 0.8, 1.0) == pytest.approx(moment.square, rel=1e-6)
        assert pairs.slope_product(phi, 0.8, 1.0) == pytest.approx(moment.slope_square, rel=1e-5)


def test_a_pair_through_three_relu_layers_follows_the_arc_cosine_kernel() -> None:
    relu = pairs.predict(activations.resolve("relu"), 3, 0.0, 2.0, 0.0)
    assert relu.square == pytest.approx([1.0, 1.0, 1.0] * np.array(2.0))
    # Orthogonal inputs correlate by 1 / pi after one layer (Cho and Saul 2009).
    assert relu.correlation[:2] == pytest.approx([0.0, 1 / math.pi])
    both_active = 1 - np.arccos(relu.correlation) / math.pi
    assert relu.gradient_cosine == pytest.approx([math.prod(both_active[n:]) for n in range(3)])


def test_the_limits_of_order_and_chaos() -> None:
    tanh = activations.resolve("tanh")
    order = pairs.limit(tanh, 1.0, 0.05)
    assert (order.correlation, order.factor) == (1.0, mean_field.chi(tanh, order.square, 1.0))
    chaos = pairs.limit(tanh, 2.5, 0.05)
    # 300 layers are 25 correlation lengths: e^-25 is left of the distance.
    long = pairs.predict(tanh, 300, 0.9, 2.5, 0.05)
    assert long.correlation[-1] == pytest.approx(chaos.correlation, abs=1e-8)
    assert long.square[-1] == pytest.approx(chaos.square, rel=1e-10)
    distance = long.correlation[100:102] - chaos.correlation
    assert distance[1] / distance[0] == pytest.approx(chaos.factor, rel=1e-3)
    assert chaos.length == pytest.approx(11.8, abs=0.05)  # computed beforehand


@pytest.mark.parametrize("name", ["tanh", "gelu", "selu", "softplus"])
def test_the_unit_gain_keeps_one_and_its_response_is_a_difference_quotient(name: str) -> None:
    phi, step = activations.resolve(name), 1e-5
    gain = gains.unit_gain(phi)
    assert gains.iterate(phi, gain, 1.0, 3) == pytest.approx([1.0, 1.0, 1.0])
    assert gains.fixed_point(phi, gain) == pytest.approx(1.0)
    low, high = (math.log(mean_field.moments(phi, math.exp(s)).square) for s in (-step, step))
    # A central difference: off by step^2 and by 1e-15 / step.
    assert gains.response(phi, 1.0) == pytest.approx((high - low) / (2 * step), abs=1e-8)


def test_fixed_points_are_the_limits_of_iteration() -> None:
    tanh = activations.resolve("tanh")
    q = gains.fixed_point(tanh, 5 / 3)
    assert gains.iterate(tanh, 5 / 3, 1.0, 100)[-1] == pytest.approx(q)
    # Computed beforehand, without this code: q* = 1.178.
    assert q == pytest.approx(1.178, abs=1e-3)
    assert math.isnan(gains.fixed_point(tanh, 0.9))  # only 0 is kept
    assert math.isnan(gains.fixed_point(activations.resolve("relu"), math.sqrt(2)))


@pytest.mark.parametrize("name", ["linear", "relu"])
def test_the_kurtosis_of_kernels_narrows_the_spread(name: str) -> None:
    """For uniform kernels (excess kurtosis -1.2), 12 units and 60,000 layers, the sampled variance
    of the log is off by 0.6 % and the neglected terms by about 2 %. Without the correction the
    prediction would be off by 8 % (linear) and 20 % (relu)."""
    phi, width, size = activations.resolve(name), 12, 60_000
    rng = np.random.default_rng(8)
    slopes = mean_field.half_slopes(phi)
    assert slopes is not None
    entering = phi.value(rng.standard_normal((size, width)))
    entering = entering[(entering != 0).any(axis=1)]
    kernels = rng.uniform(-1, 1, (len(entering), width, width))
    leaving = phi.value(np.einsum("si,sio->so", entering, kernels))
    squares = (leaving**2).sum(axis=1) / (entering**2).sum(axis=1)
    sampled = np.log(squares[squares > 0]).var()
    gaussian = mean_field.drift(slopes, width)[1]
    corrected = gaussian + mean_field.kurtosis_drift(slopes, width, -1.2)[1]
    assert corrected == pytest.approx(sampled, rel=0.05)
    assert gaussian != pytest.approx(sampled, rel=0.05)
