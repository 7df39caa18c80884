"""The metrics of the study ``products``: a product of independent Gaussian matrices."""

from __future__ import annotations

from suite.metrics.metric import Metric

_EXACT = "by the exact law of Gaussian products"

METRICS: tuple[Metric, ...] = (
    Metric(
        "top_exponent",
        "nats per factor",
        "growth of ln(norm) of the product's first column, per factor: the first Lyapunov exponent",
        tolerance=0.01,
    ),
    Metric("top_exponent_predicted", "nats per factor", f"top_exponent {_EXACT}", tolerance=1e-9),
    Metric(
        "top_exponent_error",
        "nats per factor",
        "measured minus predicted top_exponent",
        tolerance=0.01,
    ),
    Metric(
        "last_exponent",
        "nats per factor",
        "growth along the most contracting direction, by QR: the last Lyapunov exponent",
        tolerance=0.01,
    ),
    Metric("last_exponent_predicted", "nats per factor", f"last_exponent {_EXACT}", tolerance=1e-9),
    Metric(
        "last_exponent_error",
        "nats per factor",
        "measured minus predicted last_exponent",
        tolerance=0.01,
    ),
    Metric(
        "mean_exponent",
        "nats per factor",
        "mean of all Lyapunov exponents: ln|determinant| over factors and rows",
        tolerance=0.01,
    ),
    Metric("mean_exponent_predicted", "nats per factor", f"mean_exponent {_EXACT}", tolerance=1e-9),
    Metric(
        "mean_exponent_error",
        "nats per factor",
        "measured minus predicted mean_exponent",
        tolerance=0.01,
    ),
    Metric(
        "spectrum_slope",
        "1",
        "least-squares slope of the measured exponents on the exact"
        " ones, over the whole spectrum; 1 if they agree",
        tolerance=0.02,
    ),
    Metric(
        "critical_scale",
        "1",
        "standard deviation of the entries at which the measured growth"
        " would be zero: scale times exp(-top_exponent)",
        tolerance=0.01,
    ),
    Metric("critical_scale_predicted", "1", f"critical_scale {_EXACT}", tolerance=1e-9),
    Metric(
        "log_norm_score",
        "standard deviations",
        "ln(norm) of the product's first column,"
        " minus its exact mean, over its exact standard deviation",
        tolerance=0.1,
    ),
    Metric(
        "largest_entry",
        "powers of ten",
        "log10 of the product's largest absolute entry",
        tolerance=0.1,
    ),
    Metric(
        "singular_gap",
        "nats",
        "ln(s2 / s1) of the product's two largest singular values, by"
        " QR passes through the factors, which resolve ratios below double precision",
        tolerance=0.1,
    ),
    Metric(
        "singular_gap_predicted",
        "nats",
        "number of factors times the difference of the first two exact exponents, without the"
        " constant term",
        tolerance=1e-9,
    ),
    Metric(
        "overflow_factor",
        "factors",
        "number of factors after which the product, multiplied"
        " up in single precision, first contains an entry that is not finite; inf if it never does",
        tolerance=1.0,
    ),
    Metric(
        "overflow_factor_predicted",
        "factors",
        "ln of the largest number of single precision"
        " over the first exact exponent; inf if that is not positive",
        tolerance=1e-6,
    ),
    Metric(
        "underflow_factor",
        "factors",
        "number of factors after which all entries of the"
        " product, multiplied up in single precision, are zero; inf if they never are",
        tolerance=1.0,
    ),
    Metric(
        "underflow_factor_predicted",
        "factors",
        "ln of the smallest positive number of single"
        " precision over the first exact exponent; inf if that is not negative",
        tolerance=1e-6,
    ),
    Metric("exponent", "nats per factor", "Lyapunov exponent; index 1 is the largest"),
    Metric("exponent_predicted", "nats per factor", f"exponent {_EXACT}"),
    Metric(
        "log_norm", "nats", "ln(norm) of the first column of the product after this many factors"
    ),
    Metric("log_norm_predicted", "nats", "exact mean of log_norm"),
    Metric("log_norm_sd_predicted", "nats", "exact standard deviation of log_norm over products"),
)
