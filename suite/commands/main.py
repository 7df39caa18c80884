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
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from suite.catalogue.registry import unknown
from suite.commands.arguments import KINDS, USAGE, one_line, parser
from suite.types import INTERRUPTED, PROFILES, UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. Wrong usage is one line on standard error and 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode shows a ?
    try:
        if words and not words[0].startswith("-") and words[0] not in COMMANDS:
            raise unknown("command", words[0], COMMANDS)
        parsed = parser().parse_args(words)
        parsed.words = words
        code = COMMANDS[parsed.command](parsed)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"suite: {one_line(error)}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("suite: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk, say: what was stored before is whole
        print(f"suite: {one_line(error)}", file=sys.stderr)
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
    from suite.planning.grids import default_jobs

    return _whole("--jobs", parsed.jobs, 1, 1024) or default_jobs()


def _make_plan(parsed: argparse.Namespace) -> Any:
    from suite.catalogue.frameworks import installed
    from suite.planning import grids
    from suite.planning.axes import LARGEST
    from suite.studies import HEADLINE, STUDIES

    if parsed.profile not in PROFILES:
        raise unknown("profile", parsed.profile, PROFILES)
    named = parsed.studies or (HEADLINE if parsed.profile == PROFILES[0] else STUDIES.names)
    if "all" in named:
        named = STUDIES.names
    studies = [STUDIES[name] for name in dict.fromkeys(named)]
    overrides = grids.parse_overrides(parsed.sets, studies)
    seeds = _whole("--seeds", parsed.seeds, 1, LARGEST)
    selection = grids.Selection(
        parsed.profile,
        _frameworks(parsed.frameworks, installed()),
        overrides,
        seeds,
        _whole("--root", parsed.root, 0, 2**63 - 1) or 0,
    )
    return grids.plan(studies, selection)


def _frameworks(given: str | None, installed: Sequence[str]) -> tuple[str, ...]:
    """The frameworks asked for. Raises UserError for one that is unknown or not installed."""
    from suite.catalogue.frameworks import FRAMEWORKS

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
    from suite.commands.list import listing

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
    from suite.commands.plan import show
    from suite.results.checksums import warn
    from suite.results.folder import Results
    from suite.results.manifest import MANIFEST

    jobs = _jobs(parsed)
    show(_make_plan(parsed), jobs, parsed.margins, parsed.json)
    if parsed.margins is not None and (parsed.margins / MANIFEST).exists():
        warn(parsed.margins, Results(parsed.margins).manifest())
    return 0


def _run(parsed: argparse.Namespace) -> int:
    from suite.commands.run.pipeline import run
    from suite.measuring import executors

    jobs = _jobs(parsed)
    executor = executors.known(parsed.executor)
    plan = _make_plan(parsed)
    timeout = _whole("--timeout", parsed.timeout, 1, 10**7)
    command = ["suite", *parsed.words]
    return run(plan, command, parsed.out, jobs, not parsed.no_report, timeout, executor)


def _check(parsed: argparse.Namespace) -> int:
    from suite.commands.check import check

    form = "json" if parsed.json else "markdown" if parsed.markdown else "text"
    return check(parsed.folder, parsed.out, form, parsed.headline, parsed.claims)


def _pack(parsed: argparse.Namespace) -> int:
    from suite.results.pack import pack

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
    from suite.commands.reproduce.measure_again import reproduce
    from suite.commands.reproduce.show import show
    from suite.planning.axes import LARGEST
    from suite.results.checksums import warn
    from suite.results.folder import Results

    count = _whole("--sample", parsed.sample, 1, LARGEST)
    number = _whole("--seed", parsed.seed, 0, 2**63 - 1) or 0
    found = reproduce(parsed.folder, count, number, _jobs(parsed))
    show(found, "json" if parsed.json else "csv" if parsed.csv else "text")
    warn(parsed.folder, Results(parsed.folder).manifest())
    return found.code


def _compare(parsed: argparse.Namespace) -> int:
    from suite.comparing.compare_folders import run

    form = next((name for name in ("json", "markdown", "csv") if getattr(parsed, name)), "text")
    return run(parsed.folder, parsed.other, parsed.by, parsed.sets, parsed.fail_on, form)


def _selftest(parsed: argparse.Namespace) -> int:
    from suite.selftest import run

    return run(parsed.json)


def _report(parsed: argparse.Namespace) -> int:
    from suite.planning.grids import default_jobs
    from suite.report import write_report
    from suite.results.checksums import warn
    from suite.results.folder import Results

    manifest = Results(parsed.folder).manifest()
    print(write_report(parsed.folder, default_jobs()))
    warn(parsed.folder, manifest)
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "plan": _plan,
    "run": _run,
    "check": _check,
    "pack": _pack,
    "reproduce": _reproduce,
    "compare": _compare,
    "selftest": _selftest,
    "report": _report,
}


if __name__ == "__main__":
    raise SystemExit(main())
