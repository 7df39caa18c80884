"""K networks of one architecture as one computation.

``jax.vmap`` stacks what a user of Flax and Optax writes for one network: a ``lax.scan`` over its
batches, with the model, the optimizer's state and, where there is dropout, the random keys in the
loop. So each member has its own gradient, clipping and state, and one that diverges touches no
other. An epoch is one program, compiled by ``jax.jit``.

This file decides what is traced (``Program``, which stacks of the same shape share, because
compiling takes longer than many an epoch), where the keys of dropout come from, and that a
snapshot goes through the members in pieces of bounded memory.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx
from jax import lax

from suite.frameworks.jax import rules
from suite.frameworks.jax.layers import PRECISIONS, Network, in_precision, network
from suite.frameworks.timing import clock
from suite.types import Architecture, Array, Snapshot, TrainTask, Weights

_PIECE = 2**22
"""Hidden values per piece of a snapshot: some 50 MB with their gradients."""

Tree = Any
"""A pytree of JAX arrays."""


@dataclass(frozen=True)
class _Choices:
    """What a program depends on, beside the shapes of its arguments."""

    architecture: Architecture
    optimizer: str
    settings: str
    loss: str
    clipping: str
    schedule: str
    precision: str
    batch: int
    points: int
    piece: int
    on_batch: bool


class Program:
    """The functions of one network, mapped over the members and compiled.

    The state of a stack is (parameters, other variables of the model, optimizer), each leaf with a
    leading axis K.
    """

    def __init__(self, choices: _Choices) -> None:
        self.choices = choices
        self.loss = rules.choose("loss", choices.loss, rules.LOSSES)
        self.dtype = PRECISIONS[choices.precision]
        with in_precision(choices.precision):
            made = network(choices.architecture, choices.settings, choices.precision)
            steps = -(-choices.points // choices.batch)
            self.optimizer = rules.optimizer(
                choices.optimizer, choices.settings, choices.clipping, choices.schedule, steps
            )
            made.model.train()
            self.training, self.parameters, self.others = nnx.split(made.model, nnx.Param, ...)
            for layer in made.dropout:
                layer.deterministic = True
            self.still = nnx.split(made.model, nnx.Param, ...)[0]
            made.model.eval()
            self.inference = nnx.split(made.model, nnx.Param, ...)[0]
        self.dense, self.keys = _places(made)
        self._functions = {
            "start": jax.jit(jax.vmap(self.optimizer.init)),
            "epoch": jax.jit(jax.vmap(self._epoch), donate_argnums=0),
            "measured": jax.jit(self._pieces),
        }
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def compiled(self, name: str, *arguments: Tree) -> Any:
        """Return the executable of a function for arguments of these shapes: ``start`` of an
        optimizer, ``epoch``, or what is ``measured`` for a snapshot."""
        leaves = jax.tree.leaves(arguments)
        key = (name, *((value.shape, str(value.dtype)) for value in leaves))
        if key not in self._compiled:
            with clock("compile"):
                self._compiled[key] = self._functions[name].lower(*arguments).compile()
        return self._compiled[key]

    # --- one network ---------------------------------------------------------------------------

    def _loss(
        self, parameters: Tree, others: Tree, x: Tree, y: Tree, graph: Any
    ) -> tuple[Tree, tuple[Tree, Tree]]:
        """Return the mean loss, and (outputs, other variables afterwards)."""
        model = nnx.merge(graph, parameters, others, copy=True)
        outputs = model(x)
        if not self.loss.classes:
            outputs = outputs[:, 0]
        loss = self.loss.each(outputs, y).mean()
        return loss, (outputs, nnx.split(model, nnx.Param, ...)[2])

    def _step(self, state: Tree, batch: tuple[Tree, Tree]) -> tuple[Tree, tuple[Tree, Tree]]:
        """Train on one batch, in the form that ``lax.scan`` takes; return the loss and the number
        of correct answers before the update."""
        parameters, others, memory = state
        x, y = batch
        gradient = jax.value_and_grad(self._loss, has_aux=True)
        (loss, (outputs, others)), gradients = gradient(parameters, others, x, y, self.training)
        updates, memory = self.optimizer.update(gradients, memory, parameters)
        parameters = optax.apply_updates(parameters, updates)
        return (parameters, others, memory), (loss, self.loss.right(outputs, y).sum())

    def _epoch(self, state: Tree, x: Tree, y: Tree, order: Tree) -> tuple[Tree, Tree, Tree]:
        """Train for one epoch; return the state, and losses and correct answers (steps,)."""
        x, y = x[order], y[order]
        batch, points = self.choices.batch, self.choices.points
        full = points - points % batch
        seen: list[tuple[Tree, Tree]] = []
        if full:
            batches = [values[:full].reshape(-1, batch, *values.shape[1:]) for values in (x, y)]
            state, results = lax.scan(self._step, state, tuple(batches))
            seen.append(results)
        if full < points:
            state, (loss, right) = self._step(state, (x[full:], y[full:]))
            seen.append((loss[None], right[None]))
        losses, rights = (jax.numpy.concatenate(parts) for parts in zip(*seen, strict=True))
        return state, losses, rights

    def _measure(self, member: Mapping[str, Tree]) -> tuple[Tree, ...]:
        """Return loss and logits on both sets, and the gradients of the dense layers' weights."""
        parameters, others = member["parameters"], member["others"]
        results: list[Tree] = []
        for x, y in (member["heldout"], member["data"]):
            loss, (outputs, _) = self._loss(parameters, others, x, y, self.inference)
            results = [loss, outputs, *results]
        if self.choices.on_batch:
            x, y = x[member["rows"]], y[member["rows"]]
        gradients, _ = jax.grad(self._loss, has_aux=True)(parameters, others, x, y, self.still)
        return (*results, self.of_dense(gradients))

    # --- the members -----------------------------------------------------------------------------

    def _pieces(self, members: Mapping[str, Tree]) -> tuple[Tree, ...]:
        result: tuple[Tree, ...] = lax.map(self._measure, members, batch_size=self.choices.piece)
        return result

    def of_dense(self, parameters: Tree) -> list[Tree]:
        """Return kernel, bias, kernel, bias ... of the dense layers from a state of parameters."""
        flat = dict(nnx.to_flat_state(parameters))
        return [flat[(*path, name)][...] for path in self.dense for name in ("kernel", "bias")]


