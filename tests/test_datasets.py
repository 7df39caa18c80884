"""The data sets: what varies with what, and that they follow the law they are named for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from suite.datasets import DATASETS, SPLITS, Dataset, circles
from suite.types import Array, UserError


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("split", SPLITS)
def test_root_seed_and_split_decide_every_byte(entry: Dataset, split: str) -> None:
    keys = list(itertools.product((0, 1), (0, 1), SPLITS))
    draws = {key: entry.sample(*key) for key in keys}
    inputs, labels = entry.sample(0, 1, split)
    assert inputs.tobytes() == draws[0, 1, split][0].tobytes()
    assert labels.tobytes() == draws[0, 1, split][1].tobytes()
    for one, other in itertools.combinations(keys, 2):
        # Of 2,000 float32 coordinates a few are equal by chance.
        assert np.intersect1d(draws[one][0], draws[other][0]).size < 20


def test_circles_are_balanced_and_shuffled() -> None:
    inputs, labels = circles(0, 0, "train")
    assert inputs.shape == (1000, 2)
    assert labels.shape == (1000,)
    assert inputs.dtype == labels.dtype == np.float32
    assert np.array_equal(np.unique(labels), [0.0, 1.0])
    assert labels.sum() == 500
    # Sorted by label there would be one change; shuffled about 500, with deviation 16.
    assert abs(np.sum(labels[1:] != labels[:-1]) - 500) < 5 * 16


def radii(label: int, split: str) -> Array:
    """Radii of the points of one circle, over 20 seeds: 10,000 of them."""
    drawn = [circles(0, seed, split) for seed in range(20)]
    return np.concatenate(
        [np.linalg.norm(inputs[labels == label].astype(np.float64), axis=1)
         for inputs, labels in drawn]
    )  # fmt: skip


def rice(values: Array, radius: float, noise: float) -> float:
    """p-value of the law of |(radius, 0) + noise * N(0, I)|, whatever the angle."""
    return float(stats.kstest(values, stats.rice(b=radius / noise, scale=noise).cdf).pvalue)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("label", "radius"), [(0, 1.0), (1, 0.5)])
def test_radii_of_the_circles(label: int, radius: float, split: str) -> None:
    assert rice(radii(label, split), radius, noise=0.1) > 1e-4


def test_other_circles_are_caught() -> None:
    """The other label's circle, 10 % more or less noise, a factor of 0.49."""
    assert rice(radii(0, "train"), 0.5, 0.1) < 1e-4
    for noise in (0.09, 0.11):
        assert rice(radii(0, "train"), 1.0, noise) < 1e-4
    assert rice(radii(1, "train"), 0.49, 0.1) < 1e-4


def test_an_unknown_split_says_which_there_are() -> None:
    with pytest.raises(UserError, match=r"'test' \(allowed: train, heldout\)"):
        circles(0, 0, "test")
