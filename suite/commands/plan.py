"""``suite plan``: show the size of a run, and how clearly its claims would be decided."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.commands import selection
from suite.commands.arguments import jobs, whole
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.judging.projected_margins import Margin, Projection
    from suite.judging.projected_seeds import Forecast
    from suite.planning.grids import Plan

HANDING_OUT = 0.005
"""A cautious number of seconds that the scheduler of an engine, or the process that stores, takes
for one stack: see docs/how_to/cluster.md."""
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
    parser.add_argument(
        "--claims",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="with --margins: project the claims of this TOML file; repeatable (default: the"
        " shipped claims)",
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=whole(1, 10**6),
        help="also say what the run would take on N workers of a cluster (default: this machine"
        " only)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(parsed: argparse.Namespace) -> int:
    """Print the plan."""
    from suite.results.checksums import warn
    from suite.results.folder import Results
    from suite.results.manifest import MANIFEST

    if parsed.claims and parsed.until_decided:
        raise UserError(
            "--until-decided decides what the profile promises, which no claim of --claims is"
        )
    if parsed.claims and parsed.margins is None:
        raise UserError("--claims needs --margins DIR, a stored run on which to judge them")
    frameworks = None
    if parsed.margins is not None and (parsed.margins / MANIFEST).exists():
        frameworks = Results(parsed.margins).manifest().frameworks
    plan = selection.selected_plan(parsed, frameworks)
    show(plan, jobs(parsed), parsed.margins, parsed.json, parsed.claims, parsed.workers)
    if parsed.margins is not None and (parsed.margins / MANIFEST).exists():
        warn(parsed.margins, Results(parsed.margins).manifest())
    return 0


@dataclass(frozen=True)
class OnCluster:
    """What a run takes on the workers of a cluster, in seconds by the clock."""

    workers: int
    seconds: float
    """From the first stack to the last: the largest of the three times below."""
    share: float
    """The even share of a worker."""
    longest: float
    """The longest stack."""
    handing_out: float
    """What the scheduler and the process that stores take for all stacks."""
    useful: int
    """The number of workers beyond which more gain nothing."""


def on_cluster(plan: Plan, workers: int) -> OnCluster:
    """Return what a plan takes on the workers of a cluster that are there from the start."""
    seconds = [cost.seconds for cost in plan.costs.values()]
    total, longest = sum(seconds), max(seconds, default=0.0)
    handing_out = HANDING_OUT * len(seconds)
    share = total / workers
    floor = max(longest, handing_out)
    useful = max(1, min(len(seconds), math.ceil(total / floor) if floor else 1))
    return OnCluster(workers, max(share, floor), share, longest, handing_out, useful)


def show(
    plan: Plan,
    jobs: int,
    stored: Path | None,
    as_json: bool,
    files: Sequence[Path] = (),
    workers: int | None = None,
) -> None:
    """Print a plan for ``jobs`` processes, with the margins of a stored run where one is named,
    and with what it takes on the ``workers`` of a cluster.

    ``files``: project the claims of these files instead of the shipped ones. Raises UserError where
    the stored run has no table of verdicts, and for a claim that is not well stated.
    """
    from suite.judging.projected_margins import project
    from suite.judging.projected_seeds import forecast
    from suite.judging.show_verdicts import plain

    studies: dict[str, dict[str, Any]] = {name: plan.count(name) for name in plan.stacks}
    total = {
        key: (max if key == "bytes" else sum)(count[key] for count in studies.values())
        for key in ("cells", "runs", "stacks", "seconds", "bytes")
    }
    total["seconds"] = plan.shortest(jobs)
    total["bytes"] *= jobs
    awaited: Forecast | None = None
    if stored is not None and plan.selection.until is not None:
        awaited = forecast(plan, stored)
        stored = None
    projected = None if stored is None else project(plan, stored, files)
    if as_json:
        rows = [
            {key: plain(value) for key, value in vars(margin).items()}
            for margin in (projected.margins if projected else ())
        ]
        for name, count in studies.items():
            count["axes"] = plan.axes(name)
        content: dict[str, Any] = {**total, "jobs": jobs, "studies": studies, "margins": rows}
        if workers is not None:
            content["cluster"] = vars(on_cluster(plan, workers))
        if projected is not None:
            family = projected.family
            content |= {
                "left_out": projected.left_out,
                "family": {**vars(family), "least": family.least},
            }
        if awaited is not None:
            content["until_decided"] = {
                "verdicts": [vars(verdict) for verdict in awaited.verdicts],
                "expected": vars(awaited.expected),
                "first_look": vars(awaited.first),
                "fixed": vars(awaited.fixed),
            }
        print(json.dumps(content, indent=1, allow_nan=False))
        return
    _show_sizes({**studies, f"on {jobs} job{'s' * (jobs > 1)}": total})
    if workers is not None:
        _show_cluster(on_cluster(plan, workers))
    if plan.selection.overrides:
        print("\n" + "\n".join(plan.cells_in_words(name) for name in plan.stacks))
    if awaited is not None:
        _show_forecast(awaited)
    if projected is not None:
        _show_margins(projected.margins)
        _show_family(projected, own=bool(files))


def _show_sizes(studies: Mapping[str, Mapping[str, Any]]) -> None:
    from suite.text_tables import columns

    counted = ("cells", "runs", "stacks", "seconds")
    rows: list[tuple[str, ...]] = [("study", *counted, "MiB")]
    for name, count in studies.items():
        numbers = (f"{count[key]:.0f}" for key in counted)
        rows.append((name, *numbers, f"{count['bytes'] / 2**20:.0f}"))
    print("\n".join(columns(rows, right=range(1, 6))))


def _show_cluster(there: OnCluster) -> None:
    print(
        f"\non {there.workers} worker{'s' * (there.workers != 1)} of a cluster: about"
        f" {there.seconds:.0f} s, the largest of {there.share:.0f} s (the share of each),"
        f" {there.longest:.0f} s (the longest stack)\n  and {there.handing_out:.0f} s (handing out"
        f" and storing); more than {there.useful} workers gain nothing"
    )


def _show_margins(margins: Sequence[Margin]) -> None:
    from suite.text_tables import columns

    if not margins:
        return
    print(
        "\nmargin: standard errors from the estimate to the band; from 4.06 on a claim is decided"
        "\nfresh: the chance that it is undecided on a fresh root seed; *: the plan promises"
        " to decide it\nneeds: the seeds that would decide it if the estimate stays; n/a: the"
        " estimate is on the edge\n  of the band, or the interval is infinite; >=16: fewer seeds"
        " give a median no finite interval\nnow, stored: the seeds of this plan and of the stored"
        " run\n"
    )
    rows = [("margin", "fresh", "needs", "now", "stored", "verdict", "claim")]
    for margin in margins:
        least = f">={margin.least}" if margin.stored < margin.least else "n/a"
        needed = least if margin.needed is None else str(margin.needed)
        name = f"{margin.claim} [{margin.group}]" if margin.group else margin.claim
        fresh = f"{margin.undecided:.0e}" if margin.undecided >= 1e-12 else "0"
        numbers = (
            f"{margin.margin:.3g}",
            f"{fresh}{' *'[margin.promised]}",
            needed,
            str(margin.seeds),
            str(margin.stored),
        )
        rows.append((*numbers, margin.verdict, name))
    print("\n".join(columns(rows, breakable=[6], right=range(5))))


def _show_forecast(forecast: Forecast) -> None:
    """Print the seeds that each promised verdict will need, and what the run will take."""
    from suite.text_tables import columns

    print(
        "\nseeds: those of a verdict at the look that decides it, on average; 90 %: those that are"
        " enough with\n  a probability of 90 %; undecided: the chance that the most that there may"
        " be are not enough;\n  stored: the seeds and the verdict of the stored run\n"
    )
    rows = [("seeds", "90 %", "undecided", "stored", "verdict", "claim")]
    for one in forecast.verdicts:
        likely = "more" if one.likely is None else str(one.likely)
        name = f"{one.claim} [{one.group}]" if one.group else one.claim
        lost = f"{one.undecided:.0e}" if one.undecided else "0"
        rows.append((f"{one.expected:.0f}", likely, lost, str(one.stored), one.verdict, name))
    print("\n".join(columns(rows, breakable=[5], right=range(4))))
    rows_of_totals = [("", "runs", "seconds on one core")]
    for name, total in (
        ("first look", forecast.first),
        ("until decided, on average", forecast.expected),
        ("seeds of the profile", forecast.fixed),
    ):
        rows_of_totals.append((name, f"{total.runs:,.0f}", f"{total.seconds:,.0f}"))
    print("\n" + "\n".join(columns(rows_of_totals, right=range(1, 3))))


def _show_family(projected: Projection, own: bool) -> None:
    """Print the chance that everything promised is decided, and what has no margin. ``own``: the
    claims are the user's, of which no profile promises anything."""
    family = projected.family
    if family.promised:
        print(
            f"\n{family.promised} promised verdicts: all are decided on a fresh root seed with a"
            f" probability of at least {100 * family.least:.2f} %\n  (the expected number of"
            f" undecided ones is {family.undecided:.2g}; if they were independent, the probability"
            f" would be {100 * family.all_decided:.2f} %)"
        )
    elif projected.margins and not own:
        print(
            "\nthis plan promises no verdict: its grid or its seeds are chosen, or all are fragile"
        )
    elif not projected.margins:
        print("\nno claim has a margin here")
    reasons = ", ".join(f"{count} {why}" for why, count in projected.left_out.items())
    if reasons:
        print(f"claims without a margin: {reasons}")
