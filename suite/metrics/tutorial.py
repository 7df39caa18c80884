"""The metrics of the study ``tutorial``: its printed numbers, and its networks during training.

Gradients are those of the training loss on the first batch of an epoch, before the update, as
the tutorial records them.
"""

from __future__ import annotations

import math

from suite.metrics.metric import ROUNDED_ZERO, ROUNDING, Metric

_GRADIENT = "of a layer's gradient, median over the epochs"

METRICS: tuple[Metric, ...] = (
    Metric(
        "printed_accuracy",
        "share",
        "training accuracy that the tutorial prints for this network",
        worst=None,
    ),
    Metric(
        "accuracy_over_print",
        "share",
        "train_accuracy minus printed_accuracy; the share of"
        " seeds below 0 is the percentile of the printed value",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "within_print",
        "0 or 1",
        "1 if train_accuracy is within 0.01 of printed_accuracy, else 0",
        "higher",
        0.0,
    ),
    Metric(
        "printed_again",
        "share",
        "training accuracy that the tutorial prints for a second run of this network",
        worst=None,
    ),
    Metric(
        "within_print_again",
        "0 or 1",
        "1 if train_accuracy is within 0.01 of printed_again, else 0",
        "higher",
        0.0,
    ),
    Metric(
        "printed_loss",
        "nats",
        "training loss that the tutorial prints for this network",
        worst=None,
    ),
    Metric("loss_over_print", "nats", "train_loss minus printed_loss", tolerance=ROUNDED_ZERO),
    Metric(
        "loss_within_print",
        "0 or 1",
        "1 if train_loss is within 0.01 of printed_loss, else 0",
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
        "accuracy",
        "share",
        "share of the points on the right side of logit 0, training set, after the epoch",
        "higher",
        0.0,
    ),
    Metric(
        "initial_loss",
        "nats",
        "mean binary cross-entropy on logits, training set, before training",
        worst=None,
        tolerance=0.01,
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
        tolerance=ROUNDED_ZERO,
    ),
    *(
        Metric(
            f"movement_{end}",
            "1",
            f"Euclidean norm of the change of the {end} kernel in training, divided by its norm at"
            " the start",
        )
        for end in ("first", "last")
    ),
    Metric("movement_ratio", "1", "movement_first divided by movement_last"),
    Metric(
        "std_rise_first",
        "1",
        "standard deviation of the first kernel's entries after training, minus that before",
    ),
    Metric(
        "std_rise_others",
        "1",
        "largest such increase of the standard deviation among the other kernels",
    ),
    Metric("std_rise_lead", "1", "std_rise_first minus std_rise_others"),
    Metric(
        "mean_moved_late",
        "1",
        "largest distance of a kernel's mean in epochs 11 to 100 from its value after epoch 10,"
        " over its largest distance in epochs 1 to 10 from its start; both summed over the layers",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "gradient_std_first",
        "nats",
        f"standard deviation {_GRADIENT}, in the first layer",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "gradient_std_last",
        "nats",
        f"standard deviation {_GRADIENT}, in the output layer",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "gradient_std_typical",
        "nats",
        f"standard deviation {_GRADIENT}, geometric mean over the layers",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "gradient_decay",
        "1",
        f"mean absolute value {_GRADIENT}, in the output layer divided by that in the first layer",
    ),
    *(
        Metric(
            f"signed_share_{end}",
            "1",
            f"|mean| divided by the mean absolute value {_GRADIENT}, in {layer}",
        )
        for end, layer in (("first", "the first layer"), ("last", "the output layer"))
    ),
    *(
        Metric(
            f"gradient_left_{end}",
            "1",
            f"mean absolute value of the gradient of {layer}, median"
            " over the last ten records, divided by that before training",
            tolerance=ROUNDED_ZERO,
        )
        for end, layer in (("first", "the first layer"), ("last", "the output layer"))
    ),
    Metric(
        "start_gap",
        "1",
        "largest difference of a training logit before training from that of the equivalent tanh"
        " network, computed in NumPy float64",
        tolerance=ROUNDING,
    ),
    Metric(
        "fit_deviation",
        "1",
        "largest deviation of a weight from that of an unstacked"
        " network trained as a user would train it (in Keras with model.fit), relative to the"
        " largest weight of its layer, after 10 epochs from the same start, data and batches",
    ),
    Metric(
        "fit_loss",
        "nats",
        "training loss of the unstacked network of fit_deviation, evaluated by the framework",
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
        "training accuracy of the unstacked network of fit_deviation, evaluated by the framework",
        "higher",
        0.0,
    ),
    Metric(
        "fit_accuracy_gap",
        "share",
        "training accuracy of the stacked network after 10 epochs minus fit_accuracy",
    ),
)
