"""The metrics of the study ``normalized``: mean squares over all inputs and units of a layer.

Batch normalization couples the inputs of a batch, so nothing is averaged per input here, unlike in
``propagation``. Gradients are with respect to the outputs of a layer.
"""

from __future__ import annotations

from suite.metrics.metric import DECADES, DENORMAL, ROUNDED_ZERO, Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "signal_factor",
        "1 per layer",
        "factor of the mean square of the outputs per layer,"
        " from the first to the last (geometric mean)",
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric(
        "signal_factor_predicted",
        "1 per layer",
        "signal_factor predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "signal_total",
        "1",
        "mean square of the last layer's outputs over that of the inputs",
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric("signal_total_predicted", "1", "signal_total predicted by theory"),
    Metric(
        "gradient_factor",
        "1 per layer",
        "factor of the mean square of the gradient per layer"
        " towards the input, from the last to the first (geometric mean)",
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric(
        "gradient_factor_predicted",
        "1 per layer",
        "gradient_factor predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "gradient_autocorrelation",
        "1",
        "correlation between neighbouring points of the derivative along a line through input"
        " space, at 256 equally spaced points, around the mean over the line",
        tolerance=0.01,
    ),
    Metric("signal_square", "1", "mean square of a layer's outputs"),
    Metric("signal_square_predicted", "1", "signal_square predicted by theory"),
    Metric(
        "output_gradient_square",
        "1",
        "mean square of the gradient with respect to a layer's outputs; for the last layer this is"
        " the cotangent, with mean square 1",
    ),
    Metric("output_gradient_square_predicted", "1", "output_gradient_square predicted by theory"),
)
