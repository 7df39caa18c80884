"""The study ``symmetry``: starts, measures of equality, small stacks, and the figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.planning.axes import make_cell
from suite.report import symmetry as page
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.studies import STUDIES, symmetry
from suite.studies.symmetry import starts, units
from suite.types import (
    Architecture,
    Array,
    Lab,
    Measurement,
    Member,
    Stack,
    UserError,
    Value,
    Weights,
)
from tests.support import HERE

STUDY = STUDIES["symmetry"]
MODEL = Architecture(4, 9, 2, 1, "relu")
ORACLE = frameworks.load("numpy")


def member(case: str, seed: int = 0, scale: float = 1.0, **changes: Value) -> Member:
    """Return a run with two hidden layers of 9 units (sqrt(9) is a whole number)."""
    values: dict[str, Value] = {
        "framework": "numpy",
        "activation": "tanh",
        "depth": 2,
        "width": 9,
        "optimizer": "sgd",
        "dropout": 0.0,
        "precision": "double",
        "scale": scale,
        "case": case,
    }
    return Member(make_cell(STUDY, values | changes), seed)


def start(case: str, seed: int = 0, scale: float = 1.0) -> Weights:
    return starts.start(0, member(case, seed, scale), MODEL)


def batched(weights: Weights) -> Weights:
    """Add the leading axis of a stack of one."""
    return tuple((kernel[None], bias[None]) for kernel, bias in weights)


def logits(weights: Weights, inputs: Array) -> Array:
    """Return the logits of a ReLU network with kernels (fan_in, fan_out), by the definition."""
    for kernel, bias in weights[:-1]:
        inputs = np.maximum(inputs @ kernel + bias, 0.0)
    return np.asarray((inputs @ weights[-1][0] + weights[-1][1])[:, 0])


# --- starts and data ---------------------------------------------------------------------------


def test_every_start_follows_the_rule_of_its_case() -> None:
    for kernel, bias in start("constant", scale=0.0):
        assert set(kernel.ravel()) == {0.5}
        assert not bias.any()
    for kernel, bias in start("zeros"):
        assert not kernel.any()
        assert not bias.any()
    for (kernel, bias), bound in zip(start("biases"), (1 / 2, 1 / 3, 1 / 3), strict=True):
        assert set(kernel.ravel()) == {0.5}
        assert 0 < np.abs(bias).max() <= bound
    for kernel, bias in start("line_zeros"):
        assert kernel.std() > 0
        assert not bias.any()
    for (kernel, bias), (other, _) in zip(start("line_random"), start("random"), strict=True):
        assert bias.std() > 0 or bias.size == 1
        assert not np.array_equal(kernel, other)
    with pytest.raises(UserError, match="no start"):
        starts._layer(np.random.default_rng(0), "ones", 1.0, (2, 2), 1)


def test_larger_noise_is_a_multiple_of_the_same_draw() -> None:
    """So the effect of the size of the noise is not confounded with that of the draw."""
    small, large = start("constant", scale=1e-4), start("constant", scale=1e-2)
    for (small_kernel, _), (large_kernel, _) in zip(small, large, strict=True):
        np.testing.assert_allclose(100 * (small_kernel - 0.5), large_kernel - 0.5, rtol=1e-9)
        assert 0.3 < np.std(large_kernel - 0.5) / 1e-2 < 3  # 9 to 81 draws


def test_starts_differ_only_by_seed() -> None:
    for case in ("random", "biases", "line_random"):
        first, other_seed = start(case, 1), start(case, 2)
        other_activation = starts.start(0, member(case, 1, activation="relu"), MODEL)
        for layer, same, other in zip(first, other_activation, other_seed, strict=True):
            for a, b in zip(layer, same, strict=True):
                np.testing.assert_array_equal(a, b)
            assert not np.array_equal(layer[0], other[0]) or case == "biases"


def test_the_slab_is_cut_by_two_units_and_by_no_half_space() -> None:
    """On 1,000 points the best half-space in the direction of the slab has an accuracy of
    0.841 +- 0.012; the test allows four standard deviations."""
    inputs, labels = starts.data(0, 0, "constant", "heldout")
    coordinate = (inputs[:, 0] + inputs[:, 1]) / math.sqrt(2)
    inside = (coordinate > -0.3) & (coordinate < 1.0)
    np.testing.assert_array_equal(labels, inside.astype(np.float32))
    best = max(np.mean((coordinate > cut) == (labels == 1)) for cut in np.linspace(-2, 2, 401))
    assert abs(best - starts.HALF_SPACE) < 0.05
    assert abs(starts.HALF_SPACE - 0.8413) < 1e-4  # Phi(1), from a table


def test_the_line_has_five_boundaries_and_one_input() -> None:
    inputs, labels = starts.data(0, 0, "line_zeros", "heldout")
    assert not inputs[:, 1:].any()
    ordered = labels[np.argsort(inputs[:, 0])]
    assert np.count_nonzero(np.diff(ordered)) == 5
    other, _ = starts.data(0, 0, "line_random", "heldout")
    np.testing.assert_array_equal(inputs, other)  # both cases have the same data
    train, _ = starts.data(0, 0, "line_zeros", "train")
    assert len(train) == starts.POINTS


def test_a_permuted_network_computes_the_same_function() -> None:
    plain, moved = start("random"), start("permuted")
    inputs = np.random.default_rng(0).normal(size=(9, 4))
    assert not np.allclose(plain[0][0], moved[0][0])
    np.testing.assert_allclose(logits(plain, inputs), logits(moved, inputs), rtol=1e-12)
    places = starts.orders(0, member("permuted"), MODEL)
    assert all(sorted(order) == list(range(9)) for order in places)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_a_relu_network_with_equal_units_computes_its_merged_network(power: float) -> None:
    """Biases are included, equal within each layer; the merged network has one unit per layer."""
    tied = tuple((kernel, np.full_like(bias, 0.1)) for kernel, bias in start("constant", scale=0.0))
    merged = starts.merge(batched(tied), power)
    assert [kernel.shape for kernel, _ in merged] == [(1, 4, 1), (1, 1, 1), (1, 1, 1)]
    inputs = np.random.default_rng(0).normal(size=(9, 4))
    single = tuple((kernel[0], bias[0]) for kernel, bias in merged)
    np.testing.assert_allclose(logits(single, inputs), logits(tied, inputs), rtol=1e-12)


def test_another_power_raises() -> None:
    with pytest.raises(ValueError, match="power"):
        starts.merge(batched(start("zeros")), 2.0)


# --- measures ----------------------------------------------------------------------------------


def test_the_unit_spread_includes_every_kind_of_weight() -> None:
    tied = start("constant", scale=0.0)
    assert units.unit_spread(batched(tied)) == [0.0]
    assert units.unit_spread(batched(start("zeros"))) == [0.0]
    for layer, part, index in (
        (0, 0, (2, 3)),
        (0, 1, 3),
        (1, 0, (3, 2)),
        (1, 1, 5),
        (2, 0, (4, 0)),
    ):
        moved = [[kernel.copy(), bias.copy()] for kernel, bias in tied]
        moved[layer][part][index] += 0.005
        spread = units.unit_spread(batched(tuple((k, b) for k, b in moved)))
        assert spread[0] == pytest.approx(0.005 / max(0.5, moved[layer][part][index]))


def test_the_largest_weight_excludes_the_output_bias() -> None:
    weights = [[kernel.copy(), bias.copy()] for kernel, bias in start("zeros")]
    weights[-1][1][0] = 9.0
    assert units.largest(batched(tuple((k, b) for k, b in weights))) == [0.0]
    weights[1][1][2] = -3.0
    assert units.largest(batched(tuple((k, b) for k, b in weights))) == [3.0]


# --- the study ---------------------------------------------------------------------------------


def small_stack(name: str, cases: tuple[tuple[str, float], ...], **changes: Value) -> Stack:
    """Return two seeds of each case with one hidden layer of 9 units."""
    common: dict[str, Value] = {"framework": name, "depth": 1, **changes}
    members = tuple(member(case, seed, scale, **common) for case, scale in cases for seed in (0, 1))
    shared = tuple(pair for pair in members[0].cell.values if pair[0] not in STUDY.within)
    return Stack("symmetry", name, shared, members)


CASES = (("constant", 0.0), ("constant", 0.01), ("zeros", 1.0), ("random", 1.0), ("permuted", 1.0))


def measured(stack: Stack) -> tuple[Measurement, dict[str, Array]]:
    lab = Lab(frameworks.load(stack.framework), ORACLE, 0)
    measurement = STUDY.measure(stack, lab)
    return measurement, dict(measurement.tables[0].columns)


@pytest.mark.parametrize("name", HERE)
def test_a_small_stack_has_the_columns_of_the_oracle(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three epochs in double precision the columns agree to 1e-9, except those that measure
    rounding, which may differ."""
    monkeypatch.setattr(symmetry, "RECORD", (0, 1, 3))
    exact = measured(small_stack("numpy", CASES))[1]
    measurement, columns = measured(small_stack(name, CASES))
    assert set(measurement.status) == {"ok"}
    assert set(columns) == set(STUDY.tables[0].metrics)
    rounding = ("unit_spread_roundings", "units_equal", "permuted_gap", "one_unit_gap")
    for metric in set(columns) - set(rounding):
        np.testing.assert_allclose(
            columns[metric], exact[metric], rtol=1e-9, atol=1e-9, err_msg=metric
        )
    tied, zeros = columns["unit_spread"][:2], columns["hidden_gradient"][4:6]
    assert (tied < 1e-13).all()
    assert (columns["unit_spread"][2:4] > 1e-3).all()
    np.testing.assert_array_equal(zeros, [0.0, 0.0])
    np.testing.assert_array_equal(columns["unit_rank"][:2], [1.0, 1.0])
    np.testing.assert_array_equal(columns["largest_weight"][4:6], [0.0, 0.0])
    assert (columns["permuted_gap"][8:] < 1e-12).all()
    assert np.isnan(columns["permuted_gap"][:8]).all()
    epochs = measurement.tables[1]
    assert epochs.columns["unit_spread"].shape == (10, 3)


