"""A claim in full, as people read it."""

from __future__ import annotations

import textwrap
from collections import Counter

from suite.claims.claim import Claim, Selector
from suite.judging.explained import Explanation
from suite.judging.show_verdicts import estimate
from suite.metrics import METRICS
from suite.text_tables import columns, number, width, wrapped


def text(explanation: Explanation) -> str:
    """Return everything but the rows themselves, on lines that fit the terminal."""
    claim = explanation.claim
    parts = [
        _paragraph(f"{claim.id}: {claim.statement}"),
        _labelled(
            {
                "source": claim.source,
                "because": claim.because,
                "measured": _quantity(claim),
                "of": _cells(claim.of),
                "versus": "" if claim.versus is None else _cells(claim.versus),
                "for each": ", ".join(claim.each),
                "band": f"{claim.band}",
                "expected": f"{claim.expected}; the profile {claim.decides} is to decide it",
                "stated in": f"{claim.file} ({claim.text_hash})",
            }
        ),
        _verdicts(explanation),
        _labelled({"rows": _rows(explanation)}),
        _command(explanation),
        _related(explanation),
    ]
    return "\n\n".join(filter(None, parts))


def _paragraph(words: str) -> str:
    return "\n".join(wrapped(words))


def _labelled(rows: dict[str, str]) -> str:
    size = max(map(len, rows)) + 2
    lines = []
    for label, words in rows.items():
        if words:
            indent = " " * size
            lines += textwrap.wrap(
                f"{label.ljust(size)}{words}",
                width(),
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def _quantity(claim: Claim) -> str:
    """Return what is compared with the band, in words, and what the metric means."""
    number_of_seed = claim.metric
    if claim.reduce:
        number_of_seed = f"{claim.reduce} {claim.metric} of a seed's cells"
    if claim.estimand == "ratio_to_prediction":
        number_of_seed = f"ratio of {number_of_seed} to {claim.prediction}"
    elif claim.estimand == "slope":
        number_of_seed = f"slope of {number_of_seed} along {claim.along}"
    elif claim.versus is not None:
        kind = "ratio" if claim.estimand == "ratio" else "difference"
        number_of_seed = f"{kind} (of, versus) of {number_of_seed}"
    limits = [
        f"{word} {number(edge)}"
        for word, edge in (("above", claim.above), ("below", claim.below))
        if edge is not None
    ]
    if claim.estimand == "share":
        words = f"share of the seeds whose {number_of_seed} is {' and '.join(limits)}"
    elif claim.centre == "every":
        words = f"{number_of_seed}, in every single seed"
    else:
        words = f"{claim.centre} over the seeds of the {number_of_seed}"
    if claim.metric not in METRICS:
        return words
    metric = METRICS[claim.metric]
    return f"{words}; {claim.metric}: {metric.meaning} [{metric.unit}]"


def _cells(selector: Selector) -> str:
    return " ".join(f"{axis}={','.join(map(str, values))}" for axis, values in selector.items())


def _verdicts(explanation: Explanation) -> str:
    if explanation.folder is None:
        return ""
    head: tuple[str, ...] = ("in", "verdict", "estimate [low, high]", "margin", "n", "reason")
    rows: list[tuple[str, ...]] = [
        (
            verdict.group or "all",
            verdict.verdict,
            estimate(verdict) if verdict.n else "",
            number(verdict.margin) if verdict.n else "",
            f"{verdict.n} ({verdict.lost})" if verdict.lost else str(verdict.n),
            verdict.reason,
        )
        for verdict in explanation.verdicts
    ]
    if not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    lines = columns([head, *rows], breakable=[len(head) - 1, 0])
    return "\n".join([f"verdicts on {explanation.folder}", *(f"  {line}" for line in lines)])


def _rows(explanation: Explanation) -> str:
    rows = explanation.rows
    if rows is None:
        return "" if explanation.folder is None else f"none: no {explanation.table} here"
    axes = list(rows.columns[1 : list(rows.columns).index("seed")])
    parts = []
    for side, runs in rows.groupby("side", sort=False):
        cells = len(runs.drop_duplicates(axes))
        states = Counter(runs["status"])
        lost = ", ".join(f"{n} {state}" for state, n in states.items() if state != "ok")
        runs_in_words = f"{len(runs)} runs of {cells} cell{'s' * (cells != 1)}"
        parts.append(f"{side}: {runs_in_words}{f' ({lost})' if lost else ''}")
    found = "; ".join(parts) or "none"
    return f"{found}, in {explanation.folder}/{explanation.table} (--rows prints them)"


def _command(explanation: Explanation) -> str:
    """Return the command on a line of its own, however long, so that it can be copied."""
    command = explanation.command
    if command is None:
        return "no values of axes select these cells; run the study as the manifest says"
    others = command.others
    more = f" ({others} other cell{'s' * (others > 1)} besides)" if others else ""
    return f"measure them again{more}\n  {command}"


def _related(explanation: Explanation) -> str:
    if not explanation.related:
        return ""
    rows = [("", ""), *((f"  {other.id}", other.statement) for other in explanation.related)]
    return "\n".join(["related claims", *columns(rows, breakable=[1])[1:]])
