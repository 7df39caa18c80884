"""Turn keyword arguments into the words of a command, and read them as the command does."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from suite.commands.arguments import Parser
from suite.commands.main import COMMANDS, parser
from suite.errors import UserError
from suite.terminal import one_line
from suite.types import Value

Folder = str | os.PathLike[str]
"""A path, as text or as a ``Path``."""
Values = Mapping[str, Value | Sequence[Value]]
"""Axis -> its value or values."""
Files = Folder | Iterable[Folder]
"""A path or several."""


class _Strict(Parser):
    """A parser whose errors are exceptions."""

    def error(self, message: str) -> NoReturn:
        raise UserError(one_line(message))


def parsed(command: str, *positional: str, **options: object) -> argparse.Namespace:
    """Return the arguments of a command as its parser reads them.

    An option is left out where it is None, False or empty; True stands for an option without a
    value, and a list repeats it. Raises UserError for what the command would refuse.
    """
    assert command in COMMANDS
    words = [command]
    for name, given in options.items():
        option = f"--{name.replace('_', '-')}"
        if given is None or given is False or given == [] or given == "":
            continue
        if given is True:
            words.append(option)
            continue
        for value in given if isinstance(given, list) else [given]:
            words += [option, str(value)]
    for word in positional:
        if not isinstance(word, str):
            raise UserError(f"{word!r} is not a name; names are separate arguments, as in 'a', 'b'")
        if word.startswith("-"):
            raise UserError(f"{word!r} is not a name")
    namespace = parser(_Strict).parse_args([*words, *positional])
    namespace.words = [command, *positional, *words[1:]]
    return namespace


def sets(values: Values | None) -> list[str]:
    """Return the values of ``--set``: one ``axis=A,B`` for each axis. UserError for no mapping."""
    if values is not None and not isinstance(values, Mapping):
        raise UserError(f"set is {values!r}; write a dictionary, as in {{'depth': [4, 16]}}")
    return [f"{axis}={','.join(map(str, listed(given)))}" for axis, given in (values or {}).items()]


def listed(given: Value | Sequence[Value]) -> Sequence[Value]:
    """Return one value or several as a list."""
    return [given] if isinstance(given, str | int | float) else list(given)


def names(given: str | Iterable[str] | None) -> str | None:
    """Return names with commas between them, or None where none were given."""
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, Iterable) or not all(isinstance(name, str) for name in given):
        raise UserError(f"{given!r} is neither a name nor a list of names")
    return ",".join(given)


def path(given: Folder) -> Path:
    """Return a path as a ``Path``. UserError for what is none."""
    if not isinstance(given, str | os.PathLike):
        raise UserError(f"{given!r} is not a path; give the results folder as text or as a Path")
    return Path(given)


def paths(given: Files) -> list[Path]:
    """Return one path or several as a list of paths."""
    return [Path(text) for text in listed_files(given)]


def listed_files(given: Files) -> list[str]:
    """Return one path or several, or names of modules, as a list of texts."""
    several = [given] if isinstance(given, str | os.PathLike) else given
    if not isinstance(several, Iterable):
        raise UserError(f"{given!r} is neither a path nor a list of paths")
    return [os.fspath(path(one)) for one in several]
