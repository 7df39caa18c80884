"""The data sets: seeded NumPy arrays, the same for every framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite import registry, seeds
from suite.types import Array

SPLITS = ("train", "heldout")
POINTS = 1000


def circles(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Two noisy circles: inputs (1000, 2) float32 and labels (1000,) float32, 0 or 1.

    500 points lie on the unit circle (label 0) and 500 on the circle of radius 0.5 (label 1),
    evenly spaced, shuffled, with Gaussian noise of standard deviation 0.1 on each coordinate:
    scikit-learn's ``make_circles``. ``split`` is ``train`` or ``heldout``, two independent draws
    of the same law. Raises UserError for another split.
    """
    # Here, because it is slow to import and only measuring needs it; it ships no types.
    # scikit-learn ships no types.
    from sklearn.datasets import make_circles  # type: ignore[import-untyped]

    if split not in SPLITS:
        raise registry.unknown("split", split, SPLITS)
    state = seeds.integer(root, split, seed=seed, dataset="circles")
    inputs, labels = make_circles(n_samples=POINTS, factor=0.5, noise=0.1, random_state=state)
    return inputs.astype(np.float32), labels.astype(np.float32)


@dataclass(frozen=True)
class Dataset:
    """One data set: ``sample(root, seed, split)`` gives inputs (N, features) and labels (N,)."""

    name: str
    source: str
    sample: Callable[[int, int, str], tuple[Array, Array]]


DATASETS = registry.Registry(
    "dataset",
    [Dataset("circles", "scikit-learn, make_circles(1000, factor=0.5, noise=0.1)", circles)],
)
