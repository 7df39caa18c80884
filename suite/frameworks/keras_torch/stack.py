"""K networks of one architecture as one computation, with Keras layers and a Keras optimizer.

``torch.func.vmap`` maps what a user of Keras writes for one network: the model's
``stateless_call``, Keras' loss, the gradient and its clipping. It is traced once for each shape,
since Keras takes longer to look after a layer than torch to compute it. What is traced depends on
no value, so an inf or NaN stays in its member.

This file decides what is traced, how the tensors of a stack lie in memory, and that a snapshot
takes the members in pieces, so that a full training set needs bounded memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import grad_and_value, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import choose
from suite.frameworks.keras import rules
from suite.frameworks.keras.layers import layers, network
from suite.frameworks.keras.library import keras, precision, python_random_kept
from suite.frameworks.recorded import Batches
from suite.frameworks.timing import clock
from suite.frameworks.torch_batches import Data, correct, take
from suite.frameworks.torch_random import mask_seed, seeded
from suite.types import Architecture, Array, Snapshot, TrainTask, Unsupported

FRAMEWORK = "keras_torch"
PRECISIONS = {"single": "float32", "double": "float64"}
_GRADIENTS_ON = {"all": False, "batch": True}
"""Whether a snapshot's gradients are taken on a part of the points."""
_PIECE = 2**22
"""Hidden values per piece of a snapshot: some 100 MB with their gradients."""

Traced = Callable[..., Any]


