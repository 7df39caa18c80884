"""The contracts of normalization layers and optimizers in a framework."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from suite.assessing.training import trained
from suite.catalogue import optimizers
from suite.catalogue.frameworks import entry_of
from suite.catalogue.normalizations import EPSILON, NORMALIZATIONS
from suite.catalogue.registry import ORACLE
from suite.probes.normalized import DeepSignals
from suite.types import Array, Framework

SAMPLES, FEATURES = 24, 6
SHARE = 1e-4
"""The share of the largest entry by which single precision may differ: it has 6e-8, and a sum of
the samples has some dozen times that."""


def normalization(name: str, framework: Framework) -> Iterator[str]:
    """Yield what breaks the contract of a normalization: outputs and gradients against its
    definition, and a small network trained with it."""
    entry = NORMALIZATIONS[name]
    rng = np.random.default_rng(3)
    x = (2.0 * rng.normal(size=(SAMPLES, FEATURES)) + np.arange(FEATURES)).astype(np.float32)
    cotangent = rng.normal(size=x.shape).astype(np.float32)
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(entry.definition.value(x.astype(float), EPSILON))
            gradient = entry.definition.gradient(x.astype(float), EPSILON, cotangent.astype(float))
    except Exception as error:
        yield f"its definition raises {_words(error)}"
        return
    for what, array in (("value", value), ("gradient", np.asarray(gradient))):
        if array.shape != x.shape:
            yield f"{what} of its definition has the shape {array.shape} for {x.shape}"
            return
    if said := _differences(entry.definition.value, x.astype(float), cotangent, gradient):
        yield said
        return
    if framework.name == ORACLE:
        return
    weights = ((np.eye(FEATURES, dtype=np.float32), np.zeros(FEATURES, np.float32)),)
    try:
        outputs, gradients = framework.probe(DeepSignals).propagate(
            "linear", "chain", name, 0.0, weights, x, cotangent, EPSILON
        )
    except Exception as error:
        yield _words(error)
        return
    for what, mine, right in (
        ("output", outputs[-1], value),
        ("gradient", gradients[0], np.asarray(gradient)),
    ):
        if said := _apart(what, mine, right):
            yield said
            return
    yield from trained(framework, normalization=name)


def _differences(
    value: object, x: Array, cotangent: Array, gradient: Array, step: float = 1e-5
) -> str | None:
    """Return how the definition's gradient is not that of its value, or None."""
    assert callable(value)
    found = np.empty_like(x)
    for at in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[at] += step
        down[at] -= step
        with np.errstate(all="ignore"):
            rise = value(up, EPSILON) - value(down, EPSILON)
        found[at] = float(np.sum(cotangent * rise)) / (2.0 * step)
    off = np.abs(found - gradient)
    if off.max() <= 1e-5 * max(1.0, float(np.abs(found).max())):
        return None
    at = np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), off.shape)
    return (
        f"gradient of its definition at {tuple(map(int, at))} is {gradient[at]:.6g}, by finite"
        f" differences of its value {found[at]:.6g}"
    )


def _apart(what: str, mine: Array, right: Array) -> str | None:
    if mine.shape != right.shape:
        return f"{what} has the shape {mine.shape} for {right.shape}"
    off = np.where(np.isfinite(mine), np.abs(mine - right), np.inf)
    if off.max() <= SHARE * max(1.0, float(np.abs(right).max())):
        return None
    at = np.unravel_index(int(np.argmax(off)), off.shape)
    return (
        f"{what} at {tuple(map(int, at))} is {mine[at]:.6g}, by definition {right[at]:.6g}"
        f" (epsilon {EPSILON:g})"
    )


def optimizer(name: str, framework: Framework) -> Iterator[str]:
    """Yield what breaks the contract of an optimizer.

    It must move the weights of a small network and, in a framework with Keras' form, move them as
    its formula says.
    """
    resolved = optimizers.resolve(name)
    if framework.name == ORACLE:
        return
    form = entry_of(framework.name).form(name)
    yield from trained(framework, optimizer=name, moves=True, exact=form == "keras")
    if form is not None and resolved.formula is not None:
        yield from _formula(name)


def _formula(name: str) -> Iterator[str]:
    """Yield whether the formula raises, or does not keep the shape of a gradient."""
    try:
        step = optimizers.resolve(name).step("keras")
        change = np.asarray(step(np.array([0.5, -2.0])))
    except Exception as error:
        yield f"its formula raises {_words(error)}"
        return
    if change.shape != (2,) or not np.isfinite(change).all():
        yield f"its formula changes two parameters by {change.tolist()}"


def _words(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
