"""``suite report``: draw the page and the figures of a results folder."""

from __future__ import annotations

import argparse

from suite.commands.arguments import add_folder, add_plugins

SUMMARY = "draw the page and the figures of a results folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_folder(parser)
    add_plugins(parser)


def main(parsed: argparse.Namespace) -> int:
    """Draw, and print the path of the page."""
    from suite.planning.grids import default_jobs
    from suite.report import write_report
    from suite.results.checksums import warn
    from suite.results.folder import Results

    manifest = Results(parsed.folder).manifest()
    print(write_report(parsed.folder, default_jobs()))
    warn(parsed.folder, manifest)
    return 0
