"""The two circles as a loop by hand, compiled by numba: a floor for what any program needs.

It trains networks of one shape, two inputs, hidden layers of five tanh units and one output, by
RMSprop as torch computes it, in single precision and one thread. It records nothing.

``LANES`` networks are trained at a time, from the first step of an epoch to the last: their
parameters, gradients and activations, some 170 kB, stay in the cache of a core. The networks are
the last axis of every array, so that one instruction computes the same number of eight of them.
Each network gathers its batches from its own points in its own order. The last group is filled
with copies, whose time counts.

Two things differ from a framework's. ``tanh`` is a quotient of polynomials, off by a share of at
most 3e-7, which is two to five units of the last place. A product and a sum
may be computed at once and rounded once (``contract``); the other liberties of ``fastmath`` are
not taken. numba's checks for a division by zero are off, because with them no loop is vectorised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numba
import numpy as np

from suite.types import Architecture, Array, TrainTask

INPUTS, WIDTH, OUTPUTS = 2, 5, 1
LANES = 32
ROWS = 4
"""Points of a batch that are computed at a time, so that a weight is read once for all of them. A
last batch is filled up to a multiple of them."""

# Python numbers are double, and one of them would make an expression double.
Single = np.float32
ZERO, HALF, ONE = Single(0), Single(0.5), Single(1)
RATE, DECAY, REST, EPSILON = Single(0.001), Single(0.9), Single(0.1), Single(1e-7)

# Eigen's coefficients (MathFunctionsImpl.h): an odd polynomial divided by an even one.
BOUND = Single(7.90531110763549805)
P1, P3, P5 = (
    Single(4.89352455891786e-03),
    Single(6.37261928875436e-04),
    Single(1.48572235717979e-05),
)
P7, P9 = Single(5.12229709037114e-08), Single(-8.60467152213735e-11)
P11, P13 = Single(2.00018790482477e-13), Single(-2.76076847742355e-16)
Q0, Q2 = Single(4.89352518554385e-03), Single(2.26843463243900e-03)
Q4, Q6 = Single(1.18534705686654e-04), Single(1.19825839466702e-06)

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function when it is first called."""
    made: Function = numba.njit(error_model="numpy", fastmath={"contract"})(function)
    return made


@compiled
def tanh(x: Any) -> Any:
    """Return tanh(x)."""
    x = min(max(x, -BOUND), BOUND)
    s = x * x
    odd = ((((((P13 * s + P11) * s + P9) * s + P7) * s + P5) * s + P3) * s + P1) * x
    return odd / (((Q6 * s + Q4) * s + Q2) * s + Q0)


def forward(fan_in: int, fan_out: int, hidden: bool) -> Callable[..., None]:
    """Return a layer for numba, with its sizes as constants. ``hidden``: with tanh."""

    @compiled
    def layer(kernel: Array, bias: Array, x: Array, y: Array, count: int) -> None:
        """Compute y (points, fan_out, LANES) of the first ``count`` points."""
        for j in range(fan_out):
            for n in range(0, count, ROWS):
                for m in range(LANES):
                    t0 = t1 = t2 = t3 = bias[j, m]
                    for i in range(fan_in):
                        weight = kernel[i, j, m]
                        t0 += weight * x[n, i, m]
                        t1 += weight * x[n + 1, i, m]
                        t2 += weight * x[n + 2, i, m]
                        t3 += weight * x[n + 3, i, m]
                    y[n, j, m] = tanh(t0) if hidden else t0
                    y[n + 1, j, m] = tanh(t1) if hidden else t1
                    y[n + 2, j, m] = tanh(t2) if hidden else t2
                    y[n + 3, j, m] = tanh(t3) if hidden else t3

    return layer


