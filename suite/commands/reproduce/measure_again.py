"""Measures a sample of a stored run again, and says of each row what became of it.

What is decided here: which stacks are taken, and when two rows are the same. The stacks follow
from the manifest, so they have the members, and hence the bits, that they had. Only the manifest
and the tables of runs are read: a published folder without shards is enough. The numbers of
other tables come from the same stacks and are not compared.
"""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from suite import seeds
from suite.catalogue.frameworks import installed
from suite.comparing import verdict_changes
from suite.judging.expected_runs import stored_plan
from suite.judging.verdicts import INCOMPLETE
from suite.measuring import environment, executors, runner
from suite.measuring.executors import Job
from suite.measuring.progress import Progress
from suite.metrics import METRICS
from suite.metrics.metric import ROUNDING, Metric
from suite.planning.axes import AXES
from suite.planning.grids import Plan
from suite.results.folder import Results
from suite.results.manifest import Manifest
from suite.results.runs import read_runs
from suite.results.tables import read_table, write_table
from suite.studies import STUDIES
from suite.types import Array, Stack, Study, UserError, float64

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("identical", "alike", "different", "failed")
"""identical: the same bits; alike: the same status, and every metric within its tolerance or
rounding; different: another status, or a metric farther off; failed: measured no more."""
DIFFERENT = 1


@dataclass(frozen=True)
class Reproduced:
    """A stored run against what its sampled stacks gave now."""

    folder: Path
    stacks: Sequence[Stack]
    eligible: int
    """Stacks that could have been taken."""
    rows: pd.DataFrame
    """A row for each run: study, its axes, seed, outcome; where it is not identical, the metric
    that is farthest off (``what``), its value ``there`` and ``here``, and the difference in units
    of what counts as the same (``times``)."""
    notes: Sequence[str] = field(default=())
    environment: Sequence[tuple[str, str, str]] = field(default=())
    """Keys of the manifest that differ, with their values there and here."""

    @property
    def code(self) -> int:
        """3: a stack could not be measured; else 1: a row differs; else 0."""
        found = set(self.rows["outcome"])
        return INCOMPLETE if "failed" in found else DIFFERENT if "different" in found else 0


def reproduce(folder: Path, count: int | None, number: int, jobs: int) -> Reproduced:
    """Measure ``count`` stored stacks again; which, is drawn from ``number``.

    Without ``count``: one of each study and framework, from the cheaper half. Raises UserError
    when the folder is no results folder, cannot be read, or holds nothing to measure here.
    """
    manifest = Results(folder).manifest()
    plan, notes = _plan(manifest)
    stored = {name: _stored(folder, STUDIES[name]) for name in plan.stacks}
    eligible = []
    for name, stacks in plan.stacks.items():
        whole = _whole(STUDIES[name], stacks, stored[name])
        eligible += whole
        expected = manifest.expected.get(name)
        if expected is None or plan.digest(name) != expected.hash:
            notes.append(
                f"{name}: another grid here; of its {len(stacks)} stacks {len(whole)} have all"
                " their runs there (composed otherwise, bits may differ)"
            )
        elif len(whole) < len(stacks):
            notes.append(f"{name}: {len(stacks) - len(whole)} stacks failed there or are missing")
    available = installed()
    able = [stack for stack in eligible if stack.framework in available]
    drawn = set(choose(able, plan, count, number))
    chosen = [stack for stack in able if stack in drawn]
    if not chosen:
        raise UserError(f"{folder} holds no stack that can be measured here{_because(notes)}")
    now = environment.manifest(plan, manifest.command)
    known = manifest.definitions or {}
    changed = [
        name
        for name, definition in (now.definitions or {}).items()
        if known.get(name, definition) != definition
    ]
    if changed:
        notes.append(f"not compared, since they are defined anew: {', '.join(changed)}")
    for name in dict.fromkeys(stack.study for stack in chosen):
        metrics = STUDIES[name].tables[0].metrics
        if lacking := [metric for metric in metrics if metric not in stored[name].columns]:
            notes.append(f"{name}: not stored there: {', '.join(lacking)}")
    measured = _measure(plan, chosen, jobs)
    rows = _rows(chosen, stored, measured, changed)
    return Reproduced(
        folder, chosen, len(eligible), rows, notes, verdict_changes.environment(manifest, now)
    )


