"""What the twins of studies of signals at initialisation compute alike, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from suite import frameworks
from suite.catalogue import activations, initializers
from suite.theory import mean_field
from suite.types import Array, Cell, LayerSignals, Weights, float64
from tests.studies.twins.run import Run


def seeds_of(run: Run) -> list[int]:
    """Return the seeds of a stack in the order in which a study takes them."""
    return sorted({member.seed for member in run.members})


def place_in_seed(run: Run, k: int) -> int:
    """Return which of the members of its seed a member is, from 0."""
    same = [n for n, member in enumerate(run.members) if member.seed == run.members[k].seed]
    return same.index(k)


def one_by_one(run: Run, k: int) -> int:
    """Return the place of a member among all, seed by seed."""
    before = sum(member.seed < run.members[k].seed for member in run.members)
    return before + place_in_seed(run, k)


def batched(run: Run, k: int) -> tuple[LayerSignals, tuple[Any, ...]]:
    """Return a member's signals, and what was given for them, where each seed is one call."""
    call = seeds_of(run).index(run.members[k].seed)
    answer, given = run.answers("propagate")[call], run.given("propagate")[call]
    place = place_in_seed(run, k)
    assert given[0][place] == run.members[k].cell["activation"]
    return answer[place], given


def poisoned(
    names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
) -> list[LayerSignals]:
    """Return NumPy's signals, where the network ``linear`` has a NaN in its last two layers."""
    signals = frameworks.load("numpy").propagate(names, weights, inputs, cotangent)
    for name, signal in zip(names, signals, strict=True):
        if name == "linear":
            for layer in (*signal.activation[-2:], signal.preactivation[-1], signal.gradient[0]):
                layer[0, 1] = np.nan
    return signals


def log_square(layer: Array) -> float:
    """Return the mean over the samples of ln(mean square over the units)."""
    return float(np.mean([np.log(np.mean(float64(sample) ** 2)) for sample in layer]))


def finite_signal(signal: LayerSignals) -> bool:
    return all(
        bool(np.isfinite(layer).all())
        for layers in (signal.preactivation, signal.activation, signal.gradient)
        for layer in layers
    )


def predicted(cell: Cell) -> mean_field.Prediction:
    """Return the theory of a cell with native kernels of NumPy's law and biases of 0."""
    width, depth = cell.count("width"), cell.count("depth")
    entry = initializers.resolve(cell.text("initializer"))
    return mean_field.predict(
        activations.resolve(cell.text("activation")),
        [(width, width)] * depth,
        [entry.law("numpy").variance(width, width)] * depth,
        [0.0] * depth,
        orthogonal=False,
    )


def minus(measured: float, expected: float) -> float:
    """Return the difference; 0 where both are the same infinity."""
    return 0.0 if measured == expected else measured - expected


def spread(layer: Array) -> float:
    """Return the variance over the samples, averaged over the units."""
    return float(np.mean([np.var(float64(layer[:, unit])) for unit in range(layer.shape[1])]))


def histogram(layer: Array, edges: Array) -> list[float]:
    """Return the share of the values between neighbouring edges; the outermost include the rest."""
    values = np.ravel(float64(layer))
    if not np.isfinite(values).all():
        return [math.nan] * (len(edges) - 1)
    inner = [int((values < edge).sum()) for edge in edges[1:-1]]
    counts = np.diff([0, *inner, len(values)])
    return [int(count) / len(values) for count in counts]


@np.errstate(all="ignore")
def layer_columns(run: Run, k: int) -> dict[str, list[float]]:
    """Return the columns by layer of the study ``propagation``."""
    signal, _ = batched(run, k)
    cell = run.members[k].cell
    phi, expected = activations.resolve(cell.text("activation")), predicted(cell)
    before, after, gradient = (
        [float64(layer) for layer in layers]
        for layers in (signal.preactivation, signal.activation, signal.gradient)
    )
    return {
        "preactivation_mean": [float(x.mean()) for x in before],
        "preactivation_variance": [float(np.var(x)) for x in before],
        "saturated_share": [float(np.mean(phi.saturated(x))) for x in before],
        "activation_mean": [float(x.mean()) for x in after],
        "activation_variance": [float(np.var(x)) for x in after],
        "activation_mean_square": [math.exp(log_square(x)) for x in after],
        "activation_spread": [spread(x) for x in after],
        "zero_share": [sum(v == 0 for v in x.ravel().tolist()) / x.size for x in after],
        "gradient_norm": [
            math.exp(np.mean([np.log(np.linalg.norm(sample)) for sample in x])) for x in gradient
        ],
        "gradient_variance": [float(np.var(x)) for x in gradient],
        "gradient_mean_square": [math.exp(log_square(x)) for x in gradient],
        "preactivation_variance_predicted": expected.preactivation_square.tolist(),
        "activation_mean_predicted": expected.activation_mean.tolist(),
        "activation_variance_predicted": expected.activation_variance.tolist(),
        "activation_mean_square_predicted": expected.activation_square.tolist(),
        "gradient_mean_square_predicted": expected.gradient_square.tolist(),
    }


@np.errstate(all="ignore")
def run_columns(run: Run, k: int) -> dict[str, float]:
    """Return the columns of ``runs`` of the study ``propagation``."""
    signal, (_, _, inputs, _) = batched(run, k)
    expected, layers = predicted(run.members[k].cell), layer_columns(run, k)
    depth, inputs = len(signal.activation), float64(inputs)
    forward = (log_square(signal.activation[-1]) - log_square(inputs)) / depth
    backward = (log_square(signal.gradient[0]) - log_square(signal.gradient[-1])) / (depth - 1)
    forward_expected = float(np.log(expected.activation_square[-1])) / depth
    ends = np.log(expected.gradient_square[[0, -1]])
    backward_expected = float(ends[0] - ends[1]) / (depth - 1)
    errors = [
        abs(minus(log_square(layer), float(np.log(square))))
        for layer, square in zip(signal.preactivation, expected.preactivation_square, strict=True)
    ]
    spreads = np.log([spread(signal.activation[-1]), spread(inputs)])
    return {
        "forward_slope": forward,
        "forward_slope_predicted": forward_expected,
        "forward_slope_error": minus(forward, forward_expected),
        "backward_slope": backward,
        "backward_slope_predicted": backward_expected,
        "backward_slope_error": minus(backward, backward_expected),
        "spread_slope": float(spreads[0] - spreads[1]) / depth,
        "output_std": math.sqrt(layers["activation_variance"][-1]),
        "output_std_predicted": math.sqrt(expected.activation_variance[-1]),
        "map_error": float(np.max(errors)),
        "saturated_share": layers["saturated_share"][-1],
        "zero_share": layers["zero_share"][-1],
    }
