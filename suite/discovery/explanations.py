"""Which claims explain which findings: data beside this file, one TOML file for each study.

An explanation names a kind of finding, the metrics and the cells, and the claims whose verdicts
say why the rows are so. It holds in a folder where each of the claims has a verdict as expected and
none contradicts its expectation, so that a finding is unexplained again where a claim no longer
holds. Where the folder has nothing that could judge the claims, it says so.

An explanation may state an error instead, such as that of a prediction which is exact only for wide
layers: it is about the findings that are no larger. One with neither claims nor an error is an open
question, in words.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, Literal

import msgspec

from suite.catalogue.registry import unknown
from suite.claims import shipped
from suite.judging.verdicts import NOT_JUDGED, Verdict, group_fields
from suite.metrics import METRICS
from suite.planning.axes import AXES, Named, canonical_value, named_by
from suite.studies import STUDIES
from suite.types import UserError, Value


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[explanation]]`` of a file."""

    kind: Literal["frameworks", "prediction", "execution"]
    metrics: tuple[str, ...]
    """Names or patterns such as ``train_*``."""
    because: str
    """Why the rows are so; or, without claims, what is not known."""
    claims: tuple[str, ...] = ()
    of: dict[str, tuple[str | int | float, ...]] = {}
    """Axis -> values of the cells; all cells where empty."""
    study: str = ""
    """The study, which the name of the file gives."""
    error: float | None = None
    """The largest difference that the reason covers, in the metric's unit."""
    relative_error: float | None = None
    """The same as a share of the larger side."""
    subject: str = ""
    """What differs between torch and TensorFlow, in a few words, where they differ: "RMSprop's
    epsilon". The rows of an attribution are counted under it."""
    roots: tuple[int, ...] = ()
    """The root seeds on which it was found, where no committed reference has it."""

    @property
    def bounded(self) -> bool:
        """Whether an error is stated, which the difference must not exceed."""
        return self.error is not None or self.relative_error is not None

    def covers(self, finding: Mapping[str, Any]) -> bool:
        """Return whether a finding's largest differences are within the stated errors."""
        return (self.error is None or finding["most"] <= self.error) and (
            self.relative_error is None or finding["most_relative"] <= self.relative_error
        )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    explanation: tuple[Explanation, ...]


def parse(text: str, study: str) -> tuple[Explanation, ...]:
    """Return the explanations in the text of the TOML file of a study.

    Raise UserError for a file of another form, and for a study, metric, axis, value or claim that
    does not exist.
    """
    file = f"explanations of {study}"
    if study not in STUDIES:
        raise UserError(f"{file}: {unknown('study', study, STUDIES.names)}")
    try:
        content = msgspec.toml.decode(text, type=_File)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        raise UserError(f"{file}: {error}") from error
    named = functools.cache(named_by)
    return tuple(_checked(given, study, file, named) for given in content.explanation)


def _checked(given: Explanation, study: str, file: str, named: Named) -> Explanation:
    ids = _claims()
    for claim in given.claims:
        if claim not in ids:
            raise UserError(f"{file}: {unknown('claim', claim, ids)}")
    for pattern in given.metrics:
        if not any(fnmatchcase(name, pattern) for name in (*METRICS.names, "ok_share")):
            raise UserError(f"{file}: {unknown('metric', pattern, METRICS.names)}")
    of: dict[str, tuple[str | int | float, ...]] = {}
    for axis, values in given.of.items():
        if axis not in STUDIES[study].axes:
            raise UserError(f"{file}: {unknown('axis', axis, STUDIES[study].axes)}")
        # Any name passes for a framework: one that is not known to this installation explains
        # nothing here, which is not a reason to refuse the others.
        known = axis != "framework"
        of[axis] = tuple(
            canonical_value(axis, value, STUDIES[study], named) if known else value
            for value in values
        )
    return msgspec.structs.replace(given, of=of, study=study)


def _claims() -> Sequence[str]:
    return tuple(claim.id for claim in shipped())


@functools.cache
def explanations() -> tuple[Explanation, ...]:
    """Return the explanations of all studies. Raise UserError as ``parse`` does."""
    folder = resources.files("suite.discovery").joinpath("explanations")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(
        given
        for name in files
        for given in parse(folder.joinpath(name).read_text("utf-8"), name.removesuffix(".toml"))
    )


def holding(given: Iterable[Explanation], verdicts: Iterable[Verdict]) -> tuple[Explanation, ...]:
    """Return the explanations whose claims are all as expected by the verdicts of a folder."""
    as_expected = _as_expected(verdicts)
    return tuple(
        each for each in given if all(as_expected.get(claim, False) for claim in each.claims)
    )


def not_judged(
    given: Iterable[Explanation], verdicts: Sequence[Verdict]
) -> tuple[Explanation, ...]:
    """Return the explanations of which the folder judges some claims not at all, and all others as
    expected."""
    judged = {verdict.claim for verdict in verdicts if verdict.verdict != NOT_JUDGED}
    as_expected = _as_expected(verdicts)
    return tuple(
        each
        for each in given
        if not judged.issuperset(each.claims)
        and all(as_expected.get(claim, False) for claim in judged.intersection(each.claims))
    )


def _as_expected(verdicts: Iterable[Verdict]) -> Mapping[str, bool]:
    """Return claim -> whether all its decided verdicts are as expected; decided claims alone."""
    as_expected: dict[str, bool] = {}
    for verdict in verdicts:
        if verdict.as_expected is not None:
            before = as_expected.get(verdict.claim, True)
            as_expected[verdict.claim] = before and verdict.as_expected
    return as_expected


def explains(each: Explanation, finding: Mapping[str, Any]) -> bool:
    """Return whether an explanation is about a finding: a row of ``findings.csv``, and the largest
    difference over its places, in the unit (``most``) and as a share (``most_relative``); of a
    table of runs, the least that the 95 % interval of the difference allows."""
    return _is_about(each, finding) and each.covers(finding)


def subject(finding: Mapping[str, Any]) -> str:
    """Return what differs in a difference between torch and TensorFlow, in a few words: that of the
    first explanation which is about it, else of the first which is about other metrics of its cell;
    empty where there is none."""
    about = [each for each in _named() if _is_about(each, finding)]
    cell = [each for each in _named() if each.of and _has_cell(each, finding)]
    return next((each.subject for each in (*about, *cell)), "")


@functools.cache
def _named() -> tuple[Explanation, ...]:
    return tuple(each for each in explanations() if each.subject)


def _is_about(each: Explanation, finding: Mapping[str, Any]) -> bool:
    """Return whether a finding is of the kind, the study, the metrics and the cells of an
    explanation."""
    measured = any(fnmatchcase(finding["metric"], pattern) for pattern in each.metrics)
    return measured and _has_cell(each, finding)


def _has_cell(each: Explanation, finding: Mapping[str, Any]) -> bool:
    """Return whether a finding is of the kind, the study and the cells of an explanation."""
    if each.kind != finding["kind"] or each.study != finding["study"]:
        return False
    cell = _cell(finding)
    return all(cell.get(axis, "") in tuple(map(str, values)) for axis, values in each.of.items())


def _cell(finding: Mapping[str, Any]) -> dict[str, str]:
    """Return axis -> value for the cell of a finding, axes with their defaults included."""
    defaults: dict[str, Value] = {}
    for axis in STUDIES[finding["study"]].axes:
        default = AXES[axis].default
        if default is not None:
            defaults[axis] = default
    return {axis: str(value) for axis, value in defaults.items()} | group_fields(finding["cell"])
