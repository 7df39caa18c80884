"""Benches: small measurements of the real studies by stand-ins, on which defects are planted.

A bench is a few cells of one study. The study measures them with a stand-in for each framework,
the rows are written and read as in a results folder, and the shipped claims judge them.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from suite import seeds
from suite.catalogue.activations import ACTIVATIONS
from suite.planning import grids
from suite.results.shards import Shard
from suite.results.tables import read_table, write_table
from suite.selftest.stand_in import ORACLE, Alter, stand_in
from suite.studies import STUDIES, extremes, parity
from suite.studies.common.protocol import start
from suite.types import (
    Architecture,
    Array,
    Lab,
    Measurement,
    Stack,
    Status,
    Study,
    Table,
    TrainTask,
    Value,
)

if TYPE_CHECKING:
    import pandas as pd

ROOT = 0
SEEDS = 16
"""The fewest seeds that can decide a median."""


@dataclass(frozen=True, eq=False)
class Bench:
    """Cells of a study: values of all its axes, seeds, and a measurement other than the study's own
    where one is needed."""

    study: str
    axes: Mapping[str, tuple[Value, ...]]
    seeds: int = SEEDS
    measure: Callable[[Stack, Lab], Measurement] | None = None
    frameworks: tuple[str, ...] = ("torch", "tensorflow")

    def stacks(self, framework: str) -> list[Stack]:
        """Return the stacks that are measured with one framework."""
        selection = grids.Selection("standard", (framework,), self.axes, self.seeds, ROOT)
        return grids.stacks(STUDIES[self.study], selection)


@functools.cache
def honest(bench: Bench, framework: str) -> pd.DataFrame:
    """Return the rows of an honest framework. Do not change them: they serve every defect."""
    return _measured(bench, framework, {})


def rows(
    bench: Bench, defective: str = "", altered: Mapping[str, Alter] | None = None
) -> pd.DataFrame:
    """Return the runs of a bench's frameworks, one of which may have a defect: axes, seed, status,
    reason, metrics."""
    import pandas as pd

    parts = [
        _measured(bench, name, altered or {}) if name == defective else honest(bench, name)
        for name in bench.frameworks
    ]
    return pd.concat(parts, ignore_index=True)


def _measured(bench: Bench, framework: str, altered: Mapping[str, Alter]) -> pd.DataFrame:
    study, stacks = STUDIES[bench.study], bench.stacks(framework)
    lab = Lab(stand_in(framework, altered), ORACLE, ROOT)
    measure = bench.measure or study.measure
    shards = {stack.key: shard(measure(stack, lab)) for stack in stacks}
    return read_back(study, stacks, shards)


def shard(measured: Measurement, positions: Sequence[int] | None = None) -> Shard:
    """Return a measurement as it is stored. ``positions``: those of the members that have rows in
    the tables; all by default."""
    tables = {table.name: table for table in measured.tables}
    kept = np.arange(len(measured.status)) if positions is None else np.array(positions, dtype=int)
    return Shard(tuple(measured.status), tuple(measured.reason), tables, kept, {})


def read_back(study: Study, stacks: list[Stack], shards: Mapping[str, Shard]) -> pd.DataFrame:
    """Return the runs as they come back from a CSV, so that writing and reading are tested too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            measured = [(stack, shards[stack.key]) for stack in stacks]
            write_table(file, study, study.tables[0], measured)
        return read_table(path)


# --- the benches ---------------------------------------------------------------------------------


def first_steps(stack: Stack, lab: Lab) -> Measurement:
    """Measure the study parity on other points, because its own come from scikit-learn, which is
    installed with the frameworks. Points of a Gaussian cloud have the label 1 inside the circle
    that contains half of it."""
    first, count = stack.members[0].cell, len(stack.members)
    architecture = Architecture(
        2, first.count("width"), first.count("depth"), 1, first.text("activation")
    )
    inputs = np.stack([_cloud(member.seed) for member in stack.members])
    labels = (np.square(inputs).sum(axis=2) < 2 * np.log(2)).astype(np.float32)
    order = np.tile(np.arange(parity.POINTS), (count, 1))
    task = TrainTask(
        architecture=architecture,
        optimizer=first.text("optimizer"),
        settings=first.text("settings"),
        weights=start(stack, lab, architecture),
        inputs=inputs,
        labels=labels,
        heldout_inputs=inputs,
        heldout_labels=labels,
        order=lambda epoch: order,
        batch=parity.POINTS,
        record=tuple(range(parity.STEPS + 1)),
    )
    columns = parity.deviations(list(lab.framework.train(task)), list(lab.oracle.train(task)))
    return Measurement([Status.OK] * count, [""] * count, (Table("runs", {}, columns),))


