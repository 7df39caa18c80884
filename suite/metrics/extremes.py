"""The metrics of the study ``extremes``: the largest entry of a drawn kernel."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "kernel_largest",
        "standard deviations",
        "largest absolute value among a kernel's entries, in standard deviations of the declared"
        " law",
        tolerance=0.1,
    ),
    Metric(
        "kernel_largest_ratio",
        "1",
        "kernel_largest over the largest value that the declared law allows: the bound of a bounded"
        " law; otherwise the value that is exceeded in one of 10^9 kernels of this size",
        tolerance=0.01,
    ),
)
