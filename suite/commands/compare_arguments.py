"""The arguments of ``suite compare``."""

from __future__ import annotations

import argparse
from pathlib import Path

SUMMARY = "show what changed between two results folders, or along an axis of one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", metavar="A", type=Path, help="a results folder")
    parser.add_argument(
        "other", metavar="B", type=Path, nargs="?", help="another one, unless --by is given"
    )
    parser.add_argument(
        "--by",
        metavar="AXIS[=X,Y]",
        help="compare the runs of one folder: those with value X of an axis with those with Y"
        " (default: compare two folders)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="AXIS=A,B",
        dest="sets",
        help="compare only the cells with one of these values of an axis; repeatable"
        " (default: all cells)",
    )
    parser.add_argument(
        "--fail-on",
        default="claims",
        metavar="RULE",
        help="exit with 1 on: claims (the default: a decided verdict changed or was lost),"
        " worse (also when a metric worsened), any (also on any other change) or never",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--markdown", action="store_true", help="print a pull request comment")
    form.add_argument("--csv", action="store_true", help="print all cells and metrics as CSV")


def main(parsed: argparse.Namespace) -> int:
    """Compare, print and return the exit code of the rule."""
    from suite.comparing.compare_folders import run

    form = next((name for name in ("json", "markdown", "csv") if getattr(parsed, name)), "text")
    return run(parsed.folder, parsed.other, parsed.by, parsed.sets, parsed.fail_on, form)
