"""The parser of the command line, and the types of its arguments.

Each option parses its own value, so that an error names the option that was wrong. Every error is
one line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from suite.catalogue.registry import unknown
from suite.terminal import one_line

USAGE = 2
"""The exit code for wrong usage."""
LARGEST = 100_000
"""The largest number of seeds, that of ``suite.planning.axes``; more is taken for a mistake."""
LARGEST_SEED = 2**63 - 1


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line and the exit code for wrong usage."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {one_line(message)}", file=sys.stderr)
        raise SystemExit(USAGE)


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a type of argument: the whole numbers from ``least`` to ``most``."""

    def parse(given: str) -> int:
        try:
            number = int(given)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(
                f"{given[:40]!r} is not a whole number from {least} to {most}"
            )
        return number

    return parse


def one_of(kind: str, allowed: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """Return a type of argument: one of the allowed names, which are listed when one is parsed.

    Another name raises UserError, which names the nearest one.
    """

    def parse(given: str) -> str:
        names = tuple(allowed())
        if given not in names:
            raise unknown(kind, given, names)
        return given

    return parse


def names(given: str) -> tuple[str, ...]:
    """Read an argument that is a list of names with commas between them, each taken once."""
    from suite.planning.axes import split_at_commas

    return tuple(dict.fromkeys(name for name in split_at_commas(given) if name))


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the argument of the commands that read one results folder."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="a results folder")


def add_plugins(parser: argparse.ArgumentParser) -> None:
    """Add the plugins of a user, which ``main`` loads before the command runs."""
    parser.add_argument(
        "--plugin",
        metavar="FILE_OR_MODULE",
        action="append",
        default=[],
        dest="plugins",
        help="a Python file or an installed module with items of your own, which are then named as"
        " in my:snake; repeatable (default: none)",
    )


def add_datasets(parser: argparse.ArgumentParser) -> None:
    """Add the data files of a user, which ``main`` loads before the command runs."""
    parser.add_argument(
        "--dataset",
        metavar="FILE,label=COLUMN,task=TASK",
        action="append",
        default=[],
        dest="datasets",
        help="a .csv, .npz or .parquet file to train on, as the data set file:STEM; task is"
        " classification or regression, and without=COLUMN leaves a column out; repeatable"
        " (default: none)",
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add the number of worker processes, which ``jobs`` reads."""
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=whole(1, 1024),
        help="worker processes (default: one for each core)",
    )


def jobs(parsed: argparse.Namespace) -> int:
    """Return the number of worker processes that were asked for."""
    from suite.planning.grids import default_jobs

    given: int | None = parsed.jobs
    return default_jobs() if given is None else given
