"""PyTorch, one layer or one network at a time: what it draws, evaluates and propagates."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from suite.catalogue import initializers
from suite.catalogue.registry import native
from suite.frameworks.torch import Torch

TORCH = Torch()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_propagate_is_the_chain_rule(activation: str) -> None:
    """By hand in float64: ten layers amplify the rounding of float32 to below 1e-5."""
    rng = np.random.default_rng(0)
    sizes = [7, *[24] * 10]
    weights = [
        (rng.normal(size=(i, o)) * np.sqrt(2 / i), 0.1 * rng.normal(size=o))
        for i, o in itertools.pairwise(sizes)
    ]
    weights = [(kernel.astype(np.float32), bias.astype(np.float32)) for kernel, bias in weights]
    weights[1][0].setflags(write=False)  # a read-only kernel is copied, without a warning
    inputs, cotangent = (rng.normal(size=(5, n)).astype(np.float32) for n in (7, 24))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (signals,) = TORCH.propagate((activation,), tuple(weights), inputs, cotangent)
    hidden, befores, slopes = inputs.astype(np.float64), [], []
    for layer, (kernel, bias) in enumerate(weights):
        before = hidden @ kernel.astype(np.float64) + bias
        hidden = np.tanh(before) if activation == "tanh" else np.maximum(before, 0)
        slopes.append(1 - hidden**2 if activation == "tanh" else (before > 0).astype(np.float64))
        befores.append(before)
        np.testing.assert_allclose(signals.preactivation[layer], before, rtol=0, atol=1e-4)
        np.testing.assert_allclose(signals.activation[layer], hidden, rtol=0, atol=1e-4)
    gradient = cotangent.astype(np.float64)
    for layer in reversed(range(10)):
        gradient = gradient * slopes[layer]
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(signals.gradient[layer], gradient, rtol=0, atol=1e-4 * scale)
        gradient = gradient @ weights[layer][0].T.astype(np.float64)


def test_draw_is_the_fresh_layer() -> None:
    """It is the layer that a user gets after ``torch.manual_seed``; kernels are (fan_in,
    fan_out)."""
    kernel, bias = TORCH.draw("default", 3, 400, 7)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        layer = nn.Linear(3, 400)
    np.testing.assert_array_equal(kernel, layer.weight.detach().numpy().T)
    np.testing.assert_array_equal(bias, layer.bias.detach().numpy())
    kernel, bias = TORCH.draw("he_uniform", 3, 400, 7)
    assert kernel.shape == (3, 400)
    # U(-b, b) with b = sqrt(6 / fan_in): the largest of 1,200 draws is above 0.98 b, with a
    # probability of 1 - e^-24.
    assert 0.98 < np.abs(kernel).max() / np.sqrt(6 / 3) <= 1
    np.testing.assert_array_equal(bias, np.zeros(400, np.float32))


@pytest.mark.parametrize("name", ["he_normal", "xavier_uniform", "orthogonal", "zeros"])
def test_a_draw_is_what_fills_the_weight_of_a_layer(name: str) -> None:
    """Bit for bit, with the global generator that torch's own documentation uses."""
    declared = initializers.resolve(name).native("torch")
    assert declared is not None
    fill = native(declared)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        layer = nn.Linear(40, 30)
        torch.manual_seed(9)
        fill(layer.weight)
    kernel, bias = TORCH.draw(name, 40, 30, 9)
    np.testing.assert_array_equal(kernel, layer.weight.detach().numpy().T)
    assert kernel.dtype == bias.dtype == np.float32
    assert not bias.any()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_evaluate_keeps_the_precision(precision: str) -> None:
    points = np.linspace(-3, 3, 7).astype(precision)
    value, slope = TORCH.evaluate("tanh", points)
    assert value.dtype == slope.dtype == precision
    tolerance = 4 * float(np.finfo(points.dtype).eps)  # a few roundings of values up to 1
    np.testing.assert_allclose(value, np.tanh(points), rtol=0, atol=tolerance)
    np.testing.assert_allclose(slope, 1 - np.tanh(points) ** 2, rtol=0, atol=tolerance)


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    for initializer in ("default", "he_normal", "orthogonal"):
        first, same, other = (
            TORCH.draw(initializer, 3, 4, seed)[0].tobytes() for seed in (5, 5, 6)
        )
        assert first == same != other


def test_the_global_generator_is_left_as_it_was() -> None:
    state = torch.get_rng_state()
    for initializer in ("default", "orthogonal", "zeros"):
        TORCH.draw(initializer, 3, 4, 1)
    TORCH.propagate(("tanh",), ((np.eye(3), np.zeros(3)),), np.ones((2, 3)), np.ones((2, 3)))
    TORCH.evaluate("relu", np.ones(3))
    assert torch.equal(torch.get_rng_state(), state)
