"""The plan of a run: which cells and seeds a user selects, and which are computed together.

A study names the values of its axes for each profile; ``--set``, ``--seeds`` and ``--frameworks``
select and replace values, and ``plan`` turns the result into stacks. The members of a stack follow
from the grid alone: all cells that share a program, times one block of seeds.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from suite import probes
from suite.catalogue.frameworks import FRAMEWORKS, entry_of
from suite.catalogue.initializers import INITIALIZERS, resolve
from suite.catalogue.registry import ORACLE, unknown
from suite.planning.axes import AXES, axis_values, make_cell
from suite.planning.parts import ANEW, GridReader, in_order, parts, split
from suite.types import BLOCK, Cell, Cost, Member, Stack, Study, UserError, Value

MOST_RUNS = 10_000_000
"""The most runs of one grid. A planned run takes about half a kilobyte of memory until it is
judged."""


@dataclass(frozen=True)
class Until:
    """How far a run has come whose seeds are added, in whole blocks, until its claims are decided.

    ``most``: the most seeds of a cell. ``blocks``: study -> the blocks so far of each of its
    programs, in their order; one of each where a study has none.
    """

    most: int
    blocks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def blocks_of(self, study: str, programs: Sequence[Program]) -> list[int]:
        """Return the number of blocks so far of each program of a study."""
        count = dict(enumerate(self.blocks.get(study, ())))
        return [
            min(max(count.get(place, 1), 1), program.blocks)
            for place, program in enumerate(programs)
        ]


@dataclass(frozen=True)
class Selection:
    """The profile, frameworks, values and seeds that a user selects.

    ``overrides``: axis, or study.axis for one study alone, -> the values that the user names;
    ``suite.planning.parts`` says which cells they select. ``seeds``: the number for every cell;
    None: as the study says.

    The order in which a user names frameworks, axes and values means nothing, and neither does
    naming one twice: each is stored once, frameworks and axes in the order of their tables, numbers
    ascending and names in alphabetical order.
    """

    profile: str
    frameworks: tuple[str, ...]
    overrides: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    seeds: int | None = None
    root: int = 0
    until: Until | None = None
    """Where seeds are added until the claims are decided: how far the run has come."""

    def __post_init__(self) -> None:
        """Put what was named into the one order."""
        frameworks = in_order(self.frameworks, FRAMEWORKS.names)
        overrides = {
            axis: in_order(self.overrides[axis], ())
            for axis in in_order(tuple(self.overrides), AXES.names)
        }
        object.__setattr__(self, "frameworks", frameworks)
        object.__setattr__(self, "overrides", overrides)


def parse_overrides(texts: Sequence[str], studies: Sequence[Study]) -> dict[str, tuple[Value, ...]]:
    """Return axis -> canonical values, from texts of the form ``axis=a,b``; the key is study.axis
    where the text is ``study.axis=a,b``, which is about this study alone.

    Raises UserError for an unknown axis, one that none of the studies has, a study that is not
    among them, an axis given twice, an empty list, an unknown value, or the axis ``framework`` (it
    has an option of its own).
    """
    result: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        owner, _ = split(text.partition("=")[0].strip())
        if owner and owner not in [study.name for study in studies]:
            raise unknown("selected study", owner, [study.name for study in studies])
        axis, values = axis_values(text.strip()[len(owner) + 1 :] if owner else text, "--set")
        key = f"{owner}.{axis.name}" if owner else axis.name
        if axis.name == "framework":
            raise UserError("--set framework=... : choose frameworks with --frameworks")
        if key in result:
            raise UserError(f"--set names the axis {key!r} twice")
        asked = [study for study in studies if owner in ("", study.name)]
        if not any(axis.name in study.axes for study in asked):
            names = ", ".join(study.name for study in asked)
            allowed = ", ".join(dict.fromkeys(a for study in asked for a in study.axes))
            raise UserError(f"no selected study ({names}) has the axis {axis.name!r} ({allowed})")
        if not values:
            raise UserError(f"--set {text!r} is not of the form AXIS=VALUE,VALUE")
        result[key] = tuple(dict.fromkeys(axis.parse(value) for value in values))
    return result


def cells(study: Study, selection: Selection) -> dict[Cell, int]:
    """Return each selected cell of a study with its number of seeds, in the order of the grids.

    A cell of several grids is one cell, with the largest number of seeds. Raises UserError for an
    unknown value or more than ``MOST_RUNS`` runs in one grid.
    """
    result: dict[Cell, int] = {}
    for values, seeds in _selected(study, selection, ANEW):
        cell = make_cell(study, values)
        result[cell] = max(seeds, result.get(cell, 0))
    return result


def cell_values(
    study: Study, selection: Selection, reader: GridReader
) -> Iterator[tuple[Value, ...]]:
    """Yield the values of each selected cell of a study on its axes without the framework, in the
    order of ``Cell.values``, for those who compare many selections: cells take several times as
    long. Every framework has the same. A cell of several grids comes several times. Raises
    UserError as ``cells`` does."""
    names = [axis.name for axis in AXES if axis.name in study.axes and axis.name != "framework"]
    defaults = {name: value for name in names if (value := AXES[name].default) is not None}
    one = replace(selection, frameworks=selection.frameworks[:1])
    for values, _ in _selected(study, one, reader):
        cell = defaults | values
        yield tuple(cell[name] for name in names)


def _selected(
    study: Study, selection: Selection, reader: GridReader
) -> Iterator[tuple[dict[str, Value], int]]:
    """Yield the values on the axes that its grid names, and the seeds, of each selected cell; a
    cell of several grids comes several times."""
    frameworks = study.frameworks or selection.frameworks
    for part in parts(study, selection.profile, selection.overrides, reader):
        axes: dict[str, Sequence[Value]] = {"framework": frameworks, **part.axes}
        seeds = _seeds_of(part.seeds, selection)
        if (runs := seeds * math.prod(map(len, axes.values()))) > MOST_RUNS:
            raise UserError(
                f"study {study.name!r} would have {runs:,} runs in one grid; at most"
                f" {MOST_RUNS:,} are allowed: take fewer seeds or fewer values"
            )
        for combination in itertools.product(*axes.values()):
            values = dict(zip(axes, combination, strict=True))
            if part.fits is None or part.fits(values):
                yield values, seeds


def _seeds_of(planned: int, selection: Selection) -> int:
    """Return the seeds of a cell of which the study plans so many. Less than a block of them is no
    sample, to which seeds could be added."""
    if selection.until is not None and planned >= BLOCK:
        return selection.until.most
    return planned if selection.seeds is None else selection.seeds


@dataclass(frozen=True)
class Program:
    """The cells of a study that are computed together, and how their seeds are cut into blocks.

    A program whose networks are large has fewer seeds in a block, and fewer cells in a stack where
    those of one seed are too many.
    """

    study: str
    shared: tuple[tuple[str, Value], ...]
    """The values that all of the cells have."""
    cells: tuple[tuple[Cell, int], ...]
    """The cells, each with its number of seeds."""
    together: int
    """The seeds of a block."""
    most_members: int
    """The most members of a stack."""
    blocks: int
    """The number of blocks; of a run until decided, the most that there may be."""

    def block(self, index: int) -> list[Stack]:
        """Return the stacks of a block, counted from 0. They follow from the cells alone."""
        first = index * self.together
        members = [
            Member(cell, seed)
            for cell, seeds in self.cells
            for seed in range(first, min(first + self.together, seeds))
        ]
        framework = str(dict(self.shared)["framework"])
        starts = range(0, len(members), self.most_members)
        parts = [tuple(members[start : start + self.most_members]) for start in starts]
        return [Stack(self.study, framework, self.shared, part) for part in parts]


def programs(study: Study, selection: Selection) -> list[Program]:
    """Return the programs of a study, in order of appearance."""
    groups: dict[tuple[tuple[str, Value], ...], list[tuple[Cell, int]]] = {}
    for cell, seeds in cells(study, selection).items():
        shared = tuple(pair for pair in cell.values if pair[0] not in study.within)
        groups.setdefault(shared, []).append((cell, seeds))
    block = max((grid.block for grid in study.grids(selection.profile)), default=BLOCK)
    if selection.until is not None:
        block = min(block, selection.until.most)
    result = []
    for shared, group in groups.items():
        most = study.most_members(group[0][0]) or block * len(group)
        together = max(1, min(block, most // len(group)))
        seeds = max(seeds for _, seeds in group)
        blocks = math.ceil(seeds / together)
        if selection.until is not None:  # whole blocks alone
            blocks = max(1, seeds // together)
        result.append(Program(study.name, shared, tuple(group), together, most, blocks))
    return result


def stacks(study: Study, selection: Selection) -> list[Stack]:
    """Return the stacks of a study, one for each program and block of seeds, programs in order of
    appearance."""
    chosen = programs(study, selection)
    if selection.until is None:
        counts = [program.blocks for program in chosen]
    else:
        counts = selection.until.blocks_of(study.name, chosen)
    return [
        stack
        for program, count in zip(chosen, counts, strict=True)
        for index in range(count)
        for stack in program.block(index)
    ]


def unsupported(study: Study, cell: Cell) -> str | None:
    """Return why a cell cannot be measured, or None.

    The reason is the study's own, a gap of the framework, or a value for which a catalogue
    declares nothing of the framework's.
    """
    framework = cell.text("framework")
    cases = [f"{study.name}.{value}" for axis, value in cell.values if AXES[axis].local]
    functions = map(probes.name, study.probes(cell))
    return (
        study.unsupported(cell)
        or entry_of(framework).gap([*functions, *cases])
        or _without_data(study, cell)
        or _undeclared(cell, framework)
    )


def _without_data(study: Study, cell: Cell) -> str | None:
    """Return why a study cannot start from an initializer that looks at data, or None."""
    name = dict(cell.values).get("initializer")
    if name is None or study.starts_on_data or not INITIALIZERS.brought:
        return None
    if resolve(str(name)).entry.adjust is None:
        return None
    return f"initializer {name} looks at training data, and study {study.name} starts without any"


def _undeclared(cell: Cell, framework: str) -> str | None:
    """Return the first reason why a catalogue has nothing of a framework's for a cell, or None."""
    fields = dict(cell.values)
    for axis, value in fields.items():
        if axis == "settings" and "optimizer" not in fields:
            continue  # frameworks declare gaps in the settings of their optimizers
        # NumPy draws the weights that the frameworks share.
        shared = axis in ("initializer", "bias") and fields.get("weights") == "shared"
        if reason := _reason(axis, str(value), ORACLE if shared else framework):
            return reason
    return None


