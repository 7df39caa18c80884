"""From computed and exact results to the numbers that describe how accurate a formula is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite.catalogue.floats import NEAR, STEP, FloatType
from suite.types import Array

LEAST, MOST = 1e-8, 10.0
"""Magnitudes of x between which the ``usual`` errors are taken: what pre-activations have, from
those of a network whose signal is dying to those of one whose signal is growing."""


@dataclass(frozen=True)
class Exact:
    """Exact results at n points as the sum of two float64 arrays, (n,) each.

    ``near`` is the float64 number nearest to the result and ``rest`` what it lacks: together they
    have over 100 bits. ``rest`` is 0 where ``near`` is far more precise than what is judged.
    """

    near: Array
    rest: Array

    def ulps(self, computed: Array, kind: FloatType) -> Array:
        """Return |computed - exact| in units in the last place of the exact result, (n,) float64.

        A computed NaN or infinity is infinitely wrong unless the exact result rounds to the same
        infinity; 0 where both are equal.
        """
        rounded = kind.rounded(self.near)
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs((computed - self.near) - self.rest) / kind.spacing(self.near)
        wrong = np.where(np.isfinite(computed) & np.isfinite(rounded), distance, np.inf)
        return np.where(computed == rounded, np.where(np.isinf(rounded), 0.0, distance), wrong)

    def relative(self, computed: Array) -> Array:
        """Return |computed - exact| / |exact|, (n,) float64; 0 where both are 0."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            share = np.abs((computed - self.near) - self.rest) / np.abs(self.near)
        return np.where(computed == self.near, 0.0, np.where(np.isnan(share), np.inf, share))


def accuracy(
    x: Array, computed: Array, exact: Exact, kind: FloatType, skip: Array
) -> dict[str, float]:
    """Return the numbers that describe a computed result at finite points x, ascending, (n,) each.

    ``skip``: (n,) bool, points that are not judged, such as kinks. Errors count where the point
    and the exact result are 0 or normal numbers of the type: denormal numbers may lawfully be
    flushed to 0; ``flushed`` is the share of denormal results at normal points that are.
    """
    skip = skip | ((x != 0) & (np.abs(x) < kind.smallest_normal))
    size = np.abs(kind.rounded(exact.near))
    normal = ((size == 0) | (size >= kind.smallest_normal)) & np.isfinite(size) & ~skip
    ulps = np.where(normal, exact.ulps(computed, kind), 0.0)
    usual = normal & (np.abs(x) >= LEAST) & (np.abs(x) <= MOST)
    lost = normal & (size > 0) & (computed == 0)
    endless = normal & ~np.isfinite(computed)
    denormal = (size > 0) & (size < kind.smallest_normal) & ~skip
    worst = int(np.argmax(ulps))
    return {
        "ulps": float(ulps[worst]),
        "ulps_at": float(x[worst]) if ulps[worst] else 0.0,
        "usual_ulps": float(ulps[usual].max(initial=0.0)),
        "usual_relative": float(exact.relative(computed)[usual].max(initial=0.0)),
        "largest_lost": float(size[lost].max(initial=0.0)),
        "lost_at": float(x[lost][np.argmax(size[lost])]) if lost.any() else np.nan,
        "nonfinite": float(np.abs(x[endless]).min(initial=np.inf)),
        "wrong_sign": float(np.sum(normal & (np.sign(computed) * np.sign(exact.near) < 0))),
        "flushed": float(np.mean(computed[denormal] == 0)) if denormal.any() else 0.0,
    }


def falls(computed: Array, exact: Exact) -> float:
    """Return how often a result falls from one point to the next while the exact one does not.

    Of a function that rises nowhere and falls nowhere the exact results say so themselves; a
    function that both rises and falls has 0.
    """
    with np.errstate(invalid="ignore"):  # infinity minus infinity is not a step
        steps, moves = np.diff(exact.near), np.diff(computed)
    if (steps >= 0).all():
        return float(np.sum(moves < 0))
    return float(np.sum(moves > 0)) if (steps <= 0).all() else 0.0


def slope_gap(x: Array, value: Array, slope: Array, smooth: Array, kind: FloatType) -> float:
    """Return the largest gap between a rise of the value and the slope over it, near 0.

    Over two neighbouring steps of 1/32 the slope is integrated by Simpson's rule, whose own error
    is below 1e-8 for the formulas of the catalogue; the gap is divided by the larger of 1 and the
    magnitude of the value. ``smooth``: (n,) bool, the points around which the formula is smooth
    enough for that.
    """
    reach = min(NEAR, STEP * 2.0**kind.digits)  # beyond it the type has no steps of this size
    position = np.searchsorted(x, np.arange(-reach, reach + STEP / 2, STEP))
    v, s = value[position], slope[position]
    with np.errstate(invalid="ignore"):
        area = (STEP / 3) * (s[:-2] + 4 * s[1:-1] + s[2:])
        gap = np.abs(v[2:] - v[:-2] - area) / np.maximum(1.0, np.abs(v[1:-1]))
    return float(np.where(np.isnan(gap), np.inf, gap)[smooth[position][1:-1]].max())


def by_bin(
    x: Array, computed: Array, exact: Exact, kind: FloatType, skip: Array, edges: Array
) -> Array:
    """Return the largest error in ulps of each bin of points, (bins,) float64; NaN without one.

    A bin holds the points from its edge up to the next edge; denormal points and exact results
    are left out, and so is ``skip``, (n,) bool.
    """
    size = np.abs(kind.rounded(exact.near))
    judged = ~skip & ((size == 0) | (size >= kind.smallest_normal)) & np.isfinite(size)
    judged &= (x == 0) | (np.abs(x) >= kind.smallest_normal)
    ulps = exact.ulps(computed, kind)
    place = np.searchsorted(edges, x, side="right") - 1
    largest = np.full(len(edges), np.nan)
    inside = judged & (place >= 0)
    np.fmax.at(largest, place[inside], ulps[inside])
    return largest


def special(computed: Array, exact: Exact) -> float:
    """Return how many of three values, at NaN and at the two infinities, are wrong.

    The limit at an infinity is the exact result at the outermost point, or infinity where that
    result grows with |x|; either answer counts as right where the limit itself is 0 times infinity.
    """
    wrong = 0 if np.isnan(computed[0]) else 1
    for answer, outermost in zip(computed[1:], exact.near[[0, -1]], strict=True):
        limit = outermost if abs(outermost) < 1e4 else np.copysign(np.inf, outermost)
        with np.errstate(invalid="ignore"):
            same = answer == limit or abs(answer - limit) <= 1e-2 * max(1.0, abs(limit))
        wrong += not same
    return float(wrong)
