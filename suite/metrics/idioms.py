"""The metrics of the study ``idioms``: the outcome of running code as sources print it.

If the code raises an error, the reason of the run is that error: in this study it is a result.
"""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric("raised", "share", "1 if the code raises an error, 0 if it runs"),
    Metric(
        "call_difference",
        "1",
        "largest difference between the outputs of a layer when it is called and when its forward"
        " method is called",
        tolerance=1e-6,
    ),
    Metric(
        "called_hooks",
        "hooks",
        "number of hooks, or registered losses, that act when the layer is called",
    ),
    Metric(
        "forward_hooks",
        "hooks",
        "number of hooks, or registered losses, that act when its forward method is called",
    ),
    Metric(
        "found_share",
        "share",
        "share of what the code looks for that it finds: weights by a part"
        " of their name, parts of a network in the expected order, weights that its loop"
        " draws again, or a model that its step changes",
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
    Metric(
        "ported_value",
        "1",
        "what code gives that is carried over from another framework: a number of its own for each"
        " case, which the page's table of cases says",
        tolerance=1e-5,
    ),
    Metric("warned", "share", "1 if code that is carried over warns, 0 if it is silent"),
)
