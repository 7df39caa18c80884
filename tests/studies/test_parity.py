"""The study ``parity``: deviations name the first layer and step of a planted defect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suite import frameworks
from suite.planning import grids
from suite.studies import STUDIES, parity
from suite.studies.common.protocol import circles_task
from suite.types import Lab, Snapshot
from tests.support import HERE

STUDY = STUDIES["parity"]


@pytest.fixture(scope="module")
def snapshots() -> list[Snapshot]:
    """Return the oracle's first steps for three members with four hidden layers."""
    chosen = grids.parse_overrides(["activation=tanh", "initializer=he_normal"], [STUDY])
    stack = grids.stacks(STUDY, grids.Selection("quick", ("numpy",), chosen, seeds=3))[0]
    oracle = frameworks.load("numpy")
    task = circles_task(stack, Lab(oracle, oracle, 0), tuple(range(parity.STEPS + 1)))
    return list(oracle.train(task))


def test_the_oracle_agrees_with_itself(snapshots: list[Snapshot]) -> None:
    columns = parity.deviations(snapshots, snapshots)
    assert set(columns) == set(STUDY.tables[0].metrics)
    for column in columns.values():
        np.testing.assert_array_equal(column, np.zeros(3))


def test_rounding_to_float32_is_not_counted_as_a_defect(snapshots: list[Snapshot]) -> None:
    def rounded(snapshot: Snapshot) -> Snapshot:
        return replace(
            snapshot,
            logits=snapshot.logits.astype(np.float32),
            weights=tuple(
                (k.astype(np.float32), b.astype(np.float32)) for k, b in snapshot.weights
            ),
        )

    columns = parity.deviations([rounded(snapshot) for snapshot in snapshots], snapshots)
    for name in ("forward_error", "step_error"):
        assert (columns[name] > 0).all()
        assert (columns[name] <= 2.0**-24).all()  # half a unit in the last place
    np.testing.assert_array_equal(columns["first_step_off"], np.zeros(3))


def test_a_planted_defect_is_named_by_layer_and_step(snapshots: list[Snapshot]) -> None:
    layer, step, member = 2, 3, 1  # the third layer, from step 3, in one member
    defective = list(snapshots)
    gradients = list(defective[0].gradients)
    kernel, bias = gradients[layer][0].copy(), gradients[layer][1]
    kernel[member] *= 1.001
    gradients[layer] = (kernel, bias)
    defective[0] = replace(defective[0], gradients=tuple(gradients))
    for later in range(step, len(defective)):
        weights = list(defective[later].weights)
        kernel, bias = weights[layer][0], weights[layer][1].copy()
        bias[member] += 0.01
        weights[layer] = (kernel, bias)
        defective[later] = replace(defective[later], weights=tuple(weights))
    columns = parity.deviations(defective, snapshots)
    np.testing.assert_array_equal(columns["first_layer_off"], [0, layer + 1, 0])
    np.testing.assert_array_equal(columns["first_step_off"], [0, step, 0])
    assert columns["gradient_error"][member] == pytest.approx(0.001)
    assert columns["forward_error"].max() == 0


@pytest.mark.parametrize("name", HERE)
def test_a_framework_takes_the_steps_of_the_oracle(name: str) -> None:
    chosen = grids.parse_overrides(["activation=tanh", "depth=2"], [STUDY])
    stack = grids.stacks(STUDY, grids.Selection("quick", (name,), chosen, seeds=2))[0]
    measurement = STUDY.measure(stack, Lab(frameworks.load(name), frameworks.load("numpy"), 0))
    columns = measurement.tables[0].columns
    assert set(measurement.status) == {"ok"}
    # The ceilings of the claims: 1e-5 forward, 1e-4 for gradients and steps.
    assert columns["forward_error"].max() < 1e-5
    assert columns["gradient_error"].max() < 1e-4
    assert columns["step_error"].max() < 1e-4
