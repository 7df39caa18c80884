"""The optimizers: hyper-parameters that are equal everywhere, and each framework's names for them.

``common`` holds every hyper-parameter that enters the update, under a neutral name. With the
settings ``default`` a framework's optimizer is made without any argument instead.

Equal hyper-parameters are not equal formulas. With g the gradient and v the running mean of its
square, RMSprop divides by sqrt(v + epsilon) in Keras and by sqrt(v) + epsilon in torch. Adam adds
epsilon to sqrt(v) before the correction of v's bias in Keras, after it in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from suite.catalogue import registry
from suite.types import Native

SETTINGS = ("common", "default")


@dataclass(frozen=True)
class Optimizer:
    """One optimizer.

    ``common``: neutral name -> value; a name may give others, in this order, as in
    ``sgd(0.03,0.9)``. ``translate(common)``: framework -> the framework's own class, and the same
    hyper-parameters under the names of its keyword arguments.
    """

    name: str
    source: str
    common: Mapping[str, float]
    translate: Callable[[Mapping[str, float]], Mapping[str, Native]]

    @property
    def parameters(self) -> Mapping[str, float | None]:
        """What a name may give in parentheses, in order, with the defaults."""
        return dict(self.common)

    def native(self, framework: str, settings: str = "common") -> Native:
        """The framework's own class and its keyword arguments: none with ``default`` settings.

        Raises UserError for unknown settings or a framework for which none is declared.
        """
        if settings not in SETTINGS:
            raise registry.unknown("settings", settings, SETTINGS)
        natives = self.translate(self.common)
        owner = f"optimizer {self.name!r}"
        target, arguments = registry.of_framework(owner, natives, framework)
        return target, (arguments if settings == "common" else {})


OPTIMIZERS = registry.Registry(
    "optimizer",
    [
        Optimizer(
            name="rmsprop",
            source="Tieleman and Hinton 2012",
            common={"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "momentum": 0.0},
            translate=lambda common: {
                "torch": (
                    "torch.optim:RMSprop",
                    {
                        "lr": common["learning_rate"],
                        "alpha": common["rho"],
                        "eps": common["epsilon"],
                        "momentum": common["momentum"],
                    },
                ),
                "tensorflow": ("keras.optimizers:RMSprop", dict(common)),
            },
        ),
        Optimizer(
            name="adam",
            source="Kingma and Ba 2014",
            common={"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
            translate=lambda common: {
                "torch": (
                    "torch.optim:Adam",
                    {
                        "lr": common["learning_rate"],
                        "betas": (common["beta_1"], common["beta_2"]),
                        "eps": common["epsilon"],
                    },
                ),
                "tensorflow": ("keras.optimizers:Adam", dict(common)),
            },
        ),
        Optimizer(
            name="sgd",
            source="Robbins and Monro 1951",
            common={"learning_rate": 0.1, "momentum": 0.0},
            translate=lambda common: {
                "torch": (
                    "torch.optim:SGD",
                    {"lr": common["learning_rate"], "momentum": common["momentum"]},
                ),
                "tensorflow": ("keras.optimizers:SGD", dict(common)),
            },
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
            "Pascanu, Mikolov and Bengio 2013: a member's whole gradient is scaled down to the"
            " threshold where its Euclidean norm exceeds it",
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
    """The rule that a name means, and its parameters. Raises UserError for an unknown name."""
    entry, values = registry.parse(rules.kind, name, rules)
    return entry.name, dict(zip(entry.parameters, values, strict=True))


def canonical(name: str) -> str:
    """The one way to write an optimizer's name. Raises UserError for an unknown name."""
    return registry.canonical("optimizer", name, OPTIMIZERS)


def resolve(name: str) -> Optimizer:
    """The optimizer that a name means, with the hyper-parameters that the name gives.

    Raises UserError for an unknown name or a hyper-parameter that is no finite number.
    """
    entry, values = registry.parse("optimizer", name, OPTIMIZERS)
    return replace(entry, common=dict(zip(entry.common, values, strict=True)))
