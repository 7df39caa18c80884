"""The study of numerics: errors in ulps by hand, exact references, both frameworks, the figures."""

from __future__ import annotations

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest

from suite import frameworks
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.floats import FLOATS, points
from suite.planning.axes import canonical_value
from suite.probes.numerics import Formulas
from suite.report import numerics as page
from suite.report.common.drawing import style
from suite.studies import STUDIES
from suite.studies.numerics import Numerics, bins, errors, exact, formulas, reference
from suite.types import Array, Lab, UserError
from tests.support import measured

STUDY = Numerics()
SINGLE = FLOATS["single"]
X = points(SINGLE)
NAMES = (*ACTIVATIONS.names, *formulas.FORMULAS.names)
AXES: measured.Axes = {"formula": "elu", "float_type": "single", "execution": "eager"}


def described(values: Array, name: str = "elu") -> dict[str, float]:
    """The numbers of a computed value against the formula, in single precision."""
    result = reference.results(name, "single")["value"]
    return errors.accuracy(X, values, result, SINGLE, np.zeros(len(X), dtype=bool))


@pytest.mark.parametrize("name", NAMES)
def test_the_definition_is_exact_enough_to_judge_single_precision(name: str) -> None:
    """At 150 points of all magnitudes, against 200 bits; a kink's slope is a convention."""
    formula, context = formulas.resolve(name), mpmath.MPContext()
    context.prec = exact.PRECISION
    assert formula.exact is not None
    results = reference.results(name, "single")
    chosen = np.unique(np.linspace(0, len(X) - 1, 150).astype(int))
    for place in chosen:
        pair = formula.exact(context, context.mpf(float(X[place])), *formula.parameters)
        for side, value in zip(("value", "slope"), pair, strict=True):
            if abs(value) < SINGLE.smallest_normal or X[place] in formula.kinks:
                continue
            near = results[side].near[place]
            if math.isinf(near) or abs(value) > SINGLE.largest:
                continue
            unit = float(SINGLE.spacing(np.array([near]))[0])
            assert abs(float(context.mpf(float(near)) - value)) / unit < 1e-4, (X[place], side)


def test_a_rounded_definition_is_half_a_unit_off_at_most() -> None:
    result = reference.results("elu", "single")["value"]
    row = described(SINGLE.rounded(result.near))
    assert 0.4 < row["ulps"] <= 0.5
    assert row["usual_ulps"] <= 0.5
    assert (row["largest_lost"], row["wrong_sign"], row["nonfinite"]) == (0.0, 0.0, math.inf)


def test_each_mistake_has_its_number() -> None:
    result = reference.results("elu", "single")["value"]
    right = SINGLE.rounded(result.near)
    place = int(np.searchsorted(X, -1.0))
    unit = float(SINGLE.spacing(np.array([right[place]]))[0])
    off = right.copy()
    off[place] += 3 * unit
    assert described(off)["usual_ulps"] == pytest.approx(3.0, abs=0.5)
    assert described(off)["ulps_at"] == -1.0
    lost = np.where(np.abs(X) < 1e-7, 0.0, right)
    row = described(lost)
    assert row["largest_lost"] == pytest.approx(1e-7, rel=0.4)
    assert row["usual_relative"] == 1.0
    small = np.where(np.abs(X) < 1e-20, 0.0, right)  # far below where inputs usually lie
    assert described(small)["largest_lost"] == pytest.approx(1e-20, rel=0.4, abs=0)
    swapped = right.copy()
    swapped[place] *= -1
    assert described(swapped)["wrong_sign"] == 1.0
    endless = right.copy()
    endless[-1] = np.inf
    assert described(endless)["nonfinite"] == SINGLE.largest
    assert described(endless)["ulps"] == math.inf


def test_denormal_numbers_may_be_flushed() -> None:
    result = reference.results("linear", "single")["value"]
    flushed = np.where(np.abs(X) < SINGLE.smallest_normal, 0.0, X)
    row = described(flushed, "linear")
    assert (row["ulps"], row["largest_lost"]) == (0.0, 0.0)
    halves = reference.results("sigmoid", "single")["value"]
    values = SINGLE.rounded(halves.near)
    assert described(values, "sigmoid")["flushed"] == 0.0
    tiny = np.abs(values) < SINGLE.smallest_normal
    assert described(np.where(tiny, 0.0, values), "sigmoid")["flushed"] == 1.0
    assert result.near[0] == -SINGLE.largest


