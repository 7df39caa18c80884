"""``suite check``: judge a stored run again and print the verdicts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from suite.commands import pool
from suite.commands.arguments import add_folder, add_plugins
from suite.errors import UserError
from suite.pooling import is_pool

if TYPE_CHECKING:
    import pandas as pd

    from suite.judging.judge_folder import Judged

SUMMARY = "judge a results folder or a pool again and print the verdicts"
FORMS = ("board", "all", "markdown", "json")
"""How the verdicts are printed: what matters on one screen, or every one of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_folder(parser)
    add_plugins(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a Markdown table")
    form.add_argument(
        "--all",
        action="store_true",
        help="print every verdict as a table (default: a board that fits a screen; the table with"
        " --headline and --claims)",
    )
    parser.add_argument(
        "--headline",
        action="store_true",
        help="print every verdict on the headline claims, and no other",
    )
    parser.add_argument(
        "--claims",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="judge the claims of this TOML file; repeatable (default: the shipped claims)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="write claims.csv and junit.xml into this folder (default: write nothing)",
    )


def main(parsed: argparse.Namespace) -> int:
    """Judge the folder, print the verdicts and return the exit code."""
    chosen = [form for form in FORMS if getattr(parsed, form, False)]
    form = chosen[0] if chosen else "all" if parsed.headline or parsed.claims else "board"
    if is_pool(parsed.folder):
        if parsed.out is not None:
            raise UserError(f"--out: {parsed.folder} is a pool, which has no claims.csv to write")
        return pool.check(parsed.folder, form, parsed.claims, parsed.headline)
    return check(parsed.folder, parsed.out, form, parsed.headline, parsed.claims)


def check(
    folder: Path,
    out: Path | None,
    form: str,
    headline: bool = False,
    files: Sequence[Path] = (),
) -> int:
    """Judge a stored run, print the verdicts as ``form`` and return the exit code.

    ``form``: one of ``FORMS``. ``files``: judge the claims of these files instead of the
    shipped ones. ``headline``: print only the verdicts on the headline claims; the exit code is
    about all of them. ``out``: the folder into which claims.csv and junit.xml are written.

    Raise UserError where the folder is not a results folder, a table or a file of claims cannot be
    read, or the verdicts would replace those on other claims or of another run.
    """
    from suite import terminal
    from suite.commands import board
    from suite.discovery import show_findings
    from suite.discovery.kinds import FINDINGS
    from suite.judging import show_verdicts
    from suite.judging.judge_folder import write_verdicts
    from suite.results.checksums import warn
    from suite.results.folder import Results

    _check_out(folder, out, bool(files))
    checked = examine(folder, files)
    judged, found = checked.judged, checked.findings
    for note in judged.notes:
        print(f"suite: {note}", file=sys.stderr)
    if out is not None:
        write_verdicts(Results(out), judged.verdicts, asked=bool(checked.lacking))
        if found is not None:
            Results(out).write_frame(FINDINGS, found)
    warn(folder, Results(folder).manifest())
    shown = [verdict for verdict in judged.verdicts if verdict.headline or not headline]
    if form == "json":
        print(show_verdicts.as_json(shown, checked.code))
    elif form == "markdown":
        print(show_verdicts.markdown(shown, judged.plain))
    elif form == "board":
        options = [word for file in files for word in ("--claims", str(file))]
        terminal.show(board.lines(folder, judged, found, options))
    else:
        print(show_verdicts.table(shown, judged.plain))
        if found is not None:
            print(f"\n{show_findings.lines(found, added=judged.added)}")
    if checked.lacking:
        print(f"suite: {checked.lacking}", file=sys.stderr)
    return checked.code


@dataclass(frozen=True)
class Checked:
    """A stored run judged again: its verdicts; its findings, None beside a user's claims; what was
    asked for and not judged, empty where nothing was; and the exit code."""

    judged: Judged
    findings: pd.DataFrame | None
    lacking: str
    code: int


def examine(folder: Path, files: Sequence[Path] = ()) -> Checked:
    """Judge a stored run; for the arguments and errors see ``check``."""
    from suite.discovery.findings import findings
    from suite.judging.expected_runs import stored_plan
    from suite.judging.judge_folder import judge_run
    from suite.judging.verdicts import NOT_DECIDED, unjudged
    from suite.results.folder import Results

    results = Results(folder)
    manifest = results.manifest()
    judged = judge_run(results, stored_plan(manifest, priced=False), files)
    lacking = unjudged(judged.verdicts, each=bool(files))
    found = None
    if not files:  # a user's claims are a family of their own: only they are shown
        found = findings(folder, judged.runs, judged.verdicts, manifest.seeds is None)
    return Checked(judged, found, lacking, judged.code or (NOT_DECIDED if lacking else 0))


def _check_out(folder: Path, out: Path | None, own_claims: bool) -> None:
    from suite.results.manifest import MANIFEST

    if out is None:
        return
    same = out.resolve() == folder.resolve()
    if same and own_claims:
        raise UserError(
            f"--out {out}: its claims.csv holds the verdicts on the shipped claims; choose a"
            " different folder"
        )
    if not same and (out / MANIFEST).exists():
        raise UserError(
            f"--out {out}: already holds another run's claims.csv; choose a different folder"
        )
