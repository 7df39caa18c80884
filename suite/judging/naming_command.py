"""The command that runs some cells of a study, and as few others as ``--set`` can leave out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

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


class Namer:
    """Names the commands of many sets of cells of one run: each grid is read once, and each set is
    named once."""

    def __init__(self, selection: grids.Selection, seeds: int | None) -> None:
        """``seeds``: those of each cell, where the selection's own number is another one."""
        self._selection, self._seeds = selection, seeds
        self._reader = remembering()
        self._named: dict[tuple[str, frozenset[Cell]], NamingCommand | None] = {}

    def command(self, study: Study, cells: Collection[Cell]) -> NamingCommand | None:
        """Return what ``naming_command`` does."""
        key = study.name, frozenset(cells)
        if key not in self._named:
            self._named[key] = self._found(study, key[1]) if cells else None
        return self._named[key]

    def _found(self, study: Study, cells: frozenset[Cell]) -> NamingCommand | None:
        values = {axis: in_order([cell[axis] for cell in cells], ()) for axis in study.axes}
        frameworks = tuple(str(name) for name in values.pop("framework"))
        chosen = replace(
            self._selection, frameworks=frameworks, overrides=values, seeds=self._seeds
        )
        found = grids.cell_values(study, chosen, self._reader)
        asked = {tuple(value for _, value in cell.values) for cell in cells}
        if not found >= asked:
            return None
        for axis in values:
            fewer = {name: v for name, v in chosen.overrides.items() if name != axis}
            shorter = replace(chosen, overrides=fewer)
            if grids.cell_values(study, shorter, self._reader) == found:
                chosen = shorter
        words = ["suite", "run", study.name, "--profile", chosen.profile]
        words += [word for text in _sets(chosen.overrides) for word in ("--set", text)]
        if not study.frameworks:
            words += ["--frameworks", ",".join(chosen.frameworks)]
        if self._seeds is not None:
            words += ["--seeds", str(self._seeds)]
        if chosen.root:
            words += ["--root", str(chosen.root)]
        return NamingCommand(shlex.join(words), len(found) - len(asked))


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
