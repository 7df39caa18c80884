"""What the page says about claims: numbers as text, verdicts in words, counts as a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from suite.judging.verdicts import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED
from suite.metrics import METRICS

VERDICTS = (SUPPORTED, REFUTED, UNDECIDED, NOT_JUDGED)
MARKS = dict(zip(VERDICTS, "✓✗?–", strict=True))
"""A sign beside each word, so that no verdict rests on its colour alone."""
_DIGITS = tuple("-0123456789")
_UNITLESS = ("ratio", "ratio_to_prediction", "slope", "share")


def number(value: float | str | None) -> str:
    """A number for people: three significant digits, ∞ and − as signs; empty when there is none.

    All digits before the point are kept. Text that is no number stays as it is.
    """
    try:
        given = float(value) if value not in (None, "") else math.nan
    except ValueError:
        return str(value)
    if math.isnan(given):
        return ""
    if math.isinf(given):
        return "∞" if given > 0 else "−∞"
    size = abs(given)
    form = ".2e" if 0 < size < 1e-3 or size >= 1e6 else ".0f" if size >= 999.5 else ".3g"
    mantissa, _, exponent = format(given, form).partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def interval(low: str, high: str) -> str:
    """``[low, high]``, with a round bracket at an infinite end; empty when nothing is known."""
    left, right = number(low), number(high)
    if not left and not right:
        return ""
    return f"{'(' if '∞' in left else '['}{left}, {right}{')' if '∞' in right else ']'}"


def band(low: str, high: str) -> str:
    """A band as people say it: at least, at most, or between two numbers."""
    left, right = number(low), number(high)
    if left in ("", "−∞"):
        return f"at most {right}" if right not in ("", "∞") else ""
    return f"at least {left}" if right in ("", "∞") else f"{left} to {right}"


def surprising(row: Mapping[str, str]) -> bool:
    """Whether a verdict contradicts what was expected."""
    return row["as_expected"] == "False"


def broken_promise(row: Mapping[str, str]) -> bool:
    """Whether a claim stayed undecided although this profile promised to decide it."""
    return row["verdict"] == UNDECIDED and row.get("promised") == "True"


def odd(row: Mapping[str, str]) -> bool:
    """Whether a verdict is not as it should be: the page puts it first."""
    return surprising(row) or broken_promise(row)


def standing(row: Mapping[str, str]) -> str:
    """A verdict beside what was expected, in a few words."""
    if row["as_expected"] == "True":
        return "as expected"
    if row["expected"] in ("", "open"):
        return "open"
    return f"expected {row['expected']}"


def group(text: str) -> str:
    """``framework=torch depth=4`` as people say it: ``torch, depth 4``; names need no axis."""
    parts = (part.partition("=") for part in text.split(" "))
    return ", ".join(
        f"{axis} {value}".strip() if value[:1] in _DIGITS else value for axis, _, value in parts
    )


def remarks(row: Mapping[str, str]) -> list[str]:
    """What the details say of one group: why it has no verdict, what pairing by seed bought."""
    correlation = number(row["pair_correlation"])
    return [
        *([f"{row['verdict']}: {row['reason']}"] if row["reason"] else []),
        *([f"correlation of the pairs {correlation} (Spearman, by seed)"] if correlation else []),
    ]


def quantity(row: Mapping[str, str]) -> str:
    """Metric, estimand and unit of an estimate: ``forward_slope, median, nats per layer``."""
    estimand, centre = row["estimand"], row["centre"]
    if estimand == "share":
        return f"{row['metric']}, share of runs"
    # "median" says enough of values; "every" alone would not.
    named = [] if (estimand, centre) == ("value", "median") else [estimand.replace("_", " ")]
    unit = ""
    if estimand not in _UNITLESS and row["metric"] in METRICS:
        unit = METRICS[row["metric"]].unit
    # A bare "share" would read as the estimand.
    unit = {"1": "", "share": "as a share"}.get(unit, unit)
    return ", ".join(filter(None, (row["metric"], " ".join([centre, *named]).strip(), unit)))


def lost(row: Mapping[str, str]) -> str:
    """The runs that did not end well: ``3 diverged, 1 missing``; empty when there are none."""
    kinds = ("diverged", "failed", "missing")
    return ", ".join(f"{row[kind]} {kind}" for kind in kinds if row[kind] not in ("", "0"))


def counts(rows: Sequence[Mapping[str, str]]) -> str:
    """The sentence on top: how many verdicts of each kind, as expected or surprising."""
    if not rows:
        return "No claim was judged."
    claims = len({row["claim"] for row in rows})
    parts = []
    for verdict in VERDICTS:
        if of_kind := [row for row in rows if row["verdict"] == verdict]:
            split = _split(verdict, of_kind)
            parts.append(f"{len(of_kind)} {verdict}" + (f" ({split})" if split else ""))
    verdicts = "1 verdict" if len(rows) == 1 else f"{len(rows)} verdicts"
    return f"{verdicts} on {claims} claim{'s' * (claims != 1)}: {', '.join(parts)}."


def overall(rows: Sequence[Mapping[str, str]]) -> str:
    """Whether anything is odd, and what became of the promises of the profile, in a sentence."""
    if any(map(odd, rows)):
        return "Whatever is not as expected is listed above them."
    promised = [row for row in rows if row["promised"] == "True"]
    lacking = sum(row["verdict"] == NOT_JUDGED for row in promised)
    if lacking:
        return f"No verdict contradicts its expectation; {lacking} of this profile were not judged."
    kept = ", and all that this profile promises is decided" if promised else ""
    return f"No verdict contradicts its expectation{kept}."


def _split(verdict: str, rows: Sequence[Mapping[str, str]]) -> str:
    """How many of the verdicts of one kind are as they should be; empty: not judged."""
    if verdict == NOT_JUDGED:
        return ""
    if verdict == UNDECIDED:
        late = sum(map(broken_promise, rows))
        return (
            f"{late} that this profile should decide" if late else "none promised by this profile"
        )
    foreseen = sum(row["as_expected"] == "True" for row in rows)
    against = sum(map(surprising, rows))
    if foreseen == len(rows):
        return "as expected" if foreseen == 1 else "all as expected"
    free = len(rows) - foreseen - against
    counted = {"as expected": foreseen, "open": free, "surprising": against}
    return ", ".join(f"{count} {word}" for word, count in counted.items() if count)
