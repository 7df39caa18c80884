"""What the page says about claims: numbers as text, counts as a sentence, rows in their order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from suite.metrics import METRICS
from suite.verdicts import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED

VERDICTS = (SUPPORTED, REFUTED, UNDECIDED, NOT_JUDGED)
MARKS = dict(zip(VERDICTS, "✓✗?–", strict=True))
"""A sign beside each word, so that no verdict rests on its colour alone."""
_UNITLESS = ("ratio", "ratio_to_prediction", "slope", "share")


def number(value: float | str | None) -> str:
    """A number for people: four significant digits, ∞ and − as signs; empty when there is none.

    Text that is no number stays as it is.
    """
    try:
        given = float(value) if value not in (None, "") else math.nan
    except ValueError:
        return str(value)
    if math.isnan(given):
        return ""
    if math.isinf(given):
        return "∞" if given > 0 else "−∞"
    small = abs(given) < 1e-3 and given != 0
    text = f"{given:.3e}" if small or abs(given) >= 1e6 else f"{given:.4g}"
    mantissa, exponent = text.split("e") if "e" in text else (text, "")
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


@dataclass(frozen=True)
class Strip:
    """Band, interval and estimate on a common line, as percentages of its length."""

    band: tuple[float, float]
    interval: tuple[float, float]
    estimate: float


def strip(row: Mapping[str, str]) -> Strip | None:
    """The line for one row of claims.csv, or None where there is no finite estimate.

    The line spans all finite numbers of the row with a margin; what is infinite runs off its end.
    """
    names = ("band_low", "band_high", "low", "high", "estimate")
    band_low, band_high, low, high, estimate = (_float(row.get(name)) for name in names)
    if not math.isfinite(estimate):
        return None
    finite = [x for x in (band_low, band_high, low, high, estimate) if math.isfinite(x)]
    span = max(finite) - min(finite)
    margin = 0.15 * span or 1.0
    start, length = min(finite) - margin, span + 2 * margin

    def place(value: float, unknown: float) -> float:
        at = 100 * (value - start) / length if math.isfinite(value) else unknown
        return round(at, 2)

    return Strip(
        (place(band_low, 0.0), place(band_high, 100.0)),
        (place(low, 0.0), place(high, 100.0)),
        place(estimate, 50.0),
    )


def _float(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def surprising(row: Mapping[str, str]) -> bool:
    """Whether a verdict contradicts what was expected."""
    return row["as_expected"] == "False"


def broken_promise(row: Mapping[str, str]) -> bool:
    """Whether a claim stayed undecided although this profile promised to decide it."""
    return row["verdict"] == UNDECIDED and row.get("promised") == "True"


def grouped(rows: Iterable[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """Rows of claims.csv by study, else in the order of the file, with surprises first.

    What was not judged stands last, and so do studies of which nothing was.
    """

    def place(row: Mapping[str, str]) -> int:
        return 0 if surprising(row) else 2 if row["verdict"] == NOT_JUDGED else 1

    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in sorted(rows, key=lambda row: row["verdict"] == NOT_JUDGED):
        groups.setdefault(row["study"], []).append(row)
    return {study: sorted(of_study, key=place) for study, of_study in groups.items()}


def quantity(row: Mapping[str, str]) -> str:
    """What was estimated, in words: ``median difference of heldout_accuracy (share)``."""
    estimand = row["estimand"].replace("_", " ")
    unit = ""
    if row["estimand"] not in _UNITLESS and row["metric"] in METRICS:
        unit = METRICS[row["metric"]].unit
    suffix = f" ({unit})" if unit not in ("", "1") else ""
    return " ".join(filter(None, (row["centre"], estimand, "of", row["metric"]))) + suffix


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
        of_kind = [row for row in rows if row["verdict"] == verdict]
        if not of_kind:
            continue
        odd = sum(map(surprising, of_kind))
        foreseen = sum(row["as_expected"] == "True" for row in of_kind)
        split = [f"{foreseen} as expected"] if foreseen else []
        split += [f"{odd} surprising"] if odd else []
        late = sum(map(broken_promise, of_kind))
        split += [f"{late} that this profile should decide"] if late else []
        parts.append(f"{len(of_kind)} {verdict}" + (f" ({', '.join(split)})" if split else ""))
    verdicts = "1 verdict" if len(rows) == 1 else f"{len(rows)} verdicts"
    return f"{verdicts} on {claims} claim{'s' * (claims != 1)}: {', '.join(parts)}."
