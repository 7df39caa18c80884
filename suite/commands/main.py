"""The command line: finds the command that was typed, runs it and reports its errors.

A command is a file of this package with its name. It declares its arguments and wires the two
wings together; what is slow to import (NumPy, pandas, SciPy, plotting, frameworks) it imports when
it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, cast

import suite
from suite.catalogue.registry import unknown
from suite.commands.arguments import USAGE, Parser
from suite.errors import INTERRUPTED, UserError
from suite.terminal import filtered_output, one_line

COMMANDS = (
    "list",
    "plan",
    "run",
    "check",
    "explain",
    "compare",
    "report",
    "reproduce",
    "assess",
    "pack",
    "pool",
    "advise",
    "selftest",
)
"""The commands, in the order of ``--help``."""


class Command(Protocol):
    """The module of a command."""

    SUMMARY: str
    """What the command does, as ``--help`` says it."""

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Declare the arguments of the command."""
        ...

    @staticmethod
    def main(parsed: argparse.Namespace) -> int:
        """Run the command; return its exit code. Raises UserError for wrong usage."""
        ...


def parser(kind: type[Parser] = Parser) -> Parser:
    """Return the parser of all commands; ``run`` is then the function of the one that was given.

    ``kind``: the class of the parser, which decides what an error does.
    """
    whole = kind(
        prog="suite",
        description="Tests claims about initialisation, activation and depth of neural networks"
        " in PyTorch and TensorFlow side by side.",
    )
    whole.add_argument("--version", action="version", version=f"suite {suite.__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        command = cast(Command, importlib.import_module(f"suite.commands.{name}"))
        part = commands.add_parser(
            name, help=command.SUMMARY, description=_sentence(command.SUMMARY)
        )
        command.add_arguments(part)
        part.set_defaults(run=command.main)
    return whole


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. Wrong usage is one line on standard error and 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode shows a ?
    with filtered_output():
        return _answer(words)


def _answer(words: list[str]) -> int:
    try:
        if words and not words[0].startswith("-") and words[0] not in COMMANDS:
            raise unknown("command", words[0], COMMANDS)
        parsed = parser().parse_args(words)
        parsed.words = words
        with plugins_of(parsed), datasets_of(parsed):
            code: int = parsed.run(parsed)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        print("suite: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UserError, OSError) as error:  # a full disk, say: what was stored before is whole
        print(f"suite: {one_line(error)}", file=sys.stderr)
        return USAGE


def plugins_of(parsed: argparse.Namespace) -> AbstractContextManager[object]:
    """Return the block in which the plugins that a user named are loaded: with ``--plugin``, or by
    the prefix of an item that an installed package provides."""
    given: list[str] | None = getattr(parsed, "plugins", None)
    if given is None or not (given or any(":" in word for word in parsed.words)):
        return contextlib.nullcontext()
    from suite import plugins

    return plugins.loaded(plugins.find_all(given, parsed.words))


def datasets_of(parsed: argparse.Namespace) -> AbstractContextManager[object]:
    """Return the block in which the data files that a user named are loaded."""
    given: list[str] = getattr(parsed, "datasets", [])
    if not given:
        return contextlib.nullcontext()
    from suite import datafiles

    return datafiles.loaded(datafiles.find_all(given))


if __name__ == "__main__":
    raise SystemExit(main())
