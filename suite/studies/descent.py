"""Clipping and momentum on two problems whose answer is known.

``noise`` is the gradient article's small demo, a network with fresh random inputs and targets at
each step. The targets are independent of the inputs, so no network has a smaller risk than their
variance, 1. ``quadratic`` is a quadratic function whose curvatures span a factor of 1,000, for
which the recurrence gives the number of steps of gradient descent with and without momentum.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import optimizers
from suite.probes.descent import KnownProblems
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.protocol import first_true
from suite.studies.common.starts import draw_layer, stacked
from suite.types import (
    BLOCK,
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
    Weights,
    float64,
)

SIZES = (10, 50, 1)
"""The numbers of inputs, hidden units and outputs of the demo."""
STEPS, BATCH = 100, 32
ENDS = 10
"""The number of batches at either end of the demo over which its loss is averaged."""
FRESH = 4096
"""The number of inputs on which a network's risk is computed: 1 plus their mean squared output."""

DIRECTIONS, CONDITION = 50, 1000.0
LONGEST = 8000
"""The number of steps on the quadratic: gradient descent takes 1000 / 2 ln(10^6) = 6,908 to reach a
millionth."""
NEAR = 1e-6
PATH = (
    0,
    10,
    20,
    50,
    100,
    150,
    200,
    250,
    300,
    350,
    400,
    500,
    1000,
    2000,
    3000,
    4000,
    5000,
    6000,
    7000,
    8000,
)
"""The steps on the quadratic that the table keeps."""

PLAIN, HEAVY_BALL, SAME_RATE = "sgd(1.998)", "sgd(3.7585,0.88115)", "sgd(1.998,0.9)"
"""Optimizers for curvatures from m = 0.001 to L = 1. ``PLAIN`` has the best rate 2 / (L + m);
``HEAVY_BALL`` the best rate 4 / (sqrt L + sqrt m)^2 with the best momentum ((sqrt L - sqrt m) /
(sqrt L + sqrt m))^2 (Polyak 1964); ``SAME_RATE`` the rate of ``PLAIN`` with the usual momentum of
0.9."""


