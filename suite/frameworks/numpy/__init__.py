"""The oracle: the same tasks in NumPy float64, slow and obvious, with every gradient by hand.

It trains multilayer perceptrons without normalization, dropout and residual connections, with
binary cross-entropy and the optimizers' formulas in the form of Keras; for anything else it raises
Unsupported. The leading axis K is the batch axis of matrix products and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from suite.catalogue import activations, initializers, optimizers
from suite.catalogue.frameworks import Formulas
from suite.catalogue.optimizers import Step
from suite.frameworks import probe
from suite.types import (
    Architecture,
    Array,
    Layer,
    LayerSignals,
    P,
    Snapshot,
    TrainTask,
    Unsupported,
    Weights,
    float64,
)

FORM: Formulas = "keras"
"""The form of the oracle's optimizers, as its entry in the table of frameworks says."""

# A member that diverges becomes inf or NaN, which is its result. The warnings are off within
# single functions: set around a generator, they would be off for its caller too.
_quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")


class Numpy:
    """The float64 oracle."""

    name = "numpy"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Evaluate the definition, and round to the precision of ``points``."""
        resolved = activations.resolve(activation)
        precision = np.asarray(points).dtype
        return resolved.value(points).astype(precision), resolved.slope(points).astype(precision)

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw the kernel by the NumPy law, float64, with a bias of zeros.

        Raises Unsupported for ``default``, which has no law here.
        """
        rng = np.random.default_rng(seed)
        return initializers.resolve(initializer).draw(rng, fan_in, fan_out), np.zeros(fan_out)

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, which are in ``probes/``."""
        return probe(self.name, topic)

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Go forward and backward through the network of each activation, one after the other."""
        return [_propagate(name, weights, inputs, cotangent) for name in names]

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train all members by the formulas below.

        Raises Unsupported for what the oracle does not have, named at the head of this file.
        """
        _check(task)
        name = task.architecture.activation
        inputs, labels = float64(task.inputs), float64(task.labels)
        heldout_inputs, heldout_labels = float64(task.heldout_inputs), float64(task.heldout_labels)
        weights = tuple((float64(kernel), float64(bias)) for kernel, bias in task.weights)
        optimizer = optimizers.resolve(task.optimizer)
        steps = [(optimizer.step(FORM), optimizer.step(FORM)) for _ in weights]
        members, points = labels.shape
        losses: list[Array] = []
        correct: list[Array] = []
        for epoch in range(task.record[-1] + 1):
            if epoch > 0:
                order = task.order(epoch)
                for start in range(0, points, task.batch):
                    chosen = order[:, start : start + task.batch]
                    x = np.take_along_axis(inputs, chosen[:, :, None], axis=1)
                    y = np.take_along_axis(labels, chosen, axis=1)
                    z = forward(name, weights, x)
                    losses.append(cross_entropy(z, y))
                    correct.append(np.sum((z > 0) == (y > 0.5), axis=1))
                    weights = _step(weights, gradient(name, weights, x, y), steps)
            if epoch in task.record:
                x, y = inputs, labels
                if task.gradients_on == "batch":
                    chosen = task.order(epoch + 1)[:, : task.batch]
                    x = np.take_along_axis(inputs, chosen[:, :, None], axis=1)
                    y = np.take_along_axis(labels, chosen, axis=1)
                logits = forward(name, weights, inputs)
                heldout_logits = forward(name, weights, heldout_inputs)
                yield Snapshot(
                    epoch=epoch,
                    weights=weights,
                    gradients=gradient(name, weights, x, y),
                    loss=cross_entropy(logits, labels),
                    heldout_loss=cross_entropy(heldout_logits, heldout_labels),
                    logits=logits,
                    heldout_logits=heldout_logits,
                    batch_loss=np.reshape(losses, (-1, members)),
                    batch_correct=np.reshape(correct, (-1, members)),
                )
                losses, correct = [], []


_ALLOWED = {
    "settings": ("common",),
    "loss": ("binary",),
    "clipping": ("none",),
    "schedule": ("constant",),
    "precision": ("single", "double"),  # of the task's numbers: here all are double
    "gradients_on": ("all", "batch"),
}


def _check(task: TrainTask) -> None:
    model: Architecture = task.architecture
    if model.normalization != "none" or model.dropout or model.outputs != 1 or model.residual:
        raise Unsupported(
            "the NumPy oracle trains networks with one output, without normalization, dropout and"
            f" residual connections; given: outputs={model.outputs},"
            f" normalization={model.normalization!r}, dropout={model.dropout},"
            f" residual={model.residual}"
        )
    for name, allowed in _ALLOWED.items():
        given = getattr(task, name)
        if given not in allowed:
            raise Unsupported(
                f"the NumPy oracle has no {name} {given!r} of its own"
                f" (allowed: {', '.join(allowed)})"
            )


# --- the network and its gradient --------------------------------------------------------------


@_quiet
def _propagate(activation: str, weights: Weights, inputs: Array, cotangent: Array) -> LayerSignals:
    """Go forward and backward through one network, layer by layer."""
    function = activations.resolve(activation)
    hidden = [float64(inputs)]
    before = []
    for kernel, bias in weights:
        before.append(hidden[-1] @ float64(kernel) + float64(bias))
        hidden.append(function.value(before[-1]))
    gradients = []
    flowing = float64(cotangent)
    for (kernel, _), z in zip(reversed(weights), reversed(before), strict=True):
        gradients.append(flowing * function.slope(z))
        flowing = gradients[-1] @ float64(kernel).T
    return LayerSignals(before, hidden[1:], gradients[::-1])


@_quiet
def forward(activation: str, weights: Weights, inputs: Array) -> Array:
    """Return the logits (K, n) of K networks, each on its own inputs (K, n, features)."""
    function = activations.resolve(activation)
    hidden = inputs
    for kernel, bias in weights[:-1]:
        hidden = function.value(hidden @ kernel + bias[:, None, :])
    kernel, bias = weights[-1]
    return np.asarray((hidden @ kernel + bias[:, None, :])[:, :, 0])


@_quiet
def cross_entropy(logits: Array, labels: Array) -> Array:
    """Return the mean binary cross-entropy in nats, (K,), of logits and labels (K, n).

    -y log s(z) - (1 - y) log(1 - s(z)) with s the sigmoid, which is softplus(z) - y z.
    """
    softplus = activations.resolve("softplus").value
    return np.asarray(np.mean(softplus(logits) - labels * logits, axis=1))


@_quiet
def gradient(activation: str, weights: Weights, inputs: Array, labels: Array) -> Weights:
    """Return the gradient of ``cross_entropy`` by every kernel and bias, by the chain rule."""
    function = activations.resolve(activation)
    hidden = [inputs]
    before = []
    for kernel, bias in weights[:-1]:
        before.append(hidden[-1] @ kernel + bias[:, None, :])
        hidden.append(function.value(before[-1]))
    kernel, bias = weights[-1]
    logits = (hidden[-1] @ kernel + bias[:, None, :])[:, :, 0]
    error = activations.resolve("sigmoid").value(logits) - labels
    delta = (error / labels.shape[1])[:, :, None]  # (K, n, units): by the pre-activation
    gradients = []
    for layer in reversed(range(len(weights))):
        gradients.append((hidden[layer].swapaxes(1, 2) @ delta, delta.sum(axis=1)))
        if layer > 0:
            kernel = weights[layer][0]
            delta = (delta @ kernel.swapaxes(1, 2)) * function.slope(before[layer - 1])
    return tuple(reversed(gradients))


# --- a step ----------------------------------------------------------------------------


@_quiet
def _step(weights: Weights, gradients: Weights, steps: list[tuple[Step, Step]]) -> Weights:
    """Return the weights after a step of each layer's optimizers, of its kernel and its bias."""
    return tuple(
        (kernel - kernel_step(by_kernel), bias - bias_step(by_bias))
        for (kernel, bias), (by_kernel, by_bias), (kernel_step, bias_step) in zip(
            weights, gradients, steps, strict=True
        )
    )
