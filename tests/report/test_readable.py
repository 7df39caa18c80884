"""Every figure of the reference can be read: units on its axes, text that is large enough on a
phone, an alternative in words, and the commands that make it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from suite.report import PARTS
from suite.report.common.alternatives import categories, describe
from suite.report.common.drawing import Drawing, NotDrawn, style
from suite.report.reproduction import measuring_command
from suite.results.manifest import Manifest, read
from tests.support import reference_tables

UNIT = re.compile(
    r"\((nats|nats²|nats per factor|share|ratio|no unit|ulp|powers of ten|standard deviations"
    r"|declared standard deviations|per standard deviation)\b|\bshare of\b"
)
COUNT = re.compile(r"^(layers?|steps?|epochs?|factors|hidden layers|ReLU layers)\b")
"""Labels of what is counted or numbered, which needs no unit."""
LEAST = 6.75
"""The smallest text in points: 9 pixels where a figure is shown at its own size, as on a phone."""
STUDIES = [study for study in PARTS if (reference_tables.STANDARD / study).is_dir()]


def drawings(study: str) -> Iterator[Drawing]:
    """Yield the figures of a study that the reference has rows for, none of them painted."""
    for part in PARTS[study](reference_tables.tables()):
        for draw in part.draw:
            try:
                yield draw()
            except NotDrawn:
                continue


def unlabelled(figure: Figure) -> list[str]:
    """Return the labels of axes with numbers that say neither a unit nor what is counted."""
    labels = [
        label
        for axes in figure.axes
        for name in "xy"
        if (label := _label(figure, axes, name)) is not None
    ]
    return [label for label in labels if not UNIT.search(label) and not COUNT.search(label)]


def _label(figure: Figure, axes: Axes, name: str) -> str | None:
    """Return the label of an axis; None where it has names instead of numbers, or nothing."""
    axis = axes.xaxis if name == "x" else axes.yaxis
    if not axes.has_data() or not len(axis.get_ticklocs()) or not axes.axison:
        return None
    shared = axes.get_shared_x_axes() if name == "x" else axes.get_shared_y_axes()
    panels = (axes, *shared.get_siblings(axes))
    if any(categories(getattr(each, f"{name}axis")) for each in panels):
        return None
    texts = [getattr(each, f"get_{name}label")() for each in panels]
    common = figure.get_supxlabel() if name == "x" else figure.get_supylabel()
    return next(filter(None, [*texts, common]), "")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read(reference_tables.STANDARD / "manifest.json")


@pytest.mark.parametrize("study", STUDIES)
def test_figures_say_their_units_and_are_large_enough(study: str, manifest: Manifest) -> None:
    with style():
        for drawing in drawings(study):
            assert not unlabelled(drawing.figure), drawing.name
            texts = [text for text in drawing.figure.findobj(Text) if text.get_text().strip()]
            small = [text.get_text() for text in texts if float(text.get_fontsize()) < LEAST]
            assert not small, drawing.name
            words = describe(drawing.figure)
            assert re.search(r"\d", words), drawing.name
            assert "nan" not in words.split()
            assert len(words) < 2_500, drawing.name
            command = measuring_command(study, drawing.rows, manifest)
            assert command.startswith(f"suite run {study} --profile standard")


def test_an_axis_without_a_unit_is_seen() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], [3, 4])
    axes.set(xlabel="layer", ylabel="mean square")
    assert unlabelled(figure) == ["mean square"]
    axes.set(ylabel="mean square (no unit)")
    assert unlabelled(figure) == []
    assert "rises from 3 to 4" in describe(figure)
