"""A comparison as people and programs read it: tables, Markdown, JSON and CSV."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from suite import claims, text_tables
from suite.claims.claim import Claim, Selector
from suite.comparing.comparison import Comparison
from suite.comparing.environment_changes import can_move_a_number
from suite.comparing.kinds import (
    CHANGED,
    LOST,
    METRIC_KINDS,
    NEW,
    NOT_COMPARABLE,
    SAME,
    VERDICT_KINDS,
)
from suite.comparing.verdict_changes import VerdictChange
from suite.judging.plain_numbers import in_words
from suite.judging.show_verdicts import estimate, plain
from suite.judging.verdicts import NOT_JUDGED, Verdict, group_fields
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.studies import STUDIES
from suite.text_tables import number

SHOWN = 20
"""At most this many rows of a list are shown; the CSV and the JSON have all of them."""


# --- for people ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Section:
    """A title and a table under it; without rows, the title alone."""

    title: str
    head: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = ()
    breakable: tuple[int, ...] = ()
    below: bool = False
    """Whether the last cell of a row is on a line of its own, below it."""
    more: int = 0
    """Rows that are not shown."""


def text(comparison: Comparison) -> str:
    """Return the comparison as lines that fit the terminal."""
    lines = [f"A  {comparison.a}", f"B  {comparison.b}"]
    for section in _sections(comparison):
        lines += ["", section.title]
        if section.rows:
            rows = [section.head, *section.rows]
            table = text_tables.columns(
                rows, text_tables.width() - 2, section.breakable, section.below
            )
            lines += [f"  {line}" for line in table]
        if section.more:
            lines.append(f"  and {section.more:,} more (--csv and --json have all)")
    if comparison.notes:
        lines.append("")
    for note in comparison.notes:
        lines += text_tables.wrapped(note)
    lines.append("")
    for line in _missing(comparison):
        lines += text_tables.wrapped(line)
    return "\n".join(lines)


def markdown(comparison: Comparison) -> str:
    """Return the same for a pull request comment, with folded tables."""
    lines = [f"A: {text_tables.escape(comparison.a)}<br>", f"B: {text_tables.escape(comparison.b)}"]
    for section in _sections(comparison):
        if not section.rows:
            lines += ["", f"**{section.title}**"]
            continue
        more = f", {section.more:,} more not shown" if section.more else ""
        lines += ["", f"<details><summary>{section.title}{more}</summary>", ""]
        lines += text_tables.markdown([section.head, *section.rows])
        lines += ["", "</details>"]
    notes = [*comparison.notes, *_missing(comparison)]
    lines += ["", *(f"- {text_tables.escape(note)}" for note in notes)]
    return "\n".join(lines).rstrip()


def overview(found: Sequence[Comparison]) -> list[str]:
    """Return a row for each of several comparisons: what is compared, and the number of metrics of
    each kind."""
    kinds = [
        kind for kind in METRIC_KINDS if any((one.metrics["kind"] == kind).any() for one in found)
    ]
    rows = [
        (
            _side(one.a),
            _side(one.b),
            *(str(int((one.metrics["kind"] == kind).sum())) for kind in kinds),
        )
        for one in found
    ]
    return text_tables.columns([("A", "B", *kinds), *rows], right=range(2, 2 + len(kinds)))


def _side(label: str) -> str:
    """Return what stands before the folder in the label of a side, as ``framework=torch``."""
    return label.partition(" in ")[0]


def _sections(comparison: Comparison) -> Iterator[_Section]:
    """Yield what moved first; studies that B did not run are named in ``_missing`` alone."""
    absent = list(comparison.absent)
    metrics = comparison.metrics[~comparison.metrics["study"].isin(absent)]
    yield _largest(comparison.moved)
    changes = [change for change in comparison.verdicts if change.study not in absent]
    yield _verdicts(changes, comparison.moved)
    yield _counts(metrics)
    yield _environment(comparison.environment)


def _missing(comparison: Comparison) -> Iterator[str]:
    """Yield what A measured and B lacks: first what was allowed, in the last line what was not."""
    for allowed in (True, False):
        items = [one.what for one in comparison.absences if one.allowed is allowed]
        more = f"; and {len(items) - SHOWN:,} more" if len(items) > SHOWN else ""
        if items:
            as_allowed = ", as allowed" if allowed else ""
            yield f"missing in B{as_allowed}: {'; '.join(items[:SHOWN])}{more}"
        elif not allowed:
            others = " else" if any(one.allowed for one in comparison.absences) else ""
            yield f"nothing{others} that A measured is missing in B"


def _environment(rows: Sequence[tuple[str, str, str]]) -> _Section:
    shown = [row for row in rows if can_move_a_number(row[0])]
    others = len(rows) - len(shown)
    plural = "" if len(shown) == 1 else "s"
    title = f"environment: {len(shown) or 'no'} difference{plural} that can move a number"
    if others:
        title += f", {others} other{'' if others == 1 else 's'} (--json has all)"
    return _Section(title, ("key", "A", "B"), shown, breakable=(2, 1))


def _verdicts(changes: Sequence[VerdictChange], moved: pd.DataFrame) -> _Section:
    counts = Counter(change.kind for change in changes)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in VERDICT_KINDS if counts[kind])
    listed = [change for change in changes if change.kind not in (SAME, NEW)]
    rows = [
        (change.kind, change.claim, _verdict(change.a), _verdict(change.b), _remarks(change, moved))
        for change in listed[:SHOWN]
    ]
    return _Section(
        f"claims: {kinds or 'none'}",
        ("kind", "claim", "A", "B", "in"),
        rows,
        breakable=(1, 3, 2),
        below=True,
        more=len(listed) - len(rows),
    )


def _verdict(verdict: Verdict | None) -> str:
    """Return a verdict with its interval; empty where there is none."""
    if verdict is None:
        return ""
    if verdict.verdict == NOT_JUDGED:
        return NOT_JUDGED
    return f"{verdict.verdict} {estimate(verdict)}"


def _remarks(change: VerdictChange, moved: pd.DataFrame) -> str:
    """Return the group of a claim, and why one of its verdicts is open. Where a decided verdict
    changed or was lost, what the claim says and the number that moved come first."""
    remarks = [change.group] if change.group else []
    if change.kind in (CHANGED, LOST) and change.b is not None:
        statement = change.b.statement.rstrip(".")
        remarks += [text for text in (statement, _in_plain_words(change, moved)) if text]
    if change.kind == NOT_COMPARABLE:
        remarks.append("the text of the claim differs")
    for side, verdict in (("A", change.a), ("B", change.b)):
        if verdict is not None and verdict.reason:
            remarks.append(f"{side}: {verdict.reason}")
    return "; ".join(remarks)


def _in_plain_words(change: VerdictChange, moved: pd.DataFrame) -> str:
    """Return the metric that moved most in the cells of a claim, in plain terms: the one that the
    metric of the claim names (``Metric.plain``), else that metric itself; empty where none did, and
    where this version has not the same claim."""
    claim = _claims().get(change.claim)
    if claim is None or change.b is None or claim.text_hash != change.b.text_hash:
        return ""
    group = group_fields(change.group)
    for name in filter(None, (METRICS[claim.metric].plain, claim.metric)):
        rows = moved[(moved["study"] == change.study) & (moved["metric"] == name)]
        for row in rows.to_dict("records"):
            if _is_about(claim, group, group_fields(row["cell"])):
                return f"{in_words(name, row['b'])} (A: {number(row['a'])}; {row['cell']})"
    return ""


def _claims() -> Mapping[str, Claim]:
    return {claim.id: claim for claim in claims.shipped()}


def _is_about(claim: Claim, group: Mapping[str, str], cell: Mapping[str, str]) -> bool:
    """Return whether a cell, by its fields that are no defaults, is one of a claim's in a group."""

    def has(selector: Selector, axis: str) -> bool:
        default = AXES[axis].default
        if axis not in cell and default is None:
            return True  # the axis along which the two sides are compared
        value = cell.get(axis, str(default))
        if axis in group:
            return value == group[axis]
        if axis in selector:
            return value in map(str, selector[axis])
        return axis in claim.each or value == str(default)

    sides = [claim.of] if claim.versus is None else [claim.of, claim.versus]
    return any(all(has(side, axis) for axis in STUDIES[claim.study].axes) for side in sides)


