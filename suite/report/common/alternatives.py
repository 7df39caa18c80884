"""What a figure shows, in words: the text alternative of its image, read off what was drawn.

A heat map gives its highest and its lowest cell, a line its ends and its extremes, points and bars
their number and range. Nothing is typed: other rows give other words.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from suite.report.common.numbers import number
from suite.report.common.styles import INK

MOST_LINES = 16
"""With more lines in a figure, a panel gives only those that end lowest and highest."""
MOST_PANELS = 12
"""The panels that are described; of the others the number is given."""
_WORD = re.compile(r"[^\W\d_]{2}")
"""Two letters: a name, not a number such as 1e-3."""
_LEVEL = 0.02
"""A line that moves by less than this share of the panel's height, or of its value, is level."""


def describe(figure: Figure) -> str:
    """Return what is to be seen in a figure, panel by panel, in sentences."""
    panels = [axes for axes in figure.axes if axes.has_data() and axes.get_label() != "<colorbar>"]
    names, along = _names(figure), _named_ticks(panels)
    brief = sum(len(_lines(axes)) for axes in panels) > MOST_LINES
    sentences = []
    for axes in panels[:MOST_PANELS]:
        found = [*_cells(axes, along), *_curves(axes, names, brief), *_dots(axes, along, names)]
        if found:
            title = " ".join(_title(axes).split())
            sentences.append(f"{title}: {'; '.join(found)}." if title else f"{'; '.join(found)}.")
    if len(panels) > MOST_PANELS:
        sentences.append(f"{len(panels) - MOST_PANELS} more panels.")
    if not sentences:
        sentences = list(_written(figure))
    return " ".join([*_quantities(figure, panels), *sentences])


def _written(figure: Figure) -> Iterator[str]:
    """Yield what a table that is drawn says most often."""
    texts = (_plain(text.get_text()) for axes in figure.axes for text in axes.texts)
    found = Counter(text for text in texts if text)
    if found:
        common = "; ".join(f"{text}, {count} times" for text, count in found.most_common(5))
        yield f"{found.total()} entries, of them {common}."


def _title(axes: Axes) -> str:
    return axes.get_title(loc="left") or axes.get_title() or axes.get_title(loc="right")


def _quantities(figure: Figure, panels: Sequence[Axes]) -> Iterator[str]:
    """Yield what stands along the axes, where one label is for all panels."""
    common = {"x": figure.get_supxlabel(), "y": figure.get_supylabel()}
    for axis, label in common.items():
        own = {axes.get_xlabel() if axis == "x" else axes.get_ylabel() for axes in panels} - {""}
        if text := label or (own.pop() if len(own) == 1 else ""):
            direction = "Across" if axis == "x" else "Upwards"
            yield f"{direction}: {_plain(text)}."


def _plain(text: str) -> str:
    """Return a label on one line and without the marks of a formula."""
    for mark in (r"\mathrm", r"\mathdefault", r"\,", "$", "{", "}"):
        text = text.replace(mark, "")
    return " ".join(text.replace(r"\times", "×").split())


def _names(figure: Figure) -> dict[str, str]:
    """Return colour -> its name in the legends of a figure; a colour with two names has none."""
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    names: dict[str, str] = {}
    for legend in filter(None, legends):
        for colour, text in _entries(legend):
            names[colour] = text if names.get(colour, text) == text else ""
    return names


def _entries(legend: Legend) -> Iterator[tuple[str, str]]:
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if isinstance(handle, Line2D):
            yield to_hex(handle.get_color()), _plain(text.get_text())
        elif handle is not None and hasattr(handle, "get_facecolor"):
            colours = np.atleast_2d(handle.get_facecolor())
            if len(colours):
                yield to_hex(colours[0]), _plain(text.get_text())


def _filled(values: Any) -> NDArray[np.float64]:
    """Return an array, masked or not, with NaN where it is masked."""
    return np.asarray(np.ma.filled(np.ma.asarray(values, dtype=float), np.nan))


