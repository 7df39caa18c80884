"""K networks of one architecture as one computation, for all frameworks that run on JAX.

``jax.vmap`` stacks what a framework's home writes for one network, a ``Network``: a ``lax.scan``
over its batches, with the model, the optimizer's state and, where there is dropout, the random keys
in the loop. So each member has its own gradient, clipping and state, and one that diverges touches
no other. An epoch is one program, compiled by ``jax.jit``.

This file decides what is traced (``Program``, which stacks of the same shape share, because
compiling takes longer than many an epoch), and that a snapshot goes through the members in pieces
of bounded memory.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import jax
import numpy as np
from jax import lax

from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import choose
from suite.frameworks.recorded import Batches, Measured
from suite.frameworks.timing import clock
from suite.types import Architecture, Array, Snapshot, TrainTask, Unsupported, Weights

PRECISIONS = {"single": "float32", "double": "float64"}
_GRADIENTS_ON = {"all": False, "batch": True}
"""Whether a snapshot's gradients are taken on a part of the points."""
_PIECE = 2**22
"""Hidden values per piece of a snapshot: some 50 MB with their gradients."""

Tree = Any
"""A pytree of JAX arrays."""
Mode = Literal["training", "still", "inference"]
"""``still`` is training without dropout, as a snapshot's gradients are taken."""


