"""Which parts of a study's grids run when a user names values of axes.

A study states its cells as several grids. The first is its main grid; the others add further
starts, conditions and seeds. What a user names is what runs:

- The main grid takes the values that are named, also new ones. Where cases are named (values of a
  local axis: ``case``, ``layer_kind``, ``formula``, ...), each has a main grid of its own, the
  first that holds it.
- A later grid keeps the cells that have the values that are named. On the other axes they may
  have any subject (the local axes and ``Study.subject``), and for the rest the values of the first
  grid with that subject: the Adam runs of a network that the main grid trains with RMSprop stay
  away until Adam is named.
- The values of ``Study.everywhere`` are replaced in all grids. Where a user names only these axes
  and cases, the later grids stay whole.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from suite.planning.axes import AXES, Named, canonical_value, named_by
from suite.types import PROFILES, Grid, Study, Value

T = TypeVar("T", bound=Value)
Axes = Mapping[str, Sequence[Value]]
Fits = Callable[[Mapping[str, Value]], bool]


@dataclass(frozen=True)
class Part:
    """The combinations of values of some axes that satisfy ``fits``, each with ``seeds`` seeds."""

    axes: Axes
    seeds: int
    fits: Fits | None = None
    """Whether a combination is selected; None: all are."""


def canonical_grids(study: Study, profile: str) -> Sequence[tuple[Axes, int]]:
    """Return the axes of each grid of a profile, their values in canonical form, and its seeds."""
    return [(_canonical(grid), grid.seeds) for grid in study.grids(profile)]


@dataclass(frozen=True)
class GridReader:
    """What reads the grids of studies: ``canonical_grids``, and ``named_by`` of planning.axes."""

    grids: Callable[[Study, str], Sequence[tuple[Axes, int]]] = canonical_grids
    named: Named = named_by


ANEW = GridReader()
"""Reads each grid whenever it is asked for."""


def remembering() -> GridReader:
    """Return a reader that reads each grid once, for those who plan the same study many times with
    the same items in the catalogues."""
    return GridReader(functools.cache(canonical_grids), functools.cache(named_by))


def parts(study: Study, profile: str, overrides: Axes, reader: GridReader = ANEW) -> Iterator[Part]:
    """Yield what is selected of the grids of a profile, without frameworks.

    ``overrides``: axis, or study.axis, -> the values that a user names; an axis that the study
    lacks selects nothing. Each part must be used up before the next is asked for, since what a
    later grid keeps depends on what came before. Raises UserError for a value that the study's axis
    cannot have.
    """
    grids = reader.grids(study, profile)
    named = {
        axis: tuple(canonical_value(axis, value, study, reader.named) for value in values)
        for axis, values in _of_study(study, overrides).items()
    }
    if not named:
        yield from (Part(axes, seeds) for axes, seeds in grids)
        return
    conditions = _Conditions(study, named)
    mains, added = _main_grids(study, profile, named, reader)
    for position, (axes, seeds) in enumerate([*grids, *added]):
        if cases := mains.get(position):
            yield Part(_replaced(axes, named), seeds, conditions.of_main_grid(axes, cases))
        if position < len(grids) and (kept := _kept(axes, named, study)) is not None:
            yield Part(kept, seeds, conditions.of_later_grid(axes))


def split(key: str) -> tuple[str, str]:
    """Return the study and the axis of a key of ``overrides``; the study is empty for all."""
    study, _, axis = key.rpartition(".")
    return study, axis


def _of_study(study: Study, overrides: Axes) -> Axes:
    """Return axis -> the values that are named for a study; its own go before those for all."""
    named: dict[str, Sequence[Value]] = {}
    for owner in ("", study.name):
        for key, values in overrides.items():
            if split(key)[0] == owner and split(key)[1] in study.axes:
                named[split(key)[1]] = values
    return named


def in_order(given: Iterable[T], first: Sequence[object]) -> tuple[T, ...]:
    """Return each value once: in the order of ``first`` those that it has, then the others, numbers
    ascending and names in alphabetical order."""
    values = set(given)
    if len(values) < 2:
        return tuple(values)
    places = {value: place for place, value in enumerate(dict.fromkeys(first))}

    def rank(value: T) -> tuple[int, bool, T]:
        return places.get(value, len(places)), isinstance(value, str), value

    return tuple(sorted(values, key=rank))


def _canonical(grid: Grid) -> Axes:
    return {
        name: [AXES[name].parse(value) for value in values] for name, values in grid.axes.items()
    }


def _values(axes: Axes, axis: str) -> Sequence[Value]:
    """Return the values of an axis in a grid: where it names none, the default."""
    default = AXES[axis].default
    return axes.get(axis, () if default is None else (default,))


def _replaced(axes: Axes, named: Axes) -> Axes:
    """Return the axes of a grid with all values that are named; its own values keep their order."""
    new = {axis: in_order(values, _values(axes, axis)) for axis, values in named.items()}
    return {**axes, **new}


def _kept(axes: Axes, named: Axes, study: Study) -> Axes | None:
    """Return the axes of a grid without the values that are not named; None where an axis has no
    value left."""
    result = dict(axes)
    for axis, values in named.items():
        own = _values(axes, axis)
        chosen = [value for value in values if axis in study.everywhere or value in own]
        if not chosen:
            return None
        result[axis] = in_order(chosen, own)
    return result


def _main_grids(
    study: Study, profile: str, named: Axes, reader: GridReader
) -> tuple[dict[int, set[tuple[Value, ...]]], list[tuple[Axes, int]]]:
    """Return the main grid of each case that is named: position -> cases, the values of the local
    axes that are named; and grids to add, whose positions follow those of the profile.

    It is the first grid that holds the case; of several, the first that shares a value with the
    study's first grid on the local axes that are not named. A case of larger profiles brings its
    grid from the smallest that has it. A case that no grid holds is tried in the first.
    """
    local = [axis for axis in study.axes if AXES[axis].local]
    chosen = [axis for axis in named if axis in local]
    grids = [axes for axes, _ in reader.grids(study, profile)]
    first = grids[0] if grids else {}

    def alike(axes: Axes) -> bool:
        return all(
            set(_values(axes, axis)) & set(_values(first, axis))
            for axis in local
            if axis not in chosen
        )

    mains: dict[int, set[tuple[Value, ...]]] = {}
    added: list[tuple[Axes, int]] = []
    larger = PROFILES[PROFILES.index(profile) + 1 :]
    for case in itertools.product(*(named[axis] for axis in chosen)):

        def holds(axes: Axes, case: tuple[Value, ...] = case) -> bool:
            pairs = zip(chosen, case, strict=True)
            return all(value in _values(axes, axis) for axis, value in pairs)

        holding = [position for position, axes in enumerate(grids) if holds(axes)]
        home = next((n for n in holding if alike(grids[n])), holding[0] if holding else None)
        if home is None:
            found = (grid for name in larger for grid in reader.grids(study, name))
            grid = next(filter(lambda grid: holds(grid[0]), found), None)
            if grid is not None:
                added.append(grid)
                home = len(grids) + len(added) - 1
        mains.setdefault(home or 0, set()).add(case)
    return mains, added


class _Conditions:
    """The values of the axes that are not named, for each subject that was met."""

    def __init__(self, study: Study, named: Axes) -> None:
        local = {axis for axis in study.axes if AXES[axis].local}
        self._chosen = [axis for axis in named if axis in local]
        self._whole = set(named) <= local | set(study.everywhere)
        self._subject = [a for a in study.axes if a in local or a in study.subject]
        self._unnamed = [
            a for a in study.axes if a not in named and a not in self._subject and a != "framework"
        ]
        self._first: dict[tuple[Value | None, ...], Axes] = {}

    def of_main_grid(self, axes: Axes, cases: set[tuple[Value, ...]]) -> Fits:
        """Return the test of a main grid with the values that are named: has it the case?"""

        def fits(cell: Mapping[str, Value]) -> bool:
            if tuple(cell[axis] for axis in self._chosen) not in cases:
                return False
            self._first.setdefault(self._subject_of(cell), axes)
            return True

        return fits

    def of_later_grid(self, axes: Axes) -> Fits:
        """Return the test of a grid with the values that it keeps."""

        def fits(cell: Mapping[str, Value]) -> bool:
            first = self._first.setdefault(self._subject_of(cell), axes)
            return self._whole or all(
                cell.get(axis, AXES[axis].default) in _values(first, axis) for axis in self._unnamed
            )

        return fits

    def _subject_of(self, cell: Mapping[str, Value]) -> tuple[Value | None, ...]:
        return tuple(cell.get(axis, AXES[axis].default) for axis in self._subject)
