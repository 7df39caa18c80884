"""Twins of the study ``parity``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from suite import frameworks
from suite.types import Array, Snapshot, TrainTask
from tests.studies.twins.common import deviation
from tests.studies.twins.run import Columns, Run

GRIDS = (
    {
        "activation": "tanh",
        "initializer": ("xavier_uniform", "he_normal"),
        "depth": 2,
        "width": 3,
        "optimizer": "sgd",
        "weights": "shared",
    },
)
OFF = 1e-4


def SCRIPT(task: TrainTask) -> list[Snapshot]:
    """Return the oracle's snapshots with mistakes: member 0 is off in the gradient of layer 2 and
    from step 3 on in the bias of layer 1, member 1 a little in logits and loss, member 2 nowhere,
    and the last member becomes NaN."""
    snapshots = list(frameworks.load("numpy").train(task))
    last = len(task.labels) - 1
    result = []
    for position, snapshot in enumerate(snapshots):
        weights, gradients = (
            [[kernel.copy(), bias.copy()] for kernel, bias in layers]
            for layers in (snapshot.weights, snapshot.gradients)
        )
        logits, loss = snapshot.logits.copy(), snapshot.loss.copy()
        gradients[1][0][0] *= 1 + 3e-3
        if position >= 3:
            weights[0][1][0, 1] += 0.25
        logits[1], loss[1] = logits[1] * (1 + 2e-6), loss[1] * (1 + 5e-7)
        if position == 4:
            weights[1][0][last, 0, 0] = np.nan
        layers: Any = [tuple(layer) for layer in weights]
        slopes: Any = [tuple(layer) for layer in gradients]
        result.append(
            replace(
                snapshot, weights=tuple(layers), gradients=tuple(slopes), logits=logits, loss=loss
            )
        )
    return result


def _layers(measured: Any, exact: Any, k: int) -> list[float]:
    """Return the larger deviation of kernel and bias of each layer of a member."""
    return [
        float(np.maximum(deviation(a[k], c[k]), deviation(b[k], d[k])))
        for (a, b), (c, d) in zip(measured, exact, strict=True)
    ]


def _steps(run: Run, k: int) -> list[float]:
    pairs = list(zip(run.snapshots, _oracle(run), strict=True))[1:]
    return [float(np.max(_layers(ours.weights, exact.weights, k))) for ours, exact in pairs]


def _oracle(run: Run) -> list[Snapshot]:
    (call,) = [call for call in run.oracle.calls if call.name == "train"]
    snapshots: list[Snapshot] = call.answer
    return snapshots


def _first_off(errors: list[float]) -> float:
    return next((float(n) for n, e in enumerate(errors, 1) if e > OFF or math.isnan(e)), 0.0)


def finite(run: Run, k: int) -> bool:
    return bool(np.isfinite(_steps(run, k)).all())


def columns(run: Run) -> Columns:
    ours, exact = run.snapshots[0], _oracle(run)[0]
    gradients = [_layers(ours.gradients, exact.gradients, k) for k in range(len(run.members))]

    def column(value: Any) -> Array:
        return run.each(value)

    return {
        "runs": {
            "forward_error": column(lambda k: deviation(ours.logits[k], exact.logits[k])),
            "loss_error": column(lambda k: deviation(ours.loss[k], exact.loss[k])),
            "gradient_error": column(lambda k: max(gradients[k])),
            "step_error": column(lambda k: np.max(_steps(run, k))),
            "first_layer_off": column(lambda k: _first_off(gradients[k])),
            "first_step_off": column(lambda k: _first_off(_steps(run, k))),
        }
    }