@pytest.mark.parametrize("name", HERE)
def test_only_a_relu_network_descends_as_its_merged_network(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Descent on 9 equal ReLU units is descent on one unit from sqrt(9) times the start; descent on
    tanh units is not."""
    monkeypatch.setattr(symmetry, "RECORD", (0, 1, 2))
    gaps = {
        activation: measured(small_stack(name, (("constant", 0.0),), activation=activation))[1][
            "one_unit_gap"
        ]
        for activation in ("relu", "tanh")
    }
    assert (gaps["relu"] < 1e-12).all()
    assert (gaps["tanh"] > 0.01).all()


def test_dropout_makes_units_differ_unless_they_start_at_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(symmetry, "RECORD", (0, 1))
    cases = (("constant", 0.0), ("zeros", 1.0))
    columns = measured(small_stack("torch", cases, dropout=0.5, precision="single"))[1]
    assert (columns["unit_spread"][:2] > 0.01).all()
    np.testing.assert_array_equal(columns["unit_spread"][2:], [0.0, 0.0])


def test_a_network_that_diverges_is_a_row_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symmetry, "RECORD", (0, 1))
    stack = small_stack("numpy", (("constant", 0.0), ("constant", 1e200)), activation="linear")
    measurement, columns = measured(stack)
    assert list(measurement.status) == ["ok", "ok", "diverged", "diverged"]
    assert np.isfinite(columns["unit_spread"][:2]).all()


def test_negative_noise_is_unsupported() -> None:
    assert STUDY.unsupported(member("constant", scale=-1.0).cell)
    assert STUDY.unsupported(member("constant", scale=0.0).cell) is None


def test_cost_grows_with_the_stack() -> None:
    small, large = small_stack("torch", CASES[:1]), small_stack("torch", CASES)
    assert 0 < STUDY.cost(small).seconds < STUDY.cost(large).seconds


# --- the page ----------------------------------------------------------------------------------


def small_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return epochs.csv and runs.csv with two starts in one framework."""
    cells = [
        dict(page._TANH, framework="torch", scale=scale, case="constant") for scale in (0.0, 1e-6)
    ]
    epochs = [
        {
            **cell,
            "epoch": epoch,
            "n": 20,
            **dict.fromkeys(
                ("unit_spread", "unit_spread_low", "unit_spread_high"), cell["scale"] * 10 * epoch
            ),
        }
        for cell in cells
        for epoch in (0, 10, 20)
    ]
    runs = [
        {**cell, "seed": seed, "heldout_accuracy": 0.7 + 0.01 * seed}
        for cell in cells
        for seed in range(5)
    ]
    return pd.DataFrame(epochs), pd.DataFrame(runs)


def test_the_figures_show_the_spreads_and_the_starts() -> None:
    epochs, runs = small_tables()
    with style():
        first, second = page.spread(epochs), page.learned(runs)
        assert len(png(first.figure)) > 10_000
        assert len(png(second.figure)) > 10_000
    (axes,) = first.figure.axes
    flat, noisy = axes.lines[0].get_ydata(), axes.lines[1].get_ydata()
    np.testing.assert_array_equal(np.asarray(flat), [page.ZERO] * 3)
    np.testing.assert_allclose(np.asarray(noisy)[1:], [1e-4, 2e-4])
    assert "n = 20 seeds" in first.caption
    labels = [tick.get_text() for tick in second.figure.axes[0].get_yticklabels()]
    assert labels == ["constant", "+ noise 1e-6"]


def test_an_activation_without_a_constant_start_is_not_compared() -> None:
    _, runs = small_tables()
    zeros = runs[:5].assign(activation="sigmoid", case="zeros", scale=1.0)
    figure = page.learned(pd.concat([runs, zeros])).figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["torch, tanh"]


def test_figures_without_their_rows_say_what_is_missing() -> None:
    epochs, runs = small_tables()
    with pytest.raises(NotDrawn, match="none of its starts"):
        page.spread(epochs[epochs["epoch"] < 0])
    with pytest.raises(NotDrawn, match="none of its starts"):
        page.learned(runs.assign(width=9))
    (part,) = page.parts(lambda path, *columns: None)
    assert not part.draw
    assert all("is missing" in sentence for sentence in part.absent)


def test_the_oracle_refuses_dropout() -> None:
    stack = small_stack("numpy", CASES[:1], dropout=0.5)
    with pytest.raises(UserError, match="dropout"):
        measured(stack)
