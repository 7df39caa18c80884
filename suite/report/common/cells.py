"""A heat map: coloured cells with what stands in them, hatched where there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

_BRIGHT = 0.408
"""The luminance of a cell from which dark letters are read more easily than white ones."""


def coloured_cells(
    axes: Axes,
    values: pd.DataFrame,
    written: pd.DataFrame,
    low: float,
    high: float,
    colours: str,
    size: float = 7.0,
) -> QuadMesh:
    """Draw a table of values from the top, with the text of each cell.

    ``low``, ``high``: the ends of the colours; values beyond them have the colour of the end, also
    infinite ones. ``colours``: a map of matplotlib's. ``size``: of the letters, in points.
    """
    lines, across = values.shape
    axes.add_patch(
        Rectangle((0, 0), across, lines, hatch="//////", facecolor="#f2f2f2", edgecolor="#bdbdbd")
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    filled = values.to_numpy(dtype=float)
    # An infinite loss is a result: without the clipping it would look like a missing cell.
    shown = np.ma.masked_invalid(np.clip(filled, low, high))
    look: dict[str, Any] = {"linewidths": 0.6, "edgecolor": "white"}
    mesh = axes.pcolormesh(shown, cmap=colours, vmin=low, vmax=high, **look)
    axes.set(xlim=(0, across), ylim=(lines, 0), xlabel="", ylabel="")
    bright = _luminance(mesh.to_rgba(shown)) > _BRIGHT
    texts = written.to_numpy(dtype=object)
    for row, column in np.argwhere(~np.ma.getmaskarray(shown)).tolist():
        axes.text(
            column + 0.5,
            row + 0.5,
            str(texts[row, column]),
            color="0.15" if bright[row, column] else "white",
            ha="center",
            va="center",
            fontsize=size,
            in_layout=False,  # it lies inside of its cell, and takes no further room
        )
    return mesh


def name_cells(
    axes: Axes, lines: Sequence[str], across: Sequence[str], rotation: float = 40
) -> None:
    """Write the names of the lines and columns of a heat map beside it."""
    axes.set_xticks(np.arange(len(across)) + 0.5, across, rotation=rotation, ha="right")
    axes.set_yticks(np.arange(len(lines)) + 0.5, lines)
    axes.tick_params(labelsize=8, length=0, pad=2)
    axes.grid(visible=False)


def _luminance(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the relative luminance of sRGB colours (..., 4), by the definition of the W3C."""
    rgb = colours[..., :3]
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    weighted: NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return weighted
