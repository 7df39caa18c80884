"""Which documented formula each part of a framework's step follows, and what a framework lacks.

Torch and Keras have a form of their own each. Optax has none: it is torch's in some parts of a step
and Keras' in others, as its code says, and some of its methods are a third formula.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from suite.catalogue.frameworks import Formulas, entry_of
from suite.catalogue.step_options import Setting

BOTH: tuple[Formulas, ...] = ("torch", "keras")


@dataclass(frozen=True)
class Forms:
    """The form of each part of a step.

    ``rule``: the method; ``decay``: the argument weight_decay; ``penalty``: the L2 penalty;
    ``clipping``: of gradients; ``schedule``: the learning rate after so many steps; ``mean``: what
    is made of accumulated gradients; ``count``: what a schedule counts.
    """

    rule: Formulas
    decay: Formulas
    penalty: Formulas
    clipping: Formulas
    schedule: Formulas
    mean: Formulas
    count: Formulas

    @classmethod
    def of(cls, form: Formulas) -> Forms:
        """Return one form for all parts."""
        return cls(*[form for _ in fields(cls)])

    @property
    def other(self) -> Forms:
        """The other form of each part."""
        flip: dict[Formulas, Formulas] = {"torch": "keras", "keras": "torch"}
        return Forms(*[flip[getattr(self, part.name)] for part in fields(self)])


_OPTAX: dict[str, Formulas] = {
    "sgd": "torch",
    "rmsprop": "keras",
    "adam": "torch",
    "adamw": "torch",
    "adagrad": "keras",
    "adadelta": "torch",
    "adamax": "torch",
    "common_sgd": "torch",
    "common_rmsprop": "keras",
    "common_adam": "torch",
}
"""Method -> where epsilon stands, and whether momentum accumulates gradients or steps."""
_OPTAX_LACKS = {
    "nadam": "Optax' NAdam has no momentum that grows: its formula is neither torch's nor Keras'",
    "amsgrad": "Optax' AMSGrad takes the largest v after its bias is corrected: its formula is"
    " neither torch's nor Keras'",
    "clip_norm": "Optax clips by the norm of all tensors together, or by the root mean square of"
    " each one",
}
_OPTAX_DECAYS = ("adadelta", "adamax")
_COSINES = ("cosine", "cosine_past", "cosine_floor", "warmup", "restarts")
_IN_SINGLE = {
    "keras_torch": dict.fromkeys(
        ("clip_norm", "clip_global"), "Keras on torch clips doubles by a norm in single precision"
    ),
    "keras_jax": dict.fromkeys(
        _COSINES, "Keras on JAX computes a schedule of cosines in single precision"
    ),
}
"""Framework -> option -> why its steps in double precision cannot be compared with a formula.
Outside TensorFlow, ``keras.backend.result_type`` of a double and a single is single."""


def forms(framework: str, setting: Setting) -> Forms | None:
    """Return the forms of a setting in a framework; None where they are not declared."""
    method = setting.method.name
    if framework == "jax":
        if method not in _OPTAX:
            return None
        # Weight decay stands in a chain of transformations where a gradient still is one, except in
        # the methods whose name ends in w.
        decay: Formulas = "keras" if method == "adamax" else "torch"
        piecewise = any(option.name == "piecewise" for option in setting.options)
        schedule: Formulas = "torch" if piecewise else "keras"
        return Forms(_OPTAX[method], decay, "torch", "keras", schedule, "keras", "torch")
    form = entry_of(framework).form(method)
    return None if form is None else Forms.of(form)


def lacking(framework: str, setting: Setting) -> str | None:
    """Return what a framework lacks of a setting, or None where it has it all."""
    names = [setting.method.name, *(option.name for option in setting.options)]
    if framework != "jax":
        single = _IN_SINGLE.get(framework, {})
        return next((single[name] for name in names if name in single), None)
    if "decay" in names and setting.method.name not in _OPTAX_DECAYS:
        return f"Optax' {setting.method.name} has no argument weight_decay"
    return next((_OPTAX_LACKS[name] for name in names if name in _OPTAX_LACKS), None)
