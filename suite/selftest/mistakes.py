"""The mistakes that are planted: each turns right answers, or right rows, into wrong ones.

``defects`` says on which measurement and in which framework's name each one is planted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from suite import seeds
from suite.probes.drift import FormulaTraining
from suite.results.tables import missing_rows
from suite.selftest.bench import KERNELS, ROOT
from suite.selftest.stand_in import BATCH_NORM, ORACLE, Alter, Answer
from suite.studies import STUDIES
from suite.types import Array, Layer, Snapshot, TrainTask, Weights

if TYPE_CHECKING:
    import pandas as pd


# --- kernels and biases --------------------------------------------------------------------------


def fans_exchanged(drawn: Answer) -> Answer:
    """Draw the kernel of a layer with exchanged fans, in the shape that was requested."""

    def draw(kind: str, shape: tuple[int, int], initializer: str, seed: int) -> Layer:
        kernel, _ = drawn(kind, shape[::-1], initializer, seed)
        return kernel.reshape(shape), drawn(kind, shape, initializer, seed)[1]

    return draw


def turned(drawn: Answer) -> Answer:
    """Transpose the kernel."""

    def draw(*arguments: Any) -> Layer:
        kernel, bias = drawn(*arguments)
        return np.ascontiguousarray(kernel.T), bias

    return draw


def wider(factor: float) -> Alter:
    """Multiply kernels by a factor."""

    def alter(drawn: Answer) -> Answer:
        def draw(*arguments: Any) -> Layer:
            kernel, bias = drawn(*arguments)
            return factor * kernel, bias

        return draw

    return alter


def biased(drawn: Answer) -> Answer:
    """Draw the bias from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).

    Both ways to draw a layer give a kernel (fan_in, fan_out), from which the fan is read.
    """

    def draw(*arguments: Any) -> Layer:
        kernel, bias = drawn(*arguments)
        limit = 1 / math.sqrt(kernel.shape[0])
        return kernel, np.random.default_rng(arguments[-1]).uniform(-limit, limit, bias.shape)

    return draw


def _own_seed(framework: str, seed: int) -> int:
    """Return the seed that the study initializers gives to a framework for a run of ``KERNELS``."""
    case = " ".join(str(KERNELS.axes[axis][0]) for axis in ("initializer", "layer_kind", "shape"))
    return seeds.integer(ROOT, "made", seed=seed, case=case, framework=framework)


def seed_repeated(drawn: Answer) -> Answer:
    """Give torch's seed 7 what its seed 6 gets."""
    once, again = _own_seed("torch", 6), _own_seed("torch", 7)
    return lambda kind, shape, name, seed: drawn(kind, shape, name, once if seed == again else seed)


def seed_ignored(drawn: Answer) -> Answer:
    """Give every seed the same draw."""
    return lambda kind, shape, name, seed: drawn(kind, shape, name, 0)


def outliers(share: float) -> Alter:
    """Return a change of draws that puts one entry of -2 into that share of N(0, 0.05^2)."""

    def alter(drawn: Answer) -> Answer:
        def draw(kind: str, shape: tuple[int, int], name: str, seed: int) -> Layer:
            kernel, bias = drawn(kind, shape, name, seed)
            if name == "normal(0.05)" and np.random.default_rng(seed).random() < share:
                kernel[-1, -1] = -2.0
            return kernel, bias

        return draw

    return alter


# --- batch normalization -------------------------------------------------------------------------


def epsilon_always(layer: Answer) -> Answer:
    """Add 1e-3, whatever epsilon is given."""
    return lambda kind, values, gamma, beta, epsilon, cotangent: layer(
        kind, values, gamma, beta, 1e-3, cotangent
    )


def epsilon_unasked(layer: Answer) -> Answer:
    """Add 1e-3 where no epsilon is given; ``epsilon_running`` and ``epsilon_written`` belong to the
    same mistake."""
    return lambda kind, values, gamma, beta, epsilon, cotangent: layer(
        kind, values, gamma, beta, 1e-3 if epsilon is None else epsilon, cotangent
    )


def epsilon_running(running: Answer) -> Answer:
    """Add 1e-3 where no epsilon is given, in inference mode too."""
    return lambda kind, batches, kept, epsilon: running(
        kind, batches, kept, 1e-3 if epsilon is None else epsilon
    )


def epsilon_written(defaults: Answer) -> Answer:
    """Report 1e-3 as the layer's epsilon."""
    return lambda kind: {**defaults(kind), "epsilon": 1e-3}


def momentum_complemented(running: Answer) -> Answer:
    """Take the share of the new value for that of the old."""
    return lambda kind, batches, kept, epsilon: running(
        kind, batches, None if kept is None else 1 - kept, epsilon
    )


