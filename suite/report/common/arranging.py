"""Everything of a figure in its place, found once for every file that is painted of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterMathtext, LogFormatterSciNotation, NullLocator

from suite.report.common.drawing import FLOOR
from suite.report.common.styles import INK

_SUPERSCRIPTS = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def arranged(figure: Figure) -> Iterator[None]:
    """Compute the places of all parts once, for every file that is painted inside."""
    _clear_axes(figure)
    engine = figure.get_layout_engine()
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    for axis in axes:
        _remember_ticks(axis)
        _remember_boxes(axis)
    for panel in figure.axes:
        for spine in panel.spines.values():
            spine.set_in_layout(False)  # it lies on the border of its panel
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)
        for axis in axes:
            vars(axis).pop(_TICKS, None)
            vars(axis).pop(_BOXES, None)


_TICKS = "_update_ticks"
"""What matplotlib calls of an axis before each question for its size and each drawing."""


def _remember_ticks(axis: Axis) -> None:
    """Find the ticks of an axis anew only where its limits or its length have changed.

    matplotlib finds them some twenty times for one file, which takes a third of the time of
    painting. Where a version of it finds them in another way, this changes nothing.
    """
    find: Callable[[], Any] | None = getattr(axis, _TICKS, None)
    if find is None:
        return
    kept: dict[tuple[float, ...], Any] = {}

    def ticks() -> Any:
        place = axis.axes.get_position()
        key = (*axis.get_view_interval(), place.width, place.height)
        if key not in kept:
            kept.clear()
            kept[key] = find()
        return kept[key]

    setattr(axis, _TICKS, ticks)


_BOXES = "_get_ticklabel_bboxes"
"""What matplotlib calls for the places of tick labels, twice for each size and each drawing."""


def _remember_boxes(axis: Axis) -> None:
    """Measure the tick labels of an axis anew only where its ticks, its place or what draws them
    have changed; see ``_remember_ticks``."""
    measure: Callable[[Any, Any], Any] | None = getattr(axis, _BOXES, None)
    if measure is None:
        return
    asked: list[Any] = []
    found: list[Any] = []

    def boxes(ticks: Any, renderer: Any) -> Any:
        place = axis.axes.bbox.bounds
        if not (asked and asked[0] is ticks and asked[1] is renderer and asked[2] == place):
            asked[:] = [ticks, renderer, place]
            found[:] = [measure(ticks, renderer)]
        return found[0]

    setattr(axis, _BOXES, boxes)


class Powers(LogFormatterSciNotation):
    """Powers of ten as text, such as 10⁻³: formulas take a hundred times as long to set."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return _plain(super().__call__(x, pos))


def _plain(text: str) -> str:
    text = re.sub(r"\^\{(.*?)\}", lambda found: found[1].translate(_SUPERSCRIPTS), text)
    return re.sub(r"\$|\\mathdefault|\{|\}", "", text).replace(r"\times", " × ").strip()


def _clear_axes(figure: Figure) -> None:
    """Prepare logarithmic axes. One on which nothing is above 0 gets limits, and its panel says so;
    matplotlib refuses to draw it."""
    for axes in figure.axes:
        for name, shared in (("x", axes.get_shared_x_axes()), ("y", axes.get_shared_y_axes())):
            axis: Axis = getattr(axes, f"{name}axis")
            if axis.get_scale() != "log":
                continue
            panels = shared.get_siblings(axes)
            least = min(getattr(panel, f"{name}axis").get_minpos() for panel in panels)
            if axes.has_data() and not math.isfinite(least):
                axes.set(**{f"{name}lim": (FLOOR, 1.0)})
                middle: dict[str, Any] = {
                    "ha": "center",
                    "va": "center",
                    "transform": axes.transAxes,
                }
                axes.text(0.5, 0.5, "no value above 0", color=INK, **middle)
            for formatter, put in (
                (axis.get_major_formatter(), axis.set_major_formatter),
                (axis.get_minor_formatter(), axis.set_minor_formatter),
            ):
                if isinstance(formatter, LogFormatterMathtext):
                    put(Powers())
            low, high = getattr(axes, f"get_{name}lim")()
            if high > 100 * low > 0:  # their marks are not drawn, and take time
                axis.set_minor_locator(NullLocator())
