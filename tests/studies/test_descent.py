"""The study ``descent``: probes against the definition, columns against closed forms, figures."""

from __future__ import annotations

import functools
import math

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.probes.descent import KnownProblems
from suite.report import descent as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, descent
from suite.types import Array, Lab, Measurement, UserError, Weights
from tests.support import HERE

STUDY = STUDIES["descent"]
load = functools.cache(frameworks.load)

TOLERANCE = 2e-5
"""The tolerance relative to the largest value. Six steps in single precision stayed below 1e-6;
clipping by the norm of a single tensor instead of the whole gradient is off by 0.1."""


def noise(framework: str, threshold: float | None) -> tuple[Array, Array, Weights]:
    """Run a small demo and return its losses, the norms of its gradients, and the weights."""
    rng = np.random.default_rng(2)
    weights = tuple(
        (rng.normal(size=(2, i, o)).astype("f"), rng.normal(size=(2, o)).astype("f"))
        for i, o in ((4, 6), (6, 1))
    )
    inputs = rng.normal(size=(2, 6, 8, 4)).astype("f")
    targets = rng.normal(size=(2, 6, 8)).astype("f")
    result: tuple[Array, Array, Weights] = (
        load(framework).probe(KnownProblems).noise("sgd(0.05)", threshold, weights, inputs, targets)
    )
    return result


def arrays(losses: Array, norms: Array, weights: Weights) -> list[Array]:
    """List all arrays of a result of ``noise``."""
    return [losses, norms, *(array for layer in weights for array in layer)]


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("threshold", [None, 1.0])
def test_the_demo_follows_the_definition(framework: str, threshold: float | None) -> None:
    results = arrays(*noise(framework, threshold))
    for measured, exact in zip(results, arrays(*noise("numpy", threshold)), strict=True):
        assert measured.shape == exact.shape
        np.testing.assert_allclose(measured, exact, rtol=0, atol=TOLERANCE * np.abs(exact).max())


def test_clipping_changes_the_second_loss_and_not_the_first() -> None:
    free, clipped = noise("numpy", None), noise("numpy", 1.0)
    assert (free[1][:, 0] > 1).all()  # clipping by norm 1 has an effect
    np.testing.assert_array_equal(free[0][:, 0], clipped[0][:, 0])
    assert not np.allclose(free[0][:, 1], clipped[0][:, 1])


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("optimizer", ["sgd(0.5)", "sgd(0.5,0.9)"])
def test_the_quadratic_follows_the_recurrence(framework: str, optimizer: str) -> None:
    curvatures, start = np.array([0.1, 1.0]), np.array([[1.0, -2.0], [0.5, 3.0]], dtype="f")
    measured, exact = (
        load(name).probe(KnownProblems).quadratic(optimizer, curvatures, start, 60)
        for name in (framework, "numpy")
    )
    assert measured.shape == (61, 2)
    np.testing.assert_allclose(measured, exact, rtol=1e-4)  # 60 roundings of 6e-8 near sign changes


def test_the_recurrence_without_momentum_has_its_closed_form() -> None:
    distances = (
        load("numpy")
        .probe(KnownProblems)
        .quadratic("sgd(0.5)", np.array([0.2]), np.array([[3.0]]), 10)
    )
    np.testing.assert_allclose(distances[:, 0], 3 * 0.9 ** np.arange(11), rtol=1e-12)


def test_the_recurrence_refuses_other_optimizers() -> None:
    with pytest.raises(UserError, match="adam"):
        load("numpy").probe(KnownProblems).quadratic("adam", np.ones(1), np.ones((1, 1)), 1)


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_risk_is_one_plus_the_mean_square(start: float) -> None:
    weights = (
        (np.zeros((1, 2, 3)), np.ones((1, 3))),
        (np.full((1, 3, 1), start), np.zeros((1, 1))),
    )
    inputs = np.ones((1, 5, 2))
    np.testing.assert_allclose(descent.risk(weights, inputs), [1 + (3 * start) ** 2])


def measure(framework: str, case: str) -> Measurement:
    """Measure two seeds of the first stack of a case."""
    chosen = grids.Selection("quick", (framework,), seeds=2)
    stack = next(s for s in grids.stacks(STUDY, chosen) if s.members[0].cell["case"] == case)
    return STUDY.measure(stack, Lab(load(framework), load("numpy"), 0))


@pytest.mark.parametrize("framework", HERE)
def test_the_demo_forgets_its_start_and_clips_some_steps(framework: str) -> None:
    measurement = measure(framework, "noise")
    assert list(measurement.status) == ["ok", "ok"]
    runs, losses = measurement.tables
    assert losses.columns["batch_loss"].shape == (2, descent.STEPS)
    np.testing.assert_allclose(
        runs.columns["first_loss"], losses.columns["batch_loss"][:, :10].mean(axis=1)
    )
    # No network has a risk below 1; training brings it closer to 1.
    assert (runs.columns["final_risk"] >= 1).all()
    assert (runs.columns["final_risk"] < runs.columns["initial_risk"]).all()
    assert (runs.columns["clipped_share"] > 0).all()


def test_the_oracle_takes_the_predicted_steps_on_the_quadratic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are also somewhat fewer than the slowest direction alone would take."""
    monkeypatch.setattr(descent, "LONGEST", 8000)
    columns = measure("numpy", "quadratic").tables[0].columns
    np.testing.assert_array_equal(
        columns["steps_to_millionth"], columns["steps_to_millionth_predicted"]
    )
    # The distance of a start is spread over 50 directions.
    slowest = math.log(descent.NEAR) / math.log((descent.CONDITION - 1) / (descent.CONDITION + 1))
    assert (columns["steps_to_millionth"] < slowest).all()
    assert (columns["steps_to_millionth"] > 0.7 * slowest).all()


def test_an_unsupported_cell_has_its_reason() -> None:
    def reason(**axes: str) -> str | None:
        plain = {"framework": "torch", "case": "quadratic", "optimizer": "sgd(0.1)"}
        return STUDY.unsupported(make_cell(STUDY, {**plain, "clipping": "none", **axes}))

    assert reason() is None
    assert "without clipping" in str(reason(clipping="norm"))
    assert "by norm" in str(reason(case="noise", clipping="value"))
    assert "momentum" in str(reason(optimizer="adam"))


def table(case: str, metric: str, **axes: str) -> pd.DataFrame:
    """Return three rows of descent/steps.csv for one metric."""
    rows = pd.DataFrame({"step": [1, 10, 100], metric: [1.0, 0.5, 0.1], "n": 20})
    for end in ("_low", "_high", "_predicted"):
        rows[f"{metric}{end}"] = rows[metric]
    return rows.assign(framework="torch", case=case, **axes)


def test_a_figure_is_drawn_from_the_rows_of_its_case() -> None:
    paths = table("quadratic", "relative_distance", optimizer=descent.PLAIN)
    assert len(page.quadratic(paths).figure.axes) == 1
    assert "n = 20 seeds" in page.quadratic(paths).caption
    losses = table("noise", "batch_loss", clipping="norm")
    assert len(page.demo(losses).figure.axes) == 1


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="none of its optimizers"):
        page.quadratic(table("quadratic", "relative_distance", optimizer="sgd(0.3)"))
    with pytest.raises(NotDrawn, match="demo on noise"):
        page.demo(table("quadratic", "batch_loss", clipping="none"))
    (part,) = page.parts(lambda *_: None)
    assert not part.draw
