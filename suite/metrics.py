"""The metrics registry: what every number in the CSVs means.

Columns, units, worst values and ``results/README.md`` all derive from it. A study names its
metrics in its tables; a claim may only speak of a metric that stands here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.registry import Registry
from suite.types import Array


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    ``direction``: ``higher`` or ``lower`` is better, or ``neither``. ``worst``: the value that a
    diverged run counts with. NaN: it has none, and a diverged run makes a claim about the metric
    undecided. None: divergence does not touch what was measured, which counts as it is.
    ``tolerance``: the difference below which two values count as the same when two results are
    compared.
    """

    name: str
    unit: str
    meaning: str
    direction: str = "neither"
    worst: float | None = math.nan
    tolerance: float = 0.0

    def counted(self, values: Array, diverged: Array) -> Array:
        """The values that summary and claims count: where a run diverged, the worst."""
        return values if self.worst is None else np.where(diverged, self.worst, values)

    @property
    def uncountable(self) -> bool:
        """Whether a diverged run has no value at all."""
        return self.worst is not None and math.isnan(self.worst)


_LOSS = "mean binary cross-entropy on logits"
_STATISTICS = {
    "mean": "mean",
    "std": "standard deviation (population)",
    "mean_abs": "mean absolute value",
    "rms": "root mean square",
}

METRICS = Registry(
    "metric",
    [
        # training
        Metric("train_loss", "nats", f"{_LOSS}, training set, after the last epoch",
               "lower", math.inf, 0.02),
        Metric("heldout_loss", "nats", f"{_LOSS}, held-out set, after the last epoch",
               "lower", math.inf, 0.02),
        Metric("train_accuracy", "share", "right side of logit 0, training set, after training",
               "higher", 0.0, 0.01),
        Metric("heldout_accuracy", "share", "right side of logit 0, held-out set, after training",
               "higher", 0.0, 0.01),
        Metric("initial_accuracy", "share", "right side of logit 0, training set, before training",
               "higher", None, 0.01),
        Metric("first_epoch_95", "epochs", "first epoch whose running batches, each counted before"
               " its update, hold at least 95 % right; inf when no epoch does",
               "lower", math.inf, 2.0),
        Metric("diverged_step", "steps", "first batch, from 1, whose loss is inf or NaN; inf when"
               " there is none", "higher", None, 0.0),
        *(
            Metric(f"{what}_{key}", unit, f"{text} of a layer's {what} entries (biases left out)")
            for what, unit in (("weight", "1"), ("gradient", "nats"))
            for key, text in _STATISTICS.items()
        ),
        # parity with the float64 oracle, on shared weights
        Metric("forward_error", "1", "largest deviation of a logit from the float64 oracle before"
               " training, relative to the largest logit", "lower", math.inf, 1e-5),
        Metric("loss_error", "1", "relative deviation of the training loss from the float64 oracle"
               " before training", "lower", math.inf, 1e-5),
        Metric("gradient_error", "1", "largest deviation of a gradient entry (kernels and biases)"
               " from the float64 oracle before training, relative to the largest entry of its"
               " tensor, largest over the layers", "lower", math.inf, 1e-5),
        Metric("step_error", "1", "largest deviation of a weight or bias from the float64 oracle"
               " within the first optimizer steps, relative to the largest entry of its tensor,"
               " largest over layers and steps", "lower", math.inf, 1e-5),
        Metric("first_layer_off", "layers", "the first layer, from 1, whose gradient deviates from"
               " the oracle by more than 1e-4 (relative, as in gradient_error); 0 when none does"),
        Metric("first_step_off", "steps", "the first step whose weights deviate from the oracle by"
               " more than 1e-4 (relative, as in step_error); 0 when none does"),
        # propagation: one network, Gaussian inputs, a random Gaussian cotangent, no training.
        # "Mean square" is over the units for one input, then the geometric mean over the inputs:
        # its log is the mean log that the drift of the theory speaks of.
        *(
            Metric(f"{way}_slope{end}", "nats per layer", f"{text}{more}", tolerance=0.01)
            for way, text in (
                ("forward", "change of ln(mean square) per layer, from the input to the last"
                 " activation"),
                ("backward", "change of ln(mean square of the gradient) per layer towards the"
                 " input, from the last pre-activation to the first; NaN with one layer"),
            )
            for end, more in (
                ("", ""),
                ("_predicted", "; by theory, with the finite-width drift where it is known"),
                ("_error", "; measured minus predicted"),
            )
        ),
        Metric("spread_slope", "nats per layer", "change of ln(variance over the inputs, averaged"
               " over the units) per layer, from the input to the last activation: what is left of"
               " the differences between inputs, whatever the biases add", tolerance=0.01),
        Metric("output_std", "1", "standard deviation of the last activations, over inputs and"
               " units", tolerance=0.01),
        Metric("output_std_predicted", "1", "output_std by theory", tolerance=1e-9),
        Metric("map_error", "nats", "largest |ln(measured / predicted)| over the layers, of the"
               " mean square of the pre-activations", "lower", math.inf, 0.05),
        Metric("saturated_share", "share", "units times inputs whose slope is below 1 % of the"
               " activation's steepest, in a layer (in runs: the last)", tolerance=0.01),
        Metric("zero_share", "share", "activations that are exactly 0, in a layer (in runs: the"
               " last)", tolerance=0.01),
        *(
            Metric(f"{what}_{key}", "1", f"{text} of a layer's {what}s, over inputs and units")
            for what in ("preactivation", "activation")
            for key, text in (("mean", "mean"), ("variance", "variance (population)"))
        ),
        Metric("preactivation_variance_predicted", "1", "preactivation_variance by theory"),
        Metric("activation_mean_predicted", "1", "activation_mean by theory"),
        Metric("activation_variance_predicted", "1", "activation_variance by theory"),
        Metric("activation_mean_square", "1", "mean square of a layer's activations, geometric"
               " mean over the inputs"),
        Metric("activation_mean_square_predicted", "1", "activation_mean_square by theory, with"
               " the finite-width drift where it is known"),
        Metric("activation_spread", "1", "variance of an activation over the inputs, averaged over"
               " the units of a layer"),
        Metric("gradient_norm", "1", "Euclidean norm of the gradient by a layer's pre-activations,"
               " for one input, geometric mean over the inputs"),
        Metric("gradient_variance", "1", "variance (population) of the gradient by a layer's"
               " pre-activations, over inputs and units"),
        Metric("gradient_mean_square", "1", "mean square of the gradient by a layer's"
               " pre-activations, geometric mean over the inputs; the cotangent's is 1"),
        Metric("gradient_mean_square_predicted", "1", "gradient_mean_square by theory, with the"
               " finite-width drift where it is known"),
        Metric("histogram_share", "share", "activations of a layer in a bin; the bins are 21 equal"
               " parts of -4 to 4 times the layer's root mean square, named by their centre, and"
               " the outermost hold what lies beyond"),
    ],
)  # fmt: skip
