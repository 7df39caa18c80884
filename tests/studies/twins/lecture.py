"""Twins of the study ``lecture``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.types import Array, float64
from tests.studies.twins.common import chosen
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import (
    batched,
    finite_signal,
    histogram,
    layer_columns,
    poisoned,
    predicted,
    run_columns,
)

_CELL = {"activation": ("tanh", "linear"), "width": 8}
GRIDS: tuple[dict[str, Any], ...] = ({**_CELL, "initializer": "xavier_normal", "depth": 3},)
PROBES = {"propagate": poisoned}


def finite(run: Run, k: int) -> bool:
    return finite_signal(batched(run, k)[0])


def _rms(values: Array) -> float:
    return math.sqrt(np.mean(values**2))


@np.errstate(all="ignore")
def _kernel_gradients(run: Run, k: int) -> list[float]:
    """Return the root mean square of the gradient by each kernel: summed over the
    samples, the products of what enters a layer and what leaves it."""
    signal, (_, _, inputs, _) = batched(run, k)
    entering = [float64(inputs), *map(float64, signal.activation[:-1])]
    return [
        _rms(before.T @ float64(gradient))
        for before, gradient in zip(entering, signal.gradient, strict=True)
    ]


def _edges(width: float) -> Array:
    """Return the edges of 81 bins of a width, one centred on 0."""
    return width * (np.arange(-40, 42) - 0.5)


@np.errstate(all="ignore")
def columns(run: Run) -> Columns:
    members = range(len(run.members))
    common, by_layer = (
        [run_columns(run, k) for k in members],
        [layer_columns(run, k) for k in members],
    )
    gradients = run.each(lambda k: _kernel_gradients(run, k))
    samples = len(run.given("propagate")[0][2])
    runs = {name: np.array([row[name] for row in common]) for name in common[0]}
    layers = {name: np.array([row[name] for row in by_layer]) for name in by_layer[0]}
    layers["activation_std"] = np.sqrt(layers["activation_variance"])
    layers["activation_std_predicted"] = np.sqrt(layers["activation_variance_predicted"])
    layers["kernel_gradient"] = gradients
    theories = [predicted(member.cell) for member in run.members]
    layers["kernel_gradient_predicted"] = np.array(
        [
            [
                math.sqrt(samples * before * gradient)
                for before, gradient in zip(
                    [1.0, *theory.activation_square[:-1]], theory.gradient_square, strict=True
                )
            ]
            for theory in theories
        ]
    )
    ratio = layers["activation_std"] / layers["activation_std_predicted"]
    runs["std_error"] = np.abs(np.log(ratio)).max(axis=1)
    runs["kernel_gradient_ratio"] = gradients[:, 0] / gradients[:, -1]

    def shares(name: str, width: float) -> Array:
        return run.each(
            lambda k: [histogram(x, _edges(width)) for x in getattr(batched(run, k)[0], name)]
        )

    return {
        "runs": chosen(runs, *(metric for metric in run.study.tables[0].metrics)),
        "layers": chosen(layers, *(metric for metric in run.study.tables[1].metrics)),
        "histograms": {
            "activation_share": shares("activation", 0.05),
            "gradient_share": shares("gradient", 0.1),
        },
    }
