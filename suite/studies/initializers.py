"""The kernels that each framework draws, compared with the laws that it declares.

A run draws one kernel in the framework's own layer and measures its moments, its distance from the
declared law and from similar laws, its effect on the mean square of a signal, and the bias of its
layer. Other runs compare the kernels that several layers get from one initializer object.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from suite import seeds
from suite.catalogue import initializers, laws
from suite.catalogue.initializers import UNSET
from suite.catalogue.kernels import KERNELS, Fans
from suite.probes.initializers import LayerDraws
from suite.studies.common import costs
from suite.studies.common.distances import ALTERNATIVES, between, distance, standard
from suite.studies.common.measurements import columns, completed
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

SHARED = ("shared", "shared_seeded", "shared_generator", "fresh")
DENSE = ("384x640", "640x384")
"""Rectangular shapes both ways: exchanged fans change a variance that depends on one by 67 %."""
FANS = ("64x64", "256x16", "16x256", "512x8", "8x512")
KINDS: Mapping[str, str] = {
    "depthwise": "3x3x64",
    "grouped": "3x3x64x96x4",
    "attention_query": "512x8",
    "attention_key": "512x8x256",
    "attention_packed": "512x8",
    "attention_output": "512x8",
    "einsum": "512x8x64",
    "embedding": "1000x64",
    "lstm_input": "96x128",
    "lstm_recurrent": "96x128",
    "gru_input": "96x128",
    "gru_recurrent": "96x128",
}
"""Kinds of layers beside dense ones and convolutions, and the shape at which each is drawn."""
TUTORIAL = "2x5-5x5-5x5-5x5-5x1"
"""The kernels that share an initializer in the two-circles tutorial."""
EDGES = np.linspace(-4.0, 4.0, 65)
"""The edges of the bins of ``densities``, in standard deviations."""
WORK = 2**22
"""The number of products of a linear layer on its Gaussian inputs, the same for every shape."""

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
BIASES = ("constant(0.1)", "normal(0.1)", "uniform(0.1)", "truncated_normal(0.1)", "default")
"""The initializers of a bias beside a kernel of He's."""
_XAVIER = ("depthwise", "attention_packed", "attention_query", "lstm_input", "gru_input")
"""The kinds that are drawn by Xavier's rule too, which takes both fans."""


