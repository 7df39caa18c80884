"""The step before measuring: items from outside keep their contract, or are left out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from suite import plugins
from suite.assessing.contract import KINDS, Named, breaches, named
from suite.measuring.progress import say
from suite.planning import grids
from suite.planning.grids import Plan
from suite.studies import STUDIES
from suite.types import UserError


def admitted(plan: Plan, skip_broken: bool, told: Callable[[str], None] = say) -> Plan:
    """Return the plan, without the items that break their contract where these are skipped.

    ``told`` takes the lines: one for each breach. Raises UserError where there is one and
    ``skip_broken`` is False, and where nothing is left to run.
    """
    items = named(plan)
    if not items:
        return plan
    names = ", ".join(item.name for item in items)
    told(f"contract of {names}: value, slope, types, extremes, batches, seeds")
    broken: dict[Named, None] = {}
    lines = []
    for breach in breaches(items.items(), plugins.sources(), told=told):
        broken[breach.item] = None
        lines.append(f"broken: {breach}")
        told(lines[-1])
    if not broken:
        return plan
    if len(items) == 1:
        kept = "the only item from outside breaks its contract"
    else:
        some = "breaks its" if len(broken) == 1 else "break their"
        kept = f"{len(broken)} of {len(items)} items from outside {some} contract"
    if not skip_broken:
        error = UserError(f"{kept}; nothing was measured (--skip-broken measures the rest)")
        for line in lines:  # a script, which prints nothing, shows them below the error
            error.add_note(line)
        raise error
    told(f"{kept}; left out, with all their cells: {', '.join(item.name for item in broken)}")
    return _without(plan, broken)


def _without(plan: Plan, broken: Collection[Named]) -> Plan:
    """Return the plan that a user would have made without naming the items, so that every other
    cell is measured in the stack that it has there."""
    overrides = {}
    for key, values in plan.selection.overrides.items():
        kind = KINDS.get(key.rpartition(".")[2], "")
        overrides[key] = tuple(v for v in values if Named(kind, str(v)) not in broken)
        if not overrides[key]:
            raise UserError(f"nothing is left of --set {key}: {', '.join(map(str, values))}")
    selection = replace(plan.selection, overrides=overrides)
    rest = grids.plan([STUDIES[study] for study in plan.stacks], selection)
    if still := [item.name for item in named(rest) if item in broken]:
        raise UserError(f"{', '.join(still)} cannot be left out: a study of its plugin names it")
    return rest
