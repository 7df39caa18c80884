"""What ``suite.frameworks.jax_stack`` stacks: one network of Keras and its optimizer, as functions
of lists of JAX arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import jax.numpy as jnp

from suite.frameworks.jax_stack import PRECISIONS, Choices, Mode, Tree, in_precision, mask_seeds
from suite.frameworks.keras import rules
from suite.frameworks.keras.layers import layers, network
from suite.frameworks.keras.library import keras, precision
from suite.types import Weights


class KerasNetwork:
    """One network; ``suite.frameworks.jax_stack.Network`` says what each function does.

    Parameters, other variables and the state of the optimizer are lists, in the order of the model
    and of the optimizer.
    """

    framework = "keras_jax"

    def __init__(self, choices: Choices) -> None:
        self.dtype = choices.dtype
        self.classes = choices.loss == "categorical"
        self._loss = rules.loss(self.framework, choices.loss)
        self.kind = choices.loss
        parts = layers(self.framework, choices.architecture, choices.settings)
        self.model = network(choices.architecture, parts)
        flat = [layer for part in parts for layer in part]
        self.dropout = [layer for layer in flat if isinstance(layer, keras.layers.Dropout)]
        still = [[layer for layer in part if layer not in self.dropout] for part in parts]
        self.still = network(choices.architecture, still)  # the same layers but for dropout
        self.optimizer = rules.optimizer(
            self.framework,
            choices.optimizer,
            choices.settings,
            choices.schedule,
            choices.steps,
            rules.clipping(self.framework, choices.clipping),
        )
        self.optimizer.build(self.model.trainable_variables)
        self.parameters = [variable.value for variable in self.model.trainable_variables]
        self.others = [variable.value for variable in self.model.non_trainable_variables]
        place = {id(variable): i for i, variable in enumerate(self.model.trainable_variables)}
        dense = [layer for layer in flat if isinstance(layer, keras.layers.Dense)]
        self.dense = [place[id(v)] for layer in dense for v in (layer.kernel, layer.bias)]
        self.place = {id(v): i for i, v in enumerate(self.model.non_trainable_variables)}
        self.kept = [self.place[id(v)] for v in self.still.non_trainable_variables]

    @staticmethod
    @contextmanager
    def precision(name: str) -> Iterator[None]:
        """Return a block of JAX and Keras in single or double precision."""
        with in_precision(name), precision(PRECISIONS[name]):
            yield

    def outputs(self, mode: Mode, parameters: Tree, others: Tree, x: Tree) -> tuple[Tree, Tree]:
        """Call the model, or in the mode ``still`` that without dropout."""
        if mode == "still":
            kept = [others[i] for i in self.kept]
            outputs, _ = self.still.stateless_call(parameters, kept, x, training=True)
        else:
            training = mode == "training"
            outputs, others = self.model.stateless_call(parameters, others, x, training=training)
        return outputs if self.classes else outputs[:, 0], others

    def loss(self, outputs: Tree, y: Tree) -> Tree:
        """Call Keras' loss, which is a mean over all axes.

        All outputs are one row: a tenth of a narrow network's time goes where they are a column, in
        which nothing is a vector for the processor.
        """
        return self._loss(y, outputs) if self.classes else self._loss(y[None], outputs[None])

    def right(self, outputs: Tree, y: Tree) -> Tree:
        """Compare the side of 0, or the largest output, with the label."""
        if self.kind == "binary":
            return (outputs > 0) == (y > 0.5)
        if self.kind == "categorical":
            return outputs.argmax(-1) == y
        return jnp.zeros_like(y, bool)

    def start(self, parameters: Tree) -> Tree:
        """Return the variables of the optimizer as it was built."""
        return [variable.value for variable in self.optimizer.variables]

    def update(self, gradients: Tree, memory: Tree, parameters: Tree) -> tuple[Tree, Tree]:
        """Make one step; the optimizer clips."""
        after: tuple[Tree, Tree] = self.optimizer.stateless_apply(memory, gradients, parameters)
        return after

    def of_dense(self, parameters: Tree) -> list[Tree]:
        """Look kernels and biases up."""
        return [parameters[i] for i in self.dense]

    def with_weights(self, parameters: Tree, weights: Weights) -> Tree:
        """Exchange kernels and biases; the other parameters are as Keras starts them."""
        given = [jnp.array(values, dtype=self.dtype) for layer in weights for values in layer]
        own = dict(zip(self.dense, given, strict=True))
        return [own.get(i, value) for i, value in enumerate(parameters)]

    def with_masks(self, others: Tree, noise: Sequence[int]) -> Tree:
        """Exchange the states of seeds: Keras starts one at (seed, 0)."""
        seeds = mask_seeds(noise, len(self.dropout))
        own = {
            self.place[id(layer.seed_generator.state)]: jnp.array(
                [(states[i], 0) for states in seeds], jnp.uint32
            )
            for i, layer in enumerate(self.dropout)
        }
        return [own.get(i, value) for i, value in enumerate(others)]
