"""Axes, cells and stacks: from what a user selects to what is computed together.

A study names the values of its axes per profile; ``--set``, ``--seeds`` and ``--frameworks``
replace values, and ``plan`` turns the result into stacks. Which members a stack has follows
from the grid alone: all cells that share a program, times one block of seeds.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from suite.catalogue import activations, initializers, optimizers
from suite.catalogue.datasets import DATASETS
from suite.catalogue.registry import Registry, canonical, unknown
from suite.frameworks import FRAMEWORKS
from suite.types import BLOCK, PROFILES, Cell, Cost, Member, Stack, Study, UserError, Value


@dataclass(frozen=True)
class Axis:
    """One field of a cell.

    ``parse`` brings a value into canonical form or raises UserError. ``default`` is left out of
    a cell's identity; None: the axis has no default and is always named. ``holds``: ``name``,
    ``count`` (a whole number) or ``number``. ``local``: its values have no catalogue; a study
    allows those that its own grids name.
    """

    name: str
    meaning: str
    parse: Callable[[Value], Value]
    default: Value | None = None
    holds: str = "name"
    local: bool = False


def _choice(kind: str, allowed: Iterable[str]) -> Callable[[Value], Value]:
    names = tuple(allowed)

    def parse(given: Value) -> Value:
        if given not in names:
            raise unknown(kind, given, names)
        return given

    return parse


def _count(kind: str) -> Callable[[Value], Value]:
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
    def parse(given: Value) -> Value:
        text = "".join(str(given).split())
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.,()-]*", text):
            raise UserError(
                f"{kind} is {str(given)[:40]!r}; allowed are lower-case letters, digits and _.,()-"
            )
        return text

    return parse


LARGEST = 100_000
"""The largest depth, width or number of seeds that is taken for meant."""
MOST = 10_000_000
"""Runs of one grid. A planned run takes about half a kilobyte of memory until it is judged."""

AXES = Registry(
    "axis",
    [
        Axis("framework", "whose layers are measured", _choice("framework", FRAMEWORKS.names)),
        Axis("activation", "after every hidden layer", lambda v: activations.canonical(str(v))),
        Axis("initializer", "of every kernel", lambda v: initializers.canonical(str(v))),
        Axis("depth", "hidden layers", _count("depth"), holds="count"),
        Axis("width", "units of a hidden layer", _count("width"), holds="count"),
        Axis("optimizer", "that trains", lambda v: optimizers.canonical(str(v)), "rmsprop"),
        Axis(
            "weights",
            "shared: drawn once in NumPy and loaded into every framework;"
            " native: drawn by the framework's own initializer",
            _choice("weights", ("native", "shared")),
            "native",
        ),
        Axis(
            "settings",
            "common: every hyper-parameter set, equal in all frameworks;"
            " default: the framework's own",
            _choice("settings", ("common", "default")),
            "common",
        ),
        Axis("dataset", "what is learned", _choice("dataset", DATASETS.names), "circles"),
        Axis(
            "normalization",
            "between a hidden layer's kernel and its activation",
            _choice("normalization", ("none", "batch", "layer")),
            "none",
        ),
        Axis(
            "residual",
            "factor of a hidden layer's output before its input is added; 0: no such connection",
            _number("residual"),
            0.0,
            "number",
        ),
        Axis("dropout", "probability of dropping a unit", _number("dropout"), 0.0, "number"),
        Axis(
            "clipping",
            "of each network's gradient before a step: by its norm, or entry by entry",
            lambda v: canonical("clipping", str(v), optimizers.CLIPPING),
            "none",
        ),
        Axis(
            "schedule",
            "of the learning rate over the epochs",
            lambda v: canonical("schedule", str(v), optimizers.SCHEDULES),
            "constant",
        ),
        Axis("precision", "of all numbers", _choice("precision", ("single", "double")), "single"),
        Axis(
            "scale",
            "factor of every initial kernel, or as the study says",
            _number("scale"),
            1.0,
            "number",
        ),
        Axis("samples", "inputs at a time", _count("samples"), 128, "count"),
        Axis("case", "which of the study's experiments", _named("case"), local=True),
        Axis("layer_kind", "the layer that is measured", _named("layer_kind"), local=True),
        Axis(
            "shape",
            "of what is measured, as fan_in x fan_out or as the study says",
            _named("shape"),
            local=True,
        ),
    ],
)


def canonical_value(axis: str, given: Value, study: Study | None = None) -> Value:
    """A value of an axis in canonical form; UserError for an unknown axis or value.

    On a local axis it must be one that the grids of ``study`` name, where a study is given.
    """
    value = AXES[axis].parse(given)
    if study is not None and AXES[axis].local and value not in _named_by(study, axis):
        raise unknown(f"{axis} of study {study.name!r}", value, map(str, _named_by(study, axis)))
    return value


def _named_by(study: Study, axis: str) -> tuple[Value, ...]:
    """The values of an axis in the largest grids of a study, in order of appearance."""
    given = (value for grid in study.grids(PROFILES[-1]) for value in grid.axes.get(axis, ()))
    return tuple(dict.fromkeys(map(AXES[axis].parse, given)))


def make_cell(study: Study, values: Mapping[str, Value]) -> Cell:
    """The cell with the given canonical values; axes left out take their defaults.

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
    named = (f"{name}={value}" for name, value in chosen if value != AXES[name].default)
    return Cell(study.name, tuple(chosen), " ".join([study.name, *named]))


