"""What ``suite.frameworks.jax_stack`` stacks: one network of Flax and its optimizer of Optax, as
functions of pytrees."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from suite.catalogue.registry import choose
from suite.frameworks.jax import rules
from suite.frameworks.jax.layers import Network, network
from suite.frameworks.jax_stack import Choices, Mode, Tree, in_precision, mask_seeds
from suite.types import Weights


class FlaxNetwork:
    """One network; ``suite.frameworks.jax_stack.Network`` says what each function does."""

    framework = "jax"

    def __init__(self, choices: Choices) -> None:
        self.dtype = choices.dtype
        self._loss = choose("loss in jax", choices.loss, rules.LOSSES)
        self.classes = self._loss.classes
        made = network(choices.architecture, choices.settings, choices.precision)
        self.optimizer = rules.optimizer(
            choices.optimizer, choices.settings, choices.clipping, choices.schedule, choices.steps
        )
        made.model.train()
        training, self.parameters, self.others = nnx.split(made.model, nnx.Param, ...)
        for layer in made.dropout:
            layer.deterministic = True
        still = nnx.split(made.model, nnx.Param, ...)[0]
        made.model.eval()
        inference = nnx.split(made.model, nnx.Param, ...)[0]
        self.graphs = {"training": training, "still": still, "inference": inference}
        self.dense, self.keys = _places(made)

    @staticmethod
    def precision(name: str) -> AbstractContextManager[None]:
        """Return a block of JAX in single or double precision."""
        return in_precision(name)

    def outputs(self, mode: Mode, parameters: Tree, others: Tree, x: Tree) -> tuple[Tree, Tree]:
        """Call the model."""
        model = nnx.merge(self.graphs[mode], parameters, others, copy=True)
        outputs = model(x)
        return outputs if self.classes else outputs[:, 0], nnx.split(model, nnx.Param, ...)[2]

    def loss(self, outputs: Tree, y: Tree) -> Tree:
        """Average Optax's loss of each point."""
        return self._loss.each(outputs, y).mean()

    def right(self, outputs: Tree, y: Tree) -> Tree:
        """Compare outputs and labels."""
        return self._loss.right(outputs, y)

    def start(self, parameters: Tree) -> Tree:
        """Start the optimizer."""
        return self.optimizer.init(parameters)

    def update(self, gradients: Tree, memory: Tree, parameters: Tree) -> tuple[Tree, Tree]:
        """Make one step."""
        updates, memory = self.optimizer.update(gradients, memory, parameters)
        return optax.apply_updates(parameters, updates), memory

    def of_dense(self, parameters: Tree) -> list[Tree]:
        """Look kernels and biases up in a state of parameters."""
        flat = dict(nnx.to_flat_state(parameters))
        return [flat[(*path, name)][...] for path in self.dense for name in ("kernel", "bias")]

    def with_weights(self, parameters: Tree, weights: Weights) -> Tree:
        """Exchange kernels and biases; the other parameters are as Flax starts them."""
        flat = dict(nnx.to_flat_state(parameters))
        for path, layer in zip(self.dense, weights, strict=True):
            for name, values in zip(("kernel", "bias"), layer, strict=True):
                place = (*path, name)
                flat[place] = flat[place].replace(jax.numpy.array(values, dtype=self.dtype))
        return nnx.from_flat_state(flat)

    def with_masks(self, others: Tree, noise: Sequence[int]) -> Tree:
        """Exchange the keys of dropout layers."""
        flat = dict(nnx.to_flat_state(others))
        seeds = mask_seeds(noise, len(self.keys))
        for layer, place in enumerate(self.keys):
            own = jax.vmap(_mask_key)(np.array([states[layer] for states in seeds]))
            flat[place] = flat[place].replace(own)
        for place, variable in flat.items():
            if isinstance(variable, nnx.BatchStat):  # Flax makes them single whatever it is told
                flat[place] = variable.replace(variable[...].astype(self.dtype))
        return nnx.from_flat_state(flat)


def _places(made: Network) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the paths of the dense layers, and those of the dropout layers' keys."""
    paths = {id(module): path for path, module in nnx.iter_modules(made.model)}
    dense = [paths[id(layer)] for layer in made.dense]
    return dense, [(*paths[id(layer)], "rngs", "key") for layer in made.dropout]


def _mask_key(seed: Tree) -> Tree:
    """Return the key of ``nnx.Dropout(rate, rngs=nnx.Rngs(seed))``."""
    return nnx.Dropout(0.5, rngs=nnx.Rngs(jax.random.key(seed))).rngs.key[...]
