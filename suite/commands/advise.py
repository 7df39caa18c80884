"""``suite advise``: which start to take, from stored evidence, and what is not known."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.commands.arguments import add_datasets, add_jobs, add_plugins, jobs
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.advising import Advice, Question

SUMMARY = "rank the starts of a network by stored runs, and say what is not known"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    for option, what in (
        ("--activation", "the activation after every hidden layer"),
        ("--depth", "number of hidden layers"),
        ("--width", "units in a hidden layer"),
        ("--framework", "torch or tensorflow"),
        ("--optimizer", "the optimizer that trains the network"),
        ("--task", "the data set that is nearest to yours, such as circles or digits"),
    ):
        parser.add_argument(option, metavar=option[2:].upper(), help=f"{what} (default: left open)")
    parser.add_argument(
        "--normalization",
        metavar="NAME",
        default="none",
        help="none, batch or layer normalization, or any (default: none)",
    )
    parser.add_argument(
        "--residual", action="store_true", help="with residual connections (default: without)"
    )
    parser.add_argument(
        "--from",
        action="append",
        default=[],
        dest="folders",
        metavar="DIR",
        type=Path,
        help="a results folder with evidence, beside those in ./results and the reference;"
        " repeatable (default: no others)",
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="first measure what was asked, after saying how long that takes (default: answer from"
        " what is stored)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        default="results/advice",
        help="with --measure: the results folder (default: results/advice)",
    )
    add_jobs(parser)
    add_plugins(parser)
    add_datasets(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print Markdown")


def main(parsed: argparse.Namespace) -> int:
    """Print the advice; with ``--measure``, measure first."""
    from suite.advising import advise, command

    question = _question(parsed)
    words = command(question, parsed.out)
    if not parsed.measure:
        _show(parsed, advise(question, parsed.folders))
        return 0
    code = _measure(parsed, words)
    if code:
        return code
    _show(parsed, advise(question, [Path(parsed.out), *parsed.folders]))
    return 0


def _question(parsed: argparse.Namespace) -> Question:
    from suite.advising import Question

    counts = {name: _count(name, getattr(parsed, name)) for name in ("depth", "width")}
    return Question(
        parsed.activation,
        counts["depth"],
        counts["width"],
        parsed.framework,
        parsed.optimizer,
        parsed.task,
        None if parsed.normalization == "any" else parsed.normalization,
        parsed.residual,
    )


def _count(axis: str, given: str | None) -> int | None:
    from suite.planning.axes import AXES

    return None if given is None else int(AXES[axis].parse(given))


def _measure(parsed: argparse.Namespace, words: tuple[str, ...]) -> int:
    """Run the command that measures the question, after saying how long it takes."""
    from suite.advising import expected
    from suite.commands import main as suite

    if Path(parsed.out).exists():
        raise UserError(f"--out {parsed.out}: exists already; choose a new folder")
    processes = jobs(parsed)
    runs, seconds = expected(words)
    print(
        f"measuring {runs:,} runs: about {max(seconds / processes / 60, 1):.0f} minutes on"
        f" {processes} process{'es' * (processes > 1)}",
        file=sys.stderr,
    )
    return suite.main([*words, "--jobs", str(processes), "--no-report"])


def _show(parsed: argparse.Namespace, advice: Advice) -> None:
    from suite.advising import show_advice

    if parsed.json:
        print(show_advice.as_json(advice))
    elif parsed.markdown:
        print(show_advice.markdown(advice))
    else:
        print(show_advice.text(advice))
