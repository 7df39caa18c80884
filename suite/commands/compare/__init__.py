"""``suite compare``: what changed between two results folders, or between two values of an axis."""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.commands.arguments import add_plugins, names
from suite.errors import UserError

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
        help="compare the runs of one folder: those with value X of an axis with those with Y;"
        " of more than two values, each with each (default: compare two folders)",
    )
    parser.add_argument(
        "--attribute",
        action="store_true",
        help="with --by framework: say of each difference whether the API or the backend makes it,"
        " by a framework that has the API of the one and the backend of the other; the exit code"
        " is 0 (default: only what differs)",
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
        "--studies",
        metavar="A,B",
        type=names,
        help="compare only these studies (default: all that a folder has)",
    )
    parser.add_argument(
        "--fail-on",
        default="claims",
        metavar="RULE",
        help="exit with 1 on: claims (the default: a decided verdict changed or was lost, or B"
        " lacks what A measured), worse (also when a metric worsened or changed), moved (also when"
        " one improved), any (also on any other change) or never",
    )
    parser.add_argument(
        "--allow-missing",
        metavar="NAME,NAME",
        type=names,
        action="extend",
        default=[],
        help="what B may lack: a study, STUDY/METRIC, STUDY/TABLE, AXIS=VALUE, the id of a claim,"
        " or seeds; repeatable (default: nothing)",
    )
    add_plugins(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as JSON")
    form.add_argument("--markdown", action="store_true", help="print a pull request comment")
    form.add_argument("--csv", action="store_true", help="print all cells and metrics as CSV")


def main(parsed: argparse.Namespace) -> int:
    """Compare, print and return the exit code of the rule."""
    form = next((name for name in ("json", "markdown", "csv") if getattr(parsed, name)), "text")
    if parsed.attribute:
        from suite.commands.compare.attribution import attribute

        if parsed.allow_missing:
            raise UserError("--attribute has no --allow-missing: it compares what was measured")
        return attribute(parsed.folder, parsed.other, parsed.by, parsed.sets, form, parsed.studies)
    from suite.commands.compare.changes import compare

    return compare(
        parsed.folder,
        parsed.other,
        parsed.by,
        parsed.sets,
        parsed.fail_on,
        form,
        parsed.studies,
        parsed.allow_missing,
    )
