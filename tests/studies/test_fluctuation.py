"""The study ``fluctuation``: joint draws, dead networks, theory, a planted defect, figures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from suite import frameworks
from suite.report import fluctuation as page
from suite.report.common.drawing import NotDrawn, style
from suite.studies import fluctuation
from suite.studies.common.starts import draw_layer
from suite.studies.fluctuation import INPUTS, Fluctuation
from suite.types import Lab
from tests.support import measured

STUDY = Fluctuation()
NARROW: measured.Axes = {"activation": "relu", "initializer": "he_normal", "depth": 3, "width": 2}


def lab(framework: str) -> Lab:
    return Lab(frameworks.load(framework), frameworks.load("numpy"), 0)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce ensembles to 200 networks."""
    monkeypatch.setattr(fluctuation, "networks", lambda width: 200)


@pytest.mark.parametrize("framework", measured.BOTH)
def test_an_ensemble_has_the_signals_of_its_separate_networks(framework: str) -> None:
    (stack,) = measured.stacks(STUDY, framework, 1, NARROW)
    member = stack.members[0]
    squares = fluctuation._squares(member, lab(framework))
    assert squares.shape == (3, 200, INPUTS)
    inputs = fluctuation.circle(member, lab(framework)).astype(np.float64)
    for network in (0, 1, 199):
        hidden = inputs
        for layer in range(1, 4):
            wide, _ = draw_layer(
                lab(framework).framework, 0, "he_normal", "native", 0, layer, 2, 400
            )
            hidden = np.maximum(hidden @ wide[:, 2 * network : 2 * network + 2], 0.0)
            slow = np.mean(hidden**2, axis=1)
            # Single precision; sums that nearly cancel keep fewer digits.
            assert squares[layer - 1, network] == pytest.approx(slow, rel=1e-3, abs=1e-6)
    measured.complete(STUDY, measured.measure(STUDY, stack), 1)


def test_the_kernels_have_the_variance_of_their_own_fan_in() -> None:
    """With 200 kernels of 8 x 8 in one draw the variance of 12,800 entries has an error of 1.3 %;
    with the fans of the wide kernel it would be off by a factor of up to 100."""
    for framework in measured.BOTH:
        wide, _ = draw_layer(lab(framework).framework, 0, "he_normal", "native", 0, 1, 8, 1600)
        assert wide.var() == pytest.approx(2 / 8, rel=0.06)
    (stack,) = measured.stacks(STUDY, "torch", 1, {**NARROW, "initializer": "xavier_normal"})
    assert "fan_in" in (STUDY.unsupported(stack.members[0].cell) or "")


def test_dead_networks_are_counted_and_left_out_of_the_logs() -> None:
    squares = np.array([[[1.0, math.e], [0.0, math.e**3], [0.0, 0.0]]])  # 3 networks, 2 inputs
    columns = fluctuation._observe(squares)
    assert columns["dead_share"] == pytest.approx([1 / 3])
    assert columns["dead_input_share"] == pytest.approx([1 / 2])
    # One network is alive for the first input, which has no variance; ln is 1 and 3 for the second.
    assert columns["log_square_variance"] == pytest.approx([2.0])
    assert columns["log_square_mean"] == pytest.approx([(0.0 + 2.0) / 2])
    assert np.isnan(fluctuation._observe(np.zeros((1, 2, 2)))["log_square_variance"]).all()


def test_the_dead_share_and_the_variance_follow_theory_and_show_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (stack,) = measured.stacks(STUDY, "numpy", 10, {**NARROW, "width": 3, "depth": 6})

    def error() -> float:
        measurement = measured.measure(STUDY, stack)
        return float(abs(measured.column(measurement, "runs", "dead_input_share_error").mean()))

    # With 2,000 networks a share of 0.55 has a standard error of 0.011.
    assert error() < 0.05
    wide = measured.measure(STUDY, measured.stacks(STUDY, "numpy", 10, {**NARROW, "width": 16})[0])
    ratio = measured.column(wide, "runs", "log_square_variance") / measured.column(
        wide, "runs", "log_square_variance_predicted"
    )
    # The mean of ten variances of 200 networks each has a standard error of 3 %.
    assert ratio.mean() == pytest.approx(1.0, abs=0.15)
    # Networks whose kernels have a positive mean die less often: fewer units are inactive.
    monkeypatch.setattr(
        fluctuation, "draw_layer", lambda *given: (draw_layer(*given)[0] + np.float32(0.3), None)
    )
    assert error() > 0.05


def test_the_figures_show_the_tables_and_name_what_is_missing(tmp_path: Path) -> None:
    chosen = measured.stacks(STUDY, "numpy", 2, {**NARROW, "width": (2, 3, 16)})
    tables = measured.written(tmp_path, STUDY, chosen)
    (part,) = page.parts(tables)
    with style():
        dead, spread = (draw() for draw in part.draw)
    assert (dead.name, spread.name) == ("born_dead", "fluctuation")
    layers = tables("fluctuation/layers.csv")
    assert layers is not None
    for drawing, width, metrics in (
        (dead, 3, ("dead_share", "dead_input_share", "dead_input_share_predicted")),
        (spread, 16, ("log_square_variance", "log_square_variance_predicted")),
    ):
        for metric in metrics:
            assert measured.shows(drawing, layers.loc[layers["width"] == width, metric])
    with pytest.raises(NotDrawn, match="no narrow"):
        page.dead(layers[layers["width"] == 16])
    with pytest.raises(NotDrawn, match="no wide"):
        page.spread(layers[layers["width"] < 16])
    with pytest.raises(NotDrawn, match="did not measure"):
        page.dead(layers.drop(columns="dead_share"))
    assert not page.parts(lambda path, *required: None)[0].draw
