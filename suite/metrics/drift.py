"""The metrics of the study ``drift``: training by a framework and by a reference, same start."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "step_apart",
        "steps",
        "first batch, from 1, whose loss before its update differs"
        " from the reference's by a relative difference of more than 1e-4; inf if none does",
        "higher",
        None,
        10.0,
    ),
    Metric(
        "layer_apart",
        "layers",
        "first layer, from 1, whose weights or biases differ from"
        " the reference's by more than 1e-4 of the largest of them, at the first recorded epoch"
        " at which any layer does; 0 if none does",
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
        " runs: after the last epoch)",
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
