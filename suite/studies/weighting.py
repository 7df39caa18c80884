"""The effect of point weights on a network that fits every point anyway.

Two networks are trained from one start on one data set, one with a weight of 50 for the positive
class and one without (Byrd and Lipton 2019). The share that each classifies as positive is measured
over a square around the data.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.probes.weighted import WeightedTraining
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.starts import draw_layer, stacked
from suite.theory import shift as theory
from suite.types import (
    BLOCK,
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    Table,
    TableSpec,
    Weights,
)

WEIGHT = 50.0
POINTS, SPREAD = 200, 0.5
HALF = 3.0
"""Half the side of the square."""
PLACES = 2000
"""The number of random points of the square: a share of them has a standard error of 0.011."""
CENTRES = {"apart": 2.0, "touching": 1.0, "overlapping": 0.25}
"""Case -> the centre of the classes N((+-centre, 0), 0.25): 8, 4 or 1 standard deviations apart."""
LAYERS = ((2, 64), (64, 64), (64, 1))
OPTIMIZER = "sgd(0.1)"
RECORD = (5, 10, 20, 50, 100, 300)


class Weighting(Study):
    """Networks with and without class weights on separable and on overlapping classes."""

    name = "weighting"
    position = 140
    question = "Does the effect of point weights last once a network fits every point?"
    source = "Byrd and Lipton 2019"
    axes = ("framework", "case")
    within = ("case",)
    tables = (
        TableSpec(
            "runs",
            (
                "early_weight_effect",
                "late_weight_effect",
                "weight_effect_left",
                "weight_effect_predicted",
                "fitted_share",
            ),
        ),
        TableSpec(
            "steps",
            ("positive_share", "positive_share_unweighted", "positive_share_predicted"),
            ("step",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        cases = {"quick": ("apart",), "standard": ("apart", "overlapping")}
        seeds_each = 5 * BLOCK if profile == "full" else BLOCK
        return (Grid({"case": cases.get(profile, tuple(CENTRES))}, seeds_each),)

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (WeightedTraining.train,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        sets = [data(member, lab.root) for member in stack.members]
        inputs, labels, square = (np.stack(parts) for parts in zip(*sets, strict=True))
        important = np.where(labels == 1, WEIGHT, 1.0).astype(np.float32)
        start = starts(stack, lab)
        probe = lab.framework.probe(WeightedTraining).train
        seen = np.concatenate([square, inputs], axis=1)
        weighted, plain = (
            probe(OPTIMIZER, start, inputs, labels, importance, seen, RECORD)
            for importance in (important, np.ones_like(important))
        )
        pairs = zip(weighted, plain, strict=True)
        finite = [np.isfinite(a).all() and np.isfinite(b).all() for a, b in pairs]
        positive, unweighted = (
            (logits[..., :PLACES] > 0).mean(axis=2) for logits in (weighted, plain)
        )
        effect = positive - unweighted
        fitted = ((weighted[:, -1, PLACES:] > 0) == (labels == 1)).mean(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = effect[:, -1] / effect[:, 0]
        expected = np.array([predicted(member.cell) for member in stack.members])
        columns = {
            "early_weight_effect": effect[:, 0],
            "late_weight_effect": effect[:, -1],
            "weight_effect_left": left,
            "weight_effect_predicted": expected,
            "fitted_share": fitted,
        }
        steps = {
            "positive_share": positive,
            "positive_share_unweighted": unweighted,
            "positive_share_predicted": np.tile(0.5 + expected[:, None], len(RECORD)),
        }
        tables = (
            Table("runs", {}, columns),
            Table("steps", {"step": np.array(RECORD)}, steps),
        )
        return measurement(reasons(finite, "a logit became inf or NaN"), tables)

    def cost(self, stack: Stack) -> Cost:
        return Cost(2.0 + 2 * RECORD[-1] * 5e-4 * len(stack.members), costs.WORKER)


def data(member: Member, root: int) -> tuple[Array, Array, Array]:
    """Draw inputs (POINTS, 2) and labels (POINTS,) of a member, and points of the square
    (PLACES, 2); float32."""
    case = member.cell.text("case")
    rng = seeds.generator(root, "shifted", seed=member.seed, case=f"weighting {case}", scale="1.0")
    labels = np.arange(POINTS) % 2
    inputs = SPREAD * rng.standard_normal((POINTS, 2))
    inputs[:, 0] += CENTRES[case] * (2 * labels - 1)
    square = rng.uniform(-HALF, HALF, (PLACES, 2))
    return inputs.astype(np.float32), labels.astype(np.float32), square.astype(np.float32)


def starts(stack: Stack, lab: Lab) -> Weights:
    """Draw the initial layers of the members, xavier_uniform, the same for all frameworks."""
    shapes = list(enumerate(LAYERS, start=1))
    return stacked(
        [
            draw_layer(lab.framework, lab.root, "xavier_uniform", "shared", seed, layer, *shape)
            for layer, shape in shapes
        ]
        for seed in [member.seed for member in stack.members]
    )


def predicted(cell: Cell) -> float:
    """Return how much more of the square the optimal rule classifies as positive with the
    weight."""
    return theory.boundary_move(CENTRES[cell.text("case")], SPREAD, WEIGHT, HALF) / (2 * HALF)


STUDY = Weighting()
