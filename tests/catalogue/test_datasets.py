"""The data sets: what varies with what, and that they follow the law they are named for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from suite.catalogue.datasets import DATASETS, DIGITS, SPLITS, Dataset, circles, digits
from suite.types import Array, UserError


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("split", SPLITS)
def test_root_seed_and_split_decide_every_byte(entry: Dataset, split: str) -> None:
    keys = list(itertools.product((0, 1), (0, 1), SPLITS))
    draws = {key: entry.sample(*key) for key in keys}
    inputs, labels = entry.sample(0, 1, split)
    assert inputs.tobytes() == draws[0, 1, split][0].tobytes()
    assert labels.tobytes() == draws[0, 1, split][1].tobytes()
    for first, second in itertools.combinations(keys, 2):
        assert draws[first][0].tobytes() != draws[second][0].tobytes()


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_an_entry_describes_its_data(entry: Dataset, split: str) -> None:
    """A network that is built from the entry fits the arrays, and no class is without an output."""
    inputs, labels = entry.sample(0, 0, split)
    assert inputs.dtype == labels.dtype == np.float32
    assert inputs.shape == (len(labels), entry.features)
    assert split != "train" or len(labels) == entry.points
    if entry.loss != "squared":
        classes = 2 if entry.loss == "binary" else entry.outputs
        np.testing.assert_array_equal(np.unique(labels), np.arange(classes))
    assert (entry.outputs > 1) == (entry.loss == "categorical")


def test_draws_of_circles_share_no_point() -> None:
    keys = itertools.product((0, 1), (0, 1), SPLITS)
    for first, second in itertools.combinations([circles(*key)[0] for key in keys], 2):
        # Of 2,000 float32 coordinates a few are equal by chance.
        assert np.intersect1d(first, second).size < 20


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
    """Return the radii of the points of one circle over 20 seeds: (10000,)."""
    drawn = [circles(0, seed, split) for seed in range(20)]
    return np.concatenate(
        [
            np.linalg.norm(inputs[labels == label].astype(np.float64), axis=1)
            for inputs, labels in drawn
        ]
    )


def rice(values: Array, radius: float, noise: float) -> float:
    """Return the p-value under the law of |(radius, 0) + noise * N(0, I)|, whatever the angle."""
    return float(stats.kstest(values, stats.rice(b=radius / noise, scale=noise).cdf).pvalue)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("label", "radius"), [(0, 1.0), (1, 0.5)])
def test_radii_of_the_circles(label: int, radius: float, split: str) -> None:
    assert rice(radii(label, split), radius, noise=0.1) > 1e-4


def test_other_circles_are_caught() -> None:
    """The mistakes: the other label's circle, 10 % more or less noise, a factor of 0.49."""
    assert rice(radii(0, "train"), 0.5, 0.1) < 1e-4
    for noise in (0.09, 0.11):
        assert rice(radii(0, "train"), 1.0, noise) < 1e-4
    assert rice(radii(1, "train"), 0.49, 0.1) < 1e-4


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_an_unknown_split_says_which_there_are(entry: Dataset) -> None:
    with pytest.raises(UserError, match=r"'test' \(allowed: train, heldout\)"):
        entry.sample(0, 0, "test")


def test_digits_are_dealt_into_two_splits() -> None:
    """Every image is in one split, once: the 1,797 of scikit-learn are all different."""
    parts = [digits(0, 3, split) for split in SPLITS]
    for (inputs, labels), size in zip(parts, DIGITS.values(), strict=True):
        assert inputs.shape == (size, 64)
        assert labels.shape == (size,)
        assert inputs.dtype == labels.dtype == np.float32
    inputs, labels = (np.concatenate(values) for values in zip(*parts, strict=True))
    assert len(np.unique(inputs, axis=0)) == len(inputs) == 1797
    np.testing.assert_array_equal(np.unique(labels), np.arange(10))
    assert inputs.mean() == pytest.approx(-0.02, abs=0.005)
    assert inputs.var() == pytest.approx(1.0, abs=0.01)


def test_digits_keep_their_labels() -> None:
    """The nearest training image has the right label for 98 of 100; shuffled labels: for 10."""
    (inputs, labels), (unseen, truth) = (digits(0, 0, split) for split in SPLITS)
    squares = (unseen**2).sum(axis=1)[:, None] + (inputs**2).sum(axis=1) - 2 * unseen @ inputs.T
    assert (labels[squares.argmin(axis=1)] == truth).mean() > 0.95
