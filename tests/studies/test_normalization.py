"""The study ``normalization``: the definition, the frameworks, the columns and the figure."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.frameworks.numpy.probes import normalization as definition
from suite.planning import grids
from suite.probes.normalization import NormalizationLayers
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.report.normalization import deviations
from suite.studies.normalization import KINDS, OTHER, SCALES, STATISTICS, Normalization
from suite.types import Array, Framework, Lab, Measurement, Value

OWN = ("torch", "tensorflow")
EPSILON = 1e-3


@functools.cache
def load(name: str) -> Framework:
    return frameworks.load(name)


def values_of(kind: str, seed: int = 0) -> tuple[Array, Array, Array, Array]:
    """Draw values, gamma, beta and cotangent of a small layer with five features."""
    rng = np.random.default_rng(seed)
    shape = (6, 5) if kind.endswith("dense") else (4, 3, 2, 5)
    values = 2 * rng.standard_normal(shape) + 1
    gamma, beta = rng.standard_normal((2, 5))
    return values, gamma, beta, rng.standard_normal(shape)


def slopes(kind: str, values: Array, gamma: Array, beta: Array, cotangent: Array) -> list[Array]:
    """Return central differences of sum(cotangent * outputs), one number at a time."""

    def total(parts: Sequence[Array]) -> float:
        x, scale, shift = parts
        outputs = definition.layer(kind, x, scale, shift, EPSILON, cotangent)[0]
        return float((outputs * cotangent).sum())

    result, parts, h = [], [values, gamma, beta], 1e-6
    for position, part in enumerate(parts):
        slope = np.zeros_like(part)
        for index in np.ndindex(part.shape):
            ends = []
            for step in (h, -h):
                moved = part.copy()
                moved[index] += step
                ends.append(total([*parts[:position], moved, *parts[position + 1 :]]))
            slope[index] = (ends[0] - ends[1]) / (2 * h)
        result.append(slope)
    return result


@pytest.mark.parametrize("kind", KINDS)
def test_the_definition_has_the_gradient_of_its_outputs(kind: str) -> None:
    values, gamma, beta, cotangent = values_of(kind)
    _, *gradients = definition.layer(kind, values, gamma, beta, EPSILON, cotangent)
    differences = slopes(kind, values, gamma, beta, cotangent)
    for gradient, difference in zip(gradients, differences, strict=True):
        # Central differences with h = 1e-6 are off by h^2 and by rounding / h = 1e-9 of the sum.
        assert gradient == pytest.approx(difference, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_definition_standardises_each_group(kind: str) -> None:
    values, *_ = values_of(kind)
    gamma, beta = np.ones(5), np.zeros(5)
    outputs = definition.layer(kind, values, gamma, beta, 0.0, values)[0]
    axes = STATISTICS[kind]
    assert np.abs(outputs.mean(axis=axes)).max() < 1e-13
    assert outputs.var(axis=axes) == pytest.approx(1.0, abs=1e-12)
    groups = {"batch_dense": 5, "batch_convolution": 5, "layer_dense": 6}
    assert outputs.mean(axis=axes).size == groups.get(kind, 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OWN)
def test_the_frameworks_compute_the_definition(name: str, kind: str) -> None:
    values, gamma, beta, cotangent = values_of(kind)
    layer = load(name).probe(NormalizationLayers).layer
    results = layer(kind, values, gamma, beta, EPSILON, cotangent)
    exact = definition.layer(kind, values, gamma, beta, EPSILON, cotangent)
    for result, expected in zip(results, exact, strict=True):
        assert result.dtype == np.float64
        assert result == pytest.approx(expected, abs=1e-12)
    # With the axes of the other layer the outputs are off by the size of the values.
    wrong = definition.layer(OTHER[kind], values, gamma, beta, EPSILON, cotangent)
    assert np.abs(results[0] - wrong[0]).max() > 0.1


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["batch_dense", "batch_convolution"])
@pytest.mark.parametrize("name", OWN)
def test_running_statistics_follow_the_rule_of_the_framework(
    name: str, kind: str, precision: type
) -> None:
    """Single precision is tested too, because a fused kernel might follow another rule."""
    batches: Array = np.stack([values_of(kind, seed)[0] for seed in range(3)]).astype(precision)
    mean, variance, *_ = load(name).probe(NormalizationLayers).running(kind, batches, 0.7, EPSILON)
    unbiased = name == "torch"
    expected = definition.averages(kind, batches, 0.7, unbiased)
    tolerance = 1e-12 if precision is np.float64 else 1e-5
    assert mean == pytest.approx(expected[0], rel=tolerance, abs=tolerance)
    assert variance == pytest.approx(expected[1], rel=tolerance)
    # The other rule divides by n instead of n - 1, a difference of 1/24 to 1/6 of two thirds.
    other = definition.averages(kind, batches, 0.7, not unbiased)[1]
    assert np.abs(variance / other - 1).min() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_both_frameworks_agree_on_a_layer_behind_a_kernel(kind: str) -> None:
    values, *_ = values_of(kind)
    window = () if kind.endswith("dense") else (2, 2)
    rng = np.random.default_rng(1)
    kernel = rng.standard_normal((*window, 5, 3))
    shape = (6, 3) if kind.endswith("dense") else (4, 2, 1, 3)
    cotangent = rng.standard_normal(shape)
    results = [
        load(name).probe(NormalizationLayers).rescaled(kind, values, kernel, EPSILON, cotangent)
        for name in OWN
    ]
    for array, other in zip(*results, strict=True):
        assert array == pytest.approx(other, abs=1e-12)
    outputs, gradient = results[0]
    assert outputs.shape == shape
    assert gradient.shape == kernel.shape
    # The gradient is that of these outputs: check one entry by central differences, as above.
    first, h = (0,) * kernel.ndim, 1e-6
    ends = []
    for step in (h, -h):
        moved = kernel.copy()
        moved[first] += step
        changed = load("torch").probe(NormalizationLayers).rescaled
        ends.append((changed(kind, values, moved, EPSILON, cotangent)[0] * cotangent).sum())
    assert gradient[first] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-6)


# --- the study ----------------------------------------------------------------------------------


@functools.cache
def measured(name: str, kind: str, settings: str) -> Measurement:
    """Measure all scales of one kind of layer."""
    study = Normalization()
    chosen: dict[str, tuple[Value, ...]] = {"layer_kind": (kind,), "settings": (settings,)}
    (stack,) = grids.stacks(study, grids.Selection("quick", (name,), chosen))
    return study.measure(stack, Lab(load(name), load("numpy"), 0))


def column(name: str, kind: str, settings: str, metric: str) -> Array:
    (table,) = measured(name, kind, settings).tables
    return table.columns[metric]


@pytest.mark.parametrize(
    ("name", "epsilon", "kept"), [("torch", 1e-5, 0.9), ("tensorflow", 1e-3, 0.99)]
)
def test_the_study_reads_the_defaults(name: str, epsilon: float, kept: float) -> None:
    metric = functools.partial(column, name, "batch_dense", "default")
    assert (metric("layer_epsilon") == epsilon).all()
    assert metric("kept_share") == pytest.approx(kept)
    scales = np.array(SCALES)
    # The variance of 64 Gaussian samples differs from scale^2 by 18 %, a deviation by 9 %.
    expected = scales / np.sqrt(scales**2 + epsilon)
    assert metric("normalised_std") == pytest.approx(expected, rel=0.1)
    assert metric("normalised_std_error").max() < 1e-9


@pytest.mark.parametrize("kind", ["layer_dense", "instance_convolution"])
def test_layers_without_running_statistics_have_no_such_columns(kind: str) -> None:
    for name in OWN:
        (table,) = measured(name, kind, "default").tables
        assert "kept_share" not in table.columns
        assert table.columns["mode_gap"].max() == 0


def test_a_layer_that_averages_other_axes_is_measured_as_wrong() -> None:

    class Mistaken:
        def probe(self, topic: type[NormalizationLayers]) -> object:
            right = load("torch").probe(topic)
            names = ("running", "defaults", "rescaled")
            return SimpleNamespace(
                layer=lambda kind, *rest: right.layer(OTHER[kind], *rest),
                **{name: getattr(right, name) for name in names},
            )

    study = Normalization()
    chosen: dict[str, tuple[Value, ...]] = {
        "layer_kind": ("batch_dense",),
        "settings": ("common",),
        "scale": (1.0,),
    }
    (stack,) = grids.stacks(study, grids.Selection("quick", ("torch",), chosen))
    lab = Lab(Mistaken(), load("numpy"), 0)  # type: ignore[arg-type]  # only probes are used
    (table,) = study.measure(stack, lab).tables
    assert table.columns["normalised_value_error"][0] > 0.1
    assert table.columns["normalised_std_error"][0] > 0.01


# --- the figure ---------------------------------------------------------------------------------


def frame() -> pd.DataFrame:
    """Return normalization/runs.csv of both frameworks."""
    rows = [
        {
            "framework": name,
            "settings": "default",
            "scale": scale,
            "layer_kind": "batch_dense",
            "normalised_std": scale / (scale**2 + epsilon) ** 0.5,
            "layer_epsilon": epsilon,
        }
        for name, epsilon in (("torch", 1e-5), ("tensorflow", 1e-3))
        for scale in SCALES
    ]
    return pd.DataFrame(rows)


def test_the_figure_shows_each_framework_and_its_formula() -> None:
    with style():
        drawing = deviations(frame())
        assert png(drawing.figure)
    lines = drawing.figure.axes[0].get_lines()
    assert len(lines) == 4
    expected = frame()["normalised_std"].to_numpy()[: len(SCALES)]
    assert np.asarray(lines[0].get_ydata()) == pytest.approx(expected)


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="no default layers"):
        deviations(frame().assign(settings="common"))
