"""What the page says about verdicts: labels, groups in words, counts as a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from suite.judging.show_verdicts import problem
from suite.judging.verdicts import NOT_JUDGED, RULINGS, UNDECIDED, Verdict, group_fields
from suite.metrics import METRICS
from suite.report.common.numbers import interval, number

Kind = Literal["expected", "unexpected", "open", "undecided", "not-judged"]
"""How a verdict stands to its expectation: the class of its label in page.css."""
SIGNS: Mapping[Kind, str] = {
    "expected": "✓",
    "unexpected": "!",
    "open": "○",
    "undecided": "?",
    "not-judged": "–",
}
"""A sign beside each label, so that no label relies on its colour alone."""
_DIGITS = tuple("-0123456789")
_UNITLESS = ("ratio", "ratio_to_prediction", "slope", "share")


def odd(verdict: Verdict) -> bool:
    """Return whether a verdict is not as it should be: the page puts it first."""
    return verdict.contradicts or verdict.broken_promise


@dataclass(frozen=True)
class Label:
    """A verdict in a few words that begin with its expectation: a claim that is refuted as
    expected is not a failure."""

    kind: Kind
    text: str

    @property
    def sign(self) -> str:
        """The sign of its kind."""
        return SIGNS[self.kind]


def label(verdict: Verdict) -> Label:
    """Return the label of a verdict."""
    if verdict.verdict == NOT_JUDGED:
        return Label("not-judged", NOT_JUDGED)
    if odd(verdict):
        return Label("unexpected", f"unexpected: {verdict.verdict}")
    if verdict.verdict == UNDECIDED:
        return Label("undecided", f"{UNDECIDED}, not promised")
    if verdict.as_expected:
        return Label("expected", f"as expected: {verdict.verdict}")
    return Label("open", f"open: {verdict.verdict}")


def expectation(verdict: Verdict) -> str:
    """Return what was expected of a verdict, where its label does not say it."""
    if verdict.as_expected or verdict.expected == "open":
        return ""
    promised = ", and this profile promised to decide it" if verdict.broken_promise else ""
    return f"expected {verdict.expected}{promised}"


def finding(verdict: Verdict) -> str:
    """Return a group with its estimate and interval: ``torch: 0.38 [0.21, 0.47]``."""
    numbers = f"{number(verdict.estimate)} {interval(verdict.low, verdict.high)}".strip()
    known = "" if verdict.verdict == NOT_JUDGED else numbers
    return ": ".join(filter(None, (group(verdict.group), known)))


def group(text: str) -> str:
    """Return ``framework=torch depth=4`` as ``torch, depth 4``: values that are names need no
    axis."""
    return ", ".join(
        f"{axis} {value}" if value[:1] in _DIGITS else value
        for axis, value in group_fields(text).items()
    )


def remarks(verdict: Verdict) -> list[str]:
    """Return what the details say about one group: why it has no verdict, what pairing by seed
    gained."""
    correlation = number(verdict.pair_correlation)
    return [
        *([problem(verdict)] if verdict.reason else []),
        *([f"correlation of the pairs {correlation} (Spearman, by seed)"] if correlation else []),
    ]


def quantity(verdict: Verdict) -> str:
    """Return metric, estimand and unit: ``forward_slope, median, nats per layer``."""
    estimand, centre = verdict.estimand, verdict.centre
    if estimand == "share":
        return f"{verdict.metric}, share of runs"
    # "median" says enough of values; "every" alone would not.
    named = [] if (estimand, centre) == ("value", "median") else [estimand.replace("_", " ")]
    unit = ""
    if estimand not in _UNITLESS and verdict.metric in METRICS:
        unit = METRICS[verdict.metric].unit
    # A bare "share" would read as the estimand.
    unit = {"1": "", "share": "as a share"}.get(unit, unit)
    return ", ".join(filter(None, (verdict.metric, " ".join([centre, *named]).strip(), unit)))


def counts(verdicts: Sequence[Verdict]) -> str:
    """Return the sentence on top: how many verdicts of each kind, as expected or not."""
    if not verdicts:
        return "No claim was judged."
    claims = len({verdict.claim for verdict in verdicts})
    parts = []
    for ruling in RULINGS:
        if of_kind := [verdict for verdict in verdicts if verdict.verdict == ruling]:
            split = _split(ruling, of_kind)
            parts.append(f"{len(of_kind):,} {ruling}" + (f" ({split})" if split else ""))
    number_of = "1 verdict" if len(verdicts) == 1 else f"{len(verdicts):,} verdicts"
    return f"{number_of} on {claims:,} claim{'s' * (claims != 1)}: {', '.join(parts)}."


def overall(verdicts: Sequence[Verdict]) -> str:
    """Return whether anything is odd, and whether the profile kept its promises, in a sentence."""
    if any(map(odd, verdicts)):
        return "Verdicts that are not as expected are listed above them."
    promised = [verdict for verdict in verdicts if verdict.promised]
    lacking = sum(verdict.verdict == NOT_JUDGED for verdict in promised)
    if lacking:
        return (
            f"No verdict contradicts its expectation; {lacking:,} of this profile were not judged."
        )
    kept = ", and all that this profile promises is decided" if promised else ""
    return f"No verdict contradicts its expectation{kept}."


def _split(ruling: str, verdicts: Sequence[Verdict]) -> str:
    """How many of the verdicts of one kind are as they should be; empty where not judged."""
    if ruling == NOT_JUDGED:
        return ""
    if ruling == UNDECIDED:
        late = sum(verdict.broken_promise for verdict in verdicts)
        return (
            f"{late:,} that this profile should decide" if late else "none promised by this profile"
        )
    expected = sum(verdict.as_expected is True for verdict in verdicts)
    unexpected = sum(verdict.contradicts for verdict in verdicts)
    if expected == len(verdicts):
        return "as expected" if expected == 1 else "all as expected"
    free = len(verdicts) - expected - unexpected
    counted = {"as expected": expected, "open": free, "unexpected": unexpected}
    return ", ".join(f"{count:,} {word}" for word, count in counted.items() if count)
