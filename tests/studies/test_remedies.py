"""The study ``remedies``: the table of failures and remedies, columns and figures."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.planning import grids
from suite.planning.axes import canonical_value, make_cell
from suite.report import remedies as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, remedies
from suite.types import Lab, Stack
from tests.support import HERE

STUDY = STUDIES["remedies"]
load = functools.cache(frameworks.load)
PAIRS = [
    (failure, remedy)
    for failure in remedies.FAILURES
    for remedy in (*remedies.REMEDIES, *remedies.OWN)
]


def small(framework: str, cells: dict[str, str], seeds: int = 2) -> Stack:
    chosen = grids.parse_overrides([f"{axis}={value}" for axis, value in cells.items()], [STUDY])
    return grids.stacks(STUDY, grids.Selection("standard", (framework,), chosen, seeds=seeds))[0]


def test_a_remedy_changes_one_thing() -> None:
    for failure, remedy in PAIRS:
        axes = remedies.cure(failure, remedy)
        bare = remedies.cure(failure, "none")
        assert bare is not None
        if axes is None:
            assert (failure, remedy) == ("healthy", "better start")
        elif remedy == "none":
            assert axes == bare
        elif axes["case"] == failure:
            changed = {axis for axis in {*axes, *bare} if axes.get(axis) != bare.get(axis)}
            assert len(changed) == 1, (failure, remedy, changed)
        else:  # the healthy start, which is the better start of several failures
            assert {**axes, "scale": 1.0} == {**remedies.cure("healthy", "none"), "scale": 1.0}  # type: ignore[dict-item]


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_every_cell_of_the_grids_is_a_failure_with_a_remedy(profile: str) -> None:
    expected = []
    for failure, remedy in PAIRS:
        if axes := remedies.cure(failure, remedy):
            values = {axis: canonical_value(axis, value) for axis, value in axes.items()}
            expected.append(make_cell(STUDY, {"framework": "torch", **values}))
    selected = grids.cells(STUDY, grids.Selection(profile, ("torch",)))
    assert set(selected) <= set(expected)
    assert profile == "quick" or set(selected) == set(expected)


def test_the_scale_multiplies_only_the_initial_kernels() -> None:
    cells = {"case": "exploding_relu", "activation": "relu", "initializer": "he_normal"}
    lab = Lab(load("numpy"), load("numpy"), 0)
    plain, twice = (
        remedies.remedied_task(small("numpy", {**cells, "scale": scale}), lab)
        for scale in ("1", "2")
    )
    for (kernel, bias), (doubled, same) in zip(plain.weights, twice.weights, strict=True):
        np.testing.assert_array_equal(2 * kernel, doubled)
        np.testing.assert_array_equal(bias, same)
    np.testing.assert_array_equal(plain.inputs, twice.inputs)


def test_the_norm_is_taken_over_all_entries_of_a_member() -> None:
    parts = [np.array([[3.0, 0.0], [1.0, 1.0]]), np.array([[4.0], [1.0]])]
    np.testing.assert_allclose(remedies.norm(parts), [5.0, np.sqrt(3.0)])


@pytest.mark.parametrize("framework", HERE)
def test_a_healthy_network_learns_with_all_remedies_at_once(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task has every remedy of the cell, and two epochs of four layers suffice."""
    monkeypatch.setattr(remedies, "EPOCHS", 2)
    stack = small(
        framework,
        {
            "case": "healthy",
            "activation": "relu",
            "initializer": "he_normal",
            "depth": "4",
            "normalization": "batch",
            "residual": "0.5",
            "clipping": "norm(1)",
            "schedule": "exponential(0.9)",
        },
    )
    lab = Lab(load(framework), load("numpy"), 0)
    task = remedies.remedied_task(stack, lab)
    assert task.architecture.residual == 0.5
    assert task.architecture.normalization == "batch"
    assert (task.clipping, task.schedule) == ("norm", "exponential(0.9)")
    measurement = STUDY.measure(stack, lab)
    assert list(measurement.status) == ["ok", "ok"]
    columns = measurement.tables[0].columns
    assert set(columns) == set(STUDY.tables[0].metrics)
    # Guessing has a loss of ln 2 = 0.69; 40 steps with batch norm do much better.
    assert (columns["train_loss"] < 0.6).all()
    assert (columns["first_gradient_norm"] <= columns["initial_gradient_norm"]).all()
    assert (columns["first_gradient_norm"] > 0).all()


def test_a_start_that_explodes_is_a_row_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remedies, "EPOCHS", 1)
    cells = {"case": "exploding_relu", "activation": "relu", "initializer": "he_normal"}
    stack = small("numpy", {**cells, "scale": "1e60", "depth": "4"})  # inf in single precision
    measurement = STUDY.measure(stack, Lab(load("numpy"), load("numpy"), 0))
    assert list(measurement.status) == ["diverged", "diverged"]
    assert all("inf or NaN" in reason for reason in measurement.reason)


def runs(**changes: Any) -> pd.DataFrame:
    """Return twenty runs of the healthy network without a remedy, half of which train."""
    axes = remedies.cure("healthy", "none")
    assert axes is not None
    values = {axis: canonical_value(axis, value) for axis, value in axes.items()}
    cell = make_cell(STUDY, {"framework": "torch", **values})
    rows = pd.DataFrame([dict(cell.values)] * 20).assign(
        seed=range(20),
        status="ok",
        heldout_accuracy=[0.5, 0.99] * 10,
        first_gradient_norm=[0.1] * 20,
    )
    return rows.assign(**changes)


def written(figure_axes: object) -> list[str]:
    return [text.get_text() for text in figure_axes.texts]  # type: ignore[attr-defined]


def test_the_heat_map_counts_the_runs_that_train() -> None:
    drawing = page.trained(runs())
    # The healthy networks appear also in three places as the better start of a failure.
    assert written(drawing.figure.axes[0]) == ["0.50"] * 4
    assert "n = 20 seeds" in drawing.caption
    # A diverged run did not train, whatever accuracy it had reached.
    status = ["ok", "diverged"] * 10
    assert set(written(page.trained(runs(status=status)).figure.axes[0])) == {"0.00*"}
    assert set(written(page.gradients(runs()).figure.axes[0])) == {"-1.0"}


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="none of their cells"):
        page.trained(runs(depth=3))
    with pytest.raises(NotDrawn, match="did not measure"):
        page.gradients(runs().drop(columns="first_gradient_norm"))
    (part,) = page.parts(lambda *_: None)
    assert not part.draw
