"""What each framework really draws when it starts a layer, against what it declares.

One kernel a run, from the framework's own layer: its moments, its distance from the declared law
and from the law it could be taken for, what it does to a signal's mean square, its layer's bias.
And what several layers get from one initializer object.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from itertools import combinations

import numpy as np

from suite import seeds
from suite.catalogue import initializers, laws
from suite.probes.initializers import LayerDraws
from suite.studies.common.distances import ALTERNATIVES, between, distance, standard
from suite.types import (
    BLOCK,
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    Table,
    TableSpec,
    UserError,
    float64,
)

DRAWN = ("dense", "convolution", "transposed", "truncated")
SHARED = ("shared", "shared_seeded", "shared_generator", "fresh")
DENSE = ("384x640", "640x384")
"""Rectangular both ways: exchanging the fans moves a variance that depends on one by 67 %."""
FANS = ("64x64", "256x16", "16x256", "512x8", "8x512")
TUTORIAL = "2x5-5x5-5x5-5x5-5x1"
"""Kernels that share an initializer in the two-circles tutorial."""
EDGES = np.linspace(-4.0, 4.0, 65)
"""Of the bins of ``densities``, in standard deviations."""
WORK = 2**22
"""Products of a linear layer on its Gaussian inputs, so that every shape costs as much."""

_INITIALIZERS = (
    "normal(0.05)",
    "xavier_uniform",
    "xavier_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "default",
)


class Initializers(Study):
    """Draws against laws; ``suite.types.Study`` says what each member means."""

    name = "initializers"
    position = 240
    question = "What do the frameworks really draw, and do layers that share a start differ?"
    source = (
        "Glorot and Bengio 2010; He, Zhang, Ren and Sun 2015; LeCun et al. 1998; the frameworks'"
        " documentation; two-circles tutorial"
    )
    axes = ("framework", "initializer", "layer_kind", "shape")
    within: tuple[str, ...] = ()
    tables: tuple[TableSpec, ...] = (
        TableSpec(
            "runs",
            (
                "kernel_mean_z",
                "kernel_variance_ratio",
                "kernel_variance_z",
                "kernel_kurtosis",
                "kernel_kurtosis_predicted",
                "ks_declared",
                "ks_normal",
                "ks_normal_predicted",
                "ks_truncated",
                "ks_truncated_predicted",
                "kernel_bias_std",
                "kernel_bias_std_predicted",
                "kernel_bias_largest",
                "forward_gain",
                "forward_gain_predicted",
                "backward_gain",
                "backward_gain_predicted",
                "equal_kernels",
            ),
        ),
        TableSpec(
            "densities",
            ("kernel_density", "kernel_density_predicted"),
            coordinates=("bin",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (
            _grid(("he_normal", "xavier_uniform", "default"), "dense", DENSE[:1]),
            _grid(("default",), "convolution", ("3x3x64x96",)),
            *(_grid(("normal(1)",), kind, (TUTORIAL,)) for kind in SHARED),
        )
        if profile == "quick":
            return quick
        standard = (
            _grid(_INITIALIZERS, "dense", DENSE),
            *quick,
            _grid(("xavier_uniform", "he_uniform", "he_normal"), "convolution", ("3x3x64x96",)),
            _grid(("he_normal", "default"), "transposed", ("3x3x64x96",)),
            _grid(("normal(0.05)",), "truncated", DENSE[:1]),
            # As many seeds as decide 3 %: a gain at 512x8 has a standard deviation of 3 %.
            _grid(("xavier_normal",), "dense", FANS, seeds=100),
        )
        if profile == "standard":
            return standard
        drawn = [name for name in initializers.every() if initializers.resolve(name).random]
        every = tuple(dict.fromkeys((*_INITIALIZERS, *drawn)))
        return (
            _grid(every, "dense", (*DENSE, "1024x256", "256x1024"), seeds=60),
            *standard,
            _grid(every, "convolution", ("3x3x64x96", "5x5x32x16")),
            _grid(("xavier_uniform", "he_normal"), "dense", FANS, seeds=200),
        )

    def unsupported(self, cell: Cell) -> str | None:
        kind, shape = cell.text("layer_kind"), cell.text("shape")
        if kind in SHARED:
            if shape != TUTORIAL or cell["initializer"] != "normal(1)":
                return f"sharing is measured with normal(1) on {TUTORIAL}"
            return None
        if shape == TUTORIAL or len(sizes(shape)) != (2 if kind in ("dense", "truncated") else 4):
            return f"a kernel of a layer of the kind {kind} has no shape {shape}"
        if kind == "truncated" and not cell.text("initializer").startswith("normal("):
            return "only the standard deviation of normal(std) says where to truncate"
        try:
            law = initializers.resolve(cell.text("initializer")).law(cell.text("framework"))
        except UserError as error:
            return str(error)
        return "a kernel of one value has no law to test" if isinstance(law, laws.Point) else None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        if cell["layer_kind"] in SHARED:
            return (LayerDraws.sharing,)
        return (LayerDraws.draw, LayerDraws.through)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        count = len(stack.members)
        inner: dict[str, Array] = {}
        if stack.members[0].cell["layer_kind"] in SHARED:
            probe, shapes = lab.framework.probe(LayerDraws).sharing, pairs(TUTORIAL)
            equal = [
                share_equal(probe(m.cell.text("layer_kind"), shapes, own_seed(m, lab)))
                for m in stack.members
            ]
            columns = {"equal_kernels": np.array(equal)}
        else:
            found = [observe(member, lab) for member in stack.members]
            columns = {name: np.array([row[name] for row, _ in found]) for name in found[0][0]}
            inner["kernel_density"] = np.stack([density for _, density in found])
            inner["kernel_density_predicted"] = np.tile(
                predicted_density(stack.members[0].cell), (count, 1)
            )
        centres = (EDGES[1:] + EDGES[:-1]) / 2
        tables = (Table("runs", {}, columns), Table("densities", {"bin": centres}, inner))
        return Measurement(["ok"] * count, [""] * count, tables)

    def cost(self, stack: Stack) -> Cost:
        if not stack.members or stack.members[0].cell["layer_kind"] in SHARED:
            return Cost(0.05 + 0.01 * len(stack.members), 1.1e9)
        entries = math.prod(sizes(stack.members[0].cell.text("shape")))
        return Cost(0.05 + len(stack.members) * (0.006 + 1.0e-7 * entries), 1.1e9 + 60 * entries)


def _grid(names: tuple[str, ...], kind: str, shapes: tuple[str, ...], seeds: int = BLOCK) -> Grid:
    return Grid({"initializer": names, "layer_kind": (kind,), "shape": shapes}, seeds)


def sizes(shape: str) -> tuple[int, ...]:
    """``3x3x64x96`` as numbers."""
    return tuple(int(size) for size in shape.split("-")[0].split("x"))


def pairs(shapes: str) -> list[tuple[int, int]]:
    """``2x5-5x1`` as (fan_in, fan_out) of each kernel."""
    return [(fan_in, fan_out) for fan_in, fan_out in map(sizes, shapes.split("-"))]


def fans(cell: Cell) -> tuple[int, int]:
    """(fan_in, fan_out): channels in and out, each times the receptive field."""
    *field, inputs, outputs = sizes(cell.text("shape"))
    return math.prod(field) * inputs, math.prod(field) * outputs


def own_seed(member: Member, lab: Lab) -> int:
    """A seed for whatever the framework draws in a run."""
    case = " ".join(member.cell.text(axis) for axis in ("initializer", "layer_kind", "shape"))
    return seeds.integer(
        lab.root, "made", seed=member.seed, case=case, framework=member.cell.text("framework")
    )


def declared(cell: Cell) -> laws.Law:
    """The law of a kernel's entries. A truncated normal is held to the standard deviation that
    its user names, as if nothing were cut off."""
    return initializers.resolve(cell.text("initializer")).law(cell.text("framework"))


# --- one kernel --------------------------------------------------------------------------------


def observe(member: Member, lab: Lab) -> tuple[dict[str, float], Array]:
    """All metrics of one drawn layer, and the density of its kernel in the bins of ``EDGES``."""
    cell = member.cell
    kind, name = cell.text("layer_kind"), cell.text("initializer")
    draw = lab.framework.probe(LayerDraws).draw
    kernel, bias = draw(kind, sizes(cell.text("shape")), name, own_seed(member, lab))
    law, (fan_in, fan_out) = declared(cell), fans(cell)
    variance = law.variance(fan_in, fan_out)
    ordered = float64(np.sort(kernel, axis=None)) / math.sqrt(variance)
    square, count = float(np.mean(ordered**2)), ordered.size
    error = math.sqrt((law.kurtosis + 2.0) / count)
    numbers = {
        "kernel_variance_ratio": square,
        "kernel_kurtosis": float(np.mean(ordered**4)) / square**2 - 3.0,
        "kernel_kurtosis_predicted": law.kurtosis,
        "ks_declared": distance(ordered, standard(law, fan_in, fan_out, ordered)),
    }
    if not isinstance(law, laws.Orthogonal):  # of which the entries are not independent
        numbers["kernel_mean_z"] = float(ordered.mean()) * math.sqrt(count)
        numbers["kernel_variance_z"] = (square - 1.0) / error
    for other, alternative in ALTERNATIVES.items():
        numbers[f"ks_{other}"] = distance(ordered, alternative.cdf(ordered, 1, 1))
        numbers[f"ks_{other}_predicted"] = between(law, alternative, fan_in, fan_out)
    if name == "default":
        numbers |= _bias(bias, initializers.resolve(name).bias_law(cell.text("framework")), cell)
    elif kind == "dense":
        numbers |= _gains(kernel, variance, member, lab)
    density = np.diff(np.searchsorted(ordered, EDGES)) / (count * np.diff(EDGES))
    return numbers, density


def _bias(bias: Array, law: laws.Law, cell: Cell) -> dict[str, float]:
    fan_in, fan_out = fans(cell)
    return {
        "kernel_bias_std": float(np.sqrt(np.mean(float64(bias) ** 2))),
        "kernel_bias_std_predicted": math.sqrt(law.variance(fan_in, fan_out)),
        "kernel_bias_largest": float(np.abs(float64(bias)).max()) * math.sqrt(fan_in),
    }


def _gains(kernel: Array, variance: float, member: Member, lab: Lab) -> dict[str, float]:
    """What the layer does to the mean square of Gaussian signals, forward and backward.

    The prediction is for the layer that was asked for: a kernel that comes transposed must not
    agree with it.
    """
    fan_in, fan_out = fans(member.cell)
    samples = max(16, WORK // kernel.size)
    rng = seeds.generator(lab.root, "vectors", seed=member.seed)
    inputs = rng.standard_normal((samples, kernel.shape[0])).astype(np.float32)
    cotangent = rng.standard_normal((samples, kernel.shape[1])).astype(np.float32)
    through = lab.framework.probe(LayerDraws).through
    outputs, gradient = through(np.ascontiguousarray(kernel), inputs, cotangent)
    return {
        "forward_gain": _square(outputs) / _square(inputs),
        "forward_gain_predicted": fan_in * variance,
        "backward_gain": _square(gradient) / _square(cotangent),
        "backward_gain_predicted": fan_out * variance,
    }


def _square(values: Array) -> float:
    return float(np.mean(float64(values) ** 2))


@functools.lru_cache(maxsize=64)
def predicted_density(cell: Cell) -> Array:
    """The mean density of the declared law in each bin of ``EDGES``."""
    return np.asarray(np.diff(standard(declared(cell), *fans(cell), EDGES)) / np.diff(EDGES))


def share_equal(kernels: list[Array]) -> float:
    """Share of the pairs of kernels that begin alike, as far as the smaller one reaches."""
    flat = [np.ravel(kernel) for kernel in kernels]
    same = [bool((a[: len(b)] == b[: len(a)]).all()) for a, b in combinations(flat, 2)]
    return float(np.mean(same))


STUDY = Initializers()
