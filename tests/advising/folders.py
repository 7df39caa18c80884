"""Small results folders with the rows that a test writes down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tests.support import ROOT

QUICK = ROOT / "results" / "reference" / "quick"
CELL: Mapping[str, Any] = {
    "framework": "torch",
    "activation": "gelu",
    "initializer": "he_normal",
    "depth": 16,
    "width": 5,
    "optimizer": "adam",
    "weights": "native",
    "settings": "common",
    "dataset": "circles",
    "normalization": "none",
    "residual": 0.0,
    "case": "given",
}


def rows(accuracies: Iterable[float], status: str = "ok", **axes: object) -> pd.DataFrame:
    """Return a run for each accuracy, with the seeds from 0; the epochs are 10, 11, ..."""
    values = list(accuracies)
    seeds = range(len(values))
    return pd.DataFrame(
        [{**CELL, **axes, "seed": seed, "status": status} for seed in seeds]
    ).assign(heldout_accuracy=values, first_epoch_95=[10.0 + seed for seed in seeds])


def folder(path: Path, root: int = 0, **studies: pd.DataFrame) -> Path:
    """Write the runs of studies into a results folder with a root seed."""
    path.mkdir(parents=True)
    content = json.loads((QUICK / "manifest.json").read_text(encoding="utf-8"))
    text = json.dumps({**content, "root_seed": root})
    (path / "manifest.json").write_text(text, encoding="utf-8")
    for study, table in studies.items():
        (path / study).mkdir()
        table.assign(reason="").to_csv(path / study / "runs.csv", index=False)
    return path
