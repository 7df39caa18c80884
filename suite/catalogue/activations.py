"""The activations: what each one is, by definition, and what it is called in each framework.

An entry holds the function and its slope in NumPy float64 (the definition, to which everything
else is tied by a test), its source, and the native function of each framework with the arguments
that make it the same function everywhere: the frameworks' defaults differ (``leaky_relu`` has
slope 0.01 in torch and 0.2 in Keras). To add an activation, add an entry.

Where the slope jumps, the slope at the kink itself is the frameworks' own convention, the one
from the left: 0 for ``relu``, ``slope`` for ``leaky_relu``, ``alpha`` for ``elu``. For ``selu``
torch and TensorFlow differ at 0; see its entry. JAX takes the slope of ``leaky_relu`` from the
right.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.catalogue import differences, registry
from suite.catalogue.frameworks import entry_of
from suite.catalogue.generic import Form
from suite.catalogue.registry import natives
from suite.types import Array, Native, float64


def _nothing(*parameters: float) -> Mapping[str, Native]:
    return {}


@dataclass(frozen=True)
class Activation:
    """One activation, before its parameters are known.

    ``value(x, *parameters)`` and ``slope(x, *parameters)`` take and return float64 arrays of any
    shape. Without ``slope`` it is taken from finite differences of the value; see
    ``suite.catalogue.differences``. ``native(*parameters)``: framework -> the framework's own
    function, to be called with a tensor and the keyword arguments. ``layers``: framework -> its own
    layer as it is made without a parameter; a framework may have none. ``parameters``: name ->
    default (None: it must be given). ``kinks``: the points at which the slope may jump.
    ``bounded``: whether the value stays between two constants. ``defects``: framework -> the
    ends of the interval of x on which its own function is the definition, for a framework that is
    known to be wrong beyond them; how wrong is what the study ``numerics`` measures. ``generic``:
    whether a framework for which nothing is declared runs ``value`` with its own operations
    (``suite.catalogue.generic``); None: an entry from outside does, one of the suite's own does
    not. ``exact(mp, x, *parameters)``: value and slope at one number of mpmath's context, by which
    the study ``numerics`` judges double precision; those of the suite's own are with that study.
    """

    name: str
    source: str
    value: Callable[..., Array]
    slope: Callable[..., Array] | None = None
    native: Callable[..., Mapping[str, Native]] = _nothing
    layers: Mapping[str, Native] = field(default_factory=dict)
    parameters: Mapping[str, float | None] = field(default_factory=dict)
    kinks: tuple[float, ...] = ()
    bounded: bool = False
    defects: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    generic: bool | None = None
    exact: Callable[..., tuple[Any, Any]] | None = None

    def __call__(self, x: Array, *parameters: float) -> Array:
        """Return the value at ``x``, with the declared defaults where no parameters are given."""
        return self.value(x, *(parameters or self._defaults))

    def sound(self, framework: str, x: Array) -> Array:
        """Return where a framework's function should be the definition: bool, the shape of x."""
        low, high = self.defects.get(framework, (-np.inf, np.inf))
        return np.asarray((low <= x) & (x <= high))

    @property
    def slope_from(self) -> str:
        """Where the slope comes from: ``definition`` or ``finite differences``."""
        return "finite differences" if self.slope is None else "definition"

    @property
    def functions(self) -> Mapping[str, Native]:
        """Framework -> its own function, with the declared defaults as parameters."""
        return self.native(*self._defaults)

    @property
    def _defaults(self) -> tuple[float, ...]:
        return tuple(value or 0.0 for value in self.parameters.values())

    def form(self, framework: str) -> str:
        """Return how a framework evaluates it: ``own`` function, ``generic`` form, or ``none``."""
        if framework == registry.ORACLE or framework in self.functions:
            return "own"
        generic = ":" in self.name if self.generic is None else self.generic
        return "generic" if generic and entry_of(framework).operations else "none"

    def function(self, framework: str, *parameters: float) -> Native:
        """Return what a framework evaluates: its own function, or the generic form.

        Without parameters it has the declared defaults. Raises Unsupported where there is neither.
        """
        parameters = parameters or self._defaults
        operations = entry_of(framework).operations
        if self.form(framework) == "generic" and operations is not None:
            return Form(self.name, self.value, parameters, operations), {}
        declared = self.native(*parameters)
        return registry.of_framework(f"activation {self.name!r}", declared, framework)

    def has_layer(self, framework: str) -> bool:
        """Whether a framework has a layer for it; the oracle's function is its layer."""
        return framework == registry.ORACLE or framework in self.layers

    def undeclared(self, framework: str) -> str | None:
        """Return why a framework cannot evaluate the activation, or None where it can."""
        if self.form(framework) != "none":
            return None
        return registry.undeclared(f"activation {self.name!r}", self.functions, framework)


