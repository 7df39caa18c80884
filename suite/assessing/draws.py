"""The contracts of initializers and data sets: what is drawn, from which law, by which seed.

The tests of a law are sized so that a right initializer fails one of them less than once in a
million, and a variance that is wrong by a twentieth, or a uniform, normal or truncated normal law
in place of another, is caught every time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from suite.catalogue import initializers
from suite.catalogue.datasets import DATASETS, SPLITS, Dataset
from suite.catalogue.initializers import Resolved
from suite.catalogue.laws import Law, Orthogonal, Point
from suite.catalogue.registry import ORACLE
from suite.types import Array, Framework

SHAPES = ((256, 64), (64, 256))
"""Fans in and out. They differ, so that a law which confuses them is caught."""
SEEDS = 16
ALARM = 1e-7
"""The chance that one test of a right initializer fails; there are six for each framework."""
_NORMAL = 5.33
"""The number of standard deviations that a normal number exceeds with the chance ``ALARM``."""


def initializer(name: str, framework: Framework) -> Iterator[str]:
    """Yield what breaks the contract of an initializer in a framework.

    In the NumPy oracle that is the contract of its law. ``name`` is canonical.
    """
    resolved = initializers.resolve(name)
    for fan_in, fan_out in SHAPES:
        try:
            layers = [framework.draw(name, fan_in, fan_out, seed) for seed in range(SEEDS)]
            again, _ = framework.draw(name, fan_in, fan_out, 0)
        except Exception as error:
            yield " ".join(f"{type(error).__name__}: {error}".split())[:300]
            return
        kernels = [np.asarray(kernel) for kernel, _ in layers]
        said = _form(kernels, (fan_in, fan_out), framework.name)
        said = said or _seeds(resolved, kernels, np.asarray(again))
        if said is None and (law := _law(resolved, framework.name)) is not None:
            said = _follows(law, kernels, fan_in, fan_out)
        if said:
            yield said
            return


def adjusted(resolved: Resolved) -> list[str]:
    """Return what breaks the contract of an initializer that looks at data: how ``adjust`` changes
    the kernels of a network of three layers of tanh."""
    if resolved.entry.adjust is None:
        return []
    rng = np.random.default_rng(5)
    start = [rng.normal(size=shape) for shape in ((2, 6), (6, 6), (6, 1))]
    inputs = rng.normal(size=(40, 2))

    def forward(kernels: list[Array]) -> list[Array]:
        before, x = [], inputs
        for kernel in kernels:
            before.append(x @ kernel)
            x = np.tanh(before[-1])
        return before

    try:
        first, again = (
            resolved.entry.adjust(
                [kernel.copy() for kernel in start], inputs.copy(), forward, *resolved.parameters
            )
            for _ in range(2)
        )
    except Exception as error:
        return [f"adjust raises {' '.join(f'{type(error).__name__}: {error}'.split())[:300]}"]
    shapes = [np.shape(kernel) for kernel in first]
    if shapes != [kernel.shape for kernel in start]:
        wanted = [kernel.shape for kernel in start]
        return [f"adjust returns kernels of the shapes {shapes}, not {wanted}"]
    for layer, (kernel, other) in enumerate(zip(first, again, strict=True)):
        if not np.isfinite(kernel).all():
            return [f"adjust makes entries of layer {layer} that are not finite"]
        if not np.array_equal(kernel, other):
            return [f"adjust gives other kernels of layer {layer} at the second call"]
    return []


def _form(kernels: list[Array], shape: tuple[int, int], framework: str) -> str | None:
    precision = np.float64 if framework == ORACLE else np.float32
    for kernel in kernels:
        if kernel.shape != shape:
            return f"a kernel has the shape {kernel.shape}, not {shape} (fan in, fan out)"
        if kernel.dtype != precision:
            return f"a kernel is {kernel.dtype}, not {np.dtype(precision)}"
        if not np.isfinite(kernel).all():
            return f"a kernel has {int((~np.isfinite(kernel)).sum())} entries that are not finite"
    return None


def _seeds(resolved: Resolved, kernels: list[Array], again: Array) -> str | None:
    if not np.array_equal(kernels[0], again):
        at = np.unravel_index(np.argmax(kernels[0] != again), again.shape)
        return (
            f"seed 0 drew {kernels[0][at]:.9g} and then {again[at]:.9g} at {tuple(map(int, at))}:"
            " a draw must depend on its seed alone"
        )
    same = np.array_equal(kernels[0], kernels[1])
    if same and resolved.random:
        return f"seeds 0 and 1 draw the same kernel, {again[0, 0]:.6g} first; or is random=False?"
    if not same and not resolved.random:
        return "seeds 0 and 1 draw different kernels, and it is declared random=False"
    return None


def _law(resolved: Resolved, framework: str) -> Law | None:
    if resolved.entry.law is None and framework not in resolved.entry.laws(*resolved.parameters):
        return None
    return resolved.law(framework)


def _follows(law: Law, kernels: list[Array], fan_in: int, fan_out: int) -> str | None:
    """Return how kernels do not follow a law, or None."""
    where = f"at fans {fan_in} in, {fan_out} out"
    values = np.concatenate([kernel.ravel() for kernel in kernels]).astype(np.float64)
    if isinstance(law, Point):
        wrong = values[np.abs(values - law.value) > 1e-6 * abs(law.value)]
        return f"an entry is {wrong[0]:.9g}, by its law {law.value:.9g}" if wrong.size else None
    if isinstance(law, Orthogonal):
        return _orthogonal(law, kernels, where)
    variance, count = law.variance(fan_in, fan_out), values.size
    found = float(np.mean(values**2))
    spread = _NORMAL * math.sqrt(max(law.kurtosis + 2.0, 0.0) / count)
    if not abs(found / variance - 1.0) <= spread:
        return (
            f"the mean square {where} is {found:.6g}, by its law {variance:.6g}"
            f" (allowed: {100 * spread:.1g} %)"
        )
    mean = float(values.mean())
    if not abs(mean) <= _NORMAL * math.sqrt(variance / count):
        return f"the mean {where} is {mean:.3g}, by its law 0"
    ordered = np.sort(values)
    steps = np.arange(count + 1) / count
    share = law.cdf(ordered, fan_in, fan_out)
    apart = np.maximum(np.abs(share - steps[:-1]), np.abs(share - steps[1:]))
    # Massart 1990: the largest distance exceeds this with at most the chance ALARM.
    if not apart.max() <= math.sqrt(math.log(2.0 / ALARM) / (2.0 * count)):
        at = int(np.argmax(apart))
        return (
            f"the share of entries up to {ordered[at]:.4g} {where} is {steps[at + 1]:.4g}, by its"
            f" law {share[at]:.4g}: another law"
        )
    return None


def _orthogonal(law: Orthogonal, kernels: list[Array], where: str) -> str | None:
    """Return how rows or columns, whichever are fewer, are not orthonormal but for the gain, or
    None."""
    for kernel in kernels:
        tall = kernel.astype(np.float64)
        tall = tall if tall.shape[0] >= tall.shape[1] else tall.T
        products = tall.T @ tall
        off = np.abs(products - law.gain**2 * np.eye(len(products)))
        if off.max() > 1e-4 * law.gain**2:
            at = np.unravel_index(np.argmax(off), off.shape)
            return (
                f"the product of columns {int(at[0])} and {int(at[1])} {where} is"
                f" {products[at]:.6g}, by its law {law.gain**2 * (at[0] == at[1]):.6g}"
            )
    return None


def dataset(name: str) -> Iterator[str]:
    """Yield what breaks the contract of a data set: its size, labels and seeds."""
    entry = DATASETS[name]
    try:
        drawn = {(s, p): entry.sample(0, s, p) for s in (0, 1) for p in SPLITS}
        again, other = entry.sample(0, 0, "train"), entry.sample(1, 0, "train")
    except Exception as error:
        yield " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return
    for (seed, split), sample in drawn.items():
        if said := _sample(entry, sample, split):
            yield f"{said} (seed {seed}, {split})"
            return
    first = drawn[0, "train"]
    if not _equal(first, again):
        yield "seed 0 draws other points at the second call: a draw must depend on its seed alone"
    elif _equal(first, drawn[1, "train"]):
        yield "seeds 0 and 1 draw the same points in the same order"
    elif _equal(first, other):
        yield "roots 0 and 1 draw the same points in the same order"
    elif np.array_equal(first[0][:4], drawn[0, "heldout"][0][:4]):
        yield "the held-out points are those of the training set"


def _sample(entry: Dataset, sample: tuple[Array, Array], split: str) -> str | None:
    """Return what is wrong with inputs and labels of a split, or None."""
    inputs, labels = (np.asarray(part) for part in sample)
    points = entry.points if split == "train" else len(inputs)
    if inputs.shape != (points, entry.features) or labels.shape != (points,):
        return (
            f"inputs have the shape {inputs.shape} and labels {labels.shape}, declared are"
            f" {(points, entry.features)} and {(points,)}"
        )
    for what, array in (("inputs", inputs), ("labels", labels)):
        if array.dtype != np.float32:
            return f"{what} are {array.dtype}, not float32"
        if not np.isfinite(array).all():
            at = np.argwhere(~np.isfinite(array))[0]
            return f"{what} have {array[tuple(at)]} at {tuple(map(int, at))}"
    if entry.loss == "squared":
        return "all targets are equal" if np.ptp(labels) == 0 else None
    classes = 2 if entry.loss == "binary" else entry.outputs
    found = np.unique(labels)
    if not np.array_equal(found, np.arange(classes)):
        return (
            f"labels are {', '.join(f'{label:g}' for label in found[:12])}, and the loss"
            f" {entry.loss!r} with {entry.outputs} outputs needs 0 to {classes - 1}, each of them"
        )
    return None


def _equal(one: tuple[Array, Array], other: tuple[Array, Array]) -> bool:
    return np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])
