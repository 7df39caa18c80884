"""The correlation of two inputs, and of their gradients: order, edge of chaos, chaos.

Nothing is trained. Pairs of inputs of equal norm and exact cosine go through one network; one
Gaussian cotangent, the same for every input, goes back. Kernels are LeCun's times sigma_w and
biases normal with the standard deviation sigma_b, all drawn by the framework; ``case`` names the
point (sigma_w^2, sigma_b^2). The draws of a seed are shared by all points of a stack.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from suite import seeds
from suite.catalogue import activations
from suite.studies.common import costs
from suite.studies.common.measurements import by_seed, measurement, table
from suite.studies.common.signals import doubles, not_finite
from suite.studies.common.starts import draw_layer
from suite.theory import pairs as theory_pairs
from suite.types import (
    BLOCK,
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    LayerSignals,
    Measurement,
    Member,
    Stack,
    Study,
    TableSpec,
    Weights,
)

POINTS = {
    "order": (1.0, 0.05),
    "edge": (1.76, 0.05),
    "chaos": (2.5, 0.05),
    "far_chaos": (4.0, 0.05),
    "he": (2.0, 0.0),
}
"""Case -> sigma_w^2 = fan_in Var(W) and sigma_b^2 = Var(b). With this bias, chi of tanh is 1 at
1.76."""
STARTS = (0.0, 0.5, 0.9)
"""The cosines between the two inputs of a pair."""
PAIRS = 12
"""The number of pairs for each start. Pairs share the kernels, so that more of them help less than
more seeds do."""
DEPTH = 25
"""The number of layers through which correlations are followed."""
_SHORT = 6.0
"""A correlation length is measured if the depth is at least this many times as large."""


class Correlations(Study):
    """Pairs of inputs through tanh networks in order, at the edge of chaos and in chaos, and
    through relu networks with He's kernels."""

    name = "correlations"
    position = 60
    question = "Do two inputs stay different, and their gradients similar, through the layers?"
    source = "Poole et al. 2016; Schoenholz et al. 2017; Balduzzi et al. 2017"
    axes = ("framework", "activation", "initializer", "depth", "width", "case")
    within = ("case",)
    tables = (
        TableSpec(
            "runs",
            (
                "correlation_offset",
                "correlation_error",
                "last_correlation",
                "last_correlation_predicted",
                "correlation_length",
                "correlation_length_predicted",
                "first_gradient_cosine",
                "first_gradient_cosine_predicted",
                "first_gradient_cosine_halved",
            ),
        ),
        TableSpec(
            "pairs",
            (
                "correlation",
                "correlation_predicted",
                "gradient_cosine",
                "gradient_cosine_predicted",
            ),
            coordinates=("layer", "start"),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        tanh = tuple(point for point in POINTS if point != "he")
        if profile == "quick":
            return (_grid("tanh", tanh, (DEPTH,), 256), _grid("relu", ("he",), (4, 8), 256))
        standard = (
            *self.grids("quick"),
            _grid("tanh", tanh, (DEPTH,), 512, 2 * BLOCK),
            # The noise of a gradient cosine is 1 / sqrt(width), which hides the small cosines of
            # deep networks: the shallow ones get more seeds.
            _grid("relu", ("he",), (2, 4), 512, 3 * BLOCK),
            _grid("relu", ("he",), (8, 16), 512, 2 * BLOCK),
        )
        if profile == "standard":
            return standard
        return (
            *standard,
            _grid("relu", ("he",), (8,), 512, 10 * BLOCK),
            _grid("tanh", tanh, (DEPTH,), 1024),
        )

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        rows: dict[Member, dict[str, Array | float]] = {}
        reasons: dict[Member, str] = {}
        for members in by_seed(stack.members):
            drawn = _draw(members[0], lab)
            for member in members:
                inputs, cotangent = batch(member, lab)
                weights = _scaled(member.cell, drawn)
                (signal,) = lab.framework.propagate(
                    (member.cell.text("activation"),), weights, inputs, cotangent
                )
                reasons[member] = not_finite(signal)
                pairs = {**_observe(signal), **_predict(member.cell)}
                rows[member] = {**pairs, **_summarize(member.cell, pairs)}
        depth = stack.members[0].cell.count("depth")
        coordinates = {"layer": np.arange(1, depth + 1), "start": np.array(STARTS)}
        ordered = [rows[member] for member in stack.members]
        return measurement(
            [reasons[member] for member in stack.members],
            [table(spec, ordered, coordinates) for spec in self.tables],
        )

    def cost(self, stack: Stack) -> Cost:
        return costs.propagation(stack, 2 * PAIRS * len(STARTS), 4 * len(STARTS))


def _grid(
    activation: str,
    points: tuple[str, ...],
    depths: tuple[int, ...],
    width: int,
    seeds: int = BLOCK,
) -> Grid:
    return Grid(
        {
            "activation": (activation,),
            "initializer": ("lecun_normal",),
            "depth": depths,
            "width": (width,),
            "case": points,
        },
        seeds,
    )


def _draw(member: Member, lab: Lab) -> Weights:
    """Draw kernels of variance 1 / fan_in and biases of variance 1 by the framework's own
    initializers."""
    width, layers = member.cell.count("width"), range(1, member.cell.count("depth") + 1)
    initializer = member.cell.text("initializer")

    def kernel(name: str, layer: int, fan_in: int) -> Array:
        return draw_layer(
            lab.framework, lab.root, name, "native", member.seed, layer, fan_in, width
        )[0]

    return tuple(
        (kernel(initializer, layer, width), kernel("normal(1)", layer, 1)[0]) for layer in layers
    )


def _scaled(cell: Cell, drawn: Weights) -> Weights:
    """Return weights drawn with variance 1 scaled to the variances of the cell's case."""
    kernel_variance, bias_variance = POINTS[cell.text("case")]
    kernel_scale = np.float32(math.sqrt(kernel_variance))
    bias_scale = np.float32(math.sqrt(bias_variance))
    return tuple((kernel_scale * kernel, bias_scale * bias) for kernel, bias in drawn)


def batch(member: Member, lab: Lab) -> tuple[Array, Array]:
    """Return inputs (2 PAIRS len(STARTS), width), by start, side and pair, and their cotangents.

    Up to rounding, each input has mean square 1 and each pair the cosine of its start; all starts
    use the same directions.
    """
    width = member.cell.count("width")
    rng = seeds.generator(lab.root, "inputs", seed=member.seed, width=width)
    first, other = rng.standard_normal((2, PAIRS, width))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    other -= first * np.sum(first * other, axis=1, keepdims=True)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    inputs = [side for c in STARTS for side in (first, c * first + math.sqrt(1 - c * c) * other)]
    cotangent = seeds.generator(
        lab.root, "cotangent", seed=member.seed, width=width
    ).standard_normal(width)
    samples = math.sqrt(width) * np.concatenate(inputs)
    return samples.astype(np.float32), np.tile(cotangent, (len(samples), 1)).astype(np.float32)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # inf and NaN are results
def _observe(signal: LayerSignals) -> dict[str, Array]:
    """Return the mean cosine over the pairs, (depth, len(STARTS)), of pre-activations and of
    gradients."""

    def cosine(layers: Sequence[Array]) -> Array:
        first, other = np.moveaxis(
            doubles(layers).reshape(len(layers), len(STARTS), 2, PAIRS, -1), 2, 0
        )
        products = [
            np.einsum("lspu,lspu->lsp", a, b)
            for a, b in ((first, other), (first, first), (other, other))
        ]
        cosines: Array = products[0] / np.sqrt(products[1] * products[2])
        return np.asarray(cosines.mean(axis=-1))

    return {
        "correlation": cosine(signal.preactivation),
        "gradient_cosine": cosine(signal.gradient),
    }


@functools.lru_cache(maxsize=256)
def _predict(cell: Cell) -> dict[str, Array]:
    phi, depth = activations.resolve(cell.text("activation")), cell.count("depth")
    pairs = [theory_pairs.predict(phi, depth, c, *POINTS[cell.text("case")]) for c in STARTS]
    return {
        "correlation_predicted": np.stack([pair.correlation for pair in pairs], axis=1),
        "gradient_cosine_predicted": np.stack([pair.gradient_cosine for pair in pairs], axis=1),
    }


@functools.lru_cache(maxsize=256)
def _length(cell: Cell) -> float:
    """Return the correlation length if inputs converge within the depth, else NaN.

    Fluctuations of a network hide the approach to a limit below 1, and a network shows no length
    beyond its depth.
    """
    if POINTS[cell.text("case")][1] == 0:
        return math.nan
    limit = theory_pairs.limit(
        activations.resolve(cell.text("activation")), *POINTS[cell.text("case")]
    )
    short = limit.correlation == 1.0 and _SHORT * limit.length <= cell.count("depth")
    return limit.length if short else math.nan


@np.errstate(divide="ignore", invalid="ignore")
def _summarize(cell: Cell, pairs: dict[str, Array]) -> dict[str, float]:
    """Return the columns of ``runs`` from those of ``pairs``."""
    depth = cell.count("depth")
    expected, measured = pairs["correlation_predicted"], pairs["correlation"]
    length = _length(cell)
    late = slice(depth // 2, None)
    logs = np.log(1.0 - measured[late, 0])
    slope = math.nan if math.isnan(length) else np.polyfit(np.arange(len(logs)), logs, 1)[0]
    return {
        "correlation_offset": float((measured - expected).mean()),
        "correlation_error": float(np.abs(measured - expected).max()),
        "last_correlation": float(measured[-1, 0]),
        "last_correlation_predicted": float(expected[-1, 0]),
        "correlation_length": float(-1.0 / slope),
        "correlation_length_predicted": length,
        "first_gradient_cosine": float(pairs["gradient_cosine"][0, 0]),
        "first_gradient_cosine_predicted": float(pairs["gradient_cosine_predicted"][0, 0]),
        "first_gradient_cosine_halved": 2.0**-depth,
    }


STUDY = Correlations()
