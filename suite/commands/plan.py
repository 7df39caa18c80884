"""What ``suite plan`` prints: the size of each study, and the margins of a stored run."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.judging.projected_margins import Margin, margins
from suite.judging.show_verdicts import plain
from suite.planning.grids import Plan


def show(plan: Plan, jobs: int, stored: Path | None, as_json: bool) -> None:
    """Print a plan for ``jobs`` processes, with the margins of a stored run where one is named.

    Raises UserError where that run has no table of verdicts.
    """
    studies = {name: plan.count(name) for name in plan.stacks}
    total = {
        key: (max if key == "bytes" else sum)(count[key] for count in studies.values())
        for key in ("cells", "runs", "stacks", "seconds", "bytes")
    }
    total["seconds"] = plan.shortest(jobs)
    total["bytes"] *= jobs
    clear = None if stored is None else margins(plan, stored)
    if as_json:
        told = [{key: plain(value) for key, value in vars(one).items()} for one in clear or ()]
        content = {**total, "jobs": jobs, "studies": studies, "margins": told}
        print(json.dumps(content, indent=1, allow_nan=False))
        return
    _show_sizes({**studies, f"on {jobs} job{'s' * (jobs > 1)}": total})
    if clear is not None:
        _show_margins(clear)


def _show_sizes(rows: Mapping[str, Mapping[str, Any]]) -> None:
    form = "{:<14}{:>8}{:>9}{:>8}{:>10}{:>10}"
    print(form.format("study", "cells", "runs", "stacks", "seconds", "MiB"))
    for name, count in rows.items():
        numbers = [f"{count[key]:.0f}" for key in ("cells", "runs", "stacks", "seconds")]
        print(form.format(name, *numbers, f"{count['bytes'] / 2**20:.0f}"))


def _show_margins(clear: Sequence[Margin]) -> None:
    print(
        "\nmargin: standard errors between estimate and band; with 4.06 a claim is decided"
        "\nneeds: the seeds that would decide it, if the estimate stays; n/a: it is on the edge of"
        "\nthe band, or its interval is infinite; >=16: fewer give a median no finite interval"
        "\n  margin   needs     now  stored  verdict    claim"
    )
    for one in clear:
        few = f">={one.least}" if one.stored < one.least else "n/a"
        needed = few if one.needed is None else one.needed
        numbers = f"{one.margin:8.3g} {needed:>7} {one.seeds:>7} {one.stored:>7}"
        name = f"{one.claim} [{one.group}]" if one.group else one.claim
        before = f"{numbers}  {one.verdict:<9}  "
        for line in textwrap.wrap(before + name, 120, subsequent_indent=" " * len(before)):
            print(line)
