"""The study ``spectrum``: statistics, isometry, predictions and the figure."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from suite import frameworks
from suite.probes.signals import Signals
from suite.report import spectrum as page
from suite.report.common.drawing import NotDrawn, style
from suite.studies import spectrum
from suite.studies.common.starts import native_layers
from suite.studies.spectrum import QUANTILES, Spectrum
from suite.types import Lab
from tests.support import measured

STUDY = Spectrum()
LINEAR: measured.Axes = {
    "activation": "linear",
    "initializer": "xavier_normal",
    "depth": 3,
    "width": 32,
}


def test_statistics_of_known_singular_values() -> None:
    columns = spectrum.observe(np.diag([3.0, 4.0, 0.0, 0.0]))
    square = 25 / 4
    assert columns["jacobian_square"] == pytest.approx(square)
    assert columns["dispersion"] == pytest.approx((81 + 256) / 4 / square**2 - 1)
    assert columns["isometry_error"] == pytest.approx(1.0)
    assert columns["singular_value"][[0, -1]] == pytest.approx([0.0, 4 / math.sqrt(square)])
    assert np.isnan(spectrum.observe(np.full((2, 2), np.inf))["dispersion"])


@pytest.mark.parametrize("framework", measured.BOTH)
def test_a_framework_measures_the_jacobian_that_the_oracle_gives(framework: str) -> None:
    axes: measured.Axes = {"activation": ("linear", "tanh"), "scale": (1.0, 2.0)}
    (stack,) = measured.stacks(STUDY, framework, 1, {**LINEAR, **axes})
    measurement = measured.measure(STUDY, stack)
    measured.complete(STUDY, measurement, 4)
    squares = measured.column(measurement, "runs", "jacobian_square")
    singular = measured.column(measurement, "singular_values", "singular_value")
    lab = Lab(frameworks.load(framework), frameworks.load("numpy"), 0)
    for row, member in enumerate(stack.members):
        factor = float(member.cell["scale"])
        weights = tuple((factor * kernel, bias) for kernel, bias in native_layers(member, lab))
        slow = lab.oracle.probe(Signals).jacobian(
            member.cell.text("activation"), weights, spectrum.point(member, lab)
        )
        s = np.linalg.svd(slow, compute_uv=False)
        # Single precision through three layers.
        assert squares[row] == pytest.approx(np.mean(s**2), rel=1e-4)
        expected = np.quantile(s, QUANTILES) / np.sqrt(np.mean(s**2))
        assert singular[row] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("framework", measured.BOTH)
def test_orthogonal_kernels_are_an_isometry_and_gaussian_ones_are_not(framework: str) -> None:
    for initializer, low, high in (("orthogonal", 0.0, 1e-5), ("xavier_normal", 0.5, 9.0)):
        (stack,) = measured.stacks(STUDY, framework, 1, {**LINEAR, "initializer": initializer})
        measurement = measured.measure(STUDY, stack)
        assert low <= measured.column(measurement, "runs", "isometry_error")[0] <= high


@pytest.mark.parametrize(
    ("activation", "initializer", "expected"),
    [("linear", "xavier_normal", 3.0), ("relu", "he_normal", 6.0), ("relu", "orthogonal", 3.0)],
)
def test_dispersions_are_depth_or_twice_that(
    activation: str, initializer: str, expected: float
) -> None:
    """The dispersion of a network of 64 units varies by about 15 %, the mean of 16 by 4 %, and the
    prediction is off by about depth / width = 5 % more. The laws differ by a factor of 2."""
    axes: measured.Axes = {"activation": activation, "initializer": initializer, "width": 64}
    (stack,) = measured.stacks(STUDY, "numpy", 16, {**LINEAR, **axes})
    measurement = measured.measure(STUDY, stack)
    predicted = measured.column(measurement, "runs", "dispersion_predicted")
    assert predicted[0] == pytest.approx(expected)
    dispersion = measured.column(measurement, "runs", "dispersion")
    assert dispersion.mean() == pytest.approx(expected, rel=0.25)


def test_the_figure_shows_the_table_and_names_what_is_missing(tmp_path: Path) -> None:
    chosen = [
        stack
        for initializer in ("xavier_normal", "orthogonal")
        for stack in measured.stacks(STUDY, "numpy", 2, {**LINEAR, "initializer": initializer})
    ]
    tables = measured.written(tmp_path, STUDY, chosen)
    (part,) = page.parts(tables)
    with style():
        (drawing,) = (draw() for draw in part.draw)
    assert drawing.name == "jacobian_spectrum"
    values = tables("spectrum/singular_values.csv")
    assert values is not None
    for initializer in ("xavier_normal", "orthogonal"):
        quantiles = values.loc[values["initializer"] == initializer, "singular_value"]
        assert measured.shows(drawing, np.maximum(quantiles, page.FLOOR))
    with pytest.raises(NotDrawn, match="orthogonal"):
        page.quantiles(values[values["initializer"] != "orthogonal"])
    with pytest.raises(NotDrawn, match="did not measure"):
        page.quantiles(values.drop(columns="singular_value"))
    assert not page.parts(lambda path, *required: None)[0].draw
