"""``suite run``: measure, summarise, judge and draw; take up again what was interrupted."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from suite.commands import selection
from suite.commands.arguments import jobs, whole
from suite.measuring import executors

if TYPE_CHECKING:
    from suite.commands.run.conclude import Outcome
    from suite.commands.run.pipeline import Shown

SUMMARY = "measure, summarise, judge and draw; resume what was interrupted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    selection.add_arguments(parser)
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="results folder (default: results/PROFILE-ID)"
    )
    parser.add_argument(
        "--reuse",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="take over the stored stacks of this results folder that fit, instead of measuring"
        " them again; repeatable (default: measure everything)",
    )
    parser.add_argument(
        "--executor",
        metavar="NAME",
        default=executors.DEFAULT,
        help=f"where to measure: {', '.join(executors.names())}, or one of your own as"
        f" MODULE:FACTORY (default: {executors.DEFAULT},"
        " processes on this machine)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="with --executor dask: the address of the scheduler, or the .json file that it has"
        " written (default: none; dask needs one)",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="with --executor parsl: a Python file with a parsl.Config (default: none; parsl needs"
        " one)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=whole(1, 10**7),
        help="kill a worker that spends longer than this on one stack (default: ten minutes plus"
        " 60 times the expected time)",
    )
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help="leave out items of plugins that break their contract (default: measure nothing then)",
    )
    parser.add_argument(
        "--no-report", action="store_true", help="draw no page and no figures (default: draw them)"
    )


def main(parsed: argparse.Namespace) -> int:
    """Run the plan; return the exit code of ``check``, or 3 where something could not be stored."""
    from suite.commands.run import contracts, pipeline

    executor = _executor(parsed)  # before anything is planned
    return pipeline.run(
        contracts.admitted(selection.selected_plan(parsed, to_measure=True), parsed.skip_broken),
        ["suite", *parsed.words],
        parsed.out,
        jobs(parsed),
        not parsed.no_report,
        parsed.timeout,
        executor,
        parsed.reuse,
    )


def _executor(parsed: argparse.Namespace) -> executors.Chosen:
    """Return what measures. Raises UserError as ``executors.find`` does."""
    return executors.find(parsed.executor, parsed.scheduler, parsed.config)


def measured(parsed: argparse.Namespace, shown: Shown) -> Outcome:
    """Run the plan as ``main`` does and return what came out, for those who print it themselves.

    Raises UserError as ``pipeline.execute`` does, and OSError where something cannot be stored.
    """
    from suite.commands.run import contracts, pipeline

    executor = _executor(parsed)
    plan = selection.selected_plan(parsed, to_measure=True)
    plan = contracts.admitted(plan, parsed.skip_broken, shown.say)
    command = ["suite", *parsed.words]
    return pipeline.execute(
        plan,
        command,
        pipeline.folder_of(plan, command, parsed.out),
        jobs(parsed),
        not parsed.no_report,
        parsed.timeout,
        executor,
        parsed.reuse,
        shown,
    )
