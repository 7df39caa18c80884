"""The end of a run, and of each renewal before it: from stored stacks to tables, verdicts, page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.commands.run.timings import Stages, processors, timings_table
from suite.comparing.attribution import ATTRIBUTION
from suite.discovery.findings import findings
from suite.discovery.kinds import FINDINGS
from suite.discovery.whose import whose
from suite.judging.judge_folder import Judged, judge_run, write_verdicts
from suite.judging.summary import summary
from suite.planning.grids import Plan
from suite.results.checksums import write_sums
from suite.results.folder import Results
from suite.studies import STUDIES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Outcome:
    """A finished run: its folder, its verdicts, and the tables that were written last."""

    results: Results
    judged: Judged
    summary: pd.DataFrame
    findings: pd.DataFrame
    timings: pd.DataFrame


def conclude(
    plan: Plan,
    results: Results,
    jobs: int,
    draw: bool,
    stages: Stages,
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Write the tables of the stored stacks, summarise, judge and draw. ``told`` takes what limits
    the judgement, in sentences."""
    with stages("write"):
        for study, chosen in plan.stacks.items():
            # A study that has not begun has no table yet, rather than one without rows.
            if not chosen or any(map(results.has, chosen)):
                results.collect(STUDIES[study], chosen)
    with stages("judge"):
        judged = judge_run(results, plan)
        for note in judged.notes:
            told(f"suite: {note}")
        rows = summary(judged.runs)
        results.write_frame("summary.csv", rows, unknown="nan")
        write_verdicts(results, judged.verdicts)
        planned = plan.selection.seeds is None
        found = findings(results.folder, judged.runs, judged.verdicts, planned)
        results.write_frame(FINDINGS, found)
        split = whose(judged.runs, planned)
        if split.chains:
            results.write_frame(ATTRIBUTION, split.rows)
        write_sums(results, plan.stacks)
    timings = timings_table(plan, results, stages)
    results.write_frame("timings.csv", timings)
    _record_processors(results, processors(timings))
    if draw:
        from suite.report import write_report  # here: plotting is slow to import

        with stages("report"):
            write_report(results.folder, jobs)
        timings = timings_table(plan, results, stages)
        results.write_frame("timings.csv", timings)
    return Outcome(results, judged, rows, found, timings)


def _record_processors(results: Results, counted: Mapping[str, int]) -> None:
    """Write into the manifest on which processors the stacks were measured, where that is not the
    one of this machine alone."""
    manifest = results.manifest()
    if counted.keys() <= {manifest.platform.get("cpu")}:
        counted = {}
    if counted != manifest.processors:
        results.write_manifest(replace(manifest, processors=counted))
