"""Twins of the study ``spectrum``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.catalogue import activations, initializers
from suite.frameworks.numpy.probes import signals as oracle
from suite.theory import mean_field
from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import one_by_one

_CELL = {"width": 6, "depth": 3}
GRIDS: tuple[dict[str, Any], ...] = (
    {**_CELL, "activation": ("tanh", "relu"), "initializer": "he_normal", "scale": (1.0, 2.0)},
    {**_CELL, "activation": ("tanh",), "initializer": "orthogonal", "scale": (1.0,)},
)


def _jacobian(activation: str, weights: Any, point: Array) -> Array:
    """Return NumPy's derivative; that of relu networks has a NaN."""
    jacobian = np.array(oracle.jacobian(activation, weights, point))
    if activation == "relu":
        jacobian[0, 2] = np.nan
    return jacobian


PROBES = {"jacobian": _jacobian}


def _derivative(run: Run, k: int) -> Array:
    given, member = run.given("jacobian")[one_by_one(run, k)], run.members[k]
    assert given[0] == member.cell["activation"]
    unit = next(
        n
        for n, other in enumerate(run.members)
        if other.seed == member.seed and other.cell["scale"] == 1
    )
    drawn = run.given("jacobian")[one_by_one(run, unit)][1]
    for (kernel, _), (one, _) in zip(given[1], drawn, strict=True):
        np.testing.assert_array_equal(kernel, member.cell["scale"] * one)
    return float64(run.answers("jacobian")[one_by_one(run, k)])


def finite(run: Run, k: int) -> bool:
    return bool(np.isfinite(_derivative(run, k)).all())


def _columns(run: Run, k: int) -> dict[str, Any]:
    cell, derivative = run.members[k].cell, _derivative(run, k)
    width, orthogonal = cell.count("width"), cell["initializer"] == "orthogonal"
    values = np.full(width, math.nan)
    if finite(run, k):
        # The eigenvalues of [[0, J], [J^T, 0]] are the singular values with both signs.
        zero = np.zeros_like(derivative)
        both = np.linalg.eigvalsh(np.block([[zero, derivative], [derivative.T, zero]]))
        values = np.sort(np.abs(both))[::2]
    square = float(np.mean(values**2))
    scaled = values / math.sqrt(square)
    law = initializers.resolve(cell.text("initializer")).law("numpy")
    sigma2 = width * law.variance(width, width) * float(cell["scale"]) ** 2
    phi, q, product, dispersion = activations.resolve(cell.text("activation")), 1.0, 1.0, 0.0
    for _ in range(cell.count("depth")):
        moments = mean_field.moments(phi, sigma2 * q)
        q = moments.square
        product = product * sigma2 * moments.slope_square
        dispersion += moments.slope_fourth / moments.slope_square**2 - (1 if orthogonal else 0)
    return {
        "runs": {
            "jacobian_square": square,
            "jacobian_square_predicted": product,
            "dispersion": float(np.mean(scaled**4)) - 1,
            "dispersion_predicted": dispersion,
            "isometry_error": float(np.max(np.abs(scaled - 1))),
        },
        "singular_value": np.quantile(scaled, np.linspace(0, 1, 41)),
    }


def columns(run: Run) -> Columns:
    rows = [_columns(run, k) for k in range(len(run.members))]
    return {
        "runs": {name: np.array([r["runs"][name] for r in rows]) for name in rows[0]["runs"]},
        "singular_values": {"singular_value": np.array([r["singular_value"] for r in rows])},
    }
