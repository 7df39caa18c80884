"""``suite assess``: put one activation, initializer or normalization through the battery."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from suite.catalogue.registry import SEPARATOR
from suite.commands import selection
from suite.commands.arguments import add_jobs, add_plugins, jobs, names
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.assessing.passport import Passport
    from suite.commands.run.pipeline import Shown

SUMMARY = "put an activation, initializer or normalization through a battery; print its passport"
INCOMPLETE = 3
"""The exit code where runs of the battery failed, as for ``run``."""
_OF_FILE = re.compile(r"(?P<file>.+\.py):(?P<item>.+)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "item",
        metavar="ITEM",
        help="an item of the catalogues, such as gelu, or one of a plugin, such as my.py:snake or,"
        " with --plugin, my:snake",
    )
    parser.add_argument(
        "--against",
        metavar="A,B",
        type=names,
        help="others of its kind to compare it with (default: relu, gelu and tanh for an"
        " activation; default, he_normal and xavier_uniform for an initializer; none, batch and"
        " layer for a normalization)",
    )
    parser.add_argument(
        "--frameworks",
        metavar="A,B",
        type=names,
        help="the frameworks to measure (default: torch and tensorflow, where installed)",
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

    Raises UserError where an item from outside breaks its contract.
    """
    from suite.assessing import show_passport
    from suite.commands.run.pipeline import Shown

    made = assessed(parsed, Shown())
    if parsed.json:
        print(json.dumps(show_passport.values(made), indent=1))
    elif parsed.markdown:
        print(show_passport.markdown_text(made))
    else:
        print(show_passport.text(made))
        print(f"the page is {made.folder / 'passport.html'}")
    return INCOMPLETE if made.lost else 0


def assessed(parsed: argparse.Namespace, shown: Shown) -> Passport:
    """Measure the battery of the item, and return the passport that lies in its folder.

    Raises UserError for an unknown item, one that breaks its contract, and a folder that contains
    another run; KeyboardInterrupt leaves what is finished, and the same call resumes.
    """
    from suite import plugins

    if parsed.item.endswith(".py"):
        raise UserError(_items_of(parsed.item))
    of_file = _OF_FILE.fullmatch(parsed.item)
    if of_file is None:
        return _assessed(parsed, parsed.item, shown)
    source = plugins.find(of_file["file"])
    with plugins.loaded([source]):
        return _assessed(parsed, f"{source.name}:{of_file['item']}", shown)


def _items_of(file: str) -> str:
    """Return what to write instead of the file alone, with the items that it has."""
    from suite import plugins

    with plugins.loaded([plugins.find(file)]):
        names = [item.name for plugin in plugins.active() for item in plugin.items]
    items = [name.partition(SEPARATOR)[2] for name in names]
    if not items:
        return f"{file} has no item to assess"
    every = ", ".join(items)
    return f"{file} is a file; name an item of it, as in {file}:{items[0]} (it has {every})"


def _assessed(parsed: argparse.Namespace, item: str, shown: Shown) -> Passport:
    from suite import plugins
    from suite.assessing import battery, figures, show_passport
    from suite.assessing.cost import costs
    from suite.assessing.passport import passport
    from suite.commands.run import contracts, pipeline
    from suite.results.folder import Results

    subject = battery.subject(item, parsed.against)
    frameworks = selection.frameworks_to_measure(parsed.frameworks)
    plan = contracts.admitted(battery.plan(subject, frameworks), False, shown.say)
    folder = parsed.out or Path("results") / f"assess-{_file_name(subject.name)}"
    minutes = plan.shortest(jobs(parsed)) / 60
    shown.say(f"about {minutes:.1f} minutes, and the time to load the frameworks")
    command = ["suite", *parsed.words]
    outcome = pipeline.execute(
        plan, command, Results(folder), jobs(parsed), draw=False, shown=shown
    )
    timed = (
        {name: costs(name, subject.names, plugins.sources()) for name in frameworks}
        if subject.kind == "activation"
        else {}
    )
    made = passport(subject, folder, timed, lost=outcome.judged.code == INCOMPLETE)
    for name, content in {
        "passport.md": show_passport.markdown_text(made),
        "passport.json": json.dumps(show_passport.values(made), indent=1),
        "passport.html": show_passport.page(made, figures.figures(subject, folder)),
    }.items():
        (folder / name).write_text(content, encoding="utf-8")
    return made


def _file_name(item: str) -> str:
    """Return the name of an item with letters, digits, _ . and - alone."""
    cleaned = re.sub(r"[^a-z0-9_.-]+", "-", item.lower()).strip("-.")
    if not cleaned:
        raise UserError(f"{item!r} gives no name of a folder; choose one with --out")
    return cleaned
