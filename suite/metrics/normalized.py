"""The metrics of the study ``normalized``: mean squares over all inputs and units of a layer.

With batch normalization the inputs of a batch belong together, so nothing is averaged per input
here, unlike in ``propagation``. Gradients are those by a layer's output.
"""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "signal_factor",
        "1 per layer",
        "factor of the mean square of the outputs per layer,"
        " from the first to the last (geometric mean)",
        tolerance=0.01,
    ),
    Metric("signal_factor_predicted", "1 per layer", "signal_factor by theory"),
    Metric(
        "signal_total",
        "1",
        "mean square of the last outputs over that of the inputs",
        tolerance=0.01,
    ),
    Metric("signal_total_predicted", "1", "signal_total by theory"),
    Metric(
        "gradient_factor",
        "1 per layer",
        "factor of the mean square of the gradient per layer"
        " towards the input, from the last to the first (geometric mean)",
        tolerance=0.01,
    ),
    Metric("gradient_factor_predicted", "1 per layer", "gradient_factor by theory"),
    Metric(
        "gradient_autocorrelation",
        "1",
        "of the derivative along a line through input space, at"
        " 256 equally spaced points: correlation of neighbours, around the mean over the line",
        tolerance=0.01,
    ),
    Metric("signal_square", "1", "mean square of a layer's outputs"),
    Metric("signal_square_predicted", "1", "signal_square by theory"),
    Metric(
        "output_gradient_square",
        "1",
        "mean square of the gradient by a layer's outputs; that"
        " by the last ones, the cotangent, is 1",
    ),
    Metric("output_gradient_square_predicted", "1", "output_gradient_square by theory"),
)
