"""``suite selftest --installed``: does the upgrade gate see a mistake of an installed framework?

Each mistake of ``suite.frameworks.planting`` is planted into the real framework in this process.
The cells of the gate that meet it are measured before, with it and afterwards, and compared by the
code of ``suite compare``: with the mistake the gate must be red and name the metric, and afterwards
nothing may have moved. Only these cells are measured.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite import claims
from suite.catalogue.frameworks import by_default, installed
from suite.claims.claim import Claim
from suite.comparing.compare_folders import Folder, compare_folders
from suite.comparing.comparison import Comparison
from suite.comparing.kinds import CHANGED, LOST
from suite.errors import UserError
from suite.frameworks.planting import Mistake, mistakes
from suite.judging.judge_claims import judge
from suite.measuring import environment
from suite.measuring.measure_stack import measure
from suite.metrics import METRICS
from suite.planning import grids
from suite.results.manifest import Manifest
from suite.selftest.bench import ROOT, read_back, shard
from suite.studies import STUDIES
from suite.text_tables import number, wrapped
from suite.types import Stack

if TYPE_CHECKING:
    import pandas as pd

RULE = "moved"
"""The rule of ``compare --fail-on`` with which the gate runs."""
FAILED = 1
"""The exit code when a mistake was not caught or something moved without one."""
_CACHES = ("suite.frameworks.", "suite.studies.common.")
"""The modules whose caches hold what a framework made."""


@dataclass(frozen=True)
class Planted:
    """A mistake, and the comparison of the gate's cells without it and with it."""

    framework: str
    mistake: Mistake
    comparison: Comparison

    @property
    def seen(self) -> list[Mapping[Any, Any]]:
        """The moved metrics as rows: what the mistake names first, then by size."""
        rows: list[Mapping[Any, Any]] = list(self.comparison.moved.to_dict("records"))
        return sorted(rows, key=lambda row: not self._is_named(row))

    @property
    def caught(self) -> bool:
        """Whether the gate is red, and names the metric in a cell that the mistake names."""
        named = any(self._is_named(row) for row in self.seen)
        return self.comparison.exit_code(RULE) != 0 and named

    def _is_named(self, row: Mapping[Any, Any]) -> bool:
        fields = dict(field.split("=", 1) for field in _fields(row["cell"]))
        cell = self.mistake.cell.items()
        # A field at its default is not named in a cell.
        return row["metric"] == self.mistake.metric and all(
            fields.get(axis, str(value)) == str(value) for axis, value in cell
        )


def _fields(cell: str) -> list[str]:
    """Return the fields of a cell's name; a value may have spaces in parentheses."""
    fields: list[str] = []
    for word in cell.split(" "):
        if "=" in word or not fields:
            fields.append(word)
        else:
            fields[-1] += f" {word}"
    return [field for field in fields if "=" in field]


def run(as_json: bool) -> int:
    """Plant every mistake into every installed framework of the default, print what the gate says
    and return the exit code. Raises UserError where no framework is installed."""
    names = [entry.name for entry in by_default()]
    present = [name for name in names if name in installed()]
    if not present:
        raise UserError("no framework is installed: there is nothing to plant a mistake into")
    absent = [name for name in names if name not in present]
    planted: list[Planted] = []
    controls: list[Planted] = []
    if not as_json:
        for name in absent:
            print(f"{name} is not installed: nothing was planted into it")
    for name in present:
        bench = Gate(name)
        if not as_json:
            print(f"mistakes planted into {bench.version}, seen by the upgrade gate:")
        for mistake in mistakes(name):
            planted.append(bench.plant(mistake))
            if not as_json:
                print(_lines(planted[-1]), flush=True)
        controls += [bench.again(mistake) for mistake in mistakes(name)]
    silent = sum(not control.comparison.exit_code(RULE) for control in controls)
    code = 0 if silent == len(controls) and all(one.caught for one in planted) else FAILED
    if as_json:
        print(json.dumps(_content(planted, controls, absent, code), indent=1, allow_nan=False))
        return code
    for control in controls:
        if control.comparison.exit_code(RULE):
            print(f"! without any mistake:\n{_changes(control)}")
    print(
        f"\n{sum(one.caught for one in planted)} of {len(planted)} mistakes caught;"
        f" {silent} of {len(controls)} comparisons without a mistake were green"
    )
    return code


