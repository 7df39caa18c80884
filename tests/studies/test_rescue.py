"""The study ``rescue``: normalization reaches the network, and the figure shows shares."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from suite import frameworks
from suite.planning import grids
from suite.report.common.drawing import Drawing, NotDrawn, style
from suite.report.common.images import png
from suite.report.rescue import rescued
from suite.studies import rescue
from suite.studies.rescue import Rescue
from suite.types import Framework, Lab, Snapshot, Stack, TrainTask, Value

OWN = ("torch", "tensorflow")


@functools.cache
def load(name: str) -> Framework:
    return frameworks.load(name)


def stack_of(name: str, normalization: str) -> Stack:
    chosen: dict[str, tuple[Value, ...]] = {
        "normalization": (normalization,),
        "depth": (2,),
        "activation": ("tanh",),
    }
    (stack,) = grids.stacks(Rescue(), grids.Selection("quick", (name,), chosen, 2))
    return stack


@dataclass
class Recording:
    """A framework that records its tasks and their first snapshots."""

    framework: Framework
    tasks: list[TrainTask] = field(default_factory=list)
    starts: list[Snapshot] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.framework.name

    def __hash__(self) -> int:
        return hash(self.framework)

    def draw(self, *names: object) -> object:
        return self.framework.draw(*names)  # type: ignore[arg-type]  # passed on unchanged

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        self.tasks.append(task)
        for snapshot in self.framework.train(task):
            if snapshot.epoch == 0:
                self.starts.append(snapshot)
            yield snapshot


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("name", OWN)
def test_normalization_reaches_the_network(
    name: str, normalization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescue, "EPOCHS", 1)
    recording = Recording(load(name))
    lab = Lab(recording, load("numpy"), 0)  # type: ignore[arg-type]  # no probe is used
    measurement = Rescue().measure(stack_of(name, normalization), lab)
    (task,) = recording.tasks
    assert task.architecture.normalization == normalization
    assert task.record == (0, 1)
    (table,) = measurement.tables
    assert measurement.status == ["ok", "ok"]
    assert set(table.columns) == set(Rescue().tables[0].metrics)
    # On its way to the first kernel the gradient passes kernels of normal(0.01), each a factor of
    # about 0.02, unless normalization divides their scale away: then it is a thousand times larger.
    kernel, _ = recording.starts[0].gradients[0]
    assert (np.abs(kernel).max(axis=(1, 2)) < 1e-4).all() == (normalization == "none")


def frame() -> pd.DataFrame:
    """Return rescue/runs.csv of both frameworks."""
    outcomes = {"none": (0.5, 0.5), "batch": (0.99, 0.96), "layer": (0.99, 0.5)}
    rows = [
        {
            "framework": name,
            "activation": "tanh",
            "initializer": "normal(0.01)",
            "depth": 4,
            "normalization": normalization,
            "seed": seed,
            "status": "ok",
            "heldout_accuracy": accuracy,
        }
        for name in OWN
        for normalization, accuracies in outcomes.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame(rows)


def shares(drawing: Drawing) -> list[float]:
    """Return the lengths of the bars of the first framework."""
    bars = drawing.figure.axes[0].patches
    return [bar.get_width() for bar in bars if isinstance(bar, Rectangle)]


def test_the_figure_shows_the_share_that_learned() -> None:
    with style():
        drawing = rescued(frame())
        assert png(drawing.figure)
    assert shares(drawing) == [0.0, 1.0, 0.5]
    assert "n = 2 seeds" in drawing.caption


def test_a_diverged_run_has_not_learned() -> None:
    table = frame()
    table.loc[table["normalization"] == "batch", "status"] = "diverged"
    assert shares(rescued(table)) == [0.0, 0.0, 0.5]


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="no network was trained"):
        rescued(frame().assign(status="failed"))
