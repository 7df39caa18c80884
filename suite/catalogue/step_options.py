"""Settings of a training step: a method and its options, in both frameworks' words and as formulas.

A setting is named by its method and options, as in ``adam(amsgrad,clip_norm)``. Torch and Keras are
given equal numbers under the names that correspond. What follows from them differs in places; each
function that takes a ``form`` says how.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from suite.catalogue import registry
from suite.catalogue.frameworks import Formulas
from suite.catalogue.methods import METHODS, Method, Rule
from suite.types import Array, Native, UserError

THRESHOLD = 0.5
"""The largest entry or norm of a clipped gradient."""
DECAY = 0.25
"""The weight decay, and the strength of the penalty."""
BATCHES = 2
"""The batches whose gradients are accumulated for one step."""
WARM, PERIOD = 4, 8
"""The steps of the warm-up, and the steps in which a schedule ends."""


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes, over its first value.

    ``factor(form, k)``: the rate after k steps, in units of the first; ``torch(rate)``: torch's own
    schedulers, of which a second follows the first after ``WARM`` steps; ``keras(rate)``: Keras';
    ``optax(rate)``: Optax'.
    """

    factor: Callable[[Formulas, int], float]
    torch: Callable[[float], tuple[Native, ...]]
    keras: Callable[[float], Native]
    optax: Callable[[float], Native]


@dataclass(frozen=True)
class Option:
    """One option. Two options of the same group exclude each other.

    ``own``: whether only the methods take it that name it. ``values``: hyper-parameters that it
    sets. ``penalty``: what torch is given as weight_decay and Keras as the L2 of a regularizer.
    """

    name: str
    group: str
    meaning: str
    own: bool = False
    values: Mapping[str, float] = field(default_factory=dict)
    clipping: str = ""
    schedule: Schedule | None = None
    batches: int = 1
    penalty: Mapping[Formulas, float] = field(default_factory=dict)


def _cosine(k: float) -> float:
    return (1 + math.cos(math.pi * k)) / 2


def _restarted(k: int) -> float:
    """Return the cosine of a period that starts with 2 steps and doubles: restarts at 2 and 6."""
    period = 2
    while k >= period:
        k, period = k - period, 2 * period
    return _cosine(k / period)


def _optax(name: str, **terms: object) -> Callable[[float], Native]:
    """Return a schedule of Optax that starts from the rate."""
    return lambda rate: (f"optax:{name}", {"init_value": rate, **terms})


