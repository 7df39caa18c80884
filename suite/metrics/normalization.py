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
        "the same of the gradients by the values, gamma and beta",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "other_axes_gap",
        "1",
        "largest |outputs - definition| with the axes of the other layer"
        " for values of the same form: what a mix-up of axes would show",
        tolerance=1e-9,
    ),
    Metric(
        "normalised_mean",
        "1",
        "largest |mean| of a group of outputs; gamma 1 and beta 0",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "normalised_std",
        "1",
        "standard deviation (population) of a group of outputs, median"
        " over the groups; gamma 1 and beta 0",
        tolerance=1e-9,
    ),
    Metric(
        "normalised_std_predicted",
        "1",
        "normalised_std by sqrt(v / (v + epsilon)), v the group's own variance (population)",
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
        "what the layer adds to the variance: the framework's own, or the one that was asked for",
    ),
    Metric("trainable_per_feature", "1", "trainable numbers per feature (gamma and beta)"),
    Metric(
        "momentum_argument", "1", "the layer's momentum as it is written; empty where it has none"
    ),
    Metric(
        "kept_share",
        "share",
        "share of the old running mean that is left after a batch, as the layer does it",
        tolerance=1e-9,
    ),
    Metric(
        "momentum_gap",
        "1",
        "kept_share - momentum_argument: 0 where momentum means the share of the old value",
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
        "the same from a moving average of sample variances (divided by n - 1)",
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
        "kernel times 7 before the layer: largest relative change of the outputs, without epsilon",
        "lower",
        tolerance=1e-12,
    ),
    Metric(
        "rescaled_gradient_factor",
        "1",
        "the same: norm of the gradient by the kernel over the one before",
        tolerance=1e-9,
    ),
)
