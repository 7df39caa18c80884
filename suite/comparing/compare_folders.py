"""From results folders to a comparison: reads two, or splits one along an axis, and prints.

Needs no framework. Verdicts are the stored ones; metrics are compared run by run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from suite.catalogue.registry import unknown
from suite.comparing import verdict_changes
from suite.comparing.metric_changes import compare
from suite.comparing.paired_runs import NOT_COMPARABLE, axes_of
from suite.comparing.show_comparison import RULES, Comparison, as_csv, as_json, markdown, text
from suite.judging import verdicts
from suite.planning.axes import AXES
from suite.results.checksums import warn
from suite.results.compressed import locate
from suite.results.folder import Results
from suite.results.manifest import Manifest
from suite.results.runs import read_runs
from suite.types import UserError, Value

Runs = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Stored:
    """A results folder: its manifest, study -> runs, and the rows of its claims.csv."""

    folder: Path
    manifest: Manifest
    runs: Runs
    claims: pd.DataFrame

    @property
    def label(self) -> str:
        """The folder, and what run it holds."""
        runs = sum(map(len, self.runs.values()))
        profile, root = self.manifest.profile, self.manifest.root_seed
        return f"{self.folder}: {profile}, root seed {root}, {runs:,} runs"


def run(
    first: Path, second: Path | None, by: str | None, sets: Sequence[str], rule: str, form: str
) -> int:
    """Compare, print as ``form`` (text, json, markdown or csv); the exit code by ``rule``.

    Raises UserError where a folder cannot be read, or an axis, a value or the rule is unknown.
    """
    if rule not in RULES:
        raise unknown("rule", rule, RULES)
    if (second is None) == (by is None):
        given = "neither was" if by is None else "both were"
        raise UserError(f"compare needs two folders, or one folder and --by AXIS; {given} given")
    pairs = [_asked(given, "--set") for given in sets]
    chosen = dict(pairs)
    if len(chosen) < len(pairs):
        named = [axis for axis, _ in pairs]
        twice = next(axis for axis in named if named.count(axis) > 1)
        raise UserError(f"--set names the axis {twice!r} twice; give all its values at once")
    a = _restricted(read(first), chosen)
    if second is not None:
        found = between(a, _restricted(read(second), chosen))
    else:
        found = within(a, *_sides(a, str(by)))
    for folder in dict.fromkeys((first, second or first)):
        warn(folder, Results(folder).manifest())
    if form == "json":
        print(as_json(found, rule))
    elif form == "csv":
        print(as_csv(found))
    else:
        print(markdown(found) if form == "markdown" else text(found))
    return found.exit_code(rule)


# --- what is compared ----------------------------------------------------------------------------


def between(a: Stored, b: Stored) -> Comparison:
    """Two folders."""
    studies = list(dict.fromkeys([*a.runs, *b.runs]))
    roots = [one.manifest.root_seed for one in (a, b)]
    planned = all(one.manifest.seeds is None for one in (a, b))
    definitions = [one.manifest.definitions for one in (a, b)]
    redefined = {
        name
        for name, own in (definitions[0] or {}).items()
        if own != (definitions[1] or {}).get(name, own)
    }
    notes = []
    for side, one, other in (("A", a, b), ("B", b, a)):
        if alone := [study for study in one.runs if study not in other.runs]:
            notes.append(f"in {side} alone: the studies {', '.join(alone)}")
    if roots[0] != roots[1]:
        notes.append("the root seeds differ: the runs of a pair share no draws")
    for side, own in zip("AB", definitions, strict=True):
        if own is None:
            notes.append(f"{side} does not say how its metrics are defined: compared by name")
    metrics = compare(
        {study: (_side(study, a, b), _side(study, b, a)) for study in studies},
        redefined,
        certain=planned and roots[0] == roots[1],
    )
    notes += _not_compared(metrics)
    claims = verdict_changes.compare_claims(a.claims, b.claims)
    environment = verdict_changes.environment(a.manifest, b.manifest)
    return Comparison(a.label, b.label, environment, claims, metrics, tuple(notes))


def _not_compared(metrics: pd.DataFrame) -> list[str]:
    """A note for each reason why something is not comparable, with what it is."""
    rows = metrics[metrics["kind"] == NOT_COMPARABLE]
    what = rows["metric"].where(rows["metric"].notna(), "the study " + rows["study"])
    return [
        f"not compared ({reason}): {', '.join(names.unique())}"
        for reason, names in what.groupby(rows["reason"], sort=False)
    ]


def _side(study: str, one: Stored, other: Stored) -> pd.DataFrame:
    """The runs of a study; where a folder has none, no rows of the other's columns."""
    return one.runs[study] if study in one.runs else other.runs[study].iloc[:0]