@dataclass(frozen=True)
class Selection:
    """What a user asks for. ``seeds`` (None: as the study says) is the number for every cell.

    ``overrides``: the first grid of a study, its main one, takes these values in place of its
    own. The other grids add cells or seeds for claims: they keep only what they share with them.
    """

    profile: str
    frameworks: tuple[str, ...]
    overrides: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    seeds: int | None = None
    root: int = 0


def parse_overrides(texts: Sequence[str], studies: Sequence[Study]) -> dict[str, tuple[Value, ...]]:
    """``axis=a,b`` texts as canonical values; commas inside parentheses belong to a value.

    Raises UserError for an unknown axis, one that none of the studies has, an axis given twice,
    an empty list, an unknown value, or the axis ``framework`` (it has an option of its own).
    """
    result: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        name, equals, given = text.partition("=")
        if not equals:
            raise UserError(f"--set {text!r} is not of the form axis=value,value")
        axis = AXES[name.strip()]
        if axis.name == "framework":
            raise UserError("--set framework=... : choose frameworks with --frameworks")
        if axis.name in result:
            raise UserError(f"--set names the axis {axis.name!r} twice")
        if not any(axis.name in study.axes for study in studies):
            names = ", ".join(study.name for study in studies)
            allowed = ", ".join(dict.fromkeys(a for study in studies for a in study.axes))
            raise UserError(f"no selected study ({names}) has the axis {axis.name!r} ({allowed})")
        values = [value for value in _split(given) if value]
        if not values:
            raise UserError(f"--set {text!r} gives the axis {axis.name!r} no value")
        result[axis.name] = tuple(dict.fromkeys(axis.parse(value) for value in values))
    return result


