"""``suite plan``: show the size of a run, and how clearly its claims would be decided."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.commands import selection
from suite.commands.arguments import jobs

if TYPE_CHECKING:
    from suite.judging.projected_margins import Margin
    from suite.planning.grids import Plan

SUMMARY = "show what a run would do, without running anything"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    selection.add_arguments(parser)
    parser.add_argument(
        "--margins",
        metavar="DIR",
        type=Path,
        help="a stored run, from whose verdicts to project how clearly this one would decide each"
        " claim (default: sizes only)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(parsed: argparse.Namespace) -> int:
    """Print the plan."""
    from suite.results.checksums import warn
    from suite.results.folder import Results
    from suite.results.manifest import MANIFEST

    show(selection.selected_plan(parsed), jobs(parsed), parsed.margins, parsed.json)
    if parsed.margins is not None and (parsed.margins / MANIFEST).exists():
        warn(parsed.margins, Results(parsed.margins).manifest())
    return 0


def show(plan: Plan, jobs: int, stored: Path | None, as_json: bool) -> None:
    """Print a plan for ``jobs`` processes, with the margins of a stored run where one is named.

    Raises UserError where that run has no table of verdicts.
    """
    from suite.judging.projected_margins import margins
    from suite.judging.show_verdicts import plain

    studies = {name: plan.count(name) for name in plan.stacks}
    total = {
        key: (max if key == "bytes" else sum)(count[key] for count in studies.values())
        for key in ("cells", "runs", "stacks", "seconds", "bytes")
    }
    total["seconds"] = plan.shortest(jobs)
    total["bytes"] *= jobs
    projected = None if stored is None else margins(plan, stored)
    if as_json:
        rows = [
            {key: plain(value) for key, value in vars(margin).items()} for margin in projected or ()
        ]
        content = {**total, "jobs": jobs, "studies": studies, "margins": rows}
        print(json.dumps(content, indent=1, allow_nan=False))
        return
    _show_sizes({**studies, f"on {jobs} job{'s' * (jobs > 1)}": total})
    if projected is not None:
        _show_margins(projected)


def _show_sizes(studies: Mapping[str, Mapping[str, Any]]) -> None:
    from suite.text_tables import columns

    counted = ("cells", "runs", "stacks", "seconds")
    rows: list[tuple[str, ...]] = [("study", *counted, "MiB")]
    for name, count in studies.items():
        numbers = (f"{count[key]:.0f}" for key in counted)
        rows.append((name, *numbers, f"{count['bytes'] / 2**20:.0f}"))
    print("\n".join(columns(rows, right=range(1, 6))))


def _show_margins(margins: Sequence[Margin]) -> None:
    from suite.text_tables import columns

    print(
        "\nmargin: standard errors between the estimate and the band; from 4.06 on a claim is"
        " decided\nneeds: the seeds that would decide it if the estimate stays; n/a: the estimate"
        " is on the edge of\n  the band, or the interval is infinite; >=16: fewer seeds give a"
        " median no finite interval\nnow, stored: the seeds of this plan and of the stored run\n"
    )
    rows = [("margin", "needs", "now", "stored", "verdict", "claim")]
    for margin in margins:
        least = f">={margin.least}" if margin.stored < margin.least else "n/a"
        needed = least if margin.needed is None else str(margin.needed)
        name = f"{margin.claim} [{margin.group}]" if margin.group else margin.claim
        numbers = (f"{margin.margin:.3g}", needed, str(margin.seeds), str(margin.stored))
        rows.append((*numbers, margin.verdict, name))
    print("\n".join(columns(rows, breakable=[5], right=range(4))))
