"""The plain training loop in Flax and Optax that a member of a stack is compared with.

Written as a user writes it: modules, ``nnx.value_and_grad``, ``nnx.Optimizer``, one network and one
batch at a time, and every choice of a task by the call that Flax and Optax document for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from suite.types import Array, TrainTask
from tests.support.framework_tasks import BATCH, POINTS, WIDTH, Values

STEPS = 3
"""Batches in an epoch."""
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda factor: optax.sgd(factor(0.1)),
    "sgd(0.03, 0.9)": lambda factor: optax.sgd(factor(0.03), momentum=0.9),
    "rmsprop": lambda factor: optax.rmsprop(factor(0.001), decay=0.9, eps=1e-7),
    "rmsprop(0.01, 0.8, 0.001, 0.5)": lambda factor: optax.rmsprop(
        factor(0.01), decay=0.8, eps=0.001, momentum=0.5
    ),
    "adam": lambda factor: optax.adam(factor(0.001), b1=0.9, b2=0.999, eps=1e-7),
    "adam(0.01, 0.8, 0.99, 0.001)": lambda factor: optax.adam(
        factor(0.01), b1=0.8, b2=0.99, eps=0.001
    ),
}
NORMALIZATIONS: dict[str, Callable[..., Any]] = {
    "batch": lambda **more: nnx.BatchNorm(WIDTH, epsilon=1e-5, momentum=0.9, **more),
    "layer": lambda **more: nnx.LayerNorm(WIDTH, epsilon=1e-5, **more),
}
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "binary": optax.sigmoid_binary_cross_entropy,
    "categorical": optax.softmax_cross_entropy_with_integer_labels,
    "squared": optax.squared_error,
}
CLIPPING: dict[str, Callable[[], Any]] = {
    "none": optax.identity,
    "norm(0.25)": lambda: optax.clip_by_global_norm(0.25),
    "value(0.02)": lambda: optax.clip(0.02),
}
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "constant": lambda step: 1.0,
    "step(2, 0.3)": lambda step: 0.3 ** (step // STEPS // 2),
    "step(1, 0.3)": lambda step: 0.3 ** (step // STEPS),
    "exponential(0.6)": lambda step: 0.6 ** (step // STEPS),
}
"""The factor of the learning rate at a step, from 0."""


class Block(nnx.Module):
    """A hidden layer whose input is added to its scaled output."""

    def __init__(self, factor: float, inner: Any) -> None:
        self.factor, self.inner = factor, inner

    def __call__(self, x: Any) -> Any:
        return x + self.factor * self.inner(x)


def train_alone(task: TrainTask, member: int) -> Values:
    """Train one member alone by the plain loop, and return what ``values`` takes from a stack."""
    with jax.enable_x64(task.precision == "double"):
        return _train_alone(task, member)


def _train_alone(task: TrainTask, member: int) -> Values:
    model, denses = build(task, member)
    dtype = jnp.float64 if task.precision == "double" else jnp.float32
    factor = SCHEDULES[task.schedule]
    rated = OPTIMIZERS[task.optimizer](lambda rate: lambda step: rate * factor(step))
    transformation = optax.chain(CLIPPING[task.clipping](), rated)
    optimizer = nnx.Optimizer(model, transformation, wrt=nnx.Param)

    def data(inputs: Array, labels: Array) -> tuple[Any, Any]:
        y = jnp.asarray(labels[member], jnp.int32 if task.loss == "categorical" else dtype)
        return jnp.asarray(inputs[member], dtype), y

    def loss_of(model: Any, x: Any, y: Any) -> Any:
        logits = model(x)
        logits = logits if task.loss == "categorical" else logits[:, 0]
        return LOSSES[task.loss](logits, y).mean(), logits

    def right(logits: Any, y: Any) -> int:
        if task.loss == "squared":
            return 0
        side = logits.argmax(1) if task.loss == "categorical" else logits > 0
        return int((side == y).sum())

    inputs, labels = data(task.inputs, task.labels)
    batch_loss, batch_correct = [], []
    gradient = nnx.value_and_grad(loss_of, has_aux=True)
    model.train()
    for epoch in range(1, task.record[-1] + 1):
        chosen = task.order(epoch)[member]
        for start in range(0, POINTS, BATCH):
            rows = chosen[start : start + BATCH]
            (loss, logits), gradients = gradient(model, inputs[rows], labels[rows])
            optimizer.update(model, gradients)
            batch_loss.append(float(loss))
            batch_correct.append(right(logits, labels[rows]))
    values = {"batch_loss": np.array(batch_loss), "batch_correct": np.array(batch_correct)}
    model.eval()
    for prefix, (x, y) in (
        ("", (inputs, labels)),
        ("heldout_", data(task.heldout_inputs, task.heldout_labels)),
    ):
        loss, logits = loss_of(model, x, y)
        values[f"{prefix}logits"], values[f"{prefix}loss"] = np.asarray(logits), np.asarray(loss)
    model.train()
    for _, module in nnx.iter_modules(model):
        if isinstance(module, nnx.Dropout):
            module.deterministic = True
    if task.gradients_on == "batch":
        first = task.order(task.record[-1] + 1)[member, : task.batch]
        inputs, labels = inputs[first], labels[first]
    kernels = [np.asarray(dense.kernel[...]) for dense in denses]
    biases = [np.asarray(dense.bias[...]) for dense in denses]
    _, gradients = gradient(model, inputs, labels)
    flat = {path: np.asarray(value[...]) for path, value in nnx.to_flat_state(gradients)}
    paths = {id(module): path for path, module in nnx.iter_modules(model)}
    for layer, dense in enumerate(denses):
        path = paths[id(dense)]
        values[f"kernel {layer}"], values[f"bias {layer}"] = kernels[layer], biases[layer]
        both = (flat[(*path, "kernel")], flat[(*path, "bias")])
        values[f"gradient {layer}"] = np.vstack(both)
    return values


def build(task: TrainTask, member: int) -> tuple[Any, list[Any]]:
    """Return the network of one member with its first weights, and its dense layers."""
    model = task.architecture
    more = {"param_dtype": jnp.float64 if task.precision == "double" else jnp.float32}
    states = np.random.SeedSequence(task.noise[member]).generate_state(model.depth) >> 1
    layers: list[Any] = []
    denses = []
    for layer, (kernel, bias) in enumerate(task.weights):
        dense = nnx.Linear(*kernel.shape[1:], rngs=nnx.Rngs(1), **more)
        dense.kernel[...] = jnp.asarray(kernel[member], more["param_dtype"])
        dense.bias[...] = jnp.asarray(bias[member], more["param_dtype"])
        denses.append(dense)
        if layer == model.depth:
            layers.append(dense)
            continue
        hidden = [dense]
        if model.normalization != "none":
            hidden.append(NORMALIZATIONS[model.normalization](rngs=nnx.Rngs(1), **more))
        hidden.append({"tanh": jnp.tanh, "relu": jax.nn.relu}[model.activation])
        if model.dropout:
            hidden.append(nnx.Dropout(model.dropout, rngs=nnx.Rngs(int(states[layer]))))
        if model.residual and layer > 0:
            layers.append(Block(model.residual, nnx.Sequential(*hidden)))
        else:
            layers += hidden
    network = nnx.Sequential(*layers)
    for _, module in nnx.iter_modules(network):
        if isinstance(module, nnx.BatchNorm) and task.precision == "double":
            module.mean = nnx.BatchStat(module.mean[...].astype(jnp.float64))
            module.var = nnx.BatchStat(module.var[...].astype(jnp.float64))
    return network, denses
