"""One measured stack, with everything that passed between the study and the framework."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from suite import frameworks
from suite.types import (
    Array,
    Framework,
    Lab,
    Layer,
    LayerSignals,
    Measurement,
    Member,
    Snapshot,
    Stack,
    Study,
    TrainTask,
    Weights,
)
from tests.support import measured

ROOT_SEED = 20_011
"""A root seed that no other test uses, so that no draw comes from a cache."""
Columns = Mapping[str, Mapping[str, Array]]
"""Table -> metric -> the values (K, ...)."""


@dataclass(frozen=True)
class Call:
    """A verb or a function of a probe, the arguments it was given, and its answer."""

    name: str
    given: tuple[Any, ...]
    answer: Any


@dataclass(eq=False)
class Recorder:
    """The NumPy framework, which keeps every call. ``script``: what trains in its place."""

    script: Callable[[TrainTask], list[Snapshot]] | None = None
    probes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions of probes, ``evaluate`` and ``propagate`` that answer in place of NumPy's."""
    calls: list[Call] = field(default_factory=list)
    name: str = "numpy"

    @cached_property
    def _numpy(self) -> Framework:
        return frameworks.load("numpy")

    def _kept(self, name: str, function: Callable[..., Any], *given: Any) -> Any:
        answer = function(*given)
        self.calls.append(Call(name, given, answer))
        return answer

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        evaluate = self.probes.get("evaluate", self._numpy.evaluate)
        pair: tuple[Array, Array] = self._kept("evaluate", evaluate, activation, points)
        return pair

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        draw = _default if initializer == "default" else self._numpy.draw
        layer: Layer = self._kept("draw", draw, initializer, fan_in, fan_out, seed)
        return layer

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        propagate = self.probes.get("propagate", self._numpy.propagate)
        signals: list[LayerSignals] = self._kept(
            "propagate", propagate, names, weights, inputs, cotangent
        )
        return signals

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        train = self.script or (lambda task: list(self._numpy.train(task)))
        yield from self._kept("train", train, task)

    def probe(self, topic: type[Any]) -> Any:
        return _Probe(self, topic)


def _default(initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
    """Draw kernel and bias from U(-1, 1) / sqrt(fan_in): NumPy has no start of its own."""
    rng, bound = np.random.default_rng(seed), 1 / math.sqrt(fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out)), rng.uniform(-bound, bound, fan_out)


@dataclass
class _Probe:
    recorder: Recorder
    topic: type[Any]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self.recorder.probes.get(name)
        if function is None:
            function = getattr(frameworks.load("numpy").probe(self.topic), name)
        return lambda *given: self.recorder._kept(name, function, *given)


@dataclass(frozen=True)
class Run:
    """A measured stack."""

    study: Study
    stack: Stack
    measurement: Measurement
    framework: Recorder
    oracle: Recorder
    root: int

    @property
    def members(self) -> tuple[Member, ...]:
        return self.stack.members

    @property
    def stored(self) -> Columns:
        return {table.name: table.columns for table in self.measurement.tables}

    def answers(self, name: str) -> list[Any]:
        """Return the answers of all calls of a verb or probe, in their order."""
        return [call.answer for call in self.framework.calls if call.name == name]

    def given(self, name: str) -> list[tuple[Any, ...]]:
        """Return what all calls of a verb or probe were given, in their order."""
        return [call.given for call in self.framework.calls if call.name == name]

    @property
    def task(self) -> TrainTask:
        task: TrainTask = self.given("train")[0][0]
        return task

    @property
    def snapshots(self) -> list[Snapshot]:
        snapshots: list[Snapshot] = self.answers("train")[0]
        return snapshots

    def each(self, value: Callable[[int], Any]) -> Array:
        """Return the values of all members, from the value of the member at a position."""
        return np.array([value(k) for k in range(len(self.members))], dtype=np.float64)


def stack_of(
    study: Study, axes: measured.Axes, seeds: Sequence[int] = (0, 1), framework: str = "numpy"
) -> Stack:
    """Return the members of a small grid that one stack holds, with these seeds."""
    (stack, *others) = measured.stacks(study, framework, len(seeds), axes)
    assert not others, f"{study.name}: the cells of {axes} fill more than one stack"
    members = tuple(replace(member, seed=seeds[member.seed]) for member in stack.members)
    return replace(stack, members=members)


