"""Figures show what the tables contain, and their captions say what is shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest

from suite.catalogue.optimizers import OPTIMIZERS
from suite.metrics.training import LEARNED
from suite.report.common import captions, heatmaps, lines
from suite.report.common.drawing import NotDrawn, band, logarithmic, plain_band, style
from suite.report.common.images import png
from suite.report.common.numbers import number
from suite.report.common.styles import COLOURS
from suite.results.tables import read_table
from suite.studies.common.protocol import BATCH
from suite.studies.training import RECORD
from tests.support import synthetic

SHOWN = ["framework", "activation", "initializer", "centre"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small results folder."""
    return synthetic.results(tmp_path_factory.mktemp("results"))


def panels(figure: Figure) -> dict[str, Axes]:
    """Return title -> panel; a colour bar has no title."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


def labels(figure: Figure, framework: str) -> dict[tuple[str, str], str]:
    """Return (activation, initializer) -> the number written in that cell of a heat map."""
    # The panels share their rows, whose names stand beside the first one only.
    first = figure.axes[0]
    rows, columns = ([t.get_text() for t in a.get_ticklabels()] for a in (first.yaxis, first.xaxis))
    return {
        (rows[int(text.get_position()[1])], columns[int(text.get_position()[0])]): text.get_text()
        for text in panels(figure)[framework].texts
    }


def test_heat_maps_show_the_medians_of_the_summary(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    drawing = heatmaps.heat_map(summary, "heldout_accuracy", 4)
    assert "n = 20 seeds" in drawing.caption
    assert "optimizer rmsprop, weights native, settings common, dataset circles" in drawing.caption
    rows = summary[(summary["metric"] == "heldout_accuracy") & (summary["depth"] == 4)]
    assert len(rows) == 12
    for framework, activation, initializer, centre in rows[SHOWN].to_numpy():
        shown = labels(drawing.figure, framework)
        assert shown[activation, initializer] == f"{centre:.2f}"


def trained(initializer: str, *outcomes: tuple[str, float]) -> pd.DataFrame:
    """Return the runs of one cell from the status and held-out accuracy of each seed."""
    return pd.DataFrame(
        [
            (
                "torch",
                "relu",
                initializer,
                4,
                5,
                "rmsprop",
                "native",
                "common",
                "circles",
                seed,
                status,
                "",
                x,
            )
            for seed, (status, x) in enumerate(outcomes)
        ],
        columns=[*synthetic.AXES, "seed", "status", "reason", "heldout_accuracy"],
    )


def test_the_share_that_learns_counts_diverged_runs_and_leaves_out_failed_ones() -> None:
    fair = [("ok", LEARNED), ("ok", 0.99), ("ok", 0.97), ("ok", 0.949), ("ok", 0.5)]
    lost = [("failed", math.nan), ("unsupported", math.nan)]
    runs = pd.concat(
        [
            trained("he_uniform", *fair, *lost),
            trained("he_normal", ("ok", 0.99), ("diverged", 0.99), ("diverged", math.nan)),
            trained("default", *lost),
        ]
    )
    shares = heatmaps.learned(runs)
    assert shares["n"].tolist() == [5, 3]
    assert heatmaps.depths(shares, "learned") == [4]
    drawing = heatmaps.heat_map(shares, "learned", 4)
    assert (drawing.name, drawing.title) == (
        "learned_depth_4",
        "Share of networks that learn: 4 hidden layers of 5, RMSprop",
    )
    assert drawing.caption.startswith(
        f"Share of networks whose held-out accuracy reaches {LEARNED}"
    )
    shown = labels(drawing.figure, "torch")
    assert shown == {
        ("relu", "he_uniform"): "0.60\n.15–.95",
        ("relu", "he_normal"): "0.33*\n.01–.91",
    }
    mesh = drawing.figure.axes[0].collections[0]
    assert mesh.get_clim() == (0, 1)
    assert heatmaps.depths(heatmaps.learned(runs[:0]), "learned") == []


def test_shares_agree_with_a_count_of_the_runs(written: Path) -> None:
    runs = read_table(written / "training" / "runs.csv")
    shown = labels(heatmaps.heat_map(heatmaps.learned(runs), "learned", 4).figure, "tensorflow")
    cell = runs[(runs["framework"] == "tensorflow") & (runs["depth"] == 4)]
    cell = cell[(cell["activation"] == "tanh") & (cell["initializer"] == "xavier_normal")]
    learned = sum(accuracy >= LEARNED for accuracy in cell["heldout_accuracy"])
    assert 0 < learned < len(cell) == 20
    low, high = binomtest(learned, 20).proportion_ci(0.95, method="exact")
    interval = f"{low:.2f}–{high:.2f}".replace("0.", ".")
    assert shown["tanh", "xavier_normal"] == f"{learned / 20:.2f}\n{interval}"


def test_a_smaller_grid_is_named(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    assert "A smaller grid" not in heatmaps.heat_map(summary, "train_loss", 1).caption
    part = summary[(summary["depth"] == 4) | (summary["activation"] == "relu")]
    caption = heatmaps.heat_map(part, "train_loss", 1).caption
    assert (
        "A smaller grid: 1 activation and 2 initializers, up to 3 and 2 at other depths." in caption
    )
    assert "A smaller grid" not in heatmaps.heat_map(part, "train_loss", 4).caption


def test_captions_say_how_networks_were_trained(written: Path) -> None:
    both = read_table(written / "summary.csv").query("depth == 4")
    text = captions.protocol(both)
    common = OPTIMIZERS["rmsprop"].common
    assert text.startswith(f"{RECORD[-1]} epochs in batches of {BATCH}; RMSprop with learning rate")
    for name in ("learning_rate", "rho", "epsilon"):
        assert f"{name.replace('_', ' ')} {number(common[name])}" in text
    assert "in both frameworks. The frameworks' formulas place epsilon differently" in text
    assert text in heatmaps.heat_map(both, "heldout_accuracy", 4).caption
    assert text in lines.learning(read_table(written / "training" / "layers.csv")).caption
    alone = captions.protocol(both[both["framework"] == "torch"])
    assert alone.endswith("in torch.")
    assert captions.protocol(both.assign(optimizer="sgd")).endswith(
        f"SGD with learning rate {OPTIMIZERS['sgd'].common['learning_rate']} in both frameworks."
    )
    defaults = captions.protocol(both.assign(optimizer="adam", settings="default"))
    assert defaults.endswith("; Adam with each framework's own defaults.")


def test_captions_of_layers_explain_what_could_mislead(written: Path) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    forward, backward = lines.forward(layers), lines.backward(layers)
    assert (
        "In tensorflow default has the variance of xavier_normal and covers it" in forward.caption
    )
    assert "Random biases (default in torch)" in forward.caption
    assert "Random biases" not in backward.caption
    assert "by each layer's pre-activations, for a random Gaussian gradient" in backward.caption
    assert "underflows" not in backward.caption
    widths = [
        line.get_linewidth() for line in panels(forward.figure)["tensorflow, relu"].lines[::2]
    ]
    assert widths[0] > widths[1] == widths[2] == widths[3]
    dead = (layers["activation"] == "relu") & (layers["initializer"] == "normal(0.01)")
    layers.loc[dead, "gradient_mean_square"] = 0.0
    assert "ReLU with normal(0.01): the signal underflows" in lines.backward(layers).caption
    torch = lines.forward(layers[layers["framework"] == "torch"])
    assert "covers it" not in torch.caption


def test_a_cell_without_a_median_is_left_empty(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    shown = labels(heatmaps.heat_map(summary, "heldout_accuracy", 1).figure, "torch")
    assert ("tanh", "normal(1)") not in shown
    assert ("tanh", "xavier_normal") in shown


def test_an_infinite_loss_and_diverged_runs_are_shown(written: Path) -> None:
    summary = read_table(written / "summary.csv")
    cells = (summary["activation"] == "relu") & (summary["initializer"] == "normal(1)")
    summary.loc[cells & (summary["metric"] == "train_loss"), "centre"] = math.inf
    summary.loc[cells, "diverged"] = 12
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
    assert (
        "optimizer adam" in alone.caption
    )  # without RMSprop, the optimizer that is there is shown


@pytest.mark.parametrize("trace", [lines.FORWARD, lines.BACKWARD])
def test_layer_curves_show_median_band_and_theory(written: Path, trace: lines.Trace) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    drawing = lines.layer_traces(layers, trace)
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
    axes = panels(lines.learning(layers).figure)["torch, sigmoid"]
    keep = (layers["framework"] == "torch") & (layers["activation"] == "sigmoid")
    keep &= (layers["initializer"] == "normal(1)") & (layers["depth"] == 4)
    assert len(axes.lines) == 5
    for layer, line in enumerate(axes.lines, start=1):
        rows = layers[keep & (layers["layer"] == layer)]
        np.testing.assert_array_equal(line.get_xdata(), rows["epoch"])
        np.testing.assert_array_equal(line.get_ydata(), rows["gradient_rms"])


def test_a_figure_without_measurements_raises_a_sentence(written: Path) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    with pytest.raises(NotDrawn, match=r"mean square of the activations.*\.$"):
        lines.forward(layers.drop(columns="activation_mean_square"))
    with pytest.raises(NotDrawn):
        lines.learning(read_table(written / "training" / "layers.csv")[:0])
    with pytest.raises(NotDrawn, match="depth 9"):
        heatmaps.heat_map(read_table(written / "summary.csv"), "train_loss", 9)


def test_zeros_and_infinities_do_not_break_a_figure(written: Path) -> None:
    layers = read_table(written / "propagation" / "layers.csv")
    layers.loc[layers["layer"] > 3, "activation_mean_square_low"] = 0.0
    layers.loc[layers["layer"] > 4, "activation_mean_square"] = math.inf
    with style():
        assert len(png(lines.forward(layers).figure)) > 10_000


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
@pytest.mark.parametrize("panels", [1, 2])
@pytest.mark.parametrize("draw", [band, plain_band])
def test_a_logarithmic_axis_without_a_value_above_zero_is_drawn_and_says_so(
    draw: Callable[..., None], panels: int, value: float
) -> None:
    """A signal that has vanished to 0 everywhere is a result; matplotlib raises an error on it."""
    names = ("metric", "metric_low", "metric_high")
    rows = pd.DataFrame({"layer": [1, 2, 3], **{name: [value] * 3 for name in names}})
    with style():
        figure = Figure()
        grid = figure.subplots(1, panels, sharey=True, squeeze=False)
        for axes in grid.flat:
            draw(axes, rows, "layer", "metric", "black", 0.2)
        logarithmic(list(grid.flat))
        assert png(figure)[1:4] == b"PNG"
    for axes in grid.flat:
        assert [text.get_text() for text in axes.texts] == ["no value above 0"]


def test_a_panel_that_shares_its_axis_with_values_says_nothing() -> None:
    with style():
        figure = Figure()
        left, right = figure.subplots(1, 2, sharey=True)
        left.plot([0, 1], [0.0, 0.0])
        right.plot([0, 1], [1e-3, 1.0])
        left.set_yscale("log")
        png(figure)
    assert not left.texts
    assert left.get_ylim()[0] > 1e-5
