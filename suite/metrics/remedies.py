"""The metrics of the study ``remedies``, apart from those that ``training`` has too."""

from __future__ import annotations

from suite.metrics.metric import DECADES, DENORMAL, Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "initial_gradient_norm",
        "nats",
        "Euclidean norm of the gradient with respect to all weights and"
        " biases of the dense layers, on the whole training set before training: the norm that"
        " clipping by norm limits",
        worst=None,
        tolerance=DENORMAL,
        relative=DECADES,
    ),
    Metric(
        "first_gradient_norm",
        "nats",
        "Euclidean norm of the gradient with respect to the kernel of the"
        " first hidden layer, on the whole training set before training: the gradient after its way"
        " through all other layers",
        worst=None,
        tolerance=DENORMAL,
        relative=DECADES,
    ),
)
