"""The metrics of the study ``drift``: a framework's training beside a reference's, same start."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "step_apart",
        "steps",
        "the first batch, from 1, whose loss before its update differs"
        " from the reference's by more than 1e-4 of it; inf when none does",
        "higher",
        None,
        10.0,
    ),
    Metric(
        "layer_apart",
        "layers",
        "the first layer, from 1, whose weights or biases differ from"
        " the reference's by more than 1e-4 of the largest of them, at the first recorded epoch"
        " at which one does; 0 when none does",
    ),
    Metric(
        "early_gap",
        "nats",
        "largest difference between the loss of a batch and the"
        " reference's, over the first 100 batches",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "batch_gap",
        "nats",
        "largest difference between the loss of a batch and the"
        " reference's, over the batches of an epoch",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "weight_gap",
        "1",
        "largest difference between a weight or bias and the reference's,"
        " relative to the largest of its tensor, largest over the layers, after an epoch (in"
        " runs: after the last)",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "loss_gap",
        "nats",
        "absolute difference between the training loss and the reference's, after training",
        "lower",
        math.inf,
        0.02,
    ),
    Metric(
        "accuracy_gap",
        "share",
        "absolute difference between the held-out accuracy and the reference's, after training",
        "lower",
        math.inf,
        0.01,
    ),
)
