"""The study ``shift``: theory, data, corrections against known answers, the figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from suite.frameworks.numpy import Numpy
from suite.metrics import METRICS
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.report import shift as page
from suite.report.common.drawing import NotDrawn
from suite.studies.shift import _CASES, Shift, correction, data
from suite.theory import shift as theory
from suite.types import Array, Lab, Measurement, Value


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- theory -------------------------------------------------------------------------------------


def test_the_effective_share_is_that_of_a_large_sample() -> None:
    """The ratio of the two laws is at most 8, so 200,000 points determine the share to 1 %."""
    old, new = data.OLD, data.NEW
    x = old.mean + old.sd * rng().standard_normal(200_000)
    share = correction.effective_share(new.density(x) / old.density(x))
    assert share == pytest.approx(theory.effective_share(old, new), rel=0.01)
    assert theory.effective_share(old, old) == pytest.approx(1)
    assert theory.effective_share(new, theory.Gaussian(0, 1)) == 0


def test_the_excess_error_of_a_line_has_its_closed_form() -> None:
    """Under N(0, s^2) the best line for x^3 - x is (3 s^2 - 1) x, with the error 6 s^6."""
    old, new = data.OLD, data.NEW
    excess = theory.polynomial_excess(data.truth, 1, new, new)
    assert excess == pytest.approx(6 * new.sd**6)
    assert theory.polynomial_excess(data.truth, 1, old, new) == pytest.approx(0.203035)
    assert theory.polynomial_excess(data.truth, 3, old, new) == pytest.approx(0, abs=1e-20)


def test_the_best_blood_test_is_the_discriminant() -> None:
    """With 100,000 people the standard error is 0.0016."""
    gap = 0.7
    sets = data.blood_test(rng(), 100_000, gap)
    direction = np.zeros(data.FEATURES)
    direction[0] = data.MARKER
    direction[1 : 1 + data.GAP_FEATURES] = gap
    middle = np.zeros(data.FEATURES)
    middle[0] = data.MARKER / 2
    middle[1 : 1 + data.GAP_FEATURES] = -gap / 2
    exact = theory.screening(data.MARKER, gap, data.GAP_FEATURES)
    for (inputs, labels), share in ((sets.heldout, exact.study), (sets.field, exact.field)):
        predicted = (inputs - middle) @ direction > 0
        assert (predicted == labels).mean() == pytest.approx(share, abs=0.008)
    inputs, labels = sets.field
    predicted = inputs[:, 0] > data.MARKER / 2
    assert (predicted == labels).mean() == pytest.approx(exact.attainable, abs=0.008)


# --- data ---------------------------------------------------------------------------------------


def test_the_law_of_the_labels_stays_while_the_inputs_move() -> None:
    """P(label 1 | x) = Phi(2 x) is 0.69 near 0.25, where each sample has some 5,000 points."""
    sets = data.probit(rng(), 50_000, 1.0)
    for inputs, labels in (sets.train, sets.field):
        near = np.abs(inputs[:, 0] - 0.25) < 0.125
        assert labels[near].mean() == pytest.approx(0.69, abs=0.03)
    assert sets.field[1].mean() - sets.train[1].mean() > 0.25


@pytest.mark.parametrize("draw", [data.kerbs, data.tanks])
def test_a_shortcut_goes_with_the_class_only_in_the_study(
    draw: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "PAIR_NOISE", 0.0)
    assert callable(draw)
    sets: data.Shifted = draw(rng(), 2000, 5.0)  # far above the values of an image
    plain_sets: data.Shifted = draw(rng(), 2000, 0.0)
    assert sets.opposite is not None
    assert plain_sets.opposite is not None

    def added(painted: tuple[Array, Array], plain: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return what was painted over the images, and the labels."""
        assert np.array_equal(painted[1], plain[1])
        return painted[0] - plain[0], painted[1]

    layer, labels = added(sets.train, plain_sets.train)
    assert np.ptp(layer[labels == 1], axis=0) == pytest.approx(0)
    assert layer[labels == 0] == pytest.approx(0)
    pattern = layer[labels == 1][0]
    layer, labels = added(sets.opposite, plain_sets.opposite)
    assert layer[labels == 0] == pytest.approx(np.tile(pattern, ((labels == 0).sum(), 1)))
    assert layer[labels == 1] == pytest.approx(0)
    layer, labels = added(sets.field, plain_sets.field)
    projection = (layer @ pattern)[labels == 1] / (pattern @ pattern)
    # A random half of the tanks is bright; random textures average to nothing of the study's.
    assert projection.mean() == pytest.approx(0.5 if draw is data.tanks else 0, abs=0.05)


