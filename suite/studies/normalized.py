"""Signals and gradients of deep networks with normalization at initialisation.

Nothing is trained. Gaussian inputs go forward through one network of the framework's own layers, in
training mode, and a Gaussian cotangent goes back from its last output; theory predicts every layer.
There are four cases:

    chain           dense, normalization, activation
    blocks          x + r dense(activation(normalization(x))), the residual block of 2016
    chain_on_line   a chain whose inputs are on a straight line: how the derivative along the
    blocks_on_line  line varies from point to point (Balduzzi et al. 2017)

The seed of a network determines its kernels, inputs and cotangent, which all cells with kernels of
the same law and size share.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import activations, initializers, normalizations
from suite.catalogue.frameworks import entry_of
from suite.probes.normalized import DeepNetworks
from suite.studies.common import costs
from suite.studies.common.measurements import by_seed, columns, measurement
from suite.studies.common.starts import native_layers
from suite.theory import normalized
from suite.types import (
    BLOCK,
    Array,
    Axes,
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
"""The coordinates of the first and the last point along the line."""
ALL = ("none", "batch", "layer")
SCALED = {8: 0.3536, 24: 0.2041, 64: 0.125}
"""Depth -> 1 / sqrt(depth), the factor that keeps the variance of a residual network below e."""
EPSILON = normalizations.EPSILON

_VALUE = 3e-8
"""Seconds for one value of a run (samples x depth x width): both passes and the mean squares."""
_PROGRAM = ("activation", "normalization", "samples")
"""The axes that make a program, together with whether there is a residual connection."""


class Normalized(Study):
    """Deep chains and residual blocks with batch, layer and no normalization."""

    name = "normalized"
    position = 180
    question = "Does normalization keep the size of signals and gradients in deep networks?"
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
    everywhere = ("depth", "width")
    within = ("activation", "normalization", "residual", "scale", "samples")
    tables = (
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
        others: Axes = {"activation": ("linear", "tanh", "sigmoid")}
        few: Axes = {"samples": (32,)}
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
            # Without batch normalization the inputs share the noise of the kernels: a few of them
            # suffice, and many seeds decide.
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
        every: Axes = {"activation": activations.ACTIVATIONS.names}
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
        measured: dict[Member, tuple[dict[str, float], dict[str, Array], str]] = {}
        for members in by_seed(stack.members):
            weights = native_layers(members[0], lab)
            for member in members:
                measured[member] = _measured(member, lab, weights)
        runs, layers, reasons = zip(*(measured[m] for m in stack.members), strict=True)
        places = {"layer": np.arange(1, stack.members[0].cell.count("depth") + 1)}
        return measurement(
            reasons,
            (Table("runs", {}, columns(runs)), Table("layers", places, columns(layers))),
        )

    def cost(self, stack: Stack) -> Cost:
        first = stack.members[0].cell
        depth, width = first.count("depth"), first.count("width")
        samples = [member.cell.count("samples") for member in stack.members]
        rate = entry_of(stack.framework).rates.layers
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
        values = 60 * max(samples) * depth * width + 8 * depth * width**2
        return Cost(seconds, costs.WORKER + values)


def _grid(seeds: int = BLOCK, /, **changes: tuple[Value, ...]) -> Grid:
    """Return a grid of relu chains with He's kernels, with ``changes``."""
    axes: Axes = {
        "case": ("chain",),
        "activation": ("relu",),
        "initializer": ("he_normal",),
        "depth": (DEPTH,),
        "width": (WIDTH,),
    }
    return Grid({**axes, **changes}, seeds)


def _line(seeds: int, case: str, /, **changes: tuple[Value, ...]) -> Grid:
    """Return a grid of the networks of Balduzzi et al. 2017: width 200, 30 layers, 256 points."""
    return _grid(seeds, case=(case,), depth=(30,), width=(200,), samples=(256,), **changes)


def batch(member: Member, lab: Lab) -> tuple[Array, Array, Array | None]:
    """Return inputs and cotangent, (samples, width) float32, and the direction of the line or None.

    On a line all inputs have the same cotangent.
    """
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
    """Return the theory of a cell for Gaussian inputs; None for inputs on a line."""
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
    """Return the columns of one run, its columns by layer, and why it diverged, if it did.

    ``weights``: before the scale of the cell.
    """
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
    unknown = np.full(len(signal), np.nan)
    signal_theory = unknown if expected is None else expected.signal
    gradient_theory = unknown if expected is None else expected.gradient[1:]
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
    """Return the mean square of each layer: (layers, samples, width) -> (layers,), in float64."""
    flat = values.reshape(len(values), -1)
    return np.array([np.mean(np.square(layer, dtype=np.float64)) for layer in flat])


def _factor(squares: Array) -> float:
    """Return the factor per step of mean squares (depth,), from the first to the last."""
    return float(np.exp(np.divide(np.log(squares[-1]) - np.log(squares[0]), len(squares) - 1)))


def autocorrelation(values: Array) -> float:
    """Return the correlation of neighbours in a sequence (n,), around its mean; NaN if constant."""
    centred = values - values.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(centred[1:] @ centred[:-1], centred @ centred))


STUDY = Normalized()
