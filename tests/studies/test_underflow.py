"""The study ``underflow``: counting, the prediction, both frameworks, the figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suite.planning.axes import make_cell
from suite.report import underflow as page
from suite.report.common.drawing import NotDrawn, style
from suite.studies.underflow import Underflow, predicted, reach
from suite.types import Value
from tests.support import measured

STUDY = Underflow()
AXES: measured.Axes = {
    "activation": "sigmoid",
    "initializer": "xavier_normal",
    "depth": 90,
    "width": 32,
    "precision": "single",
}


def test_reach_counts_from_the_last_layer() -> None:
    gradient = np.ones((4, 1, 2))
    assert reach(gradient) == 4
    gradient[1] = 0
    assert reach(gradient) == 2
    gradient[3] = [[0, 1e-300]]
    assert reach(gradient) == 2


@pytest.mark.parametrize("framework", measured.BOTH)
def test_single_precision_underflows_where_theory_predicts(framework: str) -> None:
    (stack,) = measured.stacks(STUDY, framework, 2, AXES)
    measurement = measured.measure(STUDY, stack)
    measured.complete(STUDY, measurement, 2)
    reached = measured.column(measurement, "runs", "gradient_reach")
    expected = measured.column(measurement, "runs", "gradient_reach_predicted")
    # At 32 units the reach of a network varies by 1 layer. Double precision would reach all 90
    # layers, and a slope of 1/4 instead of 0.236 would reach 3 layers more.
    assert np.abs(reached - expected).max() <= 3
    assert (reached < 80).all()
    largest = measured.column(measurement, "layers", "largest_gradient")
    for member in range(2):
        assert (largest[member] > 0).sum() == reached[member]


def test_the_prediction_does_not_underflow_itself() -> None:
    values: dict[str, Value] = {
        "framework": "torch",
        "activation": "sigmoid",
        "initializer": "xavier_normal",
        "depth": 560,
        "width": 32,
        "precision": "double",
    }
    logs = predicted(make_cell(STUDY, values))
    assert np.isfinite(logs).all()
    # sqrt(chi) is 0.236 for the wide network, and the drift of 32 units lowers it.
    assert np.exp(np.diff(logs)) == pytest.approx(0.234, abs=0.003)


def test_the_figure_shows_the_table_and_names_what_is_missing(tmp_path: Path) -> None:
    chosen = measured.stacks(STUDY, "torch", 2, {**AXES, "depth": 80})
    tables = measured.written(tmp_path, STUDY, chosen)
    (part,) = page.parts(tables)
    with style():
        (drawing,) = (draw() for draw in part.draw)
    assert drawing.name == "underflow"
    layers = tables("underflow/layers.csv")
    assert layers is not None
    nonzero = layers["largest_gradient"] > 0
    logs = np.log10(layers["largest_gradient"].where(nonzero))
    assert measured.shows(drawing, logs)
    # The point is the last layer with a gradient.
    assert measured.shows(drawing, [logs[nonzero].iloc[-1]])
    assert measured.shows(drawing, np.log10(layers["largest_gradient_predicted"]))
    with pytest.raises(NotDrawn, match="did not measure"):
        page.largest(layers.drop(columns="largest_gradient"))
    assert not page.parts(lambda path, *required: None)[0].draw
