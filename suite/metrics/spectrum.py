"""The metrics of the study ``spectrum``: the input-output Jacobian of one network at one input."""

from __future__ import annotations

import math

from suite.metrics.metric import DECADES, DENORMAL, ROUNDED_ZERO, Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "jacobian_square",
        "1",
        "mean square of the singular values of the Jacobian: the factor of the mean square of a"
        " random gradient on its way to the inputs",
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric(
        "jacobian_square_predicted",
        "1",
        "jacobian_square predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "dispersion",
        "1",
        "E[s^4] / E[s^2]^2 - 1 over the singular values s; 0 if all are equal",
        "lower",
        math.inf,
        0.05,
    ),
    Metric(
        "dispersion_predicted",
        "1",
        "dispersion predicted by theory, at infinite width",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "isometry_error",
        "1",
        "largest |s / rms - 1| over the singular values s with root mean square rms",
        "lower",
        math.inf,
        1e-4,
    ),
    Metric(
        "singular_value",
        "1",
        "quantile of the singular values, in units of their root mean square",
        tolerance=1e-6,
    ),
)