@dataclass(frozen=True)
class Resolved:
    """One activation with its parameters."""

    name: str
    """The canonical name, as in ``leaky_relu(0.2)``."""
    entry: Activation
    parameters: tuple[float, ...]

    def value(self, x: Array) -> Array:
        """Return the function at ``x``: float64, the shape of ``x``."""
        return self.entry.value(float64(x), *self.parameters)

    def slope(self, x: Array) -> Array:
        """Return the derivative at ``x``: float64, the shape of ``x``."""
        if self.entry.slope is None:
            return differences.slope(self.value, float64(x), self.entry.kinks).value
        return self.entry.slope(float64(x), *self.parameters)

    def native(self, framework: str) -> Native:
        """Return the framework's own function and its keyword arguments, or the generic form.

        Raises Unsupported when the activation names none for that framework.
        """
        return self.entry.function(framework, *self.parameters)

    @functools.cached_property
    def steepest(self) -> float:
        """The largest magnitude of the slope, on a grid of step 0.001 from -20 to 20."""
        return float(np.abs(self.slope(np.linspace(-20.0, 20.0, 40_001))).max())

    def saturated(self, x: Array) -> Array:
        """Return where a unit lets next to no gradient through: bool, the shape of ``x``.

        A unit is saturated when the magnitude of its slope is below 1 % of the largest that the
        activation has: |x| > 5.99 for sigmoid, |x| > 2.99 for tanh, x <= 0 for relu, nowhere for
        linear and leaky_relu. The rule looks at the slope alone, so it also counts the narrow
        band around the minimum of gelu, silu and mish, where the slope passes through zero.
        """
        return np.asarray(np.abs(self.slope(x)) < 0.01 * self.steepest)


# --- the definitions ---------------------------------------------------------------------------


def _sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    z = np.exp(-np.abs(x))  # never above 1: exp(-x) would overflow for x < -709
    return np.where(x >= 0, 1.0 / (1.0 + z), z / (1.0 + z))


def _sigmoid_slope(x: Array) -> Array:
    """Return s (1 - s), s the sigmoid."""
    z = np.exp(-np.abs(x))
    return np.asarray(z / (1.0 + z) ** 2)


def _tanh_slope(x: Array) -> Array:
    """Return 1 / cosh(x)^2, written with a decaying exponential: cosh would overflow."""
    z = np.exp(-2.0 * np.abs(x))
    return np.asarray(4.0 * z / (1.0 + z) ** 2)


def _leaky_relu(x: Array, slope: float) -> Array:
    """Return x above 0, else slope x."""
    return np.where(x > 0, x, slope * x)


def _leaky_relu_slope(x: Array, slope: float) -> Array:
    return np.where(x > 0, 1.0, slope)


def _elu(x: Array, alpha: float) -> Array:
    """Return x above 0, else alpha (exp(x) - 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _elu_slope(x: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""alpha and lambda of Klambauer et al. 2017, which make N(0, 1) a fixed point."""


def _gelu(x: Array) -> Array:
    """Return x Phi(x), Phi the distribution function of N(0, 1)."""
    from scipy.special import ndtr  # here, because listing the catalogue must not import SciPy

    return np.asarray(x * ndtr(x))


