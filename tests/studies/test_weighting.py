"""The study ``weighting``: the frameworks against the definition, columns, the figure."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.frameworks.numpy import Numpy
from suite.planning import grids
from suite.probes.weighted import WeightedTraining
from suite.report import weighting as page
from suite.report.common.drawing import NotDrawn
from suite.studies import weighting
from suite.studies.weighting import Weighting
from suite.theory import shift as theory
from suite.types import Array, Lab, Measurement, Stack, UserError, Weights

LAYERS = ((2, 5), (5, 4), (4, 1))
RECORD = (1, 4, 9)


def task() -> tuple[Weights, Array, Array, Array, Array]:
    """Return two small networks with biases, 12 points with weights from 0 to 6, and 7 test
    points."""
    rng = np.random.default_rng(8)
    weights = tuple(
        (
            rng.standard_normal((2, *shape)).astype(np.float32),
            rng.standard_normal((2, shape[1])).astype(np.float32),
        )
        for shape in LAYERS
    )
    inputs = rng.standard_normal((2, 12, 2)).astype(np.float32)
    labels = rng.integers(0, 2, (2, 12)).astype(np.float32)
    importance = (rng.random((2, 12)) * 6 * (rng.random((2, 12)) > 0.2)).astype(np.float32)
    return weights, inputs, labels, importance, rng.standard_normal((2, 7, 2)).astype(np.float32)


@pytest.mark.parametrize("name", ["torch", "tensorflow"])
def test_frameworks_take_the_steps_of_the_definition(name: str) -> None:
    """In nine steps of single precision relative errors of 1e-6 grow to about 1e-5. Without the
    weights, or divided by their sum, the results differ much more."""
    arguments = task()
    logits = frameworks.load(name).probe(WeightedTraining).train("sgd(0.05)", *arguments, RECORD)
    exact = Numpy().probe(WeightedTraining).train("sgd(0.05)", *arguments, RECORD)
    assert logits.shape == (2, 3, 7)
    assert logits == pytest.approx(exact, rel=1e-3, abs=1e-4)
    weights, inputs, labels, importance, points = arguments
    for planted in (np.ones_like(importance), importance / importance.mean(axis=1, keepdims=True)):
        other = (
            Numpy()
            .probe(WeightedTraining)
            .train("sgd(0.05)", weights, inputs, labels, planted, points, RECORD)
        )
        assert np.abs(other - logits)[:, -1].max() > 0.01


def test_the_definition_descends_its_own_loss() -> None:
    """One tiny step lowers the weighted loss as its difference quotients predict."""
    weights, inputs, labels, importance, _ = task()
    rate = 1e-6

    def loss(parameters: Weights) -> Array:
        hidden = inputs.astype(np.float64)
        for kernel, bias in parameters[:2]:
            hidden = np.maximum(hidden @ kernel.astype(np.float64) + bias[:, None], 0)
        kernel, bias = parameters[2]
        logits = (hidden @ kernel.astype(np.float64) + bias[:, None])[..., 0]
        return np.asarray((importance * (np.logaddexp(0, logits) - labels * logits)).mean(axis=1))

    # Logits on the training points after one step give the loss after it.
    after = (
        Numpy()
        .probe(WeightedTraining)
        .train(f"sgd({rate})", weights, inputs, labels, importance, inputs, (1,))[:, 0]
    )
    stepped = (importance * (np.logaddexp(0, after) - labels * after)).mean(axis=1)
    decrease = (loss(weights) - stepped) / rate
    squares = np.zeros(2)
    for place in range(3):
        for part in range(2):
            for index in np.ndindex(weights[place][part].shape[1:]):
                moved = [[np.array(p, dtype=np.float64) for p in layer] for layer in weights]
                moved[place][part][(slice(None), *index)] += 1e-6
                nudged = tuple((kernel, bias) for kernel, bias in moved)
                squares += ((loss(nudged) - loss(weights)) / 1e-6) ** 2
    assert decrease == pytest.approx(squares, rel=1e-3)


def test_the_definition_refuses_other_optimizers() -> None:
    for name in ("adam", "sgd(0.1,0.9)"):
        with pytest.raises(UserError, match="no definition"):
            Numpy().probe(WeightedTraining).train(name, *task(), RECORD)


def test_the_best_boundary_moves_by_the_log_of_the_weight() -> None:
    """At the moved boundary the weighted posterior is 1/2."""
    move = theory.boundary_move(0.25, 0.5, 50.0, 3.0)
    odds = math.exp(-((move - 0.25) ** 2) / 0.5 + (move + 0.25) ** 2 / 0.5)
    assert 50 / odds == pytest.approx(1)
    assert theory.boundary_move(0.01, 0.5, 50.0, 3.0) == 3.0


def stack_of(seeds: int) -> Stack:
    selection = grids.Selection("standard", ("numpy",), {}, seeds)
    (stack,) = grids.stacks(Weighting(), selection)
    return stack


@pytest.fixture(scope="module")
def measurement() -> Measurement:
    return Weighting().measure(stack_of(2), Lab(Numpy(), Numpy(), 1))


def test_the_effects_are_those_of_the_first_and_last_steps(measurement: Measurement) -> None:
    runs, steps = (table.columns for table in measurement.tables)
    effect = steps["positive_share"] - steps["positive_share_unweighted"]
    assert np.array_equal(runs["early_weight_effect"], effect[:, 0])
    assert np.array_equal(runs["late_weight_effect"], effect[:, -1])
    separable = np.array([m.cell["case"] == "apart" for m in stack_of(2).members])
    assert (runs["fitted_share"][separable] == 1).all()
    assert (runs["fitted_share"][~separable] < 1).all()
    assert list(measurement.status) == ["ok"] * 4


def test_data_follow_the_seed_and_the_root() -> None:
    first, second, *_ = stack_of(2).members
    sets = [weighting.data(*key) for key in ((first, 0), (first, 0), (second, 0), (first, 1))]
    assert all(np.array_equal(a, b) for a, b in zip(sets[0], sets[1], strict=True))
    assert not np.array_equal(sets[0][0], sets[2][0])
    assert not np.array_equal(sets[0][0], sets[3][0])


def test_the_figure_shows_the_steps_and_names_what_is_missing(
    measurement: Measurement,
) -> None:
    columns = measurement.tables[1].columns
    data: dict[str, object] = {
        "framework": "numpy",
        "case": "apart",
        "step": weighting.RECORD,
        "n": 20,
    }
    for name, values in columns.items():
        for end in ("", "_low", "_high"):
            data[name + end] = values[0]
    rows = pd.DataFrame(data)
    drawing = page.fading(rows)
    assert "n = 20 seeds" in drawing.caption
    drawn = [np.asarray(line.get_ydata()) for line in drawing.figure.axes[0].lines]
    assert any(np.array_equal(y, columns["positive_share"][0]) for y in drawn)
    with pytest.raises(NotDrawn, match="did not measure"):
        page.fading(rows.drop(columns="positive_share"))
    with pytest.raises(NotDrawn, match="none of its cases"):
        page.fading(rows.assign(case="another"))