def _places(made: Network) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the paths of the dense layers, and those of the dropout layers' keys."""
    paths = {id(module): path for path, module in nnx.iter_modules(made.model)}
    dense = [paths[id(layer)] for layer in made.dense]
    return dense, [(*paths[id(layer)], "rngs", "key") for layer in made.dropout]


@functools.lru_cache(maxsize=8)
def _program(choices: _Choices) -> Program:
    return Program(choices)


class Stack:
    """The K networks of a task while they are trained."""

    def __init__(self, task: TrainTask) -> None:
        self.task = task
        self.members, points, _ = task.inputs.shape
        rules.choose("precision", task.precision, PRECISIONS)
        architecture = task.architecture
        self.program = _program(
            _Choices(
                architecture,
                task.optimizer,
                task.settings,
                task.loss,
                task.clipping,
                task.schedule,
                task.precision,
                task.batch,
                points,
                max(1, _PIECE // (points * architecture.width * (architecture.depth + 1))),
                rules.choose("gradients_on", task.gradients_on, rules.GRADIENTS_ON),
            )
        )
        with in_precision(task.precision):
            parameters = self._parameters()
            self.state = (
                parameters,
                self._others(),
                self.program.compiled("start", parameters)(parameters),
            )
            self.data = self._tensors(task.inputs, task.labels)
            self.heldout = self._tensors(task.heldout_inputs, task.heldout_labels)
        self.batch_loss: list[Array] = []
        self.batch_correct: list[Array] = []

    def _tensors(self, inputs: Array, labels: Array) -> tuple[Tree, Tree]:
        kind = np.int32 if self.program.loss.classes else self.program.dtype
        return jax.numpy.asarray(inputs, self.program.dtype), jax.numpy.asarray(labels, kind)

    def _repeated(self, value: Tree) -> Tree:
        return jax.numpy.repeat(value[None], self.members, axis=0)

    def _parameters(self) -> Tree:
        """Return the parameters: the task's kernels and biases, and the others as Flax starts
        them."""
        flat = dict(nnx.to_flat_state(jax.tree.map(self._repeated, self.program.parameters)))
        for path, layer in zip(self.program.dense, self.task.weights, strict=True):
            for name, values in zip(("kernel", "bias"), layer, strict=True):
                place = (*path, name)
                flat[place] = flat[place].replace(jax.numpy.array(values, dtype=self.program.dtype))
        return nnx.from_flat_state(flat)

    def _others(self) -> Tree:
        """Return the variables that are not trained; each member and dropout layer has a key of
        its own, split from the member's seed by NumPy's SeedSequence."""
        keys = self.program.keys
        flat = dict(nnx.to_flat_state(jax.tree.map(self._repeated, self.program.others)))
        seeds = [np.random.SeedSequence(n).generate_state(len(keys)) >> 1 for n in self.task.noise]
        for layer, place in enumerate(keys):
            own = jax.vmap(_mask_key)(np.array([states[layer] for states in seeds]))
            flat[place] = flat[place].replace(own)
        for place, variable in flat.items():
            if isinstance(variable, nnx.BatchStat):  # Flax makes them single whatever it is told
                flat[place] = variable.replace(variable[...].astype(self.program.dtype))
        return nnx.from_flat_state(flat)

    def train(self, epoch: int) -> None:
        """Train for one epoch, the points in the order of each member."""
        order = np.asarray(self.task.order(epoch), np.int32)
        with in_precision(self.task.precision):
            arguments = (self.state, *self.data, order)
            self.state, losses, right = self.program.compiled("epoch", *arguments)(*arguments)
        self.batch_loss.append(np.asarray(losses).T)
        self.batch_correct.append(np.asarray(right, np.int64).T)

    def snapshot(self, epoch: int) -> Snapshot:
        """Return the stack as it is after ``epoch``, and the batches since the previous call."""
        parameters, others, _ = self.state
        members = {
            "parameters": parameters,
            "others": others,
            "data": self.data,
            "heldout": self.heldout,
        }
        if self.program.choices.on_batch:
            following = self.task.order(epoch + 1)[:, : self.task.batch]
            members["rows"] = jax.numpy.asarray(following, np.int32)
        with in_precision(self.task.precision):
            measured = self.program.compiled("measured", members)(members)
            weights = self.program.of_dense(parameters)
        loss, logits, heldout_loss, heldout_logits, gradients = jax.tree.map(np.asarray, measured)
        batch_loss = np.concatenate([np.empty((0, self.members), loss.dtype), *self.batch_loss])
        batch_correct = np.concatenate([np.empty((0, self.members), np.int64), *self.batch_correct])
        self.batch_loss, self.batch_correct = [], []
        return Snapshot(
            epoch=epoch,
            weights=_pairs([np.array(value) for value in weights]),
            gradients=_pairs(gradients),
            loss=loss,
            heldout_loss=heldout_loss,
            logits=logits,
            heldout_logits=heldout_logits,
            batch_loss=batch_loss,
            batch_correct=batch_correct,
        )


def _mask_key(seed: Tree) -> Tree:
    """Return the key of ``nnx.Dropout(rate, rngs=nnx.Rngs(seed))``."""
    return nnx.Dropout(0.5, rngs=nnx.Rngs(jax.random.key(seed))).rngs.key[...]


def _pairs(values: list[Array]) -> Weights:
    """Return kernel and bias of each layer, from kernel, bias, kernel, bias ..."""
    return tuple(zip(values[::2], values[1::2], strict=True))
