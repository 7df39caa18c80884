"""Twins of the study ``propagation``."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.types import float64
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import (
    batched,
    finite_signal,
    histogram,
    layer_columns,
    poisoned,
    run_columns,
)

_CELL = {"activation": ("sigmoid", "relu", "linear"), "width": 8}
GRIDS: tuple[dict[str, Any], ...] = ({**_CELL, "initializer": "he_normal", "depth": 3},)
PROBES = {"propagate": poisoned}


def finite(run: Run, k: int) -> bool:
    return finite_signal(batched(run, k)[0])


@np.errstate(all="ignore")
def columns(run: Run) -> Columns:
    members = range(len(run.members))
    runs = [run_columns(run, k) for k in members]
    layers = [layer_columns(run, k) for k in members]

    def shares(k: int) -> list[list[float]]:
        """Return the shares in 21 equal parts of -4 to 4 root mean squares of each layer."""
        signal = batched(run, k)[0]
        return [
            histogram(layer, np.linspace(-4, 4, 22) * np.sqrt(np.mean(float64(layer) ** 2)))
            for layer in signal.activation
        ]

    return {
        "runs": {name: np.array([row[name] for row in runs]) for name in runs[0]},
        "layers": {name: np.array([row[name] for row in layers]) for name in layers[0]},
        "histograms": {"histogram_share": run.each(shares)},
    }
