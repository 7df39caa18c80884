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
        print(f"{self.prog}: {_line(message)}", file=sys.stderr)
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
    run.add_argument("--timeout", metavar="SECONDS", help="end a worker that is at one stack for"
                     " longer (default: ten minutes and 60 times what is expected)")  # fmt: skip
    run.add_argument("--no-report", action="store_true", help="write no page and no figures")

    check = command("check", "judge a results folder again and print the verdicts", _check)
    check.add_argument("folder", metavar="DIR", type=Path)
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as a Markdown table")
    check.add_argument("--headline", action="store_true", help="only the most telling claims")
    check.add_argument("--claims", metavar="FILE", type=Path, action="append", default=[],
                       help="judge the claims of this TOML file alone; repeatable")  # fmt: skip
    check.add_argument("--out", metavar="DIR", type=Path,
                       help="write claims.csv and junit.xml there")  # fmt: skip

    pack = command(
        "pack", "a results folder as small as it can be published, into a new one", _pack
    )
    pack.add_argument("folder", metavar="DIR", type=Path)
    pack.add_argument("--out", metavar="DIR", type=Path, required=True, help="the new folder")
    pack.add_argument("--figures", metavar="A,B", default="", help="keep these; default: none")
    pack.add_argument("--without", metavar="STUDY/TABLE,...", default="",
                      help="leave out these tables; the manifest will name them")  # fmt: skip

    again = command("reproduce", "measure a sample of a stored run again and compare", _reproduce)
    again.add_argument("folder", metavar="DIR", type=Path)
    again.add_argument("--sample", metavar="N",
                       help="stacks (default: one of each study and framework)")  # fmt: skip
    again.add_argument("--seed", default="0", metavar="N", help="of the sample (default: 0)")
    again.add_argument("--jobs", metavar="N", help="worker processes (default: one a core)")
    form = again.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="all rows as CSV")

    _compare_arguments(
        command("compare", "two results folders, or one along an axis: what changed", _compare)
    )

    tested = command("selftest", "plant defects and see that the judging catches them", _selftest)
    tested.add_argument("--json", action="store_true", help="as JSON")

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


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="A", type=Path)
    parser.add_argument("other", metavar="B", type=Path, nargs="?")
    parser.add_argument("--by", metavar="AXIS[=X,Y]",
                        help="inside one folder: an axis, its value X beside Y")  # fmt: skip
    parser.add_argument("--set", action="append", default=[], metavar="AXIS=A,B", dest="sets",
                        help="only the cells with one of these values of an axis")  # fmt: skip
    parser.add_argument("--fail-on", default="claims", metavar="RULE",
                        help="exit with 1 on: claims (a decided verdict changed or was lost;"
                        " the default), worse (also a metric), any, never")  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="all of it as JSON")
    form.add_argument("--markdown", action="store_true", help="for a pull request comment")
    form.add_argument("--csv", action="store_true", help="all cells and metrics as CSV")


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
        print(f"suite: {_line(error)}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("suite: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk, say: what was stored before is whole
        print(f"suite: {_line(error)}", file=sys.stderr)
        return USAGE


def _line(message: object) -> str:
    """A message on one line, whatever it quotes."""
    return " ".join(str(message).split())


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
    from suite.planning import show

    jobs = _jobs(parsed)
    show(_make_plan(parsed), jobs, parsed.margins, parsed.json)
    return 0


def _run(parsed: argparse.Namespace) -> int:
    from suite.pipeline import run

    jobs = _jobs(parsed)
    plan = _make_plan(parsed)
    timeout = _whole("--timeout", parsed.timeout, 1, 10**7)
    return run(plan, ["suite", *parsed.words], parsed.out, jobs, not parsed.no_report, timeout)


def _check(parsed: argparse.Namespace) -> int:
    from suite.judging import check

    form = "json" if parsed.json else "markdown" if parsed.markdown else "text"
    return check(parsed.folder, parsed.out, form, parsed.headline, parsed.claims)


def _pack(parsed: argparse.Namespace) -> int:
    from suite.pack import pack

    figures, without = (
        [name.strip() for name in given.split(",") if name.strip()]
        for given in (parsed.figures, parsed.without)
    )
    sizes = pack(parsed.folder, parsed.out, figures, without)
    print(f"{parsed.out}: {len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB; the largest:")
    for name in sorted(sizes, key=lambda name: -sizes[name])[:5]:
        print(f"{sizes[name] / 1e6:8.2f}  {name}")
    return 0


def _reproduce(parsed: argparse.Namespace) -> int:
    from suite.grids import LARGEST
    from suite.reproduce import reproduce
    from suite.reproduce_view import show

    count = _whole("--sample", parsed.sample, 1, LARGEST)
    number = _whole("--seed", parsed.seed, 0, 2**63 - 1) or 0
    found = reproduce(parsed.folder, count, number, _jobs(parsed))
    show(found, "json" if parsed.json else "csv" if parsed.csv else "text")
    return found.code


def _compare(parsed: argparse.Namespace) -> int:
    from suite.comparing import run

    form = next((name for name in ("json", "markdown", "csv") if getattr(parsed, name)), "text")
    return run(parsed.folder, parsed.other, parsed.by, parsed.sets, parsed.fail_on, form)


def _selftest(parsed: argparse.Namespace) -> int:
    from suite.selftest import run

    return run(parsed.json)


def _report(parsed: argparse.Namespace) -> int:
    from suite.grids import default_jobs
    from suite.report import write_report
    from suite.store import Results

    Results(parsed.folder).manifest()
    print(write_report(parsed.folder, default_jobs()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
