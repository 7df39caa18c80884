"""The data sets: seeded NumPy arrays, the same for every framework."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite import seeds
from suite.catalogue import registry
from suite.types import Array

SPLITS = ("train", "heldout")
POINTS = 1000
DIGITS = {"train": 1280, "heldout": 517}
"""Handwritten digits in each split; 1,280 are 40 full batches of 32."""


def circles(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Two noisy circles: inputs (1000, 2) float32 and labels (1000,) float32, 0 or 1.

    500 points lie on the unit circle (label 0) and 500 on the circle of radius 0.5 (label 1),
    evenly spaced, shuffled, with Gaussian noise of standard deviation 0.1 on each coordinate:
    scikit-learn's ``make_circles``. ``split`` is ``train`` or ``heldout``, two independent draws
    of the same law. Raises UserError for another split.
    """
    if split not in SPLITS:
        raise registry.unknown("split", split, SPLITS)
    return two_circles(seeds.integer(root, split, seed=seed, dataset="circles"))


def two_circles(state: int) -> tuple[Array, Array]:
    """The points and labels of ``circles`` that a 31-bit seed gives."""
    # Here, because it is slow to import and only measuring needs it; it ships no types.
    from sklearn.datasets import make_circles  # type: ignore[import-untyped]

    inputs, labels = make_circles(n_samples=POINTS, factor=0.5, noise=0.1, random_state=state)
    return inputs.astype(np.float32), labels.astype(np.float32)


def digits(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Handwritten digits: inputs (1280 or 517, 64) float32 and labels float32, 0 to 9.

    scikit-learn's 1,797 images of 8 x 8 pixels, row by row (Alpaydin and Kaynak 1998). A pixel p
    of 0 to 16 enters as (p - 5) / 6, which gives all pixels together mean -0.02 and variance 1.0.
    A seed deals the images into ``train`` and ``heldout``: no image is in both, and the splits
    of two seeds overlap. Raises UserError for another split.
    """
    if split not in SPLITS:
        raise registry.unknown("split", split, SPLITS)
    images, labels = _all_digits()
    dealt = seeds.generator(root, "split", seed=seed, dataset="digits").permutation(len(labels))
    first = DIGITS["train"]
    chosen = dealt[:first] if split == "train" else dealt[first:]
    return images[chosen], labels[chosen]


@functools.cache
def _all_digits() -> tuple[Array, Array]:
    """All images (1797, 64) and labels (1797,), float32."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return ((images - 5) / 6).astype(np.float32), labels.astype(np.float32)


@dataclass(frozen=True)
class Dataset:
    """One data set: ``sample(root, seed, split)`` gives inputs (N, features) and labels (N,)."""

    name: str
    source: str
    sample: Callable[[int, int, str], tuple[Array, Array]]


DATASETS = registry.Registry(
    "dataset",
    [
        Dataset("circles", "scikit-learn, make_circles(1000, factor=0.5, noise=0.1)", circles),
        Dataset("digits", "scikit-learn, load_digits(); Alpaydin and Kaynak 1998", digits),
    ],
)
