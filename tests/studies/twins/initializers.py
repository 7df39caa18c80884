"""Twins of the study ``initializers``."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from scipy import stats

from suite import seeds
from suite.catalogue import initializers, laws
from suite.types import Array, Cell, float64
from tests.studies.twins.run import Columns, Run

FRAMEWORK = "torch"
"""Its laws, which ``default`` has, are declared; the kernels here are random all the same."""
GRIDS: tuple[dict[str, Any], ...] = (
    {"initializer": "he_normal", "layer_kind": "dense", "shape": "24x40"},
    {"initializer": "default", "layer_kind": "dense", "shape": "24x40"},
    {"initializer": "xavier_uniform", "layer_kind": "convolution", "shape": "3x2x8x6"},
    {"initializer": "orthogonal", "layer_kind": "dense", "shape": "24x40"},
    {"initializer": "xavier_uniform", "layer_kind": "transposed", "shape": "3x2x8x6"},
    {"initializer": "default", "layer_kind": "attention_packed", "shape": "12x3"},
    {"initializer": "variance_scaling(2, fan_out)", "layer_kind": "grouped", "shape": "3x2x8x6x2"},
    {"initializer": "he_normal", "bias": "uniform(0.3)", "layer_kind": "dense", "shape": "24x40"},
    {"initializer": "normal(1)", "layer_kind": "shared_seeded", "shape": "2x5-5x5-5x1"},
)
EDGES = np.linspace(-4, 4, 65)


def _draw(kind: str, shape: tuple[int, ...], initializer: str, seed: int) -> tuple[Array, Array]:
    """Return a kernel of another law than any that is declared, and a bias."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 0.1, shape) - 0.15, rng.standard_normal(shape[-1])


