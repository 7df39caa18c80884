"""Twins of the study ``tutorial``."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

import numpy as np

from suite import frameworks, seeds
from suite.types import Array, TrainTask, float64
from tests.studies.twins.common import finite, layer_statistics, member, share_right, statistic
from tests.studies.twins.run import Columns, Run

__all__ = ["GRIDS", "PROBES", "columns", "finite"]

GRIDS: tuple[dict[str, Any], ...] = (
    {
        "activation": "sigmoid",
        "initializer": ("normal(1)", "xavier_uniform"),
        "depth": 4,
        "width": 5,
        "optimizer": "rmsprop",
        "case": ("independent", "shared_initializer", "as_tanh"),
    },
    {
        "activation": "relu",
        "initializer": "xavier_uniform",
        "depth": 1,
        "width": 5,
        "optimizer": "adam",
        "case": "independent",
    },
)
PRINTED = {"sigmoid": (0.588, 0.6650, 0.652), "relu": (0.973, 0.2404, math.nan)}
"""The tutorial's accuracy, loss and accuracy of its second run, for the networks of ``GRIDS``."""
STARTS = {"sigmoid": "normal(1)", "relu": "xavier_uniform"}
LAYERS = ("weight_mean", "weight_std", "gradient_mean", "gradient_mean_abs", "gradient_std")


def _fit(task: TrainTask, row: int) -> tuple[Any, float, float]:
    """Return random weights, and a loss and accuracy, as of a network that is trained alone."""
    rng = np.random.default_rng(row)
    weights = tuple(
        (rng.standard_normal(k[row].shape), rng.standard_normal(b[row].shape))
        for k, b in task.weights
    )
    return weights, 0.5 + row / 10, 0.75 - row / 100


PROBES = {"fit": _fit}


def _prints(run: Run, k: int) -> tuple[float, float, float]:
    cell = run.members[k].cell
    name = cell.text("activation")
    if cell["case"] == "as_tanh" or cell["initializer"] != STARTS[name]:
        return math.nan, math.nan, math.nan
    return PRINTED[name]


def _within(value: float, printed: float) -> float:
    return math.nan if math.isnan(printed) else float(round(abs(value - printed), 9) <= 0.01)


def _norm(array: Array) -> float:
    return math.sqrt(sum(float(x) ** 2 for x in np.ravel(array)))


def _start_gap(run: Run, k: int) -> float:
    """Compare the first logits with those of the tanh network of the same draw."""
    if run.members[k].cell["case"] != "as_tanh":
        return math.nan
    shapes = run.task.architecture.shapes
    hidden = float64(run.task.inputs[k])
    for layer, (fan_in, fan_out) in enumerate(shapes, start=1):
        seed = seeds.integer(
            run.root,
            "native",
            seed=run.members[k].seed,
            layer=layer,
            fan_in=fan_in,
            fan_out=fan_out,
            initializer=run.members[k].cell.text("initializer"),
            framework="numpy",
        )
        kernel, bias = frameworks.load("numpy").draw(
            run.members[k].cell.text("initializer"), fan_in, fan_out, seed
        )
        hidden = hidden @ kernel.astype(np.float32) + bias.astype(np.float32)
        hidden = np.tanh(hidden) if layer < len(shapes) else hidden
    return float(np.abs(run.snapshots[0].logits[k] - hidden[:, 0]).max())


def _fits(run: Run) -> dict[str, Array]:
    """Return the table ``fits``, for the networks of the tutorial with the seeds 0 and 1."""
    rows = {
        row: answer for (_, row), answer in zip(run.given("fit"), run.answers("fit"), strict=True)
    }
    wanted = {
        k
        for k, m in enumerate(run.members)
        if m.cell["case"] == "independent" and not math.isnan(_prints(run, k)[0]) and m.seed < 2
    }
    assert set(rows) == wanted
    assert all(task.record == (0, 10) for task, _ in run.given("fit"))
    after = next(s for s in run.snapshots if s.epoch == 10)

    def deviation(k: int) -> float:
        pairs = zip(member(after.weights, k), rows[k][0], strict=True)
        return max(
            float(np.abs(a - b).max() / np.abs(b).max())
            for layers in pairs
            for a, b in zip(*layers, strict=True)
        )

    def column(value: Any) -> Array:
        return run.each(lambda k: value(k) if k in rows else math.nan)

    return {
        "fit_deviation": column(deviation),
        "fit_loss": column(lambda k: rows[k][1]),
        "fit_loss_gap": column(lambda k: float(after.loss[k]) - rows[k][1]),
        "fit_accuracy": column(lambda k: rows[k][2]),
        "fit_accuracy_gap": column(
            lambda k: share_right(after.logits[k], run.task.labels[k]) - rows[k][2]
        ),
    }


