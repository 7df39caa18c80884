"""What the page says about claims: numbers as text, verdicts in words, counts as a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from suite.claims.band import Band
from suite.judging.show_verdicts import problem
from suite.judging.verdicts import NOT_JUDGED, RULINGS, UNDECIDED, Verdict, group_fields
from suite.metrics import METRICS

MARKS: Mapping[str, str] = dict(zip(RULINGS, "✓✗?–", strict=True))
"""A sign beside each word, so that no verdict rests on its colour alone."""
_DIGITS = tuple("-0123456789")
_UNITLESS = ("ratio", "ratio_to_prediction", "slope", "share")


def number(value: float) -> str:
    """Return a number with three significant digits, ∞ and − as signs; empty when it is unknown.

    All digits before the point are kept.
    """
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    form = ".2e" if 0 < size < 1e-3 or size >= 1e6 else ".0f" if size >= 999.5 else ".3g"
    mantissa, _, exponent = format(value, form).partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def interval(low: float, high: float) -> str:
    """``[low, high]``, with a round bracket at an infinite end; empty when nothing is known."""
    left, right = number(low), number(high)
    if not left and not right:
        return ""
    return f"{'(' if '∞' in left else '['}{left}, {right}{')' if '∞' in right else ']'}"


def band(given: Band) -> str:
    """A band with the signs of a page: ``≥ 0.1``, ``≤ 2`` or ``[−0.02, 0.02]``."""
    if math.isinf(given.high):
        return f"≥ {number(given.low)}"
    if math.isinf(given.low):
        return f"≤ {number(given.high)}"
    return interval(given.low, given.high)


def odd(verdict: Verdict) -> bool:
    """Whether a verdict is not as it should be: the page puts it first."""
    return verdict.contradicts or verdict.broken_promise


def standing(verdict: Verdict) -> str:
    """A verdict beside what was expected, in a few words."""
    if verdict.as_expected:
        return "as expected"
    return "open" if verdict.expected == "open" else f"expected {verdict.expected}"


def group(text: str) -> str:
    """``framework=torch depth=4`` as people say it: ``torch, depth 4``; names need no axis."""
    return ", ".join(
        f"{axis} {value}" if value[:1] in _DIGITS else value
        for axis, value in group_fields(text).items()
    )


def remarks(verdict: Verdict) -> list[str]:
    """What the details say of one group: why it has no verdict, what pairing by seed bought."""
    correlation = number(verdict.pair_correlation)
    return [
        *([problem(verdict)] if verdict.reason else []),
        *([f"correlation of the pairs {correlation} (Spearman, by seed)"] if correlation else []),
    ]


def quantity(verdict: Verdict) -> str:
    """Metric, estimand and unit of an estimate: ``forward_slope, median, nats per layer``."""
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
    """The sentence on top: how many verdicts of each kind, as expected or surprising."""
    if not verdicts:
        return "No claim was judged."
    claims = len({verdict.claim for verdict in verdicts})
    parts = []
    for ruling in RULINGS:
        if of_kind := [verdict for verdict in verdicts if verdict.verdict == ruling]:
            split = _split(ruling, of_kind)
            parts.append(f"{len(of_kind)} {ruling}" + (f" ({split})" if split else ""))
    number_of = "1 verdict" if len(verdicts) == 1 else f"{len(verdicts)} verdicts"
    return f"{number_of} on {claims} claim{'s' * (claims != 1)}: {', '.join(parts)}."


def overall(verdicts: Sequence[Verdict]) -> str:
    """Whether anything is odd, and what became of the promises of the profile, in a sentence."""
    if any(map(odd, verdicts)):
        return "Whatever is not as expected is listed above them."
    promised = [verdict for verdict in verdicts if verdict.promised]
    lacking = sum(verdict.verdict == NOT_JUDGED for verdict in promised)
    if lacking:
        return f"No verdict contradicts its expectation; {lacking} of this profile were not judged."
    kept = ", and all that this profile promises is decided" if promised else ""
    return f"No verdict contradicts its expectation{kept}."


def _split(ruling: str, verdicts: Sequence[Verdict]) -> str:
    """How many of the verdicts of one kind are as they should be; empty: not judged."""
    if ruling == NOT_JUDGED:
        return ""
    if ruling == UNDECIDED:
        late = sum(verdict.broken_promise for verdict in verdicts)
        return (
            f"{late} that this profile should decide" if late else "none promised by this profile"
        )
    foreseen = sum(verdict.as_expected is True for verdict in verdicts)
    against = sum(verdict.contradicts for verdict in verdicts)
    if foreseen == len(verdicts):
        return "as expected" if foreseen == 1 else "all as expected"
    free = len(verdicts) - foreseen - against
    counted = {"as expected": foreseen, "open": free, "surprising": against}
    return ", ".join(f"{count} {word}" for word, count in counted.items() if count)
