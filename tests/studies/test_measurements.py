"""The way from members to tables keeps the order of the members and the columns of the specs."""

from __future__ import annotations

import numpy as np

from suite.planning import grids
from suite.studies import STUDIES
from suite.studies.common import measurements
from suite.types import Array, Status, Table, TableSpec


def test_members_of_a_seed_come_together_and_none_is_lost() -> None:
    stack = grids.stacks(STUDIES["training"], grids.Selection("quick", ("torch",), seeds=3))[0]
    assert len({member.cell for member in stack.members}) > 1
    groups = list(measurements.by_seed(stack.members))
    assert [{member.seed for member in group} for group in groups] == [{0}, {1}, {2}]
    assert sorted(map(str, sum(groups, ()))) == sorted(map(str, stack.members))


def test_a_table_takes_its_metrics_from_the_rows_in_their_order() -> None:
    spec = TableSpec("layers", ("square",), coordinates=("layer",))
    rows: list[dict[str, Array | float]]
    rows = [{"square": np.array([float(n), 2.0 * n]), "other": 0.0} for n in (3, 1)]
    table = measurements.table(spec, rows, {"layer": np.array([1, 2]), "bin": np.array([0])})
    assert table.name == "layers"
    assert list(table.coordinates) == ["layer"]
    np.testing.assert_array_equal(table.columns["square"], [[3.0, 6.0], [1.0, 2.0]])
    assert "other" not in table.columns


def test_a_member_with_a_reason_has_diverged() -> None:
    reasons = measurements.reasons([True, False], "a logit became NaN")
    result = measurements.measurement(reasons, [Table("runs", {}, {})])
    assert result.status == [Status.OK, Status.DIVERGED]
    assert result.reason == ["", "a logit became NaN"]
