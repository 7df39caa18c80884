"""Twins of the study ``descent``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite import seeds
from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = (
    {"case": "noise", "optimizer": "sgd(0.1)", "clipping": "norm(1)"},
    {"case": "noise", "optimizer": "sgd(0.1)", "clipping": "none"},
    {"case": "quadratic", "optimizer": "sgd(0.1)"},
)
STEPS, PATH = 100, (0, 10, 20, 50, *range(100, 401, 50), 500, *range(1000, 8001, 1000))


def _noise(
    optimizer: str, threshold: float | None, weights: Any, inputs: Array, targets: Array
) -> Any:
    """Return random losses, norms around the threshold, and other weights; the last member's
    losses end with an infinite one."""
    rng = np.random.default_rng(3)
    losses = np.abs(rng.standard_normal((len(inputs), STEPS)))
    losses[-1, -1] = np.inf
    norms = 1 + 0.5 * rng.standard_normal((len(inputs), STEPS))
    norms[0, :5] = 1.0  # a norm at the threshold is not clipped
    trained = tuple((2 * kernel, bias + 0.5) for kernel, bias in weights)
    return losses, norms, trained


def _quadratic(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    """Return distances that fall by another factor for each member; one of them becomes NaN."""
    factors = 1 - 1 / (50 * np.arange(1, len(start) + 1))
    first = np.linalg.norm(float64(start), axis=1)
    distances: Array = first * factors ** np.arange(steps + 1)[:, None]
    distances[500:, -1] = np.nan
    return distances


def _exact(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    distances: Array = 3.0 * 0.99 ** np.arange(steps + 1)[:, None] * np.ones(len(start))
    return distances


PROBES = {"noise": _noise, "quadratic": _quadratic}
ORACLE_PROBES = {"quadratic": _exact}


def finite(run: Run, k: int) -> bool:
    if run.members[0].cell["case"] == "noise":
        return bool(np.isfinite(run.answers("noise")[0][0][k]).all())
    return bool(np.isfinite(run.answers("quadratic")[0][list(PATH), k]).all())


def _risk(weights: Any, k: int, fresh: Array) -> float:
    """Return 1 plus the mean square of the network's outputs on fresh inputs."""
    (kernel, bias), (output, constant) = ((float64(a[k]), float64(b[k])) for a, b in weights)
    total = 0.0
    for x in float64(fresh):
        hidden = np.maximum(x @ kernel + bias, 0)
        total += float((hidden @ output + constant)[0]) ** 2
    return 1 + total / len(fresh)


def columns(run: Run) -> Columns:
    if run.members[0].cell["case"] == "quadratic":
        measured, exact = run.answers("quadratic")[0], run.oracle.calls[-1].answer

        def reached(distances: Array, k: int) -> float:
            start = distances[0, k]
            near = (n for n, d in enumerate(distances[:, k]) if d / start <= 1e-6)
            return float(next(near, math.inf))

        def path(distances: Array) -> Array:
            return run.each(lambda k: [distances[n, k] / distances[0, k] for n in PATH])

        return {
            "runs": {
                "steps_to_millionth": run.each(lambda k: reached(measured, k)),
                "steps_to_millionth_predicted": run.each(lambda k: reached(exact, k)),
            },
            "steps": {
                "relative_distance": path(measured),
                "relative_distance_predicted": path(exact),
            },
        }
    losses, norms, trained = run.answers("noise")[0]
    _, threshold, weights, inputs, targets = run.given("noise")[0]
    fresh = []
    for k, member in enumerate(run.members):
        rng = seeds.generator(run.root, "noise_batches", seed=member.seed)
        np.testing.assert_array_equal(
            inputs[k], rng.standard_normal((STEPS, 32, 10)).astype(np.float32)
        )
        np.testing.assert_array_equal(
            targets[k], rng.standard_normal((STEPS, 32)).astype(np.float32)
        )
        fresh.append(rng.standard_normal((4096, 10)).astype(np.float32))
    clipped = run.members[0].cell["clipping"] != "none"
    assert threshold == (1.0 if clipped else None)
    return {
        "runs": {
            "first_loss": run.each(lambda k: sum(losses[k, :10]) / 10),
            "last_loss": run.each(lambda k: sum(losses[k, 90:]) / 10),
            "initial_risk": run.each(lambda k: _risk(weights, k, fresh[k])),
            "final_risk": run.each(lambda k: _risk(trained, k, fresh[k])),
            "clipped_share": run.each(lambda k: sum(norms[k] > 1) / STEPS if clipped else 0.0),
        },
        "steps": {"batch_loss": losses},
    }
