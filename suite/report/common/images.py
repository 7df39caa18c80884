"""The image files of a figure: a PNG for its folder, and what the page carries.

The page carries an SVG where that is no larger than the PNG, which it is unless a figure has
thousands of points. Both are the same for the same figure, whatever the time and the user's
settings. The card below a figure stays light in a dark page: turning its colours around would
turn "brighter is better" around.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterMathtext, LogFormatterSciNotation, NullLocator
from PIL import Image

from suite.report.common.drawing import FLOOR
from suite.report.common.styles import INK
from suite.report.common.vector import svg

PALETTE = 256
"""The colours of a PNG: more than the figures have, apart from the mixtures along edges."""
_SUPERSCRIPTS = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Painted:
    """``png``: the file for the folder, at twice its size on screen. ``shown``: the file that the
    page carries, of the type ``kind``."""

    png: bytes
    shown: bytes
    kind: str


def paint(figure: Figure) -> Painted:
    """Return the files of a figure."""
    with _arranged(figure):
        raster = _png(figure)
        vector = svg(figure)
    if len(vector) <= len(raster):
        return Painted(raster, vector, "image/svg+xml")
    return Painted(raster, raster, "image/png")


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG file."""
    with _arranged(figure):
        return _png(figure)


def _png(figure: Figure) -> bytes:
    """Draw an arranged figure, and reduce it to ``PALETTE`` colours."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    image = Image.fromarray(pixels).quantize(
        PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    buffer = io.BytesIO()
    image.save(buffer, format="png", compress_level=6, dpi=(figure.dpi, figure.dpi))
    return buffer.getvalue()


@contextmanager
def _arranged(figure: Figure) -> Iterator[None]:
    """Compute the places of all parts once, for every file that is painted inside."""
    _clear_axes(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


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