def _split(text: str) -> list[str]:
    """Split at commas outside parentheses, and strip."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def cells(study: Study, selection: Selection) -> dict[Cell, int]:
    """Each cell of the selection and its number of seeds, in the order of the study's grids.

    A cell that several grids hold is one cell, with the largest number of seeds.
    """
    result: dict[Cell, int] = {}
    for position, grid in enumerate(study.grids(selection.profile)):
        axes: dict[str, Sequence[Value]] = {"framework": study.frameworks or selection.frameworks}
        for name, values in grid.axes.items():
            axes[name] = [AXES[name].parse(value) for value in values]
        for name, given in selection.overrides.items():
            if name in study.axes:
                own = axes.get(name, (AXES[name].default,))
                wanted = [canonical_value(name, value, study) for value in given]
                axes[name] = [value for value in wanted if position == 0 or value in own]
        seeds = grid.seeds if selection.seeds is None else selection.seeds
        if (runs := seeds * math.prod(map(len, axes.values()))) > MOST:
            raise UserError(
                f"study {study.name!r} would have {runs:,} runs in one grid; the most is {MOST:,}:"
                " take fewer seeds or fewer values"
            )
        for combination in itertools.product(*axes.values()):
            cell = make_cell(study, dict(zip(axes, combination, strict=True)))
            result[cell] = max(seeds, result.get(cell, 0))
    return result


def stacks(study: Study, selection: Selection) -> list[Stack]:
    """The stacks of a study: per program and block of seeds, programs in order of appearance."""
    programs: dict[tuple[tuple[str, Value], ...], list[tuple[Cell, int]]] = {}
    for cell, seeds in cells(study, selection).items():
        shared = tuple(pair for pair in cell.values if pair[0] not in study.within)
        programs.setdefault(shared, []).append((cell, seeds))
    block = max((grid.block for grid in study.grids(selection.profile)), default=BLOCK)
    result = []
    for shared, group in programs.items():
        for first in range(0, max(seeds for _, seeds in group), block):
            members = tuple(
                Member(cell, seed)
                for cell, seeds in group
                for seed in range(first, min(first + block, seeds))
            )
            result.append(Stack(study.name, str(dict(shared)["framework"]), shared, members))
    return result


def supported(study: Study, stack: Stack) -> tuple[Stack, list[str | None]]:
    """The stack without the members that cannot be measured, and each member's reason or None."""
    reasons = {member.cell: study.unsupported(member.cell) for member in stack.members}
    kept = tuple(member for member in stack.members if reasons[member.cell] is None)
    return replace(stack, members=kept), [reasons[member.cell] for member in stack.members]


@dataclass(frozen=True)
class Plan:
    """All stacks of a run, by study, in the order of the results."""

    selection: Selection
    stacks: Mapping[str, tuple[Stack, ...]]
    costs: Mapping[str, Cost]
    """Stack key -> what the stack is expected to take."""

    def count(self, study: str) -> dict[str, int | float]:
        """Cells, runs, stacks, seconds on one core and the largest stack's bytes of a study."""
        chosen = self.stacks[study]
        members = [member for stack in chosen for member in stack.members]
        costs = [self.costs[stack.key] for stack in chosen]
        return {
            "cells": len({member.cell for member in members}),
            "runs": len(members),
            "stacks": len(chosen),
            "seconds": sum(cost.seconds for cost in costs),
            "bytes": max((cost.bytes for cost in costs), default=0.0),
        }

    def digest(self, study: str) -> str:
        """16 hexadecimal digits that name all expected runs of a study."""
        keys = "\n".join(stack.key for stack in self.stacks[study])
        return hashlib.sha256(keys.encode()).hexdigest()[:16]

    def shortest(self, jobs: int) -> float:
        """Expected seconds on ``jobs`` processes: the even share, or the longest single stack."""
        seconds = [cost.seconds for cost in self.costs.values()]
        return max(sum(seconds) / jobs, max(seconds, default=0.0))


def plan(studies: Sequence[Study], selection: Selection) -> Plan:
    """Expand every study. Raises UserError when nothing is left to run."""
    chosen = {study.name: tuple(stacks(study, selection)) for study in studies}
    if not any(chosen.values()):
        names = ", ".join(study.name for study in studies)
        raise UserError(f"profile {selection.profile!r} has no cells in the studies {names}")
    costs = {
        stack.key: study.cost(supported(study, stack)[0])
        for study in studies
        for stack in chosen[study.name]
    }
    return Plan(selection, chosen, costs)


def default_jobs() -> int:
    """One process for each core this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
