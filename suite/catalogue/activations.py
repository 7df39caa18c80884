"""The activations: what each one is, by definition, and what it is called in each framework.

An entry holds the function and its slope in NumPy float64 (the definition, to which everything
else is tied by a test), its source, and the native function of each framework with the arguments
that make it the same function everywhere: the frameworks' defaults differ (``leaky_relu`` has
slope 0.01 in torch and 0.2 in Keras). To add an activation, add an entry.

Where the slope jumps, the slope at the kink itself is the frameworks' own convention, the one
from the left: 0 for ``relu``, ``slope`` for ``leaky_relu``, ``alpha`` for ``elu``. For ``selu``
the two frameworks differ at 0; see its entry.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from suite.catalogue import registry
from suite.types import Array, Native, float64


@dataclass(frozen=True)
class Activation:
    """One activation, before its parameters are known.

    ``value(x, *parameters)`` and ``slope(x, *parameters)`` take and return float64 arrays of any
    shape. ``native(*parameters)``: framework -> the framework's own function, to be called with
    a tensor and the keyword arguments. ``kinks``: the points at which the slope may jump.
    """

    name: str
    source: str
    value: Callable[..., Array]
    slope: Callable[..., Array]
    native: Callable[..., Mapping[str, Native]]
    parameters: Mapping[str, float | None] = field(default_factory=dict)
    kinks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Resolved:
    """One activation with its parameters."""

    name: str
    """The canonical name, as in ``leaky_relu(0.2)``."""
    entry: Activation
    parameters: tuple[float, ...]

    def value(self, x: Array) -> Array:
        """The function at ``x``: float64, the shape of ``x``."""
        return self.entry.value(float64(x), *self.parameters)

    def slope(self, x: Array) -> Array:
        """The derivative at ``x``: float64, the shape of ``x``."""
        return self.entry.slope(float64(x), *self.parameters)

    def native(self, framework: str) -> Native:
        """The framework's own function and its keyword arguments.

        Raises UserError when the activation names none for that framework.
        """
        natives = self.entry.native(*self.parameters)
        return registry.of_framework(f"activation {self.name!r}", natives, framework)

    @functools.cached_property
    def steepest(self) -> float:
        """The largest magnitude of the slope, on a grid of step 0.001 from -20 to 20."""
        return float(np.abs(self.slope(np.linspace(-20.0, 20.0, 40_001))).max())

    def saturated(self, x: Array) -> Array:
        """Where a unit lets next to no gradient through: bool, the shape of ``x``.

        A unit is saturated when the magnitude of its slope is below 1 % of the largest that the
        activation has: |x| > 5.99 for sigmoid, |x| > 2.99 for tanh, x <= 0 for relu, nowhere for
        linear and leaky_relu. The rule speaks of the slope alone, so it also counts the narrow
        band around the minimum of gelu, silu and mish, where the slope passes through zero.
        """
        return np.asarray(np.abs(self.slope(x)) < 0.01 * self.steepest)


def _sigmoid(x: Array) -> Array:
    z = np.exp(-np.abs(x))  # never above 1: exp(-x) would overflow for x < -709
    return np.where(x >= 0, 1.0 / (1.0 + z), z / (1.0 + z))


def _sigmoid_slope(x: Array) -> Array:
    z = np.exp(-np.abs(x))
    return np.asarray(z / (1.0 + z) ** 2)


def _tanh_slope(x: Array) -> Array:
    # 1 / cosh(x)**2, written with a decaying exponential: cosh would overflow.
    z = np.exp(-2.0 * np.abs(x))
    return np.asarray(4.0 * z / (1.0 + z) ** 2)


def _leaky_relu(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def _leaky_relu_slope(x: Array, slope: float) -> Array:
    return np.where(x > 0, 1.0, slope)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _elu_slope(x: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def _gelu(x: Array) -> Array:
    from scipy.special import ndtr  # here, because listing the catalogue must not import SciPy

    return np.asarray(x * ndtr(x))


def _gelu_slope(x: Array) -> Array:
    from scipy.special import ndtr  # as above

    return np.asarray(ndtr(x) + x * np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi))


def _silu_slope(x: Array) -> Array:
    return np.asarray(_sigmoid(x) * (1.0 + x * _sigmoid(-x)))


def _softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def _mish(x: Array) -> Array:
    return np.asarray(x * np.tanh(_softplus(x)))


def _mish_slope(x: Array) -> Array:
    return np.asarray(np.tanh(_softplus(x)) + x * _tanh_slope(_softplus(x)) * _sigmoid(x))


def _calls(torch: str, keras: str) -> Mapping[str, Native]:
    """Native functions that take nothing but the tensor."""
    return {"torch": (torch, {}), "tensorflow": (f"keras.activations:{keras}", {})}


ACTIVATIONS = registry.Registry(
    "activation",
    [
        Activation(
            name="linear",
            source="the identity",
            value=lambda x: x.copy(),
            slope=np.ones_like,
            # torch.nn.functional has no identity; torch.positive returns its argument.
            native=lambda: _calls("torch:positive", "linear"),
        ),
        Activation(
            name="sigmoid",
            source="Rumelhart, Hinton and Williams 1986",
            value=_sigmoid,
            slope=_sigmoid_slope,
            native=lambda: _calls("torch:sigmoid", "sigmoid"),
        ),
        Activation(
            name="tanh",
            source="LeCun, Bottou, Orr and Müller 1998",
            value=np.tanh,
            slope=_tanh_slope,
            native=lambda: _calls("torch:tanh", "tanh"),
        ),
        Activation(
            name="relu",
            source="Nair and Hinton 2010",
            value=lambda x: np.maximum(x, 0.0),
            slope=lambda x: np.where(x > 0, 1.0, 0.0),
            native=lambda: _calls("torch:relu", "relu"),
            kinks=(0.0,),
        ),
        Activation(
            name="leaky_relu",
            source="Maas, Hannun and Ng 2013",
            value=_leaky_relu,
            slope=_leaky_relu_slope,
            native=lambda slope: {
                "torch": ("torch.nn.functional:leaky_relu", {"negative_slope": slope}),
                "tensorflow": ("keras.activations:leaky_relu", {"negative_slope": slope}),
            },
            parameters={"slope": 0.01},
            kinks=(0.0,),
        ),
        Activation(
            name="elu",
            source="Clevert, Unterthiner and Hochreiter 2015",
            value=_elu,
            slope=_elu_slope,
            native=lambda alpha: {
                "torch": ("torch.nn.functional:elu", {"alpha": alpha}),
                "tensorflow": ("keras.activations:elu", {"alpha": alpha}),
            },
            parameters={"alpha": 1.0},
            kinks=(0.0,),
        ),
        Activation(
            name="selu",
            source="Klambauer, Unterthiner, Mayr and Hochreiter 2017",
            value=lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
            slope=lambda x: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
            # At 0 torch has this slope (scale * alpha, from the left), TensorFlow scale.
            native=lambda: _calls("torch.nn.functional:selu", "selu"),
            kinks=(0.0,),
        ),
        Activation(
            name="gelu",
            source="Hendrycks and Gimpel 2016 (the exact form, x times the normal distribution)",
            value=_gelu,
            slope=_gelu_slope,
            native=lambda: {
                "torch": ("torch.nn.functional:gelu", {"approximate": "none"}),
                "tensorflow": ("keras.activations:gelu", {"approximate": False}),
            },
        ),
        Activation(
            name="silu",
            source="Elfwing, Uchibe and Doya 2017; Ramachandran, Zoph and Le 2017 (as Swish)",
            value=lambda x: x * _sigmoid(x),
            slope=_silu_slope,
            native=lambda: _calls("torch.nn.functional:silu", "silu"),
        ),
        Activation(
            name="softplus",
            source="Dugas, Bengio, Bélisle, Nadeau and Garcia 2000",
            value=_softplus,
            slope=_sigmoid,
            # torch takes x itself above 20 (its threshold), where softplus is x + 2e-9 or less.
            native=lambda: _calls("torch.nn.functional:softplus", "softplus"),
        ),
        Activation(
            name="softsign",
            source="Bergstra, Desjardins, Lamblin and Bengio 2009",
            value=lambda x: x / (1.0 + np.abs(x)),
            slope=lambda x: 1.0 / (1.0 + np.abs(x)) ** 2,
            native=lambda: _calls("torch.nn.functional:softsign", "softsign"),
        ),
        Activation(
            name="mish",
            source="Misra 2019",
            value=_mish,
            slope=_mish_slope,
            native=lambda: _calls("torch.nn.functional:mish", "mish"),
        ),
    ],
)


def canonical(name: str) -> str:
    """The one way to write an activation's name: ``leaky_relu(.01)`` is ``leaky_relu``.

    Raises UserError for an unknown name or wrong parameters.
    """
    return registry.canonical("activation", name, ACTIVATIONS)


def resolve(name: str) -> Resolved:
    """The activation that a name means. Raises UserError as ``canonical`` does."""
    return _resolve(canonical(name))


@functools.cache
def _resolve(name: str) -> Resolved:
    entry, parameters = registry.parse("activation", name, ACTIVATIONS)
    return Resolved(name, entry, parameters)
