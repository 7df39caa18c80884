"""The multilayer perceptron as a user of Flax NNX writes it, in single or double precision."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flax import nnx

from suite.catalogue import activations
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.jax_signals import Passes, passes
from suite.frameworks.jax_stack import PRECISIONS
from suite.types import Architecture


def linear(kernel: Any, bias: Any = None) -> nnx.Linear:
    """Return a dense layer with these values, (fan_in, fan_out) and (fan_out,); without a bias
    where none is given. Nothing is drawn."""
    given = {"use_bias": bias is not None}
    layer = nnx.eval_shape(lambda: nnx.Linear(*kernel.shape, rngs=nnx.Rngs(0), **given))
    layer.kernel = nnx.Param(kernel)
    if bias is not None:
        layer.bias = nnx.Param(bias)
    return layer


def convolution(kernel: Any, bias: Any = None, padding: str = "VALID") -> nnx.Conv:
    """Return a convolution with these values, (height, width, in, out) and (out,), likewise."""
    *field, inputs, outputs = kernel.shape
    given = {"use_bias": bias is not None, "padding": padding}
    layer = nnx.eval_shape(
        lambda: nnx.Conv(inputs, outputs, tuple(field), rngs=nnx.Rngs(0), **given)
    )
    layer.kernel = nnx.Param(kernel)
    if bias is not None:
        layer.bias = nnx.Param(bias)
    return layer


def statistics_in(layer: nnx.Module, dtype: str) -> None:
    """Turn the running statistics of a layer into a type: Flax makes them single whatever it is
    told, and warns of an error to come where a double is written into them."""
    for name in ("mean", "var"):
        if isinstance(kept := getattr(layer, name, None), nnx.BatchStat):
            setattr(layer, name, nnx.BatchStat(kept[...].astype(dtype)))


@functools.lru_cache(maxsize=64)
def compiled_passes(activation: str) -> Passes:
    """Return the compiled functions of a dense layer and an activation, forward and backward."""
    function = native(activations.resolve(activation).native("jax"))
    return passes(lambda kernel, bias, x: linear(kernel, bias)(x), function)


class Residual(nnx.Module):
    """x + factor f(x), with f the layers in their order."""

    def __init__(self, factor: float, layers: Sequence[Any]) -> None:
        self.factor = factor
        self.inner = nnx.Sequential(*layers)

    def __call__(self, x: Any) -> Any:
        """Add the scaled output of the layers, which keep the shape."""
        return x + self.factor * self.inner(x)


@dataclass(frozen=True)
class Network:
    """A model, and those of its layers that are looked up, in their order."""

    model: nnx.Sequential
    dense: tuple[nnx.Linear, ...]
    dropout: tuple[nnx.Dropout, ...]


def network(architecture: Architecture, settings: str, precision: str) -> Network:
    """Return the multilayer perceptron, with weights that are to be replaced.

    Its layers lie flat in one sequence, except for those of a hidden layer with a residual
    connection, which are a ``Residual``. ``settings`` concerns the normalization layers here:
    ``common`` sets their epsilon and momentum as in ``normalizations``, ``default`` leaves them to
    Flax. Raises UserError for an unknown activation, normalization or settings.
    """
    entry = NORMALIZATIONS[architecture.normalization]
    normalization = entry.native("jax", entry.values(settings))
    function = native(activations.resolve(architecture.activation).native("jax"))
    rngs = nnx.Rngs(0)
    dense = [
        nnx.Linear(fan_in, fan_out, param_dtype=PRECISIONS[precision], rngs=rngs)
        for fan_in, fan_out in architecture.shapes
    ]
    layers: list[Any] = []
    dropout = []
    for position, (linear, (_, fan_out)) in enumerate(
        zip(dense[:-1], architecture.shapes[:-1], strict=True)
    ):
        hidden = [linear]
        if normalization is not None:
            made = native(normalization)
            hidden.append(made(fan_out, param_dtype=PRECISIONS[precision], rngs=rngs))
        hidden.append(function)
        if architecture.dropout:
            # A stream of its own: each layer of each member gets its own key afterwards.
            dropout.append(nnx.Dropout(architecture.dropout, rngs=nnx.Rngs(0)))
            hidden.append(dropout[-1])
        if architecture.residual and position > 0:
            layers.append(Residual(architecture.residual, hidden))
        else:
            layers += hidden
    return Network(nnx.Sequential(*layers, dense[-1]), tuple(dense), tuple(dropout))
