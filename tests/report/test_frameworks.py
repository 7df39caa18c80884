"""Figures show every framework that was run, whatever their number."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pandas as pd
import pytest
from matplotlib.text import Text

from suite.report import PARTS
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.styles import coloured, framework_styles, palette
from suite.studies import STUDIES
from tests.support import reference_tables

THIRD = "third"
FRAMEWORKS = ("torch", "tensorflow", THIRD)
SEVERAL = [
    study
    for study in PARTS
    if STUDIES[study].frameworks != ("numpy",) and (reference_tables.STANDARD / study).is_dir()
]
"""The studies of the reference with figures that do not run in NumPy alone."""


def with_a_third(path: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, with those of torch repeated under the name of another framework."""
    if path.startswith("training/") or path == "summary.csv":
        # One depth of the heat maps stands for all.
        rows = rows[(rows["depth"] == 4) | (rows.get("study", "training") != "training")]
    return pd.concat([rows, rows[rows["framework"] == "torch"].assign(framework=THIRD)])


@pytest.mark.parametrize("study", SEVERAL)
def test_every_figure_shows_a_third_framework(study: str) -> None:
    """Figures that are drawn for one framework each, and named after it, count as one."""
    shown: dict[str, set[str]] = defaultdict(set)
    with style():
        for part in PARTS[study](reference_tables.tables(with_a_third)):
            assert part.draw
            for draw in part.draw:
                try:
                    drawing = draw()
                except NotDrawn:  # of cells that came after the reference
                    continue
                words = " ".join(text.get_text() for text in drawing.figure.findobj(Text))
                for name in FRAMEWORKS:
                    words += f" {name}" * drawing.name.endswith(f"_{name}")
                name = drawing.name
                for framework in FRAMEWORKS:
                    name = name.removesuffix(f"_{framework}")
                shown[name] |= {framework for framework in FRAMEWORKS if framework in words}
    assert shown
    assert all(frameworks == set(FRAMEWORKS) for frameworks in shown.values()), shown


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_styles_differ_for_any_number_of_frameworks(count: int) -> None:
    styles = framework_styles(f"framework {n}" for n in range(count))
    assert len(styles) == count
    for first, second in itertools.combinations(styles.values(), 2):
        assert first.colour != second.colour
        assert (first.marker, first.size) != (second.marker, second.size)
        assert first.dashes != second.dashes
        # What is drawn later is thinner and smaller, so that what lies below it stays visible.
        assert first.thickness > second.thickness
        assert first.size > second.size
        assert -1 <= first.shift < second.shift <= 1


def test_there_are_as_many_colours_as_names() -> None:
    assert len(set(palette(30))) == 30
    assert palette(30)[:6] == palette(6)
    assert list(coloured(["b", "a", "b"])) == ["b", "a"]
