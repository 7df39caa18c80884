"""Twins of the study ``symmetry``."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from suite import seeds
from suite.catalogue import activations
from suite.studies.symmetry import RECORD
from suite.types import Array, Snapshot, TrainTask, Weights, float64
from tests.studies.twins.common import deviation, finite, member, share_right
from tests.studies.twins.run import Columns, Run, scripted

__all__ = ["GRIDS", "columns", "finite"]

_CELL = {"activation": "tanh", "depth": 2, "optimizer": "sgd", "dropout": 0.5}
GRIDS = (
    {**_CELL, "width": 4, "precision": "double", "case": ("permuted", "random", "biases")},
    {**_CELL, "width": 3, "case": ("constant", "line_random"), "scale": (0.0, 1e-4)},
)
_Layers = list[tuple[Array, Array]]


SCALES = (0.0, 0.3, 0.02, 0.004, 0.1)
"""How far the last weights of the members leave their start, in turn; the first do not."""


@np.errstate(invalid="ignore")  # 0 times the infinite weight of the member that diverges
def SCRIPT(task: TrainTask) -> list[Snapshot]:
    """Return scripted snapshots whose weights leave the start slowly: units part over the epochs,
    by less than 0.01 at first, and never where the scale is 0."""
    snapshots, end = scripted(task), len(task.record) - 1

    def moved(position: int) -> Weights:
        share = (position / end) ** 4

        def array(start: Array, random: Array) -> Array:
            scales = np.array([SCALES[k % len(SCALES)] for k in range(len(start))])
            step = share * scales.reshape(-1, *[1] * (start.ndim - 1)) * random
            result: Array = (start + step).astype(start.dtype)
            return result

        pairs = zip(task.weights, snapshots[position].weights, strict=True)
        weights = [(array(a, c), array(b, d)) for (a, b), (c, d) in pairs]
        weights[-1] = weights[-1][0], weights[-1][1] + 7  # which is no weight of a hidden unit
        return tuple(weights)

    return [replace(s, weights=moved(i) if i else task.weights) for i, s in enumerate(snapshots)]


def _units(layers: _Layers, layer: int) -> Array:
    """Return all weights of each unit of a hidden layer: one column for each unit."""
    (kernel, bias), (outgoing, _) = layers[layer], layers[layer + 1]
    return np.array(
        [[*kernel[:, unit], bias[unit], *outgoing[unit, :]] for unit in range(len(bias))]
    ).T


def _spread(snapshot: Snapshot, k: int) -> float:
    layers, spreads = member(snapshot.weights, k), []
    for layer in range(len(layers) - 1):
        units = _units(layers, layer)
        apart = np.array([max(weight) - min(weight) for weight in units.tolist()])
        spreads.append(float64(apart.max()) / np.abs(units).max())
    return float(np.max(spreads))


def _largest(layers: _Layers) -> float:
    arrays = [kernel for kernel, _ in layers] + [bias for _, bias in layers[:-1]]
    return float(np.max([abs(x) for array in arrays for x in np.ravel(array)]))


def _averaged_logits(run: Run, k: int) -> Array:
    """Return the logits of the network whose hidden units are all the average of their layer."""
    hidden = float64(run.task.inputs[k])
    layers, value = member(run.snapshots[-1].weights, k), activations.resolve("tanh").value
    for layer, (kernel, bias) in enumerate(layers):
        kernel, last = kernel.copy(), layer == len(layers) - 1
        if layer > 0:
            kernel[:] = kernel.mean(axis=0)
        if not last:
            kernel[:] = kernel.mean(axis=1, keepdims=True)
            bias = np.full_like(bias, bias.mean())
        hidden = hidden @ kernel + bias
        hidden = hidden if last else value(hidden)
    return np.asarray(hidden[:, 0])


def _permuted_gap(run: Run, k: int) -> float:
    """Compare the network with the random one of its seed, its units in the order of the seed."""
    cell, seed = run.members[k].cell, run.members[k].seed
    partners = [
        row for row, m in enumerate(run.members) if (m.cell["case"], m.seed) == ("random", seed)
    ]
    if cell["case"] != "permuted" or not partners:
        return math.nan
    width = cell.count("width")
    measured, random = (member(run.snapshots[-1].weights, row) for row in (k, partners[0]))
    places = [
        seeds.generator(
            run.root, "ties", seed=seed, width=width, case="permuted", layer=layer
        ).permutation(width)
        for layer in range(1, cell.count("depth") + 1)
    ]
    for layer, place in enumerate(places):
        (kernel, bias), (outgoing, after) = random[layer], random[layer + 1]
        random[layer] = (
            np.array([kernel[:, unit] for unit in place]).T,
            np.array([bias[unit] for unit in place]),
        )
        random[layer + 1] = np.array([outgoing[unit, :] for unit in place]), after
    pairs = zip(measured, random, strict=True)
    return max(deviation(a, b) for layers in pairs for a, b in zip(*layers, strict=True))


def merged_start(run: Run) -> None:
    """Assert that the network of one unit starts from averages, times the square root of how many
    units they stand for, on either side of a kernel."""
    width, last = run.members[0].cell.count("width"), len(run.task.weights) - 1
    for layer, pair in enumerate(run.given("train")[1][0].weights):
        kernel, bias = (float64(array) for array in run.task.weights[layer])
        for axis, hidden in ((1, layer > 0), (2, layer < last)):
            if hidden:
                kernel = kernel.mean(axis=axis, keepdims=True) * math.sqrt(width)
        if layer < last:
            bias = bias.mean(axis=1, keepdims=True) * math.sqrt(width)
        np.testing.assert_allclose(pair[0], kernel, rtol=1e-12)
        np.testing.assert_allclose(pair[1], bias, rtol=1e-12)


def _rank(run: Run, k: int) -> int:
    units = _units(member(run.snapshots[-1].weights, k), 0)
    units[~np.isfinite(units)] = 0.0
    values = np.linalg.svd(units, compute_uv=False)
    return sum(value > values[0] / 100 for value in values.tolist())


def _input_spread(run: Run, k: int) -> float:
    layers = member(run.snapshots[-1].weights, k)
    apart = [max(unit) - min(unit) for unit in layers[0][0].T.tolist()]
    return float(max(apart) / np.abs(_units(layers, 0)).max())


@np.errstate(invalid="ignore")
def columns(run: Run) -> Columns:
    task, first, last = run.task, run.snapshots[0], run.snapshots[-1]
    spreads = run.each(lambda k: [_spread(snapshot, k) for snapshot in run.snapshots])
    rounding = 2.0**-52 if run.members[0].cell["precision"] == "double" else 2.0**-23

    def broken(k: int) -> float:
        epochs = zip(RECORD, spreads[k], strict=True)
        return min((float(epoch) for epoch, spread in epochs if spread > 0.01), default=math.inf)

    runs = {
        "unit_spread": spreads[:, -1],
        "unit_spread_roundings": spreads[:, 1] / rounding,
        "units_equal": run.each(lambda k: spreads[k, -1] == 0),
        "broken_epoch": run.each(broken),
        "input_spread": run.each(lambda k: _input_spread(run, k)),
        "unit_rank": run.each(lambda k: _rank(run, k)),
        "hidden_gradient": run.each(lambda k: _largest(member(first.gradients, k))),
        "output_bias_gradient": run.each(lambda k: abs(float(first.gradients[-1][1][k, 0]))),
        "largest_weight": run.each(lambda k: _largest(member(last.weights, k))),
        "merged_gap": run.each(lambda k: deviation(_averaged_logits(run, k), last.logits[k])),
        "permuted_gap": run.each(lambda k: _permuted_gap(run, k)),
        "train_loss": run.each(lambda k: float(last.loss[k])),
        "heldout_accuracy": run.each(
            lambda k: share_right(last.heldout_logits[k], task.heldout_labels[k])
        ),
    }
    if len(run.answers("train")) > 1:  # the network of one unit was trained too
        merged_start(run)
        alone = run.answers("train")[1]
        pairs = list(zip(alone, run.snapshots, strict=True))
        runs["one_unit_gap"] = run.each(
            lambda k: np.max([deviation(one.logits[k], all_.logits[k]) for one, all_ in pairs])
        )
    loss = run.each(lambda k: [float(snapshot.loss[k]) for snapshot in run.snapshots])
    return {"runs": runs, "epochs": {"unit_spread": spreads, "train_loss": loss}}
