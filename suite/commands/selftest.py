"""``suite selftest``: plant defects and see that the judging catches them."""

from __future__ import annotations

import argparse

SUMMARY = "plant defects and show which claim catches each"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--installed",
        action="store_true",
        help="plant mistakes into the frameworks that are installed, and show what the upgrade gate"
        " says of each (default: defects of NumPy under their names)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(parsed: argparse.Namespace) -> int:
    """Plant every defect and print what caught it; return 1 where one was missed."""
    if parsed.installed:
        from suite.selftest import installed

        return installed.run(parsed.json)
    from suite.selftest import run

    return run(parsed.json)
