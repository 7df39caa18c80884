"""The study ``practice``: which seeds choose a rate, which rate is chosen, and for whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from suite.catalogue.datasets import DATASETS
from suite.planning import grids
from suite.planning.axes import LARGEST
from suite.studies import STUDIES, practice
from suite.studies.practice import CHOOSING, STUDY, epochs_of, with_rate
from suite.types import PROFILES, Cell, Snapshot, Stack, TrainTask
from tests.studies.twins.run import Run, measure, scripted, stack_of

CELL: dict[str, Any] = {
    "case": "chosen",
    "activation": "tanh",
    "initializer": ("xavier_uniform", "he_normal"),
    "depth": 1,
    "width": 3,
    "optimizer": "adam",
}


def right(task: TrainTask, shares: Mapping[str, tuple[float, ...]]) -> list[Snapshot]:
    """Train by the script; a member then classifies a share of its held-out points right: while a
    rate is chosen, that of its optimizer and cell (the first or second half of the members), and
    afterwards the larger one of its optimizer."""
    snapshots = scripted(task)
    members, points = task.heldout_labels.shape
    logits = np.where(task.heldout_labels > 0.5, 1.0, -1.0).astype(np.float32)
    for k in range(members):
        of_cells = shares.get(task.optimizer, (0.0, 0.0))
        share = of_cells[2 * k // members] if members == 2 * len(CHOOSING) else max(of_cells)
        logits[k, round(share * points) :] *= -1
    finite = [dataclasses.replace(s, **_finite(s)) for s in snapshots]
    return [*finite[:-1], dataclasses.replace(finite[-1], heldout_logits=logits)]


def _finite(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the script makes NaN or infinite of its last member, without that."""
    weights = tuple((np.nan_to_num(a, posinf=0.0), b) for a, b in snapshot.weights)
    names = ("loss", "logits", "batch_loss")
    clean = {name: np.nan_to_num(getattr(snapshot, name)) for name in names}
    return {**clean, "weights": weights}


def run(shares: Mapping[str, tuple[float, ...]], seeds: tuple[int, ...] = (0, 1)) -> Run:
    return measure(STUDY, stack_of(STUDY, CELL, seeds), script=lambda task: right(task, shares))


def trained(result: Run) -> list[TrainTask]:
    return [given[0] for given in result.given("train")]


@pytest.mark.parametrize("profile", PROFILES)
def test_no_judged_seed_chooses_a_rate(profile: str) -> None:
    cells = grids.cells(STUDY, grids.Selection(profile, ("torch", "tensorflow")))
    assert max(cells.values()) <= LARGEST
    assert set(CHOOSING).isdisjoint(range(LARGEST))  # the seeds that --seeds can select


def test_each_cell_is_judged_with_the_rate_that_its_own_choosing_seeds_prefer() -> None:
    shares = {"adam": (0.9, 0.5), "adam(0.0001)": (0.8, 0.97), "adam(0.01)": (0.7, 0.6)}
    result = run(shares)
    *choosing, first, second = trained(result)
    assert [task.optimizer for task in choosing] == ["adam", "adam(0.0001)", "adam(0.01)"]
    assert {len(task.labels) for task in choosing} == {2 * len(CHOOSING)}
    assert [task.optimizer for task in (first, second)] == ["adam", "adam(0.0001)"]
    columns = result.measurement.tables[0].columns
    starts = [member.cell["initializer"] for member in result.members]
    rates = {"xavier_uniform": 0.001, "he_normal": 0.0001}
    np.testing.assert_array_equal(columns["chosen_rate"], [rates[str(s)] for s in starts])
    accuracies = {"xavier_uniform": 0.9, "he_normal": 0.97}
    np.testing.assert_allclose(columns["heldout_accuracy"], [accuracies[str(s)] for s in starts])
    learned = [float(str(start) == "he_normal") for start in starts]
    np.testing.assert_array_equal(columns["learned"], learned)


def test_the_choosing_networks_have_the_data_of_the_choosing_seeds() -> None:
    result = run({"adam": (1.0, 1.0)})
    choosing, judged = trained(result)[0], trained(result)[-1]
    for place, seed in enumerate(CHOOSING):
        expected, _ = DATASETS["circles"].sample(result.root, seed, "train")
        np.testing.assert_array_equal(choosing.inputs[place], expected)
    for inputs in judged.inputs:
        assert not any(np.array_equal(inputs, other) for other in choosing.inputs)


