"""Stand-ins for frameworks: NumPy under the name of a framework, honest or with a defect.

A claim speaks of torch or TensorFlow. Here NumPy answers under their names, by definition and by
the laws and defaults that the catalogues declare for them, so that the shipped claims can be judged
where no framework is installed. A defect alters one answer and leaves all others as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from suite import probes
from suite.catalogue import initializers
from suite.frameworks import load
from suite.probes.normalization import NormalizationDefinition, NormalizationLayers
from suite.types import Array, Framework, Layer, LayerSignals, P, Snapshot, TrainTask, Weights

Answer = Callable[..., Any]
Alter = Callable[[Answer], Answer]
"""Makes a defective answer out of the honest one."""

ORACLE = load("numpy")
_DEFINITION = ORACLE.probe(NormalizationDefinition)


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization of dense layers, with a framework's defaults.

    ``kept``: the share of the old value in a moving average; ``written``: its ``momentum`` as the
    framework writes it; ``unbiased``: whether it averages sample variances. The methods are those
    of ``suite.probes.normalization``.
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
        """Return the outputs and the gradients by values, gamma and beta."""
        return _DEFINITION.layer(kind, values, gamma, beta, self._added(epsilon), cotangent)

    def running(
        self, kind: str, batches: Array, kept: float | None, epsilon: float | None
    ) -> tuple[Array, Array, Array, Array]:
        """Return running mean and variance after the batches, and the last batch in both modes."""
        share = self.kept if kept is None else kept
        mean, variance = _DEFINITION.averages(kind, batches, share, self.unbiased)
        last = batches[-1]
        trained = self.layer(kind, last, *_flat(last), epsilon, last)[0]
        return mean, variance, trained, (last - mean) / np.sqrt(variance + self._added(epsilon))

    def defaults(self, kind: str) -> dict[str, float]:
        """Return what a layer made without arguments has."""
        return {"epsilon": self.epsilon, "momentum": self.written, "parameters": 2.0}

    def rescaled(
        self, kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
    ) -> tuple[Array, Array]:
        """Return the outputs behind a kernel (fan_in, fan_out), and the gradient by the kernel."""
        before = values @ kernel
        outputs, by_values, *_ = self.layer(kind, before, *_flat(before), epsilon, cotangent)
        return outputs, values.T @ by_values

    def _added(self, epsilon: float | None) -> float:
        return self.epsilon if epsilon is None else epsilon


def _flat(values: Array) -> tuple[Array, Array]:
    """Return gamma and beta of a layer that was not trained, (features,) each."""
    features = values.shape[-1]
    return np.ones(features), np.zeros(features)


BATCH_NORM = {
    "torch": BatchNorm(epsilon=1e-5, kept=0.9, written=0.1, unbiased=True),
    "tensorflow": BatchNorm(epsilon=1e-3, kept=0.99, written=0.99, unbiased=False),
}
"""The defaults of the frameworks that claims name, from the documentation of torch.nn.BatchNorm1d
and keras.layers.BatchNormalization."""
_OTHER = BatchNorm(epsilon=1e-5, kept=0.9, written=0.9, unbiased=False)
"""A framework of which no claim speaks: the settings ``common`` are its defaults."""


class StandIn:
    """NumPy under the name of a framework, with the verbs of ``suite.types.Framework``.

    ``altered``: verb or "topic.function" of a probe -> what is done to its answer. Two stand-ins
    are never equal: values cached by framework must not pass from an honest one to a defective one.
    """

    def __init__(self, name: str, altered: Mapping[str, Alter] | None = None) -> None:
        self.name = name
        self._altered = altered or {}
        layer: NormalizationLayers = BATCH_NORM.get(name, _OTHER)
        self._functions: dict[str, Answer] = {
            "initializers.draw": self._drawn,
            "normalization.layer": layer.layer,
            "normalization.running": layer.running,
            "normalization.defaults": layer.defaults,
            "normalization.rescaled": layer.rescaled,
        }

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        evaluate = self._answer("evaluate", ORACLE.evaluate)
        result: tuple[Array, Array] = evaluate(activation, points)
        return result

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        result: Layer = self._answer("draw", self._draw)(initializer, fan_in, fan_out, seed)
        return result

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        propagate = self._answer("propagate", ORACLE.propagate)
        result: list[LayerSignals] = propagate(names, weights, inputs, cotangent)
        return result

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        result: Iterator[Snapshot] = self._answer("train", ORACLE.train)(task)
        return result

    def probe(self, topic: type[P]) -> P:
        """Return the oracle's measurements of a topic; a few are the stand-in's own."""
        return cast(P, _Probes(self, topic))

    def function(self, topic: type, name: str) -> Answer:
        """Return a function of a topic, altered where a defect says so."""
        full = f"{probes.topic(topic)}.{name}"
        return self._answer(full, self._functions.get(full) or getattr(ORACLE.probe(topic), name))

    def _answer(self, name: str, honest: Answer) -> Answer:
        return self._altered[name](honest) if name in self._altered else honest

    def _draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw by the laws that are declared for the framework, ``default`` included."""
        rng, entry = np.random.default_rng(seed), initializers.resolve(initializer)
        kernel = entry.law(self.name).draw(rng, fan_in, fan_out)
        if initializer != "default":
            return kernel, np.zeros(fan_out)
        return kernel, entry.bias_law(self.name).draw(rng, fan_in, fan_out)[0]

    def _drawn(self, layer_kind: str, shape: tuple[int, int], initializer: str, seed: int) -> Layer:
        """Draw a dense layer, the only kind that defects are planted in."""
        return self._draw(initializer, *shape, seed)


class _Probes:
    """The functions of a topic in a stand-in."""

    def __init__(self, framework: StandIn, topic: type) -> None:
        self._framework, self._topic = framework, topic

    def __getattr__(self, name: str) -> Answer:
        return self._framework.function(self._topic, name)


def stand_in(name: str, altered: Mapping[str, Alter] | None = None) -> Framework:
    """Return an honest framework of a name, or one with a defect."""
    return StandIn(name, altered)
