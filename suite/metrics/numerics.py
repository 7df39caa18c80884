"""The metrics of the study ``numerics``: how accurate single formulas are."""

from __future__ import annotations

import math

from suite.metrics.metric import DECADES, DENORMAL, Metric

_ULP = "units in the last place"
_JUDGED = "at points and for exact results that are normal numbers of the type, kinks left out"

METRICS: tuple[Metric, ...] = (
    *(
        metric
        for what in ("value", "slope")
        for metric in (
            Metric(
                f"{what}_ulps",
                "ulp",
                f"largest error of the {what}, in {_ULP} of the exact result, {_JUDGED}",
                "lower",
                tolerance=0.5,
                relative=DECADES,
            ),
            Metric(
                f"{what}_ulps_at",
                "x",
                f"where {what}_ulps is found; 0 with no error; never compared",
                tolerance=math.inf,
            ),
            Metric(
                f"{what}_usual_ulps",
                "ulp",
                f"{what}_ulps at points of magnitude 1e-8 to 10",
                "lower",
                tolerance=0.5,
                relative=DECADES,
            ),
            Metric(
                f"{what}_usual_relative",
                "1",
                f"largest error of the {what} relative to the exact result, at the same points",
                "lower",
                tolerance=DENORMAL,
                relative=DECADES,
            ),
            Metric(
                f"{what}_largest_lost",
                "1",
                f"largest magnitude of an exact {what} that is computed as 0, {_JUDGED};"
                " 0 when none is",
                "lower",
                tolerance=DENORMAL,
                relative=DECADES,
            ),
            Metric(
                f"{what}_lost_at",
                "x",
                f"where {what}_largest_lost is found, the first point that becomes 0; NaN when none"
                " does; compared only as to whether there is one",
                tolerance=math.inf,
            ),
            Metric(
                f"{what}_nonfinite",
                "x",
                f"smallest |x| at which a {what} that the type can hold is computed as infinity"
                " or NaN; inf when there is none",
                "higher",
            ),
            Metric(
                f"{what}_wrong_sign",
                "points",
                f"points at which the {what} is computed with the opposite sign, {_JUDGED}",
                "lower",
            ),
            Metric(
                f"{what}_flushed",
                "share",
                f"share of the exact {what}s that are denormal numbers and are computed as 0,"
                " at normal points",
                tolerance=0.01,
            ),
        )
    ),
    Metric(
        "monotone_falls",
        "steps",
        "steps from a point to the next at which the value of a monotone formula moves the"
        " wrong way; 0 for a formula that is not monotone",
        "lower",
    ),
    Metric(
        "slope_gap",
        "1",
        "largest gap between the rise of the value over two steps of 1/32 and the integral of"
        " the slope (Simpson's rule) relative to max(1, |value|), up to |x| = 16, or 8 in bfloat16",
        "lower",
        tolerance=1e-6,
    ),
    Metric(
        "special_errors",
        "points",
        "wrong answers of the value at NaN, which must give NaN, and at the two infinities,"
        " which must give the limit",
        "lower",
    ),
    *(
        Metric(
            f"{what}_error",
            "ulp",
            f"largest error of the {what} in {_ULP}, among points from the coordinate to the next",
            "lower",
            tolerance=0.5,
            relative=DECADES,
        )
        for what in ("value", "slope")
    ),
)