def test_training_and_testing_share_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "CLASS_NOISE", 0.0)
    sets, moved = data.proportions(rng(), 1000, 300)
    train, field = ({row.tobytes() for row in inputs} for inputs, _ in (sets.train, sets.field))
    # A few images occur twice in scikit-learn's set.
    assert len(train & field) <= 2
    assert len(train) > 500
    frequencies = np.bincount(sets.field[1], minlength=10) / 1000
    assert frequencies == pytest.approx(moved, abs=0.07)  # 4 standard errors at most
    assert np.bincount(sets.train[1], minlength=10) / 1000 == pytest.approx(0.1, abs=0.04)
    assert sets.arriving[0].shape == (300, 64)


# --- corrections --------------------------------------------------------------------------------


def test_label_weights_undo_a_known_confusion() -> None:
    """The classifier is wrong for a fifth of class 1 and never for class 0, and the share of class
    1 grows from a half to four fifths."""
    predicted, labels = np.array([0] * 5 + [1] * 4 + [0]), np.array([0] * 5 + [1] * 5)
    arriving = np.array([0] * 20 + [1] * 64 + [0] * 16)
    weights = correction.label_weights(predicted, labels, arriving, 2)
    assert weights == pytest.approx([0.4, 1.6])
    # The transposed matrix, an easy mistake, gives other weights.
    assert correction.label_weights(labels, predicted, arriving, 2) != pytest.approx([0.4, 1.6])
    assert correction.label_weights(labels, labels, np.zeros(5, int), 2).tolist() == [2.0, 0.0]


def test_a_class_that_never_occurs_has_a_weight_of_zero() -> None:
    """An empty column makes the matrix singular, but least squares has a solution."""
    weights = correction.label_weights(np.array([0, 1]), np.array([0, 1]), np.array([0, 1]), 3)
    assert weights == pytest.approx([1, 1, 0])


def test_a_classifier_estimates_the_density_ratio() -> None:
    """N(1, 1) over N(0, 1) is exp(x - 1/2). With 20,000 and 10,000 points the two coefficients of
    its logarithm are determined to 0.02, although the samples have unequal sizes."""
    old, new = rng(1).standard_normal((20_000, 1)), 1 + rng(2).standard_normal((10_000, 1))
    points = np.linspace(-1, 2, 7)[:, None]
    logs = np.log(correction.density_ratio(old, new, points))
    assert logs == pytest.approx(points[:, 0] - 0.5, abs=0.1)


def test_the_effective_share_of_equal_and_of_single_weights() -> None:
    assert correction.effective_share(np.full(7, 3.0)) == pytest.approx(1)
    assert correction.effective_share(np.array([1.0, 0, 0, 0])) == pytest.approx(0.25)


def test_log_loss_is_finite_where_the_model_is_certain() -> None:
    loss = correction.log_loss(np.array([0.5, 1.0, 0.0]), np.array([1, 1, 1]))
    assert loss == pytest.approx((math.log(2) - math.log(1e-6)) / 3)


