"""How clearly each claim would be decided: the margins of a stored run, at the seeds of a plan.

A margin is the distance from the estimate to the nearest edge of the band in standard errors; it
grows as the square root of the seeds, which also says how many seeds would decide a claim, were
the estimate to stay where it is. Verdicts near the threshold hang by a thread: another root seed
may leave them undecided.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from suite.claims import Claim, Selector, shipped
from suite.judging.intervals import Z, seeds_needed
from suite.planning.axes import AXES, LARGEST
from suite.planning.grids import Plan
from suite.results.compressed import UNREADABLE, locate, open_text
from suite.types import Cell, UserError

EDGE = 1e-6
"""Margins below it are on the edge of the band: millions of millions of seeds would decide."""


@dataclass(frozen=True)
class Margin:
    """One verdict to be: ``margin`` in standard errors at ``seeds``, from ``stored`` seeds.

    ``needed``: the seeds that would decide it; None where no number would, the estimate being on
    the edge of the band, or none is known, the interval being infinite. ``least``: the fewest that
    decide any claim of its kind.
    """

    claim: str
    group: str
    verdict: str
    margin: float
    stored: int
    seeds: int
    needed: int | None
    least: int


def margins(plan: Plan, folder: Path) -> list[Margin]:
    """The margins of a plan's claims, the smallest first, from the claims.csv of a stored run.

    Left out: exact claims, claims whose text has changed since, and those of other studies.
    Raises UserError where the file is not there or no table of verdicts.
    """
    counts = {name: _seeds(plan, name) for name in plan.stacks}
    claims = {claim.id: claim for claim in shipped() if claim.study in counts}
    found = []
    for row in _rows(folder / "claims.csv"):
        claim = claims.get(row["claim"])
        if claim is None or claim.text_hash != row["text_hash"] or row["margin"] == "":
            continue
        seeds = _least(claim, counts[claim.study])
        stored, margin = _numbers(row, folder)
        least = seeds_needed() if claim.centre == "median" else 1
        found.append(
            Margin(
                claim.id,
                row["group"],
                row["verdict"],
                # Of no seeds nothing is known, also where an infinite margin was found.
                margin * math.sqrt(seeds / stored) if seeds else 0.0,
                stored,
                seeds,
                _needed(margin, stored, least),
                least,
            )
        )
    return sorted(found, key=lambda one: one.margin)


def _numbers(row: Mapping[str, str], folder: Path) -> tuple[int, float]:
    """The seeds and the margin of a verdict. UserError where they are no such numbers."""
    try:
        stored, margin = int(row["n"]), float(row["margin"])
    except ValueError:
        stored, margin = 0, math.nan
    if not (1 <= stored <= LARGEST and margin >= 0):
        found = f"n {row['n']!r} and margin {row['margin']!r}"
        raise UserError(f"{folder / 'claims.csv'}: claim {row['claim']!r} has {found}")
    return stored, margin


def _needed(margin: float, stored: int, least: int) -> int | None:
    """The fewest seeds, ``least`` or more, with which a margin of ``stored`` seeds is one of Z."""
    if margin < EDGE:
        return None
    return max(least, math.ceil(stored * (Z / margin) ** 2))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with open_text(locate(path) or path) as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (*UNREADABLE, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    for name in ("claim", "group", "verdict", "margin", "n", "text_hash"):
        if rows and name not in rows[0]:
            raise UserError(f"{path} lacks the column {name!r}: judge the folder again with check")
    return rows


def _seeds(plan: Plan, study: str) -> dict[Cell, int]:
    """Cell -> its number of seeds in the plan."""
    counts: dict[Cell, int] = {}
    for stack in plan.stacks[study]:
        for member in stack.members:
            counts[member.cell] = counts.get(member.cell, 0) + 1
    return counts


def _least(claim: Claim, counts: Mapping[Cell, int]) -> int:
    """The fewest seeds of a cell that the claim speaks of; 0 where the plan has none."""
    sides = [side for side in (claim.of, claim.versus) if side is not None]
    held = [[n for cell, n in counts.items() if _selected(claim, side, cell)] for side in sides]
    return min((min(side, default=0) for side in held), default=0)


def _selected(claim: Claim, selector: Selector, cell: Cell) -> bool:
    for axis, value in cell.values:
        if axis in selector:
            if value not in selector[axis]:
                return False
        elif axis not in claim.each and value != AXES[axis].default:
            return False
    return True
