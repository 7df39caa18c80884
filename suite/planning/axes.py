"""The axes of cells: the name, the meaning, the allowed values and the default of each field.

This file also reads the values of axes that a user writes, and makes cells from values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.catalogue import activations, initializers, optimizers
from suite.catalogue.datasets import DATASETS
from suite.catalogue.frameworks import FRAMEWORKS, entry_of
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import Registry, canonical, number, unknown
from suite.types import PROFILES, Cell, Study, UserError, Value


@dataclass(frozen=True)
class Axis:
    """One field of a cell.

    ``parse``: returns a value in canonical form or raises UserError. ``default``: the value that
    is left out of a cell's identity; None: the axis has no default and is always named.
    ``holds``: ``name``, ``count`` (a whole number) or ``number``. ``local``: whether the values
    have no catalogue, so that a study allows those that its own grids name.
    ``known``: of a local axis, whether a value has a catalogue after all, so that it is allowed
    also where the study's grids do not name it. ``undeclared(value, framework)``: why a catalogue
    declares nothing of a framework's for a value, or None where it does.
    """

    name: str
    meaning: str
    parse: Callable[[Value], Value]
    default: Value | None = None
    holds: str = "name"
    local: bool = False
    known: Callable[[Value], bool] = lambda value: False
    undeclared: Callable[[str, str], str | None] = lambda value, framework: None


def _choice(kind: str, allowed: Sequence[str] | Registry[Any]) -> Callable[[Value], Value]:
    """Return a parser that allows some names alone, or those of a registry."""

    def parse(given: Value) -> Value:
        if given not in allowed:
            names = allowed.every if isinstance(allowed, Registry) else allowed
            raise unknown(kind, given, names)
        return given

    return parse


def _count(kind: str) -> Callable[[Value], Value]:
    """Return a parser of whole numbers from 1 to ``LARGEST``."""

    def parse(given: Value) -> Value:
        try:
            count = int(str(given))
        except ValueError:
            count = 0
        if not 1 <= count <= LARGEST:
            raise UserError(
                f"{kind} is {str(given)[:40]!r}; allowed are whole numbers from 1 to {LARGEST}"
            )
        return count

    return parse


def _number(kind: str) -> Callable[[Value], Value]:
    """Return a parser of finite numbers."""

    def parse(given: Value) -> Value:
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"{kind} is {str(given)[:40]!r}; allowed are finite numbers")
        return value + 0.0  # -0.0 is 0.0

    return parse


def _named(kind: str) -> Callable[[Value], Value]:
    """Return a parser of names that no catalogue has; spaces in them are dropped."""

    def parse(given: Value) -> Value:
        text = "".join(str(given).split())
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.,()-]*", text):
            raise UserError(
                f"{kind} is {str(given)[:40]!r}; allowed are lower-case letters, digits and _.,()-"
            )
        return text

    return parse


def _is_activation(value: Value) -> bool:
    """Return whether a formula is an activation, of the suite or of a user."""
    return str(value).partition("(")[0].strip() in activations.ACTIVATIONS


def _formula(given: Value) -> Value:
    """Return the canonical name of a formula: an activation, or a name of the study."""
    if _is_activation(given):
        return activations.canonical(str(given))
    return _named("formula")(given)


def _undeclared_bias(given: str, framework: str) -> str | None:
    """Return why a framework has no object for a bias's initializer, or None where it has."""
    if given == initializers.UNSET:
        return None
    return initializers.resolve(given).undeclared(framework)


LARGEST = 100_000
"""The largest depth, width or number of seeds that is accepted; more is treated as a typing
mistake."""

AXES = Registry(
    "axis",
    [
        Axis(
            "framework",
            "the framework whose layers are measured",
            _choice("framework", FRAMEWORKS),
        ),
        Axis(
            "activation",
            "the activation after every hidden layer",
            lambda v: activations.canonical(str(v)),
            undeclared=lambda v, framework: activations.resolve(v).entry.undeclared(framework),
        ),
        Axis(
            "initializer",
            "the initializer of every kernel",
            lambda v: initializers.canonical(str(v)),
            undeclared=lambda v, framework: initializers.resolve(v).undeclared(framework),
        ),
        Axis(
            "bias",
            "the initializer of every bias; unset: zero with a named initializer of the kernel, the"
            " layer's own with default; default: the layer's own",
            lambda v: initializers.canonical_bias(str(v)),
            initializers.UNSET,
            undeclared=_undeclared_bias,
        ),
        Axis("depth", "number of hidden layers", _count("depth"), holds="count"),
        Axis("width", "units in a hidden layer", _count("width"), holds="count"),
        Axis(
            "optimizer",
            "the optimizer that trains the network",
            lambda v: optimizers.canonical(str(v)),
            "rmsprop",
            undeclared=lambda v, framework: optimizers.resolve(v).undeclared(framework),
        ),
        Axis(
            "weights",
            "where initial weights come from; shared: drawn once in NumPy and loaded into every"
            " framework; native: drawn by the framework's own initializer",
            _choice("weights", ("native", "shared")),
            "native",
        ),
        Axis(
            "settings",
            "hyper-parameters of optimizers and normalization layers; common: all are set, to the"
            " same values in all frameworks; default: those of the framework",
            _choice("settings", optimizers.SETTINGS),
            "common",
            undeclared=lambda v, framework: entry_of(framework).gap([f"settings.{v}"]),
        ),
        Axis(
            "dataset",
            "the data that a network learns",
            _choice("dataset", DATASETS),
            "circles",
        ),
        Axis(
            "normalization",
            "the layer between a hidden layer's kernel and its activation",
            _choice("normalization", NORMALIZATIONS),
            "none",
            undeclared=lambda v, framework: NORMALIZATIONS[v].undeclared(framework),
        ),
        Axis(
            "residual",
            "factor of a hidden layer's output before the layer's input is added to it; 0: no"
            " residual connection",
            _number("residual"),
            0.0,
            "number",
        ),
        Axis("dropout", "probability of dropping a unit", _number("dropout"), 0.0, "number"),
        Axis(
            "clipping",
            "how each network's gradient is clipped before a step: by its norm, or entry by entry",
            lambda v: canonical("clipping", str(v), optimizers.CLIPPING),
            "none",
        ),
        Axis(
            "schedule",
            "how the learning rate changes over the epochs",
            lambda v: canonical("schedule", str(v), optimizers.SCHEDULES),
            "constant",
        ),
        Axis(
            "precision",
            "floating-point precision of all numbers",
            _choice("precision", ("single", "double")),
            "single",
            undeclared=lambda v, framework: entry_of(framework).gap([f"precision.{v}"]),
        ),
        Axis(
            "scale",
            "factor of every initial kernel, unless the study says otherwise",
            _number("scale"),
            1.0,
            "number",
        ),
        Axis("samples", "inputs in a batch", _count("samples"), 128, "count"),
        Axis("case", "which experiment of the study", _named("case"), local=True),
        Axis("layer_kind", "the kind of layer that is measured", _named("layer_kind"), local=True),
        Axis(
            "shape",
            "shape of the measured kernel, as fan_in x fan_out or as the study says",
            _named("shape"),
            local=True,
        ),
        Axis(
            "formula",
            "the activation, loss or layer whose values are measured",
            _formula,
            local=True,
            known=_is_activation,
        ),
        Axis(
            "float_type", "the floating-point type of all numbers", _named("float_type"), local=True
        ),
        Axis(
            "execution",
            "eager, or compiled by the framework's own compiler",
            _named("execution"),
            "eager",
            local=True,
        ),
    ],
)


