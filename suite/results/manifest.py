"""The manifest of a results folder: what was planned, and what the numbers depend on besides.

``suite.measuring.environment`` makes it; every command that takes a results folder reads it. A
value that does not have the declared form is refused, and keys of a newer version are ignored.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from suite.catalogue.registry import nearest
from suite.planning.axes import LARGEST
from suite.results.plain_text import decode
from suite.types import UserError

MANIFEST = "manifest.json"
"""The name of the file."""
SCHEMA = 1
"""The version of the form of a results folder."""
SCHEMA_UNTIL_DECIDED = 2
"""That of a run whose seeds were added until its claims were decided. Versions of the suite that do
not know such runs refuse it, as they must: they would judge it by intervals that do not hold."""
IDENTITY = ("schema", "profile", "root_seed", "expected", "versions", "tree_hash", "platform")
"""Keys that must be equal for two runs to be the same run, on the same kind of machine: other
processors and linear algebra libraries round differently. Where plugins were used, so must be
their sources; see ``Manifest.identity``."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Seeds = Annotated[int, Meta(ge=1, le=LARGEST)]
StudyName = Annotated[str, Meta(pattern=r"\A([a-z][a-z0-9_]*:)?[a-z0-9_]+\Z")]
"""The name of a study, that of a plugin with the plugin's before it. It is the name of a folder
too, which must not lie elsewhere."""
PluginName = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]*\Z")]
ItemName = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]*:[A-Za-z_][A-Za-z0-9_]*\Z")]
_NAMED = 3
"""The results folders that an error names."""
_LOOKED_AT = 50
"""The entries of a folder among which an error looks for results folders."""
_SHOWN = 80
"""Characters of a refused value that an error shows."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What was planned for one study. ``hash`` is the digest of its plan."""

    cells: Count = 0
    runs: Count
    stacks: Count = 0
    hash: str


class Git(msgspec.Struct, frozen=True, kw_only=True):
    """The commit that ran, and whether it had uncommitted changes; None where not known."""

    commit: str | None = None
    dirty: bool | None = None


class Reused(msgspec.Struct, frozen=True, kw_only=True):
    """How many stacks of a run were taken over from another folder, and from which commit."""

    folder: str
    """As the user named it."""
    commit: str | None = None
    dirty: bool | None = None
    stacks: Count


class BroughtItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a plugin: enough to read its name in a results folder without the plugin."""

    kind: str
    name: ItemName
    parameters: Mapping[str, str | int | float | None] = {}
    """Parameter -> its default, in order; None: it must be given."""
    native: Mapping[str, str] = {}
    """Framework -> ``own``: the plugin names the framework's object; ``generic``: the plugin's
    NumPy code runs on the framework's operations."""
    slope_from: str = ""
    """Of an activation: ``definition``, or ``finite differences`` where the plugin gives none."""


class BroughtPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that a run used."""

    name: PluginName
    origin: str
    """The file or the module, as the user named it."""
    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    items: tuple[BroughtItem, ...] = ()


class BroughtDataset(msgspec.Struct, frozen=True, kw_only=True):
    """A data file that a run trained on."""

    name: Annotated[str, Meta(pattern=r"\Afile:[A-Za-z_][A-Za-z0-9_]*\Z")]
    origin: str
    """The file, as the user named it."""
    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    options: str = ""
    """The label and the rest of what the user named, as ``--dataset`` takes it."""
    task: str = ""
    rows: Count
    """Rows without a hole, in both parts together."""
    train: Count
    """Rows of the training part."""
    features: Count
    classes: Mapping[str, Count] = {}
    """Class -> its rows; empty for regression."""
    dropped: Count = 0
    """Rows that had a hole."""
    duplicates: Count = 0
    """Rows that repeat an earlier one."""
    rules: Mapping[str, str] = {}
    """How the rows were split and scaled, in words."""


class UntilDecided(msgspec.Struct, frozen=True, kw_only=True):
    """How the seeds of a run were added until its claims were decided."""

    most: Seeds
    """The most seeds of a cell."""
    blocks: Mapping[StudyName, tuple[Annotated[int, Meta(ge=1, le=LARGEST)], ...]] = {}
    """Study -> the blocks of seeds of each of its programs, in their order."""
    first: Mapping[StudyName, str]
    """Study -> the digest of its plan at the first look, when each program had one block."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was planned, and what the numbers depend on besides.

    Keys with a default may be absent from a manifest of another version.
    """

    schema: int = SCHEMA
    suite_version: str = ""
    command: tuple[str, ...]
    profile: str
    studies: tuple[StudyName, ...]
    frameworks: tuple[str, ...]
    overrides: Mapping[str, tuple[str | int | float, ...]]
    """Axis, or study.axis for one study alone, -> the values that replaced those of the profile."""
    seeds: Seeds | None
    """Seeds of each cell, where the user chose them."""
    root_seed: Count
    expected: Mapping[StudyName, Expected]
    versions: Mapping[str, str]
    """Library -> version."""
    platform: Mapping[str, str]
    cores: Count | None = None
    threads: Count | None = None
    """Threads of each worker process."""
    determinism: Mapping[str, str] = {}
    """Environment variables and flags of the workers."""
    git: Git = Git()
    tree_hash: str = ""
    """A hash of the suite's code."""
    packages: tuple[str, ...] = ()
    """Every installed package, as ``name==version``."""
    definitions: Mapping[str, str] | None = None
    """Metric -> its unit and the number of its definition."""
    left_out: tuple[str, ...] = ()
    """Tables that were left out when the folder was packed, as ``study/table``."""
    reused: tuple[Reused, ...] = ()
    """The folders from which stacks were taken over (``suite run --reuse``)."""
    plugins: tuple[BroughtPlugin, ...] = ()
    """The plugins of which the run has an item."""
    datasets: tuple[BroughtDataset, ...] = ()
    """The data files that the run trained on."""
    processors: Mapping[str, Count] = {}
    """Processor -> the stacks that were measured on it; empty where all were measured on that of
    ``platform``."""
    until_decided: UntilDecided | None = None
    """How seeds were added; None where their number was fixed beforehand."""

    def __post_init__(self) -> None:
        """Raise ValueError where a study is named twice: its rows would be counted twice; and where
        the schema of a run until decided has no such key, or the other way round: the wrong
        intervals would judge it."""
        for study in self.studies:
            if self.studies.count(study) > 1:
                raise ValueError(f"studies has {study!r} twice")
        if (self.schema == SCHEMA_UNTIL_DECIDED) != (self.until_decided is not None):
            raise ValueError(f"schema is {self.schema}; {SCHEMA_UNTIL_DECIDED} has until_decided")

    def values(self) -> dict[str, Any]:
        """Return the keys and values of the JSON file."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        for key in ("left_out", "reused", "plugins", "datasets", "processors", "until_decided"):
            if not values[key]:
                del values[key]
        return values

    @property
    def processors_in_words(self) -> str:
        """The processors of the workers and the stacks that each measured."""
        counts = self.processors.items()
        return ", ".join(f"{name} ({n} stack{'s' * (n != 1)})" for name, n in counts)

    @property
    def identity(self) -> dict[str, Any]:
        """What must be equal for two runs to be the same run: ``IDENTITY``, and plugin -> hash
        where plugins were used. A run until decided is the same however far it has come, and with
        another limit on its seeds: what counts is its plan at the first look."""
        values = self.values()
        identity = {key: values[key] for key in IDENTITY}
        if self.until_decided is not None:
            first = dict(self.until_decided.first)
            identity = {"until_decided": "added", **identity, "expected": first}
        if self.plugins:
            identity["plugins"] = {plugin.name: plugin.sha256 for plugin in self.plugins}
        if self.datasets:
            identity["datasets"] = {
                data.name: f"sha256 {data.sha256} {data.options}".rstrip() for data in self.datasets
            }
        return identity


def encode(values: Mapping[str, Any]) -> str:
    """Return the text of a manifest, with sorted keys, so that two can be compared line by line."""
    return json.dumps(values, indent=1, sort_keys=True) + "\n"


def read(path: Path) -> Manifest:
    """Read a manifest.

    Raises UserError where the file is absent, is not JSON, has another schema, or holds a value
    that is not of the declared form: the message names the file, the key, its value and the form.
    """
    try:
        text = decode(path, path.read_bytes())
        values = json.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(_absent(path.parent)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} cannot be read: it is not a JSON object")
    schema = _shown(values, "schema")
    if schema not in (str(SCHEMA), str(SCHEMA_UNTIL_DECIDED)):
        known = f"{SCHEMA} and {SCHEMA_UNTIL_DECIDED}"
        raise UserError(f"{path}: schema is {schema}; this version reads schema {known}")
    try:
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.ValidationError as error:
        raise UserError(f"{path} is damaged: {_fault(str(error), values)}") from error
    except (RecursionError, msgspec.DecodeError) as error:  # NaN, say, which is not JSON
        raise UserError(f"{path} cannot be read: {error}") from error


def _absent(folder: Path) -> str:
    """Return why a folder has no manifest, with the results folders that may have been meant."""
    if folder.is_file():
        return f"{folder} is a file; name the results folder, {folder.parent}"
    if folder.is_dir():
        inside = _results_folders(folder)
        found = f"; in it are {', '.join(map(str, inside[:_NAMED]))}" if inside else ""
        return f"{folder} is not a results folder: it has no {MANIFEST}{found}"
    around = next((parent for parent in folder.parents if parent.is_dir()), Path())
    if around.resolve().parent == around.resolve():  # the root of the disk: nothing near
        return f"there is no folder {folder}"
    return f"there is no folder {folder}{nearest(folder, _results_folders(around))}"


def _results_folders(folder: Path) -> list[Path]:
    """Return results folders in a folder and in those in it, among its first entries."""
    found = []
    for inside in _subfolders(folder):
        found += [place for place in (inside, *_subfolders(inside)) if (place / MANIFEST).is_file()]
    return sorted(found)


def _subfolders(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [path for path in itertools.islice(folder.iterdir(), _LOOKED_AT) if path.is_dir()]
    return []


def _fault(message: str, values: Mapping[str, Any]) -> str:
    """Return what does not fit: the key and its value, where the message has one, and the form."""
    key = re.search(r"`\$\.(\w+)", message)
    rule = message[:1].lower() + message[1:]
    return f"{key[1]} is {_shown(values, key[1])}; {rule}" if key else rule


def _shown(values: Mapping[str, Any], key: str) -> str:
    """Return a value as the file writes it, on one line of bounded length."""
    text = json.dumps(values[key]) if key in values else "absent"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
