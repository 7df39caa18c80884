"""The axis ``dataset``: a cell that names a data set trains on it, with its loss and outputs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.catalogue.datasets import DATASETS
from suite.planning import grids
from suite.report.remedies import trained
from suite.report.rescue import rescued
from suite.studies import STUDIES, digits, remedies, rescue, training
from suite.studies.common.protocol import accuracy
from suite.types import Array, Framework, Lab, Measurement, Snapshot, TrainTask
from tests.support import HERE

TRAINED = {"training": training, "rescue": rescue, "remedies": remedies}
SHORT = {"training": ("RECORD", (0, 3)), "rescue": ("EPOCHS", 3), "remedies": ("EPOCHS", 3)}
"""The constant of each study's file that says how long it trains, and three epochs."""
load = functools.cache(frameworks.load)


@dataclass
class Watched:
    """A framework that keeps the tasks that it trains and their last snapshots."""

    framework: Framework
    trained: list[tuple[TrainTask, Snapshot]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.framework.name

    def __hash__(self) -> int:
        return hash(self.framework)

    def draw(self, *arguments: Any) -> object:
        return self.framework.draw(*arguments)

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        for snapshot in self.framework.train(task):
            yield snapshot
        self.trained.append((task, snapshot))


def measured(
    study: str, framework: str, monkeypatch: pytest.MonkeyPatch, width: int = 48
) -> tuple[Any, ...]:
    """Two shallow networks that learn digits for three epochs: task, last snapshot, result."""
    monkeypatch.setattr(TRAINED[study], *SHORT[study])
    texts = [
        "dataset=digits",
        "depth=1",
        f"width={width}",
        "activation=relu",
        "initializer=he_normal",
    ]
    texts += ["optimizer=adam", "weights=native"] + (
        ["case=healthy"] if study == "remedies" else []
    )
    chosen = grids.parse_overrides(texts, [STUDIES[study]])
    selection = grids.Selection("quick", (framework,), chosen, seeds=2)
    stack = grids.stacks(STUDIES[study], selection)[0]
    watched = Watched(load(framework))
    lab = Lab(watched, load("numpy"), 0)  # type: ignore[arg-type]  # no probe is used
    measurement = STUDIES[study].measure(stack, lab)
    return *watched.trained[0], measurement


def share_right(logits: Array, labels: Array) -> float:
    """The share of right answers of one network, point by point."""
    right = [row.tolist().index(row.max()) == y for row, y in zip(logits, labels, strict=True)]
    return float(np.mean(right))


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("study", TRAINED)
def test_digits_are_learned_with_their_own_loss(
    study: str, framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, last, measurement = measured(study, framework, monkeypatch)
    assert isinstance(measurement, Measurement)
    assert list(measurement.status) == ["ok", "ok"]
    assert task.inputs.shape == (2, 1280, 64)
    assert (task.architecture.inputs, task.architecture.outputs) == (64, 10)
    assert task.loss == "categorical"
    columns = measurement.tables[0].columns
    assert set(columns) == set(STUDIES[study].tables[0].metrics)
    loss = digits.cross_entropy(last.heldout_logits, task.heldout_labels)
    np.testing.assert_allclose(columns["heldout_loss"], loss, rtol=1e-5)
    for member in (0, 1):
        right = share_right(last.heldout_logits[member], task.heldout_labels[member])
        assert columns["heldout_accuracy"][member] == pytest.approx(right)
        assert right > 0.5  # guessing gives 0.1


@pytest.mark.parametrize("study", TRAINED)
@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_set_replaces_the_data_set_of_every_grid(study: str, profile: str) -> None:
    """The other fields stay, so as many cells are trained; circles are no part of an identity."""
    chosen = grids.parse_overrides(["dataset=digits"], [STUDIES[study]])
    circles, on_digits = (
        grids.cells(STUDIES[study], grids.Selection(profile, ("torch",), overrides))
        for overrides in ({}, chosen)
    )
    assert {cell["dataset"] for cell in circles} >= {"circles"}
    for cell in circles:  # rescue trains one cell of its own on digits
        assert ("dataset" in cell.identity) == (cell["dataset"] != "circles")
    plain = [cell.identity.replace(" dataset=digits", "") for cell in on_digits]
    planned = {cell.identity.replace(" dataset=digits", ""): n for cell, n in circles.items()}
    assert plain == [*planned]
    assert list(on_digits.values()) == list(planned.values())


@pytest.mark.parametrize("study", TRAINED)
def test_full_trains_on_every_data_set(study: str) -> None:
    cells = grids.cells(STUDIES[study], grids.Selection("full", ("torch",)))
    assert {cell["dataset"] for cell in cells} == set(DATASETS.names)


def test_accuracy_of_classes_counts_the_largest_logit_and_knows_nan() -> None:
    logits = np.array([[[1.0, 2.0], [3.0, 0.0]], [[np.nan, 2.0], [3.0, 0.0]]])
    np.testing.assert_array_equal(accuracy(logits, np.array([[1, 1], [1, 1]])), [0.5, np.nan])


# --- the figures -------------------------------------------------------------------------------


def rescue_runs(**changes: Any) -> pd.DataFrame:
    """One network of two seeds, of which one learns."""
    axes = {"framework": "torch", "activation": "tanh", "initializer": "zeros", "depth": 4}
    rows = [{**axes, "normalization": "batch", "seed": seed, "status": "ok"} for seed in (0, 1)]
    return pd.DataFrame(rows).assign(heldout_accuracy=[0.5, 0.99]).assign(**changes)


def remedies_runs(**changes: Any) -> pd.DataFrame:
    """The healthy network without a remedy, two seeds, of which one trains."""
    selection = grids.Selection("quick", ("torch",), seeds=2)
    cells = grids.cells(STUDIES["remedies"], selection)
    (cell,) = (
        cell
        for cell in cells
        if (cell["case"], cell["residual"], cell["clipping"], cell["normalization"])
        == ("healthy", 0.0, "none", "none")
    )
    rows = pd.DataFrame([dict(cell.values)] * 2).assign(
        seed=[0, 1], status="ok", heldout_accuracy=[0.5, 0.99]
    )
    return rows.assign(**changes)


@pytest.mark.parametrize(("draw", "runs"), [(rescued, rescue_runs), (trained, remedies_runs)])
def test_a_figure_shows_one_data_set(draw: Any, runs: Any) -> None:
    """With both, digits must not be counted among the circles; alone, they are drawn."""
    both = pd.concat([runs(dataset="digits", heldout_accuracy=0.0), runs(dataset="circles")])
    for table in (both, runs(dataset="circles")):
        caption = draw(table).caption
        assert "two circles" in caption.lower()
        assert "n = 2 seeds" in caption
    assert "handwritten digits" in draw(runs(dataset="digits")).caption.lower()


@pytest.mark.parametrize(("draw", "runs"), [(rescued, rescue_runs), (trained, remedies_runs)])
def test_a_table_from_before_the_axis_is_drawn(draw: Any, runs: Any) -> None:
    old = runs().drop(columns="dataset", errors="ignore")
    assert "two circles" in draw(old).caption.lower()
