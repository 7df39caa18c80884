"""Twins of the study ``curves``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue import activations
from suite.theory import mean_field
from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run

GRIDS = ({"activation": ("tanh", "relu", "elu")},)
NEAR = np.arange(-128, 129) / 16
FAR = np.array([sign * 10.0**n for sign in (-1, 1) for n in range(1, 39)])


def _evaluate(name: str, points: Array) -> tuple[Array, Array]:
    """Return an activation that is a little off everywhere, and NaN at infinity and beyond 1e30;
    of elu, one slope is steep and negative, and some are NaN too."""
    function = activations.resolve(name)
    with np.errstate(all="ignore"):
        x = float64(points)
        value = function.value(x) * (1 + 1e-6 * np.sin(x))
        slope = function.slope(x) * (1 + 2e-6 * np.cos(x)) + 3e-6 * (x == 0)
        value = np.where(x > 1e30, np.nan, value)
        if name == "elu":  # a slope that is steep downwards, and none far to the left
            slope = np.where(x == -3.0, -9.0, np.where(x < -1e30, np.nan, slope))
        return value.astype(points.dtype), slope.astype(points.dtype)


def _default(name: str, form: str, points: Array) -> tuple[Array, Array]:
    """Return the default form, off by another amount for a layer and a function."""
    function = activations.resolve(name)
    off = {"layer": 1e-3, "function": 2e-3}[form]
    return function.value(float64(points)) + off, function.slope(float64(points))


PROBES = {"default": _default, "evaluate": _evaluate}


def _at(name: str, points: Array) -> tuple[Array, Array]:
    value, slope = _evaluate(name, points.astype(np.float32))
    return float64(value), float64(slope)


def _error(measured: Array, exact: Array, size: Array) -> float:
    """Return the largest deviation, divided by |x| where that is above 1; a NaN is infinite."""
    gaps = np.abs(measured - exact) / np.maximum(1, np.abs(size))
    return math.inf if np.isnan(gaps).any() else float(gaps.max(initial=0.0))


def _share(measured: Array, exact: Array) -> float:
    """Return the largest deviation as a share of the exact numbers that are not 0."""
    return max(float(abs(m - e) / abs(e)) for m, e in zip(measured, exact, strict=True) if e)


@np.errstate(all="ignore")
def _curve(name: str) -> tuple[dict[str, float], dict[str, Array]]:
    function = activations.resolve(name)
    x = float64(np.concatenate([NEAR, FAR]).astype(np.float32))
    value, slope = _at(name, x)
    exact, exact_slope = function.value(x), function.slope(x)
    kink = np.isin(x, function.entry.kinks)
    near = np.arange(len(x)) < len(NEAR)
    size = np.where(near, x, 8.0)
    ends = np.concatenate(_at(name, np.array([-np.inf, np.inf])))
    flow, chain = np.ones(len(NEAR)), NEAR
    for _ in range(10):
        chain, step = _at(name, chain)
        flow = flow * step
    forms: dict[str, Array] = {}
    for form in ("layer", "function"):
        missing = form == "layer" and not function.entry.has_layer("numpy")
        rounded = NEAR.astype(np.float32)
        forms[form] = np.full(len(NEAR), np.nan) if missing else _default(name, form, rounded)[0]
    numbers = {
        "activation_value_error": _error(value, exact, x),
        "activation_slope_error": _error(slope[~kink], exact_slope[~kink], size[~kink]),
        "activation_value_relative": _share(value[near], exact[near]),
        "activation_slope_relative": _share(slope[near & ~kink], exact_slope[near & ~kink]),
        "kink_error": _error(slope[kink], exact_slope[kink], size[kink]),
        "far_nan": float(sum(math.isnan(v) for v in (*value[~near], *slope[~near]))),
        "infinite_nan": float(sum(math.isnan(v) for v in ends)),
        "steepest_slope": float(np.max(np.abs(slope[near]))),
        "tail_slope": float(max(abs(slope[0]), abs(slope[len(NEAR) - 1]))),
        "chain_slope": float(np.max(np.abs(flow))),
        **{
            f"{form}_default_error": (
                math.nan if np.isnan(made).all() else _error(made, exact[near], NEAR)
            )
            for form, made in forms.items()
        },
    }
    half = slice(None, None, 2)
    return numbers, {
        "activation_value": value[near][half],
        "activation_value_predicted": exact[near][half],
        "activation_slope": slope[near][half],
        "activation_slope_predicted": exact_slope[near][half],
        "layer_default": forms["layer"][half],
        "function_default": forms["function"][half],
    }


def _gains(run: Run, k: int) -> dict[str, float]:
    name = run.members[k].cell.text("activation")
    rng = seeds.generator(run.root, "vectors", seed=run.members[k].seed)
    scales = [1.0, *(10 ** (-3 + 6 * n / 19) for n in range(20))]
    gains = []
    for scale, length in zip(scales, [65_536] + 20 * [4_096], strict=True):
        vector = float64((scale * rng.standard_normal(length)).astype(np.float32))
        gains.append(math.sqrt(sum(_at(name, vector)[0] ** 2) / sum(vector**2)))
    square = mean_field.moments(activations.resolve(name), 1.0).square
    return {
        "norm_gain": gains[0],
        "norm_gain_predicted": math.sqrt(square),
        "norm_gain_largest": max(gains[1:]),
    }


def columns(run: Run) -> Columns:
    names = [member.cell.text("activation") for member in run.members]
    curves: dict[str, Any] = {name: _curve(name) for name in set(names)}
    rows = [curves[name][0] | _gains(run, k) for k, name in enumerate(names)]
    points = [curves[name][1] for name in names]
    return {
        "runs": {name: np.array([row[name] for row in rows]) for name in rows[0]},
        "points": {name: np.array([part[name] for part in points]) for name in points[0]},
    }
