"""Distribution shift in closed form: decides the predictions of the study ``shift``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite.types import Array


@dataclass(frozen=True)
class Gaussian:
    """The law N(mean, sd^2) of one input."""

    mean: float
    sd: float

    def density(self, x: Array) -> Array:
        """Its density at ``x``, same shape."""
        z = (x - self.mean) / self.sd
        return np.asarray(np.exp(-(z**2) / 2) / (self.sd * math.sqrt(2 * math.pi)))

    def nodes(self) -> tuple[Array, Array]:
        """Points and weights, each (32,), exact for the mean of a polynomial of degree 63."""
        z, weights = np.polynomial.hermite_e.hermegauss(32)
        return self.mean + self.sd * z, weights / weights.sum()


def effective_share(old: Gaussian, new: Gaussian) -> float:
    """1 / E_old[(new/old)^2]: the share of a large sample of ``old`` that is left effective when
    it is weighted into ``new`` (Kish 1965). 0 where the mean is infinite.

    The integral of new^2 / old is Gaussian: exp(-a x^2 + 2 b x - c) with the letters below.
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
    """Mean square under ``used`` of ``truth`` minus its best polynomial under ``fitted``.

    The limit, for many points, of the excess error of least squares (Shimodaira 2000); truth is a
    polynomial.
    """
    x, weights = fitted.nodes()
    root = np.sqrt(weights)
    columns = np.vander(x, degree + 1)
    best = np.linalg.lstsq(columns * root[:, None], truth(x) * root, rcond=None)[0]
    x, weights = used.nodes()
    return float(weights @ (truth(x) - np.vander(x, degree + 1) @ best) ** 2)


@dataclass(frozen=True)
class Screening:
    """Accuracies of the best linear test: in the study, in the field, and when trained there."""

    study: float
    field: float
    attainable: float


def screening(marker: float, gap: float, features: int) -> Screening:
    """A test trained on sick men and on students, used on men alone, half of them sick.

    All features are N(., 1). The sick differ from healthy men by ``marker`` in one feature;
    students differ from men by ``gap`` in ``features`` others, which disease does not touch.
    Linear discriminant of equal covariances, Fisher 1936.
    """
    square = marker**2 + features * gap**2
    distance = math.sqrt(square)
    # Scores along the discriminant, healthy men at 0: sick at marker^2, students at -gap^2 each.
    threshold = (marker**2 - features * gap**2) / 2
    sick = _phi((marker**2 - threshold) / distance)
    return Screening(_phi(distance / 2), (sick + _phi(threshold / distance)) / 2, _phi(marker / 2))


def boundary_move(centre: float, sd: float, weight: float, most: float) -> float:
    """How far the best boundary between N(-centre, sd^2) and N(centre, sd^2), equally frequent,
    moves towards the negative class when the positive one counts ``weight`` times; at most
    ``most``. The log-odds are 2 centre x / sd^2 + ln(weight)."""
    return min(math.log(weight) * sd**2 / (2 * centre), most)


def _phi(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2
