"""One claim in full: what it says and why, its verdicts on a folder, the rows behind them, and the
command that measures these rows again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from suite import claims
from suite.catalogue.frameworks import FRAMEWORKS, by_default
from suite.catalogue.registry import nearest
from suite.claims.claim import Claim, Selector
from suite.judging.expected_runs import stored_plan, stored_runs
from suite.judging.indexed_runs import IndexedRuns
from suite.judging.judge_claims import judge, sides_of
from suite.judging.naming_command import NamingCommand, naming_command
from suite.judging.rules import rule_of
from suite.judging.verdicts import Verdict
from suite.planning import grids
from suite.planning.axes import AXES
from suite.plugins import brought_claims
from suite.plugins.record import remembered
from suite.results.folder import Results
from suite.studies import STUDIES
from suite.types import Cell, UserError, Value

if TYPE_CHECKING:
    import pandas as pd

MOST_RELATED = 8


@dataclass(frozen=True)
class Explanation:
    """A claim with what a results folder says about it.

    ``verdicts``: one for each group of cells; none without a folder. ``rows``: the runs behind
    them, in the order of their table, with ``side`` (of or versus) before their axes, seed, status,
    reason and metrics; none without a folder. ``table``: their file, seen from the folder.
    ``command``: what measures these cells again; None where no command selects them alone.
    ``related``: claims about the same cells, or the same metric of its study, the closest first.
    """

    claim: Claim
    folder: Path | None
    verdicts: tuple[Verdict, ...]
    rows: pd.DataFrame | None = field(repr=False)
    command: NamingCommand | None
    related: tuple[Claim, ...] = field(repr=False)

    @property
    def table(self) -> str:
        """The file of the rows, seen from the folder."""
        return f"{self.claim.study}/runs.csv"


def explain(name: str, folder: Path | None = None, files: Sequence[Path] = ()) -> Explanation:
    """Return a claim with its verdicts on a results folder.

    ``files``: look among the claims of these files instead of the shipped ones. Raise UserError for
    an unknown claim, with the nearest, and where the folder cannot be read.
    """
    family = claims.read(files) if files else (*claims.shipped(), *brought_claims())
    claim = _find(name, family)
    study = STUDIES[claim.study]
    if folder is None:
        selection = grids.Selection(claim.decides, _frameworks(claim))
        planned = grids.cells(study, selection)
        cells = [cell for cell in planned if selects(claim, cell)]
        command = naming_command(study, selection, cells, None)
        return Explanation(claim, None, (), None, command, related(claim, family, cells))
    results = Results(folder)
    manifest = results.manifest()
    with remembered(manifest):
        plan = stored_plan(manifest)
        if claim.study not in plan.stacks:
            cells = []
            verdicts: Iterable[Verdict] = judge([claim], {}, None)
            return Explanation(
                claim, folder, tuple(verdicts), None, None, related(claim, family, cells)
            )
        frames = stored_runs(results, plan, [claim.study]).frames
        chosen = manifest.seeds is not None or manifest.overrides
        profile = None if chosen else manifest.profile
        verdicts = judge([claim], frames, profile, rule_of(manifest))
        members = {m.cell for stack in plan.stacks[claim.study] for m in stack.members}
        cells = [cell for cell in members if selects(claim, cell)]
        command = naming_command(study, plan.selection, cells, manifest.seeds)
        rows = rows_behind(claim, frames[claim.study])
        return Explanation(
            claim, folder, tuple(verdicts), rows, command, related(claim, family, cells)
        )


def rows_behind(claim: Claim, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that a claim is about, in their order, with the side in front.

    ``runs``: those of its study. A run on both sides is there twice.
    """
    import pandas as pd

    indexed = IndexedRuns(runs)
    metrics = [name for name in (claim.metric, claim.prediction) if name in indexed.frame]
    columns = [*indexed.axes, "seed", "status", "reason", *map(str, metrics)]
    parts = []
    for side, cells in zip(("of", "versus"), sides_of(claim, indexed), strict=False):
        part = indexed.frame.loc[indexed.positions(cells), columns]
        part.insert(0, "side", side)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def selects(claim: Claim, cell: Cell) -> bool:
    """Return whether a cell is on a side of a claim."""
    sides = [claim.of]
    if claim.versus is not None:
        sides.append({**_shared(claim), **claim.versus})
    return any(_on(side, claim.each, cell) for side in sides)


def _shared(claim: Claim) -> dict[str, tuple[Value, ...]]:
    """Return the values that both sides share: those of the axes of ``each`` that ``of`` names."""
    return {axis: claim.of[axis] for axis in claim.each if axis in claim.of}


def _on(side: Selector, each: Sequence[str], cell: Cell) -> bool:
    for axis, value in cell.values:
        if axis in side:
            if value not in side[axis]:
                return False
        elif axis not in each and value != AXES[axis].default:
            return False
    return True


def _find(name: str, family: Sequence[Claim]) -> Claim:
    by_id: Mapping[str, Claim] = {claim.id: claim for claim in family}
    if name in by_id:
        return by_id[name]
    hint = nearest(name, by_id)
    own = [claim.id for claim in family if claim.study == name]
    if own:
        hint = f"; it is a study, with {len(own)} claims, {own[0]!r} for example"
    raise UserError(f"unknown claim {name!r}{hint} (suite list claims shows all {len(by_id)})")


def _frameworks(claim: Claim) -> tuple[str, ...]:
    """Return the frameworks that a claim names, or those of the default."""
    sides = [claim.of] if claim.versus is None else [claim.of, claim.versus]
    named = [str(name) for side in sides for name in side.get("framework", ())]
    known = [name for name in dict.fromkeys(named) if name in FRAMEWORKS]
    return tuple(known) or tuple(entry.name for entry in by_default())


def related(claim: Claim, family: Sequence[Claim], cells: Sequence[Cell]) -> tuple[Claim, ...]:
    """Return the claims about cells that a claim is about, those with the most of them first, then
    those about its metric in its study."""

    def nearness(other: Claim) -> float:
        if other.study != claim.study or other.id == claim.id:
            return 0.0
        shared = sum(selects(other, cell) for cell in cells) / max(len(cells), 1)
        return shared + 0.5 * (other.metric == claim.metric)

    near = sorted(((nearness(other), other) for other in family), key=lambda pair: -pair[0])
    return tuple(other for score, other in near[:MOST_RELATED] if score > 0)
