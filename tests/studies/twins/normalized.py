"""Twins of the study ``normalized``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue import activations, initializers
from suite.frameworks.numpy.probes import normalized as oracle
from suite.theory import normalized as theory
from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import one_by_one

_CELL = {"initializer": "he_normal", "depth": 4, "width": 6, "samples": 8}
GRIDS: tuple[dict[str, Any], ...] = (
    {
        **_CELL,
        "case": "chain",
        "activation": ("relu", "tanh"),
        "normalization": ("none", "batch"),
        "residual": (0.0, 0.5),
        "scale": (1.0, 1.5),
    },
    {**_CELL, "case": "blocks", "activation": "relu", "normalization": "batch", "residual": 1.0},
    {**_CELL, "case": "chain_on_line", "activation": "relu", "normalization": "batch"},
)


def _propagate(*given: Any) -> tuple[Array, Array]:
    """Return NumPy's signals and gradients; a tanh chain at scale 1.5 or so has a NaN and an
    infinite gradient."""
    signals, gradients = oracle.propagate(*given)
    signals, gradients = signals.copy(), gradients.copy()
    activation, _, normalization, residual, *_ = given
    if (activation, normalization, residual) == ("tanh", "none", 0.5):
        signals[-2, 3, 1] = np.nan
    if (activation, normalization, residual) == ("tanh", "batch", 0.5):
        gradients[2, 0, 0] = np.inf
    return signals, gradients


PROBES = {"propagate": _propagate}


def _answer(run: Run, k: int) -> tuple[tuple[Array, Array], tuple[Any, ...]]:
    place = one_by_one(run, k)
    given, cell = run.given("propagate")[place], run.members[k].cell
    arrangement = cell.text("case").removesuffix("_on_line")
    assert given[:4] == (cell["activation"], arrangement, cell["normalization"], cell["residual"])
    return run.answers("propagate")[place], given


def finite(run: Run, k: int) -> bool:
    (signals, gradients), _ = _answer(run, k)
    return bool(np.isfinite(signals).all() and np.isfinite(gradients).all())


@np.errstate(all="ignore")
def _columns(run: Run, k: int) -> dict[str, Any]:
    cell, ((signals, gradients), given) = run.members[k].cell, _answer(run, k)
    inputs, depth, width = float64(given[5]), cell.count("depth"), cell.count("width")

    def squares(layers: Array) -> list[float]:
        return [float(np.mean(float64(layer) ** 2)) for layer in layers]

    def factor(first: float, last: float) -> float:
        return math.exp((np.log(last) - np.log(first)) / (depth - 1))

    signal, gradient = squares(signals), squares(gradients[1:])
    signal_theory = gradient_theory = [math.nan] * depth
    on_line = cell.text("case").endswith("on_line")
    if not on_line:
        variance = initializers.resolve("he_normal").law("numpy").variance(width, width)
        expected = theory.propagate(
            activations.resolve(cell.text("activation")),
            cell.text("case"),
            cell.text("normalization"),
            float(cell["residual"]),
            width * variance * float(cell["scale"]) ** 2,
            depth,
            cell.count("samples"),
        )
        signal_theory = [float(x) for x in expected.signal]
        gradient_theory = [float(x) for x in expected.gradient[1:]]
    runs = {
        "signal_factor": factor(signal[0], signal[-1]),
        "signal_factor_predicted": factor(signal_theory[0], signal_theory[-1]),
        "signal_total": signal[-1] / np.mean(inputs**2),
        "signal_total_predicted": signal_theory[-1],
        "gradient_factor": factor(gradient[-1], gradient[0]),
        "gradient_factor_predicted": factor(gradient_theory[-1], gradient_theory[0]),
    }
    if on_line:
        rng = seeds.generator(run.root, "inputs", seed=run.members[k].seed, width=width)
        direction = float64(rng.standard_normal((2, width))[0].astype(np.float32))
        np.testing.assert_allclose(inputs[-1] - inputs[0], 4 * direction, rtol=1e-4, atol=1e-5)
        along = [float(float64(row) @ direction) for row in gradients[0]]
        centred = [value - sum(along) / len(along) for value in along]
        neighbours = sum(a * b for a, b in zip(centred[1:], centred[:-1], strict=True))
        runs["gradient_autocorrelation"] = neighbours / sum(a * a for a in centred)
    return {
        **runs,
        "layers": {
            "signal_square": signal,
            "signal_square_predicted": signal_theory,
            "output_gradient_square": gradient,
            "output_gradient_square_predicted": gradient_theory,
        },
    }


def columns(run: Run) -> Columns:
    rows = [_columns(run, k) for k in range(len(run.members))]
    layers = [row.pop("layers") for row in rows]
    return {
        "runs": {name: np.array([row[name] for row in rows]) for name in rows[0]},
        "layers": {name: np.array([part[name] for part in layers]) for name in layers[0]},
    }
