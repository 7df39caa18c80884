"""The metrics of the study ``curves``: each activation, point by point, on the real line."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "activation_value_error",
        "1",
        "largest deviation of the activation, in single"
        " precision, from its definition, relative to max(1, |x|), from -8 to 8 and at"
        " ±10^1 .. ±10^38",
        "lower",
        tolerance=1e-6,
    ),
    Metric(
        "activation_slope_error",
        "1",
        "the same of the slope, relative to max(1, |x|) up to 8, kinks left out",
        "lower",
        tolerance=1e-6,
    ),
    Metric(
        "kink_error",
        "1",
        "largest deviation of the slope from the definition's at a kink; 0 with no kink",
        tolerance=1e-6,
    ),
    Metric("far_nan", "numbers", "values and slopes that are NaN at ±10^1 .. ±10^38", "lower"),
    Metric("infinite_nan", "numbers", "values and slopes that are NaN at ±infinity"),
    Metric("steepest_slope", "1", "largest |slope| from -8 to 8", tolerance=1e-6),
    Metric("tail_slope", "1", "the larger |slope| of those at -8 and 8", tolerance=1e-6),
    Metric(
        "chain_slope",
        "1",
        "largest |slope| from -8 to 8 of ten applications of the activation one after the other",
        tolerance=1e-6,
    ),
    Metric(
        "norm_gain",
        "1",
        "norm of the activation over the norm of a Gaussian vector of 65,536"
        " entries with standard deviation 1",
        tolerance=0.01,
    ),
    Metric("norm_gain_predicted", "1", "norm_gain by quadrature", tolerance=1e-9),
    Metric(
        "norm_gain_largest",
        "1",
        "the largest of this ratio over Gaussian vectors of 4,096"
        " entries with 20 standard deviations from 0.001 to 1,000",
        tolerance=0.01,
    ),
    Metric(
        "layer_default_error",
        "1",
        "largest deviation of the framework's layer, made without"
        " arguments, from the catalogue's definition, relative to max(1, |x|), from -8 to 8",
        tolerance=1e-6,
    ),
    Metric("function_default_error", "1", "the same of the framework's function", tolerance=1e-6),
    *(
        Metric(
            f"activation_{what}{end}",
            "1",
            f"{what} of the activation at a point{more}",
            tolerance=1e-6,
        )
        for what in ("value", "slope")
        for end, more in (("", ""), ("_predicted", ", by definition"))
    ),
    *(
        Metric(
            f"{form}_default",
            "1",
            f"value at a point of the framework's {form} of this name, made without arguments",
            tolerance=1e-6,
        )
        for form in ("layer", "function")
    ),
)
