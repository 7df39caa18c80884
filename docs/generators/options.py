"""Every command with its arguments, from the parser of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from docs.generators.pages import code, plain, save, table
from suite.commands.main import COMMANDS, parser

LEAD = """\
# Arguments of every command

This page is made from the command line's own parser, so that it says what `--help` says.
[Commands](/reference/commands.md) says what each command is for.

"""


def write(folder: Path) -> None:
    """Write ``options.md`` into the folder."""
    save(folder / "options.md", LEAD + "\n".join(map(_command, COMMANDS)))


def _command(name: str) -> str:
    part = _parsers()[name]
    usage = " ".join(part.format_usage().split()).removeprefix("usage: ")
    rows = [(code(_call(action)), _help(part, action)) for action in _arguments(part)]
    return (
        f"## `suite {name}`\n\n{plain(part.description or '')}\n\n"
        f"```text\n{usage}\n```\n\n{table(('argument', 'meaning'), rows)}"
    )


def _parsers() -> dict[str, argparse.ArgumentParser]:
    for action in parser()._actions:
        if isinstance(action.choices, dict):
            return action.choices
    raise LookupError("the parser has no commands")


def _arguments(part: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in part._actions:
        if action.help is not argparse.SUPPRESS and not isinstance(action, argparse._HelpAction):
            yield action


def _call(action: argparse.Action) -> str:
    """Return an argument as it is typed: ``--seeds N``."""
    shown = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
    value = " ".join(shown) if isinstance(shown, tuple) else shown
    if not action.option_strings:
        return {"*": f"[{value} ...]", "?": f"[{value}]"}.get(str(action.nargs), value)
    return f"{', '.join(action.option_strings)} {value}".strip()


def _help(part: argparse.ArgumentParser, action: argparse.Action) -> str:
    return plain(part._get_formatter()._expand_help(action)) if action.help else ""
