"""The metrics of the study ``propagation``: Gaussian inputs and a Gaussian cotangent, no training.

A mean square is taken over the units for one input, then as the geometric mean over the inputs: its
logarithm is the mean logarithm whose drift the theory predicts.
"""

from __future__ import annotations

import math

from suite.metrics.metric import DECADES, DENORMAL, Metric

METRICS: tuple[Metric, ...] = (
    *(
        Metric(f"{direction}_slope{end}", "nats per layer", f"{text}{suffix}", tolerance=0.01)
        for direction, text in (
            (
                "forward",
                "change of ln(mean square) per layer, from the input to the last activation",
            ),
            (
                "backward",
                "change of ln(mean square of the gradient) per layer towards the"
                " input, from the last pre-activation to the first; NaN with one layer",
            ),
        )
        for end, suffix in (
            ("", ""),
            ("_predicted", "; predicted by theory, with the finite-width drift where it is known"),
            ("_error", "; measured minus predicted"),
        )
    ),
    Metric(
        "spread_slope",
        "nats per layer",
        "change of ln(variance over the inputs, averaged"
        " over the units) per layer, from the input to the last activation: how the differences"
        " between inputs change, whatever the biases add",
        tolerance=0.01,
    ),
    Metric(
        "output_std",
        "1",
        "standard deviation of the last activations, over inputs and units",
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric("output_std_predicted", "1", "output_std predicted by theory", tolerance=1e-9),
    Metric(
        "map_error",
        "nats",
        "largest |ln(measured / predicted)| of the mean square of the pre-activations, over the"
        " layers",
        "lower",
        math.inf,
        0.05,
    ),
    Metric(
        "saturated_share",
        "share",
        "share of the pairs of a unit and an input whose slope is below 1 % of the activation's"
        " steepest, in a layer (in runs: the last)",
        tolerance=0.01,
    ),
    Metric(
        "zero_share",
        "share",
        "share of the activations that are exactly 0, in a layer (in runs: the last)",
        tolerance=0.01,
    ),
    *(
        Metric(f"{signal}_{key}", "1", f"{text} of a layer's {signal}s, over inputs and units")
        for signal in ("preactivation", "activation")
        for key, text in (("mean", "mean"), ("variance", "variance (population)"))
    ),
    Metric("preactivation_variance_predicted", "1", "preactivation_variance predicted by theory"),
    Metric("activation_mean_predicted", "1", "activation_mean predicted by theory"),
    Metric("activation_variance_predicted", "1", "activation_variance predicted by theory"),
    Metric(
        "activation_mean_square",
        "1",
        "mean square of a layer's activations, geometric mean over the inputs",
    ),
    Metric(
        "activation_mean_square_predicted",
        "1",
        "activation_mean_square predicted by theory, with the finite-width drift where it is known",
    ),
    Metric(
        "activation_spread",
        "1",
        "variance of an activation over the inputs, averaged over the units of a layer",
    ),
    Metric(
        "gradient_norm",
        "1",
        "Euclidean norm of the gradient with respect to a layer's pre-activations"
        " for one input, geometric mean over the inputs",
    ),
    Metric(
        "gradient_variance",
        "1",
        "variance (population) of the gradient with respect to a layer's pre-activations, over"
        " inputs and units",
    ),
    Metric(
        "gradient_mean_square",
        "1",
        "mean square of the gradient with respect to a layer's"
        " pre-activations, geometric mean over the inputs; that of the cotangent is 1",
    ),
    Metric(
        "gradient_mean_square_predicted",
        "1",
        "gradient_mean_square predicted by theory, with the finite-width drift where it is known",
    ),
    Metric(
        "histogram_share",
        "share",
        "share of a layer's activations in a bin; the bins are 21 equal"
        " parts of -4 to 4 times the layer's root mean square, named by their centre, and"
        " the outermost include all values beyond",
    ),
)
