"""Signals of a network at its start, for all frameworks that run on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from suite.types import Array, LayerSignals

Passes = tuple[Any, Any]
"""Compiled functions of one layer and its activation, forward and backward."""


def passes(dense: Callable[..., Any], function: Callable[..., Any]) -> Passes:
    """Compile a dense layer ``dense(kernel, bias, x)`` and its activation.

    One program a layer, since a whole deep network would take seconds to compile.
    """

    def forward(kernel: Any, bias: Any, x: Any) -> tuple[Any, Any]:
        preactivation = dense(kernel, bias, x)
        return preactivation, function(preactivation)

    def backward(kernel: Any, bias: Any, x: Any, preactivation: Any, g: Any) -> tuple[Any, Any]:
        (at_preactivation,) = jax.vjp(function, preactivation)[1](g)
        (at_input,) = jax.vjp(lambda x: dense(kernel, bias, x), x)[1](at_preactivation)
        return at_preactivation, at_input

    return jax.jit(forward), jax.jit(backward)


def propagated(compiled: Passes, layers: Any, inputs: Array, cotangent: Array) -> LayerSignals:
    """Return the signals of one network, whose layers (kernel, bias) are JAX arrays."""
    signals, _ = traversed(compiled, layers, inputs, cotangent)
    return LayerSignals(*([np.asarray(value) for value in part] for part in signals))


def traversed(
    compiled: Passes, layers: Any, inputs: Array, cotangent: Array
) -> tuple[tuple[list[Any], list[Any], list[Any]], Any]:
    """Return pre-activations, activations and gradients by the pre-activations of each layer, and
    the gradient by the inputs, all as JAX arrays."""
    forward, backward = compiled
    befores, preactivations, outputs, x = [], [], [], jax.numpy.asarray(inputs)
    for kernel, bias in layers:
        befores.append(x)
        preactivation, x = forward(kernel, bias, x)
        preactivations.append(preactivation)
        outputs.append(x)
    gradients, g = [], jax.numpy.asarray(cotangent)
    for (kernel, bias), before, preactivation in zip(
        reversed(layers), reversed(befores), reversed(preactivations), strict=True
    ):
        at_preactivation, g = backward(kernel, bias, before, preactivation, g)
        gradients.append(at_preactivation)
    return (preactivations, outputs, gradients[::-1]), g