@functools.lru_cache(maxsize=4096)
def _reason(axis: str, value: str, framework: str) -> str | None:
    """Return ``Axis.undeclared``, cached: a large plan repeats few values in many cells."""
    return AXES[axis].undeclared(value, framework)


def supported(study: Study, stack: Stack) -> tuple[Stack, list[str | None]]:
    """Return the stack without the members that cannot be measured, and each member's reason.

    The reasons are in the order of all members; None: the member can be measured.
    """
    reasons = {member.cell: unsupported(study, member.cell) for member in stack.members}
    kept = tuple(member for member in stack.members if reasons[member.cell] is None)
    return replace(stack, members=kept), [reasons[member.cell] for member in stack.members]


@dataclass(frozen=True)
class Plan:
    """All stacks of a run, by study, in the order of the results; and their costs."""

    selection: Selection
    stacks: Mapping[str, tuple[Stack, ...]]
    costs: Mapping[str, Cost]
    """Stack key -> the expected cost of the stack; empty in a plan without prices."""

    def count(self, study: str) -> dict[str, int | float]:
        """Return cells, runs, stacks, seconds on one core and bytes of the largest stack."""
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

    def axes(self, study: str) -> dict[str, tuple[Value, ...]]:
        """Return the values that the cells of a study have on each axis, in order of appearance."""
        cells = dict.fromkeys(m.cell for stack in self.stacks[study] for m in stack.members)
        pairs = dict.fromkeys(pair for cell in cells for pair in cell.values)
        names = dict.fromkeys(name for name, _ in pairs)
        return {name: tuple(value for axis, value in pairs if axis == name) for name in names}

    def cells_in_words(self, study: str) -> str:
        """Return the axes of the cells of a study with their values, as ``axis=A,B axis=C``.

        An axis that has its default alone is left out. Where the cells are not every combination
        of these values, their number follows.
        """
        axes = self.axes(study)
        named = {name: v for name, v in axes.items() if v != (AXES[name].default,)}
        words = " ".join(f"{name}={','.join(map(str, values))}" for name, values in named.items())
        cells, product = int(self.count(study)["cells"]), math.prod(map(len, axes.values()))
        part = "" if cells == product else f" ({cells} of the {product} combinations)"
        return f"{study}: {words}{part}"

    def digest(self, study: str) -> str:
        """Return 16 hexadecimal digits that stand for all expected runs of a study."""
        keys = "\n".join(stack.key for stack in self.stacks[study])
        return hashlib.sha256(keys.encode()).hexdigest()[:16]

    def shortest(self, jobs: int) -> float:
        """Return the expected seconds on ``jobs`` processes: the larger of an even share and the
        longest stack."""
        seconds = [cost.seconds for cost in self.costs.values()]
        return max(sum(seconds) / jobs, max(seconds, default=0.0))


def plan(studies: Sequence[Study], selection: Selection, *, priced: bool = True) -> Plan:
    """Return the plan of all studies, in the order of their table whatever the given one.

    ``priced``: with the costs, which take most of the time. Raises UserError when nothing is left
    to run.
    """
    studies = sorted(studies, key=lambda study: (study.position, study.name))
    chosen = {study.name: tuple(stacks(study, selection)) for study in studies}
    if not any(chosen.values()):
        names = ", ".join(study.name for study in studies)
        raise UserError(f"profile {selection.profile!r} has no cells in the studies {names}")
    every = ((study, stack) for study in studies for stack in chosen[study.name])
    costs = {stack.key: cost(study, stack) for study, stack in every} if priced else {}
    return Plan(selection, chosen, costs)


def cost(study: Study, stack: Stack) -> Cost:
    """Return the cost of the supported members of a stack: nothing if there are none."""
    part, _ = supported(study, stack)
    return study.cost(part) if part.members else Cost(0.0, 0.0)


def default_jobs() -> int:
    """Return one process for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
