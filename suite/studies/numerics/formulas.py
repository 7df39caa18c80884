"""The formulas that the study ``numerics`` measures, beside the activations of the catalogue.

Each is a function of one number x. A loss is that of one sample; softmax takes the pair of logits
(x, 0); a normalization layer takes the pair (x, -x), and its slope is the derivative of the first
output by the first input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.catalogue.floats import STEP
from suite.catalogue.normalizations import EPSILON
from suite.catalogue.registry import Registry
from suite.studies.numerics import exact
from suite.types import Array

SQUARED_TARGET = 1.0
"""What ``squared`` is measured against."""


@dataclass(frozen=True)
class Formula:
    """One formula: its definition in float64, and in arbitrary precision where that is known.

    ``value`` and ``slope`` take and return float64 arrays (n,). ``exact``: see
    ``suite.studies.numerics.exact``; without it double precision cannot be judged. ``rough``: the
    distance from 0 and from the kinks within which the slope bends too sharply for Simpson's
    rule with the steps of the grid.
    """

    name: str
    meaning: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    exact: exact.Formula | None
    parameters: tuple[float, ...] = ()
    kinks: tuple[float, ...] = ()
    rough: float = STEP

    def undeclared(self, framework: str) -> str | None:
        """Return why a framework cannot evaluate the formula, or None where it can."""
        if self.name in FORMULAS:
            return None
        return activations.resolve(self.name).entry.undeclared(framework)

    def smooth(self, x: Array) -> Array:
        """Return where the formula is smooth, (n,) bool for (n,) points."""
        gaps = [np.abs(x - place) > self.rough for place in (0.0, *self.kinks)]
        return np.asarray(np.all(gaps, axis=0))


def _sigmoid(x: Array) -> Array:
    return activations.resolve("sigmoid").value(x)


def _softplus(x: Array) -> Array:
    return activations.resolve("softplus").value(x)


def _logistic_slope(x: Array) -> Array:
    return activations.resolve("sigmoid").slope(x)


def _standardized(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(x / np.sqrt(x**2 + EPSILON))


def _standardized_slope(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(0.5 * EPSILON / (x**2 + EPSILON) ** 1.5)


_PAIR = (
    f"of the pair (x, -x), epsilon {EPSILON:g}: x / sqrt(x^2 + epsilon);"
    " the slope epsilon / (2 (x^2 + epsilon)^(3/2)) is what is left of terms that nearly cancel"
)
FORMULAS = Registry(
    "formula",
    [
        Formula(
            "binary_crossentropy_0",
            "binary cross-entropy on the logit x, label 0: ln(1 + exp(x))",
            _softplus,
            _sigmoid,
            exact.softplus,
        ),
        Formula(
            "binary_crossentropy_1",
            "binary cross-entropy on the logit x, label 1: ln(1 + exp(-x))",
            lambda x: _softplus(-x),
            lambda x: -_sigmoid(-x),
            exact.softplus_of_minus,
        ),
        Formula(
            "categorical_crossentropy",
            "categorical cross-entropy on the logits (x, 0), first class: ln(1 + exp(-x))",
            lambda x: _softplus(-x),
            lambda x: -_sigmoid(-x),
            exact.softplus_of_minus,
        ),
        Formula(
            "squared_error",
            "squared error of x against 1: (x - 1)^2",
            lambda x: (x - SQUARED_TARGET) ** 2,
            lambda x: 2.0 * (x - SQUARED_TARGET),
            exact.squared,
            (SQUARED_TARGET,),
        ),
        Formula(
            "softmax",
            "the first of the softmax of (x, 0): 1 / (1 + exp(-x))",
            _sigmoid,
            _logistic_slope,
            exact.sigmoid,
        ),
        Formula(
            "log_softmax",
            "the first of the log-softmax of (x, 0): -ln(1 + exp(-x))",
            lambda x: -_softplus(-x),
            lambda x: _sigmoid(-x),
            exact.log_softmax,
        ),
        Formula(
            "layer_normalization",
            f"layer normalization {_PAIR}",
            _standardized,
            _standardized_slope,
            exact.standardized,
            (EPSILON,),
            rough=1.0,
        ),
        Formula(
            "batch_normalization",
            f"batch normalization {_PAIR}",
            _standardized,
            _standardized_slope,
            exact.standardized,
            (EPSILON,),
            rough=1.0,
        ),
    ],
)
_EXACT: Mapping[str, Any] = {
    name: getattr(exact, name) for name in activations.ACTIVATIONS.names if hasattr(exact, name)
}


def resolve(name: str) -> Formula:
    """Return the formula that a name means: one of ``FORMULAS``, or an activation.

    Raises UserError for an unknown name.
    """
    if name in FORMULAS:
        return FORMULAS[name]
    activation = activations.resolve(name)
    return Formula(
        activation.name,
        f"the activation {activation.name}",
        activation.value,
        activation.slope,
        _EXACT.get(activation.entry.name, activation.entry.exact),
        activation.parameters,
        activation.entry.kinks,
    )
