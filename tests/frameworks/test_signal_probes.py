"""The probes of signals in both frameworks against the slow definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from suite import frameworks
from suite.probes.signals import Signals
from suite.types import Array, Weights

BOTH = ("torch", "tensorflow")
ROUNDING = 2e-5
"""As a share of the largest entry: single precision through three layers of at most 7 terms, whose
products round by 6e-8 each; a transposed kernel or a missing slope is off by its whole size."""


def network(*sizes: int) -> Weights:
    rng = np.random.default_rng(3)
    return tuple(
        (rng.normal(size=(m, n)).astype(np.float32), rng.normal(size=n).astype(np.float32))
        for m, n in itertools.pairwise(sizes)
    )


def close(result: Array, expected: Array) -> None:
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() <= ROUNDING * np.abs(expected).max()


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_jacobian(name: str, activation: str) -> None:
    weights, point = network(4, 7, 5, 6), np.linspace(-1, 1, 4)
    result = frameworks.probe(name, Signals).jacobian(activation, weights, point)
    close(result, frameworks.probe("numpy", Signals).jacobian(activation, weights, point))


def test_the_definition_of_the_jacobian_is_a_limit_of_differences() -> None:
    weights, point, step = network(3, 5, 5), np.array([0.3, -0.2, 0.9]), 1e-6
    result = frameworks.probe("numpy", Signals).jacobian("tanh", weights, point)

    def output(x: Array) -> Array:
        for kernel, bias in weights:
            x = np.tanh(x @ kernel.astype(np.float64) + bias)
        return x

    for feature in range(3):
        shift = step * np.eye(3)[feature]
        quotient = (output(point + shift) - output(point - shift)) / (2 * step)
        # Central differences are off by step^2 and by rounding over step, both about 1e-10.
        assert result[:, feature] == pytest.approx(quotient, abs=1e-8)


@pytest.mark.parametrize("name", BOTH)
def test_through_is_one_layer_of_each_network(name: str) -> None:
    rng = np.random.default_rng(4)
    parts = [rng.normal(size=size).astype(np.float32) for size in ((3, 4, 5), (3, 5), (3, 2, 4))]
    result = frameworks.probe(name, Signals).through("relu", *parts)
    close(result, frameworks.probe("numpy", Signals).through("relu", *parts))
    alone = [part[1:2] for part in parts]
    close(frameworks.probe(name, Signals).through("relu", *alone), result[1:2].astype(np.float64))


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(("precision", "share"), [("single", ROUNDING), ("double", 1e-13)])
def test_backward_in_each_precision(name: str, precision: str, share: float) -> None:
    """Double precision agrees to 1e-13 of the largest entry, which no single-precision step
    could."""
    rng = np.random.default_rng(5)
    weights = network(5, 5, 5)
    inputs, cotangent = rng.normal(size=(2, 3, 5))
    given = ("sigmoid", weights, inputs, cotangent, precision)
    result = frameworks.probe(name, Signals).backward(*given)
    expected = frameworks.probe("numpy", Signals).backward(*given)
    assert result.dtype == (np.float32 if precision == "single" else np.float64)
    assert np.abs(result - expected).max() <= share * np.abs(expected).max()


@pytest.mark.parametrize("name", ["numpy", *BOTH])
def test_the_smallest_number_is_normal_or_denormal(name: str) -> None:
    """Either is correct; the probe says which of the two a framework reaches."""
    for precision, allowed in (("single", (-149, -126)), ("double", (-1074, -1022))):
        result = frameworks.probe(name, Signals).smallest(precision)
        assert math.log2(result) in allowed