def within(one: Stored, axis: str, old: Value, new: Value) -> Comparison:
    """Two values of an axis in one folder: cells that differ in nothing else."""
    pairs: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for study, frame in one.runs.items():
        if axis in axes_of(frame):
            sides = [frame[frame[axis] == value].drop(columns=axis) for value in (old, new)]
            if all(map(len, sides)):
                pairs[study] = (sides[0], sides[1])
    claims = verdict_changes.compare_claims(
        *(_claims_of(one.claims, axis, value) for value in (old, new))
    )
    metrics = compare(pairs, certain=one.manifest.seeds is None)
    notes = (f"claims: those with a verdict for each {axis}",)
    a, b = (f"{axis}={value} in {one.label}" for value in (old, new))
    return Comparison(a, b, [], claims, metrics, notes)


def _claims_of(claims: pd.DataFrame, axis: str, value: Value) -> pd.DataFrame:
    """The verdicts whose group has a value, the axis taken out of the group."""
    groups = [verdicts.group_fields(group) for group in claims["group"]]
    kept = [group.get(axis) == str(value) for group in groups]
    left = [
        " ".join(f"{name}={given}" for name, given in group.items() if name != axis)
        for group in groups
    ]
    return claims.assign(group=left)[kept]


def _asked(given: str, option: str) -> tuple[str, tuple[Value, ...]]:
    """An axis and its values, from ``axis=x,y``; commas inside parentheses belong to a value."""
    name, equals, rest = given.partition("=")
    axis = AXES[name.strip()]
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", rest)]
    if equals and not all(parts):
        raise UserError(f"{option} {given!r} is not of the form AXIS=VALUE,VALUE")
    return axis.name, tuple(axis.parse(part) for part in parts) if equals else ()


def _restricted(one: Stored, chosen: Mapping[str, tuple[Value, ...]]) -> Stored:
    """The cells with one of the values on each axis; studies without the axis are left out, and
    so are verdicts whose group does not name it.

    Raises UserError for a value that the folder does not have.
    """
    runs, claims = one.runs, one.claims
    for axis, values in chosen.items():
        there = _values(runs, axis)
        if not values:
            raise UserError(f"--set {axis} is not of the form AXIS=VALUE,VALUE")
        for value in values:
            if value not in there:
                raise unknown(f"{axis} in {one.folder}", value, there)
        runs = {
            study: frame[frame[axis].isin(values)]
            for study, frame in runs.items()
            if axis in axes_of(frame)
        }
        wanted = set(map(str, values))
        fields = map(verdicts.group_fields, claims["group"])
        claims = claims[[of_group.get(axis) in wanted for of_group in fields]]
    return Stored(one.folder, one.manifest, {s: f for s, f in runs.items() if len(f)}, claims)


def _sides(one: Stored, by: str) -> tuple[str, Value, Value]:
    """The axis and its two values, from ``axis=x,y`` or from what the folder has.

    Raises UserError where they are not two.
    """
    axis, values = _asked(by, "--by")
    there = _values(one.runs, axis, least=2)
    for value in values:
        if value not in there:
            raise unknown(f"{axis} in {one.folder}", value, there)
    if not values:
        values = tuple(there)
    if len(values) != 2:
        names = ", ".join(map(str, there)) or "none of two values or more"
        raise UserError(f"--by {axis}: name two values, --by {axis}=X,Y; {one.folder} has {names}")
    if values[0] == values[1]:
        raise UserError(f"--by {axis}: {values[0]} is named twice; name two values")
    return axis, values[0], values[1]


def _values(runs: Runs, axis: str, least: int = 1) -> list[Value]:
    """The values of an axis, over the studies that have at least so many, in order."""
    found = [list(frame[axis].unique()) for frame in runs.values() if axis in axes_of(frame)]
    return list(dict.fromkeys(value for own in found if len(own) >= least for value in own))


# --- reading -------------------------------------------------------------------------------------


def read(folder: Path) -> Stored:
    """A results folder, compressed or plain.

    Raises UserError where it is none, has not been judged, or a table cannot be read.
    """
    manifest = Results(folder).manifest()
    runs = {}
    for study in manifest.studies:
        if locate(folder / study / "runs.csv") is not None:
            runs[study] = _runs(folder, study)
    return Stored(folder, manifest, runs, verdicts.to_frame(verdicts.read_verdicts(folder)))


def _runs(folder: Path, study: str) -> pd.DataFrame:
    """The runs of a study. UserError where its table is damaged or holds a run twice."""
    frame = read_runs(folder, study)
    twice = int(frame.duplicated([*axes_of(frame), "seed"]).sum())
    if twice:
        raise UserError(f"{folder / study / 'runs.csv'}: {twice} runs are there twice")
    return frame
