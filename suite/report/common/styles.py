"""How lines look: colours for any number of them, and a style for any number of frameworks."""

from __future__ import annotations

import colorsys
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

INK = "#222222"
GREY = "#767676"
"""Marks a level to compare with: a threshold, chance, no change."""
DASHES = (0, (3, 5))
"""The dashes of theory: the gaps are wide so that the colour of the line below stays visible."""
# The palette of Okabe and Ito (2008). Seen without red or green cones, its colours stay 17 units of
# CIELAB apart (tests/report/test_colours.py); the scales of the heat maps keep their lightness.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "x", "D", "+", "s", "^", "v", "*")

K = TypeVar("K", bound=Hashable)


def palette(count: int) -> list[str]:
    """Return ``count`` different colours: ``COLOURS``, then hues from all around the circle."""
    further = max(count - len(COLOURS), 0)
    hues = np.linspace(0.0, 1.0, further, endpoint=False)
    return [*COLOURS[:count], *(to_hex(colorsys.hsv_to_rgb(hue, 0.9, 0.55)) for hue in hues)]


def coloured(names: Iterable[K]) -> dict[K, str]:
    """Return a colour for each name, in their order."""
    names = list(dict.fromkeys(names))
    return dict(zip(names, palette(len(names)), strict=True))


def shades(levels: Iterable[K]) -> dict[K, Any]:
    """Return a colour for each of some ordered levels, such as layers, from dark to bright."""
    levels = list(levels)
    # The brightest colour of the map is too pale for a line.
    places = np.linspace(0.0, 1.0, len(levels) + 3)[1:-2]
    return dict(zip(levels, colormaps["viridis"](places)[:, :3].tolist(), strict=True))


@dataclass(frozen=True)
class Style:
    """How a framework is drawn where several share a panel.

    ``marker`` and ``size`` (points): later ones are smaller and lie on the earlier ones, which
    stay visible around them. ``thickness`` (points): likewise. ``dashes``: of its lines, where
    colours mean something else. ``shift``: from -1 to 1, the place beside the others where they
    would cover each other.
    """

    colour: str
    marker: str
    size: float
    thickness: float
    dashes: Any
    shift: float

    @property
    def points(self) -> dict[str, Any]:
        """Arguments of ``Axes.plot`` for markers without a line; the colour is not among them."""
        return {"marker": self.marker, "ms": self.size, "mfc": "none", "mew": 1.5, "lw": 0}


def framework_styles(frameworks: Iterable[str]) -> dict[str, Style]:
    """Return a style for each framework, in their order, however many they are."""
    colours = coloured(frameworks)
    count = len(colours)
    steps = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
    styles = {}
    for place, (name, colour) in enumerate(colours.items()):
        styles[name] = Style(
            colour=colour,
            marker=_MARKERS[place % len(_MARKERS)],
            size=float(9 - 4 * steps[place]),
            thickness=float(3.0 - 1.5 * steps[place]),
            dashes=(0, (2 * place, 2)) if place else "-",
            shift=float(2 * steps[place] - 1),
        )
    return styles