class Initializers(Study):
    """Initializers by kind and shape of layer, and ways to share one initializer object."""

    name = "initializers"
    position = 240
    gate = True
    question = "What do the frameworks really draw, and do layers that share an initializer differ?"
    source = (
        "Glorot and Bengio 2010; He, Zhang, Ren and Sun 2015; LeCun et al. 1998; the frameworks'"
        " documentation; two-circles tutorial"
    )
    axes = ("framework", "initializer", "bias", "layer_kind", "shape")
    tables = (
        TableSpec(
            "runs",
            (
                "kernel_mean_z",
                "kernel_variance",
                "kernel_variance_ratio",
                "kernel_variance_ratio_counted",
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
            *(_grid(("default",), kind, (shape,)) for kind, shape in KINDS.items()),
        )
        # What the upgrade gate needs beside: every rule and every kind of kernel. The fans of the
        # shape are far apart, and it has a sixtieth of the entries of the large one.
        named = tuple(name for name in _INITIALIZERS if name not in quick[0].axes["initializer"])
        every_rule = (
            _grid((*named, "uniform(0.1)", "truncated_normal(0.02)"), "dense", FANS[2:3]),
            _grid(("variance_scaling(2, fan_out, uniform)",), "dense", ("512x8",)),
            _grid(("normal(0.05)",), "truncated", FANS[2:3]),
            _grid(("he_normal",), "transposed", ("3x3x64x96",)),
            Grid(
                {
                    **_grid(("he_normal",), "dense", FANS[2:3]).axes,
                    "bias": ("zeros", "constant(0.1)"),
                }
            ),
        )
        if profile == "quick":
            return (*quick, *every_rule)
        standard = (
            _grid(_INITIALIZERS, "dense", DENSE),
            *quick,
            _grid(("xavier_uniform", "he_uniform", "he_normal"), "convolution", ("3x3x64x96",)),
            _grid(("he_normal", "default"), "transposed", ("3x3x64x96",)),
            _grid(("normal(0.05)",), "truncated", DENSE[:1]),
            # A gain at 512x8 has a standard deviation of 3 %: 100 seeds decide claims of 3 %.
            _grid(("xavier_normal",), "dense", FANS, seeds=100),
            _grid(("variance_scaling(2, fan_out, uniform)",), "dense", ("512x8",)),
            *(
                _grid(("lecun_normal", "variance_scaling(2, fan_out)"), kind, (KINDS[kind],))
                for kind in ("depthwise", "grouped")
            ),
            *(_grid(("xavier_uniform",), kind, (KINDS[kind],)) for kind in _XAVIER),
            Grid({**_grid(("he_normal",), "dense", DENSE[:1]).axes, "bias": BIASES}),
            *every_rule,
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
        if cell["bias"] != UNSET and kind != "dense":
            return "the initializer of a bias is measured in a dense layer"
        entry = KERNELS[kind]
        if (
            shape == TUTORIAL
            or len(sizes(shape)) != len(entry.sizes)
            or not entry.fits(*sizes(shape))
        ):
            return (
                f"a layer of the kind {kind} has no kernel of the shape {shape}: its sizes are"
                f" {', '.join(entry.sizes)}"
            )
        if kind == "truncated" and not cell.text("initializer").startswith("normal("):
            return "only normal(std) names the standard deviation at which to truncate"
        try:
            law = declared(cell)
        except UserError as error:
            return str(error)
        return "a constant kernel has no law to test" if isinstance(law, laws.Point) else None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        if cell["layer_kind"] in SHARED:
            return (LayerDraws.sharing,)
        named = () if cell["bias"] == UNSET else (LayerDraws.bias,)
        return (LayerDraws.draw, LayerDraws.through, *named)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        count = len(stack.members)
        densities: dict[str, Array] = {}
        if stack.members[0].cell["layer_kind"] in SHARED:
            probe, shapes = lab.framework.probe(LayerDraws).sharing, pairs(TUTORIAL)
            equal = [
                share_equal(probe(m.cell.text("layer_kind"), shapes, draw_seed(m, lab)))
                for m in stack.members
            ]
            runs = {"equal_kernels": np.array(equal)}
        else:
            rows, measured = zip(*(observe(member, lab) for member in stack.members), strict=True)
            runs = columns(rows)
            densities["kernel_density"] = np.stack(measured)
            densities["kernel_density_predicted"] = np.tile(
                predicted_density(stack.members[0].cell), (count, 1)
            )
        centres = (EDGES[1:] + EDGES[:-1]) / 2
        return completed(
            count, Table("runs", {}, runs), Table("densities", {"bin": centres}, densities)
        )

    def cost(self, stack: Stack) -> Cost:
        count = len(stack.members)
        if stack.members[0].cell["layer_kind"] in SHARED:
            return Cost(0.05 + 0.01 * count, costs.WORKER)
        entries = _entries(stack.members[0].cell)
        return Cost(0.05 + count * (0.006 + 1.0e-7 * entries), costs.WORKER + 60 * entries)


def _grid(names: tuple[str, ...], kind: str, shapes: tuple[str, ...], seeds: int = BLOCK) -> Grid:
    return Grid({"initializer": names, "layer_kind": (kind,), "shape": shapes}, seeds)


def sizes(shape: str) -> tuple[int, ...]:
    """Return the numbers of a shape such as ``3x3x64x96``."""
    return tuple(int(size) for size in shape.split("-")[0].split("x"))


def pairs(shapes: str) -> list[tuple[int, int]]:
    """Return the (fan_in, fan_out) of each kernel of shapes such as ``2x5-5x1``."""
    return [(fan_in, fan_out) for fan_in, fan_out in map(sizes, shapes.split("-"))]


def _entries(cell: Cell) -> int:
    return KERNELS[cell.text("layer_kind")].entries(*sizes(cell.text("shape")))


def fans(cell: Cell) -> Fans:
    """Return the textbook's (fan_in, fan_out) of the measured kernel."""
    return KERNELS[cell.text("layer_kind")].fans(*sizes(cell.text("shape")))


def counted_fans(cell: Cell) -> Fans:
    """Return the (fan_in, fan_out) that the framework's initializers take of the kernel."""
    kind = KERNELS[cell.text("layer_kind")]
    return kind.counted_fans(cell.text("framework"), *sizes(cell.text("shape")))


def declared_fans(cell: Cell) -> Fans:
    """Return the fans of the declared law, in whose standard deviations a kernel is measured.

    They are the counted ones, except that a transposed convolution was measured with the textbook's
    before there were others.
    """
    return fans(cell) if cell["layer_kind"] == "transposed" else counted_fans(cell)


def draw_seed(member: Member, lab: Lab) -> int:
    """Return the seed of the framework's draws in a run."""
    case = " ".join(member.cell.text(axis) for axis in ("initializer", "layer_kind", "shape"))
    if member.cell["bias"] != UNSET:
        case += f" bias={member.cell['bias']}"
    return seeds.integer(
        lab.root, "made", seed=member.seed, case=case, framework=member.cell.text("framework")
    )


def declared(cell: Cell) -> laws.Law:
    """Return the law of a kernel's entries; that of a truncated normal has the standard deviation
    that its user names, as if nothing were cut off."""
    framework, name = cell.text("framework"), cell.text("initializer")
    if name == "default":
        return KERNELS[cell.text("layer_kind")].start(framework, *sizes(cell.text("shape")))
    return initializers.resolve(name).law(framework)


# --- one kernel --------------------------------------------------------------------------------


def observe(member: Member, lab: Lab) -> tuple[dict[str, float], Array]:
    """Return the metrics of one drawn layer, and the density of its kernel in the bins of
    ``EDGES``."""
    cell = member.cell
    kind, name = cell.text("layer_kind"), cell.text("initializer")
    draw = lab.framework.probe(LayerDraws).draw
    kernel, bias = draw(kind, sizes(cell.text("shape")), name, draw_seed(member, lab))
    law, (fan_in, fan_out) = declared(cell), declared_fans(cell)
    variance = law.variance(fan_in, fan_out)
    ordered = float64(np.sort(kernel, axis=None)) / math.sqrt(variance)
    square, count = float(np.mean(ordered**2)), ordered.size
    error = math.sqrt((law.kurtosis + 2.0) / count)
    numbers = {
        "kernel_variance": square * variance,
        "kernel_variance_ratio": square * (variance / law.variance(*fans(cell))),
        "kernel_variance_ratio_counted": square * (variance / law.variance(*counted_fans(cell))),
        "kernel_kurtosis": float(np.mean(ordered**4)) / square**2 - 3.0,
        "kernel_kurtosis_predicted": law.kurtosis,
        "ks_declared": distance(ordered, standard(law, fan_in, fan_out, ordered)),
    }
    if not isinstance(law, laws.Orthogonal):  # whose entries are not independent
        numbers["kernel_mean_z"] = float(ordered.mean()) * math.sqrt(count)
        numbers["kernel_variance_z"] = (square - 1.0) / error
    for other, alternative in ALTERNATIVES.items():
        numbers[f"ks_{other}"] = distance(ordered, alternative.cdf(ordered, 1, 1))
        numbers[f"ks_{other}_predicted"] = between(law, alternative, fan_in, fan_out)
    if cell["bias"] != UNSET:
        bias = lab.framework.probe(LayerDraws).bias(
            cell.text("bias"), fan_in, fan_out, draw_seed(member, lab)
        )
    if bias.size and (name == "default" or cell["bias"] != UNSET):
        numbers |= _bias(bias, cell)
    if name != "default" and kind == "dense":
        numbers |= _gains(kernel, variance, member, lab)
    density = np.diff(np.searchsorted(ordered, EDGES)) / (count * np.diff(EDGES))
    return numbers, density


def _bias(bias: Array, cell: Cell) -> dict[str, float]:
    framework, (fan_in, fan_out) = cell.text("framework"), declared_fans(cell)
    if cell["bias"] in (UNSET, "default"):
        law = KERNELS[cell.text("layer_kind")].bias(framework, *sizes(cell.text("shape")))
    else:
        law = initializers.resolve(cell.text("bias")).law(framework)
    return {
        "kernel_bias_std": float(np.sqrt(np.mean(float64(bias) ** 2))),
        "kernel_bias_std_predicted": math.sqrt(laws.mean_square(law, fan_in, fan_out)),
        "kernel_bias_largest": float(np.abs(float64(bias)).max()) * math.sqrt(fan_in),
    }


def _gains(kernel: Array, variance: float, member: Member, lab: Lab) -> dict[str, float]:
    """Return the layer's gains of the mean square of Gaussian signals, forward and backward.

    The prediction is for the shape of the cell: a transposed kernel must not agree with it.
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
    """Return the mean density of the declared law in each bin of ``EDGES``."""
    return np.asarray(
        np.diff(standard(declared(cell), *declared_fans(cell), EDGES)) / np.diff(EDGES)
    )


def share_equal(kernels: list[Array]) -> float:
    """Return the share of the pairs of kernels that are equal up to the size of the smaller."""
    flat = [np.ravel(kernel) for kernel in kernels]
    same = [bool((a[: len(b)] == b[: len(a)]).all()) for a, b in combinations(flat, 2)]
    return float(np.mean(same))


STUDY = Initializers()
