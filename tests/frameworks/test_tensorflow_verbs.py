"""TensorFlow, one layer or one network at a time: what it draws, evaluates and propagates."""

from __future__ import annotations

import gc
import itertools
from typing import Any

import numpy as np
import pytest

from suite import frameworks
from suite.frameworks.keras import starts
from suite.frameworks.tensorflow import TensorFlow, backend
from suite.frameworks.tensorflow.backend import constant, keras
from suite.types import Array

TENSORFLOW = TensorFlow()


@pytest.mark.parametrize("activation", ["linear", "tanh", "leaky_relu"])
def test_propagate_agrees_with_the_oracle(activation: str) -> None:
    rng = np.random.default_rng(3)
    sizes = (7, 16, 16, 16)
    weights = tuple(
        (rng.normal(size=(i, o)).astype(np.float32) / 4, rng.normal(size=o).astype(np.float32))
        for i, o in itertools.pairwise(sizes)
    )
    inputs, cotangent = (rng.normal(size=(4, n)).astype(np.float32) for n in (7, 16))
    (signals,) = TENSORFLOW.propagate((activation,), weights, inputs, cotangent)
    (expected,) = frameworks.load("numpy").propagate((activation,), weights, inputs, cotangent)
    assert np.shape(signals.preactivation) == np.shape(signals.gradient) == (3, 4, 16)
    for name in ("preactivation", "activation", "gradient"):
        # sums of 16 products in float32: some roundings of values up to 3
        np.testing.assert_allclose(getattr(signals, name), getattr(expected, name), atol=1e-5)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_evaluate_keeps_shape_and_precision(precision: type[np.floating[Any]]) -> None:
    points: Array = np.linspace(-3, 3, 12, dtype=precision).reshape(3, 4)
    value, slope = TENSORFLOW.evaluate("tanh", points)
    assert value.dtype == slope.dtype == precision
    tolerance = 4 * float(np.finfo(precision).eps)
    np.testing.assert_allclose(value, np.tanh(points), rtol=tolerance)
    np.testing.assert_allclose(slope, 1 - np.tanh(points) ** 2, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["default", "normal(0.05)", "he_normal", "orthogonal"])
def test_a_draw_depends_on_its_seed_alone(name: str) -> None:
    kernel, bias = TENSORFLOW.draw(name, 6, 4, 2**31 - 1)
    again, _ = TENSORFLOW.draw(name, 6, 4, 2**31 - 1)
    other, _ = TENSORFLOW.draw(name, 6, 4, 0)
    assert (kernel.shape, bias.shape) == ((6, 4), (4,))
    assert kernel.dtype == bias.dtype == np.float32
    assert kernel.tobytes() == again.tobytes()
    assert not np.any(kernel == other)
    assert not np.any(bias)


def test_a_draw_becomes_a_tensor_without_a_copy() -> None:
    kernel, _ = TENSORFLOW.draw("he_normal", 6, 6, 1)
    assert not kernel.flags.writeable
    tensor = constant(kernel)
    assert constant(kernel) is tensor
    np.testing.assert_array_equal(tensor, kernel)
    for other in (kernel.T, kernel[:], kernel.copy()):
        assert constant(other) is not tensor
        np.testing.assert_array_equal(constant(other), other)
    assert constant(kernel, "float64").dtype == "float64"


def test_a_drawn_tensor_is_released_with_its_array() -> None:
    kernel, _ = TENSORFLOW.draw("he_normal", 6, 6, 1)
    number = id(kernel)
    assert number in backend._VIEWED
    del kernel, _
    gc.collect()
    assert number not in backend._VIEWED


def test_zeros_and_constants_need_no_seed() -> None:
    assert not np.any(TENSORFLOW.draw("zeros", 3, 2, 1)[0])
    assert np.all(TENSORFLOW.draw("constant(0.5)", 3, 2, 1)[0] == 0.5)


def test_default_is_what_the_layer_does_without_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dense with other defaults is followed: none of them is written down in the suite."""

    class Other(keras.layers.Dense):  # type: ignore[misc]
        def __init__(self, units: int) -> None:
            super().__init__(
                units,
                kernel_initializer=keras.initializers.RandomUniform(2.0, 3.0),
                bias_initializer="ones",
            )

    expected = keras.layers.Dense(4).kernel_initializer.from_config({"seed": 9})((6, 4))
    starts.starts.cache_clear()
    np.testing.assert_array_equal(TENSORFLOW.draw("default", 6, 4, 9)[0], expected)
    starts.starts.cache_clear()
    monkeypatch.setattr(keras.layers, "Dense", Other)
    kernel, bias = TENSORFLOW.draw("default", 6, 4, 9)
    starts.starts.cache_clear()
    assert kernel.min() >= 2.0
    assert np.all(bias == 1.0)
