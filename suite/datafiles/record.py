"""What a manifest says of the data files of a run, and how their names are read without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from suite.catalogue.datasets import DATASETS, Dataset
from suite.datafiles.loading import Loaded, active
from suite.datafiles.request import PREFIX
from suite.datafiles.split import RULES
from suite.errors import UserError
from suite.planning.grids import Plan
from suite.results.manifest import BroughtDataset, Manifest
from suite.types import Stack


def mentioned(stacks: Iterable[Stack]) -> set[str]:
    """Return the data sets of files that the cells of some stacks name."""
    pairs = (pair for stack in stacks for pair in stack.shared)
    return {str(value) for axis, value in pairs if axis == "dataset" and _of_file(value)}


def _of_file(value: object) -> bool:
    return str(value).startswith(PREFIX)


def record(plan: Plan) -> tuple[BroughtDataset, ...]:
    """Return the loaded data files that a plan trains on, as a manifest keeps them."""
    names = mentioned(stack for stacks in plan.stacks.values() for stack in stacks)
    return tuple(_recorded(name, loaded) for name, loaded in active().items() if name in names)


def _recorded(name: str, loaded: Loaded) -> BroughtDataset:
    file, content = loaded.file, loaded.content
    points, features = DATASETS[name].points, content.inputs.shape[1]
    return BroughtDataset(
        name=name,
        origin=file.origin,
        sha256=file.sha256,
        options=file.options,
        task="classification" if content.classes else "regression",
        rows=len(content.labels),
        train=points,
        features=features,
        classes=content.counts,
        dropped=content.dropped,
        duplicates=content.duplicates,
        rules=RULES,
    )


def in_words(dataset: BroughtDataset) -> str:
    """Return the size of a data set and what its rules did, on one line."""
    parts = [f"{dataset.rows:,} rows, {dataset.features:,} features"]
    if dataset.classes:
        counts = [f"{name} {count}" for name, count in dataset.classes.items()]
        more = f", ... ({len(counts)} classes)" if len(counts) > 10 else ""
        parts.append(f"classes {', '.join(counts[:10])}{more}")
    if dataset.dropped:
        parts.append(f"{dataset.dropped:,} rows with a hole dropped")
    if dataset.duplicates:
        parts.append(f"{dataset.duplicates:,} rows repeat another")
    parts.append(f"{dataset.train:,} to train, {dataset.rows - dataset.train:,} held out")
    if dataset.train < 32:
        parts.append("fewer than a batch of 32: each step sees all of them")
    return f"{dataset.name}: {'; '.join(parts)}"


def missing(manifest: Manifest) -> dict[str, str]:
    """Return the data sets of a run whose file is not loaded, or in another version: name -> what
    to do, in words."""
    found = {}
    for stored in manifest.datasets:
        loaded = active().get(stored.name)
        if loaded is None or (loaded.file.sha256, loaded.file.options) != (
            stored.sha256,
            stored.options,
        ):
            has = f", and the one given has {loaded.file.version}" if loaded else ""
            found[stored.name] = (
                f"measured with the data file {_file(stored)}{has}: give it with --dataset"
                f" {','.join(filter(None, (stored.origin, stored.options)))}"
            )
    return found


def _file(stored: BroughtDataset) -> str:
    return f"{stored.origin} ({stored.name}, sha256 {stored.sha256[:12]})"


@contextmanager
def remembered(manifest: Manifest) -> Iterator[None]:
    """Have the data sets of a manifest in the catalogue for the length of this block, where their
    files are not loaded: with their size, and without their rows."""
    brought = [_stand_in(stored) for stored in manifest.datasets if stored.name not in DATASETS]
    for entry in brought:
        DATASETS.bring(entry)
    try:
        yield
    finally:
        for entry in brought:
            DATASETS.take_away(entry.name)


def _stand_in(stored: BroughtDataset) -> Dataset:
    def draw(root: int, seed: int, split: str) -> NoReturn:
        raise UserError(f"the data file {_file(stored)} is not loaded: give it with --dataset")

    classes = len(stored.classes)
    return Dataset(
        name=stored.name,
        source="a data file that is not loaded",
        draw=draw,
        title=stored.origin.replace("\\", "/").rpartition("/")[2],
        features=stored.features,
        points=stored.train,
        outputs=classes if classes > 2 else 1,
        loss="squared" if not classes else "binary" if classes == 2 else "categorical",
    )