def _counts(metrics: pd.DataFrame) -> _Section:
    """Return the number of comparisons of each kind: a row for each study."""
    table = pd.crosstab(metrics["study"], metrics["kind"])
    kinds = [kind for kind in METRIC_KINDS if kind in table.columns]
    rows = [
        (str(study), *(str(table.loc[study, kind]) for kind in kinds))
        for study in dict.fromkeys(metrics["study"].sort_values())
    ]
    if len(rows) > 1:
        rows.append(("all", *(str(table[kind].sum()) for kind in kinds)))
    title = f"metrics: {len(metrics):,} comparisons, each of a cell and a metric"
    return _Section(title, ("study", *kinds), rows)


def _largest(moved: pd.DataFrame) -> _Section:
    """Return the metrics that moved, the largest differences first."""
    return _Section(
        f"the largest of {len(moved):,} differences" if len(moved) else "no metric moved",
        ("kind", "study and metric", "A", "B", "B - A [95 % interval]", "differ", "cell"),
        [_difference(row) for row in moved.head(SHOWN).to_dict("records")],
        breakable=(1,),
        below=True,
        more=max(len(moved) - SHOWN, 0),
    )


def _difference(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        row["kind"],
        f"{row['study']} {row['metric']}",
        number(row["a"]),
        number(row["b"]),
        f"{number(row['difference'])} [{number(row['low'])}, {number(row['high'])}]",
        f"+{row['above']} -{row['below']} of {row['n']}",
        "; ".join(part for part in (row["cell"], row["reason"]) if part),
    )


