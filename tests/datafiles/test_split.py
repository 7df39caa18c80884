"""The split of a data file by seed, its scaling, and the data set that it becomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suite.catalogue.datasets import DATASETS
from suite.datafiles import DataFile, active, find, keep, loaded
from suite.datafiles.reading import Content
from suite.datafiles.split import dataset, sample
from suite.errors import UserError

HELDOUT = {0: 15, 2: 3 + 11, 3: 3 + 3 + 7}
"""Number of classes in ``content`` -> a quarter of each of them, rounded down."""


def content(rows: int = 60, classes: int = 3) -> Content:
    """Rows that are recognised by their first feature; classes of 1/2, 1/4, ... of them."""
    rng = np.random.default_rng(0)
    inputs = np.column_stack([np.arange(rows, dtype=float), rng.normal(1e6, 5.0, rows)])
    labels = np.minimum(np.arange(rows) * 4 // rows, classes - 1).astype(float)
    names = tuple("abc"[:classes]) if classes else ()
    return Content(inputs, labels if classes else rng.normal(50, 9, rows), ("i", "x"), names, 0, 0)


def rows_of(given: Content, seed: int, split: str) -> list[int]:
    """The rows of a part, found again by undoing the scale of their first feature."""
    parts = [sample("file:t", given, 0, seed, part)[0][:, 0] for part in ("train", "heldout")]
    together = np.sort(np.concatenate(parts))
    chosen = parts[0] if split == "train" else parts[1]
    return [int(i) for i in np.searchsorted(together, chosen)]


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_every_row_is_in_one_part_of_a_seed(classes: int) -> None:
    given = content(classes=classes)
    train, heldout = rows_of(given, 0, "train"), rows_of(given, 0, "heldout")
    assert sorted([*train, *heldout]) == list(range(60))
    assert len(heldout) == HELDOUT[classes]


def test_each_class_gives_a_quarter() -> None:
    given = content()
    for seed in range(5):
        _, labels = sample("file:t", given, 0, seed, "heldout")
        np.testing.assert_array_equal(np.bincount(labels.astype(int)), [3, 3, 7])
        _, labels = sample("file:t", given, 0, seed, "train")
        np.testing.assert_array_equal(np.bincount(labels.astype(int)), [12, 12, 23])


def test_root_seed_and_name_determine_the_split() -> None:
    given = content()
    same = [sample("file:t", given, 0, 1, "train")[0] for _ in range(2)]
    np.testing.assert_array_equal(same[0], same[1])
    for name, root, seed in (("file:t", 1, 1), ("file:t", 0, 2), ("file:u", 0, 1)):
        assert not np.array_equal(sample(name, given, root, seed, "train")[0], same[0])


@pytest.mark.parametrize("classes", [0, 3])
def test_the_training_part_alone_scales(classes: int) -> None:
    """Its mean is 0 and its variance 1; the held-out part has the same shift and factor."""
    given = content(classes=classes)
    train = rows_of(given, 0, "train")
    heldout = rows_of(given, 0, "heldout")
    inputs, labels = sample("file:t", given, 0, 0, "train")
    assert inputs.dtype == labels.dtype == np.float32
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(axis=0), 1, atol=1e-6)
    other, targets = sample("file:t", given, 0, 0, "heldout")
    part = given.inputs[train]
    expected = (given.inputs[heldout] - part.mean(axis=0)) / part.std(axis=0)
    np.testing.assert_allclose(other, expected, atol=1e-5)
    if not classes:
        np.testing.assert_allclose([labels.mean(), labels.std()], [0, 1], atol=1e-6)
        y = given.labels
        expected = (y[heldout] - y[train].mean()) / y[train].std()
        np.testing.assert_allclose(targets, expected, atol=1e-5)


def test_a_feature_that_is_constant_in_the_training_part_stays_finite() -> None:
    given = content()
    given.inputs[:, 1] = 0.0
    given.inputs[rows_of(given, 0, "heldout")[0], 1] = 5.0
    inputs, _ = sample("file:t", given, 0, 0, "train")
    heldout, _ = sample("file:t", given, 0, 0, "heldout")
    np.testing.assert_array_equal(inputs[:, 1], 0.0)
    assert heldout[:, 1].max() == 5.0


@pytest.mark.parametrize(
    ("classes", "outputs", "loss"), [(0, 1, "squared"), (2, 1, "binary"), (3, 3, "categorical")]
)
def test_the_entry_says_which_network_learns_it(classes: int, outputs: int, loss: str) -> None:
    file = DataFile("file:t", "some/t.csv", "0" * 64, "y", "")
    entry = dataset(file, content(classes=classes))
    assert (entry.features, entry.points, entry.outputs, entry.loss) == (
        2,
        60 - HELDOUT[classes],
        outputs,
        loss,
    )
    assert entry.title == "t.csv"
    assert len(entry.sample(0, 0, "train")[1]) == entry.points


def written(folder: Path, factor: float = 1.0, name: str = "my-table 1.csv") -> Path:
    path = folder / name
    rows = [f"{factor * i},{i % 7},{i % 2}" for i in range(20)]
    path.write_text("\n".join(["a,b,y", *rows]), encoding="utf-8")
    return path


def test_a_data_set_is_in_the_catalogue_for_the_length_of_the_block(tmp_path: Path) -> None:
    file = find(f"{written(tmp_path)},label=y,task=regression")
    assert file.name == "file:my_table_1"
    before = DATASETS.names
    with loaded([file]):
        assert file.name in DATASETS
        assert DATASETS.names == before
        assert list(active()) == [file.name]
    assert file.name not in DATASETS
    assert not active()


def test_a_worker_replaces_another_version_and_refuses_other_bytes(tmp_path: Path) -> None:
    files = [find(f"{written(tmp_path, factor)},label=y,task=regression") for factor in (1.0, 2.0)]
    with loaded(files[:1]):
        first = active()[files[0].name]
        keep(files[:1])
        assert active()[files[0].name] is first  # not read again
        keep(files[1:])
        assert active()[files[0].name].content.inputs[3, 0] == 6.0
        other = DataFile(**{**vars(files[0]), "content": files[1].content})
        with pytest.raises(UserError, match="its bytes have another sha256"):
            keep([other])
    assert files[0].name not in DATASETS