def axis_values(text: str, option: str) -> tuple[Axis, tuple[str, ...]]:
    """Return an axis and its values, as they are written in ``axis=x,y``; none from ``axis``.

    Raises UserError, which names the ``option``, for an unknown axis or an empty value.
    """
    name, equals, rest = text.partition("=")
    if hint := _of_an_optimizer(name.strip(), rest):
        raise UserError(f"{option} {text!r}: {hint}")
    axis = AXES[name.strip()]
    values = split_at_commas(rest) if equals else []
    if equals and not any(values):
        raise UserError(f"{option} {text!r} gives the axis {axis.name!r} no value")
    if not all(values):
        raise UserError(f"{option} {text!r} is not of the form AXIS=VALUE,VALUE")
    return axis, tuple(values)


def _of_an_optimizer(name: str, value: str) -> str:
    """Return how a parameter of an optimizer is set, where a name is that of one and of no axis."""
    owners = [entry for entry in optimizers.OPTIMIZERS if name in entry.parameters]
    if name in AXES or not owners:
        return ""
    entry = owners[0]
    before = list(entry.parameters)[: list(entry.parameters).index(name)]
    parts = [*(number(entry.common[key]) for key in before), value.partition(",")[0] or "..."]
    inside = ", ".join(parts)
    return f"{name} is a parameter of an optimizer; write optimizer={entry.name}({inside})"


def split_at_commas(text: str) -> list[str]:
    """Split a list of values at commas, and strip them.

    A comma inside parentheses is part of a value, as in ``sgd(0.1, 0.9)``.
    """
    parts, depth = [""], 0
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def canonical_value(
    axis: str, given: Value, study: Study | None = None, named: Named | None = None
) -> Value:
    """Return a value of an axis in canonical form. UserError for an unknown axis or value.

    On a local axis it must be one that the grids of ``study`` name, where a study is given.
    ``named`` is ``named_by``, or a cache of it where many values are read at once.
    """
    value = AXES[axis].parse(given)
    chosen = AXES[axis]
    if chosen.known(value) or not (chosen.local and study is not None):
        return value
    names = (named or named_by)(study, axis)
    if value not in names:
        raise unknown(f"{axis} of study {study.name!r}", value, map(str, names))
    return value


Named = Callable[[Study, str], tuple[Value, ...]]


def named_by(study: Study, axis: str) -> tuple[Value, ...]:
    """Return the values of an axis in the largest grids of a study, in order of appearance."""
    given = (value for grid in study.grids(PROFILES[-1]) for value in grid.axes.get(axis, ()))
    return tuple(dict.fromkeys(map(AXES[axis].parse, given)))


def make_cell(study: Study, values: Mapping[str, Value]) -> Cell:
    """Return the cell with the given canonical values; axes left out take their defaults.

    Raises UserError for an axis that is missing and has no default.
    """
    chosen: list[tuple[str, Value]] = []
    for axis in AXES:
        if axis.name not in study.axes:
            continue
        value = values.get(axis.name, axis.default)
        if value is None:
            raise UserError(f"study {study.name!r} has no value for its axis {axis.name!r}")
        chosen.append((axis.name, value))
    identity = f"{study.name} {nondefault_fields(dict(chosen))}".rstrip()
    return Cell(study.name, tuple(chosen), identity)


def nondefault_fields(fields: Mapping[str, object]) -> str:
    """Return the fields of a cell that differ from their defaults, as ``axis=value axis=value``.

    An axis that this version does not know has no default.
    """
    return " ".join(
        f"{axis}={value}"
        for axis, value in fields.items()
        if axis not in AXES or value != AXES[axis].default
    )
