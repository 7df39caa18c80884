"""The way from the values of a stack's members to the tables of its measurement."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from suite.types import Array, Measurement, Member, Status, Table, TableSpec

Row = Mapping[str, Array | float]
"""Metric -> the values of one member, without the leading axis of the members."""


def by_seed(members: Iterable[Member]) -> Iterator[tuple[Member, ...]]:
    """Yield the members of each seed together, so that they can share what is drawn for it."""
    ordered = sorted(members, key=lambda member: member.seed)
    for _, group in itertools.groupby(ordered, key=lambda member: member.seed):
        yield tuple(group)


def columns(rows: Sequence[Row]) -> dict[str, Array]:
    """Stack the rows of all members: metric -> (K, ...)."""
    return {metric: np.array([row[metric] for row in rows]) for metric in rows[0]}


def table(spec: TableSpec, rows: Sequence[Row], coordinates: Mapping[str, Array]) -> Table:
    """Return the table of a spec, which takes its metrics from ``rows``, one row per member.

    ``coordinates`` may have more names than the spec.
    """
    return Table(
        spec.name,
        {name: coordinates[name] for name in spec.coordinates},
        {metric: np.array([row[metric] for row in rows]) for metric in spec.metrics},
    )


def reasons(finite: Iterable[bool], reason: str) -> list[str]:
    """Return a reason for each member: empty where its values are finite, else ``reason``."""
    return ["" if ok else reason for ok in finite]


def measurement(reasons: Sequence[str], tables: Sequence[Table]) -> Measurement:
    """Return a measurement in which the members with a reason have diverged."""
    return Measurement(
        [Status.DIVERGED if reason else Status.OK for reason in reasons], list(reasons), tables
    )


def completed(count: int, *tables: Table) -> Measurement:
    """Return a measurement of ``count`` members, none of which can diverge."""
    return measurement([""] * count, tables)
