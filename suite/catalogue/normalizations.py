"""The normalization layers: what each one computes, by definition, and its name in each framework.

With mean and variance (population) over the axes that it averages, a layer returns

    gamma xhat + beta,    xhat = (x - mean) / sqrt(variance + epsilon),

with a trained gamma and beta for each feature (the last axis). ``NORMALIZATIONS`` holds what a
network may have between a hidden layer's kernel and its activation; to add one, add an entry.
``LAYERS`` holds single layers, for values of a dense layer (N, D) or a convolution (N, H, W, C).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from suite.catalogue import registry
from suite.catalogue.optimizers import SETTINGS
from suite.catalogue.registry import natives
from suite.types import Array, Native, float64

EPSILON = 1e-5
"""The number that is added to a variance with the settings ``common``; torch's default too."""
_STILL: Mapping[str, float] = {"epsilon": EPSILON}
_MOVING: Mapping[str, float] = {"epsilon": EPSILON, "momentum": 0.9}


@dataclass(frozen=True)
class Definition:
    """What a layer computes before gamma and beta.

    ``value(x, epsilon)``: xhat in float64, the shape of ``x``. ``gradient(x, epsilon,
    cotangent)``: the derivative of sum(cotangent * xhat) by ``x``, float64, the same shape.
    ``axes``: those of ``x`` over which mean and variance are taken; empty where there is no
    layer; None for another formula, for which ``suite.theory`` then predicts nothing.
    """

    value: Callable[[Array, float], Array]
    gradient: Callable[[Array, float, Array], Array]
    axes: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Normalization:
    """One normalization layer.

    ``common``: neutral name -> value with the settings ``common``: ``epsilon`` is added to the
    variance; ``momentum`` is the share of the old value in a moving average, for layers that keep
    moving statistics. ``translate(values)``: framework -> the framework's own class, and the
    values under the names of its keyword arguments; torch's and Flax' classes take the number of
    features as their first argument. None: there is no layer.
    """

    name: str
    source: str
    definition: Definition
    translate: Callable[[Mapping[str, float]], Mapping[str, Native]] | None
    common: Mapping[str, float] = field(default_factory=dict)

    @property
    def keeps_statistics(self) -> bool:
        """Whether inference normalises by moving statistics that training has kept."""
        return "momentum" in self.common

    def undeclared(self, framework: str) -> str | None:
        """Return why a framework has no such layer, or None where it has one."""
        if framework == registry.ORACLE or self.translate is None:
            return None
        natives = self.translate(self.common)
        return registry.undeclared(f"normalization {self.name!r}", natives, framework)

    def values(self, settings: str) -> Mapping[str, float]:
        """Return the hyper-parameters to set: none with the settings ``default``.

        Raises UserError for unknown settings.
        """
        if settings not in SETTINGS:
            raise registry.unknown("settings", settings, SETTINGS)
        return self.common if settings == "common" else {}

    def native(self, framework: str, values: Mapping[str, float]) -> Native | None:
        """Return the framework's own class and its keyword arguments for the given values.

        None where there is no layer. Raises UserError for a framework for which none is declared.
        """
        if self.translate is None:
            return None
        natives = self.translate(values)
        return registry.of_framework(f"normalization {self.name!r}", natives, framework)


# --- the definitions ---------------------------------------------------------------------------


def standardized(x: Array, epsilon: float, axes: tuple[int, ...]) -> Array:
    """Return (x - mean) / sqrt(variance + epsilon) over ``axes``: float64, the shape of ``x``.

    Ioffe and Szegedy 2015, Algorithm 1, where the axes are those of the batch.
    """
    x = float64(x)
    return np.asarray((x - _mean(x, axes)) / _deviation(x, epsilon, axes))


def standardized_gradient(
    x: Array, epsilon: float, cotangent: Array, axes: tuple[int, ...]
) -> Array:
    """Return the derivative of sum(g * xhat) by ``x``, g the cotangent: float64, shape of ``x``.

    Every xhat depends on all values of its group through mean and variance, which takes the mean
    of g and its part along xhat away (Ioffe and Szegedy 2015, section 3):

        dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + epsilon)
    """
    x, g = float64(x), float64(cotangent)
    xhat = standardized(x, epsilon, axes)
    rest = g - _mean(g, axes) - xhat * _mean(g * xhat, axes)
    return np.asarray(rest / _deviation(x, epsilon, axes))


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    return np.asarray(x.mean(axis=axes, keepdims=True))


def _deviation(x: Array, epsilon: float, axes: tuple[int, ...]) -> Array:
    return np.asarray(np.sqrt(_mean((x - _mean(x, axes)) ** 2, axes) + epsilon))


def over(*axes: int) -> Definition:
    """Return the definition of a layer that standardizes over the given axes."""
    return Definition(
        functools.partial(standardized, axes=axes),
        functools.partial(standardized_gradient, axes=axes),
        axes,
    )


_NOTHING = Definition(lambda x, epsilon: x, lambda x, epsilon, cotangent: cotangent, ())


# --- the entries -------------------------------------------------------------------------------


def _torch(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values under torch's names: its momentum is the share of the NEW value."""
    arguments = {"eps": values["epsilon"]} if "epsilon" in values else {}
    return arguments | ({"momentum": 1 - values["momentum"]} if "momentum" in values else {})


LAYERS = registry.Registry(
    "normalization layer",
    [
        Normalization(
            name="batch_dense",
            source="Ioffe and Szegedy 2015 (arXiv:1502.03167): one mean for each feature",
            definition=over(0),
            translate=lambda values: natives(
                torch=("torch.nn:BatchNorm1d", _torch(values)),
                keras=("keras.layers:BatchNormalization", dict(values)),
                jax=("flax.nnx:BatchNorm", dict(values)),
            ),
            common=_MOVING,
        ),
        Normalization(
            name="batch_convolution",
            source="Ioffe and Szegedy 2015 (arXiv:1502.03167): one mean for each channel",
            definition=over(0, 1, 2),
            translate=lambda values: natives(
                torch=("torch.nn:BatchNorm2d", _torch(values)),
                keras=("keras.layers:BatchNormalization", dict(values)),
                jax=("flax.nnx:BatchNorm", dict(values)),
            ),
            common=_MOVING,
        ),
        Normalization(
            name="layer_dense",
            source="Ba, Kiros and Hinton 2016 (arXiv:1607.06450): one mean for each sample",
            definition=over(1),
            translate=lambda values: natives(
                torch=("torch.nn:LayerNorm", _torch(values)),
                keras=("keras.layers:LayerNormalization", dict(values)),
                jax=("flax.nnx:LayerNorm", dict(values)),
            ),
            common=_STILL,
        ),
        # Keras has no layer of this name; one group for each channel is its own way to write it.
        Normalization(
            name="instance_convolution",
            source="Ulyanov, Vedaldi and Lempitsky 2016 (arXiv:1607.08022): one mean for each"
            " sample and channel",
            definition=over(1, 2),
            translate=lambda values: natives(
                torch=("torch.nn:InstanceNorm2d", _torch(values)),
                keras=("keras.layers:GroupNormalization", {"groups": -1, **values}),
                jax=("flax.nnx:InstanceNorm", dict(values)),
            ),
            common=_STILL,
        ),
    ],
)
NORMALIZATIONS = registry.Registry(
    "normalization",
    [
        Normalization("none", "no layer between kernel and activation", _NOTHING, None),
        replace(LAYERS["batch_dense"], name="batch"),
        replace(LAYERS["layer_dense"], name="layer"),
    ],
)
