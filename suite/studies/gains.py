"""The factor of the kernels that suits an activation, and whether small errors grow or decay.

Nothing is trained and biases are zero. Kernels are LeCun's (fan_in Var(W) = 1) times the gain of
the rule that ``case`` names. Each input is used three times, scaled so that the pre-activations of
the first layer have a mean square of 0.7, 1 and 1.4. The kernels of a seed are shared by all rules
and activations.
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
from suite.studies.common.signals import doubles, log_mean_square, not_finite
from suite.studies.common.starts import native_layers
from suite.theory import gains, mean_field
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
)

STARTS = (0.7, 1.0, 1.4)
"""The mean squares of the first pre-activations in theory; the outer ones have a ratio of 2."""
INPUTS = 8
TORCH_GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "selu": 3 / 4,
}
"""The values of torch.nn.init.calculate_gain, which has none for the other activations."""
LECUN_TANH = (1.7159, 2 / 3)
"""The factors a and b of a tanh(b x) = 1.7159 tanh(2 x / 3) (LeCun, Bottou, Orr and Müller 1998).

A network with the activation a tanh(b x) is equivalent to one with tanh: with kernels W, the scaled
pre-activations z = b h obey z = (a b) W tanh(z) from layer to layer, and the activations are
a tanh(z). So it is measured exactly as tanh with the gain a b.
"""
CASES = ("unit", "torch", "lecun_tanh")


class Gains(Study):
    """Deep networks with the unit gain of theory, torch's gain, and LeCun's scaled tanh."""

    name = "gains"
    position = 50
    question = "Which gain keeps the size of a signal for which activation, and is it stable?"
    source = (
        "LeCun, Bottou, Orr and Müller 1998; Klambauer, Unterthiner, Mayr and Hochreiter 2017;"
        " the documentation of torch.nn.init.calculate_gain"
    )
    axes = ("framework", "activation", "initializer", "depth", "width", "case")
    everywhere = ("width",)
    within = ("activation", "case")
    tables = (
        TableSpec(
            "runs",
            (
                "gain",
                "fixed_point",
                "fixed_point_response",
                "fixed_point_chi",
                "response",
                "response_predicted",
                "separation",
                "separation_predicted",
                "late_forward_rate",
                "late_forward_rate_predicted",
                "late_backward_rate",
                "late_backward_rate_predicted",
                "last_square",
                "last_square_predicted",
            ),
        ),
        TableSpec(
            "layers", ("square", "square_predicted"), coordinates=("layer", "start"), per="seeds"
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        if profile == "quick":
            return _grids(("tanh", "relu", "selu", "gelu"), 256)
        if profile == "standard":
            # ELU's is the weakest attractor about which a claim is made, so it gets more seeds.
            return (
                *self.grids("quick"),
                *_grids(activations.ACTIVATIONS.names, 512),
                _grid(("elu",), "unit", 512, 3 * BLOCK),
            )
        every = activations.ACTIVATIONS.names
        return (*self.grids("standard"), *_grids(every, 256), *_grids(every, 512, 5 * BLOCK))

    def unsupported(self, cell: Cell) -> str | None:
        name, case = activations.resolve(cell.text("activation")).name, cell["case"]
        if case == "torch" and name not in TORCH_GAINS:
            return f"torch.nn.init.calculate_gain has no value for {name}"
        if case == "lecun_tanh" and name != "tanh":
            return "1.7159 tanh(2 x / 3) is measured as a tanh network"
        return None

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        rows: dict[Member, dict[str, Array]] = {}
        reasons: dict[Member, str] = {}
        for members in by_seed(stack.members):
            drawn = native_layers(members[0], lab)
            for member in members:
                factor, cell = gain(member.cell), member.cell
                weights = tuple((np.float32(factor) * kernel, bias) for kernel, bias in drawn)
                (signal,) = lab.framework.propagate(
                    (cell.text("activation"),), weights, *_batch(member, lab, factor)
                )
                reasons[member] = not_finite(signal)
                rows[member] = {**_observe(cell, signal), **_predict(cell)}
        depth = stack.members[0].cell.count("depth")
        coordinates = {"layer": np.arange(1, depth + 1), "start": np.array(STARTS)}
        ordered = [rows[member] for member in stack.members]
        return measurement(
            [reasons[member] for member in stack.members],
            [table(spec, ordered, coordinates) for spec in self.tables],
        )

    def cost(self, stack: Stack) -> Cost:
        return costs.propagation(stack, INPUTS * len(STARTS), 6)


def _grids(names: tuple[str, ...], width: int, seeds: int = BLOCK) -> tuple[Grid, ...]:
    """Return the grids of every rule, for the activations to which it applies."""
    with_gain = tuple(name for name in names if name in TORCH_GAINS)
    return (
        _grid(names, "unit", width, seeds),
        _grid(with_gain, "torch", width, seeds),
        _grid(("tanh",), "lecun_tanh", width, seeds),
    )


def _grid(names: tuple[str, ...], case: str, width: int, seeds: int) -> Grid:
    return Grid(
        {
            "activation": names,
            "initializer": ("lecun_normal",),
            "depth": (30,),
            "width": (width,),
            "case": (case,),
        },
        seeds,
    )


def gain(cell: Cell) -> float:
    """Return the factor of the kernels in a cell."""
    if cell["case"] == "unit":
        return gains.unit_gain(activations.resolve(cell.text("activation")))
    if cell["case"] == "lecun_tanh":
        return math.prod(LECUN_TANH)
    return TORCH_GAINS[cell.text("activation")]


def _amplitude(cell: Cell) -> float:
    """Return the factor of the activations in the form in which the rule defines them."""
    return LECUN_TANH[0] if cell["case"] == "lecun_tanh" else 1.0


def _batch(member: Member, lab: Lab, factor: float) -> tuple[Array, Array]:
    """Return inputs (len(STARTS) INPUTS, width) by start, and their cotangents, float32."""
    width = member.cell.count("width")
    directions, cotangent = (
        seeds.generator(lab.root, purpose, seed=member.seed, width=width).standard_normal(
            (INPUTS, width)
        )
        for purpose in ("inputs", "cotangent")
    )
    directions *= math.sqrt(width) / np.linalg.norm(directions, axis=1, keepdims=True)
    inputs = np.concatenate([math.sqrt(start) / factor * directions for start in STARTS])
    return inputs.astype(np.float32), np.tile(cotangent, (len(STARTS), 1)).astype(np.float32)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # inf and NaN are results
def _observe(cell: Cell, signal: LayerSignals) -> dict[str, Array]:
    """Return the measured columns of one run."""

    def logs(layers: Sequence[Array]) -> Array:  # (depth, len(STARTS))
        return log_mean_square(doubles(layers).reshape(len(layers), len(STARTS), INPUTS, -1))

    before, after, gradient = map(logs, (signal.preactivation, signal.activation, signal.gradient))
    distance = before[:, -1] - before[:, 0]
    return {
        "square": np.exp(before),
        "response": distance[1] / distance[0],
        "separation": distance[-1] / distance[0],
        "late_forward_rate": _late(before[:, 1]),
        "late_backward_rate": -_late(gradient[:, 1]),
        "last_square": _amplitude(cell) ** 2 * np.exp(after[-1, 1]),
    }


def _late(logs: Array) -> Array:
    """Return the change per layer over the second half of (depth,) logarithms."""
    half = len(logs) // 2
    return np.asarray((logs[-1] - logs[half - 1]) / (len(logs) - half))


@functools.lru_cache(maxsize=256)
def _predict(cell: Cell) -> dict[str, Array]:
    """Return the columns predicted by the maps at infinite width, with the drift of the
    gradient."""
    phi, factor = activations.resolve(cell.text("activation")), gain(cell)
    width, depth = cell.count("width"), cell.count("depth")
    squares = np.stack([gains.iterate(phi, factor, start, depth) for start in STARTS], axis=1)
    logs = np.log(squares)
    distance = logs[:, -1] - logs[:, 0]
    layers = [mean_field.moments(phi, q) for q in squares[:, 1]]
    slopes = mean_field.half_slopes(phi)
    flow = [
        math.log(factor**2 * layer.slope_square)
        + (
            mean_field.leading_drift(layer, width)
            if slopes is None
            else mean_field.drift(slopes, width)[0]
        )
        for layer in layers
    ]
    q = gains.fixed_point(phi, factor)
    known = not math.isnan(q)
    return {
        "gain": np.array(factor),
        "fixed_point": np.array(q),
        "fixed_point_response": np.array(gains.response(phi, q) if known else math.nan),
        "fixed_point_chi": np.array(mean_field.chi(phi, q, factor**2) if known else math.nan),
        "square_predicted": squares,
        "response_predicted": distance[1] / distance[0],
        "separation_predicted": distance[-1] / distance[0],
        "late_forward_rate_predicted": _late(logs[:, 1]),
        # From the last layer back to the middle one, each step multiplies by the factor of the
        # layer that it reaches: phi' belongs to the lower layer, and the kernel is between them.
        "late_backward_rate_predicted": np.array(np.mean(flow[depth // 2 - 1 : -1])),
        "last_square_predicted": np.array(_amplitude(cell) ** 2 * layers[-1].square),
    }


STUDY = Gains()