def test_a_domain_classifier_detects_a_mean_and_needs_products_for_a_correlation() -> None:
    """With 2,000 points each, chance has a standard error of 0.011 on the held-out halves."""
    base, other = rng(1).standard_normal((2, 2000, 3))
    assert correction.domain_accuracy(base, other) == pytest.approx(0.5, abs=0.05)
    assert correction.domain_accuracy(base, other + 1.0) > 0.75
    correlated = other.copy()
    correlated[:, 1] = 0.9 * correlated[:, 0] + math.sqrt(1 - 0.81) * correlated[:, 1]
    assert correction.domain_accuracy(base, correlated) == pytest.approx(0.5, abs=0.05)
    assert correction.domain_accuracy(*correction.pairs(base, correlated, 3)) > 0.65


# --- the study ----------------------------------------------------------------------------------


def measure(case: str, scale: float = 1.0, seeds: int = 2, root: int = 0) -> Measurement:
    selection = grids.Selection("quick", ("numpy",), {"case": (case,), "scale": (scale,)}, seeds)
    (stack,) = grids.stacks(Shift(), selection)
    return Shift().measure(stack, Lab(Numpy(), Numpy(), root))


@pytest.mark.parametrize("case", _CASES)
def test_every_case_is_measured_and_follows_its_seed(case: str) -> None:
    columns = measure(case).tables[0].columns
    assert set(columns) <= set(Shift().tables[0].metrics)
    assert all(METRICS[name] and np.isfinite(values).all() for name, values in columns.items())
    name = "weighted_error_ratio" if "weighted_error_ratio" in columns else "domain_accuracy"
    again, other = (measure(case, root=root).tables[0].columns[name] for root in (0, 1))
    assert np.array_equal(columns[name], again)
    assert not np.array_equal(columns[name], other)
    assert columns[name][0] != columns[name][1]


def test_every_metric_is_measured_by_some_case() -> None:
    measured = {name for case in _CASES for name in measure(case, seeds=1).tables[0].columns}
    assert measured == set(Shift().tables[0].metrics)


def test_a_scale_is_unsupported_for_a_data_set_that_moves_by_a_fixed_amount() -> None:
    def reason(case: str, scale: float) -> str | None:
        values: dict[str, Value] = {"framework": "numpy", "case": case, "scale": scale}
        return Shift().unsupported(make_cell(Shift(), values))

    assert reason("line_100", 2.0) is not None
    assert reason("proportions_400", 0.5) is not None
    assert reason("line_100", 1.0) is reason("tanks", 0.3) is reason("probit", 2.0) is None


# --- figures ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Return shift/runs.csv with three cases."""
    parts = []
    for case, scale in (("blood_test", 3.0), ("tanks", 0.4), ("probit", 1.0)):
        columns = measure(case, scale, seeds=3).tables[0].columns
        parts.append(pd.DataFrame({"case": case, "scale": scale, "status": "ok", **columns}))
    return pd.concat(parts, ignore_index=True)


def test_figures_show_medians(runs: pd.DataFrame) -> None:
    drawing = page.accuracies(runs)
    assert "n = 3 seeds" in drawing.caption
    heights = {
        round(float(y), 9)
        for line in drawing.figure.axes[0].lines
        for y in np.ravel(line.get_ydata())
    }
    for case in ("blood_test", "tanks"):
        rows = runs[runs["case"] == case]
        for metric, _ in page.ACCURACIES:
            assert round(rows[metric].median(), 9) in heights
    places = [np.ravel(line.get_xdata())[0] for line in page.noticed(runs).figure.axes[0].lines]
    assert any(x == runs[runs["case"] == "tanks"]["pair_domain_accuracy"].median() for x in places)


def test_a_figure_without_its_rows_says_what_is_missing(runs: pd.DataFrame) -> None:
    for draw, metric in ((page.accuracies, "field_accuracy"), (page.noticed, "domain_accuracy")):
        with pytest.raises(NotDrawn, match="did not measure"):
            draw(runs.drop(columns=metric))
        with pytest.raises(NotDrawn, match="none of its stories"):
            draw(runs[runs["case"] == "no such case"])
        draw(runs[runs["case"] == "probit"])
