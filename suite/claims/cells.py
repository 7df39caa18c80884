"""Whether the cells that a claim names can be there at all: in the largest grid or in a folder.

The shipped claims are held against the grids by the tests. A user's claim is checked when it is
judged: about a cell that no profile runs and that the folder does not have either, it would stay
``not judged`` for ever, and a slip of the pen would pass for an answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import unknown
from suite.claims import Claim, Selector
from suite.planning import grids
from suite.planning.axes import AXES
from suite.studies import STUDIES
from suite.types import PROFILES, UserError, Value

Fields = Mapping[str, Value | None]
"""Axis -> value, for one cell."""


def check_cells(claims: Iterable[Claim], stored: Mapping[str, Sequence[Fields]]) -> None:
    """Raise UserError for a claim that names a value or a combination of values that is
    neither in the full grid of its study nor among the ``stored`` cells of it (study -> cells):
    file, claim, key, what is there instead."""
    by_study: dict[str, list[Claim]] = {}
    for claim in claims:
        by_study.setdefault(claim.study, []).append(claim)
    for name, of_study in by_study.items():
        study = STUDIES[name]
        largest = grids.Selection(PROFILES[-1], FRAMEWORKS.names)
        cells: list[Fields] = [dict(cell.values) for cell in grids.cells(study, largest)]
        cells += [_whole(cell, study.axes) for cell in stored.get(name, ())]
        for claim in of_study:
            _check(claim, cells)


def _check(claim: Claim, cells: Sequence[Fields]) -> None:
    for side, selector in (("of", claim.of), ("versus", claim.versus)):
        if selector is not None:
            try:
                _check_side(claim, side, selector, cells)
            except UserError as error:
                raise UserError(f"{claim.file}: claim {claim.id!r}: {error}") from error


def _whole(cell: Fields, axes: Sequence[str]) -> Fields:
    """A stored cell with the defaults of the axes that its folder does not have yet."""
    return {axis: cell.get(axis, AXES[axis].default) for axis in axes}


def _check_side(claim: Claim, side: str, selector: Selector, cells: Sequence[Fields]) -> None:
    for axis, values in selector.items():
        there = dict.fromkeys(cell[axis] for cell in cells)
        for value in values:
            if value not in there:
                error = unknown(f"{axis} of a cell of study {claim.study!r}", value, there)
                raise UserError(f"{side}.{axis}: {error}")
    # Both sides share the values of the axes in ``each``, which ``of`` alone may name.
    wanted = {axis: claim.of[axis] for axis in claim.each if axis in claim.of} | dict(selector)
    for axis in cells[0]:
        default = AXES[axis].default
        if axis not in wanted and axis not in claim.each and default is not None:
            wanted[axis] = (default,)
    known = list(dict.fromkeys(tuple(cell[axis] for axis in wanted) for cell in cells))
    there_too = set(known)
    for values in itertools.product(*wanted.values()):
        if values not in there_too:
            raise UserError(f"{side}: {_no_cell(claim.study, tuple(wanted), values, known)}")


def _no_cell(
    study: str,
    axes: Sequence[str],
    values: Sequence[Value],
    known: Iterable[Sequence[Value | None]],
) -> str:
    """That there is no such cell, and where the nearest one differs: in the fewest fields."""

    def differing(cell: Sequence[Value | None]) -> list[str]:
        pairs = zip(axes, cell, values, strict=True)
        return [f"{axis}={there}" for axis, there, given in pairs if there != given]

    named = zip(axes, values, strict=True)
    fields = " ".join(f"{axis}={value}" for axis, value in named if value != AXES[axis].default)
    nearest: list[str] = min(map(differing, known), key=len)
    return (
        f"neither the full grid of study {study!r} nor this folder has a cell {fields};"
        f" the nearest has {' '.join(nearest)}"
    )
