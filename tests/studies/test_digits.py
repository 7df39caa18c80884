"""The study digits: its columns on the slow and obvious, both frameworks, its figures."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.catalogue.frameworks import installed
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.report import digits as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, digits
from suite.types import Lab, Measurement, Stack

STUDY = STUDIES["digits"]
NATIVE = [name for name in installed() if name != "numpy"]
load = functools.cache(frameworks.load)


def small(framework: str, cells: dict[str, str], seeds: int = 2) -> Stack:
    chosen = grids.parse_overrides([f"{axis}={value}" for axis, value in cells.items()], [STUDY])
    return grids.stacks(STUDY, grids.Selection("standard", (framework,), chosen, seeds=seeds))[0]


def measure(framework: str, cells: dict[str, str]) -> Measurement:
    return STUDY.measure(small(framework, cells), Lab(load(framework), load("numpy"), 0))


def test_cross_entropy_by_definition() -> None:
    rng = np.random.default_rng(1)
    logits, labels = 3 * rng.normal(size=(2, 5, 4)), rng.integers(0, 4, (2, 5))
    for member in range(2):
        shares = np.exp(logits[member]) / np.exp(logits[member]).sum(axis=1, keepdims=True)
        slow = np.mean([-np.log(shares[point, labels[member, point]]) for point in range(5)])
        assert digits.cross_entropy(logits, labels)[member] == pytest.approx(slow, rel=1e-12)
    # Large logits neither overflow nor lose the loss of a wrong answer.
    assert digits.cross_entropy(np.array([[[1e4, 0.0]]]), np.array([[1]]))[0] == 1e4


def test_accuracy_counts_the_largest_logit_and_knows_nan() -> None:
    logits = np.array([[[1.0, 2.0], [3.0, 0.0]], [[np.nan, 2.0], [3.0, 0.0]]])
    np.testing.assert_array_equal(
        digits.class_accuracy(logits, np.array([[1, 1], [1, 1]])), [0.5, np.nan]
    )


def test_running_mean_and_the_first_step_at_a_half() -> None:
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


@pytest.mark.parametrize("framework", NATIVE)
def test_measured_in_dense_networks(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(digits.EPOCHS, "dense", 2)
    cells = {"activation": "relu", "initializer": "he_normal", "depth": "2", "optimizer": "adam"}
    found = measure(framework, cells)
    assert list(found.status) == ["ok", "ok"]
    runs, losses = found.tables
    assert set(runs.columns) == set(STUDY.tables[0].metrics)
    assert losses.columns["running_loss"].shape == (2, 8)  # 80 steps
    # Guessing has a loss of 2.3 and an accuracy of 0.1; 80 steps of Adam are far beyond.
    assert (runs.columns["digit_loss"] < 1.5).all()
    assert (runs.columns["heldout_digit_accuracy"] > 0.5).all()
    assert (losses.columns["running_loss"][:, 0] > losses.columns["running_loss"][:, -1]).all()


@pytest.mark.parametrize("framework", NATIVE)
def test_measured_in_convolutions(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(digits.EPOCHS, "convolution", 1)
    cells = {
        "layer_kind": "convolution",
        "activation": "relu",
        "initializer": "he_normal",
        "depth": "2",
        "width": "4",
        "optimizer": "adam",
    }
    found = measure(framework, cells)
    assert list(found.status) == ["ok", "ok"]
    assert (found.tables[0].columns["digit_loss"] < 2.2).all()  # guessing: ln 10 = 2.303
    assert found.tables[1].columns["running_loss"].shape == (2, 4)


def test_what_is_not_measured_says_why() -> None:
    def cell(**axes: str) -> str | None:
        plain: dict[str, str | int] = {
            "framework": "torch",
            "activation": "relu",
            "initializer": "he_normal",
            "depth": 2,
            "width": 8,
            "layer_kind": "convolution",
        }
        return STUDY.unsupported(make_cell(STUDY, {**plain, **axes}))

    assert cell() is None
    assert "native weights" in str(cell(weights="shared"))
    assert "no law" in str(cell(layer_kind="dense", weights="shared", initializer="default"))


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


def test_figures_draw_what_is_there() -> None:
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
