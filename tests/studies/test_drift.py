"""The study ``drift``: its start, its gaps, and a framework compared with its references."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suite import frameworks
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.probes.drift import FormulaTraining
from suite.studies import STUDIES, drift
from suite.studies.common.protocol import circles_task
from suite.types import Array, Lab, Measurement, Snapshot, Stack, float64
from tests.support import HERE
from tests.support.framework_tasks import MEMBERS, make_task

STUDY = STUDIES["drift"]
ORACLE = frameworks.load("numpy")


# --- the start and the gaps ----------------------------------------------------------------------


def test_the_nudged_members_start_one_unit_in_the_last_place_away() -> None:
    task = make_task()
    doubled = drift.beside_nudged(task)
    for (kernel, bias), (twice, biases) in zip(task.weights, doubled.weights, strict=True):
        np.testing.assert_array_equal(twice[:MEMBERS], kernel)
        np.testing.assert_array_equal(np.abs(twice[MEMBERS:] - kernel), np.spacing(np.abs(kernel)))
        assert np.all(np.abs(twice[MEMBERS:]) > np.abs(kernel))
        np.testing.assert_array_equal(biases[MEMBERS:], bias)
    np.testing.assert_array_equal(doubled.order(3)[MEMBERS:], task.order(3))


def test_the_shortened_task_keeps_the_order_of_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "POINTS", 40)
    task = make_task()
    short = drift.shortened(task)
    assert short.inputs.shape == (MEMBERS, 40, 2)
    for order, full in zip(short.order(2), task.order(2), strict=True):
        assert order.tolist() == [point for point in full.tolist() if point < 40]


@pytest.fixture(scope="module")
def snapshots() -> list[Snapshot]:
    trained: list[Snapshot] = ORACLE.probe(FormulaTraining).train(make_task(), "keras")
    return trained


def test_the_same_training_has_no_gap(snapshots: list[Snapshot]) -> None:
    runs, growth = drift.gaps(snapshots, snapshots, make_task())
    for name in ("layer_apart", "early_gap", "weight_gap", "loss_gap", "accuracy_gap"):
        np.testing.assert_array_equal(runs[name], np.zeros(MEMBERS))
    np.testing.assert_array_equal(runs["step_apart"], np.full(MEMBERS, np.inf))
    assert growth["batch_gap"].shape == growth["weight_gap"].shape == (MEMBERS, 2)
    assert set(runs) == set(STUDY.tables[0].metrics)
    assert set(growth) == set(STUDY.tables[1].metrics)


def test_a_planted_gap_is_named_by_step_and_layer(snapshots: list[Snapshot]) -> None:
    """In one member the loss of batch 5 is wrong and, after epoch 2, the kernel of layer 3."""
    member, defective = 1, list(snapshots)
    last = defective[-1]
    losses = last.batch_loss.copy()  # batches 4 to 6
    losses[1, member] += 0.01
    weights = list(last.weights)
    kernel = weights[2][0].copy()
    largest = np.abs(kernel[member]).max()
    kernel[member, 0, 0] += 0.25 * largest
    weights[2] = (kernel, weights[2][1])
    defective[-1] = replace(last, batch_loss=losses, weights=tuple(weights), loss=last.loss + 0.5)
    runs, growth = drift.gaps(defective, snapshots, make_task())
    np.testing.assert_array_equal(runs["step_apart"], [np.inf, 5, np.inf])
    np.testing.assert_array_equal(runs["layer_apart"], [0, 3, 0])
    np.testing.assert_allclose(runs["loss_gap"], 0.5)
    np.testing.assert_allclose(growth["batch_gap"][:, 0], 0)
    np.testing.assert_allclose(growth["batch_gap"][:, 1], [0, 0.01, 0])
    np.testing.assert_allclose(growth["weight_gap"][:, 1], [0, 0.25, 0])
    np.testing.assert_array_equal(runs["weight_gap"], growth["weight_gap"][:, 1])


# --- the study -----------------------------------------------------------------------------------


def small(name: str, optimizer: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Stack, Measurement]:
    """Measure two seeds of tanh for two epochs, in every case that the optimizer has."""
    monkeypatch.setattr(drift, "RECORD", (0, 1, 2))
    monkeypatch.setattr(drift, "POINTS", 70)
    chosen = grids.parse_overrides(["depth=2", f"optimizer={optimizer}"], [STUDY])
    stack = grids.stacks(STUDY, grids.Selection("quick", (name,), chosen, seeds=2))[0]
    return stack, STUDY.measure(stack, Lab(frameworks.load(name), ORACLE, 3))


@pytest.mark.parametrize("name", HERE)
def test_a_framework_is_near_its_own_form_and_far_from_the_other(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, measurement = small(name, "rmsprop", monkeypatch)
    runs, growth = (table.columns for table in measurement.tables)
    assert set(measurement.status) == {"ok"}
    assert [len(values) for values in runs.values()] == [6] * len(STUDY.tables[0].metrics)
    assert growth["batch_gap"].shape == (6, 2)

    def column(case: str, metric: str) -> Array:
        rows = [k for k, member in enumerate(stack.members) if member.cell["case"] == case]
        return runs[metric][rows]

    # Six steps of rounding stay below 1e-5; the position of epsilon changes a step of 1e-3 more.
    for case in (drift.OWN, drift.ULP):
        assert column(case, "weight_gap").max() < 1e-5
        assert column(case, "early_gap").max() < 1e-5
        assert np.isinf(column(case, "step_apart")).all()
    assert column(drift.OTHER, "weight_gap").min() > 1e-4
    # All cases compare the same training of the framework.
    for case in (drift.OWN, drift.OTHER):
        np.testing.assert_array_equal(column(case, "train_loss"), column(drift.ULP, "train_loss"))


def test_the_control_is_the_framework_started_one_ulp_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two separate trainings of a single member have the same gap."""
    stack, measurement = small("torch", "sgd", monkeypatch)
    torch = frameworks.load("torch")
    row = next(k for k, m in enumerate(stack.members) if (m.cell["case"], m.seed) == ("one_ulp", 1))
    alone = replace(stack, members=(stack.members[row],))
    task = drift.shortened(circles_task(alone, Lab(torch, ORACLE, 3), (0, 1, 2)))
    away = tuple(
        (np.nextafter(k, np.where(k > 0, np.inf, -np.inf).astype(np.float32)), b)
        for k, b in task.weights
    )
    trained, nudged = list(torch.train(task)), list(torch.train(replace(task, weights=away)))
    expected = abs(float(float64(trained[-1].loss - nudged[-1].loss)[0]))
    # In a stack, torch may round a mean of 70 losses near 0.7 differently once: 6e-8.
    assert measurement.tables[0].columns["loss_gap"][row] == pytest.approx(expected, abs=2e-7)


def test_formulas_are_named_by_case_and_framework() -> None:
    cases = (drift.OWN, drift.OTHER)
    assert [drift.formula(case, "torch", "adam") for case in cases] == ["torch", "keras"]
    assert [drift.formula(case, "tensorflow", "adam") for case in cases] == [
        "keras",
        "torch",
    ]
    assert drift.formula(drift.CLIPNORM, "torch", "adam") == "clipnorm"


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "native"},
        {"initializer": "default"},
        {"settings": "default"},
        {"case": drift.CLIPNORM},
    ],
)
def test_an_unsupported_cell_has_a_reason(changes: dict[str, str]) -> None:
    stack = grids.stacks(STUDY, grids.Selection("quick", ("torch",)))[0]
    values = dict(stack.members[0].cell.values) | changes
    assert STUDY.unsupported(make_cell(STUDY, values))
    assert STUDY.unsupported(stack.members[0].cell) is None
