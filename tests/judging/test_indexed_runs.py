"""Runs are found by their cell: which cells a selector selects, and which runs are stored twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.judging.indexed_runs import IndexedRuns
from suite.judging.per_seed import per_seed, side_of

AXES = ["framework", "activation", "depth", "optimizer"]
CELLS = [
    ("torch", "tanh", 4, "rmsprop"),
    ("torch", "relu", 4, "rmsprop"),
    ("torch", "relu", 8, "sgd"),
    ("tensorflow", "tanh", 4, "rmsprop"),
]
FRAME = pd.DataFrame(
    [(*cell, seed, "ok", "") for seed in range(3) for cell in CELLS],
    columns=[*AXES, "seed", "status", "reason"],
).assign(heldout_loss=np.arange(12.0))


def changed(row: int, **fields: str | int) -> pd.DataFrame:
    """Return ``FRAME`` with one more row: one of its rows with other fields."""
    more = FRAME.iloc[[row]].assign(**fields)
    return pd.concat([FRAME, more])


def test_cells_are_numbered_in_the_order_of_their_first_rows() -> None:
    runs = IndexedRuns(FRAME.set_axis(FRAME.index + 100))
    assert list(runs.cells.itertuples(index=False, name=None)) == CELLS
    assert runs.cell.tolist() == [0, 1, 2, 3] * 3
    assert runs.axes == AXES


@pytest.mark.parametrize(
    ("selector", "free", "cells"),
    [
        ({"activation": ("tanh",), "depth": (4,)}, ("framework",), [0, 3]),
        ({"activation": ("tanh", "relu"), "depth": (4,)}, ("framework",), [0, 1, 3]),
        ({"framework": ("torch",), "activation": ("relu",)}, ("depth",), [1]),
        ({"framework": ("torch",), "optimizer": ("sgd",)}, ("depth", "activation"), [2]),
        ({"framework": ("torch",), "activation": ("relu",)}, ("depth", "optimizer"), [1, 2]),
        ({"framework": ("torch",), "activation": ("relu",)}, (), []),  # depth has no default
        ({"activation": ("elu",)}, ("framework", "depth"), []),
    ],
)
def test_an_axis_is_named_or_free_or_has_its_default(
    selector: dict[str, tuple[str | int, ...]], free: tuple[str, ...], cells: list[int]
) -> None:
    assert np.flatnonzero(IndexedRuns(FRAME).select(selector, free)).tolist() == cells


def test_runs_are_found_in_the_order_of_the_frame() -> None:
    runs = IndexedRuns(FRAME)
    chosen = np.array([False, True, False, True])
    assert runs.positions(chosen).tolist() == [1, 3, 5, 7, 9, 11]


def test_which_runs_are_stored_twice() -> None:
    cases: list[tuple[dict[str, str | int], bool, bool]] = [
        ({}, True, True),
        ({"status": "failed"}, True, False),
        ({"seed": 3}, False, False),
        ({"status": "unsupported"}, False, False),
    ]
    for fields, twice, repeated in cases:
        runs = IndexedRuns(changed(5, **fields))
        assert (bool(runs.twice[-1]), bool(runs.repeated[-1])) == (twice, repeated), fields
        assert not runs.twice[:-1].any()


def test_a_side_has_what_a_claim_needs_of_its_runs() -> None:
    claim = Claim(
        id="a-claim",
        statement="",
        source="",
        study="training",
        metric="heldout_loss",
        estimand="slope",
        of={},
        band=Band(0.0, 1.0),
        expected="supported",
        because="",
        decides="quick",
        file="",
        text_hash="",
        along="depth",
    )
    frame = FRAME[FRAME["activation"] == "relu"]
    frame = frame.assign(status=["ok", "diverged", "failed", "ok", "ok", "ok"])
    side = side_of(claim, IndexedRuns(frame), np.arange(6))
    assert side.measured.tolist() == [True, True, False, True, True, True]
    assert side.diverged.tolist() == [False, True, False, False, False, False]
    assert side.along is not None
    assert side.along.tolist() == [4, 8] * 3
    assert side.metric.tolist() == frame["heldout_loss"].tolist()
    numbers = per_seed(claim, [side]).value
    # The deeper cell of seed 0 diverged and a run of seed 1 failed; only seed 2 has both losses.
    assert numbers.tolist() == [np.inf, 0.25]
