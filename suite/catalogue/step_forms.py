"""Which documented formula each part of a framework's step follows, and what a framework lacks.

Torch and Keras have a form of their own each. A framework whose entry has ``step_forms`` follows
torch's in some parts of a step and Keras' in others.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def forms(framework: str, setting: Setting) -> Forms | None:
    """Return the forms of a setting in a framework; None where they are not declared."""
    entry, names = entry_of(framework), _names(setting)
    if not entry.step_forms:
        form = entry.form(setting.method.name)
        return None if form is None else Forms.of(form)
    chosen = [_chosen(entry.step_forms[part.name], names) for part in fields(Forms)]
    found = [form for form in chosen if form is not None]
    return Forms(*found) if len(found) == len(chosen) else None


def lacking(framework: str, setting: Setting) -> str | None:
    """Return what a framework lacks of a setting, or None where it has it all."""
    method, *options = _names(setting)
    together = [f"step.{method}.{option}" for option in options]
    return entry_of(framework).gap([*together, *(f"step.{name}" for name in (method, *options))])


def _names(setting: Setting) -> list[str]:
    return [setting.method.name, *(option.name for option in setting.options)]


def _chosen(declared: Formulas | Mapping[str, Formulas], names: list[str]) -> Formulas | None:
    if isinstance(declared, str):
        return declared
    return next((declared[name] for name in names if name in declared), declared.get(""))
