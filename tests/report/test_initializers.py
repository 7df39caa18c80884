"""The figures of the study initializers show what was measured, and say what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from suite.report import initializers as page
from suite.report.common.drawing import NotDrawn


def summary(*rows: tuple[str, str, str, str, str, float]) -> pd.DataFrame:
    """Return summary.csv with the framework, initializer, kind, shape, metric and centre given."""
    columns = ["framework", "initializer", "layer_kind", "shape", "metric", "centre"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(
        study="initializers", low=table["centre"] - 0.01, high=table["centre"] + 0.01, n=20
    )


def test_the_figure_of_variances_says_what_its_points_are_compared_with() -> None:
    metric = "kernel_variance_ratio"
    rows = [("torch", "he_normal", "dense", "384x640", metric, 1.0)]
    drawing = page.variances(summary(*rows))
    assert "n = 20 seeds" in drawing.caption
    assert "transposed" not in drawing.caption
    rows.append(("torch", "he_normal", "transposed", "3x3x64x96", metric, 0.67))
    assert "transposed convolution" in page.variances(summary(*rows)).caption


def test_other_kinds_of_kernels_have_a_figure_of_their_own() -> None:
    metric = "kernel_variance_ratio"
    dense = ("torch", "he_normal", "dense", "384x640", metric, 1.0)
    packed = ("torch", "default", "attention_packed", "512x8", metric, 0.5)
    axes = page.kinds(summary(dense, packed)).figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["attention_packed"]
    (points,) = (line for line in axes.lines if line.get_label() == "default")
    assert np.asarray(points.get_xdata()).tolist() == [0.5]
    with pytest.raises(NotDrawn, match="none of them"):
        page.kinds(summary(dense))
    biased = summary(dense, packed).assign(bias=["normal(0.1)", "unset"])
    with pytest.raises(NotDrawn, match="none of the shapes"):
        page.variances(biased)


def test_figures_say_what_is_missing() -> None:
    variances = summary(("torch", "he_normal", "dense", "384x640", "kernel_variance_ratio", 1.0))
    with pytest.raises(NotDrawn, match="forward_gain"):
        page.gains(variances)
    with pytest.raises(NotDrawn, match="none of the shapes"):
        page.variances(variances.assign(shape="64x64"))
    densities = pd.DataFrame(
        {
            "framework": ["torch"],
            "initializer": ["default"],
            "layer_kind": ["dense"],
            "shape": ["384x640"],
            "bin": [0.0],
            "n": [20],
            "kernel_density": [0.4],
            "kernel_density_predicted": [0.4],
        }
    )
    with pytest.raises(NotDrawn, match="no dense he_normal"):
        page.density(densities)
    drawing = page.density(densities.assign(initializer="he_normal"))
    assert "n = 20 seeds" in drawing.caption
    assert page.parts(lambda *_: None)[0].draw == []
