"""Signals and gradients at initialisation, layer by layer, compared with theory.

Nothing is trained. A batch of Gaussian inputs goes forward through one network, and a random
Gaussian cotangent goes back from its last activation. The seed of a network determines its inputs
and cotangent, which all cells of a width share, and its kernels, which all activations share.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import activations, initializers, laws
from suite.catalogue.initializers import UNSET
from suite.probes.initializers import LayerDraws
from suite.studies.common import costs
from suite.studies.common.measurements import by_seed, measurement, table
from suite.studies.common.signals import CENTRES, Columns, Scratch, not_finite, observe
from suite.studies.common.starts import NO_LAW, initial_layer, single, without_law
from suite.theory import mean_field
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
    UserError,
    Weights,
)

_VARIANCES = ("preactivation_variance", "activation_variance", "gradient_variance")
"""Columns that are finite exactly where the signals are."""
INPUTS = 16
"""The number of inputs in a batch. They share the kernels, so claims have intervals over seeds
only."""


_ACTIVATIONS = (
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softsign",
)
_INITIALIZERS = (
    "default",
    "normal(0.01)",
    "normal(1)",
    "xavier_normal",
    "he_normal",
    "lecun_normal",
    "orthogonal",
)


class Propagation(Study):
    """Deep networks of activations and initializers, mostly of 50 layers of 256 units."""

    name = "propagation"
    position = 30
    headline = True
    question = "Do signals and gradients keep their size through 50 layers, as theory predicts?"
    source = (
        "Glorot and Bengio 2010; He, Zhang, Ren and Sun 2015; Poole et al. 2016;"
        " Schoenholz et al. 2017; Hanin 2018"
    )
    axes = (
        "framework",
        "activation",
        "initializer",
        "bias",
        "depth",
        "width",
        "weights",
    )
    # Drawing 50 kernels takes longer than sending 16 inputs through them: one draw serves all
    # activations of a stack.
    within = ("activation",)
    tables: tuple[TableSpec, ...] = (
        TableSpec(
            "runs",
            (
                "forward_slope",
                "forward_slope_predicted",
                "forward_slope_error",
                "backward_slope",
                "backward_slope_predicted",
                "backward_slope_error",
                "spread_slope",
                "output_std",
                "output_std_predicted",
                "map_error",
                "saturated_share",
                "zero_share",
            ),
        ),
        TableSpec(
            "layers",
            (
                "preactivation_mean",
                "preactivation_variance",
                "preactivation_variance_predicted",
                "activation_mean",
                "activation_mean_predicted",
                "activation_variance",
                "activation_variance_predicted",
                "activation_mean_square",
                "activation_mean_square_predicted",
                "activation_spread",
                "saturated_share",
                "zero_share",
                "gradient_norm",
                "gradient_variance",
                "gradient_mean_square",
                "gradient_mean_square_predicted",
            ),
            coordinates=("layer",),
            per="seeds",
        ),
        TableSpec("histograms", ("histogram_share",), coordinates=("layer", "bin"), per="seeds"),
    )
    bins: Array = CENTRES

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (
            _grid(("linear", "tanh", "relu"), ("xavier_normal",)),
            _grid(("relu",), ("he_normal",)),
            _grid(("tanh",), ("normal(0.01)",)),
            _grid(("linear",), ("default",), depth=10, seeds=60),
        )
        if profile == "quick":
            return quick
        standard = (
            _grid(_ACTIVATIONS, _INITIALIZERS),
            *quick,
            _grid(("mish",), ("he_normal",)),
            # fan_in Var(W) = 10.24, that of 4096 units with a standard deviation of 0.05.
            _grid(("sigmoid", "tanh"), ("normal(0.2)",)),
            _grid(("tanh",), ("normal(0.01)",), bias=("normal(0.1)",)),
            # The seeds suffice for the claims: the slope of one network at width 256 has a standard
            # deviation of 0.005 (linear) to sqrt(5 / (50 * 256)) = 0.02 (He, relu), and the
            # interval of a median reaches 4.6 of them over sqrt(seeds) to either side.
            _grid(("linear", "relu"), ("default",), seeds=60),
            _grid(("linear", "tanh", "relu"), ("xavier_normal",), seeds=100),
            _grid(("linear",), ("he_normal",), seeds=60),
            _grid(("relu",), ("he_normal",), seeds=200),
            _grid(("tanh",), ("normal(0.01)",), width=512),
            _grid(("relu",), ("he_normal",), width=512),
            _grid(
                ("linear", "sigmoid", "tanh", "relu"),
                ("xavier_normal", "he_normal"),
                weights=("shared",),
            ),
            # As deep as the published networks with Xavier and ReLU, and ten times deeper.
            _grid(("relu",), ("xavier_normal",), depth=2, width=512),
            _grid(("relu",), ("xavier_normal",), depth=20, width=512),
        )
        if profile == "standard":
            return standard
        starts = tuple(dict.fromkeys((*_INITIALIZERS, *initializers.every())))
        every = (activations.ACTIVATIONS.names, starts)
        return (
            _grid(*every, weights=("native", "shared"), seeds=100),
            *standard,
            _grid(*every, width=512, weights=("native", "shared"), seeds=100),
            _grid(("relu",), ("he_normal",), width=512, seeds=200),
        )

    def unsupported(self, cell: Cell) -> str | None:
        if reason := without_law(cell):
            return reason
        if bias_of(cell) == "default" and cell["weights"] == "shared":
            return f"bias: {NO_LAW}"
        try:
            kernel_law(cell)
        except UserError as error:
            return str(error)
        return None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        # NumPy draws the weights that the frameworks share.
        own = bias_of(cell) != UNSET and cell["weights"] == "native"
        return (LayerDraws.bias,) if own else ()

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        observed: dict[Member, Columns] = {}
        reasons: dict[Member, str] = {}
        scratch = Scratch()
        for members in by_seed(stack.members):
            names = [member.cell.text("activation") for member in members]
            # Only one draw is in memory at a time: 50 kernels of 512 x 512 are 52 MB.
            inputs, cotangent = batch(members[0], lab)
            signals = lab.framework.propagate(names, start(members[0], lab), inputs, cotangent)
            for member, signal in zip(members, signals, strict=True):
                columns = self.observed(member.cell, signal, inputs, scratch)
                sound = all(np.isfinite(columns["layers"][name]).all() for name in _VARIANCES)
                reasons[member] = "" if sound else not_finite(signal)
                observed[member] = columns
        depth = stack.members[0].cell.count("depth")
        coordinates = {"layer": np.arange(1, depth + 1), "bin": self.bins}
        return measurement(
            [reasons[member] for member in stack.members],
            [
                table(spec, [observed[member][spec.name] for member in stack.members], coordinates)
                for spec in self.tables
            ],
        )

    def observed(
        self, cell: Cell, signal: LayerSignals, inputs: Array, scratch: Scratch
    ) -> Columns:
        """Return all columns of one run, predictions included. ``inputs``: (INPUTS, width)."""
        phi = activations.resolve(cell.text("activation"))
        return observe(signal, inputs, phi, predict(cell), scratch)

    def cost(self, stack: Stack) -> Cost:
        return costs.propagation(stack, INPUTS, CENTRES.size + 20)


def _grid(
    names: tuple[str, ...],
    initial: tuple[str, ...],
    depth: int = 50,
    width: int = 256,
    weights: tuple[str, ...] = ("native",),
    seeds: int = BLOCK,
    bias: tuple[str, ...] = (UNSET,),
) -> Grid:
    return Grid(
        {
            "activation": names,
            "initializer": initial,
            "bias": bias,
            "depth": (depth,),
            "width": (width,),
            "weights": weights,
        },
        seeds,
    )


def bias_of(cell: Cell) -> str:
    """Return the initializer of a cell's biases; ``UNSET`` where the study has no such axis."""
    return str(dict(cell.values).get("bias", UNSET))


