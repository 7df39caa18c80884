"""The study ``correlations``: its inputs, statistics, theory, planted defects and figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from suite import frameworks
from suite.report import correlations as page
from suite.report.common.drawing import NotDrawn, style
from suite.studies import correlations
from suite.studies.correlations import PAIRS, STARTS, Correlations
from suite.types import Lab, Stack, Value
from tests.support import measured

STUDY = Correlations()
TANH: measured.Axes = {"activation": "tanh", "initializer": "lecun_normal", "depth": 4, "width": 64}


def one_stack(framework: str, seeds: int, **axes: Value | Sequence[Value]) -> Stack:
    (stack,) = measured.stacks(STUDY, framework, seeds, {**TANH, **axes})
    return stack


def test_the_inputs_of_a_pair_have_the_cosine_of_their_start() -> None:
    stack = one_stack("numpy", 1, case="order")
    lab = Lab(frameworks.load("numpy"), frameworks.load("numpy"), 0)
    inputs, cotangent = correlations.batch(stack.members[0], lab)
    x = inputs.astype(np.float64).reshape(len(STARTS), 2, PAIRS, 64)
    # Single precision: 6e-8 for each of 64 products.
    assert np.mean(x**2, axis=-1) == pytest.approx(np.ones((len(STARTS), 2, PAIRS)), abs=1e-6)
    cosine = np.mean(x[:, 0] * x[:, 1], axis=-1)
    assert cosine == pytest.approx(np.repeat(STARTS, PAIRS).reshape(cosine.shape), abs=1e-6)
    assert (cotangent == cotangent[0]).all()


@pytest.mark.parametrize("framework", measured.BOTH)
def test_a_framework_measures_the_cosines_that_the_oracle_gives(framework: str) -> None:
    stack = one_stack(framework, 1, case=("order", "chaos"))
    measurement = measured.measure(STUDY, stack)
    measured.complete(STUDY, measurement, 2)
    lab = Lab(frameworks.load(framework), frameworks.load("numpy"), 0)
    member = stack.members[1]
    assert member.cell["case"] == "chaos"
    drawn = correlations._draw(member, lab)
    assert np.std(drawn[0][1]) == pytest.approx(1.0, abs=0.45)  # 64 values: 5 standard errors
    weights = [(np.sqrt(2.5) * kernel, np.sqrt(0.05) * bias) for kernel, bias in drawn]
    (signal,) = lab.oracle.propagate(("tanh",), tuple(weights), *correlations.batch(member, lab))
    for metric, values in (
        ("correlation", signal.preactivation),
        ("gradient_cosine", signal.gradient),
    ):
        column = measured.column(measurement, "pairs", metric)
        for layer in range(4):
            for start in range(len(STARTS)):
                first = values[layer][2 * PAIRS * start :][:PAIRS]
                other = values[layer][2 * PAIRS * start + PAIRS :][:PAIRS]
                slow = np.mean(
                    [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(first, other, strict=True)]
                )
                # Single precision through four layers.
                assert column[1, layer, start] == pytest.approx(slow, abs=1e-5)


def test_trajectories_follow_theory_and_show_a_wrong_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    """With eight seeds of 128 units the mean of a correlation is off by about 0.02 / sqrt(8)."""
    stack = one_stack("numpy", 8, case="chaos", width=128, depth=8)

    def largest_error() -> float:
        measurement = measured.measure(STUDY, stack)
        mean = measured.column(measurement, "pairs", "correlation").mean(axis=0)
        predicted = measured.column(measurement, "pairs", "correlation_predicted")[0]
        return float(np.abs(mean - predicted).max())

    assert largest_error() < 0.04
    # Biases with the variance in place of the standard deviation: 0.05 becomes 0.0025.
    scaled = correlations._scaled
    monkeypatch.setattr(
        correlations,
        "_scaled",
        lambda cell, drawn: tuple((k, b * np.float32(0.05**0.5)) for k, b in scaled(cell, drawn)),
    )
    assert largest_error() > 0.06


def test_a_correlation_length_is_measured_only_where_it_is_short() -> None:
    stack = one_stack("numpy", 2, case=("order", "edge", "chaos"), width=256, depth=40)
    measurement = measured.measure(STUDY, stack)
    length = measured.column(measurement, "runs", "correlation_length").reshape(3, 2)
    expected = measured.column(measurement, "runs", "correlation_length_predicted").reshape(3, 2)
    # One network of 256 units is off by a few percent; half or double would be a wrong slope.
    assert length[0] == pytest.approx(expected[0], rel=0.2)
    assert np.isnan(length[1:]).all()
    assert np.isnan(expected[1:]).all()


def test_the_figures_show_the_tables_and_name_what_is_missing(tmp_path: Path) -> None:
    relu: measured.Axes = {"activation": "relu", "case": "he", "depth": (2, 4)}
    chosen = [one_stack("numpy", 2, case=("order", "chaos"))]
    chosen += measured.stacks(STUDY, "numpy", 2, {**TANH, **relu})
    tables = measured.written(tmp_path, STUDY, chosen)
    (part,) = page.parts(tables)
    with style():
        trajectories, shattering = (draw() for draw in part.draw)
    assert (trajectories.name, shattering.name) == ("correlations", "shattered_gradients")
    pairs, runs = tables("correlations/pairs.csv"), tables("correlations/runs.csv")
    assert pairs is not None
    assert runs is not None
    chaos = pairs[(pairs["case"] == "chaos") & (pairs["start"] == 0.5)]
    for metric in ("correlation", "correlation_predicted"):
        assert measured.shows(trajectories, chaos[metric])
    shattered = runs[runs["case"] == "he"].groupby("depth")
    for metric in ("first_gradient_cosine", "first_gradient_cosine_predicted"):
        assert measured.shows(shattering, shattered[metric].median())
    assert measured.shows(shattering, [1 / 4, 1 / 8, 1 / 16])
    with pytest.raises(NotDrawn, match="activation tanh"):
        page.trajectories(pairs[pairs["activation"] == "relu"])
    with pytest.raises(NotDrawn, match="did not measure"):
        page.shattering(pairs)
    assert not page.parts(lambda path, *required: None)[0].draw
