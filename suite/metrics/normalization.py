"""The metrics of the study ``normalization``: single layers, in double precision."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "normalised_value_error",
        "1",
        "largest |outputs - definition| of the layer in training mode, with random gamma and beta",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "normalised_gradient_error",
        "1",
        "largest |gradient - definition| of the gradients with respect to the values, gamma and"
        " beta, likewise",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "other_axes_gap",
        "1",
        "largest |outputs - definition| with the axes of the other layer"
        " for values of the same shape: the size of the error if the axes were exchanged",
        tolerance=1e-9,
    ),
    Metric(
        "normalised_mean",
        "1",
        "largest |mean| over the groups of outputs, with gamma 1 and beta 0",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "normalised_std",
        "1",
        "standard deviation (population) of a group of outputs, median"
        " over the groups, with gamma 1 and beta 0",
        tolerance=1e-9,
    ),
    Metric(
        "normalised_std_predicted",
        "1",
        "normalised_std by the formula sqrt(v / (v + epsilon)) with the group's variance v"
        " (population)",
        tolerance=1e-9,
    ),
    Metric(
        "normalised_std_error",
        "1",
        "largest |std / predicted - 1| over the groups",
        "lower",
        tolerance=1e-9,
    ),
    Metric(
        "layer_epsilon",
        "1",
        "number that the layer adds to the variance: the framework's default, or the one that the"
        " cell sets",
    ),
    Metric("trainable_per_feature", "1", "number of trainable values per feature (gamma and beta)"),
    Metric("momentum_argument", "1", "momentum argument of the layer; empty if it has none"),
    Metric(
        "kept_share",
        "share",
        "share of the old running mean that the layer keeps after a batch, as measured",
        tolerance=1e-9,
    ),
    Metric(
        "momentum_gap",
        "1",
        "kept_share - momentum_argument: 0 if momentum is the share of the old value",
        tolerance=1e-9,
    ),
    Metric(
        "running_biased_error",
        "1",
        "largest relative difference of the running variance from"
        " a moving average of population variances (divided by n)",
        "lower",
        tolerance=1e-9,
    ),
    Metric(
        "running_unbiased_error",
        "1",
        "largest relative difference of the running variance from a moving average of sample"
        " variances (divided by n - 1)",
        "lower",
        tolerance=1e-9,
    ),
    Metric(
        "mode_gap",
        "1",
        "largest |outputs in training mode - outputs in inference mode| on"
        " the same values, after three batches",
        tolerance=1e-9,
    ),
    Metric(
        "inference_error",
        "1",
        "largest |outputs in inference mode - definition with the running statistics|",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "rescaled_output_gap",
        "1",
        "largest relative change of the outputs when the kernel before the layer is multiplied by"
        " 7, with epsilon 0",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "rescaled_gradient_factor",
        "1",
        "norm of the gradient with respect to the kernel, over that norm before the kernel is"
        " multiplied by 7",
        tolerance=1e-9,
    ),
)