# --- heat maps ---------------------------------------------------------------------------------


Along = Callable[[Axes, str], list[str]]
"""Returns the names along the axis x or y of a panel; none where it has numbers."""


def _named_ticks(panels: Sequence[Axes]) -> Along:
    """Return what finds the names along the axes of a figure, those of each axis once."""
    read = functools.cache(categories)

    def along(axes: Axes, axis: str) -> list[str]:
        # With shared axes one panel may have the names of all.
        found = (read(each.xaxis if axis == "x" else each.yaxis) for each in (axes, *panels))
        return next(filter(None, found), [])

    return along


def categories(axis: Axis) -> list[str]:
    """Return the names along an axis; none where it has numbers."""
    names = [_plain(label.get_text()) for label in axis.get_ticklabels()]
    return names if any(_WORD.search(name) for name in names) else []


def _cells(axes: Axes, along: Along) -> Iterator[str]:
    for mesh in axes.collections:
        if not isinstance(mesh, QuadMesh) or mesh.get_array() is None:
            continue
        values = _filled(mesh.get_array())
        if values.ndim != 2 or not np.isfinite(values).any():
            continue
        rows, columns = along(axes, "y"), along(axes, "x")
        measured = np.isfinite(values)
        low, high = values[measured].min(), values[measured].max()
        count = f"{measured.sum()} cells" + (f" of {values.size}" if not measured.all() else "")
        if low == high:
            yield f"{count}, all {number(low)}"
            continue
        ends = " to ".join(
            f"{number(end)} ({_where(values, end, rows, columns)})" for end in (low, high)
        )
        yield f"{count}, from {ends}; median {number(float(np.median(values[measured])))}"


def _where(
    values: NDArray[np.float64], end: float, rows: Sequence[str], columns: Sequence[str]
) -> str:
    """Return the first cell that has a value, in words, and how many others have it."""
    places = np.argwhere(values == end)
    row, column = places[0]
    named = row < len(rows) and column < len(columns)
    text = f"{rows[row]}, {columns[column]}" if named else f"cell {row + 1}, {column + 1}"
    return f"{text} and {len(places) - 1} more" if len(places) > 1 else text


# --- lines -------------------------------------------------------------------------------------


def _lines(axes: Axes) -> list[Line2D]:
    """Return the measured lines of a panel: neither theory nor a level, nor points alone."""
    found = []
    for line in axes.lines:
        joined = line.get_linestyle() not in ("None", "", " ") and line.get_linewidth() > 0
        theory = to_hex(line.get_color()) == INK and line.is_dashed()
        if joined and not theory and line.get_transform() == axes.transData:
            x, _ = _points(line)
            if len(np.unique(x)) > 1:
                found.append(line)
    return found