def test_of_equal_rates_the_given_one_is_chosen() -> None:
    result = run(dict.fromkeys(("adam", "adam(0.0001)", "adam(0.01)"), (0.7, 0.7)))
    assert set(result.measurement.tables[0].columns["chosen_rate"]) == {0.001}


def test_a_rate_with_which_networks_diverge_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script's accuracy with the largest rate is the best, but its loss is not finite."""

    def diverging(task: TrainTask) -> list[Snapshot]:
        snapshots = right(task, {"adam": (0.6, 0.6), "adam(0.01)": (1.0, 1.0)})
        if task.optimizer != "adam(0.01)":
            return snapshots
        loss = np.full_like(snapshots[-1].loss, np.nan)
        return [*snapshots[:-1], dataclasses.replace(snapshots[-1], loss=loss)]

    result = measure(STUDY, stack_of(STUDY, CELL, (0,)), script=diverging)
    assert set(result.measurement.tables[0].columns["chosen_rate"]) == {0.001}


@pytest.mark.parametrize(("dataset", "learned"), [("circles", 0.0), ("digits", 1.0)])
def test_a_network_learns_at_the_accuracy_of_its_data_set(dataset: str, learned: float) -> None:
    """At 0.93: 0.95 is asked on the circles, and 0.9 on the digits."""

    def script(task: TrainTask) -> list[Snapshot]:
        *first, last = scripted(task)
        labels = task.heldout_labels.astype(int)
        wrong = np.arange(labels.shape[1]) >= 0.93 * labels.shape[1]
        if dataset == "digits":
            logits = np.eye(10, dtype=np.float32)[(labels + wrong) % 10]
        else:
            logits = (np.where(labels, 1.0, -1.0) * np.where(wrong, -1.0, 1.0)).astype(np.float32)
        return [*first, dataclasses.replace(last, heldout_logits=logits)]

    axes = {**CELL, "case": "given", "dataset": dataset}
    columns = measure(STUDY, stack_of(STUDY, axes), script=script).measurement.tables[0].columns
    assert set(columns["learned"]) == {learned}


def test_a_rate_replaces_that_of_the_name() -> None:
    assert with_rate("sgd(0.1, 0.9)", 0.01) == "sgd(0.01, 0.9)"
    assert with_rate("adam", 0.001) == "adam"


def cell_of(**axes: Any) -> Cell:
    stack: Stack = stack_of(STUDY, {**CELL, "case": "given", "initializer": "zeros", **axes}, (0,))
    return stack.members[0].cell


def test_wide_networks_and_digits_take_some_400_steps() -> None:
    assert epochs_of(cell_of(width=5)) == 100  # as in training
    assert epochs_of(cell_of(width=64)) == 13  # of 32 batches
    assert epochs_of(cell_of(width=5, dataset="digits")) == 10  # of 40, as in the study digits


def test_normalization_and_residual_connections_reach_the_network() -> None:
    axes = {**CELL, "case": "given", "normalization": "layer", "residual": 0.5}
    model = measure(STUDY, stack_of(STUDY, axes)).task.architecture
    assert (model.normalization, model.residual) == ("layer", 0.5)


def test_the_frameworks_own_rate_is_not_chosen() -> None:
    reason = STUDY.unsupported(cell_of(case="chosen", settings="default"))
    assert reason is not None
    assert "own learning rate" in reason


def test_a_cell_of_training_is_the_same_experiment() -> None:
    """Data, start, order and epochs are those of the study training: evidence can be pooled."""
    axes = {key: CELL[key] for key in ("activation", "initializer", "depth", "optimizer")}
    axes |= {"width": 5}
    ours = measure(STUDY, stack_of(STUDY, {**axes, "case": "given"})).task
    theirs = measure(STUDIES["training"], stack_of(STUDIES["training"], axes)).task
    assert ours.record[-1] == theirs.record[-1]
    assert ours.batch == theirs.batch
    for name in ("inputs", "labels", "heldout_inputs", "heldout_labels"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_array_equal(ours.order(3), theirs.order(3))
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(mine[0], other[0])


def test_grids_of_practice_have_the_default_case_first() -> None:
    """``--set`` replaces the values of the first grid: it must not choose rates unasked."""
    for profile in PROFILES:
        assert STUDY.grids(profile)[0].axes["case"] == ("given",)
    assert practice.BLOCKS == 40