@dataclass(frozen=True)
class Choices:
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

    @property
    def steps(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.points // self.batch)

    @property
    def dtype(self) -> str:
        """The type of parameters and data."""
        return PRECISIONS[self.precision]


class Network(Protocol):
    """One network, its loss and its optimizer, as functions that change none of their arguments.

    ``parameters`` and ``others`` (running statistics, random keys) are as the framework starts
    them. Outputs are (N,) or, with ``classes``, (N, classes).
    """

    classes: bool
    parameters: Tree
    others: Tree

    def outputs(self, mode: Mode, parameters: Tree, others: Tree, x: Tree) -> tuple[Tree, Tree]:
        """Return the outputs at x (N, features), and the other variables afterwards."""
        ...

    def loss(self, outputs: Tree, y: Tree) -> Tree:
        """Return the mean loss ()."""
        ...

    def right(self, outputs: Tree, y: Tree) -> Tree:
        """Return whether each point is classified correctly (..., N)."""
        ...

    def start(self, parameters: Tree) -> Tree:
        """Return the state of the optimizer before its first step."""
        ...

    def update(self, gradients: Tree, memory: Tree, parameters: Tree) -> tuple[Tree, Tree]:
        """Return the parameters and the state of the optimizer after a step."""
        ...

    def of_dense(self, parameters: Tree) -> list[Tree]:
        """Return kernel, bias, kernel, bias ... of the dense layers."""
        ...

    def with_weights(self, parameters: Tree, weights: Weights) -> Tree:
        """Return the parameters of a stack with the given kernels and biases, each (K, ...)."""
        ...

    def with_masks(self, others: Tree, noise: Sequence[int]) -> Tree:
        """Return the other variables of a stack, where each member and dropout layer has a seed of
        its own, split from the member's by NumPy's SeedSequence."""
        ...


class Made(Protocol):
    """The class of a framework's ``Network``."""

    framework: str

    def __call__(self, choices: Choices) -> Network:
        """Make the network. Raises UserError for an unknown name among the choices."""
        ...

    def precision(self, name: str) -> AbstractContextManager[None]:
        """Return a block in which networks are made and traced in single or double precision."""
        ...


def in_precision(precision: str) -> AbstractContextManager[None]:
    """Return a block in which JAX has double precision, where it is asked for.

    Outside of such blocks JAX turns every double into a single, as it does unless a user asks for
    more.
    """
    block: AbstractContextManager[None] = (
        jax.enable_x64(True) if precision == "double" else nullcontext()
    )
    return block


class Program:
    """The functions of one network, mapped over the members and compiled.

    The state of a stack is (parameters, other variables of the model, optimizer), each leaf with a
    leading axis K.
    """

    def __init__(self, made: Made, choices: Choices) -> None:
        self.choices = choices
        with made.precision(choices.precision):
            self.network = made(choices)
        self._functions = {
            "start": jax.jit(jax.vmap(self.network.start)),
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
        self, parameters: Tree, others: Tree, x: Tree, y: Tree, mode: Mode
    ) -> tuple[Tree, tuple[Tree, Tree]]:
        """Return the mean loss, and (outputs, other variables afterwards)."""
        outputs, others = self.network.outputs(mode, parameters, others, x)
        return self.network.loss(outputs, y), (outputs, others)

    def _step(self, state: Tree, batch: tuple[Tree, Tree]) -> tuple[Tree, tuple[Tree, Tree]]:
        """Train on one batch, in the form that ``lax.scan`` takes; return the loss and the outputs
        before the update."""
        parameters, others, memory = state
        x, y = batch
        gradient = jax.value_and_grad(self._loss, has_aux=True)
        (loss, (outputs, others)), gradients = gradient(parameters, others, x, y, "training")
        parameters, memory = self.network.update(gradients, memory, parameters)
        return (parameters, others, memory), (loss, outputs)

    def _epoch(self, state: Tree, x: Tree, y: Tree, order: Tree) -> tuple[Tree, Tree, Tree]:
        """Train for one epoch; return the state, and losses and correct answers (steps,)."""
        x, y = x[order], y[order]
        batch, points = self.choices.batch, self.choices.points
        full = points - points % batch
        losses, rights = [], []
        if full:
            batches = [values[:full].reshape(-1, batch, *values.shape[1:]) for values in (x, y)]
            state, (loss, outputs) = lax.scan(self._step, state, tuple(batches))
            losses.append(loss)
            rights.append(self.network.right(outputs, batches[1]).sum(1))
        if full < points:
            state, (loss, outputs) = self._step(state, (x[full:], y[full:]))
            losses.append(loss[None])
            rights.append(self.network.right(outputs, y[full:]).sum()[None])
        return state, jax.numpy.concatenate(losses), jax.numpy.concatenate(rights)

    def _measure(self, member: Mapping[str, Tree]) -> tuple[Tree, ...]:
        """Return loss and logits on both sets, and the gradients of the dense layers' weights."""
        parameters, others = member["parameters"], member["others"]
        results: list[Tree] = []
        for x, y in (member["heldout"], member["data"]):
            loss, (outputs, _) = self._loss(parameters, others, x, y, "inference")
            results = [loss, outputs, *results]
        if self.choices.on_batch:
            x, y = x[member["rows"]], y[member["rows"]]
        gradients, _ = jax.grad(self._loss, has_aux=True)(parameters, others, x, y, "still")
        return (*results, self.network.of_dense(gradients))

    # --- the members -----------------------------------------------------------------------------

    def _pieces(self, members: Mapping[str, Tree]) -> tuple[Tree, ...]:
        result: tuple[Tree, ...] = lax.map(self._measure, members, batch_size=self.choices.piece)
        return result


@functools.lru_cache(maxsize=8)
def _program(made: Any, choices: Choices) -> Program:
    return Program(made, choices)


class Stack:
    """The K networks of a task while they are trained."""

    def __init__(self, made: Made, task: TrainTask) -> None:
        self.task = task
        self.members, points, _ = task.inputs.shape
        architecture = task.architecture
        choose(f"precision in {made.framework}", task.precision, PRECISIONS)
        if reason := FRAMEWORKS[made.framework].gap([f"precision.{task.precision}"]):
            raise Unsupported(reason)
        on = f"gradients_on in {made.framework}"
        self.block = functools.partial(made.precision, task.precision)
        self.program = _program(
            cast(Any, made),  # a class has a hash, and a Protocol does not say so
            Choices(
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
                choose(on, task.gradients_on, _GRADIENTS_ON),
            ),
        )
        network, self.dtype = self.program.network, PRECISIONS[task.precision]
        with self.block():
            repeated = jax.tree.map(self._repeated, (network.parameters, network.others))
            parameters = network.with_weights(repeated[0], task.weights)
            others = network.with_masks(repeated[1], task.noise)
            memory = self.program.compiled("start", parameters)(parameters)
            self.state = (parameters, others, memory)
            self.data = self._tensors(task.inputs, task.labels)
            self.heldout = self._tensors(task.heldout_inputs, task.heldout_labels)
        self.batches = Batches(self.members)

    def _tensors(self, inputs: Array, labels: Array) -> tuple[Tree, Tree]:
        kind = np.int32 if self.program.network.classes else self.dtype
        return jax.numpy.asarray(inputs, self.dtype), jax.numpy.asarray(labels, kind)

    def _repeated(self, value: Tree) -> Tree:
        return jax.numpy.repeat(value[None], self.members, axis=0)

    def train(self, epoch: int) -> None:
        """Train for one epoch, the points in the order of each member."""
        order = np.asarray(self.task.order(epoch), np.int32)
        with self.block():
            arguments = (self.state, *self.data, order)
            self.state, losses, right = self.program.compiled("epoch", *arguments)(*arguments)
        self.batches.add(np.asarray(losses).T, np.asarray(right, np.int64).T)

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
        with self.block():
            measured = self.program.compiled("measured", members)(members)
            weights = [np.array(value) for value in self.program.network.of_dense(parameters)]
        *numbers, gradients = jax.tree.map(np.asarray, measured)
        return self.batches.snapshot(epoch, weights, gradients, cast(Measured, tuple(numbers)))


def mask_seeds(noise: Sequence[int], layers: int) -> list[Array]:
    """Return a 31-bit seed (layers,) for each dropout layer of each member."""
    return [np.random.SeedSequence(seed).generate_state(layers) >> 1 for seed in noise]
