"""The study ``curves``: closed forms, both frameworks, planted mistakes and the figure."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.catalogue import activations
from suite.planning import grids
from suite.probes.curves import DefaultForms
from suite.report import curves as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, curves
from suite.types import Array, Lab, Measurement, UserError
from tests.support import HERE

STUDY = STUDIES["curves"]
load = functools.cache(frameworks.load)
CEILING = 2e-6
"""16 units in the last place, as in the claims."""


@functools.cache
def measured(framework: str) -> tuple[list[str], Measurement]:
    """Measure every activation of the standard profile for two seeds; name that of each member."""
    (stack,) = grids.stacks(STUDY, grids.Selection("standard", (framework,), seeds=2))
    lab = Lab(load(framework), load("numpy"), 0)
    names = [member.cell.text("activation") for member in stack.members]
    return names, STUDY.measure(stack, lab)


def row(framework: str, name: str) -> dict[str, float]:
    """Return the metrics of one activation."""
    names, measurement = measured(framework)
    columns = measurement.tables[0].columns
    return {metric: float(values[names.index(name)]) for metric, values in columns.items()}


def test_the_oracle_is_the_definition() -> None:
    """The oracle deviates by rounding to single precision only: 2^-24 = 5.96e-8."""
    for name in measured("numpy")[0]:
        metrics = row("numpy", name)
        assert metrics["activation_value_error"] < 6e-8
        assert metrics["activation_slope_error"] < 6e-8
        assert metrics["kink_error"] < 6e-8
        assert metrics["layer_default_error"] == metrics["function_default_error"] == 0
        assert metrics["far_nan"] == 0


@pytest.mark.parametrize("framework", ["numpy", *HERE])
def test_metrics_equal_their_closed_forms(framework: str) -> None:
    sigmoid, tanh, relu = (row(framework, name) for name in ("sigmoid", "tanh", "relu"))
    # s(1 - s); single precision keeps 1 - s to 6e-8.
    assert sigmoid["tail_slope"] == pytest.approx(math.exp(-8) / (1 + math.exp(-8)) ** 2, abs=1e-7)
    assert sigmoid["steepest_slope"] == pytest.approx(0.25, abs=1e-6)
    assert 0 < sigmoid["chain_slope"] < 0.25**10
    assert tanh["chain_slope"] == pytest.approx(1.0, abs=1e-6)  # at 0, all the way
    assert relu["norm_gain_predicted"] == pytest.approx(math.sqrt(0.5), abs=1e-12)
    assert relu["norm_gain"] == pytest.approx(math.sqrt(0.5), rel=0.02)  # five standard deviations
    assert relu["norm_gain_largest"] < 1
    assert row(framework, "linear")["norm_gain_largest"] == pytest.approx(1.0, abs=1e-6)
    assert row(framework, "sigmoid")["norm_gain_largest"] > 100  # 1/2 at inputs of 0.001


@pytest.mark.parametrize("framework", HERE)
def test_a_framework_follows_the_definition_except_in_its_defaults(framework: str) -> None:
    slope = {"torch": 0.01, "tensorflow": 0.3}[framework]
    for name in measured(framework)[0]:
        metrics = row(framework, name)
        assert metrics["activation_value_error"] < CEILING
        assert metrics["activation_slope_error"] < CEILING
        default = abs(slope - 0.01) if name == "leaky_relu" else 0.0
        if not activations.resolve(name).entry.has_layer(framework):
            default = math.nan
        assert metrics["layer_default_error"] == pytest.approx(default, abs=CEILING, nan_ok=True)
    assert (row(framework, "selu")["kink_error"] > 0.5) == (framework == "tensorflow")


@pytest.mark.parametrize("form", ["layer", "function"])
@pytest.mark.parametrize("framework", HERE)
def test_default_arguments_are_the_documented_ones(framework: str, form: str) -> None:
    probe = load(framework).probe(DefaultForms).default
    below = {"torch": (0.01, 0.01), "tensorflow": (0.3, 0.2)}[framework][form == "function"]
    points = np.array([-1.0, 2.0])
    value, slope = probe("leaky_relu", form, points)
    np.testing.assert_allclose(value, [-below, 2.0], rtol=1e-6)
    np.testing.assert_allclose(slope, [below, 1.0], rtol=1e-6)
    assert probe("elu", form, points)[0][0] == pytest.approx(math.exp(-1) - 1, rel=1e-6)
    exact = 2 * 0.5 * (1 + math.erf(math.sqrt(2)))  # the tanh form is 1e-4 away
    assert probe("gelu", form, points)[0][1] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("framework", ["numpy", *HERE])
def test_an_unknown_activation_or_form_raises_with_the_nearest_name(framework: str) -> None:
    probe = load(framework).probe(DefaultForms).default
    with pytest.raises(UserError, match="did you mean 'tanh'"):
        probe("tahn", "layer", np.zeros(1))
    with pytest.raises(UserError, match="did you mean 'layer'"):
        probe("tanh", "layers", np.zeros(1))


@dataclass(frozen=True)
class Crooked:
    """A framework whose ReLU is wrong at -8, whose slope is wrong at ``bent``, and which returns
    NaN for large inputs."""

    inner: Any
    bent: float = 3.0
    name: str = "crooked"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        value, slope = self.inner.evaluate(activation, points)
        value = np.where(points > 1e37, np.nan, value + 1e-3 * (points == -8))
        return value, np.where(points == np.float32(self.bent), 0.5, slope)

    def probe(self, topic: type[DefaultForms]) -> Any:
        return self.inner.probe(topic)


def test_planted_mistakes_are_measured() -> None:
    oracle = load("numpy")
    numbers, _ = curves.curve("relu", Lab(Crooked(oracle), oracle, 0))  # type: ignore[arg-type]  # what curve needs of it
    assert numbers["activation_value_error"] == math.inf  # a NaN counts as infinite
    assert numbers["far_nan"] == 1
    assert numbers["activation_slope_error"] == pytest.approx(0.5 / 3)  # relative to max(1, |x|)
    far, _ = curves.curve("relu", Lab(Crooked(oracle, 1e30), oracle, 0))  # type: ignore[arg-type]  # what curve needs of it
    assert far["activation_slope_error"] == pytest.approx(0.5 / 8)
    good, _ = curves.curve("relu", Lab(oracle, oracle, 0))
    assert good["activation_value_error"] == 0


def test_gains_depend_on_the_seed_and_the_root() -> None:
    oracle = load("numpy")
    lab = Lab(oracle, oracle, 0)
    first, again, other = (curves.gains("tanh", seed, lab) for seed in (0, 0, 1))
    assert first == again
    assert first["norm_gain"] != other["norm_gain"]
    assert first["norm_gain"] != curves.gains("tanh", 0, Lab(oracle, oracle, 1))["norm_gain"]


# --- the figure --------------------------------------------------------------------------------


def points(framework: str) -> pd.DataFrame:
    """Return curves/points.csv of one seed."""
    names, measurement = measured(framework)
    table = measurement.tables[1]
    frames = [
        pd.DataFrame(
            {"framework": framework, "activation": name, "seed": 0, **table.coordinates}
            | {metric: values[names.index(name)] for metric, values in table.columns.items()}
        )
        for name in dict.fromkeys(names)
    ]
    return pd.concat(frames)


def test_the_figure_marks_the_defaults_that_differ() -> None:
    drawing = page.curves(pd.concat([points(name) for name in HERE]))
    notes = {
        axes.get_title(loc="left"): sorted(text.get_text() for text in axes.texts)
        for axes in drawing.figure.axes
    }
    assert notes["leaky_relu"] == ["tensorflow function", "tensorflow layer"]
    assert all(not texts for name, texts in notes.items() if name != "leaky_relu")
    assert [name for name in notes if name] == list(activations.ACTIVATIONS.names)


def test_a_figure_without_its_columns_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="did not measure"):
        page.curves(points("numpy").drop(columns="layer_default"))
    assert page.parts(lambda *_: None)[0].draw == []
