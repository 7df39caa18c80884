"""The data sets: seeded NumPy arrays, the same for every framework.

An entry says how to sample the data, how large they are, and which loss and how many outputs a
network that learns them needs. Draws must differ by root, seed and split, and every class must
occur. To add a data set, add an entry. This is the only file that loads scikit-learn's data.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from suite import seeds
from suite.catalogue import registry
from suite.types import Array

SPLITS = ("train", "heldout")
POINTS = 1000
"""Points of the two circles in each split."""
DIGITS = {"train": 1280, "heldout": 517}
"""Handwritten digits in each split; 1,280 are 40 full batches of 32."""


def circles(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Return two noisy circles: inputs (1000, 2) float32 and labels (1000,) float32, 0 or 1.

    500 points lie on the unit circle (label 0) and 500 on the circle of radius 0.5 (label 1),
    evenly spaced, shuffled, with Gaussian noise of standard deviation 0.1 on each coordinate:
    scikit-learn's ``make_circles``. ``split`` is ``train`` or ``heldout``, two independent draws
    of the same law.
    """
    return two_circles(seeds.integer(root, split, seed=seed, dataset="circles"))


def two_circles(state: int) -> tuple[Array, Array]:
    """Return the points and labels of ``circles`` that a 31-bit seed gives."""
    # Here, because it is slow to import and only measuring needs it; it ships no types.
    from sklearn.datasets import make_circles  # type: ignore[import-untyped]

    inputs, labels = make_circles(n_samples=POINTS, factor=0.5, noise=0.1, random_state=state)
    return inputs.astype(np.float32), labels.astype(np.float32)


def digits(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Return handwritten digits: inputs (1280 or 517, 64) float32 and labels float32, 0 to 9.

    The images of ``digit_images``. A pixel p of 0 to 16 enters as (p - 5) / 6, which gives all
    pixels together mean -0.02 and variance 1.0. A seed deals the images into ``train`` and
    ``heldout``: no image is in both, and the splits of two seeds overlap.
    """
    images, labels = _standard_digits()
    dealt = seeds.generator(root, "split", seed=seed, dataset="digits").permutation(len(labels))
    chosen = dict(zip(SPLITS, np.split(dealt, [DIGITS["train"]]), strict=True))[split]
    return images[chosen], labels[chosen]


@functools.cache
def digit_images() -> tuple[Array, Array]:
    """Return images (1797, 64) float64, pixels of 0 to 16 row by row, and labels (1797,) int64.

    scikit-learn's handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak 1998). Read-only.
    """
    from sklearn.datasets import load_digits  # as above

    images, labels = load_digits(return_X_y=True)
    for array in (images, labels):
        array.setflags(write=False)
    return images, labels


@functools.cache
def _standard_digits() -> tuple[Array, Array]:
    """Return all images (1797, 64), their pixels near mean 0 and variance 1, and labels (1797,):
    float32."""
    images, labels = digit_images()
    return ((images - 5) / 6).astype(np.float32), labels.astype(np.float32)


@dataclass(frozen=True)
class Dataset:
    """One data set, and the network that learns it.

    ``draw(root, seed, split)``: inputs (N, ``features``) and labels (N,), float32; N is
    ``points`` in the split ``train``. A network has ``outputs`` outputs and the loss ``loss``:
    labels are 0 or 1 with one logit (``binary``), the number of the class with a logit for each
    (``categorical``), or the target of one output (``squared``). ``title``: its name in a
    caption.
    """

    name: str
    source: str
    draw: Callable[[int, int, str], tuple[Array, Array]]
    title: str
    features: int
    points: int
    outputs: int = 1
    loss: Literal["binary", "categorical", "squared"] = "binary"

    def sample(self, root: int, seed: int, split: str) -> tuple[Array, Array]:
        """Return what ``draw`` returns. UserError for a split that is not in ``SPLITS``."""
        if split not in SPLITS:
            raise registry.unknown("split", split, SPLITS)
        return self.draw(root, seed, split)


DATASETS = registry.Registry(
    "dataset",
    [
        Dataset(
            name="circles",
            source="scikit-learn, make_circles(1000, factor=0.5, noise=0.1)",
            draw=circles,
            title="two circles",
            features=2,
            points=POINTS,
        ),
        Dataset(
            name="digits",
            source="scikit-learn, load_digits(); Alpaydin and Kaynak 1998",
            draw=digits,
            title="handwritten digits",
            features=64,
            points=DIGITS["train"],
            outputs=10,
            loss="categorical",
        ),
    ],
)
