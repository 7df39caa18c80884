"""Twins of the study ``products``, whose factors are drawn again."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from suite import seeds
from suite.theory import products as theory
from suite.types import Array
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = (
    {"depth": 12, "width": 3, "scale": (0.5, 1.0)},
    {"depth": 30, "width": 2, "scale": (1e4, 1e-5)},
    {"depth": 12, "width": 1, "scale": (1.0,)},
)


def _factors(run: Run, k: int) -> Array:
    cell, seed = run.members[k].cell, run.members[k].seed
    depth, width, scale = cell.count("depth"), cell.count("width"), float(cell["scale"])
    rng = seeds.generator(run.root, "factors", seed=seed, width=width, scale=repr(scale))
    return scale * rng.standard_normal((depth, width, width))


def _multiplied(factors: Array) -> tuple[list[float], list[Array]]:
    """Return ln of what was divided off each product so far, and the products that are left."""
    product, log, logs, products = np.eye(factors.shape[1]), 0.0, [], []
    for factor in factors:
        product = factor @ product
        largest = np.abs(product).max()
        product, log = product / largest, log + math.log(largest)
        logs.append(log)
        products.append(product)
    return logs, products


def _exponents(factors: Array) -> Array:
    """Return the mean ln of the growth of each orthonormalised direction, by Gram and Schmidt."""
    width = factors.shape[1]
    basis, total = [np.eye(width)[n] for n in range(width)], np.zeros(width)
    for factor in factors:
        carried: list[Array] = []
        for n, vector in enumerate(basis):
            rest = factor @ vector
            for _ in range(2):  # twice, for rounding
                for other in carried:
                    rest = rest - (rest @ other) * other
            total[n] += math.log(np.linalg.norm(rest))
            carried.append(rest / np.linalg.norm(rest))
        basis = carried
    return total / len(factors)


def _largest_log(factors: Array) -> float:
    """Return ln of the largest singular value of a product."""
    logs, products = _multiplied(factors)
    return logs[-1] + math.log(np.linalg.norm(products[-1], 2))


def _singular_gap(factors: Array) -> float:
    """Return ln of the second singular value of the product less that of the first.

    The largest singular value of the matrix of all minors of two rows and columns is the product
    of the two, and the minors of a product are the product of the minors.
    """
    width = factors.shape[1]
    pairs = list(itertools.combinations(range(width), 2))
    minors = np.array(
        [
            [[np.linalg.det(f[np.ix_(rows, cols)]) for cols in pairs] for rows in pairs]
            for f in factors
        ]
    )
    return _largest_log(minors) - 2 * _largest_log(factors)


def _first_column_logs(factors: Array) -> list[float]:
    logs, products = _multiplied(factors)
    return [log + math.log(np.linalg.norm(p[:, 0])) for log, p in zip(logs, products, strict=True)]


def _single(factors: Array) -> tuple[float, float]:
    """Return after how many factors the product in single precision overflows and vanishes."""
    product = np.eye(factors.shape[1], dtype=np.float32)
    overflow = vanished = math.inf
    with np.errstate(all="ignore"):
        for n, factor in enumerate(factors, start=1):
            product = factor.astype(np.float32) @ product
            overflow = min(overflow, math.inf if np.isfinite(product).all() else n)
            vanished = min(vanished, math.inf if product.any() else n)
    return overflow, vanished


def columns(run: Run) -> Columns:
    members = range(len(run.members))
    factors = [_factors(run, k) for k in members]
    depth, width = factors[0].shape[:2]
    scales = [float(member.cell["scale"]) for member in run.members]
    measured = np.array([_exponents(f) for f in factors])
    exact = np.array([theory.exponents(width, scale) for scale in scales])
    log_norm = np.array([_first_column_logs(f) for f in factors])
    count = np.arange(1, depth + 1)
    log_norm_exact = np.array([count * row[0] for row in exact])
    sd = np.sqrt(count * theory.variances(width)[0])
    single = [_single(f) for f in factors]
    limits = np.finfo(np.float32)

    def until(size: float) -> Array:
        return np.array([theory.factors_until(math.log(size), float(row[0])) for row in exact])

    runs = {
        "top_exponent": measured[:, 0],
        "top_exponent_predicted": exact[:, 0],
        "last_exponent": measured[:, width - 1],
        "last_exponent_predicted": exact[:, width - 1],
        "mean_exponent": measured.sum(axis=1) / width,
        "mean_exponent_predicted": exact.sum(axis=1) / width,
        "critical_scale": np.array(
            [scale / math.exp(row[0]) for scale, row in zip(scales, measured, strict=True)]
        ),
        "critical_scale_predicted": run.each(lambda k: theory.critical_scale(width)),
        "log_norm_score": (log_norm[:, -1] - log_norm_exact[:, -1]) / sd[-1],
        "largest_entry": run.each(lambda k: _multiplied(factors[k])[0][-1] / math.log(10)),
        "overflow_factor": np.array([over for over, _ in single]),
        "overflow_factor_predicted": until(float(limits.max)),
        "underflow_factor": np.array([under for _, under in single]),
        "underflow_factor_predicted": until(float(limits.smallest_subnormal)),
    }
    for name in ("top", "last", "mean"):
        measured_name, exact_name = f"{name}_exponent", f"{name}_exponent_predicted"
        runs[f"{name}_exponent_error"] = runs[measured_name] - runs[exact_name]
    if width > 1:
        slopes = [np.polyfit(x, y, 1)[0] for x, y in zip(exact, measured, strict=True)]
        runs["spectrum_slope"] = np.array(slopes)
        runs["singular_gap"] = np.array([_singular_gap(f) for f in factors])
        runs["singular_gap_predicted"] = depth * (exact[:, 1] - exact[:, 0])
    return {
        "runs": runs,
        "spectrum": {"exponent": measured, "exponent_predicted": exact},
        "growth": {
            "log_norm": log_norm,
            "log_norm_predicted": log_norm_exact,
            "log_norm_sd_predicted": np.array([sd for _ in members]),
        },
    }
