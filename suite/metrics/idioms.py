"""The metrics of the study ``idioms``: what becomes of code as sources print it.

A run's reason holds the error that was raised, if any: for this study it is a result.
"""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric("raised", "share", "1 where the code raises an error, 0 where it runs"),
    Metric(
        "call_difference",
        "1",
        "largest difference between what a layer gives when it is"
        " called and when its forward method is",
        tolerance=1e-6,
    ),
    Metric(
        "called_hooks", "hooks", "hooks, or registered losses, that act when the layer is called"
    ),
    Metric("forward_hooks", "hooks", "the same when its forward method is called"),
    Metric(
        "found_share",
        "share",
        "of what the code looks for that it finds: weights by a part"
        " of their name, parts of a network in the expected order, weights that its loop"
        " draws again, a model that its step moves",
    ),
    Metric(
        "start_difference",
        "1",
        "largest difference between the kernels that the idiom"
        " draws and those of the plain loop over the layers, from the same seeds",
    ),
    Metric(
        "start_ks",
        "1",
        "Kolmogorov-Smirnov distance of the kernels' entries, in standard"
        " deviations, from the declared law",
        tolerance=0.001,
    ),
)
