"""Data that a user has brought: the columns beside those of the suite's own data, and the CSV."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pytest

from suite.catalogue.datasets import Dataset
from suite.results.shards import Shard
from suite.results.tables import for_stacks, header, write_table
from suite.studies import STUDIES
from suite.types import Array, Snapshot, Stack, TrainTask
from tests.studies.test_columns import single_threaded, twin
from tests.studies.twins.run import Run, measure, scripted, stack_of
from tests.studies.twins.scores import CLASSES, NUMBERS, brought, scores

TAKING = [study.name for study in STUDIES if any(spec.brought for spec in study.tables)]
ACCURACIES = {"train_accuracy", "heldout_accuracy", "initial_accuracy", "first_epoch_95"}


def learning(task: TrainTask) -> list[Snapshot]:
    """Train by the common script; batch losses of a number to predict fall below half of its
    variance in the middle."""
    snapshots = scripted(task)
    if task.loss == "squared":
        snapshots = [
            dataclasses.replace(s, batch_loss=s.batch_loss * np.float32(8)) for s in snapshots
        ]
    return snapshots


def run_on(study: str, dataset: Dataset) -> Run:
    """Measure a small stack of a study on a data set, as the twins do."""
    axes = {**twin(study).GRIDS[0], "dataset": dataset.name}
    with brought(), single_threaded():
        return measure(STUDIES[study], stack_of(STUDIES[study], axes), script=learning)


@pytest.mark.parametrize("study", TAKING)
@pytest.mark.parametrize("dataset", [CLASSES, NUMBERS], ids=lambda entry: entry.name)
def test_scores_are_those_of_the_twin(study: str, dataset: Dataset) -> None:
    run = run_on(study, dataset)
    stored = run.stored["runs"]
    expected = scores(run)
    spec = STUDIES[study].tables[0]
    assert set(stored) & set(spec.brought) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(stored[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    others = set(spec.metrics) - {"learned", "chosen_rate"}
    without = ACCURACIES if dataset is NUMBERS else set()
    assert set(stored) - set(expected) == others - without
    # The script has both answers: some epoch reaches the half, and some does not.
    assert len(set(stored["first_epoch_half"].tolist())) > 1 or study == "rescue"


def test_every_score_is_stored_somewhere() -> None:
    assert TAKING == ["training", "practice", "remedies", "rescue"]
    for study in TAKING:
        stored = {name for d in (CLASSES, NUMBERS) for name in run_on(study, d).stored["runs"]}
        assert stored >= set(STUDIES[study].tables[0].brought), study


def written(run: Run, *more: Stack) -> str:
    """The CSV of runs of a measured stack; ``more``: stacks of the same plan."""
    study, file = run.study, io.StringIO()
    spec = for_stacks(study.tables[0], [run.stack, *more])
    measurement = run.measurement
    shard = Shard(
        tuple(measurement.status),
        tuple(measurement.reason),
        {table.name: table for table in measurement.tables},
        np.arange(len(run.stack.members)),
        {},
    )
    write_table(file, study, spec, [(run.stack, shard)])
    return file.getvalue()


@pytest.mark.parametrize("study", TAKING)
def test_the_columns_stand_in_the_csv_only_where_such_data_are_trained_on(study: str) -> None:
    spec = STUDIES[study].tables[0]
    own = stack_of(STUDIES[study], twin(study).GRIDS[0])
    assert for_stacks(spec, [own]) == spec
    assert not set(header(STUDIES[study], spec)) & set(spec.brought)
    run = run_on(study, NUMBERS)
    lines = written(run, own).splitlines()
    names = lines[0].split(",")
    assert names[-len(spec.brought) :] == list(spec.brought)
    row: dict[str, Any] = dict(zip(names, lines[1].split(","), strict=True))
    assert row["heldout_accuracy"] == ""  # not measured, which is not NaN
    assert float(row["heldout_r2"]) == run.stored["runs"]["heldout_r2"][0]


def test_a_network_without_errors_has_skill_1_and_one_that_guesses_0() -> None:
    """By definition, whatever the shares of the classes are."""

    def script(answer: str) -> Any:
        def train(task: TrainTask) -> list[Snapshot]:
            labels = task.heldout_labels.astype(int)
            answers = labels if answer == "right" else np.full_like(labels, 2)
            logits: Array = np.eye(3, dtype=np.float32)[answers]
            return [dataclasses.replace(s, heldout_logits=logits) for s in scripted(task)]

        return train

    axes = {**twin("rescue").GRIDS[0], "dataset": CLASSES.name}
    with brought(), single_threaded():
        stack = stack_of(STUDIES["rescue"], axes)
        right, guessing = (
            measure(STUDIES["rescue"], stack, script=script(answer)).stored["runs"]
            for answer in ("right", "guess")
        )
    np.testing.assert_array_equal(right["heldout_skill"], 1.0)
    np.testing.assert_allclose(guessing["heldout_skill"], 0.0, atol=1e-12)
    np.testing.assert_allclose(guessing["majority_share"], 0.6)
