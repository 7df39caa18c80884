"""The kinds of change from A to B.

| kind | of a metric in a cell |
| --- | --- |
| worsened, improved | significantly more pairs differ in one direction than in the other |
| changed | the same, where the metric has no better direction |
| same | no pair differs, or the interval of the median difference lies inside the tolerance |
| unclear | pairs differ, and neither can be said |
| missing, new | the metric was measured in the cell in A only, in B only |
| not comparable | the metric has another definition or is unknown, or an axis has no default |

| kind | of a verdict |
| --- | --- |
| changed | supported in one, refuted in the other |
| lost | decided in A; in B undecided or not judged |
| decided | undecided in A, decided in B |
| same | the same verdict in A and B |
| missing, new | judged in A only, in B only |
| not comparable | the text of the claim has changed, its band for example |
"""

from __future__ import annotations

from typing import Final, Literal, get_args

SAME: Final = "same"
CHANGED: Final = "changed"
WORSENED: Final = "worsened"
IMPROVED: Final = "improved"
UNCLEAR: Final = "unclear"
LOST: Final = "lost"
DECIDED: Final = "decided"
MISSING: Final = "missing"
NEW: Final = "new"
NOT_COMPARABLE: Final = "not comparable"

MetricKind = Literal[
    "worsened", "changed", "improved", "unclear", "not comparable", "missing", "new", "same"
]
METRIC_KINDS: tuple[MetricKind, ...] = get_args(MetricKind)
"""The most serious first."""
VerdictKind = Literal["changed", "lost", "decided", "not comparable", "missing", "new", "same"]
VERDICT_KINDS: tuple[VerdictKind, ...] = get_args(VerdictKind)
"""The most serious first."""