def test_falls_gaps_and_special_values() -> None:
    results = reference.results("tanh", "single")
    value, slope = (SINGLE.rounded(results[side].near) for side in ("value", "slope"))
    assert errors.falls(value, results["value"]) == 0.0
    place = int(np.searchsorted(X, 0.5))
    bent = value.copy()
    bent[place] = value[place - 3]
    assert errors.falls(bent, results["value"]) == 1.0
    assert errors.falls(value, reference.results("silu", "single")["value"]) == 0.0
    smooth = formulas.resolve("tanh").smooth(X)
    assert errors.slope_gap(X, value, slope, smooth, SINGLE) < 1e-6
    assert errors.slope_gap(X, value, 1.01 * slope, smooth, SINGLE) > 1e-4
    right = np.array([math.nan, -1.0, 1.0])
    assert errors.special(right, results["value"]) == 0.0
    assert errors.special(np.array([0.0, 1.0, math.nan]), results["value"]) == 3.0


def test_double_precision_is_judged_beyond_its_own_digits() -> None:
    """The exact result is the sum of two doubles: an error of a tenth of a unit is seen."""
    result = reference.results("sigmoid", "double")["value"]
    x = points(FLOATS["double"])
    place = int(np.searchsorted(x, 1.0))
    context = mpmath.MPContext()
    context.prec = exact.PRECISION
    true, _ = exact.sigmoid(context, context.mpf(1))
    assert float(true - context.mpf(float(result.near[place]))) == result.rest[place] != 0.0
    ulps = result.ulps(result.near, FLOATS["double"])
    assert 0.0 < ulps[place] <= 0.5


def test_bins_cover_the_type() -> None:
    for kind in FLOATS:
        edges = bins(kind)
        assert (np.diff(edges) > 0).all()
        assert (np.abs(edges[[0, -1]]) >= kind.largest / 4).all()
    result = reference.results("elu", "single")["value"]
    computed = SINGLE.rounded(result.near)
    computed[np.searchsorted(X, -0.3)] = 0.0
    largest = errors.by_bin(X, computed, result, SINGLE, np.zeros(len(X), dtype=bool), bins(SINGLE))
    assert bins(SINGLE)[np.nanargmax(largest)] == -0.5


@pytest.mark.parametrize("framework", measured.BOTH)
@pytest.mark.parametrize("float_type", ["single", "half", "bfloat16"])
def test_the_frameworks_meet_the_definitions(framework: str, float_type: str) -> None:
    """A few units for what is written with care; the wrong formula would be thousands away."""
    names = ("sigmoid", "softplus", "squared_error", "softmax", "layer_normalization")
    axes = {**AXES, "formula": names, "float_type": float_type}
    (stack,) = measured.stacks(STUDY, framework, 1, axes)
    found = measured.measure(STUDY, stack)
    measured.complete(STUDY, found, len(names))
    assert (measured.column(found, "runs", "value_usual_ulps") <= 8).all()
    assert (measured.column(found, "runs", "value_wrong_sign") == 0).all()


PLACES = (
    ("elu", "value", -1e-8, -1e-8, "tensorflow"),
    ("elu", "value", -1e-7, -1e-7, "tensorflow"),
    ("selu", "value", -1e-8, -1.7580993e-8, "tensorflow"),
    ("gelu", "value", -5.5, -1.0444e-7, "torch"),
    ("gelu", "value", -6.0, -5.919e-9, "torch"),
    ("gelu", "value", -8.0, -4.977e-15, "torch"),
    ("gelu", "slope", -6.0, -3.547e-8, "torch"),
    ("elu", "slope", -20.0, 2.0611536e-9, "tensorflow"),
    ("selu", "slope", -20.0, 3.6237e-9, "tensorflow"),
    ("selu", "slope", -40.0, 7.4690e-18, "tensorflow"),
    ("tanh", "slope", 10.0, 8.2446e-9, "both"),
    ("binary_crossentropy_0", "value", -16.0, 1.1254e-7, "torch"),
    ("log_softmax", "value", 18.0, -1.5230e-8, "both"),
    ("silu", "slope", -20.0, -3.9162e-8, "neither"),
    ("silu", "slope", -40.0, -1.6568e-16, "neither"),
)
"""Formula, side, x, the right result, and the frameworks that are off by a tenth or more today."""


