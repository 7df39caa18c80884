"""The oracle in a framework's place: decides what an honest framework of a name would compute.

A claim speaks of torch or TensorFlow. Here NumPy answers under their names, by definition and by
the laws and defaults that the catalogues declare for them, so that the shipped claims can be judged
where no framework is installed. A defect alters one answer and leaves all others as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.catalogue import initializers
from suite.frameworks import load
from suite.frameworks.numpy.probes import normalization as definition
from suite.types import Array, Framework, Layer, LayerSignals, Snapshot, TrainTask, Weights

Answer = Callable[..., Any]
Alter = Callable[[Answer], Answer]
"""Makes a defective answer out of the honest one."""

ORACLE = load("numpy")


class StandIn:
    """NumPy under the name of a framework; ``suite.types.Framework`` says what each verb means.

    ``altered``: verb or probe -> what becomes of its answer. Two stand-ins are never equal: what
    is cached by framework must not pass from an honest one to a defective one.
    """

    def __init__(self, name: str, altered: Mapping[str, Alter] | None = None) -> None:
        self.name = name
        self._altered = altered or {}
        layer = BATCH_NORM[name]
        self._honest: dict[str, Answer] = {
            "evaluate": ORACLE.evaluate,
            "draw": self._draw,
            "propagate": ORACLE.propagate,
            "train": ORACLE.train,
            "initializers.draw": self._drawn,
            "normalization.layer": layer.layer,
            "normalization.running": layer.running,
            "normalization.defaults": layer.defaults,
            "normalization.rescaled": layer.rescaled,
        }

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        found: tuple[Array, Array] = self._answer("evaluate")(activation, points)
        return found

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        found: Layer = self._answer("draw")(initializer, fan_in, fan_out, seed)
        return found

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        asked = names, weights, inputs, cotangent
        found: list[LayerSignals] = self._answer("propagate")(*asked)
        return found

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        found: Iterator[Snapshot] = self._answer("train")(task)
        return found

    def probe(self, name: str) -> Answer:
        """Those of the oracle, and the few that it has in another form or not at all."""
        return self._answer(name)

    def _answer(self, name: str) -> Answer:
        honest = self._honest.get(name) or ORACLE.probe(name)
        return self._altered[name](honest) if name in self._altered else honest

    def _draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """By the laws that are declared for the framework, ``default`` included."""
        rng, entry = np.random.default_rng(seed), initializers.resolve(initializer)
        kernel = entry.law(self.name).draw(rng, fan_in, fan_out)
        if initializer != "default":
            return kernel, np.zeros(fan_out)
        return kernel, entry.bias_law(self.name).draw(rng, fan_in, fan_out)[0]

    def _drawn(self, layer_kind: str, shape: tuple[int, int], initializer: str, seed: int) -> Layer:
        """Of dense layers alone."""
        return self._draw(initializer, *shape, seed)


@dataclass(frozen=True)
class BatchNorm:
    """A batch normalization of dense layers, with what it does when it is not asked.

    ``kept``: the share of the old value in a moving average; ``written``: its ``momentum`` as the
    framework writes it; ``unbiased``: it averages sample variances.
    """

    epsilon: float
    kept: float
    written: float
    unbiased: bool

    def layer(
        self,
        kind: str,
        values: Array,
        gamma: Array,
        beta: Array,
        epsilon: float | None,
        cotangent: Array,
    ) -> tuple[Array, Array, Array, Array]:
        """Outputs and the gradients by values, gamma and beta; ``epsilon`` None: the own one."""
        return definition.layer(kind, values, gamma, beta, self._added(epsilon), cotangent)

    def running(
        self, kind: str, batches: Array, kept: float | None, epsilon: float | None
    ) -> tuple[Array, Array, Array, Array]:
        """Running mean and variance after the batches, and the last batch in both modes."""
        share = self.kept if kept is None else kept
        mean, variance = definition.running(kind, batches, share, self.unbiased)
        features, last = batches.shape[-1], batches[-1]
        flat = np.ones(features), np.zeros(features)
        trained = self.layer(kind, last, *flat, epsilon, last)[0]
        return mean, variance, trained, (last - mean) / np.sqrt(variance + self._added(epsilon))

    def defaults(self, kind: str) -> dict[str, float]:
        """What the layer has when nobody asks."""
        return {"epsilon": self.epsilon, "momentum": self.written, "parameters": 2.0}

    def rescaled(
        self, kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
    ) -> tuple[Array, Array]:
        """Outputs behind a kernel (fan_in, fan_out), and the gradient by the kernel."""
        features = kernel.shape[-1]
        flat = np.ones(features), np.zeros(features)
        outputs, by_values, *_ = self.layer(kind, values @ kernel, *flat, epsilon, cotangent)
        return outputs, values.T @ by_values

    def _added(self, epsilon: float | None) -> float:
        return self.epsilon if epsilon is None else epsilon


BATCH_NORM = {
    "torch": BatchNorm(epsilon=1e-5, kept=0.9, written=0.1, unbiased=True),
    "tensorflow": BatchNorm(epsilon=1e-3, kept=0.99, written=0.99, unbiased=False),
}
"""From the documentation of torch.nn.BatchNorm1d and keras.layers.BatchNormalization."""


def stand_in(name: str, altered: Mapping[str, Alter] | None = None) -> Framework:
    """An honest framework of a name, or one with a defect."""
    return StandIn(name, altered)
