"""Data whose law moves between a study and the field: seeded NumPy arrays for the study ``shift``.

| story | what moves | what does not |
| --- | --- | --- |
| ``cubic`` | the inputs | the labels given the inputs |
| ``probit`` | the inputs | the labels given the inputs |
| ``proportions`` | how frequent each class is | the inputs given the class |
| ``blood_test`` | who the healthy are: students in the study, old men in the field | the disease |
| ``kerbs`` | the texture of a kerb: one and the same, or another on every image | the shapes |
| ``tanks`` | whether the shadow goes with the class | the shapes |

The last three are the stories of the stability notes, as mechanisms: nothing is claimed about what
happened to a company or an army. Images are scikit-learn's handwritten digits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite.theory.shift import Gaussian
from suite.types import Array

Rng = np.random.Generator
Sample = tuple[Array, Array]
"""Inputs (N, features) float64 and labels (N,): whole numbers, or the targets of a regression."""

OLD, NEW = Gaussian(0.5, 0.5), Gaussian(0.0, 0.3)
"""Inputs of the regression in the study and in the field (Shimodaira 2000)."""
REGRESSION_NOISE = 0.3
MARKER, GAP_FEATURES, FEATURES = 0.6, 5, 20
"""Of the blood test: by how much disease moves its one marker, how many features tell students
from old men, and how many there are."""
PIXELS = 64
CLASS_NOISE, PAIR_NOISE = 0.45, 0.35
"""Standard deviation of what is added to every pixel (of 0 to 1), with ten and two classes."""


@dataclass(frozen=True)
class Shifted:
    """A study and the field in which its model is used, each sample drawn independently.

    ``heldout`` follows the law of ``train``; ``field`` and ``arriving`` (whose labels nobody
    knows yet) that of the field. ``remedy`` is as large as ``train``, follows the field's law and
    has labels: what a study in the field would have collected.
    """

    train: Sample
    heldout: Sample
    field: Sample
    arriving: Sample
    remedy: Sample
    opposite: Sample | None = None
    """A field in which the shortcut points the other way."""


def truth(x: Array) -> Array:
    """The cubic of the regression, -x + x^3."""
    return np.asarray(x**3 - x)


def cubic(rng: Rng, points: int) -> tuple[Sample, Array]:
    """A training set of ``points`` and as many inputs of the field, all inputs (points, 1)."""
    x = OLD.mean + OLD.sd * rng.standard_normal(points)
    noisy = truth(x) + REGRESSION_NOISE * rng.standard_normal(points)
    arriving = NEW.mean + NEW.sd * rng.standard_normal(points)
    return (x[:, None], noisy), arriving[:, None]


def probit(rng: Rng, points: int, move: float) -> Shifted:
    """One input, N(0, 1) in the study and N(move, 1) in the field; P(label 1) = Phi(2 x) in
    both."""

    def draw(mean: float) -> Sample:
        x = mean + rng.standard_normal((points, 1))
        return x, (2 * x[:, 0] + rng.standard_normal(points) > 0).astype(int)

    return Shifted(draw(0.0), draw(0.0), draw(move), draw(move), draw(move))


def blood_test(rng: Rng, points: int, gap: float) -> Shifted:
    """20 features N(., 1). Label 1: an old man who is sick, 0.6 higher in the first feature.
    Label 0: a student in the study, lower by ``gap`` in the next five; an old man in the field."""

    def draw(students: bool) -> Sample:
        labels = rng.integers(0, 2, points)
        inputs = rng.standard_normal((points, FEATURES))
        inputs[:, 0] += MARKER * labels
        if students:
            inputs[:, 1 : 1 + GAP_FEATURES] -= gap * (1 - labels)[:, None]
        return inputs, labels

    return Shifted(draw(True), draw(True), draw(False), draw(False), draw(False))


def kerbs(rng: Rng, points: int, contrast: float) -> Shifted:
    """Threes (label 0) and eights (label 1, the kerbs). A kerb bears a texture of +-``contrast``
    on every pixel: in the study one and the same, in the field another on every image. In the
    opposite field it is the threes that bear the texture of the study."""
    texture = rng.choice((-1.0, 1.0), PIXELS)

    def paint(labels: Array, law: str) -> Array:
        own = rng.choice((-1.0, 1.0), (len(labels), PIXELS))
        bears = (1 - labels if law == "opposite" else labels)[:, None]
        pattern = own if law == "field" else np.broadcast_to(texture, own.shape)
        return np.asarray(contrast * bears * pattern)

    return _pictures(rng, points, paint)


def tanks(rng: Rng, points: int, brightness: float) -> Shifted:
    """Threes (label 0) and eights (label 1, the tanks). A bright image is brighter by
    ``brightness`` on every pixel: in the study those with a tank, in the field any half, in the
    opposite field those without."""

    def paint(labels: Array, law: str) -> Array:
        bright = {"study": labels, "opposite": 1 - labels}.get(law, rng.integers(0, 2, len(labels)))
        return np.repeat(brightness * bright[:, None], PIXELS, axis=1)

    return _pictures(rng, points, paint)


def proportions(rng: Rng, points: int, arriving: int) -> tuple[Shifted, Array]:
    """All ten digits, equally frequent in the study; in the field as frequent as a draw of
    Dirichlet(1/2) says, which is returned too, (10,). ``arriving``: its number of points."""
    even, moved = np.full(10, 0.1), rng.dirichlet(np.full(10, 0.5))
    known, others = _pools(rng, tuple(range(10)))

    def draw(pool: _Pool, frequent: Array, count: int) -> Sample:
        return _noisy(rng, pool, rng.choice(10, count, p=frequent), CLASS_NOISE)

    sets = Shifted(
        draw(known, even, points),
        draw(others, even, points),
        draw(others, moved, points),
        draw(others, moved, arriving),
        draw(known, moved, points),
    )
    return sets, moved


# --- images ------------------------------------------------------------------------------------

_Pool = tuple[Array, ...]
"""The images of each class, (images, 64) of 0 to 1."""


@functools.lru_cache(maxsize=1)
def _digits() -> Sample:
    # Here, because it is slow to import and only measuring needs it; it ships no types.
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    images, labels = load_digits(return_X_y=True)
    return images / 16, labels


def _pools(rng: Rng, classes: tuple[int, ...]) -> tuple[_Pool, _Pool]:
    """Two halves of the images of each class: for training, and for all that is tested.

    What stands for study and field in a test comes from the same images, so that nothing but the
    shift tells them apart.
    """
    images, labels = _digits()
    mixed = [rng.permutation(images[labels == digit]) for digit in classes]
    halves = [np.array_split(of_class, 2) for of_class in mixed]
    return tuple(half[0] for half in halves), tuple(half[1] for half in halves)


def _noisy(rng: Rng, pool: _Pool, labels: Array, noise: float) -> Sample:
    """An image of the pool for each label, drawn with replacement, with fresh noise."""
    chosen = rng.random(len(labels))
    clean = np.stack(
        [pool[label][int(u * len(pool[label]))] for label, u in zip(labels, chosen, strict=True)]
    )
    return clean + noise * rng.standard_normal(clean.shape), labels


def _pictures(rng: Rng, points: int, paint: Callable[[Array, str], Array]) -> Shifted:
    """Threes and eights with noise; ``paint`` (labels, law) gives what lies over the shapes."""
    known, others = _pools(rng, (3, 8))

    def draw(pool: _Pool, law: str) -> Sample:
        inputs, labels = _noisy(rng, pool, rng.integers(0, 2, points), PAIR_NOISE)
        return inputs + paint(labels, law), labels

    return Shifted(
        draw(known, "study"),
        draw(others, "study"),
        draw(others, "field"),
        draw(others, "field"),
        draw(known, "field"),
        draw(others, "opposite"),
    )
