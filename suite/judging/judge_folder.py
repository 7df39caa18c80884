"""From a stored results folder to verdicts: reads the CSVs, judges, prints, and writes on demand.

Needs no framework. Expected runs follow from the manifest, so that a run which is not there is
counted as missing and never passed over.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite import claims
from suite.catalogue.registry import unknown
from suite.claims.cells import check_cells
from suite.judging import verdicts
from suite.judging.judge_claims import judge
from suite.judging.summary import summarise
from suite.judging.verdicts import Verdict
from suite.planning import grids
from suite.planning.axes import AXES, canonical_value
from suite.results.checksums import renew, warn
from suite.results.compressed import locate
from suite.results.folder import Results
from suite.results.manifest import MANIFEST, Manifest
from suite.results.runs import read_runs
from suite.results.tables import header, missing_rows
from suite.studies import STUDIES
from suite.types import PROFILES, Study, UserError

if TYPE_CHECKING:
    import pandas as pd


def stored_plan(manifest: Manifest) -> grids.Plan:
    """The plan of a stored run, expanded again from its manifest.

    Raises UserError when a study, axis or value of it is unknown to this version.
    """
    if manifest.profile not in PROFILES:
        raise unknown("profile", manifest.profile, PROFILES)
    selection = grids.Selection(
        manifest.profile,
        tuple(str(canonical_value("framework", name)) for name in manifest.frameworks),
        {
            axis: tuple(canonical_value(axis, value) for value in values)
            for axis, values in manifest.overrides.items()
        },
        manifest.seeds,
        manifest.root_seed,
    )
    return grids.plan([STUDIES[name] for name in manifest.studies], selection)


@dataclass(frozen=True)
class Judged:
    """A stored run with its verdicts: study -> runs, and the exit code of ``check``."""

    runs: dict[str, pd.DataFrame]
    verdicts: list[Verdict]
    code: int


def judge_run(results: Results, plan: grids.Plan, files: Sequence[Path] = ()) -> Judged:
    """Judge a stored run; ``plan``: what was expected of it.

    The shipped claims, on all its studies; or those of a user's ``files`` alone, on the studies
    that they speak of. A run whose grid or seeds the user chose promised to decide nothing.
    Raises UserError for a table or a file of claims that cannot be read, and for a user's claim
    about cells that cannot be there.
    """
    manifest = results.manifest()
    family = claims.read(files) if files else claims.shipped()
    spoken_of = {claim.study for claim in family}
    runs, lost, told = {}, 0, []
    for name, stacks in plan.stacks.items():
        if files and name not in spoken_of:
            continue
        frame = _runs(results, STUDIES[name])
        if (expected := manifest.expected.get(name)) is None:
            raise UserError(f"{results.folder / MANIFEST} does not say what was expected of {name}")
        if plan.digest(name) == expected.hash:
            frame = missing_rows(STUDIES[name], stacks, frame)
        elif (absent := expected.runs - len(frame)) > 0:
            lost += absent
            told.append(
                f"suite: {absent} runs of {name} are missing; which ones cannot be told, since"
                " this version of the suite has another grid"
            )
        lost += int(frame["status"].isin(["failed", "missing"]).sum())
        runs[name] = frame
    if files:
        check_cells(family, {name: _cells(frame, name) for name, frame in runs.items()})
    for line in told:
        print(line, file=sys.stderr)
    chosen = manifest.seeds is not None or manifest.overrides
    found = judge(family, runs, None if chosen else manifest.profile)
    return Judged(runs, found, verdicts.exit_code(found, lost))


def _cells(frame: pd.DataFrame, study: str) -> list[dict[str, Any]]:
    """The cells that are in the runs of a study: axis -> value."""
    axes = [axis for axis in STUDIES[study].axes if axis in frame.columns]
    return [
        {str(axis): value for axis, value in cell.items()}
        for cell in frame[axes].drop_duplicates().to_dict("records")
    ]


def _runs(results: Results, study: Study) -> pd.DataFrame:
    """The runs of a study as stored; none where an interrupted run has not written them yet.

    Raises UserError for a table that is damaged.
    """
    import pandas as pd

    if locate(results.folder / study.name / "runs.csv") is None:
        return pd.DataFrame(columns=header(study, study.tables[0]))
    return read_runs(results.folder, study.name, study.axes)


def summary(runs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The summary of all studies: a row for each cell and metric; an axis that a study lacks is
    empty."""
    import pandas as pd

    parts = [
        # As objects: beside a study without a depth, pandas would write depth 4 as 4.0.
        summarise(name, frame, STUDIES[name].axes).astype(dict.fromkeys(STUDIES[name].axes, object))
        for name, frame in runs.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    empty = {axis.name: "" for axis in AXES if axis.name in table.columns}
    table = table.fillna(empty)
    axes = [axis.name for axis in AXES if axis.name in table.columns]
    others = [name for name in table.columns if name not in axes and name != "study"]
    return table[["study", *axes, *others]]


def check(
    folder: Path,
    out: Path | None,
    form: str,
    headline: bool = False,
    files: Sequence[Path] = (),
) -> int:
    """Judge a stored run again, on the claims of ``files`` where there are any, and print the
    verdicts, or those of the headline claims alone; the exit code of ``verdicts.exit_code``
    speaks of all.

    Raises UserError when the folder is no results folder, a table or a file of claims cannot be
    read, or a user's verdicts would take the place of the run's own.
    """
    results = Results(folder)
    if files and out is not None and out.resolve() == folder.resolve():
        raise UserError(f"--out {out}: its claims.csv holds the shipped claims; choose another")
    if out is not None and out.resolve() != folder.resolve() and (out / MANIFEST).exists():
        raise UserError(f"--out {out}: its claims.csv speaks of its own run; choose another")
    manifest = results.manifest()
    judged = judge_run(results, stored_plan(manifest), files)
    if out is not None:
        write_verdicts(Results(out), judged.verdicts)
    warn(folder, manifest)
    shown = [one for one in judged.verdicts if one.headline] if headline else judged.verdicts
    show(replace(judged, verdicts=shown), form)
    return judged.code


def write_verdicts(results: Results, judged: list[Verdict]) -> None:
    """Write claims.csv, with its sum where the folder has sums, and junit.xml into a folder.

    Raises UserError where that cannot be."""
    results.make()
    results.write_frame("claims.csv", verdicts.to_frame(judged))
    renew(results, "claims.csv")
    results.write_text("junit.xml", verdicts.junit(judged))


def show(judged: Judged, form: str) -> None:
    """Print verdicts as ``text``, ``markdown`` or ``json``."""
    if form == "json":
        rows = [
            {key: verdicts.plain(value) for key, value in row.items()}
            for row in verdicts.to_frame(judged.verdicts).to_dict("records")
        ]
        print(json.dumps({"exit_code": judged.code, "claims": rows}, indent=1, allow_nan=False))
    elif form == "markdown":
        print(verdicts.markdown(judged.verdicts))
    else:
        print(verdicts.table(judged.verdicts))