def _points(line: Line2D) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the finite points of a line."""
    try:
        x, y = (np.asarray(line.get_data()[place], dtype=float) for place in (0, 1))
    except (TypeError, ValueError):  # categories of matplotlib's own
        return np.array([]), np.array([])
    finite = np.isfinite(x) & np.isfinite(y)
    return x[finite], y[finite]


def _curves(axes: Axes, names: dict[str, str], brief: bool) -> Iterator[str]:
    lines = _lines(axes)
    if not lines:
        return
    if len(lines) > 2 and brief:
        scale = np.log10 if axes.get_yscale() == "log" else np.asarray
        heights = np.array([[_points(line)[1][end] for end in (0, -1)] for line in lines])
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = [float(np.ptp(scale(heights[:, end]))) for end in (0, 1)]
        end = int(apart[1] >= apart[0])
        order = np.argsort(heights[:, end], kind="stable")
        yield f"{len(lines)} lines"
        yield f"highest at the {('start', 'end')[end]} {_course(axes, lines[order[-1]], names)}"
        yield f"lowest {_course(axes, lines[order[0]], names)}"
        return
    for line in lines:
        yield _course(axes, line, names)


def _course(axes: Axes, line: Line2D, names: dict[str, str]) -> str:
    """Return how a line goes: its ends, and the extreme between them where it turns."""
    x, y = _points(line)
    first, last = float(y[0]), float(y[-1])
    name = names.get(to_hex(line.get_color()), "")
    name = f"{name} " if name else ""
    logarithmic = axes.get_yscale() == "log"
    scaled = np.log10(np.where(y > 0, y, np.nan)) if logarithmic else y
    span = np.ptp(np.log10(axes.get_ylim())) if logarithmic else np.ptp(axes.get_ylim())
    level = max(_LEVEL * float(span), 0.0 if logarithmic else _LEVEL * abs(first))
    if math.isclose(x[0], x[-1]):
        return f"{name}from {number(first)} to {number(last)}"
    change = float(scaled[-1] - scaled[0])
    peak, trough = int(np.nanargmax(scaled)), int(np.nanargmin(scaled))
    beyond = [
        f"{word} {number(float(y[place]))} at {number(float(x[place]))}"
        for word, place, distance in (
            ("at most", peak, scaled[peak] - max(scaled[0], scaled[-1])),
            ("at least", trough, min(scaled[0], scaled[-1]) - scaled[trough]),
        )
        if distance > 2 * level
    ]
    if abs(change) <= level:
        course = (
            f"stays near {number(last)}" if not beyond else f"begins and ends near {number(last)}"
        )
    else:
        verb = "rises" if change > 0 else "falls"
        course = f"{verb} from {number(first)} to {number(last)}"
    return ", ".join([f"{name}{course}", *beyond])


# --- points and bars ---------------------------------------------------------------------------


def _dots(axes: Axes, names_along: Along, names: dict[str, str]) -> Iterator[str]:
    """Yield the number and range of points of each colour, and those of bars."""
    groups: dict[str, list[NDArray[np.float64]]] = {}
    for line in axes.lines:
        if line.get_linestyle() in ("None", "", " ") or line.get_linewidth() == 0:
            if line.get_marker() in ("None", "", " ", None, "|", "_"):
                continue
            x, y = _points(line)
            groups.setdefault(to_hex(line.get_color()), []).append(np.column_stack([x, y]))
    for points in axes.collections:
        if isinstance(points, PathCollection):
            offsets = _filled(points.get_offsets())
            colours = np.atleast_2d(points.get_facecolor())
            key = to_hex(colours[0]) if len(colours) else ""
            groups.setdefault(key, []).append(offsets[np.isfinite(offsets).all(axis=1)])
    sideways = bool(names_along(axes, "y")) and not names_along(axes, "x")
    rows = names_along(axes, "y" if sideways else "x")
    for colour, parts in groups.items():
        points_of = np.concatenate(parts)
        if len(points_of):
            values = points_of[:, 0 if sideways else 1]
            along = points_of[:, 1 if sideways else 0]
            yield f"{_named(names.get(colour, ''), len(values))} {_range(values, along, rows)}"
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            sizes = np.array([bar.get_width() if sideways else bar.get_height() for bar in bars])
            yield f"{len(sizes)} bars {_range(sizes, np.arange(len(sizes), dtype=float), rows)}"


def _named(name: str, count: int) -> str:
    points = f"{count} point{'s' * (count != 1)}"
    return f"{name}: {points}" if name else points


def _range(values: NDArray[np.float64], along: NDArray[np.float64], names: Sequence[str]) -> str:
    """Return lowest and highest, with the names of their places where these have names."""

    def end(place: int) -> str:
        spot = round(float(along[place]))
        name = f" ({names[spot]})" if 0 <= spot < len(names) and names[spot] else ""
        return f"{number(float(values[place]))}{name}"

    low, high = int(np.argmin(values)), int(np.argmax(values))
    if values[low] == values[high]:
        return f"at {end(low)}"
    return f"from {end(low)} to {end(high)}"
