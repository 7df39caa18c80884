"""Find the planned cells that a claim is about, without any run of them."""

from __future__ import annotations

from collections.abc import Mapping

from suite.claims.claim import Claim, Selector
from suite.planning.axes import AXES
from suite.types import Cell


def sides_of(claim: Claim) -> list[Selector]:
    """Return the selectors of the one or two sides of a claim."""
    return [side for side in (claim.of, claim.versus) if side is not None]


def selected(claim: Claim, selector: Selector, fields: Mapping[str, str], cell: Cell) -> bool:
    """Return whether a cell is on a side of a claim, in the group with these fields."""
    for axis, value in cell.values:
        if axis in claim.each:
            if str(value) != fields.get(axis):
                return False
        elif axis in selector:
            if value not in selector[axis]:
                return False
        elif value != AXES[axis].default:
            return False
    return True
