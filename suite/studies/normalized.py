"""What normalization does to signals and gradients of deep networks at initialisation.

No training. Gaussian inputs go forward through one network of the framework's own layers, in
training mode, and a Gaussian cotangent goes back from its last output; the theory stands beside
every layer. Four cases:

    chain           dense, normalization, activation
    blocks          x + r dense(activation(normalization(x))), the residual block of 2016
    chain_on_line   a chain whose inputs lie on a straight line: how the derivative along the
    blocks_on_line  line varies from point to point (Balduzzi et al. 2017)

Every network has its own seed: its own kernels, inputs and cotangent, shared by all cells with
kernels of the same law and size.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import activations, initializers, normalizations
from suite.catalogue.frameworks import FRAMEWORKS
from suite.probes.normalized import DeepNetworks
from suite.studies.common.starts import draw_layer
from suite.theory import normalized
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
    Value,
    Weights,
    float64,
)

DEPTH, WIDTH, SAMPLES = 24, 256, 128
LINE = (-2.0, 2.0)
"""The coordinate along the line of the first and of the last point."""
ALL = ("none", "batch", "layer")
SCALED = {8: 0.3536, 24: 0.2041, 64: 0.125}
"""Depth -> 1 / sqrt(depth), the factor that keeps a residual network's variance below e."""
EPSILON = normalizations.EPSILON

_PROCESS = 1.1e9
"""Resident bytes of a worker, as in ``costs``."""
_VALUE = 3e-8
"""Seconds for a value of a run (samples x depth x width): both passes and the mean squares."""
_PROGRAM = ("activation", "normalization", "samples")
"""With whether there is a residual connection, the axes of a stack that make a program."""

_Axes = dict[str, tuple[Value, ...]]