def start(member: Member, lab: Lab) -> Weights:
    """Draw the kernels (width, width) and biases (width,) of the ``depth`` layers of a network."""
    width, depth = member.cell.count("width"), member.cell.count("depth")
    layers = [
        initial_layer(lab.framework, lab.root, member, layer, width, width)
        for layer in range(1, depth + 1)
    ]
    name = bias_of(member.cell)
    if name == UNSET:
        return tuple(layers)
    home = lab.framework if member.cell["weights"] == "native" else lab.oracle
    draw = home.probe(LayerDraws).bias
    axes: dict[str, int | str] = {"seed": member.seed, "fan_in": width, "fan_out": width}
    axes |= {"initializer": name, "framework": home.name}
    drawn = (
        draw(name, width, width, seeds.integer(lab.root, "biases", layer=layer, **axes))
        for layer in range(1, depth + 1)
    )
    return tuple((kernel, single(bias)) for (kernel, _), bias in zip(layers, drawn, strict=True))


def batch(member: Member, lab: Lab) -> tuple[Array, Array]:
    """Draw inputs and cotangent, N(0, 1), each (INPUTS, width) float32."""
    width = member.cell.count("width")
    inputs, cotangent = (
        seeds.generator(lab.root, purpose, seed=member.seed, width=width)
        .standard_normal((INPUTS, width))
        .astype(np.float32)
        for purpose in ("inputs", "cotangent")
    )
    return inputs, cotangent


def kernel_law(cell: Cell) -> laws.Law:
    """Return the declared law of a cell's kernels. Raises UserError if none is declared."""
    framework = "numpy" if cell["weights"] == "shared" else cell.text("framework")
    return initializers.resolve(cell.text("initializer")).law(framework)


def bias_law(cell: Cell) -> laws.Law:
    """Return the declared law of a cell's biases."""
    framework = cell.text("framework") if cell["weights"] == "native" else "numpy"
    name = bias_of(cell)
    if name not in (UNSET, "default"):
        return initializers.resolve(name).law(framework)
    own = cell.text("initializer") if name == UNSET else name
    return initializers.resolve(own).bias_law(framework)


@functools.lru_cache(maxsize=1024)
def predict(cell: Cell) -> mean_field.Prediction:
    """Return the theory of a cell; NaN throughout if the mean of kernels or biases is not zero."""
    width, depth = cell.count("width"), cell.count("depth")
    law, bias = kernel_law(cell), bias_law(cell)
    centred = all(not isinstance(each, laws.Point) or each.value == 0 for each in (law, bias))
    return mean_field.predict(
        activations.resolve(cell.text("activation")),
        [(width, width)] * depth,
        [law.variance(width, width) if centred else np.nan] * depth,
        [bias.variance(width, width)] * depth,
        orthogonal=isinstance(law, laws.Orthogonal),
    )


STUDY = Propagation()
