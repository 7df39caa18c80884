"""Twins of the study ``optimizers``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.catalogue import step_options
from suite.theory import steps
from suite.types import Array
from tests.studies.twins.run import Columns, Run

DRAWS = False
GRIDS: tuple[dict[str, Any], ...] = (
    {"case": "sgd(momentum)"},
    {"case": "rmsprop"},
    {"case": "sgd(accumulate)"},
    {"case": "sgd(momentum,decay)"},
)
TASKS = ("constant", "quadratic", "network")


def _path(setting: str, task: str, batches: int) -> Array:
    """Return the path by Keras' formula, off by another amount in each task; NaN at the end of the
    longest for one setting."""
    path: Array = steps.path("keras", step_options.resolve(setting), task, batches).copy()
    away = 1e-6 * (1 + TASKS.index(task)) * np.arange(batches + 1) ** 2
    path = np.asarray(path + away[:, None] * np.cos(np.arange(path.shape[1])))
    if setting == "sgd(accumulate)" and task == "quadratic":
        path[-1, 0] = np.nan
    return path


PROBES = {"path": _path}


def _paths(run: Run, k: int) -> dict[str, Array]:
    """Return the paths of a member by task, and check what was asked for."""
    name = run.members[k].cell.text("case")
    tasks = TASKS if name.count(",") == 0 else ("network",)
    place = k * len(tasks)
    given = run.given("path")[place : place + len(tasks)]
    batches = 16 if "accumulate" in name else 6
    assert set(given) == {(name, task, batches) for task in tasks}
    answers = run.answers("path")[place : place + len(tasks)]
    return {call[1]: answer for call, answer in zip(given, answers, strict=True)}


def _distances(run: Run, k: int, form: Any) -> list[float]:
    """Return the largest deviation after each batch, in units of the formula's longest way."""
    setting = step_options.resolve(run.members[k].cell.text("case"))
    rows = []
    for task, path in _paths(run, k).items():
        formula = steps.path(form, setting, task, len(path) - 1)
        longest = max(abs(float(x)) for x in np.ravel(formula - formula[0]))
        apart = [np.max(np.abs(p - f)) / longest for p, f in zip(path, formula, strict=True)]
        rows.append([math.inf if math.isnan(x) else float(x) for x in apart])
    return [float(np.max(column)) for column in zip(*rows, strict=True)][1:]


def finite(run: Run, k: int) -> bool:
    return all(math.isfinite(x) for x in _distances(run, k, "keras"))


def columns(run: Run) -> Columns:
    own = run.each(lambda k: _distances(run, k, "keras"))
    other = run.each(lambda k: _distances(run, k, "torch"))
    return {
        "runs": {
            "own_formula_distance": np.array([np.max(row) for row in own]),
            "other_formula_distance": np.array([np.max(row) for row in other]),
            "first_step_apart": np.array(
                [next((n for n, x in enumerate(row, 1) if x > 1e-10), 0) for row in other]
            ),
        },
        "steps": {"step_own_distance": own, "step_other_distance": other},
    }
