"""``suite explain``: one claim in full, with the rows behind its verdict."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.commands.arguments import add_plugins
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.judging.explained import Explanation

SUMMARY = "show a claim in full: its reason, verdicts, rows, and the command that measures them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("claim", metavar="CLAIM", help="the name of a claim")
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        nargs="?",
        help="a results folder on which to judge it (default: none)",
    )
    parser.add_argument(
        "--claims",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="look for it in this TOML file; repeatable (default: the shipped claims)",
    )
    add_plugins(parser)
    parser.add_argument(
        "--csv",
        metavar="FILE",
        type=Path,
        help="write the rows behind the verdicts to this file (default: write nothing)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--rows", action="store_true", help="print the rows, as CSV and alone")
    form.add_argument("--json", action="store_true", help="print JSON")


def main(parsed: argparse.Namespace) -> int:
    """Print the claim; write the rows where they are asked for."""
    from suite.judging.explained import explain
    from suite.judging.show_explanation import text
    from suite.results.checksums import warn
    from suite.results.folder import Results, replacing

    for option in ("rows", "csv"):
        if getattr(parsed, option) and parsed.folder is None:
            raise UserError(f"--{option} needs DIR, the results folder that has the rows")
    explanation = explain(parsed.claim, parsed.folder, parsed.claims)
    if parsed.csv is not None:
        with replacing(parsed.csv) as file:
            file.write(_csv(explanation))
    if parsed.rows:
        sys.stdout.write(_csv(explanation))
    elif parsed.json:
        print(json.dumps(_values(explanation), indent=1, allow_nan=False))
    else:
        print(text(explanation))
    if parsed.folder is not None:
        warn(parsed.folder, Results(parsed.folder).manifest())
    return 0


def _csv(explanation: Explanation) -> str:
    if explanation.rows is None:
        raise UserError(f"{explanation.folder} has no {explanation.table}: no row to show")
    text: str = explanation.rows.to_csv(index=False, lineterminator="\n", na_rep="nan")
    return text


def _values(explanation: Explanation) -> dict[str, object]:
    """Return what is shown as values that JSON has."""
    from suite.judging.show_verdicts import plain

    claim, command, rows = explanation.claim, explanation.command, explanation.rows
    stated = {key: value for key, value in vars(claim).items() if value not in (None, ())}
    stated["band"] = [plain(claim.band.low), plain(claim.band.high)]
    verdicts = [
        {key: plain(value) for key, value in vars(v).items() if key != "band"}
        for v in explanation.verdicts
    ]
    return {
        "claim": stated,
        "folder": None if explanation.folder is None else str(explanation.folder),
        "verdicts": verdicts,
        "rows": None if rows is None else len(rows),
        "table": explanation.table,
        "command": None if command is None else command.text,
        "other_cells": None if command is None else command.others,
        "related": [other.id for other in explanation.related],
    }
