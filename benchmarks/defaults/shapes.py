"""What the rows of all libraries share: shapes, the usual variances, names of items, and how a
default is read off an object.

Shapes are such that no two rules agree: a dense layer has fan_in 400 and fan_out 600, a
convolution 48 channels in and 80 out with a 3 x 3 window.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.defaults import behaviour
from suite.types import Array

Found = Iterator[tuple[str, str, str]]
"""For each item its name, what the object says, and what was measured."""
KEPT = "batch norm: momentum, and the share of the old mean"
RMSPROP_FLOOR = "RMSprop: epsilon, and the smallest divisor"
ADAM_FLOOR = "Adam: epsilon, and the smallest divisor"
INPUTS, OUTPUTS = 400, 600
CHANNELS, FILTERS = 48, 80
ENTRIES, SIZE = 500, 320
UNITS = 120


def fans(fan_in: int, fan_out: int) -> Mapping[str, float]:
    """Return the usual variances of a kernel with these fans, in words -> the number."""
    return {
        "1/(3 fan_in)": 1 / (3 * fan_in),
        "1/fan_in": 1 / fan_in,
        "2/fan_in": 2 / fan_in,
        "2/(fan_in + fan_out)": 2 / (fan_in + fan_out),
        "1/(3 fan_out)": 1 / (3 * fan_out),
        "1/fan_out": 1 / fan_out,
        "1": 1.0,
    }


_OF_WIDTH = {"1/(3 width)": 1 / 3, "1/(2 width)": 1 / 2, "1/width": 1.0, "2/width": 2.0}
DENSE = fans(INPUTS, OUTPUTS)
CONVOLUTION = fans(9 * CHANNELS, 9 * FILTERS)
EMBEDDING = {"1": 1.0, "0.05^2/3": 0.05**2 / 3, "1/size": 1 / SIZE, "1/entries": 1 / ENTRIES}
SQUARE = {f"{words}": share / INPUTS for words, share in _OF_WIDTH.items()}
RECURRENT = {
    "1/(3 units)": 1 / (3 * UNITS),
    "1/inputs": 1 / INPUTS,
    "1/(inputs + units)": 1 / (INPUTS + UNITS),
    "2/(inputs + 4 units)": 2 / (INPUTS + 4 * UNITS),
    "2/(inputs + units)": 2 / (INPUTS + UNITS),
}


def default(made: Callable[..., Any], *names: str) -> str:
    """Return the default of an argument, under the first of these names that it has."""
    parameters = inspect.signature(made).parameters
    found = [parameters[name].default for name in names if name in parameters]
    return "required" if found[0] is inspect.Parameter.empty else f"{found[0]:g}"


def many(draw: Callable[[int], Any]) -> Array:
    """Return what is drawn in 40 layers, from a number to the values: a bias alone is too short to
    tell one law from another."""
    return np.concatenate([np.ravel(draw(n)) for n in range(40)])


def number(value: float) -> str:
    return f"{value:.3g}"


def optimizers(read: Mapping[str, str], sgd: Any, rmsprop: Any, adam: Any) -> Found:
    """Yield the rows of three optimizers, functions from gradients to steps; None: it has none."""
    if sgd is not None:
        yield "SGD: learning rate", read["sgd rate"], number(behaviour.rate(sgd))
    if rmsprop is not None:
        rate = behaviour.rmsprop_rate(rmsprop)
        yield "RMSprop: learning rate", read["rmsprop rate"], number(rate)
        decay = behaviour.rmsprop_decay(rmsprop)
        yield "RMSprop: share of the old mean square", read["rmsprop decay"], number(decay)
        floor = behaviour.rmsprop_floor(rmsprop)
        yield RMSPROP_FLOOR, read["rmsprop eps"], number(floor)
    if adam is not None:
        yield "Adam: learning rate", read["adam rate"], number(behaviour.adam_rate(adam))
        floor = behaviour.adam_floor(adam)
        yield ADAM_FLOOR, read["adam eps"], number(floor)
