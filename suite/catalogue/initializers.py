"""The initializers: the law each one draws from, and what it is called in each framework.

An entry holds its law (from which NumPy draws weights that are shared between frameworks), its
source, and the native object of each framework with its arguments. A framework that draws from
another law under the same name declares it, so that a test compares its draws with its own
documentation: Keras and JAX draw their ``*_normal`` initializers from a normal truncated at two
standard deviations, widened so that the variance is the same. To add an initializer, add an entry.

A name may carry parameters, as in ``variance_scaling(2, fan_avg, uniform)``. Where a framework has
no object of its own for some of them, the entry says why, and the cell is unsupported there.

``default`` is the start that a framework's dense layer takes unless it is given another. It has
no common law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.catalogue import registry, scalings
from suite.catalogue.laws import Law, Normal, Orthogonal, Point, TruncatedNormal, Uniform, Variance
from suite.catalogue.registry import natives
from suite.types import Array, Native, Unsupported, UserError


def _nothing(*parameters: float | str) -> Mapping[str, Any]:
    return {}


def _in_keras_and_jax(law: Law) -> Mapping[str, Law]:
    """Return the law of the frameworks whose ``*_normal`` initializers draw a truncated normal."""
    return registry.of_keras({"keras": law, "jax": law})


@dataclass(frozen=True)
class Initializer:
    """One initializer, before its parameters are known.

    ``law(*parameters)``: the law of NumPy and of every framework that is not in ``laws``; None
    when the frameworks have no common law. ``native(*parameters)``: framework -> the framework's
    own object; torch: a function that fills a tensor in place, the (out, in) weight of the layer;
    frameworks that run Keras: a class of its initializers; jax: a function that returns an
    initializer.
    ``gaps(*parameters)``: framework -> why it has no
    object of its own for these parameters. ``laws(*parameters)``: framework -> the law from which
    its object draws, where that is another. ``parameters``: name -> default (None: it must be
    given); ``words``: the parameters that are words, with those allowed; ``ranges``: the smallest
    and largest value of a number. ``random``: whether a draw depends on a seed (torch's functions
    then take a generator, Keras' classes a seed). ``biases``: framework -> law of the bias, which
    is 0 elsewhere. ``examples``: values of the parameters with which the profile full measures it,
    one tuple each; the declared defaults where there are none.

    An initializer without a ``law`` and with native objects is drawn by the frameworks alone, and
    no weights are shared. ``adjust(kernels, inputs, forward, *parameters)`` changes the kernels of
    one network after they were drawn, where its starts depend on data: ``kernels`` is a list of
    float64 arrays (fan_in, fan_out), a layer each, the output layer last; ``inputs`` (N, features)
    float64 are training points of the network; ``forward(kernels)`` returns the pre-activations of
    each layer (N, fan_out) for such kernels. It returns kernels of the same shapes. The studies
    that train (``Study.starts_on_data``) apply it; in others the cell is ``unsupported``.
    """

    name: str
    source: str
    law: Callable[..., Law] | None
    native: Callable[..., Mapping[str, Native]] = _nothing
    gaps: Callable[..., Mapping[str, str]] = _nothing
    parameters: Mapping[str, float | str | None] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    laws: Callable[..., Mapping[str, Law]] = _nothing
    biases: Mapping[str, Law] = field(default_factory=dict)
    random: bool = True
    examples: tuple[tuple[float | str, ...], ...] = ()
    adjust: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Resolved:
    """One initializer with its parameters."""

    name: str
    """The canonical name, as in ``normal(0.05)``."""
    entry: Initializer
    parameters: tuple[Any, ...]
    """Numbers and words, in the order of ``entry.parameters``."""

    @property
    def shared(self) -> bool:
        """Whether NumPy can draw it, for weights that every framework starts from."""
        return self.entry.law is not None

    @property
    def of_layers(self) -> bool:
        """Whether a framework's layer draws it by itself, as ``default``: it is not an object."""
        return not self.shared and not self.entry.native(*self.parameters)

    @property
    def random(self) -> bool:
        """Whether a draw depends on a seed; False for ``zeros`` and ``constant``."""
        return self.entry.random

    def law(self, framework: str = "numpy") -> Law:
        """Return the law of a kernel's entries in a framework. UserError where none is declared."""
        own = self.entry.laws(*self.parameters)
        if self.entry.law is not None and framework not in own:
            return self.entry.law(*self.parameters)
        return registry.of_framework(f"a law of initializer {self.name!r}", own, framework)

    @property
    def by_fans(self) -> bool:
        """Whether the law depends on the fans of a kernel, which a bias does not have."""
        if self.entry.law is None:
            return True
        variance = self.law().variance
        return variance(1, 1) != variance(2, 2)

    def bias_law(self, framework: str = "numpy") -> Law:
        """Return the law of the bias's entries: 0, except where a layer's default is not.

        Its fans are those of the kernel.
        """
        return self.entry.biases.get(framework, Point(0.0))

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """Draw a kernel by NumPy: (fan_in, fan_out) float64. UserError when not ``shared``."""
        return self.law().draw(rng, fan_in, fan_out)

    def native(self, framework: str) -> Native | None:
        """Return the framework's own object and its keyword arguments.

        None for ``default``, which the layer itself draws. Raises Unsupported when the framework
        has none.
        """
        if self.of_layers:
            return None
        if reason := self.undeclared(framework):
            raise Unsupported(reason)
        declared: Mapping[str, Native] = self.entry.native(*self.parameters)
        return declared[framework]

    def undeclared(self, framework: str) -> str | None:
        """Return why a framework cannot draw the initializer, or None where it can."""
        if framework == registry.ORACLE and self.shared:
            return None
        gaps = self.entry.gaps(*self.parameters)
        if framework in gaps:
            return f"initializer {self.name!r}: {gaps[framework]}"
        declared = (self.entry.laws if self.of_layers else self.entry.native)(*self.parameters)
        return registry.undeclared(f"initializer {self.name!r}", declared, framework)


_LARGE = 1e150
"""The largest parameter of an initializer, whose square is a number."""
_POSITIVE = (1.0 / _LARGE, _LARGE)
_LAWS: Mapping[str, Callable[[Variance], Law]] = {
    "uniform": Uniform,
    "normal": Normal,
    "truncated_normal": TruncatedNormal,
}
_MODES = ("fan_in", "fan_out", "fan_avg")
_GLOROT = "Glorot and Bengio 2010"
_HE = "He, Zhang, Ren and Sun 2015 (arXiv:1502.01852)"
_LECUN = "LeCun, Bottou, Orr and Müller 1998; Klambauer et al. 2017 (arXiv:1706.02515)"

INITIALIZERS = registry.Registry(
    "initializer",
    [
        Initializer(
            name="zeros",
            source="all weights 0",
            law=lambda: Point(0.0),
            native=lambda: natives(
                torch="torch.nn.init:zeros_",
                keras="keras.initializers:Zeros",
                jax="flax.nnx.nn.initializers:zeros_init",
            ),
            random=False,
        ),
        Initializer(
            name="constant",
            source="all weights equal",
            law=Point,
            native=lambda value: natives(
                torch=("torch.nn.init:constant_", {"val": value}),
                keras=("keras.initializers:Constant", {"value": value}),
                jax=("jax.nn.initializers:constant", {"value": value}),
            ),
            parameters={"value": None},
            random=False,
            examples=((0.5,),),
        ),
        Initializer(
            name="normal",
            source="N(0, std^2), whatever the fans",
            law=lambda std: Normal(scalings.constant(std * std)),
            native=lambda std: natives(
                torch=("torch.nn.init:normal_", {"mean": 0.0, "std": std}),
                keras=("keras.initializers:RandomNormal", {"mean": 0.0, "stddev": std}),
                jax=("jax.nn.initializers:normal", {"stddev": std}),
            ),
            parameters={"std": None},
            ranges={"std": _POSITIVE},
            examples=((0.01,), (0.05,), (1.0,)),
        ),
        Initializer(
            name="uniform",
            source="U(-a, a), whatever the fans",
            law=lambda a: Uniform(scalings.constant(a * a / 3.0)),
            native=lambda a: natives(
                torch=("torch.nn.init:uniform_", {"a": -a, "b": a}),
                keras=("keras.initializers:RandomUniform", {"minval": -a, "maxval": a}),
            ),
            gaps=lambda a: {"jax": "JAX's uniform initializer draws between 0 and its scale"},
            parameters={"a": None},
            ranges={"a": _POSITIVE},
            examples=((0.1,),),
        ),
        # std is that of the normal law before it is cut off at cut times std, as in both libraries.
        Initializer(
            name="truncated_normal",
            source="N(0, std^2) without what lies beyond cut times std, whatever the fans",
            law=lambda std, cut: TruncatedNormal(
                scalings.constant(std * std * TruncatedNormal(scalings.constant(1.0), cut).share),
                cut,
            ),
            native=lambda std, cut: natives(
                torch=(
                    "torch.nn.init:trunc_normal_",
                    {"mean": 0.0, "std": std, "a": -cut * std, "b": cut * std},
                ),
                keras=("keras.initializers:TruncatedNormal", {"mean": 0.0, "stddev": std}),
                jax=(
                    "jax.nn.initializers:truncated_normal",
                    {"stddev": std, "lower": -cut, "upper": cut},
                ),
            ),
            gaps=scalings.cut_gaps,
            parameters={"std": None, "cut": 2.0},
            ranges={"std": _POSITIVE, "cut": (0.1, 100.0)},
            examples=((0.02,), (0.02, 3.0)),
        ),
        Initializer(
            name="variance_scaling",
            source="a variance of scale over a fan: the form of which Xavier's, He's and LeCun's"
            " rules are cases",
            law=lambda scale, mode, law: _LAWS[law](scalings.scaled(scale, mode)),
            native=scalings.scaling_objects,
            gaps=scalings.scaling_gaps,
            parameters={"scale": None, "mode": "fan_in", "law": "normal"},
            words={"mode": _MODES, "law": tuple(_LAWS)},
            ranges={"scale": _POSITIVE},
            examples=(
                (2.0, "fan_out"),
                (2.0, "fan_avg", "uniform"),
                (1.0, "fan_in", "truncated_normal"),
            ),
        ),
        Initializer(
            name="xavier_uniform",
            source=_GLOROT,
            law=lambda gain: Uniform(scalings.xavier(gain)),
            native=lambda gain: scalings.xavier_objects("uniform", gain),
            parameters={"gain": 1.0},
            ranges={"gain": _POSITIVE},
            examples=((), (1.5,)),
        ),
        Initializer(
            name="xavier_normal",
            source=_GLOROT,
            law=lambda gain: Normal(scalings.xavier(gain)),
            native=lambda gain: scalings.xavier_objects("normal", gain),
            laws=lambda gain: _in_keras_and_jax(TruncatedNormal(scalings.xavier(gain))),
            parameters={"gain": 1.0},
            ranges={"gain": _POSITIVE},
        ),
        Initializer(
            name="he_uniform",
            source=_HE,
            law=lambda slope: Uniform(scalings.he(slope)),
            native=lambda slope: scalings.he_objects("uniform", slope),
            parameters={"slope": 0.0},
            ranges={"slope": (-_LARGE, _LARGE)},
        ),
        Initializer(
            name="he_normal",
            source=_HE,
            law=lambda slope: Normal(scalings.he(slope)),
            native=lambda slope: scalings.he_objects("normal", slope),
            laws=lambda slope: _in_keras_and_jax(TruncatedNormal(scalings.he(slope))),
            parameters={"slope": 0.0},
            ranges={"slope": (-_LARGE, _LARGE)},
            examples=((), (0.2,)),
        ),
        # torch has no function of this name: He's with the gain of a linear unit, 1, is LeCun's.
        Initializer(
            name="lecun_uniform",
            source=_LECUN,
            law=lambda: Uniform(scalings.LECUN),
            native=lambda: natives(
                torch=(
                    "torch.nn.init:kaiming_uniform_",
                    {"mode": "fan_in", "nonlinearity": "linear"},
                ),
                keras="keras.initializers:LecunUniform",
                jax="jax.nn.initializers:lecun_uniform",
            ),
        ),
        Initializer(
            name="lecun_normal",
            source=_LECUN,
            law=lambda: Normal(scalings.LECUN),
            native=lambda: natives(
                torch=(
                    "torch.nn.init:kaiming_normal_",
                    {"mode": "fan_in", "nonlinearity": "linear"},
                ),
                keras="keras.initializers:LecunNormal",
                jax="jax.nn.initializers:lecun_normal",
            ),
            laws=lambda: _in_keras_and_jax(TruncatedNormal(scalings.LECUN)),
        ),
        Initializer(
            name="orthogonal",
            source="Saxe, McClelland and Ganguli 2013 (arXiv:1312.6120)",
            law=Orthogonal,
            native=lambda gain: natives(
                torch=("torch.nn.init:orthogonal_", {"gain": gain} if gain != 1.0 else {}),
                keras=("keras.initializers:Orthogonal", {"gain": gain} if gain != 1.0 else {}),
                jax=("jax.nn.initializers:orthogonal", {"scale": gain} if gain != 1.0 else {}),
            ),
            parameters={"gain": 1.0},
            ranges={"gain": _POSITIVE},
            examples=((), (0.5,)),
        ),
        Initializer(
            name="default",
            source="the documentation of torch.nn.Linear, keras.layers.Dense and flax.nnx.Linear",
            law=None,
            laws=lambda: registry.of_keras(
                {
                    "torch": Uniform(scalings.torch_default),
                    "keras": Uniform(scalings.xavier()),
                    "jax": TruncatedNormal(scalings.LECUN),
                }
            ),
            biases={"torch": Uniform(scalings.torch_default)},
        ),
    ],
)


def every() -> tuple[str, ...]:
    """Return the canonical name of each entry, with its examples where it has parameters."""
    return tuple(
        canonical(_written(entry, example))
        for entry in INITIALIZERS
        for example in entry.examples or ((),)
    )


def canonical(name: str) -> str:
    """Return an initializer's name in its canonical form: ``normal(.05)`` is ``normal(0.05)``.

    Raises UserError for an unknown name or wrong parameters.
    """
    entry, values = registry.parse("initializer", name, INITIALIZERS)
    for parameter, value in zip(entry.parameters, values, strict=True):
        low, high = entry.ranges.get(parameter, (-math.inf, math.inf))
        if not isinstance(value, str) and not low <= value <= high:
            raise UserError(
                f"initializer {name!r}: {parameter} is {registry.number(value)}; allowed are"
                f" numbers from {registry.number(low)} to {registry.number(high)}"
            )
    return registry.canonical("initializer", name, INITIALIZERS)


def resolve(name: str) -> Resolved:
    """Return the initializer that a name means. Raises UserError as ``canonical`` does."""
    name = canonical(name)
    entry, parameters = registry.parse("initializer", name, INITIALIZERS)
    return Resolved(name, entry, parameters)


UNSET = "unset"
"""The bias of a cell that names none: zero with a named initializer, the layer's own with
``default``."""


def canonical_bias(name: str) -> str:
    """Return the name of a bias's initializer in canonical form: ``UNSET``, ``default``, or one
    whose law needs no fans.

    Raises UserError for any other.
    """
    if name in (UNSET, "default"):
        return name
    if name.partition("(")[0].strip() not in INITIALIZERS:
        raise registry.unknown("bias", name, _bias_names())
    initializer = resolve(name)
    if initializer.by_fans:
        raise UserError(
            f"bias {name!r}: its law takes the fans of a kernel, which a bias does not have"
            f" (allowed: {', '.join(_bias_names())})"
        )
    return initializer.name


def _bias_names() -> list[str]:
    """Return the names that a bias may take, with their parameters."""
    return [UNSET, "default"] + [
        _written(entry, tuple(entry.parameters))
        for entry in INITIALIZERS
        if entry.law is not None
        and not resolve(_written(entry, (entry.examples or ((),))[0])).by_fans
    ]


def _written(entry: Initializer, parameters: tuple[float | str, ...]) -> str:
    inside = ", ".join(map(registry.written, parameters))
    return f"{entry.name}({inside})" if inside else entry.name
