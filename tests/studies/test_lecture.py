"""The study ``lecture``: kernel gradients, histograms, the printed numbers, the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.planning import grids
from suite.report import lecture as page
from suite.report.common.drawing import NotDrawn, style
from suite.studies.lecture import Lecture, kernel_gradient, shares
from suite.studies.propagation import batch, predict, start
from suite.types import Lab
from tests.support import measured

STUDY = Lecture()


def test_the_gradient_of_a_kernel_is_the_sum_of_outer_products() -> None:
    rng = np.random.default_rng(2)
    before, gradient = rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 4, 6))
    slow = [np.sqrt(np.mean((h.T @ g) ** 2)) for h, g in zip(before, gradient, strict=True)]
    assert kernel_gradient(before, gradient) == pytest.approx(slow)


def test_shares_count_the_values_nearest_to_each_centre() -> None:
    values = np.array([[[0.0, 0.02, -0.03, 0.06, 9.0, -9.0, 1.99, -0.51]]])
    shares_of = shares(values, 0.05)[0]
    assert shares_of.sum() == pytest.approx(1.0)
    # -0.03 is nearer to bin -1, centred on -0.05, than to 0.
    counts = {40: 2, 39: 1, 41: 1, 80: 2, 0: 1, 30: 1}
    assert {int(n): int(shares_of[n] * 8) for n in np.flatnonzero(shares_of)} == counts
    assert np.isnan(shares(np.array([[[np.inf]]]), 0.05)).all()


@pytest.mark.parametrize("framework", measured.BOTH)
def test_a_framework_measures_the_kernel_gradients_that_the_oracle_gives(framework: str) -> None:
    axes: measured.Axes = {
        "activation": "tanh",
        "initializer": "normal(0.1)",
        "depth": 3,
        "width": 24,
    }
    (stack,) = measured.stacks(STUDY, framework, 2, axes)
    measurement = measured.measure(STUDY, stack)
    measured.complete(STUDY, measurement, 2)
    member = stack.members[1]
    lab = Lab(frameworks.load(framework), frameworks.load("numpy"), 0)
    inputs, cotangent = batch(member, lab)
    (signal,) = lab.oracle.propagate(("tanh",), start(member, lab), inputs, cotangent)
    entering = [inputs.astype(np.float64), *signal.activation[:-1]]
    slow = [
        np.sqrt(np.mean((h.T @ g) ** 2)) for h, g in zip(entering, signal.gradient, strict=True)
    ]
    # Single precision rounds by 6e-8, a few hundred times on the way.
    gradient = measured.column(measurement, "layers", "kernel_gradient")
    assert gradient[1] == pytest.approx(slow, rel=1e-4)
    deviation = np.std(signal.activation, axis=(1, 2))
    std = measured.column(measurement, "layers", "activation_std")
    assert std[1] == pytest.approx(deviation, rel=1e-4)
    expected = np.sqrt(predict(member.cell).activation_variance)
    error = np.abs(np.log(deviation / expected)).max()
    assert measured.column(measurement, "runs", "std_error")[1] == pytest.approx(error, rel=1e-3)


def test_theory_gives_the_numbers_of_the_lecture() -> None:
    cells = grids.cells(STUDY, grids.Selection("standard", ("torch",)))
    printed = {
        ("tanh", "normal(0.01)"): [0.492, 0.289, 0.179, 0.113, 0.072, 0.046],
        ("relu", "xavier_normal"): [0.584, 0.413, 0.292, 0.206, 0.146, 0.103],
    }
    for cell in cells:
        key = cell.text("activation"), cell.text("initializer")
        if cell["width"] == 4096 and key in printed:
            predicted = np.sqrt(predict(cell).activation_variance)
            # Three digits are printed; the drift of 4,096 relu units is 0.2 % at most.
            assert predicted == pytest.approx(printed.pop(key), abs=1.5e-3)
    assert not printed


def test_a_bin_is_only_as_wide_as_the_range_of_the_activation_in_it() -> None:
    """tanh ends at 1, in the middle of the bin that is centred on 1."""
    shares_of = np.zeros(81)
    shares_of[[40, 60]] = 0.5
    table = pd.DataFrame({"bin": np.arange(-40, 41), "activation_share": shares_of})
    height, edges = page.density(table, "activation_share", 0.05, page.RANGES["tanh"])
    assert (height * np.diff(edges)).sum() == pytest.approx(1.0)
    assert (height[40], height[60]) == pytest.approx((10.0, 20.0))
    height, edges = page.density(table, "activation_share", 0.05, (-np.inf, np.inf))
    assert (height[40], height[60]) == pytest.approx((10.0, 10.0))


def test_the_figures_have_their_names_and_name_what_is_missing(tmp_path: Path) -> None:
    chosen = [
        stack
        for activation, initializer in {case[::2] for case in page.CASES}
        for stack in measured.stacks(
            STUDY,
            "numpy",
            2,
            {"activation": activation, "initializer": initializer, "depth": 2, "width": 16},
        )
    ]
    tables = measured.written(tmp_path, STUDY, chosen)
    (part,) = page.parts(tables)
    with style():
        names = [draw().name for draw in part.draw]
    assert names == ["lecture_activations_numpy", "lecture_gradients_numpy"]
    layers, bins = tables("lecture/layers.csv"), tables("lecture/histograms.csv")
    assert layers is not None
    assert bins is not None
    with pytest.raises(NotDrawn, match="he_normal"):
        page.histograms(
            bins[bins["initializer"] != "he_normal"], "numpy", layers, "activation_share"
        )
    with pytest.raises(NotDrawn, match="did not measure"):
        page.histograms(bins.drop(columns="gradient_share"), "numpy", layers, "gradient_share")
    assert not page.parts(lambda path, *required: None)[0].draw
