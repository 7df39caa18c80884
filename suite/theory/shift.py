"""The effects of distribution shift in closed form, for Gaussian inputs and polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite.types import Array


@dataclass(frozen=True)
class Gaussian:
    """The normal distribution N(mean, sd^2) of one input."""

    mean: float
    sd: float

    def density(self, x: Array) -> Array:
        """Return the density at ``x``, in the shape of ``x``."""
        z = (x - self.mean) / self.sd
        return np.asarray(np.exp(-(z**2) / 2) / (self.sd * math.sqrt(2 * math.pi)))

    def nodes(self) -> tuple[Array, Array]:
        """Return points and weights, each (32,), exact for means of polynomials of degree 63."""
        z, weights = np.polynomial.hermite_e.hermegauss(32)
        return self.mean + self.sd * z, weights / weights.sum()


def effective_share(old: Gaussian, new: Gaussian) -> float:
    """Return 1 / E_old[(new/old)^2], the effective share of a large sample of ``old`` that is
    weighted to represent ``new`` (Kish 1965); 0 where the mean is infinite.

    new^2 / old is proportional to exp(-a x^2 + 2 b x - c) with the letters below.
    """
    a = 1 / new.sd**2 - 1 / (2 * old.sd**2)
    if a <= 0:
        return 0.0
    b = new.mean / new.sd**2 - old.mean / (2 * old.sd**2)
    c = new.mean**2 / new.sd**2 - old.mean**2 / (2 * old.sd**2)
    factor = math.sqrt(2 * math.pi) * old.sd / (2 * math.pi * new.sd**2)
    return 1 / (factor * math.sqrt(math.pi / a) * math.exp(b**2 / a - c))


def polynomial_excess(
    truth: Callable[[Array], Array], degree: int, fitted: Gaussian, used: Gaussian
) -> float:
    """Return the excess error under ``used`` of the best polynomial under ``fitted``.

    It is the mean square of ``truth``, a polynomial, minus that polynomial: for many points, the
    limit of the excess error of least squares (Shimodaira 2000).
    """
    x, weights = fitted.nodes()
    root = np.sqrt(weights)
    columns = np.vander(x, degree + 1)
    best = np.linalg.lstsq(columns * root[:, None], truth(x) * root, rcond=None)[0]
    x, weights = used.nodes()
    return float(weights @ (truth(x) - np.vander(x, degree + 1) @ best) ** 2)


@dataclass(frozen=True)
class Screening:
    """Accuracies of the best linear test: in the study, in the field, and when trained in the
    field."""

    study: float
    field: float
    attainable: float


def screening(marker: float, gap: float, features: int) -> Screening:
    """Return the accuracies of a test that is trained on sick men and healthy students and used on
    men alone, half of them sick.

    All features are N(., 1). The sick differ from healthy men by ``marker`` in one feature;
    students differ from men by ``gap`` in ``features`` others, which the disease does not affect.
    The test is the linear discriminant for equal covariances (Fisher 1936).
    """
    square = marker**2 + features * gap**2
    distance = math.sqrt(square)
    # Scores along the discriminant, healthy men at 0: sick at marker^2, students at -gap^2 each.
    threshold = (marker**2 - features * gap**2) / 2
    sick = _phi((marker**2 - threshold) / distance)
    return Screening(_phi(distance / 2), (sick + _phi(threshold / distance)) / 2, _phi(marker / 2))


def boundary_move(centre: float, sd: float, weight: float, limit: float) -> float:
    """Return how far the best boundary between N(-centre, sd^2) and N(centre, sd^2), equally
    frequent, moves towards the negative class when the positive one counts ``weight`` times; at
    most ``limit``. The log-odds are 2 centre x / sd^2 + ln(weight)."""
    return min(math.log(weight) * sd**2 / (2 * centre), limit)


def _phi(z: float) -> float:
    """Return the distribution function of N(0, 1) at ``z``."""
    return math.erfc(-z / math.sqrt(2)) / 2
