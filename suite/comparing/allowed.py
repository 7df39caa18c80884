"""What a user lets B lack: the names of ``--allow-missing``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from suite.catalogue.registry import nearest, unknown
from suite.types import UserError

SEEDS = "seeds"
FORMS = "a study, STUDY/METRIC, STUDY/TABLE, AXIS=VALUE, the id of a claim, or seeds"
"""What can be named."""


@dataclass(frozen=True)
class Measured:
    """What A measured, by the names that a user gives it."""

    parts: Mapping[str, Sequence[str]]
    """Study -> its metrics and its other tables."""
    values: Mapping[str, Sequence[str]]
    """Axis -> its values in the cells, as text."""
    claims: Sequence[str]


@dataclass(frozen=True)
class Allowed:
    """Which absences a user named beforehand."""

    studies: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    """Metrics and tables, as ``study/name``."""
    values: frozenset[tuple[str, str]] = frozenset()
    claims: frozenset[str] = frozenset()
    seeds: bool = False

    def study(self, name: str) -> bool:
        """Return whether a whole study may be missing."""
        return name in self.studies

    def part(self, study: str, name: str) -> bool:
        """Return whether a metric or a table of a study may be missing."""
        return self.study(study) or f"{study}/{name}" in self.parts

    def cell(self, fields: Mapping[str, str]) -> bool:
        """Return whether a cell, axis -> value, may be missing."""
        return any((axis, value) in self.values for axis, value in fields.items())


def parse(names: Iterable[str], measured: Measured, folder: str) -> Allowed:
    """Return what the names allow. Raise UserError for a name of nothing that A, a ``folder``,
    measured: the message has the nearest one."""
    found: dict[str, set[str]] = {"studies": set(), "parts": set(), "claims": set()}
    values, seeds = set(), False
    for name in names:
        study, slash, part = name.partition("/")
        axis, equals, value = name.partition("=")
        if name == SEEDS:
            seeds = True
        elif name in measured.parts:
            found["studies"].add(name)
        elif name in measured.claims:
            found["claims"].add(name)
        elif equals and axis in measured.values:
            if value not in measured.values[axis]:
                raise _at(name, unknown(f"{axis} in {folder}", value, measured.values[axis]))
            values.add((axis, value))
        elif equals:
            raise _at(name, unknown(f"axis of {folder}", axis, measured.values))
        elif slash and study in measured.parts:
            if part not in measured.parts[study]:
                kind = f"metric or table of {study} in {folder}"
                raise _at(name, unknown(kind, part, measured.parts[study]))
            found["parts"].add(name)
        else:
            hint = nearest(study, [*measured.parts, *measured.claims, SEEDS])
            raise _at(
                name, UserError(f"{folder} has nothing of this name{hint} (allowed: {FORMS})")
            )
    kinds = {kind: frozenset(given) for kind, given in found.items()}
    return Allowed(**kinds, values=frozenset(values), seeds=seeds)


def _at(name: str, error: UserError) -> UserError:
    return UserError(f"--allow-missing {name}: {error}")
