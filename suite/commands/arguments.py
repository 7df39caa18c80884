"""The words of the command line: commands, their arguments and what ``--help`` says of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

import suite
from suite.measuring import executors
from suite.types import PROFILES

USAGE = 2
KINDS = (
    "studies",
    "activations",
    "initializers",
    "frameworks",
    "optimizers",
    "datasets",
    "axes",
    "metrics",
    "claims",
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line and the exit code of wrong usage."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {one_line(message)}", file=sys.stderr)
        raise SystemExit(USAGE)


def parser() -> Parser:
    """Of all commands; ``command`` holds the name of the one that was given."""
    made = Parser(
        prog="suite",
        description="Claims about initialisation, activation and depth of neural networks,"
        " put to the test in PyTorch and TensorFlow side by side.",
    )
    made.add_argument("--version", action="version", version=f"suite {suite.__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str) -> Parser:
        added: Parser = commands.add_parser(name, help=does, description=does)
        return added

    listing = command("list", "what there is: " + ", ".join(KINDS))
    listing.add_argument("kind", nargs="?", metavar="KIND", help="one kind; all when left out")
    listing.add_argument("--json", action="store_true", help="as JSON")

    plan = command("plan", "what a run would do; runs nothing")
    _selection_arguments(plan)
    plan.add_argument(
        "--margins",
        metavar="DIR",
        type=Path,
        help="a stored run: how clearly each claim would be decided",
    )
    plan.add_argument("--json", action="store_true", help="as JSON")

    run = command("run", "measure, summarise, judge, draw; resumes what was interrupted")
    _selection_arguments(run)
    run.add_argument(
        "--out", metavar="DIR", type=Path, help="results folder (default: results/PROFILE-ID)"
    )
    run.add_argument(
        "--timeout",
        metavar="SECONDS",
        help="end a worker that is at one stack for"
        " longer (default: ten minutes and 60 times what is expected)",
    )
    run.add_argument(
        "--executor",
        metavar="NAME",
        default=executors.DEFAULT,
        help=f"what measures: {', '.join(executors.names())} (default: {executors.DEFAULT})",
    )
    run.add_argument("--no-report", action="store_true", help="write no page and no figures")

    check = command("check", "judge a results folder again and print the verdicts")
    check.add_argument("folder", metavar="DIR", type=Path)
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a Markdown table")
    check.add_argument("--headline", action="store_true", help="only the most telling claims")
    check.add_argument(
        "--claims",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="judge the claims of this TOML file alone; repeatable",
    )
    check.add_argument(
        "--out", metavar="DIR", type=Path, help="write claims.csv and junit.xml there"
    )

    pack = command("pack", "a results folder as small as it can be published, into a new one")
    pack.add_argument("folder", metavar="DIR", type=Path)
    pack.add_argument("--out", metavar="DIR", type=Path, required=True, help="the new folder")
    pack.add_argument("--figures", metavar="A,B", default="", help="keep these; default: none")
    pack.add_argument(
        "--without",
        metavar="STUDY/TABLE,...",
        default="",
        help="leave out these tables; the manifest will name them",
    )

    again = command("reproduce", "measure a sample of a stored run again and compare")
    again.add_argument("folder", metavar="DIR", type=Path)
    again.add_argument(
        "--sample", metavar="N", help="stacks (default: one of each study and framework)"
    )
    again.add_argument("--seed", default="0", metavar="N", help="of the sample (default: 0)")
    again.add_argument("--jobs", metavar="N", help="worker processes (default: one a core)")
    form = again.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="all rows as CSV")

    _compare_arguments(
        command("compare", "two results folders, or one along an axis: what changed")
    )

    tested = command("selftest", "plant defects and see that the judging catches them")
    tested.add_argument("--json", action="store_true", help="as JSON")

    report = command("report", "draw the page and the figures of a results folder")
    report.add_argument("folder", metavar="DIR", type=Path)
    return made


def _selection_arguments(command: Parser) -> None:
    command.add_argument(
        "studies",
        nargs="*",
        metavar="STUDY",
        help="a study, or all (default: all; with the profile quick: the headline studies)",
    )
    command.add_argument("--profile", default="standard", help=f"{', '.join(PROFILES)}")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="AXIS=A,B",
        dest="sets",
        help="values of an axis instead of the main grid's own",
    )
    command.add_argument("--seeds", metavar="N", help="seeds of every cell")
    command.add_argument("--frameworks", metavar="A,B", help="default: all that are installed")
    command.add_argument("--root", default="0", metavar="N", help="root seed (default: 0)")
    command.add_argument("--jobs", metavar="N", help="worker processes (default: one a core)")


def _compare_arguments(command: Parser) -> None:
    command.add_argument("folder", metavar="A", type=Path)
    command.add_argument("other", metavar="B", type=Path, nargs="?")
    command.add_argument(
        "--by", metavar="AXIS[=X,Y]", help="inside one folder: an axis, its value X beside Y"
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="AXIS=A,B",
        dest="sets",
        help="only the cells with one of these values of an axis",
    )
    command.add_argument(
        "--fail-on",
        default="claims",
        metavar="RULE",
        help="exit with 1 on: claims (a decided verdict changed or was lost;"
        " the default), worse (also a metric), any, never",
    )
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="all of it as JSON")
    form.add_argument("--markdown", action="store_true", help="for a pull request comment")
    form.add_argument("--csv", action="store_true", help="all cells and metrics as CSV")


def one_line(message: object) -> str:
    """A message on one line, whatever it quotes."""
    return " ".join(str(message).split())
