"""The study ``tutorial``: starts, numbers from the course of training, and tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike
from sklearn.datasets import make_circles  # type: ignore[import-untyped]

from suite import frameworks
from suite.frameworks.numpy import Numpy
from suite.planning import grids
from suite.planning.axes import canonical_value, make_cell
from suite.studies import STUDIES, tutorial
from suite.studies.tutorial import prints, starts, trajectories
from suite.studies.tutorial.prints import comparison
from suite.types import Architecture, Array, Lab, Member, Stack, Weights

STUDY = STUDIES["tutorial"]
SHAPES = Architecture(2, 5, 4, 1, "tanh")


def stack_of(framework: str = "numpy", seeds: int = 2, **values: str) -> Stack:
    chosen = {"activation": "sigmoid", "initializer": "normal(1)", **values}
    texts = [f"{axis}={value}" for axis, value in chosen.items()]
    overrides = grids.parse_overrides(texts, [STUDY])
    stacks = grids.stacks(STUDY, grids.Selection("quick", (framework,), overrides, seeds=seeds))
    return next(stack for stack in stacks if dict(stack.shared)["depth"] == 4)


def member(case: str, seed: int = 0) -> Member:
    cell = stack_of(case=case).members[0].cell
    return Member(cell, seed)


def lab_of(name: str) -> Lab:
    return Lab(frameworks.load(name), Numpy(), 0)


# --- starts ------------------------------------------------------------------------------------


def forward(weights: Weights, points: Array, function: str) -> Array:
    """Return the logits, computed layer by layer."""
    hidden = points
    for kernel, bias in weights[:-1]:
        z = hidden @ kernel.astype(float) + bias
        hidden = np.tanh(z) if function == "tanh" else 1 / (1 + np.exp(-z))
    return np.asarray(hidden @ weights[-1][0].astype(float) + weights[-1][1])


def test_a_sigmoid_network_can_start_as_a_tanh_network() -> None:
    """Float32 weights have errors of 6e-8 in sums of some 20 through four layers; wrong biases or a
    missing factor of 2 move logits by at least 0.1."""
    rng = np.random.default_rng(3)
    weights = tuple(
        (rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[1]).astype(np.float32))
        for shape in SHAPES.shapes
    )
    points = rng.normal(size=(200, 2))
    expected = forward(weights, points, "tanh")
    sigmoid = starts.as_tanh(weights)
    assert [kernel.dtype for kernel, _ in sigmoid] == [np.float32] * 5
    assert np.abs(forward(sigmoid, points, "sigmoid") - expected).max() < 2e-5
    pairs = zip(sigmoid, weights, strict=True)
    unbiased = tuple((kernel, bias) for (kernel, _), (_, bias) in pairs)
    halved = ((sigmoid[0][0] / 2, sigmoid[0][1]), *sigmoid[1:])
    for wrong in (weights, unbiased, halved):
        assert np.abs(forward(wrong, points, "sigmoid") - expected).max() > 0.1


@pytest.mark.parametrize("framework", ["numpy", "torch", "tensorflow"])
def test_a_shared_initializer_repeats_the_kernel_of_a_shape(framework: str) -> None:
    lab = lab_of(framework)
    shared = [kernel for kernel, _ in starts.start(member("shared_initializer"), lab, SHAPES)]
    independent = [kernel for kernel, _ in starts.start(member("independent"), lab, SHAPES)]
    for layer in (2, 3):
        np.testing.assert_array_equal(shared[layer], shared[1])
        assert not np.array_equal(independent[layer], independent[1])
    other = starts.start(member("shared_initializer", seed=1), lab, SHAPES)
    assert not np.array_equal(other[1][0], shared[1])


def test_the_data_are_the_published_ones_whatever_the_root_seed() -> None:
    """The listing seeds NumPy's global generator with 42 and draws the points first."""
    state = np.random.get_state()  # noqa: NPY002  (the listing uses the old generator)
    try:
        np.random.seed(42)  # noqa: NPY002
        inputs, labels = make_circles(n_samples=1000, factor=0.5, noise=0.1)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    for root in (0, 1):
        stack = stack_of(case="independent")
        task = starts.tutorial_task(stack, Lab(Numpy(), Numpy(), root), (0,))
        np.testing.assert_array_equal(task.inputs[0], inputs.astype(np.float32))
        np.testing.assert_array_equal(task.labels[0], labels.astype(np.float32))


