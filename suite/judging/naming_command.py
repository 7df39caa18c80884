"""The command that runs some cells of a study, and as few others as ``--set`` can leave out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from suite.planning import grids
from suite.planning.parts import GridReader, in_order, remembering
from suite.types import Cell, Study, Value


@dataclass(frozen=True)
class NamingCommand:
    """A ``suite run`` and what it runs: ``others``, cells besides those that were asked for."""

    text: str
    others: int

    def __str__(self) -> str:
        return self.text


def naming_command(
    study: Study,
    selection: grids.Selection,
    cells: Collection[Cell],
    seeds: int | None,
    reader: GridReader | None = None,
) -> NamingCommand | None:
    """Return the command that runs some cells of a study as a selection would.

    ``seeds``: those of each cell, where the selection's own number is another one. ``reader``: one
    that is ``remembering``, where many commands are asked for. None where there are no cells, or
    where no values of axes select them all.
    """
    if not cells:
        return None
    reader = reader or remembering()
    values = {axis: in_order([cell[axis] for cell in cells], ()) for axis in study.axes}
    frameworks = tuple(str(name) for name in values.pop("framework"))
    chosen = replace(selection, frameworks=frameworks, overrides=values, seeds=seeds)
    found = set(grids.cells(study, chosen, reader))
    if not found >= set(cells):
        return None
    for axis in values:
        fewer = {name: v for name, v in chosen.overrides.items() if name != axis}
        shorter = replace(chosen, overrides=fewer)
        if set(grids.cells(study, shorter, reader)) == found:
            chosen = shorter
    words = ["suite", "run", study.name, "--profile", chosen.profile]
    words += [word for text in _sets(chosen.overrides) for word in ("--set", text)]
    if not study.frameworks:
        words += ["--frameworks", ",".join(chosen.frameworks)]
    if seeds is not None:
        words += ["--seeds", str(seeds)]
    if chosen.root:
        words += ["--root", str(chosen.root)]
    return NamingCommand(shlex.join(words), len(found) - len(set(cells)))


def _sets(overrides: Mapping[str, Iterable[Value]]) -> list[str]:
    return [
        f"{axis}={','.join(str(value).replace(' ', '') for value in values)}"
        for axis, values in overrides.items()
    ]
