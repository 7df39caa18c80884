"""Find which runs a stored folder should have, according to its manifest, and which it lacks.

A run that was expected and is not stored becomes a row of status ``missing``, so that it is
counted and never passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.catalogue.registry import unknown
from suite.planning import grids
from suite.planning.axes import canonical_value
from suite.planning.parts import split
from suite.plugins.record import remembered, studies_without_plugin
from suite.results.compressed import locate
from suite.results.folder import Results
from suite.results.manifest import MANIFEST, Manifest
from suite.results.read_runs import read_cells
from suite.results.tables import header, missing_rows
from suite.studies import STUDIES
from suite.types import PROFILES, Study, UserError

if TYPE_CHECKING:
    import pandas as pd


def stored_plan(manifest: Manifest, *, priced: bool = True) -> grids.Plan:
    """Return the plan of a stored run, expanded again from its manifest. ``priced``: see
    ``grids.plan``.

    A framework that this installation does not know is planned under its name, at no cost, and so
    are the items of a plugin that is not loaded; the studies of such a plugin are left out. Raise
    UserError where a study, an axis or a value is unknown to this version, and where no study is
    left.
    """
    if manifest.profile not in PROFILES:
        raise unknown("profile", manifest.profile, PROFILES)
    lost = studies_without_plugin(manifest)
    if lost and len(lost) == len(manifest.studies):
        raise UserError("; ".join(lost.values()))
    with remembered(manifest):
        selection = grids.Selection(
            manifest.profile,
            manifest.frameworks,
            {
                key: tuple(canonical_value(split(key)[1], value) for value in values)
                for key, values in manifest.overrides.items()
            },
            manifest.seeds,
            manifest.root_seed,
            _until(manifest),
        )
        studies = [STUDIES[name] for name in manifest.studies if name not in lost]
        return grids.plan(studies, selection, priced=priced)


def _until(manifest: Manifest) -> grids.Until | None:
    known = manifest.until_decided
    return None if known is None else grids.Until(known.most, known.blocks)


@dataclass(frozen=True)
class StoredRuns:
    """The runs of the studies of a folder, and how many of them are lost."""

    frames: dict[str, pd.DataFrame]
    """Study -> its runs, with a row of status ``missing`` for each that is known to be lacking."""
    lost: int
    """The runs that failed or are missing, those that no row names included."""
    notes: tuple[str, ...]
    """A sentence for each study with missing runs that cannot be named."""


def stored_runs(results: Results, plan: grids.Plan, studies: Iterable[str]) -> StoredRuns:
    """Read the runs of some studies of a folder and compare them with what was expected.

    Raise UserError for a table that cannot be read, and where the manifest does not say what was
    expected of a study.
    """
    expected_runs = results.manifest().expected
    frames, lost, notes = {}, 0, []
    for name in studies:
        frame = _runs(results, STUDIES[name])
        if (expected := expected_runs.get(name)) is None:
            raise UserError(f"{results.folder / MANIFEST} does not say what was expected of {name}")
        lacking = expected.runs - len(frame)
        if plan.digest(name) == expected.hash:
            frame = missing_rows(STUDIES[name], plan.stacks[name], frame)
        elif lacking > 0:
            lost += lacking
            notes.append(
                f"{lacking} runs of {name} are missing; which ones is unknown, because this"
                " version of the suite has a different grid"
            )
        lost += int(frame["status"].isin(["failed", "missing"]).sum())
        frames[name] = frame
    return StoredRuns(frames, lost, tuple(notes))


def cells_of(frame: pd.DataFrame, axes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the cells that are in the runs of a study: axis -> value."""
    known = [axis for axis in axes if axis in frame.columns]
    return [
        {str(axis): value for axis, value in cell.items()}
        for cell in frame[known].drop_duplicates().to_dict("records")
    ]


def _runs(results: Results, study: Study) -> pd.DataFrame:
    """Return the runs of a study as stored; no rows where an interrupted run has not written them.

    Raise UserError for a table that is damaged.
    """
    import pandas as pd

    if locate(results.folder / study.name / "runs.csv") is None:
        return pd.DataFrame(columns=header(study, study.tables[0]))
    return read_cells(results.folder, study)
