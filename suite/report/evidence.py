"""What stands behind the verdicts of a folder: the number of each seed, the rows, the command.

The numbers are those from which the verdict was made: ``judging.judge_claims.weigh`` finds them, as
it does when a folder is judged. A verdict whose rows give another number, or whose claim has other
words today, shows none, and says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite import claims
from suite.claims.claim import Claim
from suite.judging.band_to_verdict import Evidence, interval_of
from suite.judging.expected_runs import stored_plan, stored_runs
from suite.judging.explained import related, selects
from suite.judging.judge_claims import weigh
from suite.judging.naming_command import Namer
from suite.judging.verdicts import NOT_JUDGED, Verdict, group_fields
from suite.plugins import brought_claims
from suite.results.folder import Results
from suite.results.manifest import Manifest
from suite.results.not_measured import not_measured
from suite.studies import STUDIES
from suite.types import Cell, UserError

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
"""The significant digits of the numbers of the seeds; the rows have all of theirs."""


@dataclass(frozen=True)
class Behind:
    """What stands behind the verdicts of a folder, for the page's script to read.

    ``studies``: study -> its rows, and the seeds of its verdicts. ``claims``: claim -> its related
    claims, its limits. ``commands``: name of a verdict -> what measures its cells again, None where
    no command selects them, and how many other cells that measures. ``frameworks``: name of a
    verdict -> those of its rows. ``absent``: name of a verdict -> why it has no numbers here.
    """

    studies: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    commands: dict[str, dict[str, Any]] = field(default_factory=dict)
    frameworks: dict[str, list[str]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def behind(
    results: Results,
    manifest: Manifest,
    verdicts: Sequence[Verdict],
    files: Sequence[Path] = (),
) -> Behind:
    """Return what stands behind the verdicts of a folder, or on the claims of a user's ``files``.

    What cannot be found, since the folder lacks it or comes from another version of the suite, is
    left out with a reason.
    """
    found = Behind()
    by_name = {verdict.name: verdict for verdict in verdicts}
    for verdict in verdicts:
        framework = group_fields(verdict.group).get("framework")
        found.frameworks[verdict.name] = [framework] if framework else []
    try:
        every = claims.read(files) if files else (*claims.shipped(), *brought_claims())
        family = {claim.id: claim for claim in every}
        plan = stored_plan(manifest, priced=False)
    except UserError as error:
        found.absent.update(dict.fromkeys(by_name, _words(error, results)))
        return found
    namer = Namer(plan.selection, manifest.seeds)
    for study in dict.fromkeys(verdict.study for verdict in verdicts):
        of_study = {name: verdict for name, verdict in by_name.items() if verdict.study == study}
        known = {
            verdict.claim: family[verdict.claim]
            for verdict in of_study.values()
            if verdict.claim in family
            and family[verdict.claim].text_hash == verdict.text_hash
            and family[verdict.claim].study == study
        }
        for name, verdict in of_study.items():
            if verdict.claim not in known and verdict.verdict != NOT_JUDGED:
                found.absent[name] = "its claim has other words, or is not known, in this version"
        if study not in plan.stacks:
            continue
        of_claim: dict[str, list[Verdict]] = {name: [] for name in known}
        for verdict in of_study.values():
            if verdict.claim in known:
                of_claim[verdict.claim].append(verdict)
        members = [m.cell for stack in plan.stacks[study] for m in stack.members]
        cells = list(dict.fromkeys(members))
        for claim in known.values():
            _add_claim(found, claim, of_claim[claim.id], cells, list(family.values()), namer)
        try:
            runs = stored_runs(results, plan, [study]).frames[study]
        except UserError as error:
            found.absent.update(dict.fromkeys(of_study, _words(error, results)))
            continue
        _add_rows(found, study, runs, list(known.values()), of_study)
    return found


def _add_claim(
    found: Behind,
    claim: Claim,
    verdicts: Sequence[Verdict],
    planned: Sequence[Cell],
    family: Sequence[Claim],
    namer: Namer,
) -> None:
    """Add a claim's related claims and limits, and the command of each of its verdicts.

    ``planned``: the cells of its study that the run planned. ``family``: all claims.
    """
    cells = [cell for cell in planned if selects(claim, cell)]
    found.claims[claim.id] = {
        "related": [other.id for other in related(claim, family, cells)],
        "above": claim.above,
        "below": claim.below,
    }
    for verdict in verdicts:
        group = group_fields(verdict.group).items()
        own = [cell for cell in cells if all(str(cell[axis]) == value for axis, value in group)]
        if own:
            command = namer.command(STUDIES[claim.study], own)
            found.commands[verdict.name] = {
                "command": None if command is None else command.text,
                "others": 0 if command is None else command.others,
            }


def _add_rows(
    found: Behind,
    study: str,
    runs: pd.DataFrame,
    known: Sequence[Claim],
    verdicts: Mapping[str, Verdict],
) -> None:
    """Add the rows of a study that verdicts rest on, and the numbers of their seeds."""
    runs = runs.reset_index(drop=True)
    axes = [str(name) for name in runs.columns[: list(runs.columns).index("seed")]]
    needed: dict[str, set[int]] = {}  # metric -> rows of which a verdict reads it
    frameworks = runs["framework"].to_numpy(dtype=object) if "framework" in axes else None
    sides: dict[str, list[list[int]]] = {}
    seeds: dict[str, dict[str, Any]] = {}
    for claim, group, evidence in weigh(known, {study: runs}):
        name = f"{claim.id} [{group}]" if group else claim.id
        if name not in verdicts or evidence.absent:
            continue
        if reason := _differs(verdicts[name], claim, evidence):
            found.absent[name] = reason
            continue
        positions = [side.tolist() for side in evidence.sides]
        sides[name] = positions
        metrics = [str(m) for m in (claim.metric, claim.prediction) if m in runs]
        seeds[name] = {"metrics": metrics, **_seeds(evidence)}
        for metric in metrics:
            needed.setdefault(metric, set()).update(*positions)
        if frameworks is not None:
            both = np.unique(np.concatenate(evidence.sides))
            found.frameworks[name] = list(dict.fromkeys(frameworks[both].tolist()))
    used = sorted({place for places in needed.values() for place in places})
    if not used:
        return
    shown = runs.iloc[used].reset_index(drop=True)
    number = shown.groupby(axes, sort=False, dropna=False).ngroup()
    cell_of = dict(zip(used, number.tolist(), strict=True))
    row_of = {place: row for row, place in enumerate(used)}
    found.studies[study] = {
        "axes": axes,
        "cells": shown[axes].drop_duplicates().to_numpy(dtype=object).tolist(),
        "cell": number.tolist(),
        "seed": shown["seed"].tolist(),
        "status": shown["status"].tolist(),
        "reason": shown["reason"].tolist(),
        "metrics": {
            metric: {
                "row": [row_of[place] for place in sorted(places)],
                "value": _values(runs[metric].iloc[sorted(places)]),
            }
            for metric, places in needed.items()
        },
        "verdicts": {
            name: {
                "sides": [sorted({cell_of[place] for place in side}) for side in sides[name]],
                **seeds[name],
            }
            for name in sides
        },
    }


def _words(error: UserError, results: Results) -> str:
    """Return why rows cannot be had, without where the folder lies: the page does not depend on
    it."""
    return str(error).replace(f"{results.folder}/", "").replace(str(results.folder), "the folder")


def _differs(verdict: Verdict, claim: Claim, evidence: Evidence) -> str:
    """Return why the rows are not those of a stored verdict; empty where they are."""
    if verdict.verdict == NOT_JUDGED:
        return "it was not judged; suite check judges the folder again"
    estimate = interval_of(claim, evidence.numbers).estimate
    same = math.isclose(estimate, verdict.estimate, rel_tol=1e-9) or (
        math.isnan(estimate) and math.isnan(verdict.estimate)
    )
    if same and len(evidence.numbers) == verdict.n:
        return ""
    return "the rows of this folder give another number; suite check judges them again"


def _seeds(evidence: Evidence) -> dict[str, Any]:
    """Return the numbers of the seeds, and their pairs where there are pairs."""
    numbers = evidence.seeds
    columns = {"value": numbers.value, "of": numbers.of, "versus": numbers.versus}
    return {
        "seed": numbers.seed.tolist(),
        **{
            name: [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
            for name, values in columns.items()
            if values is not None
        },
    }


def _values(column: pd.Series[Any]) -> list[Any]:
    """Return the fields of a column: a number, the text nan, or None for an empty field."""
    values = column.to_numpy()
    if values.dtype.kind not in "f":
        return list(values.tolist())
    empty = not_measured(values)
    return [
        None if absent else "nan" if math.isnan(value) else value
        for value, absent in zip(values.tolist(), empty.tolist(), strict=True)
    ]
