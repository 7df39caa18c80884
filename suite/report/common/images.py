"""The image files of a figure: the one that the page shows, and a PNG where somebody asks for it.

The page shows an SVG, or a PNG where a figure has thousands of points and a PNG is smaller. Both
are the same for the same figure, whatever the time and the user's settings. The card below a
figure stays light in a dark page: turning its colours around would turn "brighter is better"
around.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from suite.report.common.arranging import arranged
from suite.report.common.vector import svg

PALETTE = 256
"""The colours of a PNG: more than the figures have, apart from the mixtures along edges."""
LARGE = 2**17
"""The bytes of an SVG from which a PNG may be smaller."""
_TAG = re.compile("<[^>]*>")
_ESCAPED = str.maketrans({mark: quote(mark) for mark in '%#"\n\r\t'})
"""What ends a data URL, or its attribute, or is lost in it."""
KINDS = {"svg": "image/svg+xml", "png": "image/png"}
"""Ending of a file -> its type."""


@dataclass(frozen=True)
class Painted:
    """The file of a figure: its bytes, and the ending of its name, one of ``KINDS``."""

    file: bytes
    ending: str

    @property
    def url(self) -> str:
        """The file as a data URL, without a double quote or a line break. An SVG stays text, which
        is a quarter smaller than base64, and much smaller where a server compresses the page."""
        kind = KINDS[self.ending]
        if self.ending != "svg":
            return f"data:{kind};base64,{base64.b64encode(self.file).decode('ascii')}"
        # Attributes in single quotes: a double one would be three characters of the URL.
        text = _TAG.sub(
            lambda tag: tag[0].replace("'", "&apos;").replace('"', "'"), self.file.decode("utf-8")
        )
        return f"data:{kind}," + text.translate(_ESCAPED)


def paint(figure: Figure) -> Painted:
    """Return the file of a figure that the page shows."""
    with arranged(figure):
        vector = svg(figure)
        if len(vector) >= LARGE and len(raster := _png(figure)) < len(vector):
            return Painted(raster, "png")
    return Painted(vector, "svg")


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG file, at twice its size on screen."""
    with arranged(figure):
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
