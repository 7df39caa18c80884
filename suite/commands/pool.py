"""``suite pool``: put results folders and pools together into one pool, and judge it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from suite import terminal
from suite.commands.arguments import add_plugins

SUMMARY = "put results folders of several machines and root seeds into one judgement"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "folders",
        metavar="DIR",
        type=Path,
        nargs="+",
        help="a results folder, or a pool, to which the others are added",
    )
    parser.add_argument(
        "--out",
        metavar="POOL",
        type=Path,
        required=True,
        help="the pool: a new folder, or one of the pools that are given",
    )
    parser.add_argument(
        "--claims",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="pool the claims of this TOML file; repeatable (default: the shipped claims)",
    )
    add_plugins(parser)


def main(parsed: argparse.Namespace) -> int:
    """Write the pool, print its verdicts and return the exit code of ``suite check``."""
    from suite.pooling.judge_folder import put_together

    put_together(parsed.folders, parsed.out, parsed.claims)
    return check(parsed.out, "board", parsed.claims)


def check(folder: Path, form: str, files: Sequence[Path] = (), headline: bool = False) -> int:
    """Judge a pool, print the verdicts as ``form``, one of those of ``suite check``, and return the
    exit code."""
    from suite import text_tables
    from suite.pooling import show_pool
    from suite.pooling.judge_folder import judged

    found = judged(folder, files)
    shown = [verdict for verdict in found.verdicts if verdict.headline or not headline]
    if form == "json":
        print(show_pool.as_json(found, shown))
    elif form == "board":
        terminal.show(show_pool.board(found))
    else:
        table = show_pool.rows(shown)
        lines = text_tables.markdown(table) if form == "markdown" else text_tables.columns(table)
        print("\n".join([*lines, "", *show_pool.trouble(found)]))
    return found.code
