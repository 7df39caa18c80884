"""The metrics of the study ``remedies`` that ``training`` does not have."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "initial_gradient_norm",
        "nats",
        "Euclidean norm of the gradient by all weights and"
        " biases of the dense layers, on the whole training set before training: what clipping"
        " by norm looks at",
        worst=None,
        tolerance=0.01,
    ),
    Metric(
        "first_gradient_norm",
        "nats",
        "Euclidean norm of the gradient by the kernel of the"
        " first hidden layer, on the whole training set before training: what reaches it through"
        " all others",
        worst=None,
        tolerance=0.01,
    ),
)
