"""``suite assess``: put one activation, initializer or normalization through the battery."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import sys
from pathlib import Path

from suite.commands import selection
from suite.commands.arguments import add_jobs, add_plugins, jobs, names
from suite.errors import INTERRUPTED, UserError

SUMMARY = "put an activation, initializer or normalization through a battery; print its passport"
_OF_FILE = re.compile(r"(?P<file>.+\.py):(?P<item>.+)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "item",
        metavar="ITEM",
        help="an item of the catalogues, as in gelu; one of a plugin, as in my.py:snake or, with"
        " --plugin, my:snake",
    )
    parser.add_argument(
        "--against",
        metavar="A,B",
        type=names,
        help="others of its kind to compare it with (default: relu, gelu and tanh; default,"
        " he_normal and xavier_uniform; none, batch and layer)",
    )
    parser.add_argument(
        "--frameworks",
        metavar="A,B",
        type=names,
        help="the frameworks to measure (default: all that are installed)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder of the results and the passport (default: results/assess-ITEM); the same"
        " command again resumes",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    add_plugins(parser)
    add_jobs(parser)


def main(parsed: argparse.Namespace) -> int:
    """Measure the battery, write the passport into its folder and print it.

    The exit code is 1 where the item does not pass its contract, 3 where runs failed.
    """
    from suite import plugins

    of_file = _OF_FILE.fullmatch(parsed.item)
    if of_file is None:
        return _assess(parsed, parsed.item)
    source = plugins.find(of_file["file"])
    with plugins.loaded([source]):
        return _assess(parsed, f"{source.name}:{of_file['item']}")


def _assess(parsed: argparse.Namespace, item: str) -> int:
    from suite import plugins
    from suite.assessing import battery, figures, show_passport
    from suite.assessing.contract import breaches, named
    from suite.assessing.cost import costs
    from suite.assessing.passport import passport
    from suite.commands.run import pipeline

    subject = battery.subject(item, parsed.against)
    frameworks = selection.frameworks_to_measure(parsed.frameworks)
    plan = battery.plan(subject, frameworks)
    folder = parsed.out or Path("results") / f"assess-{_file_name(subject.name)}"
    minutes = plan.shortest(jobs(parsed)) / 60
    print(f"about {minutes:.1f} minutes and the start of the frameworks", file=sys.stderr)
    contract = [str(breach) for breach in breaches(named(plan).items(), plugins.sources())]
    for line in contract:
        print(f"broken: {line}", file=sys.stderr)
    command = ["suite", *parsed.words]
    with contextlib.redirect_stdout(io.StringIO()):  # the verdicts are about the suite's claims
        code = pipeline.run(plan, command, folder, jobs(parsed), draw=False)
    if code == INTERRUPTED:
        return code
    timed = (
        {name: costs(name, subject.names, plugins.sources()) for name in frameworks}
        if subject.kind == "activation"
        else {}
    )
    made = passport(subject, folder, contract, timed)
    drawn = figures.figures(subject, folder)
    for name, content in {
        "passport.md": show_passport.markdown_text(made),
        "passport.json": json.dumps(show_passport.values(made), indent=1),
        "passport.html": show_passport.page(made, drawn),
    }.items():
        (folder / name).write_text(content, encoding="utf-8")
    if parsed.json:
        print(json.dumps(show_passport.values(made), indent=1))
    elif parsed.markdown:
        print(show_passport.markdown_text(made))
    else:
        print(show_passport.text(made))
        print(f"the page is {folder / 'passport.html'}")
    return 1 if contract else 3 if code == 3 else 0


def _file_name(item: str) -> str:
    """Return the name of an item with letters, digits, _ . and - alone."""
    cleaned = re.sub(r"[^a-z0-9_.-]+", "-", item.lower()).strip("-.")
    if not cleaned:
        raise UserError(f"{item!r} gives no name of a folder; choose one with --out")
    return cleaned
