"""A shard gives back the measurement that was stored, down to a table with coordinates alone."""

from __future__ import annotations

import io

import numpy as np

from suite.planning import grids
from suite.results.shards import read_shard, save_shard
from suite.results.tables import write_table
from suite.studies import STUDIES
from suite.studies.common.measurements import completed
from suite.types import Table


def test_a_table_without_a_measured_column_keeps_its_coordinates() -> None:
    """Layers that share an initializer have no density; their rows are empty, and not absent."""
    study = STUDIES["initializers"]
    chosen = grids.Selection("quick", ("torch",), {"layer_kind": ("fresh",)}, seeds=2)
    stack = grids.stacks(study, chosen)[-1]
    runs = Table("runs", {}, {"equal_kernels": np.array([0.0, 1.0])})
    densities = Table("densities", {"bin": np.array([-0.5, 0.5])}, {})
    file = io.BytesIO()
    save_shard(file, study, stack, completed(2, runs, densities), [0, 1], {})
    file.seek(0)
    shard = read_shard(file, stack)
    assert shard.tables["densities"].columns == {}
    assert shard.tables["densities"].coordinates["bin"].tolist() == [-0.5, 0.5]
    assert shard.tables["runs"].columns["equal_kernels"].tolist() == [0.0, 1.0]
    text = io.StringIO()
    write_table(text, study, study.tables[1], [(stack, shard)])
    header, first, second = text.getvalue().splitlines()
    assert header.count(",") == first.count(",") == second.count(",")
    assert [line.partition("-5x1,")[2][:8] for line in (first, second)] == ["-0.5,2,,", "0.5,2,,,"]