def test_all_seeds_share_the_data_set_and_differ_in_batch_order() -> None:
    stack = stack_of(case="independent")
    task = starts.tutorial_task(stack, lab_of("numpy"), (0,))
    np.testing.assert_array_equal(task.inputs[0], task.inputs[1])
    assert not np.array_equal(task.order(1)[0], task.order(1)[1])
    assert task.labels.mean() == 0.5
    assert not any(bias.any() for _, bias in task.weights)


def test_the_case_as_tanh_is_unsupported_except_for_sigmoid() -> None:
    cell = member("as_tanh").cell
    assert STUDY.unsupported(cell) is None
    values = tuple((a, "relu" if a == "activation" else v) for a, v in cell.values)
    assert "sigmoid" in str(STUDY.unsupported(replace(cell, values=values)))


def test_a_stack_has_a_hundred_seeds_of_one_program() -> None:
    stacks = grids.stacks(STUDY, grids.Selection("standard", ("torch",)))
    adam = [dict(s.shared) for s in stacks if dict(s.shared)["optimizer"] == "adam"]
    counts = Counter((shared["activation"], shared["depth"]) for shared in adam)
    assert counts == {("relu", 1): 2, ("sigmoid", 1): 2, ("sigmoid", 3): 2, ("linear", 1): 1}


# --- numbers from the course of training -------------------------------------------------------


def columns(**given: ArrayLike) -> dict[str, Array]:
    """Return statistics of one member, (1, epochs, layers); those not given are 1."""
    epochs, layers = np.shape(next(iter(given.values())))
    names = ("weight_mean", "weight_std", "gradient_mean", "gradient_mean_abs", "gradient_std")
    return {name: np.array([given.get(name, np.ones((epochs, layers)))]) for name in names}


def test_the_metrics_of_gradients_are_medians_over_epochs() -> None:
    size = [[1.0, 10.0], [2.0, 40.0], [3.0, 20.0]]
    metrics = trajectories.gradients(
        columns(
            gradient_mean_abs=size,
            gradient_mean=[[0.5, -10.0], [-0.2, 40.0], [0.3, 20.0]],
            gradient_std=[[0.1, 4.0], [0.4, 9.0], [0.3, 1.0]],
        )
    )
    assert metrics["gradient_decay"] == 20 / 2
    np.testing.assert_allclose(metrics["signed_share_first"], 0.1)
    assert metrics["signed_share_last"] == 1
    np.testing.assert_allclose(metrics["gradient_std_typical"], np.sqrt(0.3 * 4))
    assert metrics["gradient_left_first"] == 2
    assert metrics["gradient_left_last"] == 2


def test_a_network_with_zero_gradients_has_nan_without_a_warning() -> None:
    zeros = np.zeros((12, 2))
    dead = columns(gradient_mean_abs=zeros, gradient_mean=zeros, gradient_std=zeros)
    metrics = trajectories.gradients(dead)
    assert np.isnan(metrics["signed_share_first"]).all()
    assert metrics["gradient_std_typical"] == 0


def test_late_moves_of_means_and_rises_of_deviations_are_measured() -> None:
    epochs = 101
    mean = np.zeros((epochs, 2))
    mean[5:, 0] = 0.2  # early, and constant afterwards
    mean[50:, 1] = -0.6  # late
    std = np.ones((epochs, 2))
    std[-1] = [1.5, 1.2]
    metrics = trajectories.spreads(columns(weight_mean=mean, weight_std=std))
    np.testing.assert_allclose(metrics["mean_moved_late"], 3)
    np.testing.assert_allclose(metrics["std_rise_first"], 0.5)
    np.testing.assert_allclose(metrics["std_rise_lead"], 0.3)


