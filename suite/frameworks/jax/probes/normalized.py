"""Deep networks of Flax' own dense and normalization layers, and the functions of ``jax.nn``."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from suite.catalogue import activations, optimizers
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.jax.layers import linear
from suite.types import Array, Weights


def propagate(
    activation: str,
    arrangement: str,
    normalization: str,
    residual: float,
    weights: Weights,
    inputs: Array,
    cotangent: Array,
    epsilon: float,
) -> tuple[Array, Array]:
    """Go through the layers one by one, in programs of one layer."""
    layers, stream, compiled = jax.tree.map(jnp.asarray, weights), [jnp.asarray(inputs)], []
    for position, (kernel, bias) in enumerate(layers):
        skip = residual if arrangement == "blocks" or position > 0 else 0.0
        compiled.append(_layer(activation, arrangement, normalization, skip, epsilon))
        stream.append(compiled[-1][0](kernel, bias, stream[-1]))
    gradients = [jnp.asarray(cotangent)]
    for (kernel, bias), (_, backward), x in zip(
        reversed(layers), reversed(compiled), reversed(stream[:-1]), strict=True
    ):
        gradients.append(backward(kernel, bias, x, gradients[-1]))
    outputs, by_layer = (np.stack([np.asarray(x) for x in part]) for part in (stream, gradients))
    return outputs[1:], by_layer[::-1]


@functools.lru_cache(maxsize=64)
def _layer(
    activation: str, arrangement: str, normalization: str, skip: float, epsilon: float
) -> tuple[Any, Any]:
    """Return compiled functions of one layer: its output, and the gradient by its input."""
    function = native(activations.resolve(activation).native("jax"))
    declared = NORMALIZATIONS[normalization].native("jax", {"epsilon": epsilon})

    def forward(kernel: Any, bias: Any, x: Any) -> Any:
        parts: list[Any] = [linear(kernel, bias), function]
        if declared is not None:
            parts.insert(1, native(declared)(kernel.shape[1], rngs=nnx.Rngs(0)))
        if arrangement == "blocks":
            parts = [*parts[1:], parts[0]]
        branch = nnx.Sequential(*parts)(x)
        return x + skip * branch if skip else branch

    def backward(kernel: Any, bias: Any, x: Any, g: Any) -> Any:
        return jax.vjp(lambda x: forward(kernel, bias, x), x)[1](g)[0]

    return jax.jit(forward), jax.jit(backward)


def shift(
    activation: str,
    normalization: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    optimizer: str,
    steps: int,
    epsilon: float,
) -> tuple[Array, Array, Array]:
    """Train in a loop; the gradients of mixed layers are those of the same compiled function."""
    gradients = _gradients(activation, normalization, epsilon)
    *hidden, last = [list(map(jnp.asarray, layer)) for layer in weights]
    if normalization != "none":
        hidden = [[kernel, bias, jnp.ones_like(bias), 0 * bias] for kernel, bias in hidden]
    layers, x, y = [*hidden, last], jnp.asarray(inputs), jnp.asarray(labels)
    stepper = native(optimizers.resolve(optimizer).native("jax", "common"))()
    state = stepper.init(layers)
    losses, before, after = [], [], []
    for _ in range(steps):
        loss, by_layer = gradients(layers, x, y)
        losses.append(float(loss))
        before.append(np.stack([layer[0] for layer in by_layer[1:-1]]))
        updates, state = stepper.update(by_layer, state, layers)
        ended = optax.apply_updates(layers, updates)
        turned = [
            gradients([*ended[:position], *layers[position:]], x, y)[1][position][0]
            for position in range(1, len(layers) - 1)
        ]
        after.append(np.stack(turned))
        layers = ended
    return np.array(losses), np.array(before), np.array(after)


@functools.lru_cache(maxsize=8)
def _gradients(activation: str, normalization: str, epsilon: float) -> Any:
    """Return a compiled function of the layers, inputs and labels: the loss, and its gradient by
    all that is trained, kernel and bias, and gamma and beta of a hidden layer."""
    function = native(activations.resolve(activation).native("jax"))
    declared = NORMALIZATIONS[normalization].native("jax", {"epsilon": epsilon})

    def hidden(x: Any, kernel: Any, bias: Any, *trained: Any) -> Any:
        x = linear(kernel, bias)(x)
        if declared is not None:
            normal = native(declared)(len(bias), rngs=nnx.Rngs(0))
            normal.scale, normal.bias = map(nnx.Param, trained)
            x = normal(x)
        return function(x)

    def loss(layers: Any, x: Any, y: Any) -> Any:
        for layer in layers[:-1]:
            x = hidden(x, *layer)
        return optax.sigmoid_binary_cross_entropy(linear(*layers[-1])(x)[:, 0], y).mean()

    return jax.jit(jax.value_and_grad(loss))