def _cloud(seed: int) -> Array:
    rng = seeds.generator(ROOT, "inputs", seed=seed, width=2)
    return rng.standard_normal((parity.POINTS, 2)).astype(np.float32)


def endings(stack: Stack, lab: Lab) -> Measurement:
    """Draw how networks end, because to train them takes NumPy minutes.

    The frameworks share the weights and the data of a cell and a seed, so that they share all but
    the rounding of single precision, which each has of its own.
    """
    starts = [[*member.cell.text("initializer").encode(), member.seed] for member in stack.members]
    own = list(lab.framework.name.encode())
    loss = np.stack([np.random.default_rng(start).standard_normal(2) for start in starts])
    rounding = np.stack([np.random.default_rng(start + own).standard_normal(2) for start in starts])
    exact = 0.02 * np.exp(0.3 * loss) * (1 + 1e-6 * rounding)
    losses = exact.astype(np.float32).astype(np.float64)
    ended = np.ones(len(starts))
    columns = {
        "train_loss": losses[:, 0],
        "heldout_loss": losses[:, 1],
        "train_accuracy": ended,
        "heldout_accuracy": ended,
        "initial_accuracy": 0.5 * ended,
        "first_epoch_95": 10 * ended,
        "diverged_step": np.inf * ended,
    }
    state = [Status.OK] * len(starts), [""] * len(starts)
    return Measurement(*state, (Table("runs", {}, columns),))


KERNELS = Bench(
    "initializers",
    {"initializer": ("default",), "layer_kind": ("dense",), "shape": ("384x640",)},
)
NARROW = Bench(
    "initializers",
    {"initializer": ("xavier_normal",), "layer_kind": ("dense",), "shape": ("256x16",)},
    seeds=60,
    frameworks=("torch",),
)
MANY_KERNELS = Bench(
    "extremes",
    {"initializer": extremes.SAMPLERS},
    seeds=extremes.DRAWN,
    frameworks=("torch",),
)
LAYERS = Bench(
    "normalization",
    {
        "layer_kind": ("batch_dense",),
        "settings": ("common", "default"),
        "scale": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    },
    seeds=1,
)
CURVES = Bench("curves", {"activation": ACTIVATIONS.names}, seeds=1, frameworks=("torch",))
DEEP = Bench(
    "propagation",
    {
        "activation": ("tanh",),
        "initializer": ("normal(0.01)",),
        "depth": (50,),
        "width": (256,),
        "weights": ("native",),
    },
    frameworks=("torch",),
)
_SMALL: dict[str, tuple[Value, ...]] = {
    "activation": ("sigmoid", "tanh", "relu"),
    "depth": (4,),
    "width": (5,),
    "weights": ("shared",),
}
ENDINGS = Bench(
    "training",
    {
        "activation": ("tanh",),
        "initializer": ("normal(1)", "xavier_uniform"),
        "depth": (4,),
        "width": (5,),
        "weights": ("shared",),
    },
    measure=endings,
)
STEPS = Bench(
    "parity",
    {**_SMALL, "initializer": ("xavier_uniform", "he_normal"), "optimizer": ("sgd",)},
    measure=first_steps,
    frameworks=("torch",),
)
ADAPTIVE = Bench(
    "parity",
    {
        **_SMALL,
        "initializer": ("xavier_uniform", "he_normal", "orthogonal"),
        "optimizer": ("rmsprop", "adam"),
    },
    measure=first_steps,
    frameworks=("tensorflow",),
)
