"""The heat maps of the study practice: a line for each optimizer and depth, which they name."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from suite.report.common.drawing import NotDrawn, style
from suite.report.practice import learned, parts


def runs(**changes: object) -> pd.DataFrame:
    """Two networks of a cell, of which one learned."""
    cell = {
        "framework": "torch",
        "activation": "gelu",
        "initializer": "default",
        "depth": 16,
        "width": 5,
        "optimizer": "adam",
        "weights": "native",
        "settings": "common",
        "dataset": "circles",
        "normalization": "none",
        "residual": 0.0,
        "case": "given",
        "status": "ok",
    }
    rows = [{**cell, **changes, "seed": seed} for seed in (0, 1)]
    return pd.DataFrame(rows).assign(learned=[0.0, 1.0])


def lines(table: pd.DataFrame) -> dict[str, str]:
    """Return line -> the text of its first cell."""
    with style():
        axes = learned(table, "circles", 5).figure.axes[0]
        return {
            tick.get_text(): text.get_text().split("\n")[0]
            for tick, text in zip(axes.get_yticklabels(), axes.texts, strict=True)
        }


def test_each_optimizer_depth_and_way_has_a_line_of_its_own() -> None:
    others: list[dict[str, Any]] = [
        {"optimizer": "rmsprop"},
        {"depth": 4},
        {"settings": "default"},
        {"case": "chosen"},
        {"optimizer": "sgd(0.3)"},
    ]
    table = pd.concat([runs(), *(runs(**other).assign(learned=1.0) for other in others)])
    shown = lines(table)
    assert len(shown) == 6
    assert shown["gelu, 16 layers, Adam"] == "0.50"
    assert {text for line, text in shown.items() if line != "gelu, 16 layers, Adam"} == {"1.00"}


def test_a_diverged_network_did_not_learn() -> None:
    assert lines(runs(status="diverged")) == {"gelu, 16 layers, Adam": "0.00*"}


def test_title_and_caption_name_the_optimizers() -> None:
    table = pd.concat([runs(), runs(optimizer="sgd")])
    with style():
        drawing = learned(table, "circles", 5)
    assert drawing.title.endswith("layers of 5, Adam, SGD")
    assert "100 epochs" in drawing.caption


def test_other_networks_are_not_counted() -> None:
    odd: list[dict[str, Any]] = [
        {"normalization": "batch"},
        {"residual": 1.0},
        {"weights": "shared"},
        {"width": 64},
    ]
    table = pd.concat([runs(), *(runs(**one) for one in odd)])
    assert lines(table) == {"gelu, 16 layers, Adam": "0.50"}


def test_a_missing_table_is_a_sentence() -> None:
    (part,) = parts(lambda *names: None)
    assert "practice/runs.csv is missing" in part.absent[0]
    with pytest.raises(NotDrawn, match="layers of 64"):
        learned(runs(), "circles", 64)
