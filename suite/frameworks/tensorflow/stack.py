"""K networks trained as one computation, with Keras layers and a Keras optimizer.

A network is a Keras model as a user writes it. ``tf.vectorized_map`` maps its
``stateless_call`` over variables with a leading axis of members, and the gradient is taken of the
sum of the members' losses, in which each member has its own gradient and no other. An epoch is
one ``tf.function``: a TensorFlow loop over the full batches, then the last short one.

This file decides how the variables of a stack lie in memory, where dropout masks come from,
that what looks at a whole network (a gradient's norm) is mapped over the members too, and that a
snapshot goes through the members in pieces of bounded memory. A stack is built for a kind of task
and then takes the numbers of one task after another, so that its programs are traced once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.frameworks.keras.layers import layers, network
from suite.frameworks.recorded import Batches
from suite.frameworks.tensorflow import rules
from suite.frameworks.tensorflow.backend import keras, precision, tf
from suite.frameworks.tensorflow.rules import Tensor
from suite.frameworks.timing import clock
from suite.types import Architecture, Array, Snapshot, TrainTask

_PIECE = 2**20
"""Hidden values per piece of a snapshot: some 50 MB with their gradients; the fastest size."""

Data = tuple[Tensor, Tensor]
"""Inputs (K, N, features) and labels (K, N)."""


@dataclass(frozen=True)
class Kind:
    """What the programs of a stack depend on: all of a task but its numbers."""

    architecture: Architecture
    optimizer: str
    settings: str
    members: int
    points: int
    heldout: int
    """The number of held-out points of a member."""
    batch: int
    loss: str
    clipping: str
    schedule: str
    precision: str
    gradients_on: str

    @classmethod
    def of(cls, task: TrainTask) -> Kind:
        members, points = task.labels.shape
        return cls(
            architecture=task.architecture,
            optimizer=task.optimizer,
            settings=task.settings,
            members=members,
            points=points,
            heldout=task.heldout_labels.shape[1],
            batch=task.batch,
            loss=task.loss,
            clipping=task.clipping,
            schedule=task.schedule,
            precision=task.precision,
            gradients_on=task.gradients_on,
        )


class Stack:
    """K networks of one architecture: one model, each variable of which has a leading axis K.

    ``load`` sets the networks to the start of a task; until then they hold no network.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.members, self.points = kind.members, kind.points
        self.task: TrainTask | None = None
        self.dtype = rules.choose("precision", kind.precision, rules.PRECISIONS)
        self.on_batch = rules.choose("gradients_on", kind.gradients_on, rules.GRADIENTS_ON)
        with precision(self.dtype):
            self._build(kind)
        self._train = tf.function(self._epoch, autograph=False)
        self._measure = tf.function(self._piece, autograph=False)

    def _build(self, kind: Kind) -> None:
        """Make the model, the optimizer, and every variable with its place for all members."""
        self.parts = parts = layers("tensorflow", kind.architecture, kind.settings)
        self.model = network(kind.architecture, parts)
        still = [
            [layer for layer in part if not isinstance(layer, keras.layers.Dropout)]
            for part in parts
        ]
        self.still = network(kind.architecture, still)  # the same layers but for dropout
        self.layers = [layer for part in parts for layer in part]
        self.dense = [layer for layer in self.layers if isinstance(layer, keras.layers.Dense)]
        self.loss = rules.loss(kind.loss)
        self.clip = rules.clipper(kind.clipping)

        # One flat variable holds all parameters, one after the other, each (K, ...) contiguous.
        # The optimizers work element by element, and one variable instead of two per layer saves
        # the fixed cost of an operation and a third of the tracing of deep networks.
        self.shapes = [(self.members, *v.shape) for v in self.model.trainable_variables]
        self.flat = keras.Variable(
            np.zeros(sum(map(int, map(np.prod, self.shapes)))), dtype=self.dtype
        )
        self.states = {
            id(variable): tf.Variable(self._repeated(variable))
            for variable in self.model.non_trainable_variables
        }
        steps = -(-kind.points // kind.batch)
        self.optimizer = rules.optimizer(kind.optimizer, kind.settings, kind.schedule, steps)
        self.optimizer.build([self.flat])
        self.unused = [variable.numpy() for variable in self.optimizer.variables]
        # Keras sums the gradients of all replicas, and there is one. TensorFlow registers that
        # sum's gradient permanently, and with it the whole traced program.
        self.optimizer._all_reduce_sum_gradients = lambda gradients: gradients

        hidden = self.points * kind.architecture.width * kind.architecture.depth
        pieces = 1 + self.members * hidden // _PIECE
        self.piece = -(-self.members // pieces)

    def _repeated(self, variable: Any) -> Array:
        """Return what Keras starts a variable with, for all members."""
        return np.repeat(variable.numpy()[None], self.members, axis=0)

    def load(self, task: TrainTask) -> None:
        """Set the networks, the optimizer and the data to the start of a task of this kind."""
        start = _masks(self.layers, task.noise)
        for layer, (kernel, bias) in zip(self.dense, task.weights, strict=True):
            start |= {id(layer.kernel): kernel, id(layer.bias): bias}

        def stacked(variable: Any) -> Array:
            if id(variable) in start:
                return start[id(variable)].astype(variable.dtype)
            return self._repeated(variable)

        parameters = [stacked(variable).ravel() for variable in self.model.trainable_variables]
        self.flat.assign(np.concatenate(parameters))
        for variable in self.model.non_trainable_variables:
            self.states[id(variable)].assign(stacked(variable))
        for variable, values in zip(self.optimizer.variables, self.unused, strict=True):
            variable.assign(values)
        self.data = self._tensors(task.inputs, task.labels)
        self.heldout = self._tensors(task.heldout_inputs, task.heldout_labels)
        self.batches = Batches(self.members)
        self.task = task

    def unload(self) -> None:
        """Let go of the task and its data; the programs stay."""
        self.task = None
        del self.data, self.heldout, self.batches

    def _tensors(self, *arrays: Array) -> Data:
        inputs, labels = (tf.constant(values, dtype=self.dtype) for values in arrays)
        return inputs, labels

    def _split(self, flat: Tensor) -> list[Tensor]:
        """Return the parameters (K, ...) that lie in the flat variable."""
        parts = tf.split(flat, [int(np.prod(shape)) for shape in self.shapes])
        return [tf.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _networks(
        self, model: Any, parameters: Any, states: Any, data: Data, training: bool
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return losses (K,), logits (K, N[, classes]) and states afterwards, of some or all
        members."""

        def network(arguments: Any) -> tuple[Tensor, Tensor, list[Tensor]]:
            parameters, states, x, y = arguments
            logits, states = model.stateless_call(parameters, states, x, training=training)
            loss = self.loss(y[:, None], logits)
            return loss, logits if self.kind.loss == "categorical" else logits[:, 0], states

        result: tuple[Tensor, Tensor, list[Tensor]] = tf.vectorized_map(
            network, (parameters, states, *data)
        )
        return result

    def _step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Train on one batch; return losses and numbers of correct answers before the update, both
        (K,)."""
        states = list(self.states.values())
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            flat = tf.convert_to_tensor(self.flat.value)
            tape.watch(flat)
            losses, logits, updated = self._networks(
                self.model, self._split(flat), [state.value() for state in states], (x, y), True
            )
            total = tf.reduce_sum(losses)
        gradient = tape.gradient(total, flat)
        if self.clip is not None:
            parts = tf.vectorized_map(self.clip, self._split(gradient))
            gradient = tf.concat([tf.reshape(part, [-1]) for part in parts], axis=0)
        self.optimizer.apply([gradient], [self.flat])
        for state, values in zip(states, updated, strict=True):
            state.assign(values)
        return losses, rules.right(self.kind.loss, logits, y)

    def _epoch(self, *runs: Data) -> tuple[Tensor, Tensor]:
        """Train on runs of equal batches: inputs (steps, K, batch, features) and labels.

        Returns losses and numbers of correct answers before the updates, both (steps, K).
        """
        results = [
            tf.map_fn(
                lambda batch: self._step(*batch),
                run,
                fn_output_signature=(self.dtype, tf.int64),
                parallel_iterations=1,
            )
            for run in runs
        ]
        losses, right = (tf.concat(values, axis=0) for values in zip(*results, strict=True))
        return losses, right

    def train(self, epoch: int) -> None:
        """Train for one epoch in the order of each member: the full batches, then a short one."""
        order = self._loaded().order(epoch)
        rows = np.asarray(order) + self.points * np.arange(self.members)[:, None]
        batch = self.kind.batch
        full = self.points - self.points % batch
        runs = [
            self._taken(part.reshape(self.members, -1, size).swapaxes(0, 1))
            for part, size in ((rows[:, :full], batch), (rows[:, full:], self.points - full))
            if part.size
        ]
        with precision(self.dtype):
            losses, right = _traced(self._train, *runs)
        self.batches.add(losses.numpy(), right.numpy())

    def _taken(self, rows: Array) -> Data:
        """Return the points in these rows of all members' data together.

        NumPy takes them in half the time of ``tf.gather``.
        """
        task = self._loaded()
        inputs = task.inputs.reshape(-1, task.inputs.shape[2])
        return self._tensors(inputs.take(rows, axis=0), task.labels.reshape(-1).take(rows))

    def _loaded(self) -> TrainTask:
        assert self.task is not None
        return self.task

    def _piece(self, start: Tensor, training: Data, heldout: Data, *rows: Tensor) -> list[Tensor]:
        """Return loss and logits on both sets, and the gradients of ``_leaves``, of some members.

        ``rows`` (K, batch): the points on which the gradients are taken, where not on all.
        """

        def part(values: Tensor) -> Tensor:
            rest = values.shape[1:]
            return tf.slice(values, [start, *[0] * len(rest)], [self.piece, *rest])

        data, others = ((part(x), part(y)) for x, y in (training, heldout))
        parameters = [part(values) for values in self._split(tf.convert_to_tensor(self.flat.value))]
        states = [part(self.states[id(v)].value()) for v in self.still.non_trainable_variables]
        leaves = self._leaves(parameters)
        sample = data
        for chosen in rows:
            sample = tuple(tf.gather(values, part(chosen), batch_dims=1) for values in data)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(leaves)
            losses, logits, _ = self._networks(self.still, parameters, states, sample, True)
            total = tf.reduce_sum(losses)
        # For a single member, vectorized_map gathers, and the gradients come as slices.
        gradients = [tf.convert_to_tensor(values) for values in tape.gradient(total, leaves)]
        if states or rows:  # else training and inference are the same, on the same points
            losses, logits, _ = self._networks(self.still, parameters, states, data, False)
        inference = self._networks(self.still, parameters, states, others, False)
        return [losses, logits, *inference[:2], *gradients]

    def _leaves(self, parameters: Sequence[Any]) -> list[Any]:
        """Select kernel and bias of each dense layer, in order, from one value per parameter."""
        place = {id(variable): i for i, variable in enumerate(self.model.trainable_variables)}
        return [parameters[place[id(v)]] for d in self.dense for v in (d.kernel, d.bias)]

    def _measured(self, epoch: int) -> list[Array]:
        """Return what ``_piece`` returns, for all members."""
        rows = []
        if self.on_batch:
            order = self._loaded().order(epoch + 1)
            rows = [tf.constant(order[:, : self.kind.batch], tf.int32)]
        # The last piece reaches back over members already measured: one shape is one program.
        starts = [min(k, self.members - self.piece) for k in range(0, self.members, self.piece)]
        measured: list[Array] = []
        for start in starts:
            with precision(self.dtype):
                results = _traced(self._measure, tf.constant(start), self.data, self.heldout, *rows)
                values = [value.numpy() for value in results]
            measured = measured or [np.empty((self.members, *v.shape[1:]), v.dtype) for v in values]
            for whole, value in zip(measured, values, strict=True):
                whole[start : start + self.piece] = value
        return measured

    def snapshot(self, epoch: int) -> Snapshot:
        """Return the stack as it is after ``epoch``, and the batches since the previous call."""
        loss, logits, heldout_loss, heldout_logits, *gradients = self._measured(epoch)
        ends = np.cumsum([np.prod(shape) for shape in self.shapes])[:-1]
        flat = np.split(self.flat.numpy(), ends)
        weights = [values.reshape(shape) for values, shape in zip(flat, self.shapes, strict=True)]
        measured = (loss, logits, heldout_loss, heldout_logits)
        return self.batches.snapshot(epoch, self._leaves(weights), gradients, measured)


def _traced(function: Any, *arguments: Tensor) -> Any:
    """Call a ``tf.function``; the time of tracing it counts as ``compile``."""
    with clock("compile"):
        program = function.get_concrete_function(*arguments)
    return program(*arguments)


def _masks(layers: Sequence[Any], noise: Sequence[int]) -> dict[int, Array]:
    """Return where each dropout layer's seed state starts in the members: its id -> (K, 2).

    Keras starts a seed generator at (seed, 0). Each member and layer has a seed of its own, split
    from the member's by NumPy's SeedSequence, so that the masks of two layers differ.
    """
    dropout = [layer for layer in layers if isinstance(layer, keras.layers.Dropout)]
    seeds = [np.random.SeedSequence(seed).generate_state(len(dropout)) >> 1 for seed in noise]
    return {
        id(layer.seed_generator.state): np.array([(states[i], 0) for states in seeds])
        for i, layer in enumerate(dropout)
    }
