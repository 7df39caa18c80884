"""The optimizers: the step of each one, by definition, and its name in each framework.

An entry holds its hyper-parameters under neutral names, its formula in NumPy float64 (the
definition, to which the frameworks are tied by a test) and each framework's own class. With the
settings ``common`` every hyper-parameter is set, to equal values; with ``default`` a framework's
optimizer is made without any argument. To add an optimizer, add an entry.

Equal hyper-parameters are not equal formulas: torch and Keras place epsilon differently in RMSprop
and Adam, and Optax has Keras' RMSprop and torch's Adam. A formula therefore takes a ``form``:
``torch``, or ``keras``, which is also that of the NumPy oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from suite.catalogue import registry
from suite.catalogue.frameworks import Formulas
from suite.catalogue.registry import natives
from suite.types import Array, Native, UserError

SETTINGS = ("common", "default")
Step = Callable[[Array], Array]
"""Gradient -> the change that is subtracted from the parameter, float64, the same shape. It
remembers the gradients of earlier steps: one for each parameter."""


@dataclass(frozen=True)
class Optimizer:
    """One optimizer.

    ``common``: neutral name -> value; a name may give others, in this order, as in
    ``sgd(0.03,0.9)``. ``translate(common)``: framework -> the framework's own class, and the same
    hyper-parameters under the names of its keyword arguments. ``formula(form, **common)``: a fresh
    ``Step`` for one parameter; None where the formula is not written down, which leaves out the
    oracle.
    """

    name: str
    source: str
    common: Mapping[str, float]
    translate: Callable[[Mapping[str, float]], Mapping[str, Native]]
    formula: Callable[..., Step] | None = None

    @property
    def parameters(self) -> Mapping[str, float | None]:
        """The hyper-parameters that a name may give in parentheses, in order, with the defaults."""
        return dict(self.common)

    def step(self, form: Formulas) -> Step:
        """Return the optimizer of one parameter by its formula, in the form of a framework.

        Raises UserError where the formula is not written down.
        """
        if self.formula is None:
            raise UserError(f"the formula of optimizer {self.name!r} is not written down")
        return self.formula(form, **self.common)

    def undeclared(self, framework: str) -> str | None:
        """Return why a framework cannot use the optimizer, or None where it can."""
        declared = [*self.translate(self.common), *([registry.ORACLE] if self.formula else [])]
        return registry.undeclared(f"optimizer {self.name!r}", declared, framework)

    def native(self, framework: str, settings: str = "common") -> Native:
        """Return the framework's own class and its keyword arguments.

        None are given with the settings ``default``. Raises UserError for unknown settings or a
        framework for which no class is declared.
        """
        if settings not in SETTINGS:
            raise registry.unknown("settings", settings, SETTINGS)
        natives = self.translate(self.common)
        owner = f"optimizer {self.name!r}"
        target, arguments = registry.of_framework(owner, natives, framework)
        return target, (arguments if settings == "common" else {})


# --- the definitions ---------------------------------------------------------------------------


def sgd(form: Formulas, learning_rate: float, momentum: float) -> Step:
    """Return gradient descent with momentum, the heavy ball of Polyak 1964.

        u <- momentum u + g,    step = learning_rate u

    Both forms are the same: Keras multiplies g by the rate, torch u, and the rate is constant.
    """
    del form
    u = np.zeros(())

    def step(g: Array) -> Array:
        nonlocal u
        u = momentum * u + g if momentum else g
        return learning_rate * u

    return step


def rmsprop(
    form: Formulas, learning_rate: float, rho: float, epsilon: float, momentum: float
) -> Step:
    """Return RMSprop, with v the running mean of the squared gradient.

        v <- rho v + (1 - rho) g^2
        d = sqrt(v + epsilon) in Keras, sqrt(v) + epsilon in torch
        u <- momentum u + learning_rate g / d,    step = u

    Tieleman and Hinton 2012, lecture 6.5; the place of epsilon is from the frameworks' code.
    """
    inside, outside = (0.0, epsilon) if form == "torch" else (epsilon, 0.0)
    u = v = np.zeros(())

    def step(g: Array) -> Array:
        nonlocal u, v
        v = rho * v + (1.0 - rho) * g**2
        scaled = np.asarray(learning_rate * g / (np.sqrt(v + inside) + outside))
        u = momentum * u + scaled if momentum else scaled
        return u

    return step


def adam(
    form: Formulas, learning_rate: float, beta_1: float, beta_2: float, epsilon: float
) -> Step:
    """Return Adam, with m and v the running means of the gradient and of its square, t the step.

        m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2
        r = sqrt(1 - beta_2^t)
        step = learning_rate r / (1 - beta_1^t) m / (sqrt(v) + e)
        e = epsilon in Keras, r epsilon in torch

    Kingma and Ba 2014 (arXiv:1412.6980): torch has Algorithm 1, which adds epsilon to the root of
    the corrected v; Keras the form at the end of section 2 (its "epsilon hat").
    """
    t = 0
    m = v = np.zeros(())

    def step(g: Array) -> Array:
        nonlocal t, m, v
        t += 1
        m = beta_1 * m + (1.0 - beta_1) * g
        v = beta_2 * v + (1.0 - beta_2) * g**2
        root = np.sqrt(1.0 - beta_2**t)
        beside = epsilon * root if form == "torch" else epsilon
        rate = learning_rate * root / (1.0 - beta_1**t)
        return np.asarray(rate * m / (np.sqrt(v) + beside))

    return step


# --- the entries -------------------------------------------------------------------------------

OPTIMIZERS = registry.Registry(
    "optimizer",
    [
        Optimizer(
            name="rmsprop",
            source="Tieleman and Hinton 2012, lecture 6.5",
            common={"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "momentum": 0.0},
            translate=lambda common: natives(
                torch=(
                    "torch.optim:RMSprop",
                    {
                        "lr": common["learning_rate"],
                        "alpha": common["rho"],
                        "eps": common["epsilon"],
                        "momentum": common["momentum"],
                    },
                ),
                keras=("keras.optimizers:RMSprop", dict(common)),
                jax=(
                    "optax:rmsprop",
                    {
                        "learning_rate": common["learning_rate"],
                        "decay": common["rho"],
                        "eps": common["epsilon"],
                        "momentum": common["momentum"] or None,
                    },
                ),
            ),
            formula=rmsprop,
        ),
        Optimizer(
            name="adam",
            source="Kingma and Ba 2014 (arXiv:1412.6980)",
            common={"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
            translate=lambda common: natives(
                torch=(
                    "torch.optim:Adam",
                    {
                        "lr": common["learning_rate"],
                        "betas": (common["beta_1"], common["beta_2"]),
                        "eps": common["epsilon"],
                    },
                ),
                keras=("keras.optimizers:Adam", dict(common)),
                jax=(
                    "optax:adam",
                    {
                        "learning_rate": common["learning_rate"],
                        "b1": common["beta_1"],
                        "b2": common["beta_2"],
                        "eps": common["epsilon"],
                    },
                ),
            ),
            formula=adam,
        ),
        Optimizer(
            name="sgd",
            source="Robbins and Monro 1951 (doi:10.1214/aoms/1177729586); momentum: Polyak 1964",
            common={"learning_rate": 0.1, "momentum": 0.0},
            translate=lambda common: natives(
                torch=(
                    "torch.optim:SGD",
                    {"lr": common["learning_rate"], "momentum": common["momentum"]},
                ),
                keras=("keras.optimizers:SGD", dict(common)),
                jax=(
                    "optax:sgd",
                    {
                        "learning_rate": common["learning_rate"],
                        "momentum": common["momentum"] or None,
                    },
                ),
            ),
            formula=sgd,
        ),
    ],
)


@dataclass(frozen=True)
class Rule:
    """A rule with parameters: how gradients are clipped, or how the learning rate falls."""

    name: str
    source: str
    parameters: Mapping[str, float | None]


CLIPPING = registry.Registry(
    "clipping",
    [
        Rule("none", "gradients are used as they are", {}),
        Rule(
            "norm",
            "Pascanu, Mikolov and Bengio 2013 (arXiv:1211.5063): a member's whole gradient is"
            " scaled down to the threshold where its Euclidean norm exceeds it",
            {"threshold": 1.0},
        ),
        Rule("value", "each entry is cut at -threshold and threshold", {"threshold": 1.0}),
    ],
)
SCHEDULES = registry.Registry(
    "schedule",
    [
        Rule("constant", "the learning rate stays as it is", {}),
        Rule(
            "step",
            "multiplied by the factor after every so many epochs",
            {"epochs": 20.0, "factor": 0.5},
        ),
        Rule("exponential", "multiplied by the factor after every epoch", {"factor": 0.97}),
    ],
)


def rule(name: str, rules: registry.Registry[Rule]) -> tuple[str, dict[str, float]]:
    """Return the rule that a name means, and its parameters. UserError for an unknown name."""
    entry, values = registry.parse(rules.kind, name, rules)
    return entry.name, dict(zip(entry.parameters, values, strict=True))


def canonical(name: str) -> str:
    """Return an optimizer's name in its canonical form. Raises UserError as ``resolve`` does."""
    resolve(name)
    return registry.canonical("optimizer", name, OPTIMIZERS)


def resolve(name: str) -> Optimizer:
    """Return the optimizer that a name means, with the hyper-parameters that the name gives.

    Raises UserError for an unknown name, a hyper-parameter that is not a finite number or is
    negative, and a learning rate of 0.
    """
    entry, values = registry.parse("optimizer", name, OPTIMIZERS)
    common = dict(zip(entry.common, values, strict=True))
    for parameter, value in common.items():
        if value < 0 or (value == 0 and parameter == "learning_rate"):
            least = "a positive number" if parameter == "learning_rate" else "0 or more"
            raise UserError(
                f"optimizer {name!r}: {parameter} is {registry.number(value)}; allowed is {least}"
            )
    return replace(entry, common=common)
