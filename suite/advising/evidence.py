"""The stored networks that advice rests on: rows of runs of the studies that train, pooled.

A folder may repeat the networks of another one: the same cell, protocol, root seed and seed is one
network, whichever study trained it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import suite
from suite.metrics.practice import LEARNED
from suite.planning.axes import AXES
from suite.results.compressed import locate
from suite.results.folder import Results
from suite.results.manifest import MANIFEST
from suite.results.tables import read_table
from suite.studies import digits, practice, remedies, rescue, training
from suite.studies.common.protocol import BATCH
from suite.types import UserError, Value

AXIS = (
    "framework",
    "activation",
    "initializer",
    "depth",
    "width",
    "optimizer",
    "dataset",
    "normalization",
    "residual",
)
"""What distinguishes the cells of the evidence."""
_COMMON: Mapping[str, Value] = {
    "weights": "native",
    "settings": "common",
    "clipping": "none",
    "schedule": "constant",
    "scale": 1.0,
    "dropout": 0.0,
    "layer_kind": "dense",
}
"""The values that all evidence has. A study without one of these axes has its value too."""


@dataclass(frozen=True)
class Source:
    """How a study that trains stores what advice needs.

    ``protocol(dataset, width)``: epochs and points of a batch. ``accuracy``, ``epoch``: the columns
    of the held-out accuracy and of the epoch in which it learned (none: ""). ``own``: values of its
    axes that are evidence, beside ``_COMMON``.
    """

    study: str
    protocol: Callable[[str, int], tuple[int, int]]
    accuracy: str = "heldout_accuracy"
    epoch: str = "first_epoch_95"
    own: Mapping[str, Value] | None = None
    dataset: str = "circles"


SOURCES = (
    Source(
        "practice", lambda d, w: (practice.epochs_of_values(d, w), BATCH), own={"case": "given"}
    ),
    Source("training", lambda d, w: (training.RECORD[-1], BATCH)),
    Source("remedies", lambda d, w: (remedies.EPOCHS, remedies.BATCH)),
    Source("rescue", lambda d, w: (rescue.EPOCHS, BATCH), epoch=""),
    Source(
        "digits",
        lambda d, w: (digits.EPOCHS["dense"], BATCH),
        "heldout_digit_accuracy",
        "",
        dataset="digits",
    ),
)


def shipped() -> Path | None:
    """Return the committed reference, or None where the package is installed without it."""
    folder = Path(suite.__file__).resolve().parents[1] / "results" / "reference" / "standard"
    return folder if (folder / MANIFEST).exists() else None


def users_folders(base: Path = Path("results")) -> tuple[Path, ...]:
    """Return the results folders of a user's runs, those directly below ``base``, by name."""
    found = sorted(path.parent for path in base.glob(f"*/{MANIFEST}"))
    return tuple(found)


def read(folders: Sequence[Path]) -> pd.DataFrame:
    """Return a row for each stored network: the axes of ``AXIS``, epochs, batch, root, seed,
    ``learned`` (bool), ``epoch`` (in which it learned; inf, or NaN where that is not stored),
    study and folder. The first folder that has a network counts.

    Raises UserError where a folder is not a results folder or one of its tables cannot be read.
    """
    parts = [part for folder in folders for part in _of_folder(folder)]
    if not parts:
        return pd.DataFrame(columns=[*AXIS, "epochs", "batch", "root", "seed", "learned", "epoch"])
    rows = pd.concat(parts, ignore_index=True)
    same = [*AXIS, "epochs", "batch", "root", "seed"]
    return rows.drop_duplicates(same, ignore_index=True)


def _of_folder(folder: Path) -> Iterator[pd.DataFrame]:
    if not (folder / MANIFEST).exists():
        raise UserError(f"{folder} is not a results folder: it has no {MANIFEST}")
    root = Results(folder).manifest().root_seed
    for source in SOURCES:
        path = folder / source.study / "runs.csv"
        if locate(path) is not None:
            table = read_table(path, ("framework", "activation", "seed", "status", source.accuracy))
            part = _evidence(table, source)
            if len(part):
                yield part.assign(root=root, folder=str(folder), study=source.study)


def _evidence(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    table = table[table["status"].isin(("ok", "diverged"))]
    for axis, value in {**_COMMON, **(source.own or {})}.items():
        if axis in table:
            table = table[table[axis] == value]
    values: dict[str, Any] = {}
    for axis in AXIS:
        default = source.dataset if axis == "dataset" else AXES[axis].default
        values[axis] = table.get(axis, default)
    rows = pd.DataFrame(values, index=table.index)
    least = rows["dataset"].map(LEARNED).astype(float)
    rows["learned"] = (table[source.accuracy] >= least) & (table["status"] == "ok")
    rows["epoch"] = table[source.epoch] if source.epoch else np.nan
    rows["seed"] = table["seed"]
    pairs = rows[["dataset", "width"]].drop_duplicates().itertuples(index=False, name=None)
    ways = {pair: source.protocol(*pair) for pair in pairs if pair[0] in LEARNED}
    rows = rows[least.notna()]
    chosen = [ways[pair] for pair in zip(rows["dataset"], rows["width"], strict=True)]
    return rows.assign(epochs=[way[0] for way in chosen], batch=[way[1] for way in chosen])
