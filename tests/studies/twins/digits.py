"""Twins of the study ``digits``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.types import Array, float64
from tests.studies.twins.common import finite as trained_finite
from tests.studies.twins.common import first, share_right
from tests.studies.twins.run import Columns, Run

_CELL = {"activation": "relu", "depth": 2, "width": 4, "optimizer": "adam"}
GRIDS = (
    {**_CELL, "layer_kind": "dense", "initializer": ("he_normal", "xavier_normal")},
    {**_CELL, "layer_kind": "convolution", "initializer": ("he_normal", "xavier_normal")},
)
WINDOW, HALF = 10, 0.5


def _convolutional(
    activation: str,
    optimizer: str,
    weights: Any,
    images: Array,
    labels: Array,
    heldout: Array,
    order: Array,
    batch: int,
) -> tuple[Array, Array, Array]:
    """Return random losses of the batches and logits; those of the last network become NaN."""
    rng, members = np.random.default_rng(5), len(labels)
    steps = len(order) * math.ceil(labels.shape[1] / batch)
    losses = np.abs(rng.standard_normal((steps, members))) + 1
    losses[steps // 2 :, 0] = 0.3
    losses[-4:, -1] = np.nan
    logits, heldout_logits = (
        rng.standard_normal((members, n, 10)) for n in (labels.shape[1], heldout.shape[1])
    )
    logits[-2, 3, 2] = np.nan
    return losses, logits, heldout_logits


PROBES = {"train": _convolutional}


def _raw(run: Run) -> tuple[Array, ...]:
    """Return losses (steps, K), logits, labels, held-out logits and held-out labels."""
    if run.members[0].cell["layer_kind"] == "dense":
        task, last = run.task, run.snapshots[-1]
        return last.batch_loss, last.logits, task.labels, last.heldout_logits, task.heldout_labels
    losses, logits, heldout_logits = run.answers("train")[0]
    from suite.catalogue import datasets

    heldout = [datasets.digits(run.root, m.seed, "heldout")[1] for m in run.members]
    return losses, logits, run.given("train")[0][4], heldout_logits, np.array(heldout)


def finite(run: Run, k: int) -> bool:
    if run.members[0].cell["layer_kind"] == "dense":
        return trained_finite(run, k)
    losses, logits, *_ = _raw(run)
    return bool(np.isfinite(losses[:, k]).all() and np.isfinite(logits[k]).all())


def _cross_entropy(logits: Array, labels: Array) -> float:
    total = 0.0
    for row, label in zip(float64(logits), labels.astype(int), strict=True):
        total -= math.log(math.exp(row[label]) / sum(math.exp(x) for x in row))
    return total / len(labels)


def columns(run: Run) -> Columns:
    losses, logits, labels, heldout_logits, heldout_labels = _raw(run)
    losses = float64(losses)

    def running(k: int, step: int) -> float:
        """Return the mean of the ten losses that end with a step, counted from 1."""
        return float(sum(losses[step - WINDOW : step, k]) / WINDOW)

    steps = range(WINDOW, len(losses) + 1)
    half = run.each(lambda k: WINDOW - 1 + first(running(k, step) <= HALF for step in steps))
    return {
        "runs": {
            "digit_loss": run.each(lambda k: _cross_entropy(logits[k], labels[k])),
            "heldout_digit_loss": run.each(
                lambda k: _cross_entropy(heldout_logits[k], heldout_labels[k])
            ),
            "digit_accuracy": run.each(lambda k: share_right(logits[k], labels[k])),
            "heldout_digit_accuracy": run.each(
                lambda k: share_right(heldout_logits[k], heldout_labels[k])
            ),
            "first_step_half": half,
            "diverged_step": run.each(lambda k: first(~np.isfinite(losses[:, k]))),
        },
        "losses": {"running_loss": run.each(lambda k: [running(k, s) for s in steps[::WINDOW]])},
    }
