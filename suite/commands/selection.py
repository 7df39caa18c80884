"""The arguments that select what is run, and the plan that they mean: for ``run`` and ``plan``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from suite.commands.arguments import (
    LARGEST,
    LARGEST_SEED,
    add_datasets,
    add_jobs,
    add_plugins,
    names,
    one_of,
    whole,
)
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.planning import grids
    from suite.planning.grids import Plan


BLOCK = 20
"""The fewest seeds that ``--max-seeds`` may name, those of ``suite.types.BLOCK``."""
MOST_SEEDS = 2000
"""The most seeds of a cell where ``--max-seeds`` does not say."""


def _profiles() -> Sequence[str]:
    from suite.types import PROFILES

    return PROFILES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ``selected_plan`` reads."""
    parser.add_argument(
        "studies",
        nargs="*",
        metavar="STUDY",
        help="a study, all, or gate: the studies of the upgrade gate (default: all; with --profile"
        " quick, the headline studies)",
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        type=one_of("profile", _profiles),
        default="standard",
        help="quick (less than a minute), standard (the default; about half an hour on two cores)"
        " or full (about ten hours)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="AXIS=A,B",
        dest="sets",
        help="the values of an axis, also new ones: only these run; axes that are not named keep"
        " the values of the study's main grid; STUDY.AXIS=A,B is about one study alone;"
        " repeatable (default: the values of the profile)",
    )
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=whole(1, LARGEST),
        help="seeds of every cell (default: those of the profile)",
    )
    parser.add_argument(
        "--until-decided",
        action="store_true",
        help="start with one block of seeds (20, mostly) and add blocks only where a claim that the"
        " profile promises to decide is undecided; the intervals hold however often one looks"
        " (default: the seeds of the profile)",
    )
    parser.add_argument(
        "--max-seeds",
        metavar="N",
        type=whole(BLOCK, LARGEST),
        help=f"with --until-decided: the most seeds of a cell (default: {MOST_SEEDS})",
    )
    parser.add_argument(
        "--frameworks",
        metavar="A,B",
        type=names,
        help="the frameworks to measure (default: torch and tensorflow, where installed)",
    )
    parser.add_argument(
        "--root",
        metavar="N",
        type=whole(0, LARGEST_SEED),
        default=0,
        help="root seed, from which all others follow (default: 0)",
    )
    add_jobs(parser)
    add_plugins(parser)
    add_datasets(parser)


def selected_plan(
    parsed: argparse.Namespace, stored: Sequence[str] | None = None, to_measure: bool = False
) -> Plan:
    """Return the plan that was selected.

    ``stored``: the frameworks of a stored run, which are planned where the user names none.
    ``to_measure``: whether the plan will be run, for which its frameworks must be installed. Raises
    UserError for an unknown study, axis, value or framework, for a framework that is to measure
    and is not installed, and where nothing is left to run.
    """
    from suite.planning import grids
    from suite.studies import GATE, HEADLINE, STUDIES

    chosen = parsed.studies or (HEADLINE if parsed.profile == "quick" else ["all"])
    if parsed.datasets and not parsed.studies:  # the others have no use for a data file
        chosen = _that_train(STUDIES.names if chosen == ["all"] else chosen)
    if "all" in chosen:
        chosen = STUDIES.names
    if "gate" in chosen:
        chosen = [*GATE, *(name for name in chosen if name != "gate")]
    studies = [STUDIES[name] for name in dict.fromkeys(chosen)]
    overrides = grids.parse_overrides([*parsed.sets, *_datasets(parsed)], studies)
    given = tuple(stored) if stored and parsed.frameworks is None else parsed.frameworks
    frameworks = _frameworks(given, to_measure)
    selection = grids.Selection(
        parsed.profile, frameworks, overrides, parsed.seeds, parsed.root, _until(parsed)
    )
    return grids.plan(studies, selection)


def _until(parsed: argparse.Namespace) -> grids.Until | None:
    """Return how far a run until decided has come at its start; None for fixed seeds."""
    from suite.planning import grids

    if not parsed.until_decided:
        if parsed.max_seeds is not None:
            raise UserError("--max-seeds needs --until-decided, whose seeds it limits")
        return None
    for option, given in (
        ("--seeds", parsed.seeds is not None),
        ("--set", parsed.sets),
        ("--dataset", parsed.datasets),
    ):
        if given:
            raise UserError(
                f"--until-decided decides what a profile promises, and a run with {option} promises"
                " nothing; leave one of them out"
            )
    return grids.Until(MOST_SEEDS if parsed.max_seeds is None else parsed.max_seeds)


def frameworks_to_measure(given: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the frameworks that were named, or those of the default that are installed.

    Raises UserError for an unknown framework, one that is not installed, and where there is none.
    """
    return _frameworks(given, to_measure=True)


def _that_train(names: Sequence[str]) -> list[str]:
    """Return the studies that take a data set."""
    from suite.studies import STUDIES

    return [name for name in names if "dataset" in STUDIES[name].axes]


def _datasets(parsed: argparse.Namespace) -> list[str]:
    """Return the ``--set`` that ``--dataset`` implies where the user sets no data set."""
    from suite.datafiles import active

    named = any(
        text.partition("=")[0].strip().rpartition(".")[2] == "dataset" for text in parsed.sets
    )
    return [f"dataset={','.join(active())}"] if parsed.datasets and not named else []


def _frameworks(given: tuple[str, ...] | None, to_measure: bool) -> tuple[str, ...]:
    """Return the frameworks that were named, or those of the default that are installed; where none
    is and nothing is to be measured, all of the default."""
    from suite.catalogue.frameworks import FRAMEWORKS, by_default

    if given is None:
        chosen = tuple(entry.name for entry in by_default() if entry.installed)
        if not chosen and not to_measure:
            return tuple(entry.name for entry in by_default())
        if not chosen:
            extras = [f"'init-suite[{entry.extra}]'" for entry in by_default()]
            raise UserError(
                f"no framework is installed; install one with pip install {', '.join(extras)} or"
                " 'init-suite[all]'"
            )
        return chosen
    if not given:
        raise UserError(f"--frameworks names none; allowed: {', '.join(FRAMEWORKS.every)}")
    for name in given:
        entry = FRAMEWORKS[name]
        if to_measure:
            entry.require()
    return given
