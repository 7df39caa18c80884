"""The tutorial's figures show what its tables contain, or say why they cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from suite.report import tutorial
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.studies.tutorial.prints import PRINTS, START

CELL = ("framework", "activation", "initializer", "depth", "width", "optimizer", "case")


def cell(framework: str, activation: str, depth: int, optimizer: str) -> dict[str, object]:
    values = (framework, activation, START[optimizer], depth, 5, optimizer, "independent")
    return dict(zip(CELL, values, strict=True))


def runs(frameworks: tuple[str, ...] = ("torch", "tensorflow")) -> pd.DataFrame:
    """Return four seeds of each network: two at the printed accuracy, one below, one above it."""
    rows = []
    for framework in frameworks:
        for name, given in PRINTS.items():
            for seed, over in enumerate((0.0, 0.0, -0.05, 0.005)):
                rows.append(
                    cell(framework, *name)
                    | {"seed": seed, "status": "ok", "train_accuracy": given.accuracy + over}
                    | {"accuracy_over_print": over, "within_print": float(abs(over) <= 0.01)}
                )
    return pd.DataFrame(rows)


def layers() -> pd.DataFrame:
    rows = []
    for activation in ("sigmoid", "tanh", "relu"):
        for epoch in (0, 1, 2):
            for layer in range(1, 6):
                row = cell("torch", activation, 4, "rmsprop")
                row |= {"epoch": epoch, "layer": layer, "n": 20}
                for metric in (*tutorial.WEIGHTS, *tutorial.GRADIENTS):
                    size = 0.1 * layer + epoch
                    row |= {f"{metric.metric}{end}": size for end in ("", "_low", "_high")}
                rows.append(row)
    return pd.DataFrame(rows)


def written(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_printed_accuracies_are_marked_among_the_reruns() -> None:
    with style():
        drawing = tutorial.printed(runs())
        png(drawing.figure)
    words = written(drawing.figure)
    assert len(words) == 12
    # One of four lies below, two lie on the print and count half; three lie within 0.01.
    assert all("50 % lie below" in text and "75 % within" in text for text in words)
    assert "n = 4 seeds" in drawing.caption
    assert "3 of 4 seeds in torch (product of the shares: 0.2)" in drawing.caption


def test_a_smaller_run_says_what_is_missing() -> None:
    whole = runs(("torch",))
    with pytest.raises(NotDrawn, match="six networks"):
        tutorial.printed(whole[whole["activation"] != "tanh"])
    with pytest.raises(NotDrawn, match="did not measure"):
        tutorial.printed(whole.drop(columns="within_print"))
    for curve in (tutorial.weights, tutorial.gradients):
        with pytest.raises(NotDrawn, match="four-layer"):
            curve(layers().assign(depth=1), "torch")
        with pytest.raises(NotDrawn, match="did not measure"):
            curve(layers().drop(columns=["weight_std", "gradient_std"]), "torch")
    parts = tutorial.parts(lambda path, *columns: None)
    assert [len(part.draw) for part in parts] == [0, 0]
    assert all("is missing: no figure of" in sentence for part in parts for sentence in part.absent)


def test_a_line_for_each_layer_over_the_epochs() -> None:
    with style():
        drawing = tutorial.gradients(layers(), "torch")
        png(drawing.figure)
    assert "in torch" in drawing.caption
    panels = drawing.figure.axes
    assert len(panels) == 9
    for axes in panels:
        assert len(axes.lines) == 5
        assert np.asarray(axes.lines[2].get_xdata()).tolist() == [0, 1, 2]
        assert np.asarray(axes.lines[2].get_ydata()).tolist() == pytest.approx([0.3, 1.3, 2.3])
    assert [axes.get_yscale() for axes in panels] == ["linear"] * 3 + ["log"] * 6
