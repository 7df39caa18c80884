"""The page's section on the study drift shows what its tables contain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.report import drift as page
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.report.common.numbers import number
from suite.studies import STUDIES, drift

STUDY = STUDIES["drift"]
AXES = {
    "framework": "torch",
    "activation": "gelu",
    "initializer": "xavier_uniform",
    "depth": 16,
    "width": 5,
    "optimizer": "rmsprop",
    "weights": "shared",
    "settings": "common",
    "clipping": "none",
    "case": "one_ulp",
}


def growth_table() -> pd.DataFrame:
    rows = [
        {
            "study": "drift",
            **AXES,
            "depth": 4,
            "activation": activation,
            "optimizer": optimizer,
            "case": case,
            "epoch": epoch,
            "batch_gap": gap * epoch,
            "batch_gap_low": gap,
            "batch_gap_high": gap * 1e3,
            "n": 20,
        }
        for activation in ("tanh", "relu")
        for optimizer in ("sgd", "rmsprop")
        for case, gap in (("one_ulp", 1e-7), ("own_form", 2e-7), ("other_form", 1e-4))
        for epoch in (1, 10, 100)
    ]
    return pd.DataFrame(rows)


def runs_table() -> pd.DataFrame:
    rows = [
        {
            "study": "drift",
            **AXES,
            "framework": framework,
            "optimizer": optimizer,
            "seed": seed,
            "status": "ok",
            "heldout_accuracy": 0.5 + 0.02 * seed,
        }
        for framework in ("torch", "tensorflow")
        for optimizer in ("rmsprop", *drift.EXCHANGED)
        for seed in range(20)
    ]
    return pd.DataFrame(rows)


def drawn(draw: Callable[[], Any]) -> Any:
    with style():
        drawing = draw()
        assert png(drawing.figure)
    return drawing


def test_the_gap_is_drawn_for_each_activation_and_optimizer() -> None:
    drawing = drawn(lambda: page.gap(growth_table(), "torch"))
    titles = [axes.get_title(loc="left") for axes in drawing.figure.axes]
    assert titles == ["tanh, rmsprop", "tanh, sgd", "relu, rmsprop", "relu, sgd"]
    lines = [line.get_ydata().tolist() for line in drawing.figure.axes[0].lines]
    assert [1e-4, 1e-3, 1e-2] in lines
    assert "n = 20 seeds" in drawing.caption


def test_the_exchange_shows_every_seed_and_the_median() -> None:
    drawing = drawn(lambda: page.exchange(runs_table()))
    (axes,) = drawing.figure.axes
    labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels[0] == f"torch\nepsilon {number(1e-7)}"
    assert len(labels) == 6
    assert sum(len(points.get_offsets()) for points in axes.collections[::2]) == 6 * 20


def test_a_smaller_run_says_what_is_not_drawn() -> None:
    without = growth_table().assign(batch_gap=np.nan)
    draws: list[Callable[[], Any]] = [
        lambda: page.gap(without, "torch"),
        lambda: page.gap(growth_table(), "tensorflow"),
        lambda: page.exchange(runs_table().query("optimizer == 'rmsprop'")),
    ]
    for draw in draws:
        with pytest.raises(NotDrawn, match="No figure"):
            draw()
    parts = page.parts(lambda name, *columns: None)
    assert all(part.absent and not part.draw for part in parts)


def test_shipped_tables_are_what_the_page_reads() -> None:
    """``parts`` asks for columns that the study writes."""
    required: dict[str, tuple[str, ...]] = {}
    page.parts(lambda name, *columns: required.update({name: columns}))
    growth = {*STUDY.axes, "study", "epoch", "n", *STUDY.tables[1].metrics}
    runs = {*STUDY.axes, "study", "seed", "status", *STUDY.tables[0].metrics}
    assert set(required["drift/growth.csv"]) <= growth
    assert set(required["drift/runs.csv"]) <= runs