class Program:
    """One network of Keras, and its functions mapped over the members and traced.

    Parameters and states are lists, in the order of the model's variables.
    """

    def __init__(
        self, architecture: Architecture, settings: str, loss: str, clipping: str, dtype: str
    ) -> None:
        self.classes = loss == "categorical"
        self.kind = loss
        clipped = rules.clipping(FRAMEWORK, clipping)
        with precision(dtype), python_random_kept():
            self._loss = rules.loss(FRAMEWORK, loss)
            # An optimizer of Keras clips for one network. This one only does that.
            self.clipper = keras.optimizers.SGD(**clipped) if clipped else None
            # Without a seed, so that Keras lets torch draw the masks of a whole stack.
            parts = layers(FRAMEWORK, architecture, settings, masks=None)
            self.model = network(architecture, parts)
            still = [
                [layer for layer in part if not isinstance(layer, keras.layers.Dropout)]
                for part in parts
            ]
            self.still = network(architecture, still)  # the same layers but for dropout
        self.dtype = dtype
        dense = [layer for part in parts for layer in part if isinstance(layer, keras.layers.Dense)]
        place = {id(variable): i for i, variable in enumerate(self.model.trainable_variables)}
        self.dense = [place[id(v)] for layer in dense for v in (layer.kernel, layer.bias)]
        state = {id(v): i for i, v in enumerate(self.model.non_trainable_variables)}
        self.kept = [state[id(v)] for v in self.still.non_trainable_variables]
        self._functions: dict[str, Traced] = {
            "step": self._step,
            "measured": functools.partial(self._measured, self.model),
            "gradients": self._gradients,
        }
        self._graphs: dict[tuple[Any, ...], Traced] = {}

    def traced(self, name: str, *arguments: Any) -> Any:
        """Call a function of all members: a training ``step``, what is ``measured`` on a set, or
        the ``gradients`` of a snapshot."""
        leaves, _ = torch.utils._pytree.tree_flatten(arguments)
        key = (name, *(tuple(leaf.shape) for leaf in leaves))
        if key not in self._graphs:
            with clock("compile"), precision(self.dtype), seeded(0):
                mapped: Traced = vmap(self._functions[name], randomness="different")
                self._graphs[key] = make_fx(lambda *given: mapped(*given))(*arguments)
        return self._graphs[key](*arguments)

    # --- one network ---------------------------------------------------------------------------

    def _forward(
        self, model: Any, training: bool, parameters: Any, states: Any, x: Tensor, y: Tensor
    ) -> tuple[Tensor, tuple[Tensor, list[Tensor]]]:
        """Return the mean loss, and (outputs, states afterwards)."""
        outputs, states = model.stateless_call(parameters, states, x, training=training)
        loss = self._loss(y[:, None], outputs)
        return loss, (outputs if self.classes else outputs[:, 0], states)

    def _step(self, parameters: Any, states: Any, x: Tensor, y: Tensor) -> Any:
        """Return the clipped gradients, the loss, the outputs and the states afterwards."""

        def loss(parameters: Any) -> Any:
            return self._forward(self.model, True, parameters, states, x, y)

        gradients, (value, (outputs, states)) = grad_and_value(loss, has_aux=True)(parameters)
        if self.clipper is not None:
            gradients = self.clipper._clip_gradients(gradients)
        return gradients, value, outputs, states

    def _measured(self, model: Any, parameters: Any, states: Any, x: Tensor, y: Tensor) -> Any:
        """Return loss and outputs in inference mode."""
        loss, (outputs, _) = self._forward(model, False, parameters, states, x, y)
        return loss, outputs

    def _gradients(self, parameters: Any, states: Any, x: Tensor, y: Tensor) -> Any:
        """Return the gradients of the dense layers, in training mode without dropout."""
        kept = [states[i] for i in self.kept]

        def loss(parameters: Any) -> Any:
            return self._forward(self.still, True, parameters, kept, x, y)

        gradients, _ = grad_and_value(loss, has_aux=True)(parameters)
        return [gradients[i] for i in self.dense]

    # --- the members -----------------------------------------------------------------------------

    def right(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return whether each point is classified correctly, (K, N)."""
        if self.kind == "binary":
            return (outputs > 0) == (labels > 0.5)
        if self.kind == "categorical":
            return outputs.argmax(-1) == labels
        return torch.zeros_like(labels, dtype=torch.bool)


_program = functools.lru_cache(maxsize=8)(Program)


class Stack:
    """The K networks of a task while they are trained."""

    def __init__(self, task: TrainTask) -> None:
        self.task, architecture = task, task.architecture
        self.members, points = task.labels.shape
        self.piece = max(1, _PIECE // (points * architecture.width * (architecture.depth + 1)))
        self.dtype = choose(f"precision in {FRAMEWORK}", task.precision, PRECISIONS)
        if reason := FRAMEWORKS[FRAMEWORK].gap([f"precision.{task.precision}"]):
            raise Unsupported(reason)
        on = f"gradients_on in {FRAMEWORK}"
        self.on_batch = choose(on, task.gradients_on, _GRADIENTS_ON)
        self.program = _program(architecture, task.settings, task.loss, task.clipping, self.dtype)
        model = self.program.model
        given = [values for layer in task.weights for values in layer]
        own = dict(zip(self.program.dense, given, strict=True))
        start = [
            own[i]
            if i in own
            else np.repeat(variable.value.detach().numpy()[None], self.members, axis=0)
            for i, variable in enumerate(model.trainable_variables)
        ]
        with precision(self.dtype):
            # One flat variable holds all parameters, one after the other, each (K, ...) contiguous:
            # the optimizers work element by element.
            self.flat = keras.Variable(
                np.concatenate([values.ravel() for values in start]), dtype=self.dtype
            )
            self.optimizer = rules.optimizer(
                FRAMEWORK, task.optimizer, task.settings, task.schedule, -(-points // task.batch)
            )
            self.optimizer.build([self.flat])
        parts = torch.split(self.flat.value.detach(), [values.size for values in start])
        self.parameters = [
            part.view(values.shape) for part, values in zip(parts, start, strict=True)
        ]
        self.states = [
            variable.value.detach().expand(self.members, *variable.shape).clone()
            for variable in model.non_trainable_variables
        ]
        self.data = self._tensors(task.inputs, task.labels)
        self.heldout = self._tensors(task.heldout_inputs, task.heldout_labels)
        self.batches = Batches(self.members)

    def _tensors(self, *arrays: Array) -> Data:
        inputs, labels = (torch.from_numpy(values.astype(self.dtype)) for values in arrays)
        return inputs, labels.long() if self.program.classes else labels

    def train(self, epoch: int) -> None:
        """Train for one epoch, the points in the order of each member."""
        order = torch.from_numpy(np.array(self.task.order(epoch), np.int64))
        inputs, labels = take(self.data, order)
        batch, losses, outputs = self.task.batch, [], []
        with precision(self.dtype), seeded(mask_seed(self.task.noise, epoch)):
            for x, y in zip(
                torch.split(inputs, batch, 1), torch.split(labels, batch, 1), strict=True
            ):
                gradients, loss, out, self.states = self.program.traced(
                    "step", self.parameters, self.states, x, y
                )
                gradient = torch.cat([value.reshape(-1) for value in gradients])
                self.optimizer.apply([gradient], [self.flat])
                losses.append(loss.numpy())
                outputs.append(out)
        right = self.program.right(torch.cat(outputs, 1), labels).numpy()
        self.batches.add(np.stack(losses), correct(right.T, batch))

    def snapshot(self, epoch: int) -> Snapshot:
        """Return the stack as it is after ``epoch``, and the batches since the previous call."""
        loss, logits, heldout_loss, heldout_logits, *gradients = self._measured(epoch)
        values = [self.parameters[i].numpy().copy() for i in self.program.dense]
        measured = (loss, logits, heldout_loss, heldout_logits)
        return self.batches.snapshot(epoch, values, gradients, measured)

    def _measured(self, epoch: int) -> list[Array]:
        """Return loss and logits on both sets, and the gradients of kernels and biases."""
        sample = self.data
        if self.on_batch:
            following = np.array(self.task.order(epoch + 1)[:, : self.task.batch], np.int64)
            sample = take(self.data, torch.from_numpy(following))
        pieces = []
        for first in range(0, self.members, self.piece):
            part = slice(first, first + self.piece)
            own = [[value[part] for value in values] for values in (self.parameters, self.states)]
            data, heldout, points = (
                [value[part] for value in pair] for pair in (self.data, self.heldout, sample)
            )
            measured = [
                value
                for pair in (data, heldout)
                for value in self.program.traced("measured", *own, *pair)
            ]
            pieces.append([*measured, *self.program.traced("gradients", *own, *points)])
        return [torch.cat(values).numpy() for values in zip(*pieces, strict=True)]
