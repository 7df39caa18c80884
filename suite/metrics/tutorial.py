"""The metrics of the study ``tutorial``: its prints, and the ways of its networks in training.

Gradients are those of the training loss on the first batch of an epoch, before the update, as
the tutorial records them.
"""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

_GRADIENT = "of a layer's gradient, median over the epochs"

METRICS: tuple[Metric, ...] = (
    Metric(
        "printed_accuracy",
        "share",
        "training accuracy that the tutorial prints of this network",
        worst=None,
    ),
    Metric(
        "accuracy_over_print",
        "share",
        "train_accuracy minus printed_accuracy; the share of"
        " seeds below 0 is the percentile at which the print lies",
    ),
    Metric(
        "within_print",
        "0 or 1",
        "1 where train_accuracy lies within 0.01 of printed_accuracy",
        "higher",
        0.0,
    ),
    Metric(
        "printed_again",
        "share",
        "training accuracy that the tutorial prints of a second run of this network",
        worst=None,
    ),
    Metric(
        "within_print_again",
        "0 or 1",
        "1 where train_accuracy lies within 0.01 of printed_again",
        "higher",
        0.0,
    ),
    Metric(
        "printed_loss", "nats", "training loss that the tutorial prints of this network", worst=None
    ),
    Metric("loss_over_print", "nats", "train_loss minus printed_loss"),
    Metric(
        "loss_within_print",
        "0 or 1",
        "1 where train_loss lies within 0.01 of printed_loss",
        "higher",
        0.0,
    ),
    Metric(
        "loss",
        "nats",
        "mean binary cross-entropy on logits, training set, after the epoch",
        "lower",
        math.inf,
    ),
    Metric(
        "accuracy", "share", "right side of logit 0, training set, after the epoch", "higher", 0.0
    ),
    Metric(
        "initial_loss",
        "nats",
        "mean binary cross-entropy on logits, training set, before training",
        "lower",
        None,
        0.01,
    ),
    Metric(
        "initial_spread",
        "1",
        "standard deviation of the logit over the training points, before training",
        worst=None,
        tolerance=0.01,
    ),
    Metric(
        "final_spread",
        "1",
        "standard deviation of the logit over the training points, after training",
    ),
    *(
        Metric(
            f"movement_{end}",
            "1",
            f"Euclidean length of the change of the {end} kernel in"
            " training, divided by the length of where it started",
        )
        for end in ("first", "last")
    ),
    Metric("movement_ratio", "1", "movement_first divided by movement_last"),
    Metric(
        "std_rise_first",
        "1",
        "standard deviation of the first kernel's entries after training, minus that before",
    ),
    Metric("std_rise_others", "1", "the largest such rise among the other kernels"),
    Metric("std_rise_lead", "1", "std_rise_first minus std_rise_others"),
    Metric(
        "mean_moved_late",
        "1",
        "farthest that a kernel's mean gets in epochs 11 to 100 from"
        " where it is after 10, divided by the farthest that it gets in the first 10; sums"
        " over the layers in both",
    ),
    Metric("gradient_std_first", "nats", f"standard deviation {_GRADIENT}; the first layer"),
    Metric("gradient_std_last", "nats", f"standard deviation {_GRADIENT}; the output layer"),
    Metric(
        "gradient_std_typical",
        "nats",
        f"standard deviation {_GRADIENT}; geometric mean over the layers",
    ),
    Metric(
        "gradient_decay",
        "1",
        f"mean absolute value {_GRADIENT}: the output layer's divided by the first layer's",
    ),
    *(
        Metric(
            f"signed_share_{end}",
            "1",
            f"absolute value of the mean divided by the mean absolute value, {_GRADIENT}; {which}",
        )
        for end, which in (("first", "the first layer"), ("last", "the output layer"))
    ),
    *(
        Metric(
            f"gradient_left_{end}",
            "1",
            "mean absolute value of a layer's gradient, median"
            f" over the last ten records, divided by that before training; {which}",
        )
        for end, which in (("first", "the first layer"), ("last", "the output layer"))
    ),
    Metric(
        "start_gap",
        "1",
        "largest |logit minus that of the tanh network that it equals|"
        " before training, over the training points; the tanh network in NumPy float64",
    ),
    Metric(
        "fit_deviation",
        "1",
        "largest deviation of a weight from that of an unstacked"
        " network trained as its user would (Keras: model.fit), relative to its layer's largest"
        " weight; 10 epochs from the same start, data and batches",
    ),
    Metric(
        "fit_loss",
        "nats",
        "training loss of that network after the 10 epochs, as the framework evaluates it",
        "lower",
        math.inf,
    ),
    Metric(
        "fit_loss_gap",
        "nats",
        "training loss of the stacked network after 10 epochs minus fit_loss",
    ),
    Metric(
        "fit_accuracy",
        "share",
        "training accuracy of that network after the 10 epochs, as the framework evaluates it",
        "higher",
        0.0,
    ),
    Metric(
        "fit_accuracy_gap",
        "share",
        "training accuracy of the stacked network after 10 epochs minus fit_accuracy",
    ),
)
