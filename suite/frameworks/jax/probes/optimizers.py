"""Optax' own optimizers, step by step, as a user writes the loop."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from suite.catalogue import step_forms, step_options
from suite.catalogue.registry import native, unknown
from suite.catalogue.step_options import THRESHOLD, Setting
from suite.frameworks.jax_stack import in_precision
from suite.theory import steps
from suite.types import Array, Unsupported


def path(setting: str, task: str, batches: int) -> Array:
    """Step in double precision, by a chain of Optax' transformations.

    Raises Unsupported for what Optax lacks.
    """
    chosen = step_options.resolve(setting)
    if task not in steps.SHAPES:
        raise unknown("task", task, steps.SHAPES)
    if reason := step_forms.lacking("jax", chosen):
        raise Unsupported(reason)
    with in_precision("double"):
        given = [jnp.asarray(part) for part in steps.coefficients(task)]
        parameters = [jnp.asarray(part) for part in steps.start(task)]
        optimizer = _optimizer(chosen)
        state = optimizer.init(parameters)
        gradient = jax.grad(lambda values: _loss(task, values, given))
        followed = [_flat(parameters)]
        for _ in range(batches):
            updates, state = optimizer.update(gradient(parameters), state, parameters)
            parameters = optax.apply_updates(parameters, updates)
            followed.append(_flat(parameters))
    return np.array(followed)


def _flat(parameters: Sequence[Any]) -> Array:
    return np.concatenate([np.asarray(x).ravel() for x in parameters])


def _loss(task: str, parameters: Sequence[Any], given: Sequence[Any]) -> Any:
    if task == "network":
        (inputs, targets), (w, v) = given, parameters
        return optax.squared_error(jnp.tanh(inputs @ w) @ v, targets).mean()
    pairs = zip(given, parameters, strict=True)
    if task == "constant":
        return sum((s * x).sum() for s, x in pairs)
    return sum((c * x**2).sum() for c, x in pairs) / 2


def _optimizer(setting: Setting) -> Any:
    target, arguments = setting.native("jax")
    rate: Any = setting.method.rate
    if setting.schedule is not None:
        schedule, terms = setting.schedule.optax(rate)
        rate = native((schedule, jax.tree.map(_double, terms)))()
    parts = []
    if setting.clipping:
        clip = {"value": optax.clip, "global": optax.clip_by_global_norm}[setting.clipping]
        parts.append(clip(THRESHOLD))
    if strength := setting.penalty("torch"):
        parts.append(optax.add_decayed_weights(strength))
    made = optax.chain(*parts, native((target, {**arguments, "learning_rate": rate}))())
    if setting.batches == 1:
        return made
    # Since it has the argument, its default is single precision.
    given = inspect.signature(optax.MultiSteps).parameters
    more = {"accumulator_dtype": jnp.float64} if "accumulator_dtype" in given else {}
    return optax.MultiSteps(made, setting.batches, **more)


def _double(term: Any) -> Any:
    """Return a number as a double: a schedule computes with Python's in single precision."""
    return np.float64(term) if isinstance(term, float) else term
