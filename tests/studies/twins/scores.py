"""Twins of the columns on data that a user has brought, and two such data sets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from suite import seeds
from suite.catalogue.datasets import DATASETS, Dataset
from suite.types import Array
from tests.studies.twins.common import first, share_right
from tests.studies.twins.run import Run


def _classes(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Draw three classes, the last of which is the most frequent."""
    rng = seeds.generator(root, split, seed=seed, dataset="tests:classes")
    labels = np.repeat([0, 1, 2, 2, 2], {"train": 16, "heldout": 8}[split])
    return rng.normal(size=(len(labels), 3)).astype(np.float32), labels.astype(np.float32)


def _numbers(root: int, seed: int, split: str) -> tuple[Array, Array]:
    """Draw numbers whose mean and variance are neither 0 nor 1."""
    rng = seeds.generator(root, split, seed=seed, dataset="tests:numbers")
    inputs = rng.normal(size=({"train": 75, "heldout": 31}[split], 3))
    return inputs.astype(np.float32), (2.0 + 3.0 * inputs[:, 0]).astype(np.float32)


CLASSES = Dataset("tests:classes", "the tests", _classes, "classes", 3, 80, 3, "categorical")
NUMBERS = Dataset("tests:numbers", "the tests", _numbers, "numbers", 3, 75, 1, "squared")


@contextmanager
def brought() -> Iterator[None]:
    """Have both data sets in the catalogue, as a user who has brought them."""
    for entry in (CLASSES, NUMBERS):
        DATASETS.bring(entry)
    try:
        yield
    finally:
        for entry in (CLASSES, NUMBERS):
            DATASETS.take_away(entry.name)


def scores(run: Run) -> dict[str, Array]:
    """Return the columns of the brought data set of a run."""
    return _of_classes(run) if run.task.loss == "categorical" else _of_numbers(run)


def _epochs(run: Run, k: int, name: str) -> list[list[float]]:
    values = [float(v) for snapshot in run.snapshots for v in getattr(snapshot, name)[:, k]]
    batches = math.ceil(run.task.labels.shape[1] / run.task.batch)
    return [values[i : i + batches] for i in range(0, len(values), batches)]


def _of_classes(run: Run) -> dict[str, Array]:
    task = run.task

    def majority(k: int) -> float:
        return float(Counter(task.labels[k].tolist()).most_common(1)[0][0])

    def guessed(k: int) -> float:
        among = task.heldout_labels[k].tolist()
        return float(among.count(majority(k)) / len(among))

    def skill(k: int) -> float:
        right = share_right(run.snapshots[-1].heldout_logits[k], task.heldout_labels[k])
        return 1 - (1 - right) / (1 - guessed(k))

    def half(k: int) -> float:
        points = task.labels.shape[1]
        errors = points - task.labels[k].tolist().count(majority(k))
        return first(
            2 * (points - sum(right)) <= errors for right in _epochs(run, k, "batch_correct")
        )

    return {
        "majority_share": run.each(guessed),
        "heldout_skill": run.each(skill),
        "first_epoch_half": run.each(half),
    }


def _of_numbers(run: Run) -> dict[str, Array]:
    task, last = run.task, run.snapshots[-1]

    def r2(logits: Array, labels: Array, k: int) -> float:
        mean = sum(task.labels[k].tolist()) / task.labels.shape[1]
        pairs = list(zip(logits[k].tolist(), labels[k].tolist(), strict=True))
        error = sum((a - b) ** 2 for a, b in pairs)
        return float(1 - error / sum((b - mean) ** 2 for _, b in pairs))

    def half(k: int) -> float:
        labels = task.labels[k].astype(np.float64)
        points, batch = len(labels), task.batch
        sizes = [min(batch, points - start) for start in range(0, points, batch)]
        return first(
            sum(size * loss for size, loss in zip(sizes, losses, strict=True)) / points
            <= labels.var() / 2
            for losses in _epochs(run, k, "batch_loss")
        )

    heldout = run.each(lambda k: r2(last.heldout_logits, task.heldout_labels, k))
    return {
        "heldout_skill": heldout,
        "train_r2": run.each(lambda k: r2(last.logits, task.labels, k)),
        "heldout_r2": heldout,
        "first_epoch_half": run.each(half),
    }
