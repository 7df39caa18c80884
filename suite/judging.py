"""From a stored results folder to verdicts: reads the CSVs, judges, prints, and writes on demand.

Needs no framework. Expected runs follow from the manifest, so that a run which is not there is
counted as missing and never passed over.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite import claims, grids, verdicts
from suite.judge import judge
from suite.registry import unknown
from suite.store import Results
from suite.studies import STUDIES
from suite.summary import summarise
from suite.tables import header, missing_rows, read_table
from suite.types import PROFILES, STATUSES, Study, UserError
from suite.verdicts import Verdict

if TYPE_CHECKING:
    import pandas as pd


def stored_plan(manifest: dict[str, Any]) -> grids.Plan:
    """The plan of a stored run, expanded again from its manifest.

    Raises UserError when a study, axis or value of it is unknown to this version.
    """
    if manifest["profile"] not in PROFILES:
        raise unknown("profile", manifest["profile"], PROFILES)
    selection = grids.Selection(
        manifest["profile"],
        tuple(str(grids.canonical_value("framework", name)) for name in manifest["frameworks"]),
        {
            axis: tuple(grids.canonical_value(axis, value) for value in values)
            for axis, values in manifest["overrides"].items()
        },
        manifest["seeds"],
        manifest["root_seed"],
    )
    return grids.plan([STUDIES[name] for name in manifest["studies"]], selection)


@dataclass(frozen=True)
class Judged:
    """A stored run with its verdicts: study -> runs, and the exit code of ``check``."""

    runs: dict[str, pd.DataFrame]
    verdicts: list[Verdict]
    code: int


def judge_run(results: Results, plan: grids.Plan) -> Judged:
    """Judge the shipped claims on a stored run; ``plan``: what was expected of it.

    A run whose grid or seeds the user chose promised to decide nothing.
    """
    manifest = results.manifest()
    runs, lost = {}, 0
    for name, stacks in plan.stacks.items():
        frame = _runs(results, STUDIES[name])
        expected = manifest["expected"].get(name, {})
        if plan.digest(name) == expected.get("hash"):
            frame = missing_rows(STUDIES[name], stacks, frame)
        elif absent := expected.get("runs", 0) - len(frame):
            lost += absent
            print(
                f"suite: {absent} runs of {name} are missing; which ones cannot be told, since"
                " this version of the suite has another grid",
                file=sys.stderr,
            )
        lost += int(frame["status"].isin(["failed", "missing"]).sum())
        runs[name] = frame
    chosen = manifest["seeds"] is not None or manifest["overrides"]
    found = judge(claims.shipped(), runs, None if chosen else manifest["profile"])
    return Judged(runs, found, verdicts.exit_code(found, lost))


def _runs(results: Results, study: Study) -> pd.DataFrame:
    """The runs of a study as stored; none where an interrupted run has not written them yet.

    Raises UserError for a table that is damaged or holds a status that there is not.
    """
    import pandas as pd

    path = results.folder / study.name / "runs.csv"
    if not path.exists() and not path.with_name("runs.csv.gz").exists():
        return pd.DataFrame(columns=header(study, study.tables[0]))
    frame = read_table(path, [*study.axes, "seed", "status", "reason"])
    for status in frame["status"].unique():
        if status not in STATUSES:
            raise UserError(f"{path}: {unknown('status', status, STATUSES)}")
    return frame


def summary(runs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The summary of all studies: a row for each cell and metric."""
    import pandas as pd

    parts = [summarise(name, frame, STUDIES[name].axes) for name, frame in runs.items()]
    table = pd.concat(parts, ignore_index=True)
    axes = [axis.name for axis in grids.AXES if axis.name in table.columns]
    others = [name for name in table.columns if name not in axes and name != "study"]
    return table[["study", *axes, *others]]


def check(folder: Path, out: Path | None, form: str, headline: bool = False) -> int:
    """Judge a stored run again and print the verdicts, or those of the headline claims alone; the
    exit code of ``verdicts.exit_code`` speaks of all.

    Raises UserError when the folder is no results folder or a table cannot be read.
    """
    results = Results(folder)
    judged = judge_run(results, stored_plan(results.manifest()))
    if out is not None:
        write_verdicts(Results(out), judged.verdicts)
    shown = [one for one in judged.verdicts if one.headline] if headline else judged.verdicts
    show(replace(judged, verdicts=shown), form)
    return judged.code


def write_verdicts(results: Results, judged: list[Verdict]) -> None:
    """Write claims.csv and junit.xml into a folder. Raises UserError where that cannot be."""
    results.make()
    results.write_frame("claims.csv", verdicts.to_frame(judged))
    results.write_text("junit.xml", verdicts.junit(judged))


def show(judged: Judged, form: str) -> None:
    """Print verdicts as ``text``, ``markdown`` or ``json``."""
    if form == "json":
        rows = [
            {key: _plain(value) for key, value in row.items()}
            for row in verdicts.to_frame(judged.verdicts).to_dict("records")
        ]
        print(json.dumps({"exit_code": judged.code, "claims": rows}, indent=1, allow_nan=False))
    elif form == "markdown":
        print(verdicts.markdown(judged.verdicts))
    else:
        print(verdicts.table(judged.verdicts))


def _plain(value: Any) -> Any:
    """A value that JSON has: an unknown or infinite number becomes null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
