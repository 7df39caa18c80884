"""How the rows of a data file are dealt into training and held-out part, and scaled.

The rules are stated in docs/how_to/data.md, and ``RULES`` in every manifest.
"""

from __future__ import annotations

import numpy as np

from suite import seeds
from suite.catalogue.datasets import Dataset
from suite.datafiles.reading import Content, read
from suite.datafiles.request import DataFile
from suite.types import Array

HELDOUT = 4
"""One row in this many is held out."""
RULES = {
    "split": "by seed: a quarter of the rows of each class (of all rows, for regression), rounded"
    " down, is held out",
    "scaling": "each feature, and the number to predict, minus its mean and divided by its standard"
    " deviation in the training part; by 1 where that is 0",
    "classes": "as they are: nothing is weighted or drawn again",
    "holes": "rows with an empty field, NA, N/A, NaN or null are dropped",
    "duplicates": "kept; a repeated row may be in both parts",
}
"""What is done to the rows, in words."""


def dataset(file: DataFile, content: Content | None = None) -> Dataset:
    """Return the data set of a file. Raises UserError as ``reading.read`` does."""
    rows = read(file) if content is None else content
    heldout = sum(len(part) // HELDOUT for part in _groups(rows))
    classes = len(rows.classes)

    def draw(root: int, seed: int, split: str) -> tuple[Array, Array]:
        return sample(file.name, rows, root, seed, split)

    return Dataset(
        name=file.name,
        source=f"{file.origin}, sha256 {file.sha256[:12]}",
        draw=draw,
        title=file.origin.replace("\\", "/").rpartition("/")[2],
        features=rows.inputs.shape[1],
        points=len(rows.labels) - heldout,
        outputs=classes if classes > 2 else 1,
        loss="squared" if not classes else "binary" if classes == 2 else "categorical",
    )


def sample(name: str, content: Content, root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Return inputs (N, features) and labels (N,), float32, of one part of a seed's split."""
    rng = seeds.generator(root, "split", seed=seed, dataset=name)
    train, heldout = [], []
    for group in _groups(content):
        dealt = rng.permutation(group)
        held = len(group) // HELDOUT
        heldout.append(dealt[:held])
        train.append(dealt[held:])
    rows = rng.permutation(np.concatenate(train))
    chosen = rows if split == "train" else rng.permutation(np.concatenate(heldout))
    inputs = _scaled(content.inputs, rows, chosen)
    labels = content.labels[chosen]
    if not content.classes:
        labels = _scaled(content.labels[:, None], rows, chosen)[:, 0]
    return inputs.astype(np.float32), labels.astype(np.float32)


def _groups(content: Content) -> list[Array]:
    """Return the rows of each class; all rows together for regression."""
    if not content.classes:
        return [np.arange(len(content.labels))]
    return [np.flatnonzero(content.labels == place) for place in range(len(content.classes))]


def _scaled(values: Array, train: Array, chosen: Array) -> Array:
    """Return the chosen rows of values (n, columns), in standard deviations of the training rows
    from their mean."""
    part = values[train]
    spread = part.std(axis=0)
    result: Array = (values[chosen] - part.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return result