# --- for programs --------------------------------------------------------------------------------


def as_json(comparison: Comparison, rule: str) -> str:
    """Return all of it, with the exit code by ``rule``; an unknown or infinite number is null."""
    return json.dumps(_content(comparison, rule), indent=1, allow_nan=False)


def all_as_json(found: Sequence[Comparison], rule: str) -> str:
    """Return several comparisons, each as ``as_json`` has it."""
    content = {"comparisons": [_content(one, rule) for one in found]}
    return json.dumps(content, indent=1, allow_nan=False)


def _content(comparison: Comparison, rule: str) -> dict[str, object]:
    environment = [
        {"key": key, "a": value_a, "b": value_b} for key, value_a, value_b in comparison.environment
    ]
    return {
        "a": comparison.a,
        "b": comparison.b,
        "fail_on": rule,
        "exit_code": comparison.exit_code(rule),
        "environment": environment,
        "claims": [_plain(change.record()) for change in comparison.verdicts],
        "metrics": [_plain(row) for row in comparison.metrics.to_dict("records")],
        "notes": comparison.notes,
        "missing": [
            {"what": absence.what, "allowed": absence.allowed} for absence in comparison.absences
        ],
    }


def _plain(record: Mapping[Any, Any]) -> dict[str, object]:
    return {str(key): plain(value) for key, value in record.items()}


def as_csv(comparison: Comparison) -> str:
    """Return a row for each cell and metric; an empty field is unknown."""
    return comparison.metrics.to_csv(index=False, lineterminator="\n").rstrip("\n")


def all_as_csv(found: Sequence[Comparison]) -> str:
    """Return the rows of several comparisons, with what is compared in front."""
    frames = []
    for one in found:
        frame = one.metrics.copy()
        frame.insert(0, "side_a", _side(one.a))
        frame.insert(1, "side_b", _side(one.b))
        frames.append(frame)
    return pd.concat(frames).to_csv(index=False, lineterminator="\n").rstrip("\n")