_TORCH, _KERAS = "torch.optim.lr_scheduler", "keras.optimizers.schedules"
SCHEDULES: Mapping[str, tuple[str, Schedule]] = {
    "staircase": (
        f"halved after every {WARM} steps: StepLR; ExponentialDecay(staircase=True)",
        Schedule(
            lambda form, k: 0.5 ** (k // WARM),
            lambda rate: ((f"{_TORCH}:StepLR", {"step_size": WARM, "gamma": 0.5}),),
            lambda rate: (
                f"{_KERAS}:ExponentialDecay",
                {"decay_steps": WARM, "decay_rate": 0.5, "staircase": True},
            ),
            _optax("exponential_decay", transition_steps=WARM, decay_rate=0.5, staircase=True),
        ),
    ),
    "piecewise": (
        f"halved at {WARM} and at {PERIOD}: MultiStepLR; PiecewiseConstantDecay",
        Schedule(
            # Keras keeps a value up to and with the boundary, torch up to the milestone.
            lambda form, k: 0.5 ** sum(k >= b + (form == "keras") for b in (WARM, PERIOD)),
            lambda rate: ((f"{_TORCH}:MultiStepLR", {"milestones": [WARM, PERIOD], "gamma": 0.5}),),
            lambda rate: (
                f"{_KERAS}:PiecewiseConstantDecay",
                {"boundaries": [WARM, PERIOD], "values": [rate, rate / 2, rate / 4]},
            ),
            _optax("piecewise_constant_schedule", boundaries_and_scales={WARM: 0.5, PERIOD: 0.5}),
        ),
    ),
    "exponential": (
        "times 3/4 after every step: ExponentialLR; ExponentialDecay",
        Schedule(
            lambda form, k: 0.75**k,
            lambda rate: ((f"{_TORCH}:ExponentialLR", {"gamma": 0.75}),),
            lambda rate: (f"{_KERAS}:ExponentialDecay", {"decay_steps": 1, "decay_rate": 0.75}),
            _optax("exponential_decay", transition_steps=1, decay_rate=0.75),
        ),
    ),
    "cosine": (
        f"half a cosine in {2 * PERIOD} steps: CosineAnnealingLR; CosineDecay",
        Schedule(
            lambda form, k: _cosine(k / (2 * PERIOD)),
            lambda rate: ((f"{_TORCH}:CosineAnnealingLR", {"T_max": 2 * PERIOD}),),
            lambda rate: (f"{_KERAS}:CosineDecay", {"decay_steps": 2 * PERIOD}),
            _optax("cosine_decay_schedule", decay_steps=2 * PERIOD),
        ),
    ),
    "cosine_past": (
        f"half a cosine in {PERIOD} steps, and what follows: CosineAnnealingLR; CosineDecay",
        Schedule(
            # Torch's cosine rises again, Keras' rate stays at its end.
            lambda form, k: _cosine((k if form == "torch" else min(k, PERIOD)) / PERIOD),
            lambda rate: ((f"{_TORCH}:CosineAnnealingLR", {"T_max": PERIOD}),),
            lambda rate: (f"{_KERAS}:CosineDecay", {"decay_steps": PERIOD}),
            _optax("cosine_decay_schedule", decay_steps=PERIOD),
        ),
    ),
    "cosine_floor": (
        "half a cosine to a floor of 1/32: CosineAnnealingLR(eta_min); CosineDecay(alpha)",
        Schedule(
            # eta_min is a learning rate, alpha a share of the first one.
            lambda form, k: (
                (low := 0.5 if form == "torch" else 2.0**-5) + (1 - low) * _cosine(k / (2 * PERIOD))
            ),
            lambda rate: (
                (f"{_TORCH}:CosineAnnealingLR", {"T_max": 2 * PERIOD, "eta_min": 2.0**-5}),
            ),
            lambda rate: (f"{_KERAS}:CosineDecay", {"decay_steps": 2 * PERIOD, "alpha": 2.0**-5}),
            _optax("cosine_decay_schedule", decay_steps=2 * PERIOD, alpha=2.0**-5),
        ),
    ),
    "polynomial": (
        f"to 0 in {PERIOD} steps, squared: PolynomialLR; PolynomialDecay(end_learning_rate=0)",
        Schedule(
            lambda form, k: (1 - min(k, PERIOD) / PERIOD) ** 2,
            lambda rate: ((f"{_TORCH}:PolynomialLR", {"total_iters": PERIOD, "power": 2.0}),),
            lambda rate: (
                f"{_KERAS}:PolynomialDecay",
                {"decay_steps": PERIOD, "end_learning_rate": 0.0, "power": 2.0},
            ),
            _optax("polynomial_schedule", end_value=0.0, power=2, transition_steps=PERIOD),
        ),
    ),
    "linear": (
        f"straight to a quarter in {PERIOD} steps: LinearLR; PolynomialDecay(power=1)",
        Schedule(
            lambda form, k: 1 - 0.75 * min(k, PERIOD) / PERIOD,
            lambda rate: (
                (
                    f"{_TORCH}:LinearLR",
                    {"start_factor": 1.0, "end_factor": 0.25, "total_iters": PERIOD},
                ),
            ),
            lambda rate: (
                f"{_KERAS}:PolynomialDecay",
                {"decay_steps": PERIOD, "end_learning_rate": rate / 4, "power": 1.0},
            ),
            lambda rate: (
                "optax:linear_schedule",
                {"init_value": rate, "end_value": rate / 4, "transition_steps": PERIOD},
            ),
        ),
    ),
    "warmup": (
        f"from a quarter in {WARM} steps, then a cosine: SequentialLR; CosineDecay(warmup_target)",
        Schedule(
            lambda form, k: (
                0.25 + 0.75 * k / WARM if k < WARM else _cosine((k - WARM) / (2 * PERIOD))
            ),
            lambda rate: (
                (f"{_TORCH}:LinearLR", {"start_factor": 0.25, "total_iters": WARM}),
                (f"{_TORCH}:CosineAnnealingLR", {"T_max": 2 * PERIOD}),
            ),
            lambda rate: (
                f"{_KERAS}:CosineDecay",
                {
                    "initial_learning_rate": rate / 4,
                    "decay_steps": 2 * PERIOD,
                    "warmup_target": rate,
                    "warmup_steps": WARM,
                },
            ),
            lambda rate: (
                "optax:warmup_cosine_decay_schedule",
                {
                    "init_value": rate / 4,
                    "peak_value": rate,
                    "warmup_steps": WARM,
                    "decay_steps": WARM + 2 * PERIOD,
                },
            ),
        ),
    ),
    "restarts": (
        "cosines of 2, 4, 8, ... steps: CosineAnnealingWarmRestarts; CosineDecayRestarts",
        Schedule(
            lambda form, k: _restarted(k),
            lambda rate: ((f"{_TORCH}:CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2}),),
            lambda rate: (f"{_KERAS}:CosineDecayRestarts", {"first_decay_steps": 2, "t_mul": 2.0}),
            lambda rate: (
                "optax:sgdr_schedule",
                {
                    "cosine_kwargs": [
                        {
                            "init_value": rate,
                            "peak_value": rate,
                            "warmup_steps": 0,
                            "decay_steps": steps,
                        }
                        for steps in (2, 4, 8, 16)
                    ]
                },
            ),
        ),
    ),
}

OPTIONS = registry.Registry(
    "option",
    [
        Option("momentum", "momentum", "momentum of 7/8", own=True, values={"momentum": 0.875}),
        Option(
            "nesterov",
            "momentum",
            "Nesterov's momentum of 7/8",
            own=True,
            values={"momentum": 0.875, "nesterov": 1.0},
        ),
        Option("centered", "centered", "centred", own=True, values={"centered": 1.0}),
        Option(
            "amsgrad",
            "amsgrad",
            "AMSGrad, with a beta_2 of 1/2, so that v falls within some steps",
            own=True,
            values={"amsgrad": 1.0, "beta_2": 0.5},
        ),
        Option("epsilon", "epsilon", "epsilon of 2^-10", own=True, values={"epsilon": 2.0**-10}),
        Option(
            "full_decay",
            "full_decay",
            "torch's momentum_decay of 1, which Keras has built in",
            own=True,
            values={"momentum_decay": 1.0},
        ),
        Option(
            "decay", "decay", "the argument weight_decay of 1/4", values={"weight_decay": DECAY}
        ),
        Option(
            "penalty",
            "decay",
            "an L2 penalty of 1/4: torch's weight_decay; Keras' regularizers.L2",
            penalty={"torch": DECAY, "keras": DECAY},
        ),
        Option(
            "half_penalty",
            "decay",
            "an L2 penalty of 1/4: torch's weight_decay; 1/8: Keras' regularizers.L2",
            penalty={"torch": DECAY, "keras": DECAY / 2},
        ),
        Option("clip_value", "clip", "entries cut at 1/2", clipping="value"),
        Option("clip_norm", "clip", "each tensor scaled to norm 1/2", clipping="norm"),
        Option("clip_global", "clip", "all tensors scaled to norm 1/2", clipping="global"),
        *(
            Option(name, "schedule", meaning, schedule=schedule)
            for name, (meaning, schedule) in SCHEDULES.items()
        ),
        Option(
            "accumulate", "accumulate", f"gradients of {BATCHES} batches a step", batches=BATCHES
        ),
    ],
)


@dataclass(frozen=True)
class Setting:
    """A method with options: what both frameworks are given, and the formula of each form."""

    method: Method
    options: tuple[Option, ...] = ()

    @property
    def name(self) -> str:
        """The setting as a value of the axis ``case``."""
        inside = ",".join(option.name for option in self.options)
        return f"{self.method.name}({inside})" if inside else self.method.name

    @property
    def clipping(self) -> str:
        """``value``, ``norm`` (of each tensor), ``global`` or nothing."""
        return next((option.clipping for option in self.options if option.clipping), "")

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of the learning rate; None where it is constant."""
        return next((option.schedule for option in self.options if option.schedule), None)

    @property
    def batches(self) -> int:
        """The number of batches whose gradients one step uses."""
        return max((option.batches for option in self.options), default=1)

    def penalty(self, form: Formulas) -> float:
        """Return the strength of the penalty: torch's weight_decay, or Keras' L2."""
        return sum(option.penalty.get(form, 0.0) for option in self.options)

    @property
    def values(self) -> Mapping[str, float]:
        """The hyper-parameters of the method."""
        values = dict(self.method.values)
        for option in self.options:
            values |= option.values
        return values

    def native(self, framework: str) -> Native:
        """Return the framework's own optimizer and its arguments, without the learning rate.

        Raises UserError for a framework for which none is declared.
        """
        return self.method.native(framework, self.values)

    def rule(self, form: Formulas) -> Rule:
        """Return the formula of one parameter."""
        return self.method.rule(form, self.values)

    def rate(self, form: Formulas, step: int) -> float:
        """Return the learning rate after ``step`` steps."""
        factor = self.schedule.factor(form, step) if self.schedule else 1.0
        return self.method.rate * factor


def clipped(form: Formulas, clipping: str, gradients: Sequence[Array]) -> list[Array]:
    """Return the gradients, clipped; c is the threshold and n the norm of one tensor or of all.

    Torch multiplies by min(1, c / (n + 1e-6)), Keras by c / max(n, c).
    """
    if clipping == "value":
        return [np.clip(gradient, -THRESHOLD, THRESHOLD) for gradient in gradients]
    if not clipping:
        return list(gradients)
    norms = [float(np.sqrt((gradient**2).sum())) for gradient in gradients]
    if clipping == "global":
        norms = [math.hypot(*norms)] * len(norms)
    if form == "torch":
        factors = [min(1.0, THRESHOLD / (norm + 1e-6)) for norm in norms]
    else:
        factors = [THRESHOLD / max(norm, THRESHOLD) for norm in norms]
    return [factor * gradient for factor, gradient in zip(factors, gradients, strict=True)]


def settings(pairs: Sequence[str] | None = None) -> Iterator[Setting]:
    """Yield every method by itself and with each of its options; or, with ``pairs``, the methods of
    widest use with every two of the named options that do not exclude each other."""
    for method in METHODS:
        taken = [option for option in OPTIONS if _takes(method, option)]
        if pairs is None:
            yield Setting(method)
            yield from (Setting(method, (option,)) for option in taken if _alone(method, option))
        elif method.name in ("sgd", "rmsprop", "adam", "adamw"):
            named = [option for option in taken if option.name in pairs]
            for two in itertools.combinations(named, 2):
                if two[0].group != two[1].group:
                    yield Setting(method, two)


def _takes(method: Method, option: Option) -> bool:
    """Whether a method takes an option; an entry of ``optimizers`` is measured as it is."""
    if method.name.startswith("common_"):
        return False
    if option.group == "decay" and method.decoupled:  # it always decays
        return False
    return not option.own or option.name in method.options


def _alone(method: Method, option: Option) -> bool:
    """Whether an option is measured with a method by itself. What comes outside the formula of a
    method is shown by gradient descent; Adam shows that it does not feel accumulated sums."""
    around = option.group in ("schedule", "accumulate", "clip")
    return (
        not around or method.name == "sgd" or (method.name, option.name) == ("adam", "accumulate")
    )


def resolve(name: str) -> Setting:
    """Return the setting that a name means.

    Raises UserError for an unknown method or option, an option that the method does not take, and
    two options that exclude each other.
    """
    match = re.fullmatch(r"([a-z_]+)(?:\(([a-z_,]+)\))?", name)
    if match is None:
        raise UserError(f"setting {name!r} is not of the form METHOD or METHOD(OPTION,OPTION)")
    method = METHODS[match[1]]
    options = tuple(OPTIONS[option] for option in (match[2] or "").split(",") if option)
    for option in options:
        if not _takes(method, option):
            raise UserError(f"setting {name!r}: method {method.name!r} has no {option.name!r}")
    groups = [option.group for option in options]
    if len(set(groups)) < len(groups):
        raise UserError(f"setting {name!r} has two options that exclude each other")
    return replace(Setting(method), options=options)
