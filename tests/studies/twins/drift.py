"""Twins of the study ``drift``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from suite.types import Array, Snapshot, TrainTask, Weights
from tests.studies.twins.common import deviation, first, share_right
from tests.studies.twins.run import Columns, Run, scripted

GRIDS = (
    {
        "activation": "tanh",
        "initializer": "xavier_uniform",
        "depth": 2,
        "width": 3,
        "optimizer": "rmsprop",
        "weights": "shared",
        "case": ("one_ulp", "own_form", "other_form"),
    },
)
OFF, EARLY, STEPS = 1e-4, 100, 16


def _apart(snapshots: list[Snapshot], members: Sequence[int], size: float) -> list[Snapshot]:
    """Return snapshots in which some members part from what they were, from the third on, layer
    after layer and batch after batch."""
    rng = np.random.default_rng([len(members), int(size * 1e6)])
    result = []
    for position, snapshot in enumerate(snapshots):

        def away(array: Array, share: float, start: int = 0) -> Array:
            array = array.copy()
            noise = share * rng.standard_normal(array.shape)
            for k in members:
                array[k, start:] = array[k, start:] * (1 + noise[k, start:])
            return array

        late = max(0, position - 2)
        share = size * late**2
        weights: Weights = tuple(
            (away(kernel, share / (1 + layer)), away(bias, share / (2 + layer)))
            for layer, (kernel, bias) in enumerate(snapshot.weights)
        )
        losses = away(snapshot.batch_loss.T, 10 * share + size / 100, 3).T
        loss = away(snapshot.loss[:, None], share)[:, 0]
        heldout = away(snapshot.heldout_logits, 3 * share)
        result.append(
            replace(snapshot, weights=weights, batch_loss=losses, loss=loss, heldout_logits=heldout)
        )
    return result


def _alike(task: TrainTask) -> list[Snapshot]:
    """Return scripted snapshots in which the second half of the members, the nudged ones, is like
    the first but for what ``_apart`` does."""
    snapshots, half = scripted(task), len(task.labels) // 2

    def twice(array: Array, axis: int = 0) -> Array:
        part = np.take(array, range(half), axis=axis)
        return np.concatenate([part, part], axis=axis)

    return [
        replace(
            s,
            weights=tuple((twice(a), twice(b)) for a, b in s.weights),
            loss=twice(s.loss),
            logits=twice(s.logits),
            heldout_logits=twice(s.heldout_logits),
            batch_loss=twice(s.batch_loss, 1),
        )
        for s in snapshots
    ]


def SCRIPT(task: TrainTask) -> list[Snapshot]:
    half = len(task.labels) // 2
    snapshots = _apart(_alike(task), range(half, 2 * half), 1e-3)
    snapshots[4].loss[0] = np.nan  # the first seed diverges
    return snapshots


def _by_formula(task: TrainTask, form: str) -> list[Snapshot]:
    """Return what a formula's training might: the framework's snapshots, a little apart."""
    size = {"keras": 2e-5, "torch": 4e-2}[form]
    return _apart(_alike(task), range(len(task.labels)), size)


ORACLE_PROBES = {"train": _by_formula}


def _seeds(run: Run) -> list[int]:
    return sorted({m.seed for m in run.members})


def _trained(run: Run, k: int) -> tuple[list[Snapshot], int]:
    """Return the snapshots that have a member's training, and its row there."""
    return run.snapshots, _seeds(run).index(run.members[k].seed)


def _reference(run: Run, k: int) -> tuple[list[Snapshot], int]:
    case, row = run.members[k].cell["case"], _trained(run, k)[1]
    if case == "one_ulp":
        return run.snapshots, row + len(_seeds(run))
    form = {"own_form": "keras", "other_form": "torch"}[str(case)]
    (answer,) = [call.answer for call in run.oracle.calls if call.given[1:] == (form,)]
    return answer, row


def finite(run: Run, k: int) -> bool:
    snapshots, row = _trained(run, k)
    return all(math.isfinite(snapshot.loss[row]) for snapshot in snapshots)


def _gaps(run: Run, k: int) -> dict[str, object]:
    (ours, row), (theirs, other) = _trained(run, k), _reference(run, k)
    loss, reference = (
        np.array([float(x) for s in snapshots for x in s.batch_loss[:, place]])
        for snapshots, place in ((ours, row), (theirs, other))
    )
    gap = np.abs(loss - reference)
    layers = [
        [
            max(deviation(a[row], c[other]), deviation(b[row], d[other]))
            for (a, b), (c, d) in zip(s.weights, t.weights, strict=True)
        ]
        for s, t in zip(ours, theirs, strict=True)
    ]
    apart = [[place for place, x in enumerate(epoch, 1) if not x <= OFF] for epoch in layers]
    labels = run.task.heldout_labels[row]
    right = share_right(ours[-1].heldout_logits[row], labels)
    record = run.task.record
    return {
        "step_apart": first(not g <= OFF * r for g, r in zip(gap, reference, strict=True)),
        "layer_apart": next((places[0] for places in apart if places), 0),
        "early_gap": max(gap[:EARLY]),
        "weight_gap": max(layers[-1]),
        "loss_gap": abs(float(ours[-1].loss[row]) - float(theirs[-1].loss[other])),
        "accuracy_gap": abs(right - share_right(theirs[-1].heldout_logits[other], labels)),
        "train_loss": float(ours[-1].loss[row]),
        "heldout_accuracy": right,
        "epochs": {
            "batch_gap": [max(gap[(e - 1) * STEPS : e * STEPS]) for e in record[1:]],
            "weight_gap": [max(epoch) for epoch in layers[1:]],
        },
    }


def columns(run: Run) -> Columns:
    rows = [_gaps(run, k) for k in range(len(run.members))]
    growth = [row.pop("epochs") for row in rows]
    return {
        "runs": {name: np.array([row[name] for row in rows]) for name in rows[0]},
        "growth": {
            name: np.array([part[name] for part in growth])  # type: ignore[index]
            for name in ("batch_gap", "weight_gap")
        },
    }
