"""The command that runs some cells of a study, and as few others as ``--set`` can leave out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from suite.catalogue.frameworks import FRAMEWORKS
from suite.planning import grids
from suite.planning.parts import in_order, remembering
from suite.types import Cell, Study, Value


@dataclass(frozen=True)
class NamingCommand:
    """A ``suite run`` and what it runs: ``others``, cells besides those that were asked for."""

    text: str
    others: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class _Selecting:
    """Values of ``--set`` that select some cells of a study, and how many cells they select of each
    framework."""

    overrides: Mapping[str, Sequence[Value]]
    cells: int


class Namer:
    """Names the commands of many sets of cells of one run: each grid is read once, and cells that
    differ in the framework alone are looked for once."""

    def __init__(self, selection: grids.Selection, seeds: int | None) -> None:
        """``seeds``: those of each cell, where the selection's own number is another one."""
        self._selection, self._seeds = selection, seeds
        self._reader = remembering()
        self._found: dict[tuple[str, frozenset[tuple[Value, ...]]], _Selecting | None] = {}

    def command(self, study: Study, cells: Collection[Cell]) -> NamingCommand | None:
        """Return what ``naming_command`` does."""
        if not cells:
            return None
        key = study.name, frozenset(map(_values, cells))
        if key not in self._found:
            self._found[key] = self._selecting(study, cells, key[1])
        if (found := self._found[key]) is None:
            return None
        words = ["suite", "run", study.name, "--profile", self._selection.profile]
        words += [word for text in _sets(found.overrides) for word in ("--set", text)]
        frameworks = study.frameworks
        if not frameworks:
            frameworks = in_order([str(cell["framework"]) for cell in cells], FRAMEWORKS.names)
            words += ["--frameworks", ",".join(frameworks)]
        if self._seeds is not None:
            words += ["--seeds", str(self._seeds)]
        if self._selection.root:
            words += ["--root", str(self._selection.root)]
        return NamingCommand(shlex.join(words), len(frameworks) * found.cells - len({*cells}))

    def _selecting(
        self, study: Study, cells: Collection[Cell], asked: Set[tuple[Value, ...]]
    ) -> _Selecting | None:
        """Return the fewest values that select some cells and no more than all of their values do;
        None where even these do not select them. ``asked``: the ``_values`` of the cells."""
        values = {
            axis: in_order([cell[axis] for cell in cells], ())
            for axis in study.axes
            if axis != "framework"
        }
        chosen = replace(self._selection, overrides=values, seeds=self._seeds)
        found = set(grids.cell_values(study, chosen, self._reader))
        if not found >= asked:
            return None
        for axis in values:
            fewer = {name: v for name, v in chosen.overrides.items() if name != axis}
            shorter = replace(chosen, overrides=fewer)
            if self._selects(study, shorter, found):
                chosen = shorter
        return _Selecting(chosen.overrides, len(found))

    def _selects(
        self, study: Study, selection: grids.Selection, cells: Set[tuple[Value, ...]]
    ) -> bool:
        """Return whether a selection has these cells alone; most soon yield another."""
        met = set()
        for values in grids.cell_values(study, selection, self._reader):
            if values not in cells:
                return False
            met.add(values)
        return met == cells


def _values(cell: Cell) -> tuple[Value, ...]:
    """Return the values of a cell, as ``grids.cell_values`` does."""
    return tuple(value for axis, value in cell.values if axis != "framework")


def naming_command(
    study: Study, selection: grids.Selection, cells: Collection[Cell], seeds: int | None
) -> NamingCommand | None:
    """Return the command that runs some cells of a study as a selection would.

    ``seeds``: those of each cell, where the selection's own number is another one. None where
    there are no cells, or where no values of axes select them all.
    """
    return Namer(selection, seeds).command(study, cells)


def _sets(overrides: Mapping[str, Iterable[Value]]) -> list[str]:
    return [
        f"{axis}={','.join(str(value).replace(' ', '') for value in values)}"
        for axis, values in overrides.items()
    ]
