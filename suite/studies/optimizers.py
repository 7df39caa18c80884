"""Each option of the optimizers, step by step, beside the formulas that the frameworks document.

Every method and option that both torch and Keras offer is stepped in double precision on a constant
gradient, a quadratic and a small network. The path of the parameters is compared with the formula
of the framework itself and with the formula of the other one under equal numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from suite.catalogue import step_forms, step_options
from suite.catalogue.frameworks import Formulas
from suite.catalogue.step_forms import Forms
from suite.catalogue.step_options import SCHEDULES, Setting
from suite.probes.optimizers import Steps
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.protocol import first_true
from suite.theory import steps
from suite.types import (
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Stack,
    Study,
    Table,
    TableSpec,
)

BATCHES, LONG = 6, 16
"""The batches of a path, and those of a setting with a schedule or accumulated gradients."""
APART = 1e-10
"""The distance beyond which two paths differ by more than rounding in double precision. A path has
some hundred operations, each rounded to 1.1e-16."""
WIDELY_USED = (
    "momentum",
    "nesterov",
    "centered",
    "amsgrad",
    "epsilon",
    "decay",
    "half_penalty",
    "clip_value",
    "clip_norm",
    "clip_global",
    "piecewise",
    "exponential",
    "cosine",
    "accumulate",
)
"""The options of which the profile standard measures all pairs."""


def cases(pairs: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the names of all settings with one option at most, or of the pairs of some options."""
    return tuple(setting.name for setting in step_options.settings(pairs))


def headline_cases() -> tuple[str, ...]:
    """Return the settings of the profile quick: every method, every option, and weight decay for
    three methods alone, because it comes outside their formulas."""
    return tuple(
        setting.name
        for setting in step_options.settings()
        if setting.method.name in ("sgd", "rmsprop", "adam")
        or all(option.group != "decay" for option in setting.options)
    )


class Optimizers(Study):
    """The frameworks' own optimizers with each option, and with pairs of options."""

    name = "optimizers"
    position = 105
    gate = True
    question = "Under equal numbers, which options of the optimizers are equal steps?"
    source = "the frameworks' documentation; the papers that the catalogue names"
    axes = ("framework", "case")
    tables = (
        TableSpec("runs", ("own_formula_distance", "other_formula_distance", "first_step_apart")),
        TableSpec("steps", ("step_own_distance", "step_other_distance"), coordinates=("step",)),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = Grid({"case": headline_cases()}, seeds=1)
        if profile == "quick":
            return (quick,)
        standard = (Grid({"case": cases()}, seeds=1), Grid({"case": cases(WIDELY_USED)}, seeds=1))
        if profile == "standard":
            return standard
        return (*standard, Grid({"case": cases((*WIDELY_USED, "penalty", *SCHEDULES))}, seeds=1))

    def unsupported(self, cell: Cell) -> str | None:
        framework, setting = cell.text("framework"), step_options.resolve(cell.text("case"))
        if reason := step_forms.lacking(framework, setting):
            return reason
        if step_forms.forms(framework, setting) is None:
            return "the form of its formulas is not declared"
        return None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (Steps.path,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        own_distances, other_distances = [], []
        for member in stack.members:
            setting = step_options.resolve(member.cell.text("case"))
            form = step_forms.forms(member.cell.text("framework"), setting)
            assert form is not None  # the runner drops what is unsupported
            paths = measured(setting, lab)
            own_distances.append(apart(paths, form, setting))
            other_distances.append(apart(paths, form.other, setting))
        own, others = np.array(own_distances), np.array(other_distances)
        first = first_true((others > APART).T)
        columns = {
            "own_formula_distance": own.max(axis=1),
            "other_formula_distance": others.max(axis=1),
            "first_step_apart": np.where(np.isfinite(first), first, 0.0),
        }
        tables = [
            Table("runs", {}, columns),
            Table(
                "steps",
                {"step": np.arange(1, own.shape[1] + 1)},
                {"step_own_distance": own, "step_other_distance": others},
            ),
        ]
        finite = np.isfinite(own).all(axis=1)
        return measurement(reasons(finite, "a parameter became inf or NaN"), tables)

    def cost(self, stack: Stack) -> Cost:
        return Cost(0.3 * len(stack.members), costs.WORKER)


def measured(setting: Setting, lab: Lab) -> dict[str, Array]:
    """Return the path (batches + 1, n) of each task that a setting is measured on.

    A pair of options is stepped on the network alone: both options were measured on every task.
    """
    long = setting.schedule is not None or setting.batches > 1
    tasks = steps.SHAPES if len(setting.options) < 2 else ("network",)
    path = lab.framework.probe(Steps).path
    return {task: path(setting.name, task, LONG if long else BATCHES) for task in tasks}


def apart(paths: dict[str, Array], form: Formulas | Forms, setting: Setting) -> Array:
    """Return the distance of the paths from a formula after each batch (largest of the tasks)."""
    each = [
        steps.distances(path, steps.path(form, setting, task, len(path) - 1))[1:]
        for task, path in paths.items()
    ]
    return np.asarray(np.max(each, axis=0))


STUDY = Optimizers()
