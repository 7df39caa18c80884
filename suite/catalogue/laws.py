"""The laws that initial weights are drawn from: how to draw, and with which moments to compare.

Each law is centred on 0 (``Point`` on its value) and knows its variance by the fans of the
kernel, its excess kurtosis and its distribution function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from suite.types import Array, float64

Variance = Callable[[int, int], float]
"""(fan_in, fan_out) -> variance of one entry of the kernel."""


class Law(Protocol):
    """The distribution of one entry of a kernel (fan_in, fan_out), or of a bias."""

    @property
    def variance(self) -> Variance: ...

    @property
    def kurtosis(self) -> float:
        """The excess kurtosis, E[(w - mean)^4] / variance^2 - 3."""
        ...

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """Draw a kernel: (fan_in, fan_out) float64."""
        ...

    def cdf(self, x: Array, fan_in: int, fan_out: int) -> Array:
        """Return the probability of an entry at or below ``x``: float64, the shape of ``x``."""
        ...


@dataclass(frozen=True)
class Point:
    """A single value. Its variance is 0; the kurtosis has no meaning and is given as 0."""

    value: float
    kurtosis: ClassVar[float] = 0.0

    @property
    def variance(self) -> Variance:
        return lambda fan_in, fan_out: 0.0

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return np.full((fan_in, fan_out), self.value)

    def cdf(self, x: Array, fan_in: int, fan_out: int) -> Array:
        return np.where(float64(x) >= self.value, 1.0, 0.0)


@dataclass(frozen=True)
class Uniform:
    """The uniform law U(-a, a) with a = sqrt(3 variance)."""

    variance: Variance
    kurtosis: ClassVar[float] = -1.2

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        limit = math.sqrt(3.0 * self.variance(fan_in, fan_out))
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def cdf(self, x: Array, fan_in: int, fan_out: int) -> Array:
        limit = math.sqrt(3.0 * self.variance(fan_in, fan_out))
        return np.clip((float64(x) + limit) / (2.0 * limit), 0.0, 1.0)


@dataclass(frozen=True)
class Normal:
    """The normal law N(0, variance)."""

    variance: Variance
    kurtosis: ClassVar[float] = 0.0

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(self.variance(fan_in, fan_out)), (fan_in, fan_out))

    def cdf(self, x: Array, fan_in: int, fan_out: int) -> Array:
        from scipy.special import ndtr  # here, because listing the catalogue must not import SciPy

        return np.asarray(ndtr(float64(x) / math.sqrt(self.variance(fan_in, fan_out))))


@dataclass(frozen=True)
class TruncatedNormal:
    """A normal law cut off at ``cut`` of its standard deviations; ``variance`` is that of the rest.

    Integration by parts gives the moments of the standard normal cut at c: E[x^2] = 1 - 2 c p / m
    and E[x^4] = 3 E[x^2] - 2 c^3 p / m, with p its density at c and m the mass between -c and c.
    """

    variance: Variance
    cut: float = 2.0

    @property
    def _mass(self) -> float:
        """The share of a normal law that is not cut off."""
        return math.erf(self.cut * math.sqrt(0.5))

    def _edge(self, power: int) -> float:
        """Return 2 cut^power p / m, which the cut takes from a moment."""
        density = math.exp(-0.5 * self.cut * self.cut) / math.sqrt(2.0 * math.pi)
        return 2.0 * self.cut**power * density / self._mass if density > 0.0 else 0.0

    @property
    def share(self) -> float:
        """The share of the variance that the cut leaves: 0.774 at two standard deviations.

        Its square root is the 0.8796 by which Keras divides the deviation.
        """
        return 1.0 - self._edge(1)

    @property
    def kurtosis(self) -> float:
        return (3.0 * self.share - self._edge(3)) / self.share**2 - 3.0

    def _parent(self, fan_in: int, fan_out: int) -> float:
        """Return the standard deviation of the normal before truncation."""
        return math.sqrt(self.variance(fan_in, fan_out) / self.share)

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        from scipy.special import ndtri  # as above

        low, high = 0.5 - self._mass / 2.0, 0.5 + self._mass / 2.0
        inside = rng.uniform(low, high, (fan_in, fan_out))
        return np.asarray(self._parent(fan_in, fan_out) * ndtri(inside))

    def cdf(self, x: Array, fan_in: int, fan_out: int) -> Array:
        from scipy.special import ndtr  # as above

        z = np.clip(float64(x) / self._parent(fan_in, fan_out), -self.cut, self.cut)
        return np.asarray((ndtr(z) - (0.5 - self._mass / 2.0)) / self._mass)


@dataclass(frozen=True)
class Orthogonal:
    """The uniform law of matrices whose rows or columns (the fewer) are orthonormal, times a gain.

    With gain 1, each entry is a coordinate of a random unit vector of n = max(fan_in, fan_out)
    dimensions, so (w + 1) / 2 has the Beta((n - 1) / 2, (n - 1) / 2) law. The entries are not
    independent: the mean of their squares is gain^2 / n exactly. The excess kurtosis is
    -6 / (n + 2), given here by its limit 0.
    """

    gain: float = 1.0
    kurtosis: ClassVar[float] = 0.0

    @property
    def variance(self) -> Variance:
        return lambda fan_in, fan_out: self.gain * self.gain / max(fan_in, fan_out)

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        tall = rng.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
        q, r = np.linalg.qr(tall)
        # QR fixes the signs of q by its own convention; these make q uniform (Mezzadri 2007,
        # arXiv:math-ph/0609050, section 5).
        q = q * np.sign(np.diag(r))
        return self.gain * (q if fan_in >= fan_out else q.T)

    def cdf(self, x: Array, fan_in: int, fan_out: int) -> Array:
        from scipy.special import betainc  # as above

        half = (max(fan_in, fan_out) - 1) / 2.0
        return np.asarray(
            betainc(half, half, np.clip((float64(x) / self.gain + 1.0) / 2.0, 0.0, 1.0))
        )


def mean_square(law: Law, fan_in: int, fan_out: int) -> float:
    """Return the mean square of an entry: the variance, or the square of a single value."""
    return law.value**2 if isinstance(law, Point) else law.variance(fan_in, fan_out)