def backward(fan_in: int, fan_out: int, first: bool) -> Callable[..., None]:
    """Return a layer's backward pass. ``first``: the inputs are points and need no gradient."""

    @compiled
    def layer(
        kernel: Array, x: Array, d: Array, by_kernel: Array, by_bias: Array, by_x: Array, count: int
    ) -> None:
        """Compute the gradients from ``d``, that of the sums before the activation; ``by_x`` is
        that of the sums of the layer below, which has x = tanh(sums)."""
        by_kernel[:] = ZERO
        by_bias[:] = ZERO
        for n in range(0, count, ROWS):
            for j in range(fan_out):
                for m in range(LANES):
                    d0, d1, d2, d3 = d[n, j, m], d[n + 1, j, m], d[n + 2, j, m], d[n + 3, j, m]
                    by_bias[j, m] += d0 + d1 + d2 + d3
                    for i in range(fan_in):
                        by_kernel[i, j, m] += (
                            x[n, i, m] * d0
                            + x[n + 1, i, m] * d1
                            + x[n + 2, i, m] * d2
                            + x[n + 3, i, m] * d3
                        )
        if not first:
            for i in range(fan_in):
                for n in range(count):
                    for m in range(LANES):
                        total = ZERO
                        for j in range(fan_out):
                            total += kernel[i, j, m] * d[n, j, m]
                        by_x[n, i, m] = total * (ONE - x[n, i, m] * x[n, i, m])

    return layer


@compiled
def rmsprop(parameters: Array, squares: Array, gradients: Array) -> None:
    """Take one step of RMSprop in place."""
    for i in range(len(parameters)):
        for m in range(LANES):
            gradient = gradients[i, m]
            squares[i, m] = DECAY * squares[i, m] + REST * gradient * gradient
            parameters[i, m] -= RATE * gradient / (np.sqrt(squares[i, m]) + EPSILON)


@compiled
def gather(data: Array, order: Array, x: Array, labels: Array) -> None:
    """Copy each network's next points (networks, batch) to the batch."""
    for m in range(LANES):
        for n in range(order.shape[1]):
            point = order[m, n]
            x[n, 0, m] = data[m, point, 0]
            x[n, 1, m] = data[m, point, 1]
            labels[n, m] = data[m, point, 2]


@compiled
def slope(logits: Array, labels: Array, points: int, count: int) -> None:
    """Replace logits by the gradient of the mean binary cross-entropy; 0 where no point is."""
    share = ONE / Single(points)
    for n in range(count):
        for m in range(LANES):
            chance = HALF + HALF * tanh(HALF * logits[n, 0, m])
            logits[n, 0, m] = (chance - labels[n, m]) * share if n < points else ZERO


first, inner, last = (
    forward(INPUTS, WIDTH, True),
    forward(WIDTH, WIDTH, True),
    forward(WIDTH, OUTPUTS, False),
)
first_back, inner_back, last_back = (
    backward(INPUTS, WIDTH, True),
    backward(WIDTH, WIDTH, False),
    backward(WIDTH, OUTPUTS, False),
)


@compiled
def kernel_of(values: Array, start: int, fan_in: int, fan_out: int) -> Array:
    """Return the kernel that starts there, in parameters or in gradients."""
    part = values[start : start + fan_in * fan_out]
    return part.reshape((fan_in, fan_out, LANES))


@compiled
def bias_of(values: Array, start: int, fan_in: int, fan_out: int) -> Array:
    """Return the bias behind that kernel."""
    return values[start + fan_in * fan_out : start + (fan_in + 1) * fan_out]


