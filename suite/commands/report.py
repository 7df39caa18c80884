"""``suite report``: draw the page and the figures of a results folder, some of its figures, or the
page of two folders."""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.commands.arguments import add_folder, add_plugins
from suite.errors import UserError
from suite.pooling import is_pool

SUMMARY = (
    "draw the page and the figures of a results folder, what changed between two, or a pool's page"
)
TOGETHER = Path("results/comparison")
"""Where the page of two folders lies, unless a user says otherwise."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_folder(parser)
    parser.add_argument(
        "other",
        metavar="B",
        type=Path,
        nargs="?",
        help="a second one: write one page of what changed from DIR to B, in a folder of its own",
    )
    parser.add_argument(
        "--figure",
        metavar="NAME",
        action="append",
        default=[],
        dest="figures",
        help="draw this figure alone, named as its file in figures/, and print its path;"
        " repeatable (default: the page with all figures)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="write into this folder, and leave the results folder as it is (default: the results"
        f" folder; with two folders {TOGETHER})",
    )
    parser.add_argument(
        "--linked",
        action="store_true",
        help="put style, script, figures and rows into files beside the page, for servers that"
        " forbid inline content (default: one file)",
    )
    parser.add_argument(
        "--claims",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="judge the claims of this TOML file, and draw a page about them, into --out DIR;"
        " repeatable (default: the verdicts of the folder)",
    )
    add_plugins(parser)


def main(parsed: argparse.Namespace) -> int:
    """Draw, and print the path of the page, or of each figure that was asked for."""
    from suite.planning.grids import default_jobs
    from suite.processes import DRAWING, helpers, others
    from suite.results.checksums import warn
    from suite.results.folder import Results

    if parsed.other is not None and parsed.figures:
        raise UserError("--figure draws a figure of one folder; two are given")
    if parsed.claims and (parsed.other is not None or parsed.figures):
        raise UserError("--claims is for the page of one folder; leave out B and --figure")
    if parsed.other is not None:
        return _two(parsed.folder, parsed.other, parsed.out or TOGETHER, parsed.linked)
    if is_pool(parsed.folder):
        return _pool(parsed)
    manifest = Results(parsed.folder).manifest()
    if parsed.figures:
        from suite.report import write_figures

        for path in write_figures(parsed.folder, parsed.figures, parsed.out):
            print(path)
    else:
        jobs = default_jobs()
        with helpers(others(jobs, manifest.studies), DRAWING) as pool:
            from suite.report import write_report  # while the others import what draws

            page = write_report(parsed.folder, jobs, parsed.out, parsed.linked, parsed.claims, pool)
            print(page)
    warn(parsed.folder, manifest)
    return 0


def _pool(parsed: argparse.Namespace) -> int:
    """Write the page of a pool, and print its path."""
    from suite.report.pooled import write_pooled

    if parsed.figures:
        raise UserError(f"--figure: {parsed.folder} is a pool, which has no figures")
    print(write_pooled(parsed.folder, parsed.out, parsed.linked, parsed.claims))
    return 0


def _two(a: Path, b: Path, out: Path, linked: bool) -> int:
    """Write the page of two folders, and print its path."""
    from suite.report.comparison import write_comparison
    from suite.results.checksums import warn
    from suite.results.folder import Results

    print(write_comparison(a, b, out, linked))
    for folder in (a, b):
        warn(folder, Results(folder).manifest())
    return 0
