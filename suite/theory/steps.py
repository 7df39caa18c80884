"""The path of parameters that an optimizer takes by its documented formula, in float64.

It joins the formula of a method with what comes around it: accumulated gradients, clipping, weight
decay, penalty and schedule, in the order in which each framework applies them. Three tasks give the
gradients: a constant one, a quadratic and a small network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from suite.catalogue.frameworks import Formulas
from suite.catalogue.step_forms import Forms
from suite.catalogue.step_options import Setting, clipped
from suite.types import Array

Parameters = Sequence[Array]
"""The parameters of a task, float64, one array for each tensor."""

SHAPES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "constant": ((3,),),
    "quadratic": ((4,),),
    "network": ((2, 3), (3, 1)),
}
"""Task -> the shapes of its parameters: of the network, its two kernels."""


def start(task: str) -> list[Array]:
    """Return the parameters from which a task starts: numbers from -1 to 1 without a pattern."""
    sizes = [int(np.prod(shape)) for shape in SHAPES[task]]
    numbers = np.split(np.sin(np.arange(1.0, sum(sizes) + 1) ** 2), np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(numbers, SHAPES[task], strict=True)]


def coefficients(task: str) -> list[Array]:
    """Return what defines the loss of a task.

    ``constant``: the slopes s of the loss sum(s x), and ``quadratic``: the curvatures c of
    sum(c x^2) / 2, both in the shapes of the parameters; ``network``: inputs (5, 2) and targets
    (5, 1) of the mean squared error of tanh(x W) V.
    """
    if task == "constant":
        return [np.array([0.75, -0.25, 0.03125])]
    if task == "quadratic":
        return [np.array([4.0, 1.0, 0.25, 0.0625])]
    inputs = np.sin(np.arange(10.0).reshape(5, 2) * 1.7)
    return [inputs, 8 * np.cos(np.arange(5.0)[:, None])]


def gradients(task: str, parameters: Parameters) -> list[Array]:
    """Return the gradient of the loss of a task at the parameters."""
    given = coefficients(task)
    if task == "constant":
        return list(given)
    if task == "quadratic":
        return [c * x for c, x in zip(given, parameters, strict=True)]
    (inputs, targets), (w, v) = given, parameters
    hidden = np.tanh(inputs @ w)
    by_output = 2 * (hidden @ v - targets) / len(targets)
    by_hidden = by_output @ v.T * (1 - hidden**2)
    return [inputs.T @ by_hidden, hidden.T @ by_output]


def path(form: Formulas | Forms, setting: Setting, task: str, batches: int) -> Array:
    """Return the parameters before the first and after each batch, (batches + 1, n) float64.

    - accumulation: torch adds the gradients of the batches up, Keras takes their mean; Keras'
      schedules count batches, torch's steps;
    - clipping comes next;
    - the argument weight_decay d: torch adds d x to the gradient, AdamW and Keras (every optimizer)
      subtract rate d x from the parameter;
    - a penalty l: torch's weight_decay adds l x after clipping; Keras' regularizers.L2(l) is l x^2,
      whose gradient 2 l x is part of what is accumulated and clipped.

    ``form``: that of all parts of the step, or of each one.
    """
    forms = Forms.of(form) if isinstance(form, str) else form
    parameters = start(task)
    rules = [setting.rule(forms.rule) for _ in parameters]
    penalty = setting.penalty(forms.penalty)
    decay = setting.values.get("weight_decay", 0.0)
    decoupled = forms.decay == "keras" or setting.method.decoupled
    held = [np.zeros_like(x) for x in parameters]
    followed = [np.concatenate([x.ravel() for x in parameters])]
    for batch in range(batches):
        batch_gradients = gradients(task, parameters)
        if forms.penalty == "keras":
            pairs = zip(batch_gradients, parameters, strict=True)
            batch_gradients = [g + 2 * penalty * x for g, x in pairs]
        held = [h + g for h, g in zip(held, batch_gradients, strict=True)]
        if (batch + 1) % setting.batches == 0:
            share = setting.batches if forms.mean == "keras" else 1
            used = clipped(forms.clipping, setting.clipping, [h / share for h in held])
            counted = batch if forms.count == "keras" else batch // setting.batches
            rate = setting.rate(forms.schedule, counted)
            if forms.penalty == "torch":
                used = [g + penalty * x for g, x in zip(used, parameters, strict=True)]
            if decoupled:
                parameters = [x - rate * decay * x for x in parameters]
            else:
                used = [g + decay * x for g, x in zip(used, parameters, strict=True)]
            moved = zip(parameters, rules, used, strict=True)
            parameters = [x - rule(g, rate) for x, rule, g in moved]
            held = [np.zeros_like(x) for x in parameters]
        followed.append(np.concatenate([x.ravel() for x in parameters]))
    return np.array(followed)


def distances(measured: Array, exact: Array) -> Array:
    """Return how far each row of a path (rows, n) is from another, (rows,): the largest difference
    of a parameter, over the longest way that a parameter of ``exact`` goes. NaN counts as inf."""
    scale = np.abs(exact - exact[0]).max()
    apart: Array = np.abs(measured - exact).max(axis=1) / scale
    return np.where(np.isnan(apart), np.inf, apart)
