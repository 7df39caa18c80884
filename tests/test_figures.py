"""The figures show what the tables say, and say what they show."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from suite.report import curves, heatmaps
from suite.report.drawing import COLOURS, NotDrawn, png, style
from suite.tables import read_table

# Tests are imported by path here and cannot import each other.
SYNTHETIC: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))
SHOWN = ["framework", "activation", "initializer", "centre"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small results folder."""
    return Path(SYNTHETIC["results"](tmp_path_factory.mktemp("results")))


def panels(figure: Figure) -> dict[str, Axes]:
    """Title -> panel; a colour bar has no title."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


def labels(figure: Figure, framework: str) -> dict[tuple[str, str], str]:
    """(activation, initializer) -> the number written in that cell of a heat map."""
    # The panels share their rows, whose names stand beside the first one only.
    first = figure.axes[0]
    rows, columns = ([t.get_text() for t in a.get_ticklabels()] for a in (first.yaxis, first.xaxis))
    return {
        (rows[int(text.get_position()[1])], columns[int(text.get_position()[0])]): text.get_text()
        for text in panels(figure)[framework].texts
    }


def test_heat_maps_show_the_summary(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    drawing = heatmaps.heat_map(summary, "heldout_accuracy", 4)
    assert "n = 20 seeds" in drawing.caption
    assert "optimizer rmsprop, weights native, settings common" in drawing.caption
    rows = summary[(summary["metric"] == "heldout_accuracy") & (summary["depth"] == 4)]
    assert len(rows) == 12
    for framework, activation, initializer, centre in rows[SHOWN].to_numpy():
        shown = labels(drawing.figure, framework)
        assert shown[activation, initializer] == f"{centre:.2f}"


def test_a_cell_without_a_median_is_left_empty(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    shown = labels(heatmaps.heat_map(summary, "heldout_accuracy", 1).figure, "torch")
    assert ("tanh", "normal(1)") not in shown
    assert ("tanh", "xavier_normal") in shown


def test_an_infinite_loss_and_diverged_runs_are_shown(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    there = (summary["activation"] == "relu") & (summary["initializer"] == "normal(1)")
    summary.loc[there & (summary["metric"] == "train_loss"), "centre"] = math.inf
    summary.loc[there, "diverged"] = 12
    shown = labels(heatmaps.heat_map(summary, "train_loss", 4).figure, "torch")
    assert shown["relu", "normal(1)"] == "∞*"
    assert "*" not in shown["relu", "xavier_normal"]


def test_other_cells_can_be_chosen(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    adam = summary.assign(optimizer="adam", centre=0.75)
    both = pd.concat([summary, adam])
    plain = heatmaps.heat_map(both, "heldout_accuracy", 4)
    chosen = heatmaps.heat_map(both, "heldout_accuracy", 4, optimizer="adam")
    assert "optimizer rmsprop" in plain.caption
    assert "optimizer adam" in chosen.caption
    assert set(labels(chosen.figure, "torch").values()) == {"0.75"}
    alone = heatmaps.heat_map(adam, "heldout_accuracy", 4)
    assert "optimizer adam" in alone.caption  # rmsprop is not there to be shown


@pytest.mark.parametrize("trace", [curves.FORWARD, curves.BACKWARD])
def test_layer_curves_show_median_band_and_theory(written: Path, trace: curves.Trace) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    drawing = curves.layer_traces(layers, trace)
    assert "width 256" in drawing.caption
    assert "n = 20 seeds" in drawing.caption
    axes = panels(drawing.figure)["tensorflow, relu"]
    keep = (layers["framework"] == "tensorflow") & (layers["activation"] == "relu")
    rows = layers[keep & (layers["initializer"] == "xavier_normal") & (layers["width"] == 256)]
    measured = [line for line in axes.lines if line.get_color() == COLOURS[0]]
    np.testing.assert_array_equal(measured[0].get_ydata(), rows[trace.metric])
    theory = [line.get_ydata() for line in axes.lines if line.get_linestyle() == "--"]
    assert len(theory) == 4
    np.testing.assert_array_equal(theory[0], rows[trace.predicted])
    edges = np.asarray(axes.collections[0].get_paths()[0].vertices)[:, 1]
    assert edges.min() == rows[f"{trace.metric}_low"].min()
    assert edges.max() == rows[f"{trace.metric}_high"].max()


def test_learning_shows_every_layer(written: Path) -> None:
    layers = read_table(written / "training" / "layers.csv")
    axes = panels(curves.learning(layers).figure)["torch, sigmoid"]
    keep = (layers["framework"] == "torch") & (layers["activation"] == "sigmoid")
    keep &= (layers["initializer"] == "normal(1)") & (layers["depth"] == 4)
    assert len(axes.lines) == 5
    for layer, line in enumerate(axes.lines, start=1):
        rows = layers[keep & (layers["layer"] == layer)]
        np.testing.assert_array_equal(line.get_xdata(), rows["epoch"])
        np.testing.assert_array_equal(line.get_ydata(), rows["gradient_rms"])


def test_what_was_not_measured_is_a_sentence(written: Path) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    with pytest.raises(NotDrawn, match=r"mean square of the activations.*\.$"):
        curves.forward(layers.drop(columns="activation_mean_square"))
    with pytest.raises(NotDrawn):
        curves.learning(read_table(written / "training" / "layers.csv")[:0])
    with pytest.raises(NotDrawn, match="depth 9"):
        heatmaps.heat_map(read_table(written / "summary.csv"), "train_loss", 9)


def test_zeros_and_infinities_do_not_break_a_figure(written: Path) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    layers.loc[layers["layer"] > 3, "activation_mean_square_low"] = 0.0
    layers.loc[layers["layer"] > 4, "activation_mean_square"] = math.inf
    with style():
        assert len(png(curves.forward(layers).figure)) > 10_000
