"""The rule for ``--set`` of folders that were made before decision 0034."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from suite.planning.axes import AXES
from suite.planning.parts import Part, in_order
from suite.types import Study, Value


def parts(study: Study, profile: str, overrides: Mapping[str, Sequence[Value]]) -> Iterator[Part]:
    """Named values replace those of the first grid; the other grids keep only these."""
    for position, grid in enumerate(study.grids(profile)):
        axes = {axis: tuple(map(AXES[axis].parse, values)) for axis, values in grid.axes.items()}
        for axis, given in overrides.items():
            if axis in study.axes:
                planned: Sequence[Value | None] = axes.get(axis, (AXES[axis].default,))
                replaced = position == 0 or axis in study.everywhere
                chosen = [value for value in given if replaced or value in planned]
                axes[axis] = in_order(chosen, planned)
        yield Part(axes, grid.seeds)