def test_movement_is_relative_to_the_start() -> None:
    before = ((np.full((1, 2, 2), 3.0), np.zeros((1, 2))), (np.ones((1, 2, 1)), np.zeros((1, 1))))
    after = ((np.full((1, 2, 2), 6.0), np.ones((1, 2))), (np.zeros((1, 2, 1)), np.ones((1, 1))))
    metrics = trajectories.movement(before, after)
    assert metrics["movement_first"] == metrics["movement_last"] == 1


def test_only_networks_that_the_tutorial_trains_are_compared_with_its_prints() -> None:
    cells = [m.cell for m in stack_of(case="independent,as_tanh", seeds=1).members]
    assert [cell["case"] for cell in cells] == ["independent", "as_tanh"]
    metrics = prints.comparison(cells, np.array([0.578, 0.6]), np.array([0.6751, 0.7]))
    assert metrics["within_print"][0] == 1
    assert metrics["loss_within_print"][0] == 0
    assert metrics["within_print_again"][0] == 0
    np.testing.assert_allclose(metrics["accuracy_over_print"][0], -0.01)
    assert all(np.isnan(column[1]) for column in metrics.values())
    assert prints.comparison(cells[1:], np.array([0.6]), np.array([0.7])) == {}


# --- a whole stack -----------------------------------------------------------------------------


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_a_stack_measures_every_table(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its gradients are those of the oracle: float32 through four layers has relative errors of
    1e-6, and the gradients of another batch differ much more."""
    monkeypatch.setattr(tutorial, "EPOCHS", 11)
    monkeypatch.setattr(tutorial, "FIT_EPOCHS", 1)
    lab = lab_of(framework)
    stack = stack_of(framework, case="independent,as_tanh")
    measurement = STUDY.measure(stack, lab)
    assert list(measurement.status) == ["ok"] * 4
    tables = {table.name: table for table in measurement.tables}
    for spec in STUDY.tables:
        table = tables[spec.name]
        assert tuple(table.coordinates) == spec.coordinates
        lengths = tuple(len(values) for values in table.coordinates.values())
        assert set(table.columns) <= set(spec.metrics)
        for column in table.columns.values():
            assert column.shape == (4, *lengths)
    runs, fitted = tables["runs"].columns, tables["fits"].columns
    assert set(runs) == set(STUDY.tables[0].metrics)
    as_tanh = np.array([m.cell["case"] == "as_tanh" for m in stack.members])
    assert (runs["start_gap"][as_tanh] < 1e-4).all()
    assert np.isnan(runs["start_gap"][~as_tanh]).all()
    assert (np.isnan(fitted["fit_loss"]) == as_tanh).all()
    assert (fitted["fit_deviation"][~as_tanh] < 1e-4).all()
    first = starts.tutorial_task(stack, lab, (0,))
    (exact,) = Numpy().train(first)
    sizes = np.stack([np.abs(kernel).mean(axis=(1, 2)) for kernel, _ in exact.gradients], axis=1)
    measured = tables["layers"].columns["gradient_mean_abs"][:, 0]
    np.testing.assert_allclose(measured, sizes, rtol=1e-3)
    (whole,) = Numpy().train(replace(first, gradients_on="all"))
    other = np.stack([np.abs(kernel).mean(axis=(1, 2)) for kernel, _ in whole.gradients], axis=1)
    assert (np.abs(measured / other - 1) > 1e-2).any()


@pytest.mark.parametrize(
    ("more", "within"), [(0.0, 1.0), (0.01, 1.0), (-0.01, 1.0), (0.011, 0.0), (-0.011, 0.0)]
)
def test_a_print_is_reproduced_within_ten_points_of_a_thousand(more: float, within: float) -> None:
    cells = [
        make_cell(
            STUDIES["tutorial"],
            {
                "framework": "torch",
                "activation": "sigmoid",
                "initializer": canonical_value("initializer", "normal(1)"),
                "depth": 4,
                "width": 5,
                "optimizer": canonical_value("optimizer", "rmsprop"),
                "case": "independent",
            },
        )
    ]
    columns = comparison(cells, np.array([0.588 + more]), np.array([0.665 + more]))
    assert columns["within_print"].tolist() == [within]
    assert columns["loss_within_print"].tolist() == [within]
    columns = comparison(cells, np.array([0.652 + more]), np.array([0.0]))
    assert columns["within_print_again"].tolist() == [within]
