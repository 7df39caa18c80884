"""Check whether the cells that a claim names can exist: in the largest grid or in a folder.

The tests check the shipped claims against the grids. A user's claim is checked when it is judged:
a claim about cells that no profile runs and that the folder does not have would stay
``not judged`` whatever is run, and a typing mistake would pass for an answer. A framework that this
installation does not know is not such a mistake: the claim is not judged, for a reason that names
it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import nearest, unknown
from suite.claims.claim import Claim, Selector
from suite.planning import grids
from suite.planning.axes import AXES, nondefault_fields
from suite.studies import STUDIES
from suite.types import PROFILES, UserError, Value

Fields = Mapping[str, Value | None]
"""Axis -> value, for one cell."""
NOT_KNOWN = "is not known to this installation"


def unknown_framework(names: Iterable[Value]) -> str:
    """Return the reason not to judge a claim about frameworks of which one is not in the table of
    frameworks; empty where all are."""
    known = FRAMEWORKS.every
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            return f"framework {name!r} {NOT_KNOWN}{hint} (known: {', '.join(known)})"
    return ""


def check_cells(claims: Iterable[Claim], stored: Mapping[str, Sequence[Fields]]) -> None:
    """Raise UserError for a claim that names a value or a combination of values which is neither
    in the full grid of its study nor among the ``stored`` cells of it (study -> cells).

    The message names the file, the claim, the key and what exists instead.
    """
    by_study: dict[str, list[Claim]] = {}
    for claim in claims:
        by_study.setdefault(claim.study, []).append(claim)
    for name, claims_on_study in by_study.items():
        study = STUDIES[name]
        largest = grids.Selection(PROFILES[-1], FRAMEWORKS.names)
        cells: list[Fields] = [dict(cell.values) for cell in grids.cells(study, largest)]
        cells += [_with_defaults(cell, study.axes) for cell in stored.get(name, ())]
        for claim in claims_on_study:
            _check(claim, cells)


def _check(claim: Claim, cells: Sequence[Fields]) -> None:
    for side, selector in (("of", claim.of), ("versus", claim.versus)):
        if selector is not None:
            try:
                _check_side(claim, side, selector, cells)
            except UserError as error:
                raise UserError(f"{claim.file}: claim {claim.id!r}: {error}") from error


def _with_defaults(cell: Fields, axes: Sequence[str]) -> Fields:
    """Return a stored cell with the defaults of the axes that its folder does not have yet."""
    return {axis: cell.get(axis, AXES[axis].default) for axis in axes}


def _check_side(claim: Claim, side: str, selector: Selector, cells: Sequence[Fields]) -> None:
    # Both sides share the values of the axes in ``each``, which ``of`` alone may name.
    wanted = {axis: claim.of[axis] for axis in claim.each if axis in claim.of} | dict(selector)
    if "framework" in wanted:
        wanted["framework"] = tuple(name for name in wanted["framework"] if name in FRAMEWORKS)
        if not wanted["framework"]:
            return  # not judged
    for axis in selector:
        existing = dict.fromkeys(cell[axis] for cell in cells)
        for value in wanted[axis]:
            if value not in existing:
                error = unknown(f"{axis} of a cell of study {claim.study!r}", value, existing)
                raise UserError(f"{side}.{axis}: {error}")
    for axis in cells[0]:
        default = AXES[axis].default
        if axis not in wanted and axis not in claim.each and default is not None:
            wanted[axis] = (default,)
    known = list(dict.fromkeys(tuple(cell[axis] for axis in wanted) for cell in cells))
    combinations = set(known)
    for values in itertools.product(*wanted.values()):
        if values not in combinations:
            raise UserError(f"{side}: {_no_cell(claim.study, tuple(wanted), values, known)}")


def _no_cell(
    study: str,
    axes: Sequence[str],
    values: Sequence[Value],
    known: Iterable[Sequence[Value | None]],
) -> str:
    """Return that there is no such cell, and where the nearest one differs: in the fewest
    fields."""

    def differing(cell: Sequence[Value | None]) -> list[str]:
        pairs = zip(axes, cell, values, strict=True)
        return [f"{axis}={existing}" for axis, existing, given in pairs if existing != given]

    fields = nondefault_fields(dict(zip(axes, values, strict=True)))
    nearest_fields: list[str] = min(map(differing, known), key=len)
    return (
        f"neither the full grid of study {study!r} nor this folder has a cell {fields};"
        f" the nearest has {' '.join(nearest_fields)}"
    )
