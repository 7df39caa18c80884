"""The defaults of the frameworks: one number for each default in which they may differ.

It is read from, measured on, or drawn by an object that the framework makes without arguments.
Nothing is trained.

The epsilon of a normalization layer is measured: the layer gets x = 1e-4 and -x, of mean 0 and mean
square x^2, and returns y = x / sqrt(x^2 + epsilon), so that epsilon = (x / y)^2 - x^2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from suite import seeds
from suite.probes.defaults import DefaultNumbers
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.types import (
    BLOCK,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    Table,
    TableSpec,
)

ACTIVATIONS: Mapping[str, str] = {
    "leaky_relu.layer": "leaky ReLU as a layer: slope below 0",
    "leaky_relu.function": "leaky ReLU as a function: slope below 0",
    "prelu.start": "PReLU: slope below 0 before training",
    "elu.layer": "ELU as a layer: alpha",
    "elu.function": "ELU as a function: alpha",
    "gelu.function": "GELU at 2 (exact form 1.95450, tanh form 1.95460)",
    "hard_sigmoid.slope": "hard sigmoid: slope at 0",
    "relu.slope_at_0": "ReLU: slope at 0",
    "selu.slope_at_0": "SELU: slope at 0",
    "softplus.at_21": "softplus(21) - 21, in double precision",
}
LAYERS: Mapping[str, str] = {
    "batch_norm.epsilon": "batch norm: epsilon, in single precision",
    "batch_norm.keep": "batch norm: share of the old value in a running mean",
    "batch_norm.running_variance": "batch norm: running over actual variance, after a batch of 2",
    "layer_norm.epsilon": "layer norm: epsilon, in single precision",
    "group_norm.epsilon": "group norm: epsilon, in single precision",
    "rms_norm.epsilon": "RMS norm: epsilon, in single precision",
    "cross_entropy.at_0": "binary cross-entropy where the true class has probability 0 (nats)",
}
EPSILONS: Mapping[str, str] = {
    f"{norm}_norm.epsilon_{precision}": f"{words} norm: epsilon, in {precision} precision"
    for norm, words in (("batch", "batch"), ("layer", "layer"), ("group", "group"), ("rms", "RMS"))
    for precision in ("double", "half")
}
DRAWN: Mapping[str, str] = {
    "embedding.std": "embedding: standard deviation of the entries",
    "lstm.forget_bias": "LSTM: mean bias of the forget gate",
    "lstm.recurrent_gain": "LSTM: units times mean square of the recurrent kernel",
    "lstm.input_gain": "LSTM: inputs (as many as units) times mean square of the input kernel",
    "lstm.bias_std": "LSTM: root mean square of the biases but the forget gate's",
    "gru.recurrent_gain": "GRU: units times mean square of the recurrent kernel",
    "gru.bias_std": "GRU: root mean square of the biases",
    "attention.query_gain": "attention: units times mean square of the query kernel",
    "attention.output_gain": "attention: units times mean square of the output kernel",
    "depthwise.gain": "depthwise 3x3 convolution: 9 times mean square of the kernel",
}
OPTIMIZERS: Mapping[str, str] = {
    "sgd.learning_rate": "SGD: learning rate",
    "sgd.momentum": "SGD: momentum",
    "rmsprop.learning_rate": "RMSprop: learning rate",
    "rmsprop.rho": "RMSprop: share of the old value in the running square",
    "rmsprop.epsilon": "RMSprop: epsilon",
    "adam.learning_rate": "Adam: learning rate",
    "adam.beta_1": "Adam: beta 1",
    "adam.beta_2": "Adam: beta 2",
    "adam.epsilon": "Adam: epsilon",
    "adamw.weight_decay": "AdamW: weight decay",
    "adagrad.learning_rate": "Adagrad: learning rate",
    "adagrad.accumulator": "Adagrad: initial sum of squares",
    "adagrad.epsilon": "Adagrad: epsilon",
    "adadelta.learning_rate": "Adadelta: learning rate",
    "adadelta.rho": "Adadelta: share of the old value in the running squares",
    "adadelta.epsilon": "Adadelta: epsilon",
}
CLIPPING: Mapping[str, str] = {
    "clip_norm.first": "clipping by norm 1 (clipnorm, clip_grad_norm_): (3, 0) beside (0, 4)",
    "clip_norm.second": "clipping by norm 1 (clipnorm, clip_grad_norm_): (0, 4) beside (3, 0)",
    "clip_network.first": "clipping by the common norm (global_clipnorm, clip_grad_norm_): (3, 0)",
    "clip_network.second": "clipping by the common norm (global_clipnorm, clip_grad_norm_): (0, 4)",
    "clip_value.first": "clipping by value 1: (3, 0) beside (0, 4)",
}
"""The nonzero entries of two gradients, (3, 0) and (0, 4) of different parameters, after clipping.
Clipping each by its own norm gives 1 and 1, both by their common norm 5 gives 0.6 and 0.8.
"""
RARE: Mapping[str, str] = {
    "adamax.learning_rate": "Adamax: learning rate",
    "adamax.epsilon": "Adamax: epsilon",
    "nadam.learning_rate": "Nadam: learning rate",
    "nadam.epsilon": "Nadam: epsilon",
}
CASES: Mapping[str, str] = {
    **ACTIVATIONS,
    **LAYERS,
    **EPSILONS,
    **DRAWN,
    **OPTIMIZERS,
    **CLIPPING,
    **RARE,
}
"""Every case, and what its number means."""


class Defaults(Study):
    """The defaults of activations, layers, initial draws, optimizers and clipping, a number
    each."""

    name = "defaults"
    position = 250
    gate = True
    question = "Where do the frameworks differ when a user sets nothing?"
    source = "the frameworks' signatures and documentation"
    axes = ("framework", "case")
    within = ("case",)
    tables = (TableSpec("runs", ("default_value",)),)

    def grids(self, profile: str) -> tuple[Grid, ...]:
        made = (*ACTIVATIONS, *LAYERS, *EPSILONS)
        quick = Grid({"case": (*made, *OPTIMIZERS, *CLIPPING, *RARE)}, seeds=1)
        drawn = Grid({"case": tuple(DRAWN)}, seeds=BLOCK)
        read = (*ACTIVATIONS, *LAYERS, *OPTIMIZERS, *CLIPPING, *EPSILONS, *RARE)
        standard = Grid({"case": read}, seeds=1)
        full = Grid({"case": tuple(key for key in CASES if key not in DRAWN)}, seeds=1)
        return {"quick": (quick,), "standard": (standard, drawn), "full": (full, drawn)}[profile]

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (DefaultNumbers.value,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        probe = lab.framework.probe(DefaultNumbers).value

        def value(member: Member) -> float:
            case = member.cell.text("case")
            seed = seeds.integer(
                lab.root, "made", seed=member.seed, case=case, framework=stack.framework
            )
            return float(probe(case, seed))

        values = np.array([value(member) for member in stack.members])
        runs = Table("runs", {}, {"default_value": values})
        return measurement(reasons(np.isfinite(values), "the default is inf or NaN"), [runs])

    def cost(self, stack: Stack) -> Cost:
        return Cost(1.0 + 0.01 * len(stack.members), costs.WORKER)


STUDY = Defaults()