def _because(notes: Sequence[str]) -> str:
    return "".join(f"; {note}" for note in notes)


# --- what is taken -----------------------------------------------------------------------------


def _plan(manifest: Manifest) -> tuple[Plan, list[str]]:
    """The plan of a manifest, of the studies that this version has; and what it leaves out."""
    notes = []
    known = [name for name in manifest.studies if name in STUDIES]
    if lost := [name for name in manifest.studies if name not in STUDIES]:
        notes.append(f"this version has no study {', '.join(map(repr, lost))}")
    plan = stored_plan(replace(manifest, studies=tuple(known) or manifest.studies))
    used = dict.fromkeys(s.framework for stacks in plan.stacks.values() for s in stacks)
    available = installed()
    if absent := [name for name in used if name not in available]:
        notes.append(f"not installed here: {', '.join(absent)}")
    return plan, notes


def _stored(folder: Path, study: Study) -> pd.DataFrame:
    """The runs of a study as stored; an axis that is newer than they are has its default."""
    axes = [axis for axis in AXES if axis.name in study.axes]
    needed = [axis.name for axis in axes if axis.default is None]
    frame = read_runs(folder, study.name, needed)
    for axis in axes:
        if axis.name not in frame.columns:
            frame[axis.name] = axis.default
    return frame.drop_duplicates([*study.axes, "seed"])


def _whole(study: Study, stacks: Sequence[Stack], stored: pd.DataFrame) -> list[Stack]:
    """The stacks whose runs are all stored, none of them as failed."""
    good = stored[stored["status"] != "failed"]
    there = set(good[[*study.axes, "seed"]].itertuples(index=False, name=None))

    def found(stack: Stack) -> bool:
        return all((*dict(m.cell.values).values(), m.seed) in there for m in stack.members)

    return [stack for stack in stacks if found(stack)]


