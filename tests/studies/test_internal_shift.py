"""The study ``internal_shift``: the frameworks against the oracle, and the figure."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.frameworks.numpy import Numpy
from suite.planning import grids
from suite.probes.normalized import DeepNetworks
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.report.internal_shift import moved as figure
from suite.studies import internal_shift
from suite.studies.internal_shift import InternalShift, moved
from suite.types import Architecture, Array, Framework, Lab, Measurement, TrainTask, Value, Weights
from tests.support import HERE

POINTS, WIDTH, DEPTH, RATE = 24, 4, 3, 0.3


@functools.cache
def load(name: str) -> Framework:
    return frameworks.load(name)


def start() -> tuple[Weights, Array, Array]:
    """Return a small network with random biases, and data."""
    rng = np.random.default_rng(6)
    model = Architecture(2, WIDTH, DEPTH, 1, "tanh")
    weights = tuple(
        (
            rng.standard_normal(shape).astype(np.float32),
            rng.standard_normal(shape[1]).astype(np.float32),
        )
        for shape in model.shapes
    )
    inputs = rng.standard_normal((POINTS, 2)).astype(np.float32)
    return weights, inputs, (np.linalg.norm(inputs, axis=1) > 1).astype(np.float32)


def trained(weights: Weights, inputs: Array, labels: Array, steps: int) -> list[Weights]:
    """Return weights and gradients after 0 .. steps full batches, trained by the oracle."""
    task = TrainTask(
        Architecture(2, WIDTH, DEPTH, 1, "tanh"),
        f"sgd({RATE})",
        "common",
        tuple((kernel[None], bias[None]) for kernel, bias in weights),
        inputs[None],
        labels[None],
        inputs[None],
        labels[None],
        lambda epoch: np.arange(POINTS)[None],
        POINTS,
        tuple(range(steps + 1)),
    )
    result: list[Weights] = []
    for snapshot in Numpy().train(task):
        for pairs in (snapshot.weights, snapshot.gradients):
            result.append(tuple((kernel[0], bias[0]) for kernel, bias in pairs))
    return result


@pytest.mark.parametrize("name", HERE)
def test_the_gradient_moves_as_in_the_oracle(name: str) -> None:
    """The oracle trains, and computes its gradient again after only the lower layers have moved."""
    weights, inputs, labels = start()
    rest = (weights, inputs, labels, f"sgd({RATE})", 2, 1e-5)
    losses, before, after = load(name).probe(DeepNetworks).shift("tanh", "none", *rest)
    assert before.shape == after.shape == (2, DEPTH - 1, WIDTH, WIDTH)
    assert losses[1] < losses[0]
    history = trained(weights, inputs, labels, 2)
    for step in range(2):
        now, gradients, then = history[2 * step : 2 * step + 3]
        for layer in range(1, DEPTH):
            mixed = (*then[:layer], *now[layer:])
            expected = trained(mixed, inputs, labels, 0)[1][layer][0]
            # Single precision through two steps: 1e-6 of entries of the order of 0.1.
            assert before[step, layer - 1] == pytest.approx(gradients[layer][0], abs=2e-6)
            assert after[step, layer - 1] == pytest.approx(expected, abs=2e-6)
            # A gradient after a step of the layer itself differs.
            moved_layer = (*then[: layer + 1], *now[layer + 1 :])
            wrong = trained(moved_layer, inputs, labels, 0)[1][layer][0]
            assert np.abs(wrong - expected).max() > 1e-3


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_the_gradients_of_all_frameworks_move_equally(normalization: str) -> None:
    weights, inputs, labels = start()
    rest = (weights, inputs, labels, f"sgd({RATE})", 2, 1e-5)
    first, *others = (
        load(name).probe(DeepNetworks).shift("tanh", normalization, *rest) for name in HERE
    )
    for arrays in others:
        for array, other in zip(first, arrays, strict=True):
            assert array == pytest.approx(other, abs=5e-5)
    # gamma and beta are trained too: the second loss is smaller.
    losses = first[0]
    assert losses[1] < losses[0]


def test_moved_returns_the_relative_distance_and_the_cosine() -> None:
    before, after = np.array([[[3.0, 0.0]]]), np.array([[[3.0, 4.0]]])
    distance, cosine = moved(before, after)
    assert distance == pytest.approx(4 / 3)
    assert cosine == pytest.approx(3 / 5)
    distance, cosine = moved(np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))
    assert np.isnan(distance).all()
    assert np.isnan(cosine).all()


def measure(name: str, monkeypatch: pytest.MonkeyPatch) -> Measurement:
    monkeypatch.setattr(internal_shift, "STEPS", 2)
    study = InternalShift()
    chosen: dict[str, tuple[Value, ...]] = {
        "width": (6,),
        "depth": (3,),
        "normalization": ("batch",),
        "activation": ("relu",),
    }
    (stack,) = grids.stacks(study, grids.Selection("quick", (name,), chosen, 2))
    return study.measure(stack, Lab(load(name), load("numpy"), 0))


@pytest.mark.parametrize("name", HERE)
def test_the_study_averages_layers_and_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    measurement = measure(name, monkeypatch)
    assert measurement.status == ["ok", "ok"]
    runs, layers = measurement.tables
    assert list(layers.coordinates["layer"]) == [2, 3]
    for metric in ("shift_distance", "shift_cosine"):
        assert layers.columns[metric].shape == (2, 2)
        assert runs.columns[metric] == pytest.approx(layers.columns[metric].mean(axis=1))
    assert set(runs.columns) == set(InternalShift().tables[0].metrics)


def frame() -> pd.DataFrame:
    """Return internal_shift/layers.csv of both frameworks."""
    rows = [
        {
            "framework": name,
            "activation": "relu",
            "optimizer": "sgd",
            "normalization": normalization,
            "layer": layer,
            "n": 20,
            **{f"shift_distance{end}": 0.1 * layer for end in ("", "_low", "_high")},
        }
        for name in HERE
        for normalization in ("none", "batch")
        for layer in (2, 3)
    ]
    return pd.DataFrame(rows)


def test_the_figure_has_a_panel_for_each_framework() -> None:
    with style():
        drawing = figure(frame())
        assert png(drawing.figure)
    assert [axes.get_title(loc="left") for axes in drawing.figure.axes] == [
        f"{name}, relu, learning rate 0.1" for name in HERE
    ]
    assert np.asarray(drawing.figure.axes[0].get_lines()[0].get_ydata()) == pytest.approx(
        [0.2, 0.3]
    )


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="no such networks"):
        figure(frame().assign(activation="gelu"))