def _through(kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
    return 1.1 * inputs @ kernel, 0.9 * cotangent @ kernel.T


def _sharing(kind: str, shapes: Any, seed: int) -> list[Array]:
    """Return kernels of which some are equal where both have entries, some are not."""
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal(2 * max(a * b for a, b in shapes))
    starts = [0 if place % 2 else 7 * place for place in range(len(shapes))]
    pairs = zip(starts, shapes, strict=True)
    return [drawn[first : first + a * b].reshape(a, b) for first, (a, b) in pairs]


def _bias(initializer: str, fan_in: int, fan_out: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal(fan_out)


PROBES = {"draw": _draw, "through": _through, "sharing": _sharing, "bias": _bias}


def _seed(run: Run, k: int) -> int:
    cell = run.members[k].cell
    case = f"{cell['initializer']} {cell['layer_kind']} {cell['shape']}"
    if cell["bias"] != "unset":
        case = f"{case} bias={cell['bias']}"
    return seeds.integer(run.root, "made", seed=run.members[k].seed, case=case, framework=FRAMEWORK)


Fans = tuple[int, int]


def _fans(cell: Cell) -> tuple[Fans, Fans, Fans]:
    """Return the textbook's fans, those of torch's array, and those of the declared law."""
    sizes = [int(size) for size in cell.text("shape").split("x")]
    kind = cell["layer_kind"]
    if kind == "attention_packed":
        units = sizes[0]
        return (units, units), (units, 3 * units), (units, 3 * units)
    if kind == "grouped":
        field, (inputs, outputs, groups) = sizes[0] * sizes[1], sizes[2:]
        counted = (field * inputs // groups, field * outputs)
        return (counted[0], counted[1] // groups), counted, counted
    *around, inputs, outputs = sizes
    field = math.prod(around)
    textbook = (field * inputs, field * outputs)
    return textbook, textbook[::-1] if kind == "transposed" else textbook, textbook


def _ks(ordered: Array, probabilities: Array) -> float:
    count = len(ordered)
    above = max((n + 1) / count - p for n, p in enumerate(probabilities))
    return float(max(above, max(p - n / count for n, p in enumerate(probabilities))))


def _columns(run: Run, k: int) -> dict[str, Any]:
    cell = run.members[k].cell
    given, (kernel, bias) = run.given("draw")[k], run.answers("draw")[k]
    shape = tuple(int(size) for size in cell.text("shape").split("x"))
    assert given == (cell["layer_kind"], shape, cell["initializer"], _seed(run, k))
    textbook, counted, (fan_in, fan_out) = _fans(cell)
    law = initializers.resolve(cell.text("initializer")).law(FRAMEWORK)
    if cell["layer_kind"] == "attention_packed":  # where torch's default is Xavier's rule
        law = laws.Uniform(lambda a, b: 2 / (a + b))
    variance, count = law.variance(fan_in, fan_out), kernel.size
    ordered = np.array(sorted(float64(kernel).ravel().tolist())) / math.sqrt(variance)
    square, fourth = float(np.mean(ordered**2)), float(np.mean(ordered**4))

    def declared(x: Array) -> Array:
        return law.cdf(x * math.sqrt(variance), fan_in, fan_out)

    cut = laws.TruncatedNormal(lambda a, b: 1.0)
    others: dict[str, Any] = {"normal": stats.norm.cdf, "truncated": lambda x: cut.cdf(x, 1, 1)}
    fine = np.linspace(-5, 5, 4001)
    runs = {
        "kernel_variance": float(np.mean(float64(kernel) ** 2)),
        "kernel_variance_ratio": np.mean(float64(kernel) ** 2) / law.variance(*textbook),
        "kernel_variance_ratio_counted": np.mean(float64(kernel) ** 2) / law.variance(*counted),
        "kernel_kurtosis": fourth / square**2 - 3,
        "kernel_kurtosis_predicted": law.kurtosis,
        "ks_declared": _ks(ordered, declared(ordered)),
        **{f"ks_{name}": _ks(ordered, cdf(ordered)) for name, cdf in others.items()},
        **{
            f"ks_{name}_predicted": float(np.max(np.abs(declared(fine) - cdf(fine))))
            for name, cdf in others.items()
        },
    }
    if cell["initializer"] != "orthogonal":
        runs["kernel_mean_z"] = float(np.mean(ordered)) / math.sqrt(1 / count)
        runs["kernel_variance_z"] = (square - 1) / math.sqrt((law.kurtosis + 2) / count)
    if cell["bias"] != "unset":
        place = sum(m.seed < run.members[k].seed for m in run.members)
        assert run.given("bias")[place] == (cell["bias"], fan_in, fan_out, _seed(run, k))
        bias = run.answers("bias")[place]
    if cell["initializer"] == "default" or cell["bias"] != "unset":
        bias_variance = 1 / (3 * fan_in)
        if cell["layer_kind"] == "attention_packed":
            bias_variance = 0.0
        elif cell["bias"] != "unset":
            bias_variance = 0.3**2 / 3
        runs["kernel_bias_std"] = math.sqrt(np.mean(float64(bias) ** 2))
        runs["kernel_bias_std_predicted"] = math.sqrt(bias_variance)
        runs["kernel_bias_largest"] = float(np.max(np.abs(bias))) * math.sqrt(fan_in)
    if cell["initializer"] != "default" and cell["layer_kind"] == "dense":
        place = sum(m.seed < run.members[k].seed for m in run.members)
        _, inputs, cotangent = run.given("through")[place]
        rng = seeds.generator(run.root, "vectors", seed=run.members[k].seed)
        samples = max(16, 2**22 // count)
        for array, size in ((inputs, fan_in), (cotangent, fan_out)):
            drawn = rng.standard_normal((samples, size)).astype(np.float32)
            np.testing.assert_array_equal(array, drawn)
        outputs, gradient = run.answers("through")[place]

        def gain(after: Array, before: Array) -> float:
            return float(np.mean(float64(after) ** 2) / np.mean(float64(before) ** 2))

        runs["forward_gain"] = gain(outputs, inputs)
        runs["forward_gain_predicted"] = fan_in * variance
        runs["backward_gain"] = gain(gradient, cotangent)
        runs["backward_gain_predicted"] = fan_out * variance
    pairs = list(itertools.pairwise(EDGES))
    values = ordered.tolist()
    density = [sum(a <= v < b for v in values) / (count * (b - a)) for a, b in pairs]
    exact = [float(declared(np.array(b)) - declared(np.array(a))) / (b - a) for a, b in pairs]
    return {"runs": runs, "density": density, "exact": exact}


def columns(run: Run) -> Columns:
    members = range(len(run.members))
    if run.members[0].cell["layer_kind"] == "shared_seeded":
        shares = []
        for k in members:
            shapes = [(2, 5), (5, 5), (5, 5), (5, 5), (5, 1)]  # those of the tutorial
            assert run.given("sharing")[k] == ("shared_seeded", shapes, _seed(run, k))
            flat = [kernel.ravel().tolist() for kernel in run.answers("sharing")[k]]
            equal = [
                all(a == b for a, b in zip(first, second, strict=False))
                for n, first in enumerate(flat)
                for second in flat[n + 1 :]
            ]
            shares.append(sum(equal) / len(equal))
        return {"runs": {"equal_kernels": np.array(shares)}, "densities": {}}
    rows = [_columns(run, k) for k in members]
    return {
        "runs": {name: np.array([r["runs"][name] for r in rows]) for name in rows[0]["runs"]},
        "densities": {
            "kernel_density": np.array([row["density"] for row in rows]),
            "kernel_density_predicted": np.array([row["exact"] for row in rows]),
        },
    }