def choose(stacks: Sequence[Stack], plan: Plan, count: int | None, number: int) -> list[Stack]:
    """The stacks to take: in turn one of each study and framework, each time another at random.

    Without ``count`` one turn, and only from the cheaper half of each study and framework. The
    order depends on ``number`` and the stacks' keys alone.
    """
    groups: dict[tuple[str, str], list[Stack]] = {}
    for stack in sorted(stacks, key=lambda stack: plan.costs[stack.key].seconds):
        groups.setdefault((stack.study, stack.framework), []).append(stack)
    if count is None:
        groups = {key: group[: (len(group) + 1) // 2] for key, group in groups.items()}
        count = len(groups)
    order = sorted(
        (stack for group in groups.values() for stack in group),
        key=lambda stack: seeds.integer(number, "sample", stack=stack.key),
    )
    turns: list[tuple[int, Stack]] = []
    taken: Counter[tuple[str, str]] = Counter()
    for stack in order:
        turns.append((taken[stack.study, stack.framework], stack))
        taken[stack.study, stack.framework] += 1
    return [stack for _, stack in sorted(turns, key=lambda turn: turn[0])][:count]


# --- what came of it ---------------------------------------------------------------------------


def _measure(plan: Plan, stacks: Sequence[Stack], jobs: int) -> dict[str, pd.DataFrame]:
    """The runs of the stacks, measured in the runner's workers: study -> table."""
    with tempfile.TemporaryDirectory(prefix="suite-") as scratch:
        results = Results(Path(scratch))
        (results.folder / "shards").mkdir()
        try:
            with Progress(plan, list(stacks)) as progress:
                job = Job(results.folder, plan.selection.root)
                workers = executors.start(executors.DEFAULT, job, min(jobs, len(stacks)))
                runner.execute(plan, stacks, results, workers, progress)
        except runner.NotStored as error:
            raise UserError(f"cannot write to {scratch}: {error}") from error
        measured = {}
        for name in dict.fromkeys(stack.study for stack in stacks):
            study = STUDIES[name]
            text = io.StringIO(newline="")
            own = [stack for stack in stacks if stack.study == name]
            write_table(text, study, study.tables[0], results.stored(own))
            path = results.folder / f"{name}.csv"
            path.write_text(text.getvalue(), encoding="utf-8", newline="")
            measured[name] = read_table(path)
    return measured


def _rows(
    stacks: Sequence[Stack],
    stored: Mapping[str, pd.DataFrame],
    measured: Mapping[str, pd.DataFrame],
    skipped: Sequence[str],
) -> pd.DataFrame:
    """The outcome of every run of the stacks; see ``Reproduced.rows``."""
    import pandas as pd

    parts = []
    for name, now in measured.items():
        study = STUDIES[name]
        keys = [*study.axes, "seed"]
        runs = [
            (*dict(m.cell.values).values(), m.seed)
            for stack in stacks
            if stack.study == name
            for m in stack.members
        ]
        wanted = pd.DataFrame(runs, columns=keys)
        there = wanted.merge(stored[name], on=keys, how="left")
        here = wanted.merge(now, on=keys, how="left")
        metrics = [
            metric
            for metric in study.tables[0].metrics
            if metric in there.columns and metric not in skipped
        ]
        found = compare(there, here, metrics)
        parts.append(pd.concat([wanted.astype(object).assign(study=name), found], axis=1))
    axes = [axis.name for axis in AXES if any(axis.name in part for part in parts)]
    return pd.concat(parts, ignore_index=True)[
        ["study", *axes, "seed", "outcome", "what", "there", "here", "times"]
    ]


def compare(there: pd.DataFrame, here: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The outcome of each pair of rows, and what is farthest off; see ``Reproduced.rows``.

    The frames hold the same runs in the same order; a run that was not measured here has no
    status. Raises KeyError for a metric that is not in the registry.
    """
    import pandas as pd

    status = there["status"].to_numpy(), here["status"].fillna("failed").to_numpy()
    reason = there["reason"].to_numpy(), here["reason"].fillna("was not measured").to_numpy()
    identical = (status[0] == status[1]) & (reason[0] == reason[1])
    alike = status[0] == status[1]
    times = np.zeros(len(there))
    what = np.where(identical, "", "reason").astype(object)
    values = np.stack([np.where(identical, "", texts).astype(object) for texts in reason])
    for name in metrics:
        metric = METRICS[name]
        a, b = (
            float64(pd.to_numeric(frame[name], errors="coerce").to_numpy())
            for frame in (there, here)
        )
        identical &= (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
        alike &= metric.equal(a, b)
        off = _times(a, b, metric)
        worse = off > times
        times[worse], what[worse] = off[worse], name
        values[0, worse], values[1, worse] = a[worse], b[worse]
    other = status[0] != status[1]
    what[other], times[other] = "status", np.inf
    values[0, other], values[1, other] = status[0][other], status[1][other]
    failed = status[1] == "failed"
    values[1, failed] = reason[1][failed]
    outcome = np.select([failed, identical, alike], ["failed", "identical", "alike"], "different")
    return pd.DataFrame(
        {"outcome": outcome, "what": what, "there": values[0], "here": values[1], "times": times}
    )


def _times(a: Array, b: Array, metric: Metric) -> Array:
    """How far apart two values are, in units of what counts as the same; 0 where equal."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.maximum(np.abs(a), np.abs(b))
        times = np.abs(a - b) / np.maximum(metric.tolerance, ROUNDING * size)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    # Between an infinite or missing value and a number there is no finite distance.
    return np.where(same, 0.0, np.where(np.isfinite(a) & np.isfinite(b), times, np.inf))
