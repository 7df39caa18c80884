"""A study of a plugin, under the names that the suite knows it and its metrics by.

The plugin's own code writes and reads bare names. Everything outside of it sees those with the name
of the plugin before them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from suite.catalogue.registry import unknown
from suite.errors import UserError
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.types import Cell, Cost, Grid, Lab, Measurement, Stack, Study, Table, TableSpec


class Brought(Study):
    """A plugin's study ``own``, under its full name.

    ``metrics``: the plugin's own metrics -> their full names. ``label``: the plugin in words.
    Raises UserError where the study lacks a member or declares what the suite cannot run.
    """

    def __init__(self, own: Study, name: str, metrics: Mapping[str, str], label: str) -> None:
        self._own, self._metrics = own, metrics
        self.name = name
        try:
            self.question, self.source = str(own.question), str(own.source)
            self.axes, self.within = tuple(own.axes), tuple(own.within)
            self.tables = tuple(map(self._renamed_spec, own.tables))
            self.everywhere, self.frameworks = tuple(own.everywhere), tuple(own.frameworks)
            self.subject = tuple(own.subject)
            self.starts_on_data = bool(own.starts_on_data)
            self.position = int(own.position)
            self._check()
        except (AttributeError, TypeError, ValueError, UserError) as error:
            raise UserError(f"{label}: study {own.name!r}: {error}") from error

    def _check(self) -> None:
        """Raise UserError where what the study declares does not go together."""
        for axis in (*self.axes, *self.within, *self.everywhere):
            if axis not in AXES:
                raise unknown("axis", axis, AXES.names)
        order = tuple(axis for axis in AXES.names if axis in self.axes)
        if self.axes != order or "framework" not in self.axes:
            raise UserError(
                f"axes are {', '.join(self.axes) or 'none'}; write them in this order, framework"
                f" first: {', '.join(dict.fromkeys(('framework', *order)))}"
            )
        for axis in (*self.within, *self.everywhere):
            if axis not in self.axes or axis == "framework":
                raise unknown("axis of the study", axis, self.axes[1:])
        if not self.tables or self.tables[0].name != "runs" or self.tables[0].coordinates:
            raise UserError("its first table must be 'runs', which has no coordinates")
        for spec in self.tables:
            for metric in spec.metrics:
                if metric not in METRICS and metric not in self._metrics.values():
                    own = tuple(self._metrics)
                    raise unknown(f"metric in table {spec.name!r}", metric, (*own, *METRICS.names))

    def _renamed_spec(self, spec: TableSpec) -> TableSpec:
        return replace(spec, metrics=tuple(self._metrics.get(m, m) for m in spec.metrics))

    def grids(self, profile: str) -> tuple[Grid, ...]:
        """Return the grids of the plugin's study."""
        return tuple(self._own.grids(profile))

    def unsupported(self, cell: Cell) -> str | None:
        """Return why the plugin's study cannot measure a cell, or None."""
        return self._own.unsupported(cell)

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        """Return the probes that the plugin's study needs of a framework for a cell."""
        return self._own.probes(cell)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        """Measure with the plugin's study, and give its columns their full names."""
        measured = self._own.measure(stack, lab)
        return replace(measured, tables=[self._renamed(table) for table in measured.tables])

    def _renamed(self, table: Table) -> Table:
        columns = {self._metrics.get(name, name): values for name, values in table.columns.items()}
        return replace(table, columns=columns)

    def most_members(self, cell: Cell) -> int | None:
        """Return the most members of a stack with a cell, as the plugin's study says."""
        return self._own.most_members(cell)

    def cost(self, stack: Stack) -> Cost:
        """Return the cost that the plugin's study expects."""
        return self._own.cost(stack)
