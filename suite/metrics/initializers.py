"""The metrics of the study ``initializers``: a drawn kernel against its declared law.

KS is the Kolmogorov-Smirnov distance between the entries of one kernel and a law: the largest
difference of their distribution functions.
"""

from __future__ import annotations

from suite.metrics.metric import ROUNDED_ZERO, Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "kernel_mean_z",
        "standard errors",
        "mean of a kernel's entries over its standard"
        " error under the declared law; empty where the entries are not independent",
        tolerance=0.1,
    ),
    Metric("kernel_variance", "1", "mean square of a kernel's entries"),
    Metric(
        "kernel_variance_ratio",
        "1",
        "mean square of a kernel's entries over the variance of the declared law with the"
        " textbook's fans",
        tolerance=0.01,
        reads="the variance is {} of what is declared",
    ),
    Metric(
        "kernel_variance_ratio_counted",
        "1",
        "mean square of a kernel's entries over the variance of the declared law with the fans"
        " that the framework reads off its array",
        tolerance=0.01,
    ),
    Metric(
        "kernel_variance_z",
        "standard errors",
        "kernel_variance_ratio - 1 over its standard"
        " error, sqrt((kurtosis + 2) / entries) with the excess kurtosis of the declared law;"
        " empty where the entries are not independent",
        tolerance=0.1,
        plain="kernel_variance_ratio",
    ),
    Metric("kernel_kurtosis", "1", "excess kurtosis of a kernel's entries", tolerance=0.01),
    Metric(
        "kernel_kurtosis_predicted",
        "1",
        "kernel_kurtosis of the declared law",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "ks_declared",
        "1",
        "KS distance of a kernel and its declared law",
        tolerance=0.001,
        plain="kernel_variance_ratio",
    ),
    *(
        Metric(
            f"ks_{law}{end}",
            "1",
            text,
            tolerance=0.001,
            plain="" if end else "kernel_variance_ratio",
        )
        for law, words in (
            ("normal", "the normal law"),
            ("truncated", "the normal law cut at two standard deviations"),
        )
        for end, plain, text in (
            (
                "",
                "kernel_variance_ratio",
                f"KS distance of a kernel and {words} of the declared variance",
            ),
            ("_predicted", "", f"KS distance of the declared law and {words} of its variance"),
        )
    ),
    Metric(
        "kernel_bias_std",
        "1",
        "root mean square of the bias with which the layer starts",
        tolerance=0.01,
    ),
    Metric(
        "kernel_bias_std_predicted",
        "1",
        "kernel_bias_std of the declared law",
        tolerance=ROUNDED_ZERO,
    ),
    Metric("kernel_bias_largest", "1", "largest |bias| times sqrt(fan_in)", tolerance=0.01),
    *(
        Metric(f"{direction}_gain{end}", "1", f"{text}{suffix}", tolerance=0.01)
        for direction, text in (
            (
                "forward",
                "mean square of the outputs of a linear layer over that of its Gaussian inputs",
            ),
            (
                "backward",
                "mean square of the gradient with respect to the inputs of a linear layer over that"
                " of the Gaussian gradient with respect to its outputs",
            ),
        )
        for end, suffix in (("", ""), ("_predicted", ", by the declared variance"))
    ),
    Metric(
        "equal_kernels",
        "share",
        "share of the pairs of layers whose kernels begin with the same values, up to the size of"
        " the smaller kernel",
    ),
    Metric(
        "kernel_density",
        "1 / standard deviation",
        "density of a kernel's entries, in units"
        " of the declared standard deviation, in bins named by their centre",
        tolerance=0.01,
    ),
    Metric(
        "kernel_density_predicted", "1 / standard deviation", "kernel_density of the declared law"
    ),
)
