"""The commands. They read what a user asks for, wire the two wings together and decide nothing.

Everything slow to import (pandas, SciPy, plotting, frameworks) is imported by the command that
needs it, so that ``--help`` and ``list`` answer at once.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import suite
from suite.registry import unknown
from suite.types import INTERRUPTED, PROFILES, UserError

USAGE = 2
KINDS = ("studies", "activations", "initializers", "frameworks", "optimizers", "datasets", "axes",
         "metrics", "claims")  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line and the exit code of wrong usage."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(USAGE)


def _parser() -> tuple[_Parser, Iterable[str]]:
    """The parser, and the names of the commands."""
    parser = _Parser(
        prog="suite",
        description="Claims about initialisation, activation and depth of neural networks,"
        " put to the test in PyTorch and TensorFlow side by side.",
    )
    parser.add_argument("--version", action="version", version=f"suite {suite.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str, run: Callable[[argparse.Namespace], int]) -> _Parser:
        made: _Parser = commands.add_parser(name, help=does, description=does)
        made.set_defaults(run=run)
        return made

    listing = command("list", "what there is: " + ", ".join(KINDS), _list)
    listing.add_argument("kind", nargs="?", metavar="KIND", help="one kind; all when left out")
    listing.add_argument("--json", action="store_true", help="as JSON")

    plan = command("plan", "what a run would do; runs nothing", _plan)
    _selection_arguments(plan)
    plan.add_argument("--margins", metavar="DIR", type=Path,
                      help="a stored run: how clearly each claim would be decided")  # fmt: skip
    plan.add_argument("--json", action="store_true", help="as JSON")

    run = command("run", "measure, summarise, judge, draw; resumes what was interrupted", _run)
    _selection_arguments(run)
    run.add_argument("--out", metavar="DIR", type=Path,
                     help="results folder (default: results/PROFILE-ID)")  # fmt: skip
    run.add_argument("--no-report", action="store_true", help="write no page and no figures")

    check = command("check", "judge a results folder again and print the verdicts", _check)
    check.add_argument("folder", metavar="DIR", type=Path)
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a Markdown table")
    check.add_argument("--headline", action="store_true", help="only the most telling claims")
    check.add_argument("--out", metavar="DIR", type=Path,
                       help="write claims.csv and junit.xml there")  # fmt: skip

    report = command("report", "draw the page and the figures of a results folder", _report)
    report.add_argument("folder", metavar="DIR", type=Path)
    return parser, commands.choices


def _selection_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "studies", nargs="*", metavar="STUDY", help="default: all; in quick: those of the headline"
    )
    parser.add_argument("--profile", default="standard", help=f"{', '.join(PROFILES)}")
    parser.add_argument("--set", action="append", default=[], metavar="AXIS=A,B", dest="sets",
                        help="values of an axis instead of the main grid's own")  # fmt: skip
    parser.add_argument("--seeds", metavar="N", help="seeds of every cell")
    parser.add_argument("--frameworks", metavar="A,B", help="default: all that are installed")
    parser.add_argument("--root", default="0", metavar="N", help="root seed (default: 0)")
    parser.add_argument("--jobs", metavar="N", help="worker processes (default: one a core)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. Wrong usage is one line on standard error and 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode shows a ?
    try:
        parser, commands = _parser()
        if words and not words[0].startswith("-") and words[0] not in commands:
            raise unknown("command", words[0], commands)
        parsed = parser.parse_args(words)
        parsed.words = words
        code: int = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"suite: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("suite: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk, say: what was stored before is whole
        print(f"suite: {error}", file=sys.stderr)
        return USAGE


# --- what is asked for -------------------------------------------------------------------------


def _whole(name: str, given: str | None, least: int, most: int) -> int | None:
    if given is None:
        return None
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise UserError(
            f"{name} is {given[:40]!r}; allowed are whole numbers from {least} to {most}"
        )
    return number


def _jobs(parsed: argparse.Namespace) -> int:
    from suite.grids import default_jobs

    return _whole("--jobs", parsed.jobs, 1, 1024) or default_jobs()


def _make_plan(parsed: argparse.Namespace) -> Any:
    from suite import frameworks, grids
    from suite.studies import HEADLINE, STUDIES

    if parsed.profile not in PROFILES:
        raise unknown("profile", parsed.profile, PROFILES)
    named = parsed.studies or (HEADLINE if parsed.profile == PROFILES[0] else STUDIES.names)
    studies = [STUDIES[name] for name in dict.fromkeys(named)]
    overrides = grids.parse_overrides(parsed.sets, studies)
    seeds = _whole("--seeds", parsed.seeds, 1, grids.LARGEST)
    selection = grids.Selection(
        parsed.profile,
        _frameworks(parsed.frameworks, frameworks.installed()),
        overrides,
        seeds,
        _whole("--root", parsed.root, 0, 2**63 - 1) or 0,
    )
    return grids.plan(studies, selection)


def _frameworks(given: str | None, installed: Sequence[str]) -> tuple[str, ...]:
    """The frameworks asked for. Raises UserError for one that is unknown or not installed."""
    from suite.frameworks import FRAMEWORKS

    if given is None:
        chosen = tuple(name for name in installed if FRAMEWORKS[name].extra)
        if not chosen:
            raise UserError(
                "no framework is installed; install one with pip install 'init-suite[torch]',"
                " 'init-suite[tensorflow]' or 'init-suite[all]'"
            )
        return chosen
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not names:
        raise UserError(
            f"--frameworks {given!r} names none; allowed: {', '.join(FRAMEWORKS.names)}"
        )
    for name in names:
        FRAMEWORKS[name].require()
    return names


# --- commands ----------------------------------------------------------------------------------


def _list(parsed: argparse.Namespace) -> int:
    from suite.listing import listing

    if parsed.kind is not None and parsed.kind not in KINDS:
        raise unknown("kind", parsed.kind, KINDS)
    content = {kind: listing(kind) for kind in KINDS if parsed.kind in (None, kind)}
    if parsed.json:
        print(json.dumps(content, indent=1))
        return 0
    for kind, entries in content.items():
        print(kind)
        width = max(len(entry["name"]) for entry in entries)
        for entry in entries:
            print(f"  {entry['name']:<{width}}  {entry['meaning']}")
    return 0


def _plan(parsed: argparse.Namespace) -> int:
    jobs = _jobs(parsed)
    plan = _make_plan(parsed)
    studies = {name: plan.count(name) for name in plan.stacks}
    total = {
        key: (max if key == "bytes" else sum)(count[key] for count in studies.values())
        for key in ("cells", "runs", "stacks", "seconds", "bytes")
    }
    total["seconds"] = plan.shortest(jobs)
    total["bytes"] *= jobs
    clear = _margins(parsed, plan)
    if parsed.json:
        told = [] if clear is None else [vars(margin) for margin in clear]
        print(json.dumps({**total, "jobs": jobs, "studies": studies, "margins": told}, indent=1))
        return 0
    form = "{:<14}{:>8}{:>9}{:>8}{:>10}{:>10}"
    print(form.format("study", "cells", "runs", "stacks", "seconds", "MiB"))
    rows = [*studies.items(), (f"on {jobs} job{'s' * (jobs > 1)}", total)]
    for name, count in rows:
        numbers = [f"{count[key]:.0f}" for key in ("cells", "runs", "stacks", "seconds")]
        print(form.format(name, *numbers, f"{count['bytes'] / 2**20:.0f}"))
    if clear is not None:
        print("\nmargin: standard errors between estimate and band; with 4.06 a claim is decided")
        for one in clear:
            name = f"{one.claim} [{one.group}]" if one.group else one.claim
            print(
                f"{one.margin:8.1f}  {name}: {one.verdict} on {one.stored} seeds, {one.seeds} now"
            )
    return 0


def _margins(parsed: argparse.Namespace, plan: Any) -> Any:
    """The margins from the stored run that was named; None where none was."""
    from suite.margins import margins

    return None if parsed.margins is None else margins(plan, parsed.margins)


def _run(parsed: argparse.Namespace) -> int:
    from suite.pipeline import run

    jobs = _jobs(parsed)
    plan = _make_plan(parsed)
    return run(plan, ["suite", *parsed.words], parsed.out, jobs, draw=not parsed.no_report)


def _check(parsed: argparse.Namespace) -> int:
    from suite.judging import check

    form = "json" if parsed.json else "markdown" if parsed.markdown else "text"
    return check(parsed.folder, parsed.out, form, parsed.headline)


def _report(parsed: argparse.Namespace) -> int:
    from suite.report import write_report
    from suite.store import Results

    Results(parsed.folder).manifest()
    print(write_report(parsed.folder))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