class Normalized(Study):
    """Deep networks at initialisation; ``suite.types.Study`` says what each member means."""

    name = "normalized"
    position = 180
    question = "Does normalization keep signals and gradients of deep networks in size?"
    source = (
        "Ioffe and Szegedy 2015; Ba, Kiros and Hinton 2016; Yang et al. 2019; Balduzzi et al. 2017;"
        " Zhang, Dauphin and Ma 2019; De and Smith 2020; gradient article"
    )
    axes = (
        "framework",
        "activation",
        "initializer",
        "depth",
        "width",
        "normalization",
        "residual",
        "scale",
        "samples",
        "case",
    )
    # Drawing the kernels takes as long as both passes: one draw serves all cells of a stack.
    within = ("activation", "normalization", "residual", "scale", "samples")
    tables: tuple[TableSpec, ...] = (
        TableSpec(
            "runs",
            (
                "signal_factor",
                "signal_factor_predicted",
                "signal_total",
                "signal_total_predicted",
                "gradient_factor",
                "gradient_factor_predicted",
                "gradient_autocorrelation",
            ),
        ),
        TableSpec(
            "layers",
            (
                "signal_square",
                "signal_square_predicted",
                "output_gradient_square",
                "output_gradient_square_predicted",
            ),
            coordinates=("layer",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        head = _grid(normalization=ALL)
        block = _grid(case=("blocks",), normalization=ALL, residual=(1.0,))
        if profile == "quick":
            return head, block
        others: _Axes = {"activation": ("linear", "tanh", "sigmoid")}
        few: _Axes = {"samples": (32,)}
        standard = (
            head,
            block,
            _grid(**others, initializer=("xavier_normal",), normalization=ALL),
            _grid(initializer=("normal(0.01)",), normalization=ALL),
            _grid(scale=(0.1, 10.0), normalization=ALL),
            _grid(40, normalization=("batch",), samples=(32, 512)),
            _grid(normalization=("batch",), residual=(1.0,)),
            _grid(case=("blocks",), residual=(SCALED[DEPTH],)),
            _line(40, "chain_on_line", normalization=("none", "batch")),
            _line(40, "blocks_on_line", normalization=("batch",), residual=(0.1,)),
            _line(60, "blocks_on_line", normalization=("batch",), residual=(1.0,)),
            # Where the batch is not normalised, its inputs share the noise of the kernels: few of
            # them do, and many seeds decide.
            _grid(60, initializer=("he_normal", "normal(0.01)"), normalization=("layer",), **few),
            _grid(
                60,
                activation=("sigmoid",),
                initializer=("xavier_normal",),
                normalization=("layer",),
                **few,
            ),
            _grid(80, residual=(1.0,), **few),
            _grid(100, case=("blocks",), normalization=ALL, residual=(1.0,), **few),
            *(
                _grid(40, case=("blocks",), depth=(depth,), residual=(factor,), **few)
                for depth, factor in SCALED.items()
            ),
        )
        if profile == "standard":
            return standard
        every: _Axes = {"activation": activations.ACTIVATIONS.names}
        return (
            _grid(
                100,
                **every,
                normalization=normalizations.NORMALIZATIONS.names,
                samples=(32, 128, 512),
            ),
            *standard,
            _grid(normalization=("batch",), samples=(32, 128, 512), width=(512,)),
            _grid(normalization=("batch",), samples=(8, 16, 64), width=(WIDTH,)),
        )

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (DeepNetworks.propagate,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        observed: dict[Member, tuple[dict[str, float], dict[str, Array], str]] = {}
        by_seed = sorted(stack.members, key=lambda member: member.seed)
        for _, group in itertools.groupby(by_seed, key=lambda member: member.seed):
            weights: Weights | None = None
            for member in group:
                weights = weights or start(member, lab)
                observed[member] = _measured(member, lab, weights)
        rows, layers, reasons = zip(*(observed[m] for m in stack.members), strict=True)
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        by_layer = {name: np.array([layer[name] for layer in layers]) for name in layers[0]}
        depth = stack.members[0].cell.count("depth")
        tables = (
            Table("runs", {}, columns),
            Table("layers", {"layer": np.arange(1, depth + 1)}, by_layer),
        )
        return Measurement(["diverged" if why else "ok" for why in reasons], reasons, tables)

    def cost(self, stack: Stack) -> Cost:
        if not stack.members:
            return Cost(0.0, _PROCESS)
        first = stack.members[0].cell
        depth, width = first.count("depth"), first.count("width")
        samples = [member.cell.count("samples") for member in stack.members]
        rate = FRAMEWORKS[stack.framework].rates.layers
        draws = len({member.seed for member in stack.members})
        programs = len(
            {
                (*map(member.cell.text, _PROGRAM), bool(member.cell["residual"]))
                for member in stack.members
            }
        )
        seconds = (
            rate.entry * draws * depth * width**2
            + rate.traced * programs * depth
            + _VALUE * sum(samples) * depth * width
        )
        return Cost(seconds, _PROCESS + 60 * max(samples) * depth * width + 8 * depth * width**2)


def _grid(seeds: int = BLOCK, /, **changes: tuple[Value, ...]) -> Grid:
    """A grid of relu chains with He's kernels, but for what is changed."""
    axes: _Axes = {
        "case": ("chain",),
        "activation": ("relu",),
        "initializer": ("he_normal",),
        "depth": (DEPTH,),
        "width": (WIDTH,),
    }
    return Grid({**axes, **changes}, seeds)


def _line(seeds: int, case: str, /, **changes: tuple[Value, ...]) -> Grid:
    """The networks of Balduzzi et al. 2017: width 200, 30 layers, 256 points on a line."""
    return _grid(seeds, case=(case,), depth=(30,), width=(200,), samples=(256,), **changes)


def start(member: Member, lab: Lab) -> Weights:
    """Kernels as the framework draws them, before the cell's scale, and biases of zero."""
    cell, width = member.cell, member.cell.count("width")
    return tuple(
        draw_layer(
            lab.framework,
            lab.root,
            cell.text("initializer"),
            "native",
            member.seed,
            layer,
            width,
            width,
        )
        for layer in range(1, cell.count("depth") + 1)
    )


def batch(member: Member, lab: Lab) -> tuple[Array, Array, Array | None]:
    """Inputs and cotangent, (samples, width) float32, and the direction of the line if there is
    one. On a line every output is asked for the same derivative."""
    width, samples = member.cell.count("width"), member.cell.count("samples")

    def normal(purpose: str, rows: int) -> Array:
        rng = seeds.generator(lab.root, purpose, seed=member.seed, width=width)
        return rng.standard_normal((rows, width)).astype(np.float32)

    if not member.cell.text("case").endswith("on_line"):
        return normal("inputs", samples), normal("cotangent", samples), None
    direction, origin = normal("inputs", 2)
    along = np.linspace(*LINE, samples, dtype=np.float32)
    cotangent = np.repeat(normal("cotangent", 1), samples, axis=0)
    return origin + along[:, None] * direction, cotangent, direction


@functools.lru_cache(maxsize=256)
def predict(cell: Cell) -> normalized.Expected | None:
    """The theory of a cell, for Gaussian inputs; None for inputs on a line."""
    if cell.text("case").endswith("on_line"):
        return None
    width = cell.count("width")
    law = initializers.resolve(cell.text("initializer")).law(cell.text("framework"))
    return normalized.propagate(
        activations.resolve(cell.text("activation")),
        cell.text("case"),
        cell.text("normalization"),
        float(cell["residual"]),
        width * law.variance(width, width) * float(cell["scale"]) ** 2,
        cell.count("depth"),
        cell.count("samples"),
    )


def _measured(
    member: Member, lab: Lab, weights: Weights
) -> tuple[dict[str, float], dict[str, Array], str]:
    """The columns of one run, its columns by layer, and why it diverged, if it did."""
    cell = member.cell
    inputs, cotangent, direction = batch(member, lab)
    scale = np.float32(cell["scale"])
    scaled = weights if scale == 1 else tuple((scale * kernel, bias) for kernel, bias in weights)
    signals, gradients = lab.framework.probe(DeepNetworks).propagate(
        cell.text("activation"),
        cell.text("case").removesuffix("_on_line"),
        cell.text("normalization"),
        float(cell["residual"]),
        scaled,
        inputs,
        cotangent,
        EPSILON,
    )
    finite = bool(np.isfinite(signals).all() and np.isfinite(gradients).all())
    signal, gradient = _mean_square(signals), _mean_square(gradients[1:])
    expected = predict(cell)
    nothing = np.full(len(signal), np.nan)
    signal_theory = nothing if expected is None else expected.signal
    gradient_theory = nothing if expected is None else expected.gradient[1:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        runs = {
            "signal_factor": _factor(signal),
            "signal_factor_predicted": _factor(signal_theory),
            "signal_total": float(signal[-1] / _mean_square(inputs[None])[0]),
            "signal_total_predicted": float(signal_theory[-1]),
            "gradient_factor": _factor(gradient[::-1]),
            "gradient_factor_predicted": _factor(gradient_theory[::-1]),
        }
    if direction is not None:
        runs["gradient_autocorrelation"] = autocorrelation(float64(gradients[0]) @ direction)
    layers = {
        "signal_square": signal,
        "signal_square_predicted": signal_theory,
        "output_gradient_square": gradient,
        "output_gradient_square_predicted": gradient_theory,
    }
    return runs, layers, "" if finite else "a signal or a gradient became inf or NaN"


def _mean_square(values: Array) -> Array:
    """(layers, samples, width) -> (layers,), in double precision layer by layer."""
    flat = values.reshape(len(values), -1)
    return np.array([np.mean(np.square(layer, dtype=np.float64)) for layer in flat])


def _factor(squares: Array) -> float:
    """What one step does to mean squares (depth,), from the first to the last."""
    return float(np.exp(np.divide(np.log(squares[-1]) - np.log(squares[0]), len(squares) - 1)))


def autocorrelation(values: Array) -> float:
    """Of neighbours in a sequence (n,), around its mean; NaN where it does not vary."""
    centred = values - values.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(centred[1:] @ centred[:-1], centred @ centred))


STUDY = Normalized()
