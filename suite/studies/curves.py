"""Each activation at points of the real line, in every framework and by its definition.

There is no network. The precision is single, as in training. The framework's own layer and function
with their default arguments are evaluated too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import activations
from suite.catalogue.activations import ACTIVATIONS
from suite.probes.curves import DefaultForms
from suite.studies.common import costs
from suite.studies.common.measurements import completed
from suite.theory import mean_field
from suite.types import (
    Array,
    Cell,
    Cost,
    Framework,
    Grid,
    Lab,
    Measurement,
    Stack,
    Study,
    Table,
    TableSpec,
    float64,
)

NEAR = np.arange(-128, 129) / 16.0
"""Points from -8 to 8 that are exact in single precision."""
FAR = np.concatenate([sign * 10.0 ** np.arange(1, 39) for sign in (-1, 1)])
LAYERS = 10
"""The number of applications in ``chain_slope``."""
SCALES = np.geomspace(1e-3, 1e3, 20)
LONG, SHORT = 65_536, 4_096
"""The number of entries of the Gaussian vector at scale 1, and of those at ``SCALES``."""
FORMS = ("layer", "function")


class Curves(Study):
    """Values, slopes and default arguments of all activations, and their gain on Gaussian
    vectors."""

    name = "curves"
    position = 230
    gate = True
    question = (
        "Does each framework compute an activation as defined, and what do its defaults change?"
    )
    source = "stability notes, vanishing gradients; gradient article; documentation"
    axes = ("framework", "activation")
    within = ("activation",)
    tables = (
        TableSpec(
            "runs",
            (
                "activation_value_error",
                "activation_slope_error",
                "activation_value_relative",
                "activation_slope_relative",
                "kink_error",
                "far_nan",
                "infinite_nan",
                "steepest_slope",
                "tail_slope",
                "chain_slope",
                "norm_gain",
                "norm_gain_predicted",
                "norm_gain_largest",
                "layer_default_error",
                "function_default_error",
            ),
        ),
        TableSpec(
            "points",
            (
                "activation_value",
                "activation_value_predicted",
                "activation_slope",
                "activation_slope_predicted",
                "layer_default",
                "function_default",
            ),
            coordinates=("x",),
            seed_limit=1,  # the same for every seed
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        first = ("sigmoid", "tanh", "relu")
        others = tuple(name for name in ACTIVATIONS.names if name not in first)
        # Values and slopes do not depend on the seed: one shows them as well as twenty.
        quick = (Grid({"activation": first}), Grid({"activation": others}, seeds=1))
        every = Grid({"activation": ACTIVATIONS.names})
        more = Grid({"activation": ("leaky_relu(0.2)", "leaky_relu(0.3)", "elu(0.5)")})
        return {"quick": quick, "standard": (every,), "full": (every, more)}[profile]

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (DefaultForms.default,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        names = [member.cell.text("activation") for member in stack.members]
        curves = {name: curve(name, lab) for name in dict.fromkeys(names)}
        points = {
            metric: np.stack([curves[name][1][metric] for name in names])
            for metric in self.tables[1].metrics
        }
        rows = [
            curves[member.cell.text("activation")][0]
            | gains(member.cell.text("activation"), member.seed, lab)
            for member in stack.members
        ]
        columns = {name: np.array([row[name] for row in rows]) for name in self.tables[0].metrics}
        tables = (Table("runs", {}, columns), Table("points", {"x": NEAR[::2]}, points))
        return completed(len(names), *tables)

    def cost(self, stack: Stack) -> Cost:
        cells = len({member.cell for member in stack.members})
        return Cost(0.1 * cells + 0.006 * len(stack.members), costs.WORKER)


def curve(name: str, lab: Lab) -> tuple[dict[str, float], dict[str, Array]]:
    """Return the metrics of one activation that need no draw, and its columns of ``points``."""
    function = activations.resolve(name)
    x = float64(np.concatenate([NEAR, FAR]).astype(np.float32))
    value, slope = _evaluate(lab.framework, name, x)
    exact_value, exact_slope = (float64(part) for part in lab.oracle.evaluate(name, x))
    kink = np.isin(x, function.entry.kinks)
    # A slope stays of order 1 at large |x|: divided by |x|, any error would pass.
    slope_error = _relative(slope, exact_slope, np.clip(x, NEAR[0], NEAR[-1]))
    near, far = np.arange(len(NEAR)), np.arange(len(NEAR), len(x))
    ends = _evaluate(lab.framework, name, np.array([-np.inf, np.inf]))
    chain, flow = NEAR, np.ones_like(NEAR)
    for _ in range(LAYERS):
        chain, step = _evaluate(lab.framework, name, chain)
        flow = flow * step
    probe = lab.framework.probe(DefaultForms).default
    defaults, errors = {}, {}
    for form in FORMS:
        if form == "layer" and not function.entry.has_layer(lab.framework.name):
            defaults[form], errors[form] = np.full_like(NEAR, np.nan), np.nan
            continue
        made = float64(probe(function.entry.name, form, NEAR.astype(np.float32))[0])
        defaults[form] = made
        errors[form] = _relative(made, exact_value[: len(NEAR)], NEAR).max()
    numbers = {
        "activation_value_error": _relative(value, exact_value, x).max(),
        "activation_slope_error": slope_error[~kink].max(),
        "activation_value_relative": _to_scale(value[near], exact_value[near]),
        "activation_slope_relative": _to_scale(
            slope[near][~kink[near]], exact_slope[near][~kink[near]]
        ),
        "kink_error": slope_error[kink].max(initial=0.0),
        "far_nan": float(np.isnan(value[far]).sum() + np.isnan(slope[far]).sum()),
        "infinite_nan": float(np.isnan(ends).sum()),
        "steepest_slope": np.abs(slope[near]).max(),
        "tail_slope": np.abs(slope[near[[0, -1]]]).max(),
        "chain_slope": np.abs(flow).max(),
    }
    numbers |= {f"{form}_default_error": error for form, error in errors.items()}
    columns = {
        "activation_value": value,
        "activation_value_predicted": exact_value,
        "activation_slope": slope,
        "activation_slope_predicted": exact_slope,
        "layer_default": defaults["layer"],
        "function_default": defaults["function"],
    }
    return numbers, {metric: values[near[::2]] for metric, values in columns.items()}


def gains(name: str, seed: int, lab: Lab) -> dict[str, float]:
    """Return the ratios of norms on the Gaussian vectors of a seed, and the prediction at scale
    1."""
    rng = seeds.generator(lab.root, "vectors", seed=seed)
    vectors = [rng.standard_normal(LONG)]
    vectors += [scale * rng.standard_normal(SHORT) for scale in SCALES]
    rounded = np.concatenate(vectors).astype(np.float32)
    value, _ = _evaluate(lab.framework, name, rounded)
    ends = np.cumsum([len(vector) for vector in vectors])[:-1]
    first, *others = (
        np.linalg.norm(after) / np.linalg.norm(before)
        for after, before in zip(
            np.split(value, ends), np.split(float64(rounded), ends), strict=True
        )
    )
    return {
        "norm_gain": float(first),
        "norm_gain_predicted": mean_field.moments(activations.resolve(name), 1.0).square ** 0.5,
        "norm_gain_largest": float(max(others)),
    }


@np.errstate(invalid="ignore")  # a NaN at infinity is a result
def _evaluate(framework: Framework, name: str, points: Array) -> tuple[Array, Array]:
    """Return the value and slope by a framework in single precision, as float64."""
    value, slope = framework.evaluate(name, points.astype(np.float32))
    return float64(value), float64(slope)


def _relative(measured: Array, exact: Array, x: Array) -> Array:
    """Return |measured - exact| / max(1, |x|) in the shape of ``x``; a NaN counts as infinite."""
    deviation: Array = np.abs(measured - exact) / np.maximum(1.0, np.abs(x))
    return np.where(np.isnan(deviation), np.inf, deviation)


def _to_scale(measured: Array, exact: Array) -> float:
    """Return the largest |measured - exact| / |exact| where that is not 0; a NaN is infinite."""
    some = exact != 0
    deviation = np.abs(measured[some] - exact[some]) / np.abs(exact[some])
    return float(np.where(np.isnan(deviation), np.inf, deviation).max(initial=0.0))


STUDY = Curves()
