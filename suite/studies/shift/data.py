"""Data whose law changes between a study and the field: NumPy arrays for the study ``shift``.

| data set | what changes | what does not |
| --- | --- | --- |
| ``cubic`` | the inputs | the labels given the inputs |
| ``probit`` | the inputs | the labels given the inputs |
| ``proportions`` | the frequency of each class | the inputs given the class |
| ``blood_test`` | the healthy: students in the study, old men in the field | the disease |
| ``kerbs`` | the texture of a kerb: the same on all images, or another on each | the shapes |
| ``tanks`` | whether brightness goes with the class | the shapes |

The last three are the mechanisms of stories in the stability notes: nothing is claimed about what
happened to a company or an army. Images are scikit-learn's handwritten digits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite.catalogue.datasets import digit_images
from suite.theory.shift import Gaussian
from suite.types import Array

Rng = np.random.Generator
Sample = tuple[Array, Array]
"""Inputs (N, features) float64, and labels (N,): whole numbers, or the targets of a regression."""

OLD, NEW = Gaussian(0.5, 0.5), Gaussian(0.0, 0.3)
"""The laws of the inputs of the regression in the study and in the field (Shimodaira 2000)."""
REGRESSION_NOISE = 0.3
MARKER, GAP_FEATURES, FEATURES = 0.6, 5, 20
"""The blood test: the effect of the disease on its one marker, the number of features in which
students differ from old men, and the number of all features."""
PIXELS = 64
CLASS_NOISE, PAIR_NOISE = 0.45, 0.35
"""The standard deviation of the noise on every pixel (of 0 to 1), with ten and with two classes."""


@dataclass(frozen=True)
class Shifted:
    """A study and the field in which its model is used; each sample is drawn independently.

    ``heldout`` follows the law of ``train``; ``field`` and ``arriving``, whose labels are not used,
    that of the field. ``remedy`` is as large as ``train``, follows the law of the field and has
    labels, as if the study had been made in the field.
    """

    train: Sample
    heldout: Sample
    field: Sample
    arriving: Sample
    remedy: Sample
    opposite: Sample | None = None
    """A sample in which the shortcut points to the other class."""


def truth(x: Array) -> Array:
    """Return the cubic of the regression, -x + x^3."""
    return np.asarray(x**3 - x)


def cubic(rng: Rng, points: int) -> tuple[Sample, Array]:
    """Draw a training set of ``points`` and as many inputs of the field, all inputs (points, 1)."""
    x = OLD.mean + OLD.sd * rng.standard_normal(points)
    noisy = truth(x) + REGRESSION_NOISE * rng.standard_normal(points)
    arriving = NEW.mean + NEW.sd * rng.standard_normal(points)
    return (x[:, None], noisy), arriving[:, None]


def probit(rng: Rng, points: int, move: float) -> Shifted:
    """Draw one input, N(0, 1) in the study and N(move, 1) in the field, with P(label 1) = Phi(2 x)
    in both."""

    def draw(mean: float) -> Sample:
        x = mean + rng.standard_normal((points, 1))
        return x, (2 * x[:, 0] + rng.standard_normal(points) > 0).astype(int)

    return Shifted(draw(0.0), draw(0.0), draw(move), draw(move), draw(move))


def blood_test(rng: Rng, points: int, gap: float) -> Shifted:
    """Draw 20 features N(., 1) of the sick and the healthy.

    Label 1 is a sick old man, 0.6 higher in the first feature. Label 0 is a student in the study,
    lower by ``gap`` in the next five features, and a healthy old man in the field.
    """

    def draw(students: bool) -> Sample:
        labels = rng.integers(0, 2, points)
        inputs = rng.standard_normal((points, FEATURES))
        inputs[:, 0] += MARKER * labels
        if students:
            inputs[:, 1 : 1 + GAP_FEATURES] -= gap * (1 - labels)[:, None]
        return inputs, labels

    return Shifted(draw(True), draw(True), draw(False), draw(False), draw(False))


def kerbs(rng: Rng, points: int, contrast: float) -> Shifted:
    """Draw threes (label 0) and eights (label 1, the kerbs).

    A kerb has a texture of +-``contrast`` on every pixel: the same on all images in the study,
    another on each image in the field. In the opposite field the threes have the texture of the
    study.
    """
    texture = rng.choice((-1.0, 1.0), PIXELS)

    def paint(labels: Array, law: str) -> Array:
        random = rng.choice((-1.0, 1.0), (len(labels), PIXELS))
        textured = (1 - labels if law == "opposite" else labels)[:, None]
        pattern = random if law == "field" else np.broadcast_to(texture, random.shape)
        return np.asarray(contrast * textured * pattern)

    return _pictures(rng, points, paint)


def tanks(rng: Rng, points: int, brightness: float) -> Shifted:
    """Draw threes (label 0) and eights (label 1, the tanks).

    A bright image is brighter by ``brightness`` on every pixel. In the study the images with a tank
    are bright, in the field a random half of all, in the opposite field those without a tank.
    """

    def paint(labels: Array, law: str) -> Array:
        bright = {"study": labels, "opposite": 1 - labels}.get(law, rng.integers(0, 2, len(labels)))
        return np.repeat(brightness * bright[:, None], PIXELS, axis=1)

    return _pictures(rng, points, paint)


def proportions(rng: Rng, points: int, arriving: int) -> tuple[Shifted, Array]:
    """Draw all ten digits, equally frequent in the study and with other frequencies in the field.

    The frequencies in the field are a draw of Dirichlet(1/2) and are returned too, (10,).
    ``arriving``: the number of points of that sample.
    """
    even, moved = np.full(10, 0.1), rng.dirichlet(np.full(10, 0.5))
    train_pool, test_pool = _pools(rng, tuple(range(10)))

    def draw(pool: _Pool, frequencies: Array, count: int) -> Sample:
        return _noisy(rng, pool, rng.choice(10, count, p=frequencies), CLASS_NOISE)

    sets = Shifted(
        draw(train_pool, even, points),
        draw(test_pool, even, points),
        draw(test_pool, moved, points),
        draw(test_pool, moved, arriving),
        draw(train_pool, moved, points),
    )
    return sets, moved


# --- images ------------------------------------------------------------------------------------

_Pool = tuple[Array, ...]
"""The images of each class, (images, 64) of 0 to 1."""


@functools.lru_cache(maxsize=1)
def _digits() -> Sample:
    images, labels = digit_images()
    return images / 16, labels


def _pools(rng: Rng, classes: tuple[int, ...]) -> tuple[_Pool, _Pool]:
    """Split the images of each class in two halves, one for training and one for all tests.

    In a test, the images of study and field come from the same half, so that they differ only by
    the shift.
    """
    images, labels = _digits()
    mixed = [rng.permutation(images[labels == digit]) for digit in classes]
    halves = [np.array_split(shuffled, 2) for shuffled in mixed]
    return tuple(first for first, _ in halves), tuple(second for _, second in halves)


def _noisy(rng: Rng, pool: _Pool, labels: Array, noise: float) -> Sample:
    """Draw an image of the pool for each label, with replacement, and add fresh noise."""
    chosen = rng.random(len(labels))
    clean = np.stack(
        [pool[label][int(u * len(pool[label]))] for label, u in zip(labels, chosen, strict=True)]
    )
    return clean + noise * rng.standard_normal(clean.shape), labels


def _pictures(rng: Rng, points: int, paint: Callable[[Array, str], Array]) -> Shifted:
    """Draw threes and eights with noise, and add ``paint(labels, law)`` to the shapes."""
    train_pool, test_pool = _pools(rng, (3, 8))

    def draw(pool: _Pool, law: str) -> Sample:
        inputs, labels = _noisy(rng, pool, rng.integers(0, 2, points), PAIR_NOISE)
        return inputs + paint(labels, law), labels

    return Shifted(
        draw(train_pool, "study"),
        draw(test_pool, "study"),
        draw(test_pool, "field"),
        draw(test_pool, "field"),
        draw(train_pool, "field"),
        draw(test_pool, "opposite"),
    )
