"""The metrics of the study ``symmetry``: how much the hidden units of a layer differ.

A unit's weights are its incoming kernel column, its bias and its outgoing kernel row. "Relative"
means relative to the largest of these weights in the layer; each metric is the largest value over
the hidden layers.
"""

from __future__ import annotations

import math

from suite.metrics.metric import ROUNDED_ZERO, ROUNDING, Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "unit_spread",
        "1",
        "largest difference between the weights of two hidden units of a"
        " layer, relative (in runs: after training)",
        tolerance=0.01,
    ),
    Metric(
        "unit_spread_roundings",
        "roundings",
        "unit_spread after the first epoch, in units of"
        " the precision's epsilon (2^-23 single, 2^-52 double)",
        "lower",
        math.inf,
        1.0,
    ),
    Metric(
        "units_equal",
        "1",
        "1 if all hidden units of a layer have bit-identical weights after training, 0 if not",
        tolerance=0.5,
    ),
    Metric(
        "broken_epoch",
        "epochs",
        "first recorded epoch at which unit_spread exceeds 0.01; inf if there is none",
        "neither",
        math.inf,
        10.0,
    ),
    Metric(
        "input_spread",
        "1",
        "largest difference between the weights of one hidden unit for two"
        " inputs, first layer, after training, relative",
        tolerance=0.01,
    ),
    Metric(
        "unit_rank",
        "units",
        "number of singular values of the first hidden layer's matrix of unit"
        " weights above 1 % of the largest, after training",
        tolerance=0.5,
    ),
    Metric(
        "hidden_gradient",
        "nats",
        "largest absolute gradient before training, over all weights"
        " and biases except the output bias",
        tolerance=1e-9,
    ),
    Metric(
        "output_bias_gradient",
        "nats",
        "absolute gradient of the output bias before training",
        tolerance=1e-9,
    ),
    Metric(
        "largest_weight",
        "1",
        "largest absolute weight or bias after training, except the output bias",
        tolerance=1e-9,
    ),
    Metric(
        "merged_gap",
        "1",
        "largest deviation of a training logit, after training, from the"
        " network in which each hidden layer is one unit (mean of the incoming, sum of the"
        " outgoing weights; NumPy float64), relative to the largest logit",
        tolerance=ROUNDING,
    ),
    Metric(
        "one_unit_gap",
        "1",
        "largest deviation of a training logit, at any recorded epoch,"
        " from the network of width 1 that is trained from the merged start (each kernel"
        " entry times the square root of its number of copies), relative to the largest"
        " logit; measured in double precision if that root is a whole number",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "permuted_gap",
        "1",
        "largest deviation of a weight, after training, from the network"
        " trained with its hidden units permuted and then put back in order, relative to the"
        " largest weight of its layer",
        tolerance=ROUNDING,
    ),
)
