"""The initializers: the law each one draws from, and what it is called in each framework.

An entry holds its law (from which NumPy draws weights that are shared between frameworks), its
source, and the native object of each framework with its arguments. A framework that draws from
another law under the same name declares it, so that a test compares its draws with its own
documentation: Keras draws its ``*_normal`` initializers from a normal truncated at two standard
deviations, widened so that the variance is the same. To add an initializer, add an entry.

``default`` is the start that a framework's dense layer takes unless it is given another. It has
no common law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from suite.catalogue import registry
from suite.catalogue.laws import Law, Normal, Orthogonal, Point, TruncatedNormal, Uniform
from suite.catalogue.registry import natives
from suite.types import Array, Native, UserError


def _nothing() -> Mapping[str, Native]:
    return {}


@dataclass(frozen=True)
class Initializer:
    """One initializer, before its parameters are known.

    ``law(*parameters)``: the law of NumPy and of every framework that is not in ``laws``; None
    when the frameworks have no common law. ``native(*parameters)``: framework -> the framework's
    own object; torch: a function that fills a tensor in place, the (out, in) weight of the layer;
    tensorflow: a class of Keras initializers. ``random``: whether a draw depends on a seed
    (torch's functions then take a generator, Keras' classes a seed). ``biases``: framework ->
    law of the bias, which is 0 elsewhere. ``positive``: the parameters that must be above 0.
    ``examples``: values of the parameters with which the profile full measures it, one tuple
    each; the declared defaults where there are none.
    """

    name: str
    source: str
    law: Callable[..., Law] | None
    native: Callable[..., Mapping[str, Native]] = _nothing
    parameters: Mapping[str, float | None] = field(default_factory=dict)
    laws: Mapping[str, Law] = field(default_factory=dict)
    biases: Mapping[str, Law] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    random: bool = True
    examples: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Resolved:
    """One initializer with its parameters."""

    name: str
    """The canonical name, as in ``normal(0.05)``."""
    entry: Initializer
    parameters: tuple[float, ...]

    @property
    def shared(self) -> bool:
        """Whether NumPy can draw it, for weights that every framework starts from."""
        return self.entry.law is not None

    @property
    def random(self) -> bool:
        """Whether a draw depends on a seed; False for ``zeros`` and ``constant``."""
        return self.entry.random

    def law(self, framework: str = "numpy") -> Law:
        """Return the law of a kernel's entries in a framework. UserError where none is declared."""
        if self.entry.law is not None and framework not in self.entry.laws:
            return self.entry.law(*self.parameters)
        return registry.of_framework(f"initializer {self.name!r}", self.entry.laws, framework)

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

        None for ``default``, which the layer itself draws. UserError when the initializer names
        none for that framework.
        """
        if not self.shared:
            return None
        declared = self.entry.native(*self.parameters)
        return registry.of_framework(f"initializer {self.name!r}", declared, framework)

    def undeclared(self, framework: str) -> str | None:
        """Return why a framework cannot draw the initializer, or None where it can."""
        if framework == registry.ORACLE and self.shared:
            return None
        declared = self.entry.native(*self.parameters) if self.shared else self.entry.laws
        return registry.undeclared(f"initializer {self.name!r}", declared, framework)


def _xavier(fan_in: int, fan_out: int) -> float:
    """Return the variance that is a compromise between both passes, equation 16 of the source."""
    return 2.0 / (fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:
    """Return the variance that keeps the mean square of relu layers, equation 10 of the source."""
    return 2.0 / fan_in


def _lecun(fan_in: int, fan_out: int) -> float:
    """Return the variance that keeps that of linear units, section 4.6 of the source."""
    return 1.0 / fan_in


def _torch_default(fan_in: int, fan_out: int) -> float:
    """Return the variance of U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    return 1.0 / (3.0 * fan_in)


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
                torch="torch.nn.init:zeros_", tensorflow="keras.initializers:Zeros"
            ),
            random=False,
        ),
        Initializer(
            name="constant",
            source="all weights equal",
            law=Point,
            native=lambda value: natives(
                torch=("torch.nn.init:constant_", {"val": value}),
                tensorflow=("keras.initializers:Constant", {"value": value}),
            ),
            parameters={"value": None},
            random=False,
            examples=((0.5,),),
        ),
        Initializer(
            name="normal",
            source="N(0, std^2), whatever the fans",
            law=lambda std: Normal(lambda fan_in, fan_out: std**2),
            native=lambda std: natives(
                torch=("torch.nn.init:normal_", {"mean": 0.0, "std": std}),
                tensorflow=("keras.initializers:RandomNormal", {"mean": 0.0, "stddev": std}),
            ),
            parameters={"std": None},
            positive=("std",),
            examples=((0.01,), (0.05,), (1.0,)),
        ),
        Initializer(
            name="xavier_uniform",
            source=_GLOROT,
            law=lambda: Uniform(_xavier),
            native=lambda: natives(
                torch="torch.nn.init:xavier_uniform_", tensorflow="keras.initializers:GlorotUniform"
            ),
        ),
        Initializer(
            name="xavier_normal",
            source=_GLOROT,
            law=lambda: Normal(_xavier),
            native=lambda: natives(
                torch="torch.nn.init:xavier_normal_", tensorflow="keras.initializers:GlorotNormal"
            ),
            laws={"tensorflow": TruncatedNormal(_xavier)},
        ),
        Initializer(
            name="he_uniform",
            source=_HE,
            law=lambda: Uniform(_he),
            native=lambda: natives(
                torch=(
                    "torch.nn.init:kaiming_uniform_",
                    {"mode": "fan_in", "nonlinearity": "relu"},
                ),
                tensorflow="keras.initializers:HeUniform",
            ),
        ),
        Initializer(
            name="he_normal",
            source=_HE,
            law=lambda: Normal(_he),
            native=lambda: natives(
                torch=("torch.nn.init:kaiming_normal_", {"mode": "fan_in", "nonlinearity": "relu"}),
                tensorflow="keras.initializers:HeNormal",
            ),
            laws={"tensorflow": TruncatedNormal(_he)},
        ),
        # torch has no function of this name: He's with the gain of a linear unit, 1, is LeCun's.
        Initializer(
            name="lecun_uniform",
            source=_LECUN,
            law=lambda: Uniform(_lecun),
            native=lambda: natives(
                torch=(
                    "torch.nn.init:kaiming_uniform_",
                    {"mode": "fan_in", "nonlinearity": "linear"},
                ),
                tensorflow="keras.initializers:LecunUniform",
            ),
        ),
        Initializer(
            name="lecun_normal",
            source=_LECUN,
            law=lambda: Normal(_lecun),
            native=lambda: natives(
                torch=(
                    "torch.nn.init:kaiming_normal_",
                    {"mode": "fan_in", "nonlinearity": "linear"},
                ),
                tensorflow="keras.initializers:LecunNormal",
            ),
            laws={"tensorflow": TruncatedNormal(_lecun)},
        ),
        Initializer(
            name="orthogonal",
            source="Saxe, McClelland and Ganguli 2013 (arXiv:1312.6120)",
            law=Orthogonal,
            native=lambda: natives(
                torch="torch.nn.init:orthogonal_", tensorflow="keras.initializers:Orthogonal"
            ),
        ),
        Initializer(
            name="default",
            source="the documentation of torch.nn.Linear and keras.layers.Dense",
            law=None,
            laws={"torch": Uniform(_torch_default), "tensorflow": Uniform(_xavier)},
            biases={"torch": Uniform(_torch_default)},
        ),
    ],
)


def every() -> tuple[str, ...]:
    """Return the canonical name of each entry, with its examples where it has parameters."""
    return tuple(
        canonical(f"{entry.name}({', '.join(map(str, example))})" if example else entry.name)
        for entry in INITIALIZERS
        for example in entry.examples or ((),)
    )


def canonical(name: str) -> str:
    """Return an initializer's name in its canonical form: ``normal(.05)`` is ``normal(0.05)``.

    Raises UserError for an unknown name or wrong parameters.
    """
    entry, values = registry.parse("initializer", name, INITIALIZERS)
    for parameter, value in zip(entry.parameters, values, strict=True):
        if parameter in entry.positive and value <= 0.0:
            raise UserError(
                f"initializer {name!r}: {parameter} is {registry.number(value)}, not above 0"
            )
    return registry.canonical("initializer", name, INITIALIZERS)


def resolve(name: str) -> Resolved:
    """Return the initializer that a name means. Raises UserError as ``canonical`` does."""
    name = canonical(name)
    entry, parameters = registry.parse("initializer", name, INITIALIZERS)
    return Resolved(name, entry, parameters)
