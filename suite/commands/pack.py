"""``suite pack``: make a results folder small enough to publish."""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.commands.arguments import add_folder, names

SUMMARY = "copy a results folder into a new one, as small as it can be published"
_SHOWN = 5
"""The largest files that are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_folder(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the new folder")
    parser.add_argument(
        "--figures", metavar="A,B", type=names, default=(), help="figures to draw (default: none)"
    )
    parser.add_argument(
        "--without",
        metavar="STUDY/TABLE,...",
        type=names,
        default=(),
        help="tables to leave out, which the new manifest names (default: none)",
    )


def main(parsed: argparse.Namespace) -> int:
    """Pack the folder and print the largest files."""
    from suite.report.figures import figures
    from suite.results.pack import pack
    from suite.text_tables import columns

    named = figures(parsed.folder, parsed.figures) if parsed.figures else []
    pictures = {drawing.name: image for drawing, image in named}
    sizes = pack(parsed.folder, parsed.out, pictures, parsed.without)
    print(f"{parsed.out}: {len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB; the largest:")
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_SHOWN]
    rows = [("MB", "file"), *((f"{sizes[name] / 1e6:.2f}", name) for name in largest)]
    print("\n".join(columns(rows, breakable=[1], right=[0])))
    return 0
