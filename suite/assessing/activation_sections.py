"""The sections of a passport that only activations have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from suite.assessing.battery import Subject
from suite.assessing.cost import Cost
from suite.assessing.section import Record, Section, by_cell, rows_of
from suite.assessing.variance_map import variance_map
from suite.catalogue import activations
from suite.text_tables import number
from suite.theory.gains import FixedPoint


def theory(subject: Subject) -> Section:
    """Return the fixed points of an activation's variance map, beside those of the others."""
    records: list[Record] = []
    for name in subject.names:
        found = variance_map(activations.resolve(name))
        records.append(
            {
                "activation": name,
                "gain that maps q = 1 to 1": found.unit_gain,
                "response there": found.response,
                "gradient per layer, nats": _nats(found.chi),
                **{
                    f"fixed points with {rule}": _points(points)
                    for rule, points in found.points.items()
                },
            }
        )
    own = variance_map(activations.resolve(subject.name))
    return Section(
        "Theory: the map of the variance",
        (
            f"{subject.name}: {own.verdict}.",
            "q is the mean square of pre-activations in a wide layer. A fixed point attracts where"
            " the response, d ln q' / d ln q, is below 1.",
        ),
        tuple(records),
    )


def _nats(factor: float) -> float:
    """Return the logarithm of a factor; 0 where it is 1 to rounding."""
    if math.isclose(factor, 1.0, rel_tol=1e-9):
        return 0.0
    return math.log(factor) if factor > 0 else -math.inf


def _points(points: Sequence[FixedPoint]) -> str:
    words = (
        f"{number(point.q)} ({'attracts' if point.response < 1 else 'repels'})" for point in points
    )
    return ", ".join(words) or "none"


def accuracy(subject: Subject, summary: pd.DataFrame) -> Section:
    """Return how exactly each framework computes an activation, in single precision."""
    rows = rows_of(summary, "numerics", formula=subject.name)
    wanted = {
        "value_usual_ulps": "value, ulps from 1e-8 to 10",
        "slope_usual_ulps": "slope, ulps from 1e-8 to 10",
        "value_largest_lost": "largest value that is computed as 0",
        "slope_largest_lost": "largest slope that is computed as 0",
        "value_nonfinite": "value not finite from |x| on",
    }
    return Section(
        "Accuracy in single precision",
        (
            "Against the definition, at all exponents of the type; an ulp is a unit in the last"
            " place.",
        ),
        by_cell(rows, ["framework"], wanted),
    )


def cost(subject: Subject, costs: Mapping[str, Mapping[str, Cost]]) -> Section:
    """Return what an activation costs beside the others. ``costs``: framework -> name -> cost."""
    records: list[Record] = []
    for framework, measured in costs.items():
        own = measured[subject.name]
        for other in subject.names:
            records.append(
                {
                    "framework": framework,
                    "activation": other,
                    "forward, ns each": measured[other].forward,
                    "backward, ns each": measured[other].backward,
                    f"{subject.name} / this one, forward": own.forward / measured[other].forward,
                    f"{subject.name} / this one, backward": own.backward / measured[other].backward,
                }
            )
    return Section(
        "Cost",
        (
            "One call on 262,144 numbers in single precision, eagerly on one core; only the ratios"
            " mean something on another machine.",
        )
        if records
        else ("Not measured.",),
        tuple(records),
    )
