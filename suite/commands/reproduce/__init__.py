"""``suite reproduce``: measure a sample of a stored run again and compare."""

from __future__ import annotations

import argparse

from suite.commands.arguments import (
    LARGEST,
    LARGEST_SEED,
    add_datasets,
    add_folder,
    add_jobs,
    add_plugins,
    jobs,
    whole,
)

SUMMARY = "measure a sample of a stored run again and compare"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_folder(parser)
    parser.add_argument(
        "--sample",
        metavar="N",
        type=whole(1, LARGEST),
        help="stacks to measure (default: one of each study and framework)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=whole(0, LARGEST_SEED),
        default=0,
        help="seed that draws the sample (default: 0)",
    )
    add_jobs(parser)
    add_plugins(parser)
    add_datasets(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print every row as CSV")


def main(parsed: argparse.Namespace) -> int:
    """Measure, compare and print; return 0, or 1 where a row differs, or 3 where one failed."""
    from suite.commands.reproduce.measure_again import reproduce
    from suite.commands.reproduce.show import show
    from suite.results.checksums import warn
    from suite.results.folder import Results

    outcome = reproduce(parsed.folder, parsed.sample, parsed.seed, jobs(parsed))
    show(outcome, "json" if parsed.json else "csv" if parsed.csv else "text")
    warn(parsed.folder, Results(parsed.folder).manifest())
    return outcome.code
