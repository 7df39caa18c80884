"""The metrics of the study ``curves``: each activation at points of the real line."""

from __future__ import annotations

from suite.metrics.metric import DECADES, DENORMAL, Metric

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
        "largest deviation of the slope, except at kinks, from its definition at the same points,"
        " relative to max(1, min(|x|, 8))",
        "lower",
        tolerance=1e-6,
    ),
    *(
        Metric(
            f"activation_{quantity}_relative",
            "1",
            f"largest deviation of the {quantity}{where} from its definition, relative to the"
            " definition, from -8 to 8 where that is not 0",
            "lower",
            tolerance=1e-6,
        )
        for quantity, where in (("value", ""), ("slope", ", except at kinks,"))
    ),
    Metric(
        "kink_error",
        "1",
        "largest deviation of the slope from that of the definition at a kink; 0 if there is none",
        tolerance=1e-6,
    ),
    Metric(
        "far_nan", "numbers", "number of values and slopes that are NaN at ±10^1 .. ±10^38", "lower"
    ),
    Metric("infinite_nan", "numbers", "number of values and slopes that are NaN at ±infinity"),
    Metric("steepest_slope", "1", "largest |slope| from -8 to 8", tolerance=1e-6),
    Metric(
        "tail_slope",
        "1",
        "larger of |slope| at -8 and |slope| at 8",
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric(
        "chain_slope",
        "1",
        "largest |slope| from -8 to 8 of the activation applied ten times in succession",
        tolerance=DENORMAL,
        relative=DECADES,
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
        "largest norm of the activation over the norm of a Gaussian vector of 4,096"
        " entries, for 20 standard deviations from 0.001 to 1,000",
        tolerance=0.01,
    ),
    Metric(
        "layer_default_error",
        "1",
        "largest deviation of the framework's layer, made without"
        " arguments, from the catalogue's definition, relative to max(1, |x|), from -8 to 8",
        tolerance=1e-6,
    ),
    Metric(
        "function_default_error",
        "1",
        "layer_default_error for the framework's function instead of its layer",
        tolerance=1e-6,
    ),
    *(
        Metric(
            f"activation_{quantity}{end}",
            "1",
            f"{quantity} of the activation at a point{suffix}",
            tolerance=1e-6,
        )
        for quantity in ("value", "slope")
        for end, suffix in (("", ""), ("_predicted", ", by the definition"))
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