class Gate:
    """The gate's cells of one framework: measured once without a mistake, and with each."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self._before: dict[tuple[str, ...], Folder] = {}

    @property
    def version(self) -> str:
        """The framework's packages with their versions, as the manifest has them."""
        own = environment.versions((self.framework,))
        common = environment.versions(())
        return ", ".join(f"{name} {own[name]}" for name in own if name not in common)

    def plant(self, mistake: Mistake) -> Planted:
        """Compare the cells of a mistake without it and with it."""
        before = self._clean(mistake)
        return Planted(self.framework, mistake, self._compared(before, mistake, mistake.plant))

    def again(self, mistake: Mistake) -> Planted:
        """Compare two measurements of the cells of a mistake, both without it."""
        before = self._clean(mistake)
        after = self._compared(before, mistake, contextlib.nullcontext)
        return Planted(self.framework, mistake, after)

    def _compared(
        self, before: Folder, mistake: Mistake, block: Callable[[], AbstractContextManager[None]]
    ) -> Comparison:
        _forget()
        try:
            with block():
                after = self._measured(mistake, "with the mistake")
        finally:
            _forget()
        return compare_folders(before, after)

    def _clean(self, mistake: Mistake) -> Folder:
        key = tuple(stack.key for stack in self.stacks(mistake))
        if key not in self._before:
            self._before[key] = self._measured(mistake, "as installed")
        return self._before[key]

    def stacks(self, mistake: Mistake) -> list[Stack]:
        """Return the stacks of the gate that have a cell which meets a mistake."""
        selection = grids.Selection("quick", (self.framework,), root=ROOT)
        return [
            stack
            for stack in grids.stacks(STUDIES[mistake.study], selection)
            if any(
                all(member.cell[axis] == value for axis, value in mistake.cell.items())
                for member in stack.members
            )
        ]

    def _measured(self, mistake: Mistake, label: str) -> Folder:
        """Measure and judge the cells of a mistake, as a results folder has them."""
        study, stacks = STUDIES[mistake.study], self.stacks(mistake)
        shards = {stack.key: shard(*measure(stack, ROOT)) for stack in stacks}
        frame: pd.DataFrame = read_back(study, stacks, shards)
        runs = {study.name: frame}
        verdicts = judge(_claims(study.name), runs, None)
        return Folder(Path(label), _manifest(self.framework), runs, verdicts, {})


@functools.cache
def _manifest(framework: str) -> Manifest:
    selection = grids.Selection("quick", (framework,), root=ROOT)
    gate = [study for study in STUDIES if study.gate]
    return environment.manifest(grids.plan(gate, selection), ["suite", "selftest", "--installed"])


@functools.cache
def _claims(study: str) -> list[Claim]:
    return [claim for claim in claims.shipped() if claim.study == study]


def _forget() -> None:
    """Empty the caches that hold objects which a framework made, with a mistake or without."""
    for name, module in list(sys.modules.items()):
        if name.startswith(_CACHES):
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and value.__module__ == name:
                    value.cache_clear()


# --- in words ------------------------------------------------------------------------------------


def _lines(planted: Planted) -> str:
    """Return a mistake and what the gate says of it, as wrapped lines."""
    mark = "  " if planted.caught else "! "
    mistake = planted.mistake
    head = f"{mark}{mistake.name}: {mistake.size}"
    if not planted.caught:
        head += f" (not caught: {mistake.study} {mistake.metric} should move)"
    return "\n".join([*wrapped(head, hanging=4), _changes(planted)])


def _changes(planted: Planted) -> str:
    rows, turned = planted.seen, list(_verdicts(planted.comparison))
    said = [*map(_sentence, rows[:1]), *turned[:1]]
    if more := len(rows) + len(turned) - len(said):
        said.append(f"and {more} more")
    return "\n".join(part for text in said or ["nothing moved"] for part in wrapped(text, indent=4))


def _sentence(row: Mapping[Any, Any]) -> str:
    """Return study, metric, cell, and the numbers before and after."""
    meaning = METRICS[row["metric"]].meaning if row["metric"] in METRICS else ""
    return (
        f"{row['study']} {row['metric']} {number(row['a'])} -> {number(row['b'])}"
        f" in {row['cell']}: {meaning}"
    ).rstrip(": ")


def _verdicts(comparison: Comparison) -> Iterator[str]:
    """Yield the claims whose decided verdict changed or was lost."""
    for change in comparison.verdicts:
        if change.kind in (CHANGED, LOST) and change.a and change.b:
            yield (
                f"claim {change.claim} {change.a.verdict} -> {change.b.verdict}:"
                f" {change.b.statement}"
            )


def _content(
    planted: Sequence[Planted], controls: Sequence[Planted], absent: Sequence[str], code: int
) -> dict[str, object]:
    return {
        "exit_code": code,
        "rule": RULE,
        "not_installed": list(absent),
        "mistakes": [
            {
                "framework": one.framework,
                "name": one.mistake.name,
                "size": one.mistake.size,
                "caught": one.caught,
                "seen": [
                    {
                        "study": row["study"],
                        "metric": row["metric"],
                        "cell": row["cell"],
                        "kind": row["kind"],
                        "before": number(row["a"]),
                        "after": number(row["b"]),
                    }
                    for row in one.seen
                ],
                "claims": list(_verdicts(one.comparison)),
            }
            for one in planted
        ],
        "controls": [
            {
                "framework": one.framework,
                "name": one.mistake.name,
                "passed": not one.comparison.exit_code(RULE),
            }
            for one in controls
        ],
    }
