"""A comparison, and what is made of it: an exit code, tables, Markdown, JSON and CSV.

The exit code is 0, or 1 by the rule that the user chose; each rule holds those before it:

| rule | 1 where |
| --- | --- |
| never | nowhere |
| claims | a decided verdict changed or was lost |
| worse | a metric worsened |
| any | anything improved, changed, was decided, is missing, new or not comparable |
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from suite import text_tables
from suite.comparing import verdict_changes
from suite.comparing.metric_changes import CHANGED, IMPROVED, KINDS, SAME, UNCLEAR, WORSENED
from suite.judging.show_verdicts import plain
from suite.judging.verdicts import NOT_JUDGED
from suite.text_tables import number

RULES = ("claims", "worse", "any", "never")
SHOWN = 20
"""Rows of a list that are shown; all stand in the CSV and the JSON."""


@dataclass(frozen=True)
class Comparison:
    """``a``, ``b``: what is compared, in words. ``environment``: key, in A, in B. ``claims``: the
    columns of ``changes``; ``metrics``: those of ``compare``. ``notes``: what limits it."""

    a: str
    b: str
    environment: list[tuple[str, str, str]]
    claims: pd.DataFrame
    metrics: pd.DataFrame
    notes: tuple[str, ...] = ()

    def exit_code(self, rule: str) -> int:
        """1 where one of ``RULES`` says so, else 0."""
        claims, metrics = set(self.claims["kind"]), set(self.metrics["kind"])
        found = bool(claims & {verdict_changes.CHANGED, verdict_changes.LOST})
        if rule in ("worse", "any"):
            found |= WORSENED in metrics
        if rule == "any":
            found |= not (claims <= {verdict_changes.SAME} and metrics <= {SAME, UNCLEAR})
        return int(found and rule != "never")

    @property
    def moved(self) -> pd.DataFrame:
        """The metrics that worsened, changed or improved, the largest differences first."""
        found = self.metrics[self.metrics["kind"].isin((WORSENED, CHANGED, IMPROVED))]
        order = found["size"].sort_values(ascending=False, kind="stable").index
        return found.loc[order]


# --- for people ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Section:
    """A title and a table under it; without rows, the title alone."""

    title: str
    head: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = ()
    breakable: tuple[int, ...] = ()
    below: bool = False
    """Whether the last cell of a row stands on a line of its own, below it."""
    more: int = 0
    """Rows that are not shown."""


def _sections(one: Comparison) -> Iterator[_Section]:
    many = len(one.environment)
    title = f"environment: {many or 'no'} difference{'s' * (many != 1)}"
    yield _Section(title, ("key", "A", "B"), one.environment, (2, 1))
    yield _claims(one.claims)
    yield _counts(one.metrics)
    moved = one.moved
    yield _Section(
        f"largest differences, of {len(moved):,}" if len(moved) else "no metric moved",
        ("kind", "study and metric", "A", "B", "B - A [95 % interval]", "apart", "cell"),
        [_difference(row) for row in moved.head(SHOWN).to_dict("records")],
        (1,),
        below=True,
        more=max(len(moved) - SHOWN, 0),
    )


def _claims(claims: pd.DataFrame) -> _Section:
    counts = claims["kind"].value_counts()
    told = [f"{counts[kind]} {kind}" for kind in verdict_changes.KINDS if kind in counts]
    other = claims[~claims["kind"].isin((verdict_changes.SAME, verdict_changes.NEW))]
    rows = [
        (row["kind"], row["claim"], _verdict(row, "a"), _verdict(row, "b"), _where(row))
        for row in other.head(SHOWN).to_dict("records")
    ]
    title = f"claims: {', '.join(told) or 'none'}"
    head = ("kind", "claim", "A", "B", "in")
    return _Section(title, head, rows, (1, 3, 2), below=True, more=len(other) - len(rows))


def _verdict(row: Mapping[Any, Any], side: str) -> str:
    """A verdict with its interval; empty where there is none."""
    verdict = row[f"verdict_{side}"]
    if verdict == NOT_JUDGED:
        return NOT_JUDGED
    if not isinstance(verdict, str):
        return ""
    estimate, low, high = (row[f"{name}_{side}"] for name in ("estimate", "low", "high"))
    return f"{verdict} {_interval(estimate, low, high)}"


def _where(row: Mapping[Any, Any]) -> str:
    """The group of a claim, and why one of its verdicts is none."""
    told = [row["group"]] if row["group"] else []
    if row["kind"] == verdict_changes.NOT_COMPARABLE:
        told.append("the text of the claim is another")
    for side in "ab":
        reason = row[f"reason_{side}"]
        if isinstance(reason, str) and reason:
            told.append(f"{side.upper()}: {reason}")
    return "; ".join(told)


def _interval(estimate: float, low: float, high: float) -> str:
    return f"{number(estimate)} [{number(low)}, {number(high)}]"


def _counts(metrics: pd.DataFrame) -> _Section:
    """Comparisons of each kind: a row for each study."""
    table = pd.crosstab(metrics["study"], metrics["kind"])
    kinds = [kind for kind in KINDS if kind in table.columns]
    rows = [
        (str(study), *(str(table.loc[study, kind]) for kind in kinds))
        for study in dict.fromkeys(metrics["study"].sort_values())
    ]
    if len(rows) > 1:
        rows.append(("all", *(str(table[kind].sum()) for kind in kinds)))
    title = f"metrics: {len(metrics):,} comparisons, each of a cell and a metric"
    return _Section(title, ("study", *kinds), rows)


def _difference(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        row["kind"],
        f"{row['study']} {row['metric']}",
        number(row["a"]),
        number(row["b"]),
        _interval(row["difference"], row["low"], row["high"]),
        f"+{row['above']} -{row['below']} of {row['n']}",
        "; ".join(text for text in (row["cell"], row["reason"]) if text),
    )


def text(one: Comparison, width: int = 120) -> str:
    """The comparison as lines of at most ``width`` characters."""
    lines = [f"A  {one.a}", f"B  {one.b}"]
    for section in _sections(one):
        lines += ["", section.title]
        if section.rows:
            rows = [section.head, *section.rows]
            inner = text_tables.columns(rows, width - 2, section.breakable, section.below)
            lines += [f"  {line}" for line in inner]
        if section.more:
            lines.append(f"  and {section.more:,} more (--csv and --json have all)")
    lines += [""] * bool(one.notes)
    for note in one.notes:
        lines += textwrap.wrap(note, width, subsequent_indent="  ")
    return "\n".join(lines)


def markdown(one: Comparison) -> str:
    """The same for a pull request comment: tables are folded."""
    lines = [f"A: {text_tables.escape(one.a)}<br>", f"B: {text_tables.escape(one.b)}"]
    for section in _sections(one):
        if not section.rows:
            lines += ["", f"**{section.title}**"]
            continue
        more = f", {section.more:,} more not shown" if section.more else ""
        lines += ["", f"<details><summary>{section.title}{more}</summary>", ""]
        lines += text_tables.markdown([section.head, *section.rows])
        lines += ["", "</details>"]
    lines += ["", *(f"- {text_tables.escape(note)}" for note in one.notes)]
    return "\n".join(lines).rstrip()


# --- for machines --------------------------------------------------------------------------------


def as_json(one: Comparison, rule: str) -> str:
    """All of it, with the exit code by ``rule``; unknown and infinite numbers are null."""
    content = {
        "a": one.a,
        "b": one.b,
        "fail_on": rule,
        "exit_code": one.exit_code(rule),
        "environment": [dict(zip(("key", "a", "b"), row, strict=True)) for row in one.environment],
        "claims": _records(one.claims),
        "metrics": _records(one.metrics),
        "notes": one.notes,
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {str(key): plain(value) for key, value in row.items()} for row in frame.to_dict("records")
    ]


def as_csv(one: Comparison) -> str:
    """A row for each cell and metric; an empty field is unknown."""
    return one.metrics.to_csv(index=False, lineterminator="\n").rstrip("\n")
