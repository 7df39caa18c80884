"""The page of two results folders: what changed from A to B, and the verdicts side by side.

What changed is what ``suite compare`` finds. Both folders stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from suite.comparing.compare_folders import Folder, compare_folders, read_folder
from suite.comparing.comparison import Comparison
from suite.comparing.environment_changes import can_move_a_number
from suite.comparing.kinds import METRIC_KINDS, SAME, VERDICT_KINDS
from suite.comparing.paired_runs import axes_of
from suite.comparing.verdict_changes import VerdictChange
from suite.judging.verdicts import NOT_JUDGED, Verdict
from suite.metrics import METRICS
from suite.planning.axes import nondefault_fields
from suite.report import embedding
from suite.report.common import verdict_words
from suite.report.common.numbers import interval, number
from suite.results.folder import replacing
from suite.results.manifest import MANIFEST
from suite.types import UserError

SCRIPTS = ("page.js", "filters.js", "comparison.js")
"""The files of the script of this page."""
NAME = "comparison"
"""What the page's script reads its data under, and the stem of its files."""
PAGE = f"{NAME}.html"
"""The name of the page in its folder."""
MOST = 300
"""The most differences that are listed with the rows behind them; ``suite compare --csv`` prints
all."""


@dataclass(frozen=True)
class Line:
    """A claim in one group of cells: what the two folders say about it."""

    kind: str
    claim: str
    statement: str
    study: str
    group: str
    a: Side
    b: Side


@dataclass(frozen=True)
class Side:
    """A verdict as the page shows it: a label, the estimate with its interval, and the reason where
    there is one."""

    label: verdict_words.Label
    estimate: str
    reason: str


def write_comparison(a: Path, b: Path, out: Path, linked: bool = False) -> Path:
    """Write the page of two results folders into ``out`` and return its path.

    ``linked``: style, script and rows are files beside the page. Raise UserError where a folder
    cannot be read or has not been judged, and where ``out`` is a results folder: a page of two
    folders belongs to neither.
    """
    if (out / MANIFEST).exists():
        raise UserError(f"{out} is a results folder; give another folder with --out")
    folders = read_folder(a), read_folder(b)
    comparison = compare_folders(*folders)
    moved = comparison.moved.head(MOST).to_dict("records")
    data = {"pairs": [_pairs(row, *folders) for row in moved]}
    html = page(comparison, *folders, data, linked)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if linked:
            style, script = embedding.style(), embedding.script(SCRIPTS)
            embedding.write_files(out, style, script, {NAME: data}, NAME)
        with replacing(out / PAGE) as file:
            file.write(html)
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}") from error
    return out / PAGE


def page(
    comparison: Comparison, a: Folder, b: Folder, data: Mapping[str, Any], linked: bool
) -> str:
    """Return the page of a comparison of two folders. ``data``: what its script reads."""
    environment = embedding.templates()
    environment.filters |= {"number": number}
    style, script = embedding.style(), embedding.script(SCRIPTS)
    lines = [_line(change) for change in comparison.verdicts]
    moved = comparison.moved.head(MOST).to_dict("records")
    return environment.get_template(PAGE).render(
        # Both are parts of the package, and hold nothing of the folders.
        style=Markup(style),
        script=Markup(script),
        policy=embedding.LINKED_POLICY if linked else embedding.policy(style, script),
        files=f"{embedding.FILES}/{NAME}" if linked else "",
        data="" if linked else embedding.block(data),
        a=comparison.a,
        b=comparison.b,
        summary=summary(comparison),
        changed=[line for line in lines if line.kind not in (SAME, "new")],
        lines=lines,
        moved=moved,
        more=len(comparison.moved) - len(moved),
        counts=_counts(comparison.metrics),
        kinds=[kind for kind in METRIC_KINDS if kind in set(comparison.metrics["kind"])],
        environment=comparison.environment,
        can_move_a_number=can_move_a_number,
        notes=comparison.notes,
        missing=comparison.absences,
        interval=interval,
        command=f"suite compare {a.path} {b.path}",
    )


def summary(comparison: Comparison) -> str:
    """Return what changed, in one sentence."""
    kinds = [change.kind for change in comparison.verdicts]
    verdicts = [f"{kinds.count(kind)} {kind}" for kind in VERDICT_KINDS if kind in kinds]
    moved, every = len(comparison.moved), len(comparison.metrics)
    differences = sum(can_move_a_number(key) for key, _, _ in comparison.environment)
    metrics = f"{moved:,} of {every:,} metrics of cells moved"
    settings = f"the environments differ in {differences} thing{'' if differences == 1 else 's'}"
    return f"Verdicts: {', '.join(verdicts) or 'none'}. {metrics}; {settings} that can move one."


def _line(change: VerdictChange) -> Line:
    known = next(verdict for verdict in (change.b, change.a) if verdict is not None)
    return Line(
        change.kind,
        change.claim,
        known.statement,
        change.study,
        verdict_words.group(change.group),
        _side(change.a),
        _side(change.b),
    )


def _side(verdict: Verdict | None) -> Side:
    if verdict is None:
        return Side(verdict_words.Label("not-judged", "not there"), "", "")
    label = verdict_words.label(verdict)
    if verdict.verdict == NOT_JUDGED:
        return Side(label, "", verdict.reason)
    estimate = f"{number(verdict.estimate)} {interval(verdict.low, verdict.high)}".strip()
    return Side(label, estimate, verdict.reason)


def _counts(metrics: pd.DataFrame) -> Sequence[tuple[str, Mapping[str, int]]]:
    """Return each study with how many of its cells and metrics are of each kind."""
    table = pd.crosstab(metrics["study"], metrics["kind"])
    return [
        (str(study), {str(k): int(n) for k, n in row.items()}) for study, row in table.iterrows()
    ]


def _pairs(row: Mapping[Any, Any], a: Folder, b: Folder) -> list[list[Any]]:
    """Return the rows behind a difference: for each seed its value in A and in B; None where one
    side has no such run, or no such metric."""
    sides = [_values(folder, row["study"], row["cell"], row["metric"]) for folder in (a, b)]
    seeds = sorted({*sides[0], *sides[1]})
    return [[seed, *(side.get(seed) for side in sides)] for seed in seeds]


def _values(folder: Folder, study: str, cell: str, metric: str) -> dict[int, float | None]:
    """Return seed -> the stored value of a metric in the runs of a cell."""
    frame = folder.runs.get(study)
    if frame is None:
        return {}
    axes = axes_of(frame)
    cells = frame[axes].drop_duplicates()
    found = [
        fields
        for fields in cells.to_dict("records")
        if nondefault_fields({str(axis): value for axis, value in fields.items()}) == cell
    ]
    if not found:
        return {}
    chosen = np.ones(len(frame), dtype=bool)
    for axis, value in found[0].items():
        chosen &= (frame[axis] == value).to_numpy()
    rows = frame[chosen]
    if metric in METRICS and metric in rows:
        values = rows[metric].astype(float).to_list()
    else:  # the share of the runs that end ok
        values = (rows["status"] == "ok").astype(float).to_list()
    return dict(zip(rows["seed"].to_list(), values, strict=True))