@compiled
def train_epoch(
    parameters: Array, squares: Array, data: Array, order: Array, depth: int, batch: int
) -> None:
    """Train all networks for one epoch, one group after another.

    ``parameters``, ``squares``: (groups, values of a network, LANES). ``data``: (groups, LANES,
    points, features and label). ``order``: (groups, LANES, points).
    """
    room = -(-batch // ROWS) * ROWS
    gradients = np.empty(parameters.shape[1:], Single)
    x, labels = np.zeros((room, INPUTS, LANES), Single), np.zeros((room, LANES), Single)
    h, z = np.empty((depth, room, WIDTH, LANES), Single), np.empty((room, OUTPUTS, LANES), Single)
    back = np.empty((2, room, WIDTH, LANES), Single)
    size = (WIDTH + 1) * WIDTH
    end = (INPUTS + 1) * WIDTH + (depth - 1) * size
    for group in range(len(parameters)):
        p, g = parameters[group], gradients
        for start in range(0, order.shape[2], batch):
            points = min(batch, order.shape[2] - start)
            count = -(-points // ROWS) * ROWS
            gather(data[group], order[group, :, start : start + points], x, labels)
            first(kernel_of(p, 0, INPUTS, WIDTH), bias_of(p, 0, INPUTS, WIDTH), x, h[0], count)
            for layer in range(1, depth):
                at = end - (depth - layer) * size
                kernel, bias = kernel_of(p, at, WIDTH, WIDTH), bias_of(p, at, WIDTH, WIDTH)
                inner(kernel, bias, h[layer - 1], h[layer], count)
            kernel, bias = kernel_of(p, end, WIDTH, OUTPUTS), bias_of(p, end, WIDTH, OUTPUTS)
            last(kernel, bias, h[depth - 1], z, count)
            slope(z, labels, points, count)
            by_kernel, by_bias = kernel_of(g, end, WIDTH, OUTPUTS), bias_of(g, end, WIDTH, OUTPUTS)
            last_back(kernel, h[depth - 1], z, by_kernel, by_bias, back[(depth - 1) % 2], count)
            for layer in range(depth - 1, 0, -1):
                at = end - (depth - layer) * size
                inner_back(
                    kernel_of(p, at, WIDTH, WIDTH),
                    h[layer - 1],
                    back[layer % 2],
                    kernel_of(g, at, WIDTH, WIDTH),
                    bias_of(g, at, WIDTH, WIDTH),
                    back[(layer - 1) % 2],
                    count,
                )
            first_back(
                kernel_of(p, 0, INPUTS, WIDTH),
                x,
                back[0],
                kernel_of(g, 0, INPUTS, WIDTH),
                bias_of(g, 0, INPUTS, WIDTH),
                back[1],
                count,
            )
            rmsprop(p, squares[group], g)


class Networks:
    """All members of a task, ``copies`` of each."""

    def __init__(self, task: TrainTask, copies: int = 1) -> None:
        shape = task.architecture
        written = Architecture(INPUTS, WIDTH, shape.depth, OUTPUTS, "tanh")
        if shape != written or task.loss != "binary":
            raise ValueError(f"written for {written} and a binary loss, not {shape}, {task.loss}")
        members = len(task.labels)
        filled = -(-members * copies // LANES) * LANES
        self.places = np.resize(np.arange(members), filled)  # 0, 1, ... 0, 1, ...
        self.shape, self.batch, self.order = shape, task.batch, task.order
        flat = [values.reshape(members, -1) for layer in task.weights for values in layer]
        grouped = self._groups(np.concatenate(flat, axis=1, dtype=np.float32))
        self.parameters = np.ascontiguousarray(grouped.swapaxes(1, 2))
        self.squares = np.zeros_like(self.parameters)
        points = np.concatenate([task.inputs, task.labels[:, :, None]], axis=2, dtype=np.float32)
        self.data = self._groups(points)

    def _groups(self, values: Array) -> Array:
        """Return an array of the members as one of (groups, LANES, ...)."""
        return values[self.places].reshape(-1, LANES, *values.shape[1:])

    def train(self, epochs: int) -> None:
        """Train for epochs 1 to ``epochs`` in the task's order."""
        state = self.parameters, self.squares
        for epoch in range(1, epochs + 1):
            order = self._groups(np.asarray(self.order(epoch), np.int32))
            train_epoch(*state, self.data, order, self.shape.depth, self.batch)

    def layers(self, member: int) -> Sequence[Array]:
        """Return kernel, bias, kernel, bias ... of one member."""
        values = self.parameters[member // LANES, :, member % LANES]
        parts, start = [], 0
        for fan_in, fan_out in self.shape.shapes:
            stop = start + fan_in * fan_out
            parts += [values[start:stop].reshape(fan_in, fan_out), values[stop : stop + fan_out]]
            start = stop + fan_out
        return parts