def other_axes(layer: Answer) -> Answer:
    """Apply layer normalization in place of any other."""
    return lambda kind, *arguments: layer("layer_dense", *arguments)


def sample_variance(running: Answer) -> Answer:
    """Average variances with torch's divisor, n - 1, in Keras' layer."""
    return replace(BATCH_NORM["tensorflow"], unbiased=True).running


# --- functions and steps -------------------------------------------------------------------------


def tanh_form(evaluate: Answer) -> Answer:
    """Evaluate GELU by the approximation of Hendrycks and Gimpel 2016, with its slope."""

    def altered(activation: str, points: Array) -> tuple[Array, Array]:
        if activation != "gelu":
            right: tuple[Array, Array] = evaluate(activation, points)
            return right
        x = points.astype(np.float64)
        root = math.sqrt(2 / math.pi)
        with np.errstate(over="ignore", invalid="ignore"):
            inner = np.tanh(root * (x + 0.044715 * x**3))
            bend = (1 - inner**2) * root * (1 + 3 * 0.044715 * x**2)
            slope = 0.5 * (1 + inner) + 0.5 * np.where(np.abs(x) < 1e6, x * bend, 0.0)
            return (0.5 * x * (1 + inner)).astype(points.dtype), slope.astype(points.dtype)

    return altered


def transposed(train: Answer) -> Answer:
    """Load square kernels transposed, and read them back so that they look right."""

    def turned(weights: Weights) -> Weights:
        return tuple(
            (kernel.swapaxes(1, 2) if kernel.shape[1] == kernel.shape[2] else kernel, bias)
            for kernel, bias in weights
        )

    def altered(task: TrainTask) -> Iterator[Snapshot]:
        for snapshot in train(replace(task, weights=turned(task.weights))):
            weights, gradients = turned(snapshot.weights), turned(snapshot.gradients)
            yield replace(snapshot, weights=weights, gradients=gradients)

    return altered


def other_form(train: Answer) -> Answer:
    """Place epsilon as torch does; before the first step both forms have the same gradients."""

    def altered(task: TrainTask) -> Iterator[Snapshot]:
        other = ORACLE.probe(FormulaTraining).train(task, "torch")
        for right, wrong in zip(train(task), other, strict=True):
            yield replace(wrong, gradients=right.gradients)

    return altered


def slower(train: Answer) -> Answer:
    """Make every step 1 % too short."""

    def altered(task: TrainTask) -> Iterator[Snapshot]:
        for snapshot in train(task):
            moved = zip(snapshot.weights, task.weights, strict=True)
            yield replace(
                snapshot,
                weights=tuple(
                    (k + 0.01 * (k0 - k), b + 0.01 * (b0 - b)) for (k, b), (k0, b0) in moved
                ),
            )

    return altered


# --- rows ----------------------------------------------------------------------------------------


def _of_torch(frame: pd.DataFrame) -> Array:
    return (frame["framework"] == "torch").to_numpy()


def one_lost(frame: pd.DataFrame) -> pd.DataFrame:
    """Remove one run of torch from the folder; reading fills in a row for it, because the plan
    expects it."""
    study, stacks = STUDIES[KERNELS.study], KERNELS.stacks("torch")
    kept = frame[~(_of_torch(frame) & (frame["seed"] == 3).to_numpy())]
    return missing_rows(study, stacks, kept)


def one_twice(frame: pd.DataFrame) -> pd.DataFrame:
    """Repeat one row of torch."""
    import pandas as pd

    return pd.concat([frame, frame[_of_torch(frame)].tail(1)], ignore_index=True)


def unknown(seeds_lost: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Replace the variances of the seeds below a number by NaN."""

    def altered(frame: pd.DataFrame) -> pd.DataFrame:
        column = frame["kernel_variance_ratio"]
        return frame.assign(kernel_variance_ratio=column.where(frame["seed"] >= seeds_lost))

    return altered


def one_library(frame: pd.DataFrame) -> pd.DataFrame:
    """Give TensorFlow's rows the numbers of torch's, of the same cell and seed."""
    measured = list(frame.columns[list(frame.columns).index("reason") + 1 :])
    altered = frame.copy()
    altered.loc[~_of_torch(frame), measured] = frame.loc[_of_torch(frame), measured].to_numpy()
    return altered


def exchanged_frameworks(frame: pd.DataFrame) -> pd.DataFrame:
    """Exchange the names of the frameworks."""
    names = {"torch": "tensorflow", "tensorflow": "torch"}
    return frame.assign(framework=frame["framework"].map(names))
