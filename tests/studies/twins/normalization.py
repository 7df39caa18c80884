"""Twins of the study ``normalization``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite import seeds
from suite.frameworks.numpy.probes import normalization as oracle
from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = tuple(
    {"layer_kind": kind, "settings": settings, "scale": (0.1, 1.0)}
    for kind in ("batch_dense", "batch_convolution", "layer_dense", "instance_convolution")
    for settings in ("common", "default")
)
AXES = {
    "batch_dense": (0,),
    "batch_convolution": (0, 1, 2),
    "layer_dense": (1,),
    "instance_convolution": (1, 2),
}
"""Kind -> the axes over which a mean is taken."""
OTHER = {
    "batch_dense": "layer_dense",
    "layer_dense": "batch_dense",
    "batch_convolution": "instance_convolution",
    "instance_convolution": "batch_convolution",
}
EPSILON, MOMENTUM = 0.002, 0.7
"""What the layer of this file has by default."""


def _defaults(kind: str) -> dict[str, float]:
    return {"epsilon": EPSILON, "parameters": 2.0, "momentum": MOMENTUM}


def _off(array: Array, size: float) -> Array:
    return array * (1 + size * np.cos(np.arange(array.size)).reshape(array.shape))


def _layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float | None, cotangent: Array
) -> tuple[Array, ...]:
    """Return what the definition gives, each part off by another amount."""
    parts = oracle.layer(kind, values, gamma, beta, epsilon or EPSILON, cotangent)
    return tuple(_off(part, 1e-3 * (n + 1)) for n, part in enumerate(parts))


def _running(
    kind: str, batches: Array, kept: float | None, epsilon: float | None
) -> tuple[Array, ...]:
    trained = _off(batches[-1], 0.3)
    inferred = _off(batches[-1], 0.2)
    if not kind.startswith("batch"):
        return np.array([]), np.array([]), trained, inferred
    mean, variance = oracle.averages(kind, batches, kept or MOMENTUM, True)
    return _off(mean, 0.01), _off(variance, 0.02), trained, inferred


def _rescaled(
    kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array]:
    assert epsilon == 1e-30
    return cotangent + 1e-3 * kernel.mean(), _off(kernel, 0.1) ** -1.0


PROBES = {"defaults": _defaults, "layer": _layer, "running": _running, "rescaled": _rescaled}


def _gap(a: Array, b: Array | float) -> float:
    return float(np.max(np.abs(float64(a) - b)))


def _columns(run: Run, k: int) -> dict[str, float]:
    cell = run.members[k].cell
    kind, default = cell.text("layer_kind"), cell["settings"] == "default"
    dense, moving, axes = kind.endswith("dense"), kind.startswith("batch"), AXES[kind]
    shape = (64, 10) if dense else (8, 6, 5, 4)
    rng = seeds.generator(run.root, "normalization", seed=run.members[k].seed, layer_kind=kind)
    batches = float(cell["scale"]) * rng.standard_normal((3, *shape))
    gamma, beta = rng.standard_normal((2, shape[-1]))
    cotangent = rng.standard_normal(shape)
    first = batches[0]
    calls = 2  # of ``layer`` and ``rescaled``, for each member
    (given, plain), (measured, standard) = (
        part[calls * k : calls * k + calls] for part in (run.given("layer"), run.answers("layer"))
    )
    for array, drawn in zip(
        (given[1], given[2], given[3], given[5]), (first, gamma, beta, cotangent), strict=True
    ):
        np.testing.assert_array_equal(array, drawn)
    chosen = given[4]
    epsilon = EPSILON if chosen is None else chosen
    assert (chosen is None) == default
    np.testing.assert_array_equal(plain[2], 1.0)
    exact = oracle.layer(kind, first, gamma, beta, epsilon, cotangent)
    other = oracle.layer(OTHER[kind], first, gamma, beta, epsilon, cotangent)
    outputs = standard[0]
    variance = np.mean((first - first.mean(axis=axes, keepdims=True)) ** 2, axis=axes)
    predicted = np.sqrt(variance / (variance + epsilon))
    deviation = np.sqrt(np.mean((outputs - outputs.mean(axis=axes, keepdims=True)) ** 2, axis=axes))
    row = {
        "layer_epsilon": epsilon,
        "trainable_per_feature": 2.0,
        "normalised_value_error": _gap(measured[0], exact[0]),
        "normalised_gradient_error": max(
            _gap(measured[n], exact[n]) / max(1.0, float(np.max(np.abs(exact[n]))))
            for n in (1, 2, 3)
        ),
        "other_axes_gap": _gap(measured[0], other[0]),
        "normalised_mean": float(np.max(np.abs(outputs.mean(axis=axes)))),
        "normalised_std": float(np.median(deviation)),
        "normalised_std_predicted": float(np.median(predicted)),
        "normalised_std_error": float(np.max(np.abs(deviation / predicted - 1))),
    }
    runs_each = 2 if moving else 1
    answers = run.answers("running")[runs_each * k : runs_each * (k + 1)]
    asked = run.given("running")[runs_each * k : runs_each * (k + 1)]
    np.testing.assert_array_equal(asked[0][1], batches)
    mean, moved, trained, inferred = answers[0]
    row["mode_gap"] = _gap(trained, inferred)
    if moving:
        np.testing.assert_array_equal(asked[1][1], batches[:1])
        # After one batch: mean = (1 - kept) times the mean of the batch.
        kept = float(np.median(1 - answers[1][0] / first.mean(axis=axes)))
        row["kept_share"] = kept
        for name, lost in (("running_biased_error", 0), ("running_unbiased_error", 1)):
            count, average = first.size // first.shape[-1], np.ones(shape[-1])
            for batch in batches:
                own = np.sum((batch - batch.mean(axis=axes)) ** 2, axis=axes) / (count - lost)
                average = kept * average + (1 - kept) * own
            row[name] = _gap(moved / average, 1.0)
        row["inference_error"] = _gap(inferred, (batches[2] - mean) / np.sqrt(moved + epsilon))
        if default:
            row["momentum_argument"] = MOMENTUM
            row["momentum_gap"] = kept - MOMENTUM
    (_, _, kernel, _, _), (_, _, scaled, _, _) = run.given("rescaled")[
        calls * k : calls * k + calls
    ]
    np.testing.assert_allclose(scaled, 7 * kernel)
    (out, gradient), (scaled_out, scaled_gradient) = run.answers("rescaled")[
        calls * k : calls * k + calls
    ]
    row["rescaled_output_gap"] = _gap(scaled_out, out) / float(np.max(np.abs(out)))
    row["rescaled_gradient_factor"] = math.sqrt(np.sum(scaled_gradient**2) / np.sum(gradient**2))
    return row


def columns(run: Run) -> Columns:
    rows = [_columns(run, k) for k in range(len(run.members))]
    return {"runs": {name: np.array([row[name] for row in rows]) for name in rows[0]}}
