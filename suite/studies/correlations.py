"""What becomes of two inputs on their way through a network: order, edge of chaos, chaos.

No training. Pairs of inputs of equal norm and exact cosine go through one network; one Gaussian
cotangent, the same for every input, goes back. Kernels are LeCun's times sigma_w and biases
normal with the standard deviation sigma_b, both the framework's own draws: ``case`` names the
point (sigma_w^2, sigma_b^2). A seed's draws serve all points of a stack.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

from suite import seeds
from suite.catalogue import activations
from suite.studies.common import costs
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
    Table,
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
"""sigma_w^2 = fan_in Var(W) and sigma_b^2 = Var(b). For tanh with this bias chi is 1 at 1.76."""
STARTS = (0.0, 0.5, 0.9)
"""Cosines of the inputs of a pair."""
PAIRS = 12
"""Pairs at each start. Pairs share the kernels: more of them help less than more seeds do."""
DEPTH = 25
"""Layers of the networks whose correlations are followed."""
_SHORT = 6.0
"""A correlation length is measured where the depth holds at least this many of it."""


class Correlations(Study):
    """Two inputs through depth; ``suite.types.Study`` says what each part means."""

    name = "correlations"
    position = 60
    question = "Do two inputs stay apart, and do their gradients stay alike, through the layers?"
    source = "Poole et al. 2016; Schoenholz et al. 2017; Balduzzi et al. 2017"
    axes = ("framework", "activation", "initializer", "depth", "width", "case")
    within = ("case",)
    tables: tuple[TableSpec, ...] = (
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
            # The shorter the network, the less its gradients' cosine drowns in 1 / sqrt(width).
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
        runs: dict[Member, dict[str, float]] = {}
        pairs: dict[Member, dict[str, Array]] = {}
        reasons: dict[Member, str] = {}
        by_seed = sorted(stack.members, key=lambda member: member.seed)
        for _, group in itertools.groupby(by_seed, key=lambda member: member.seed):
            drawn: Weights | None = None
            for member in group:
                drawn = drawn or _draw(member, lab)
                inputs, cotangent = batch(member, lab)
                (signal,) = lab.framework.propagate(
                    (member.cell.text("activation"),), _at(member.cell, drawn), inputs, cotangent
                )
                reasons[member] = not_finite(signal)
                pairs[member] = {**_observe(signal), **_predict(member.cell)}
                runs[member] = _summarize(member.cell, pairs[member])
        depth = stack.members[0].cell.count("depth")
        coordinates = {"layer": np.arange(1, depth + 1), "start": np.array(STARTS)}
        found = [
            Table(
                spec.name,
                {name: coordinates[name] for name in spec.coordinates},
                {
                    metric: np.array(
                        [
                            (runs if spec.name == "runs" else pairs)[member][metric]
                            for member in stack.members
                        ]
                    )
                    for metric in spec.metrics
                },
            )
            for spec in self.tables
        ]
        ordered = [reasons[member] for member in stack.members]
        return Measurement(["diverged" if why else "ok" for why in ordered], ordered, found)

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
    """Kernels of variance 1 / fan_in, and biases of variance 1, by the framework's initializers."""
    width, layers = member.cell.count("width"), range(1, member.cell.count("depth") + 1)
    initializer = member.cell.text("initializer")

    def drawn(name: str, layer: int, fan_in: int) -> Array:
        given = (name, "native", member.seed, layer, fan_in, width)
        return draw_layer(lab.framework, lab.root, *given)[0]

    return tuple(
        (drawn(initializer, layer, width), drawn("normal(1)", layer, 1)[0]) for layer in layers
    )


def _at(cell: Cell, drawn: Weights) -> Weights:
    """The drawn weights at the cell's point."""
    of_kernels, of_biases = POINTS[cell.text("case")]
    return tuple(
        (np.float32(math.sqrt(of_kernels)) * kernel, np.float32(math.sqrt(of_biases)) * bias)
        for kernel, bias in drawn
    )


def batch(member: Member, lab: Lab) -> tuple[Array, Array]:
    """Inputs (2 PAIRS len(STARTS), width), by start, side and pair, and a cotangent for each.

    Each input has mean square 1, and each pair its start as its cosine, to rounding; all starts
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


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # results, not accidents
def _observe(signal: LayerSignals) -> dict[str, Array]:
    """Mean cosine over the pairs, (depth, len(STARTS)), of pre-activations and of gradients."""

    def cosine(layers: Sequence[Array]) -> Array:
        first, other = np.moveaxis(
            doubles(layers).reshape(len(layers), len(STARTS), 2, PAIRS, -1), 2, 0
        )
        products = [
            np.einsum("lspu,lspu->lsp", a, b)
            for a, b in ((first, other), (first, first), (other, other))
        ]
        each: Array = products[0] / np.sqrt(products[1] * products[2])
        return np.asarray(each.mean(axis=-1))

    return {
        "correlation": cosine(signal.preactivation),
        "gradient_cosine": cosine(signal.gradient),
    }


@functools.lru_cache(maxsize=256)
def _predict(cell: Cell) -> dict[str, Array]:
    phi, depth = activations.resolve(cell.text("activation")), cell.count("depth")
    found = [theory_pairs.predict(phi, depth, c, *POINTS[cell.text("case")]) for c in STARTS]
    return {
        "correlation_predicted": np.stack([pair.correlation for pair in found], axis=1),
        "gradient_cosine_predicted": np.stack([pair.gradient_cosine for pair in found], axis=1),
    }


@functools.lru_cache(maxsize=256)
def _length(cell: Cell) -> float:
    """The correlation length where inputs converge within the depth; NaN elsewhere.

    Towards a limit below 1 the fluctuations of one network hide the approach, and a length beyond
    the depth cannot be seen in it.
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
    """The columns of ``runs`` from those of ``pairs``."""
    depth = cell.count("depth")
    expected, measured = pairs["correlation_predicted"], pairs["correlation"]
    length = _length(cell)
    late = slice(depth // 2, None)
    apart = np.log(1.0 - measured[late, 0])
    slope = math.nan if math.isnan(length) else np.polyfit(np.arange(len(apart)), apart, 1)[0]
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