def _gelu_slope(x: Array) -> Array:
    """Return Phi(x) + x phi(x), phi the density of N(0, 1)."""
    from scipy.special import ndtr  # as above

    return np.asarray(ndtr(x) + x * np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi))


def _silu_slope(x: Array) -> Array:
    """Return s(x) (1 + x (1 - s(x))), s the sigmoid."""
    return np.asarray(_sigmoid(x) * (1.0 + x * _sigmoid(-x)))


def _softplus(x: Array) -> Array:
    """Return log(1 + exp(x)), written so that nothing overflows."""
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def _mish(x: Array) -> Array:
    """Return x tanh(softplus(x))."""
    return np.asarray(x * np.tanh(_softplus(x)))


def _mish_slope(x: Array) -> Array:
    """Return tanh(p) + x s(x) / cosh(p)^2, p the softplus and s the sigmoid of x."""
    return np.asarray(np.tanh(_softplus(x)) + x * _tanh_slope(_softplus(x)) * _sigmoid(x))


# --- the entries -------------------------------------------------------------------------------


def _keras(name: str) -> Native:
    """Return Keras' layer of an activation that has no class of its own."""
    return "keras.layers:Activation", {"activation": name}


ACTIVATIONS = registry.Registry(
    "activation",
    [
        Activation(
            name="linear",
            source="the identity",
            value=lambda x: x.copy(),
            slope=np.ones_like,
            # torch.nn.functional has no identity; torch.positive returns its argument.
            native=lambda: natives(
                torch="torch:positive", keras="keras.activations:linear", jax="jax.nn:identity"
            ),
            layers=natives(torch="torch.nn:Identity", keras=_keras("linear")),
        ),
        Activation(
            name="sigmoid",
            source="Rumelhart, Hinton and Williams 1986 (doi:10.1038/323533a0)",
            value=_sigmoid,
            slope=_sigmoid_slope,
            native=lambda: natives(
                torch="torch:sigmoid", keras="keras.activations:sigmoid", jax="jax.nn:sigmoid"
            ),
            layers=natives(torch="torch.nn:Sigmoid", keras=_keras("sigmoid")),
            bounded=True,
        ),
        Activation(
            name="tanh",
            source="LeCun, Bottou, Orr and Müller 1998, section 4.4",
            value=np.tanh,
            slope=_tanh_slope,
            native=lambda: natives(
                torch="torch:tanh", keras="keras.activations:tanh", jax="jax.nn:tanh"
            ),
            layers=natives(torch="torch.nn:Tanh", keras=_keras("tanh")),
            bounded=True,
        ),
        Activation(
            name="relu",
            source="Nair and Hinton 2010",
            value=lambda x: np.maximum(x, 0.0),
            slope=lambda x: np.where(x > 0, 1.0, 0.0),
            native=lambda: natives(
                torch="torch:relu", keras="keras.activations:relu", jax="jax.nn:relu"
            ),
            layers=natives(torch="torch.nn:ReLU", keras="keras.layers:ReLU"),
            kinks=(0.0,),
        ),
        Activation(
            name="leaky_relu",
            source="Maas, Hannun and Ng 2013",
            value=_leaky_relu,
            slope=_leaky_relu_slope,
            native=lambda slope: natives(
                torch=("torch.nn.functional:leaky_relu", {"negative_slope": slope}),
                keras=("keras.activations:leaky_relu", {"negative_slope": slope}),
                jax=("jax.nn:leaky_relu", {"negative_slope": slope}),
            ),
            layers=natives(torch="torch.nn:LeakyReLU", keras="keras.layers:LeakyReLU"),
            parameters={"slope": 0.01},
            kinks=(0.0,),
        ),
        Activation(
            name="elu",
            source="Clevert, Unterthiner and Hochreiter 2015 (arXiv:1511.07289)",
            value=_elu,
            slope=_elu_slope,
            native=lambda alpha: natives(
                torch=("torch.nn.functional:elu", {"alpha": alpha}),
                keras=("keras.activations:elu", {"alpha": alpha}),
                jax=("jax.nn:elu", {"alpha": alpha}),
            ),
            layers=natives(torch="torch.nn:ELU", keras="keras.layers:ELU"),
            parameters={"alpha": 1.0},
            kinks=(0.0,),
        ),
        Activation(
            name="selu",
            source="Klambauer, Unterthiner, Mayr and Hochreiter 2017 (arXiv:1706.02515)",
            value=lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
            slope=lambda x: SELU_SCALE * _elu_slope(x, SELU_ALPHA),
            # At 0 torch has this slope (scale * alpha, from the left), TensorFlow scale.
            native=lambda: natives(
                torch="torch.nn.functional:selu",
                keras="keras.activations:selu",
                jax="jax.nn:selu",
            ),
            layers=natives(torch="torch.nn:SELU", keras=_keras("selu")),
            kinks=(0.0,),
        ),
        Activation(
            name="gelu",
            source="Hendrycks and Gimpel 2016 (arXiv:1606.08415): the exact form, x times the"
            " normal distribution",
            value=_gelu,
            slope=_gelu_slope,
            native=lambda: natives(
                torch=("torch.nn.functional:gelu", {"approximate": "none"}),
                keras=("keras.activations:gelu", {"approximate": False}),
                jax=("jax.nn:gelu", {"approximate": False}),
            ),
            layers=natives(torch="torch.nn:GELU", keras=_keras("gelu")),
        ),
        Activation(
            name="silu",
            source="Elfwing, Uchibe and Doya 2017 (arXiv:1702.03118); Ramachandran, Zoph and Le"
            " 2017 (arXiv:1710.05941, as Swish)",
            value=lambda x: x * _sigmoid(x),
            slope=_silu_slope,
            native=lambda: natives(
                torch="torch.nn.functional:silu",
                keras="keras.activations:silu",
                jax="jax.nn:silu",
            ),
            layers=natives(torch="torch.nn:SiLU", keras=_keras("silu")),
        ),
        Activation(
            name="softplus",
            source="Dugas, Bengio, Bélisle, Nadeau and Garcia 2000",
            value=_softplus,
            slope=_sigmoid,
            # torch takes x itself above 20 (its threshold), where softplus is x + 2e-9 or less.
            native=lambda: natives(
                torch="torch.nn.functional:softplus",
                keras="keras.activations:softplus",
                jax="jax.nn:softplus",
            ),
            layers=natives(torch="torch.nn:Softplus", keras=_keras("softplus")),
        ),
        Activation(
            name="softsign",
            source="Bergstra, Desjardins, Lamblin and Bengio 2009",
            value=lambda x: x / (1.0 + np.abs(x)),
            slope=lambda x: 1.0 / (1.0 + np.abs(x)) ** 2,
            native=lambda: natives(
                torch="torch.nn.functional:softsign",
                keras="keras.activations:softsign",
                jax="jax.nn:soft_sign",
            ),
            layers=natives(torch="torch.nn:Softsign", keras=_keras("softsign")),
            bounded=True,
        ),
        Activation(
            name="mish",
            source="Misra 2019 (arXiv:1908.08681)",
            value=_mish,
            slope=_mish_slope,
            native=lambda: natives(
                torch="torch.nn.functional:mish",
                keras="keras.activations:mish",
                jax="jax.nn:mish",
            ),
            layers=natives(torch="torch.nn:Mish", keras=_keras("mish")),
        ),
    ],
)


def canonical(name: str) -> str:
    """Return an activation's name in its canonical form: ``leaky_relu(.01)`` is ``leaky_relu``.

    Raises UserError for an unknown name or wrong parameters.
    """
    return registry.canonical("activation", name, ACTIVATIONS)


def resolve(name: str) -> Resolved:
    """Return the activation that a name means. Raises UserError as ``canonical`` does."""
    return _resolve(canonical(name))


@functools.cache
def _resolve(name: str) -> Resolved:
    entry, parameters = registry.parse("activation", name, ACTIVATIONS)
    return Resolved(name, entry, parameters)
