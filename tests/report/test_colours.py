"""Colours that readers without one kind of cones can tell apart.

Their sight is simulated as in Machado, Oliveira and Fernandes 2009 (table of full severity);
distances are Euclidean in CIELAB, where 2.3 is just noticeable side by side.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.typing import ColorType
from numpy.typing import NDArray

from suite.report.common.heatmaps import SCALES
from suite.report.common.styles import COLOURS, GREY, INK

Array = NDArray[np.float64]
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""Kind of sight -> what it makes of linear RGB."""
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def seen(colour: ColorType, sight: str) -> Array:
    """Return the CIELAB coordinates of a colour as it is seen."""
    rgb: Array = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = TO_XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / WHITE
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_of_lines_differ_in_any_sight(sight: str) -> None:
    for first, second in itertools.combinations(COLOURS, 2):
        assert np.linalg.norm(seen(first, sight) - seen(second, sight)) > 15, (first, second)
    for colour in (*COLOURS, INK):  # grey is a level, which no legend names
        assert np.linalg.norm(seen(colour, sight) - seen(GREY, sight)) > 8, colour


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("scale", sorted({scale.colours for scale in SCALES.values()}))
def test_a_brighter_cell_of_a_heat_map_is_brighter_in_any_sight(scale: str, sight: str) -> None:
    lightness = [seen(colour, sight)[0] for colour in colormaps[scale](np.linspace(0, 1, 12))]
    steps = np.diff(lightness)
    assert (np.sign(steps) == np.sign(steps[0])).all()
    assert np.abs(steps).min() > 2.3


def test_the_simulation_confuses_red_and_green() -> None:
    """The test would see it: these two are told apart by cones alone."""
    apart = {s: float(np.linalg.norm(seen("#c0553c", s) - seen("#7a7a10", s))) for s in SIGHT}
    assert apart["usual"] > 40
    assert apart["deuteranopia"] < 15