@np.errstate(invalid="ignore", divide="ignore")
def columns(run: Run) -> Columns:
    task, start, end = run.task, run.snapshots[0], run.snapshots[-1]
    layers = layer_statistics(run)
    members = range(len(run.members))
    right = [share_right(end.logits[k], task.labels[k]) for k in members]
    loss = [float(end.loss[k]) for k in members]
    prints = [_prints(run, k) for k in members]

    def typical(name: str, k: int, layer: int) -> float:
        return float(np.median(layers[name][k, :, layer]))

    def signed(k: int, layer: int) -> float:
        mean, size = layers["gradient_mean"][k, :, layer], layers["gradient_mean_abs"][k, :, layer]
        return float(median([abs(m) / s for m, s in zip(mean, size, strict=True)]))

    def left(k: int, layer: int) -> float:
        sizes = layers["gradient_mean_abs"][k, :, layer]
        return float(median(sizes[-10:]) / sizes[0])

    def rise(k: int, layer: int) -> float:
        deviations = layers["weight_std"][k, :, layer]
        return float(deviations[-1] - deviations[0])

    depth = len(task.weights)

    def others(k: int) -> float:
        return float(np.max([rise(k, layer) for layer in range(1, depth)]))

    def moved_late(k: int) -> float:
        means = layers["weight_mean"][k]
        before = sum(max(abs(means[e, n] - means[0, n]) for e in range(11)) for n in range(depth))
        epochs = range(10, len(means))
        after = sum(np.max([abs(means[e, n] - means[10, n]) for e in epochs]) for n in range(depth))
        return float(after / before)

    def movement(k: int, layer: int) -> float:
        a, b = (float64(s.weights[layer][0][k]) for s in (start, end))
        return _norm(b - a) / _norm(a)

    def printed(position: int) -> Array:
        return run.each(lambda k: prints[k][position])

    runs = {
        "train_loss": np.array(loss),
        "train_accuracy": np.array(right),
        "initial_loss": run.each(lambda k: float(start.loss[k])),
        "initial_accuracy": run.each(lambda k: share_right(start.logits[k], task.labels[k])),
        "printed_accuracy": printed(0),
        "accuracy_over_print": run.each(lambda k: right[k] - prints[k][0]),
        "within_print": run.each(lambda k: _within(right[k], prints[k][0])),
        "printed_again": printed(2),
        "within_print_again": run.each(lambda k: _within(right[k], prints[k][2])),
        "printed_loss": printed(1),
        "loss_over_print": run.each(lambda k: loss[k] - prints[k][1]),
        "loss_within_print": run.each(lambda k: _within(loss[k], prints[k][1])),
        "initial_spread": run.each(lambda k: statistic("std", start.logits[k])),
        "final_spread": run.each(lambda k: statistic("std", end.logits[k])),
        "movement_first": run.each(lambda k: movement(k, 0)),
        "movement_last": run.each(lambda k: movement(k, depth - 1)),
        "movement_ratio": run.each(lambda k: movement(k, 0) / movement(k, depth - 1)),
        "std_rise_first": run.each(lambda k: rise(k, 0)),
        "std_rise_others": run.each(others),
        "std_rise_lead": run.each(lambda k: rise(k, 0) - others(k)),
        "mean_moved_late": run.each(moved_late),
        "gradient_std_first": run.each(lambda k: typical("gradient_std", k, 0)),
        "gradient_std_last": run.each(lambda k: typical("gradient_std", k, depth - 1)),
        "gradient_std_typical": run.each(
            lambda k: math.prod(typical("gradient_std", k, n) for n in range(depth)) ** (1 / depth)
        ),
        "gradient_decay": run.each(
            lambda k: (
                typical("gradient_mean_abs", k, depth - 1) / typical("gradient_mean_abs", k, 0)
            )
        ),
        "signed_share_first": run.each(lambda k: signed(k, 0)),
        "signed_share_last": run.each(lambda k: signed(k, depth - 1)),
        "gradient_left_first": run.each(lambda k: left(k, 0)),
        "gradient_left_last": run.each(lambda k: left(k, depth - 1)),
        "start_gap": run.each(lambda k: _start_gap(run, k)),
    }
    # A column that no member of the stack has is not stored.
    about_prints = ("print", "start_gap")
    runs = {
        name: column
        for name, column in runs.items()
        if not (any(word in name for word in about_prints) and np.isnan(column).all())
    }
    by_epoch = {
        "loss": run.each(lambda k: [float(s.loss[k]) for s in run.snapshots]),
        "accuracy": run.each(
            lambda k: [share_right(s.logits[k], task.labels[k]) for s in run.snapshots]
        ),
    }
    by_layer = {name: layers[name] for name in LAYERS}
    return {
        "runs": runs,
        "epochs": by_epoch,
        "layers": by_layer,
        "epochs_by_run": by_epoch,
        "layers_by_run": by_layer,
        "fits": _fits(run),
    }
