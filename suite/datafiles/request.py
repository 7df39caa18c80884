"""What ``--dataset FILE,label=COLUMN,task=TASK`` names: the file, its bytes and its options.

The bytes travel to the workers, which need no disk in common with the process that read them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from suite.catalogue.registry import nearest, unknown
from suite.errors import UserError

PREFIX = "file:"
"""What stands before the name of a data set that is read from a file."""
SUFFIXES = (".csv", ".npz", ".parquet")
TASKS = ("classification", "regression")
OPTIONS = ("label", "task", "without")
LARGEST = 2 * 2**30
"""The largest size of a data file in bytes."""
FORM = "FILE,label=COLUMN,task=classification or task=regression"


@dataclass(frozen=True)
class DataFile:
    """A data file as the user brought it.

    ``name`` is that of the data set. Its options decide what is learned: ``label`` is the column to
    predict (empty for an .npz file, which has ``x`` and ``y``), ``task`` one of ``TASKS`` (empty:
    classification where the label is text) and ``without`` the columns that are left out.
    """

    name: str
    origin: str
    """The file, as the user named it."""
    sha256: str
    """64 hexadecimal digits: the hash of the file."""
    label: str
    task: str
    without: tuple[str, ...] = ()
    content: bytes = field(default=b"", repr=False, compare=False)

    @property
    def suffix(self) -> str:
        """The end of the file's name, which says how it is read."""
        return Path(self.origin).suffix.lower()

    @property
    def options(self) -> str:
        """The options as the user would write them."""
        without = (f"without={column}" for column in self.without)
        given = [f"label={self.label}" * bool(self.label), f"task={self.task}" * bool(self.task)]
        return ",".join(part for part in (*given, *without) if part)

    @property
    def version(self) -> str:
        """What must be equal for two runs to have trained on the same data."""
        return ", ".join(filter(None, (f"sha256 {self.sha256[:12]}", self.options)))


def find(given: str) -> DataFile:
    """Return the data file that an argument of ``--dataset`` names.

    Raises UserError where there is no such file, where it cannot be read, and for an option that
    is unknown, given twice or has a wrong value.
    """
    path, options = _parts(given)
    label, task = options.get("label", [""])[0], options.get("task", [""])[0]
    for key in ("label", "task"):
        if len(options.get(key, ())) > 1:
            raise UserError(f"--dataset {given}: {key} is given twice")
    if task and task not in TASKS:
        raise UserError(f"--dataset {path}: {unknown('task', task, TASKS)}")
    file = Path(path)
    if not file.is_file():
        raise UserError(f"--dataset {path}: {_absent(file)}")
    if file.suffix.lower() not in SUFFIXES:
        raise UserError(f"--dataset {path}: the name of a data file ends in {', '.join(SUFFIXES)}")
    try:
        if file.stat().st_size > LARGEST:
            raise UserError(f"--dataset {path} has more than {LARGEST // 2**30} GiB")
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"--dataset {path} cannot be read: {error.strerror}") from error
    return DataFile(
        name=PREFIX + _stem(path, file),
        origin=path,
        sha256=hashlib.sha256(content).hexdigest(),
        label=label,
        task=task,
        without=tuple(dict.fromkeys(options.get("without", ()))),
        content=content,
    )


def _stem(path: str, file: Path) -> str:
    """Return the name of a file without its end, of letters, digits and _."""
    stem = re.sub(r"[^A-Za-z0-9_]", "_", file.stem)
    if not re.match(r"[A-Za-z_]", stem):
        stem = f"_{stem}"
    if not stem.strip("_"):
        raise UserError(f"--dataset {path}: the name of the file has no letter or digit; rename it")
    return stem


def _parts(given: str) -> tuple[str, dict[str, list[str]]]:
    """Return the path of an argument, and its options: key -> values."""
    path, *rest = given.split(",")
    options: dict[str, list[str]] = {}
    if not path or "=" in path:
        raise UserError(f"--dataset {given!r} names no file; write {FORM}")
    for part in rest:
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not value:
            raise UserError(
                f"--dataset {given!r}: {part!r} is not of the form OPTION=VALUE, and the name of a"
                " file cannot have a comma"
            )
        if key not in OPTIONS:
            raise UserError(f"--dataset {path}: {unknown('option', key, OPTIONS)}")
        options.setdefault(key, []).append(value)
    return path, options


def _absent(file: Path) -> str:
    if file.is_dir():
        return "is a folder; name a file in it"
    folder = file.parent
    if not folder.is_dir():
        return "no such file"
    return f"no such file{nearest(file.name, _data_files(folder))}"


def _data_files(folder: Path) -> Iterator[str]:
    for number, path in enumerate(folder.iterdir()):
        if number > 2000:
            return
        if path.suffix.lower() in SUFFIXES:
            yield path.name