class Descent(Study):
    """A network on pure noise, with and without clipping, and a quadratic, with and without
    momentum."""

    name = "descent"
    position = 210
    question = "What do clipping and momentum do on problems whose answer is known?"
    source = "the gradient article and its demo; Polyak 1964; Pascanu, Mikolov and Bengio 2013"
    axes = ("framework", "optimizer", "clipping", "case")
    tables = (
        TableSpec(
            "runs",
            (
                "first_loss",
                "last_loss",
                "initial_risk",
                "final_risk",
                "clipped_share",
                "steps_to_millionth",
                "steps_to_millionth_predicted",
            ),
        ),
        TableSpec(
            "steps",
            ("batch_loss", "relative_distance", "relative_distance_predicted"),
            coordinates=("step",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        seeds = 5 * BLOCK if profile == "full" else BLOCK
        return (
            Grid(
                {
                    "case": ("noise",),
                    "optimizer": ("sgd(0.01)",),
                    "clipping": ("norm(1)", "none"),
                },
                seeds,
            ),
            Grid({"case": ("quadratic",), "optimizer": (PLAIN, HEAVY_BALL, SAME_RATE)}, seeds),
        )

    def unsupported(self, cell: Cell) -> str | None:
        clipped = optimizers.rule(cell.text("clipping"), optimizers.CLIPPING)[0]
        if cell["case"] == "quadratic" and clipped != "none":
            return "the quadratic is minimised without clipping"
        if clipped == "value":
            return "the demo clips by norm"
        if optimizers.resolve(cell.text("optimizer")).name != "sgd":
            return "the recurrence covers only gradient descent, with and without momentum"
        return None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        noise = cell["case"] == "noise"
        return (KnownProblems.noise,) if noise else (KnownProblems.quadratic,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        if stack.members[0].cell["case"] == "noise":
            tables = _noise(stack, lab)
        else:
            tables = _quadratic(stack, lab)
        finite = [
            all(np.isfinite(column[i]).all() for column in tables[1].columns.values())
            for i in range(len(stack.members))
        ]
        return measurement(reasons(finite, "a loss or distance became inf or NaN"), tables)

    def cost(self, stack: Stack) -> Cost:
        noise = stack.members[0].cell["case"] == "noise"
        return Cost(1.0 + 0.05 * len(stack.members) if noise else 3.0, costs.WORKER)


def _noise(stack: Stack, lab: Lab) -> tuple[Table, ...]:
    """Run the demo for all members from the framework's default start."""
    cell = stack.members[0].cell
    rule, values = optimizers.rule(cell.text("clipping"), optimizers.CLIPPING)
    threshold = values["threshold"] if rule == "norm" else None
    data = [noise_batches(lab.root, member.seed) for member in stack.members]
    weights = stacked(
        [
            draw_layer(lab.framework, lab.root, "default", "native", member.seed, place, *shape)
            for place, shape in enumerate(itertools.pairwise(SIZES), start=1)
        ]
        for member in stack.members
    )
    inputs, targets, fresh = (np.stack(values) for values in zip(*data, strict=True))
    train = lab.framework.probe(KnownProblems).noise
    losses, norms, trained = train(cell.text("optimizer"), threshold, weights, inputs, targets)
    clipped = norms > threshold if threshold is not None else np.zeros_like(norms, dtype=bool)
    columns = {
        "first_loss": float64(losses[:, :ENDS]).mean(axis=1),
        "last_loss": float64(losses[:, -ENDS:]).mean(axis=1),
        "initial_risk": risk(weights, fresh),
        "final_risk": risk(trained, fresh),
        "clipped_share": clipped.mean(axis=1),
    }
    steps = {"step": np.arange(1, STEPS + 1)}
    return Table("runs", {}, columns), Table("steps", steps, {"batch_loss": float64(losses)})


def noise_batches(root: int, seed: int) -> tuple[Array, Array, Array]:
    """Draw the demo's inputs (steps, batch, 10), targets (steps, batch) and fresh inputs,
    float32."""
    rng = seeds.generator(root, "noise_batches", seed=seed)
    inputs = rng.standard_normal((STEPS, BATCH, SIZES[0]))
    targets = rng.standard_normal((STEPS, BATCH))
    fresh = rng.standard_normal((FRESH, SIZES[0]))
    return inputs.astype(np.float32), targets.astype(np.float32), fresh.astype(np.float32)


def risk(weights: Weights, inputs: Array) -> Array:
    """Return the expected squared error, (K,), on targets N(0, 1) independent of the inputs.

    It is 1 + E f(x)^2, with the mean taken over inputs (K, N, features).
    """
    (kernel, bias), (output, constant) = weights
    hidden = np.maximum(float64(inputs) @ float64(kernel) + float64(bias)[:, None], 0)
    values = hidden @ float64(output) + float64(constant)[:, None]
    excess: Array = (values**2).mean(axis=(1, 2))
    return 1 + excess


def curvatures() -> Array:
    """Return curvatures (DIRECTIONS,) from 1 / CONDITION to 1, evenly spaced in logarithm."""
    return np.geomspace(1 / CONDITION, 1, DIRECTIONS)


def _quadratic(stack: Stack, lab: Lab) -> tuple[Table, ...]:
    """Measure the distances from the minimum over those at the start, and compute them by the
    recurrence."""
    optimizer = stack.members[0].cell.text("optimizer")
    start = np.stack(
        [
            seeds.generator(lab.root, "start", seed=member.seed).standard_normal(DIRECTIONS)
            for member in stack.members
        ]
    ).astype(np.float32)
    measured, exact = (
        _relative(framework.probe(KnownProblems).quadratic(optimizer, curvatures(), start, LONGEST))
        for framework in (lab.framework, lab.oracle)
    )
    columns = {
        "steps_to_millionth": first_true(measured <= NEAR) - 1,
        "steps_to_millionth_predicted": first_true(exact <= NEAR) - 1,
    }
    steps = list(PATH)
    paths = {
        "relative_distance": measured[steps].T,
        "relative_distance_predicted": exact[steps].T,
    }
    return Table("runs", {}, columns), Table("steps", {"step": np.array(steps)}, paths)


def _relative(distances: Array) -> Array:
    values: Array = float64(distances) / distances[0]
    return values


STUDY = Descent()