def measure(
    study: Study,
    stack: Stack,
    root: int = ROOT_SEED,
    script: Callable[[TrainTask], list[Snapshot]] | None = None,
    probes: Mapping[str, Any] | None = None,
    oracle_probes: Mapping[str, Any] | None = None,
) -> Run:
    """Measure a stack with scripted training and, where no probe answers instead, NumPy."""
    framework = Recorder(script or scripted, probes or {}, name=stack.framework)
    oracle = Recorder(None, oracle_probes or {})
    measurement = study.measure(stack, Lab(framework, oracle, root))
    return Run(study, stack, measurement, framework, oracle, root)


# --- scripted training -------------------------------------------------------------------------

SHARES = (0.5, 0.94, 0.949)
"""The shares of right answers in the first epochs of member 0; then it has exactly 0.95. Member k
has its first share k epochs longer."""


def diverges(member: int, members: int) -> bool:
    """Return whether the script makes a member diverge: the last of several."""
    return members > 1 and member == members - 1


def scripted(task: TrainTask) -> list[Snapshot]:
    """Return snapshots whose every array is random and unlike every other, without training.

    Member k is drawn from what is its own, so that it is the same in any stack. The last member's
    losses become NaN within the second stretch of batches, one of its logits NaN and one of its
    weights infinite.
    """
    members = len(task.labels)
    alone = [_scripted(task, k, diverges(k, members)) for k in range(members)]

    def layers(epoch: int, name: str) -> Weights:
        return tuple(
            (
                np.stack([getattr(member[epoch], name)[layer][0] for member in alone]),
                np.stack([getattr(member[epoch], name)[layer][1] for member in alone]),
            )
            for layer in range(len(task.weights))
        )

    def stacked(epoch: int, name: str, axis: int = 0) -> Array:
        return np.stack([getattr(member[epoch], name) for member in alone], axis=axis)

    return [
        Snapshot(
            epoch=task.record[i],
            weights=layers(i, "weights"),
            gradients=layers(i, "gradients"),
            loss=stacked(i, "loss"),
            heldout_loss=stacked(i, "heldout_loss"),
            logits=stacked(i, "logits"),
            heldout_logits=stacked(i, "heldout_logits"),
            batch_loss=stacked(i, "batch_loss", 1),
            batch_correct=stacked(i, "batch_correct", 1),
        )
        for i in range(len(task.record))
    ]


def _scripted(task: TrainTask, k: int, diverging: bool) -> list[Snapshot]:
    """Return the snapshots of one member, without the axis of the members."""
    own = [array[k] for layer in task.weights for array in layer]
    number = sum(int(abs(float(array.sum())) * 1e6) for array in own if np.isfinite(array).all())
    rng = np.random.default_rng([number, k if number == 0 else 0])
    points, heldout = len(task.labels[k]), len(task.heldout_labels[k])
    outputs = task.architecture.outputs
    batches = math.ceil(points / task.batch)
    sizes = np.diff(np.append(np.arange(0, points, task.batch), points))

    def normal(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(np.float32)

    def layers() -> list[Layer]:
        return [(normal(*kernel[k].shape), normal(*bias[k].shape)) for kernel, bias in task.weights]

    def logits(count: int) -> Array:
        return normal(count, outputs) if outputs > 1 else normal(count)

    def correct(epoch: int) -> Array:
        share = SHARES[max(0, epoch - 1 - k)] if epoch - 1 - k < len(SHARES) else 0.95
        rest, right = round(share * points), []
        for size in sizes:
            right.append(min(rest, size))
            rest -= right[-1]
        return np.array(right, dtype=np.float32)

    result, before = [], 0
    for position, epoch in enumerate(task.record):
        weights = layers() if position else [(kernel[k], bias[k]) for kernel, bias in task.weights]
        steps = (epoch - before) * batches
        right = [correct(e) for e in range(before + 1, epoch + 1)]
        some_logits, batch_loss = logits(points), abs(normal(steps)) + 1
        loss = float(abs(normal())) + 0.1
        batch_loss[6 * steps // 10 + k :] *= 0.1
        if diverging and position:
            loss, some_logits[points // 2], batch_loss[steps // 2 :] = np.nan, np.nan, np.nan
            weights[-1][0][0, 0] = np.inf
        result.append(
            Snapshot(
                epoch=epoch,
                weights=tuple(weights),
                gradients=tuple(layers()),
                loss=np.asarray(loss, np.float32),
                heldout_loss=np.abs(normal()) + 0.1,
                logits=some_logits,
                heldout_logits=logits(heldout),
                batch_loss=batch_loss,
                batch_correct=np.concatenate(right) if right else np.zeros(0, np.float32),
            )
        )
        before = epoch
    return result
