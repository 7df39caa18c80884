"""From a stored results folder to verdicts: reads the CSVs, judges, prints, and writes on demand.

Needs no framework. Expected runs follow from the manifest, so that a run which is not there is
counted as missing and never passed over.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite import claims, grids, verdicts
from suite.judge import judge
from suite.store import Results
from suite.studies import STUDIES
from suite.summary import summarise
from suite.tables import missing_rows, read_table
from suite.verdicts import Verdict

if TYPE_CHECKING:
    import pandas as pd

CONTRADICTED, INCOMPLETE = 1, 3


def stored_plan(manifest: dict[str, Any]) -> grids.Plan:
    """The plan of a stored run, expanded again from its manifest.

    Raises UserError when a study, axis or value of it is unknown to this version.
    """
    selection = grids.Selection(
        manifest["profile"],
        tuple(manifest["frameworks"]),
        {axis: tuple(values) for axis, values in manifest["overrides"].items()},
        manifest["seeds"],
        manifest["root_seed"],
    )
    return grids.plan([STUDIES[name] for name in manifest["studies"]], selection)


def frames(results: Results, plan: grids.Plan) -> dict[str, pd.DataFrame]:
    """Study -> its runs, with a row of status ``missing`` for each expected run not there."""
    expected = results.manifest()["expected"]
    found = {}
    for name, stacks in plan.stacks.items():
        frame = read_table(results.folder / name / "runs.csv")
        if plan.digest(name) == expected[name]["hash"]:
            frame = missing_rows(STUDIES[name], stacks, frame)
        else:
            print(
                f"suite: {name} was run with another grid than this version has:"
                f" {expected[name]['runs'] - len(frame)} of its runs are missing, without names",
                file=sys.stderr,
            )
        found[name] = frame
    return found


def summary(runs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The summary of all studies: a row for each cell and metric."""
    import pandas as pd

    parts = [summarise(name, frame, STUDIES[name].axes) for name, frame in runs.items()]
    table = pd.concat(parts, ignore_index=True)
    axes = [axis.name for axis in grids.AXES if axis.name in table.columns]
    others = [name for name in table.columns if name not in axes and name != "study"]
    return table[["study", *axes, *others]]


def check(folder: Path, out: Path | None, form: str) -> int:
    """Judge a stored run again and print the verdicts; the exit code of DESIGN's rule.

    Raises UserError when the folder is no results folder or a table cannot be read.
    """
    results = Results(folder)
    manifest = results.manifest()
    runs = frames(results, stored_plan(manifest))
    judged = judge(claims.shipped(), runs, manifest["profile"])
    if out is not None:
        write_verdicts(Results(out), judged)
    code = exit_code(judged, runs)
    show(judged, form, code)
    return code


def exit_code(judged: list[Verdict], runs: dict[str, pd.DataFrame]) -> int:
    """1: a claim contradicts its expectation; else 3: a run is missing or failed, whether a
    claim speaks of it or not; else 4: a promised claim is undecided; else 0."""
    code = verdicts.exit_code(judged)
    lost = any(frame["status"].isin(["failed", "missing"]).any() for frame in runs.values())
    return INCOMPLETE if lost and code != CONTRADICTED else code


def write_verdicts(results: Results, judged: list[Verdict]) -> None:
    """Write claims.csv and junit.xml into a folder. Raises UserError where that cannot be."""
    results.make()
    results.write_frame("claims.csv", verdicts.to_frame(judged))
    results.write_text("junit.xml", verdicts.junit(judged))


def show(judged: list[Verdict], form: str, code: int) -> None:
    """Print verdicts as ``text``, ``markdown`` or ``json``."""
    if form == "json":
        rows = [
            {key: _plain(value) for key, value in row.items()}
            for row in verdicts.to_frame(judged).to_dict("records")
        ]
        print(json.dumps({"exit_code": code, "claims": rows}, indent=1, allow_nan=False))
    elif form == "markdown":
        print(verdicts.markdown(judged))
    else:
        print(verdicts.table(judged))


def _plain(value: Any) -> Any:
    """A value that JSON has: an unknown or infinite number becomes null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