@pytest.mark.parametrize(("name", "side", "x", "right", "wrong"), PLACES)
@pytest.mark.parametrize("framework", measured.BOTH)
def test_known_defects_at_their_places(
    name: str, side: str, x: float, right: float, wrong: str, framework: str
) -> None:
    """The definition has the right result, and so has a framework without the defect.

    A framework that is mended fails here, as its claim turns red.
    """
    formula, context = formulas.resolve(name), mpmath.MPContext()
    assert formula.exact is not None
    place = "value", "slope"
    exactly = formula.exact(context, context.mpf(x), *formula.parameters)[place.index(side)]
    assert float(exactly) == pytest.approx(right, rel=2e-4)
    probe = frameworks.load(framework).probe(Formulas)
    answers = probe.evaluate(name, np.array([x, 1.0]), "single", "eager")
    error = abs(answers[place.index(side)][0] - right) / abs(right)
    assert error > 0.1 if wrong in (framework, "both") else error < 1e-3


def test_the_slope_of_silu_in_double_precision_far_out() -> None:
    """At -709 it is -708 exp(-709), a normal number."""
    for framework in measured.BOTH:
        probe = frameworks.load(framework).probe(Formulas)
        (slope, _) = probe.evaluate("silu", np.array([-709.0, 1.0]), "double", "eager")[1]
        assert slope == pytest.approx(-708.0 * math.exp(-709.0), rel=1e-9)


def test_known_defects_are_found() -> None:
    """TensorFlow's ELU loses small inputs; torch's GELU its tail, and its loss of label 0."""
    lost = {}
    for framework, formula in (
        ("tensorflow", "elu"),
        ("torch", "elu"),
        ("torch", "gelu"),
        ("torch", "binary_crossentropy_0"),
    ):
        (stack,) = measured.stacks(STUDY, framework, 1, {**AXES, "formula": formula})
        found = measured.measure(STUDY, stack)
        (lost[framework, formula],) = measured.column(found, "runs", "value_largest_lost")
    assert 1e-8 < lost["tensorflow", "elu"] < 1e-7
    assert lost["torch", "elu"] == 0.0
    assert 1e-8 < lost["torch", "gelu"] < 1e-6
    assert 1e-7 < lost["torch", "binary_crossentropy_0"] < 1e-6


def test_a_formula_that_fails_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    (stack,) = measured.stacks(STUDY, "torch", 1, {**AXES, "formula": ("elu", "tanh")})
    broken = reference.results

    class Refusing:
        def evaluate(self, formula: str, *rest: object) -> tuple[Array, Array]:
            if formula == "elu":
                raise NotImplementedError("no kernel for this type")
            result = broken(formula, "single")
            special = np.array([math.nan, -1.0, 1.0])
            return tuple(
                np.concatenate([SINGLE.rounded(result[side].near), special])
                for side in ("value", "slope")
            )  # type: ignore[return-value]

    oracle = frameworks.load("numpy")
    monkeypatch.setattr(type(oracle), "probe", lambda self, topic: Refusing())
    lab = Lab(oracle, oracle, 0)
    found = STUDY.measure(stack, lab)
    assert list(found.status) == ["failed", "ok"]
    assert found.reason[0] == "NotImplementedError: no kernel for this type"
    assert measured.column(found, "runs", "value_ulps")[1] <= 0.5


def test_the_figures(tmp_path: Path) -> None:
    axes = {**AXES, "formula": ("elu", "gelu")}
    chosen = [stack for name in measured.BOTH for stack in measured.stacks(STUDY, name, 1, axes)]
    tables = measured.written(tmp_path, STUDY, chosen)
    drawn = page.parts(tables)
    with style():
        drawings = [draw() for part in drawn for draw in part.draw]
    assert [drawing.name for drawing in drawings] == ["numerics_value", "numerics_slope"]
    rows = tables("numerics/errors.csv")
    assert rows is not None
    own = rows[(rows["formula"] == "elu") & (rows["framework"] == "tensorflow")]
    values = own.dropna(subset=["value_error"]).sort_values("from_x")["value_error"]
    assert measured.shows(drawings[0], values.clip(page.LEAST, 1e9))
    assert "tensorflow: elu" in drawings[0].caption


def test_a_formula_may_be_any_activation() -> None:
    """Also one with other parameters than those of the grids, and one that a user brought."""
    study = STUDIES["numerics"]
    assert canonical_value("formula", "leaky_relu(.2)", study) == "leaky_relu(0.2)"
    assert canonical_value("formula", "softmax", study) == "softmax"
    with pytest.raises(UserError, match="did you mean 'softmax'"):
        canonical_value("formula", "softmaxx", study)
