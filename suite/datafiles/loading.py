"""Load data files: their data sets are in the catalogue for the length of a block, or for the rest
of a worker's life.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from suite.catalogue.datasets import DATASETS
from suite.datafiles.reading import Content, read
from suite.datafiles.request import DataFile, find
from suite.datafiles.split import dataset
from suite.errors import UserError


@dataclass(frozen=True)
class Loaded:
    """A data file whose data set is in the catalogue, and what it holds."""

    file: DataFile
    content: Content


_LOADED: dict[str, Loaded] = {}


def active() -> Mapping[str, Loaded]:
    """Return the data files that are loaded: name of the data set -> file and content."""
    return dict(_LOADED)


def files() -> tuple[DataFile, ...]:
    """Return the data files that are loaded, which a worker needs to load them as well."""
    return tuple(loaded.file for loaded in _LOADED.values())


def find_all(given: Iterable[str]) -> tuple[DataFile, ...]:
    """Return the data files that are named, each once. UserError where two have one name."""
    found: dict[str, DataFile] = {}
    for file in map(find, given):
        first = found.setdefault(file.name, file)
        if (first.sha256, first.options) != (file.sha256, file.options):
            raise UserError(
                f"--dataset {file.origin}: {first.origin} is also called {file.name!r}; rename one"
                " of them"
            )
    return tuple(found.values())


@contextmanager
def loaded(given: Iterable[DataFile]) -> Iterator[None]:
    """Have the data sets of some files in the catalogue for the length of this block.

    Raises UserError, with nothing loaded, for a file that the rules refuse.
    """
    before = dict(_LOADED)
    try:
        keep(given)
        yield
    finally:
        for name in [*_LOADED]:
            if _LOADED[name] is not before.get(name):
                _forget(name)
        for name, old in before.items():
            if name not in _LOADED:
                _bring(old.file, old.content)


def keep(given: Iterable[DataFile]) -> None:
    """Load data files for the rest of this process; one of another version is replaced.

    Raises UserError where the rules refuse a file, and where its bytes are not those of its hash.
    """
    for file in given:
        before = _LOADED.get(file.name)
        if before is not None and before.file == file:
            continue
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            raise UserError(f"--dataset {file.origin}: its bytes have another sha256")
        content = read(file)
        if before is not None:
            _forget(file.name)
        _bring(file, content)


def _bring(file: DataFile, content: Content) -> None:
    DATASETS.bring(dataset(file, content))
    _LOADED[file.name] = Loaded(file, content)


def _forget(name: str) -> None:
    DATASETS.take_away(name)
    del _LOADED[name]
