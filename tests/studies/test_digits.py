"""The study ``digits``: columns against plain formulas, both frameworks, figures."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.report import digits as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, digits
from suite.studies.common.protocol import accuracy
from suite.types import Lab, Measurement, Stack
from tests.support import HERE

STUDY = STUDIES["digits"]
load = functools.cache(frameworks.load)


def small(framework: str, cells: dict[str, str], seeds: int = 2) -> Stack:
    """Return the first stack of a few cells."""
    chosen = grids.parse_overrides([f"{axis}={value}" for axis, value in cells.items()], [STUDY])
    return grids.stacks(STUDY, grids.Selection("standard", (framework,), chosen, seeds=seeds))[0]


def measure(framework: str, cells: dict[str, str]) -> Measurement:
    return STUDY.measure(small(framework, cells), Lab(load(framework), load("numpy"), 0))


def test_cross_entropy_equals_its_definition() -> None:
    rng = np.random.default_rng(1)
    logits, labels = 3 * rng.normal(size=(2, 5, 4)), rng.integers(0, 4, (2, 5))
    for member in range(2):
        shares = np.exp(logits[member]) / np.exp(logits[member]).sum(axis=1, keepdims=True)
        slow = np.mean([-np.log(shares[point, labels[member, point]]) for point in range(5)])
        assert digits.cross_entropy(logits, labels)[member] == pytest.approx(slow, rel=1e-12)
    # Large logits do not overflow, and a wrong answer keeps its loss.
    assert digits.cross_entropy(np.array([[[1e4, 0.0]]]), np.array([[1]]))[0] == 1e4


def test_accuracy_counts_the_largest_logit_and_is_nan_with_a_nan_logit() -> None:
    logits = np.array([[[1.0, 2.0], [3.0, 0.0]], [[np.nan, 2.0], [3.0, 0.0]]])
    np.testing.assert_array_equal(accuracy(logits, np.array([[1, 1], [1, 1]])), [0.5, np.nan])


def test_the_first_step_at_a_half_is_the_last_step_of_its_window() -> None:
    values = np.concatenate([np.full(10, 2.0), np.zeros(10)])[:, None]
    mean = digits.running_mean(values, 10)
    np.testing.assert_allclose(mean[:, 0], [2 - 0.2 * step for step in range(11)], atol=1e-12)
    logits, labels = np.zeros((1, 3, 10)), np.zeros((1, 3))
    columns, table = digits._columns(values, logits, labels, logits, labels)
    # 2 - 0.2 k <= 0.5 first at k = 8, the mean of steps 9 to 18.
    np.testing.assert_array_equal(columns["first_step_half"], [18])
    np.testing.assert_array_equal(columns["diverged_step"], [np.inf])
    np.testing.assert_allclose(columns["digit_loss"], [np.log(10)])
    np.testing.assert_array_equal(table.coordinates["step"], [10, 20])
    np.testing.assert_allclose(table.columns["running_loss"], [[2.0, 0.0]], atol=1e-12)


@pytest.mark.parametrize("framework", HERE)
def test_dense_networks_learn_in_two_epochs(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(digits.EPOCHS, "dense", 2)
    cells = {"activation": "relu", "initializer": "he_normal", "depth": "2", "optimizer": "adam"}
    measurement = measure(framework, cells)
    assert list(measurement.status) == ["ok", "ok"]
    runs, losses = measurement.tables
    assert set(runs.columns) == set(STUDY.tables[0].metrics)
    assert losses.columns["running_loss"].shape == (2, 8)  # 80 steps
    # Guessing has a loss of 2.3 and an accuracy of 0.1; 80 steps of Adam do much better.
    assert (runs.columns["digit_loss"] < 1.5).all()
    assert (runs.columns["heldout_digit_accuracy"] > 0.5).all()
    assert (losses.columns["running_loss"][:, 0] > losses.columns["running_loss"][:, -1]).all()


@pytest.mark.parametrize("framework", HERE)
def test_convolutions_learn_in_one_epoch(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(digits.EPOCHS, "convolution", 1)
    cells = {
        "layer_kind": "convolution",
        "activation": "relu",
        "initializer": "he_normal",
        "depth": "2",
        "width": "4",
        "optimizer": "adam",
    }
    measurement = measure(framework, cells)
    assert list(measurement.status) == ["ok", "ok"]
    assert (measurement.tables[0].columns["digit_loss"] < 2.2).all()  # guessing: ln 10 = 2.303
    assert measurement.tables[1].columns["running_loss"].shape == (2, 4)


def test_an_unsupported_cell_has_its_reason() -> None:
    def reason(**axes: str) -> str | None:
        plain: dict[str, str | int] = {
            "framework": "torch",
            "activation": "relu",
            "initializer": "he_normal",
            "depth": 2,
            "width": 8,
            "layer_kind": "convolution",
        }
        return STUDY.unsupported(make_cell(STUDY, {**plain, **axes}))

    assert reason() is None
    assert "native weights" in str(reason(weights="shared"))
    assert "no law" in str(reason(layer_kind="dense", weights="shared", initializer="default"))


AXES = {
    "framework": "torch",
    "layer_kind": "dense",
    "activation": "relu",
    "initializer": "he_normal",
    "depth": 30,
    "width": 48,
    "optimizer": "adam",
    "weights": "native",
    "settings": "common",
}


def test_figures_are_drawn_from_the_rows_of_dense_networks() -> None:
    runs = pd.DataFrame([AXES] * 20).assign(
        seed=range(20), status="ok", heldout_digit_accuracy=np.linspace(0.5, 0.9, 20)
    )
    drawing = page.accuracies(runs)
    assert "n = 20 seeds" in drawing.caption
    assert [tick.get_text() for tick in drawing.figure.axes[0].get_xticklabels()] == ["30"]
    losses = pd.DataFrame([AXES] * 3).assign(
        step=[10, 20, 30],
        n=20,
        running_loss=[2.0, 1.0, 0.5],
        running_loss_low=[1.9, 0.9, 0.4],
        running_loss_high=[2.1, 1.1, 0.6],
    )
    assert "30 hidden layers" in page.losing(losses).title
    with pytest.raises(NotDrawn, match="no dense networks"):
        page.accuracies(runs.assign(optimizer="sgd"))
    with pytest.raises(NotDrawn, match="no dense networks"):
        page.losing(losses.assign(layer_kind="convolution"))
    (part,) = page.parts(lambda *_: None)
    assert not part.draw
