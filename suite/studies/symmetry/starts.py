"""The initial weights and the data of the study ``symmetry``: one rule per case.

Every start is built in NumPy float64 from the suite's seeds and is the same in all frameworks and
for every activation, optimizer and precision.
"""

from __future__ import annotations

import math

import numpy as np

from suite import seeds
from suite.catalogue import initializers
from suite.types import Architecture, Array, Layer, Member, UserError, Weights, float64

CONSTANT = 0.5
"""The value of every kernel entry of a constant start, as in the stability notes' exercise."""
INPUTS = 4
POINTS, HELDOUT = 256, 1000
SLAB = (-0.3, 1.0)
"""The limits of label 1 along one direction of standard normal inputs. The best half-space is right
with probability Phi(1) = 0.841 (it cuts at -0.3 and is wrong beyond 1), and a pair of them always:
one monotone unit cannot reach what two can."""
HALF_SPACE = 0.5 * (1.0 + math.erf(SLAB[1] / math.sqrt(2.0)))
"""The best accuracy of a half-space on the slab, Phi(1), with a cut at the lower edge."""
LINE_PERIOD = 4.0 / 3.0
"""The period of the labels on the line -2 .. 2: three intervals of 1 and three of 0."""
CASES = ("constant", "zeros", "biases", "random", "permuted", "line_zeros", "line_random")
"""The cases. ``constant``: every kernel entry is CONSTANT plus noise of standard deviation
``scale``, and biases are 0. ``zeros``: everything is 0. ``biases``: kernels are CONSTANT and biases
U(-1, 1) / sqrt(fan_in), as torch draws them. ``random``: kernels are Xavier's normal, biases 0.
``permuted``: ``random`` with the hidden units in another order. ``line_zeros`` and ``line_random``:
inputs are on a line, kernels U(-1, 1) / sqrt(fan_in) with a fan_in of 1 in the first layer, and
biases 0 or of that law."""


def data(root: int, seed: int, case: str, split: str) -> tuple[Array, Array]:
    """Draw inputs (n, 4) and labels (n,), float32; n is POINTS for ``train``, else HELDOUT.

    On the line the other three inputs are 0, so that the network has in effect one input.
    """
    name = "line" if case.startswith("line") else "slab"
    rng = seeds.generator(root, split, seed=seed, dataset=name)
    count = POINTS if split == "train" else HELDOUT
    if name == "slab":
        inputs = rng.normal(size=(count, INPUTS)).astype(np.float32)
        coordinate = (inputs[:, 0] + inputs[:, 1]) / np.sqrt(2.0)
        labels = (coordinate > SLAB[0]) & (coordinate < SLAB[1])
    else:
        inputs = np.zeros((count, INPUTS), dtype=np.float32)
        inputs[:, 0] = rng.uniform(-2.0, 2.0, count)
        labels = np.sin(2.0 * np.pi * inputs[:, 0] / LINE_PERIOD) > 0
    return inputs, labels.astype(np.float32)


def start(root: int, member: Member, model: Architecture) -> Weights:
    """Return the kernels (fan_in, fan_out) and biases (fan_out,) of one member, float64.

    Raises UserError for an unknown case.
    """
    case, scale = member.cell.text("case"), float(member.cell["scale"])
    rule = "random" if case == "permuted" else case
    layers = [
        _layer(_generator(root, member, rule, layer), rule, scale, model.shapes[layer - 1], layer)
        for layer in range(1, len(model.shapes) + 1)
    ]
    if case == "permuted":
        return permute(layers, orders(root, member, model))
    return tuple(layers)


def _generator(root: int, member: Member, case: str, layer: int) -> np.random.Generator:
    width = member.cell.count("width")
    return seeds.generator(root, "ties", seed=member.seed, width=width, case=case, layer=layer)


def _layer(
    rng: np.random.Generator, case: str, scale: float, shape: tuple[int, int], layer: int
) -> Layer:
    kernel, bias = np.zeros(shape), np.zeros(shape[1])
    fan_in = 1 if case.startswith("line") and layer == 1 else shape[0]
    bound = 1.0 / np.sqrt(fan_in)
    if case == "constant":
        kernel = CONSTANT + scale * rng.normal(size=shape)
    elif case == "biases":
        kernel, bias = kernel + CONSTANT, rng.uniform(-bound, bound, shape[1])
    elif case == "random":
        kernel = float64(initializers.resolve("xavier_normal").draw(rng, *shape))
    elif case in ("line_zeros", "line_random"):
        kernel = rng.uniform(-bound, bound, shape)
        if case == "line_random":
            bias = rng.uniform(-bound, bound, shape[1])
    elif case != "zeros":
        raise UserError(f"no start for the case {case!r} (allowed: {', '.join(CASES)})")
    return kernel, bias


def orders(root: int, member: Member, model: Architecture) -> list[Array]:
    """Return the order of the units of each hidden layer in the case ``permuted``."""
    return [
        _generator(root, member, "permuted", layer).permutation(model.width)
        for layer in range(1, model.depth + 1)
    ]


def permute(layers: Weights | list[Layer], places: list[Array]) -> Weights:
    """Return the network whose unit i of hidden layer l is unit ``places[l][i]`` of the given one.

    Kernels are (..., fan_in, fan_out) and biases (..., fan_out); the function stays the same.
    """
    result = [(kernel, bias) for kernel, bias in layers]
    for layer, place in enumerate(places):
        kernel, bias = result[layer]
        next_kernel, next_bias = result[layer + 1]
        result[layer] = kernel[..., place], bias[..., place]
        result[layer + 1] = next_kernel[..., place, :], next_bias
    return tuple(result)


def merge(weights: Weights, power: float) -> Weights:
    """Merge each hidden layer into one unit: averages over its units, times their number to a
    power.

    Kernels are (K, fan_in, fan_out). With power 1, only the outgoing weights are multiplied by the
    width, which keeps the function of a network whose units are equal. With power 1/2, incoming
    weights, biases and outgoing weights are multiplied by sqrt(width), that is each entry by the
    square root of its number of copies: in these coordinates gradient descent on the copies is
    gradient descent. With a positively homogeneous activation (ReLU) this keeps the function too.

    Raises ValueError for another power.
    """
    if power not in (0.5, 1.0):
        raise ValueError(
            f"power {power} is neither 1, which keeps the function, nor 1/2, which keeps descent"
        )
    result, last = [], len(weights) - 1
    for layer, (kernel, bias) in enumerate(weights):
        kernel, bias = float64(kernel), float64(bias)
        if layer > 0:
            copies = kernel.shape[1]
            kernel = kernel.mean(axis=1, keepdims=True) * copies**power
        if layer < last:
            inward = kernel.shape[2] ** (1.0 - power)
            kernel = kernel.mean(axis=2, keepdims=True) * inward
            bias = bias.mean(axis=1, keepdims=True) * inward
        result.append((kernel, bias))
    return tuple(result)
