"""The axis ``width``: every study that trains takes any width, in stacks that fit into memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.planning import grids
from suite.report.remedies import trained
from suite.report.rescue import rescued
from suite.studies import STUDIES
from suite.studies.common import costs
from suite.studies.tutorial.prints import printed
from suite.types import Grid, Stack, Value
from tests.studies.test_dataset_axis import measured, remedies_runs, rescue_runs
from tests.support import HERE
from tests.support.measured import stacks

Cells = dict[str, Value | tuple[Value, ...]]
TRAINING = ("training", "remedies", "rescue", "digits", "drift", "symmetry", "tutorial")
EVERYWHERE = [name for name in TRAINING if "width" in STUDIES[name].everywhere]


def widened(study: str, profile: str = "quick") -> list[Stack]:
    """The stacks of a study with the widths 64 and 256."""
    chosen = grids.parse_overrides(["width=64,256"], [STUDIES[study]])
    return grids.stacks(STUDIES[study], grids.Selection(profile, ("torch",), chosen))


@pytest.mark.parametrize("study", TRAINING)
def test_set_replaces_the_width(study: str) -> None:
    cells = {member.cell for stack in widened(study) for member in stack.members}
    assert {cell["width"] for cell in cells} == {64, 256}
    assert {len([c for c in cells if c["width"] == width]) for width in (64, 256)} == {
        len(cells) // 2
    }


@pytest.mark.parametrize("study", EVERYWHERE)
def test_no_cell_is_lost_where_every_grid_has_its_own_width(study: str) -> None:
    """Two widths in place of one: twice the cells that differ in another axis."""

    def others(cells: Any) -> set[tuple[object, ...]]:
        return {tuple(pair for pair in cell.values if pair[0] != "width") for cell in cells}

    planned = grids.cells(STUDIES[study], grids.Selection("quick", ("torch",)))
    given = {member.cell for stack in widened(study) for member in stack.members}
    assert others(given) == others(planned)
    assert len(given) == 2 * len(others(planned))


@pytest.mark.parametrize("framework", HERE)
def test_wide_networks_learn_in_both_frameworks(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, last, measurement = measured("training", framework, monkeypatch, width=64)
    assert last.weights[0][0].shape == (2, 64, 64)
    assert list(measurement.status) == ["ok", "ok"]
    assert (measurement.tables[0].columns["heldout_accuracy"] > 0.5).all()


def test_stacks_of_large_networks_have_fewer_members() -> None:
    """By the cell alone: seeds first, and then the cells of one seed, are put into other stacks."""
    study = STUDIES["training"]
    axes: Cells = {"activation": "relu", "depth": 4, "width": 512, "dataset": "digits"}
    chosen = stacks(study, "torch", 20, {**axes, "initializer": ("he_normal", "orthogonal")})
    most = study.most_members(chosen[0].members[0].cell)
    assert most is not None
    assert 1 <= most < 20
    assert max(len(stack.members) for stack in chosen) <= most
    members = [member for stack in chosen for member in stack.members]
    assert len(members) == len(set(members)) == 40
    largest = study.cost(chosen[0]).bytes
    assert largest <= costs.WORKER + costs.LARGEST + 2**28
    sizes = {len({m.cell for m in stack.members}) for stack in chosen}
    assert sizes == {2}  # a seed's cells stay together while they fit


def test_a_seed_whose_cells_do_not_fit_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    study = STUDIES["training"]
    monkeypatch.setattr(type(study), "most_members", lambda self, cell: 2)
    axes: Cells = {"activation": "relu", "depth": 1, "width": 5}
    names = ("he_normal", "orthogonal", "zeros")
    chosen = stacks(study, "torch", 2, {**axes, "initializer": names})
    assert [len(stack.members) for stack in chosen] == [2, 1, 2, 1]
    assert len({stack.key for stack in chosen}) == 4


@pytest.mark.parametrize("study", TRAINING)
@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_no_stack_of_the_profiles_is_divided(study: str, profile: str) -> None:
    """Their composition, and with it every digit of the stored results, must not move."""
    chosen = STUDIES[study]
    for stack in grids.stacks(chosen, grids.Selection(profile, ("torch",))):
        most = chosen.most_members(stack.members[0].cell)
        assert most is not None
        assert len(stack.members) <= most


def test_cost_grows_with_width_inputs_and_outputs() -> None:
    study = STUDIES["training"]

    def cost(**axes: str | int) -> tuple[float, float]:
        grid = {"activation": "relu", "initializer": "he_normal", "depth": 4, **axes}
        found = study.cost(stacks(study, "torch", 4, grid)[0])
        return found.seconds, found.bytes

    narrow, wide = cost(width=5), cost(width=256)
    digits = cost(width=256, dataset="digits")
    assert narrow[0] < wide[0] < digits[0]
    assert narrow[1] < wide[1] < digits[1]


def test_a_network_of_another_width_has_no_print() -> None:
    """The tutorial printed the numbers of networks of width 5."""
    cells = {
        width: stacks(
            STUDIES["tutorial"],
            "torch",
            1,
            {
                "activation": "tanh",
                "initializer": "normal(1)",
                "depth": 4,
                "width": width,
                "case": "independent",
            },
        )[0]
        .members[0]
        .cell
        for width in (5, 64)
    }
    assert printed(cells[5]).accuracy == 0.993
    assert np.isnan(printed(cells[64]).accuracy)


@pytest.mark.parametrize(("draw", "runs"), [(rescued, rescue_runs), (trained, remedies_runs)])
def test_figures_show_and_name_one_width(draw: Any, runs: Any) -> None:
    usual = 16 if draw is trained else 5
    wide = runs(width=64)
    drawing = draw(wide)
    assert "64" in drawing.title
    assert "64" in drawing.caption
    both = draw(pd.concat([wide, runs(width=usual)]))
    assert str(usual) in both.title
    assert "n = 2 seeds" in both.caption


def test_a_block_of_a_grid_is_kept() -> None:
    """Without a limit the seeds of a stack are those of the largest block."""
    (stack,) = grids.stacks(
        type(
            "Wide",
            (type(STUDIES["propagation"]),),
            {
                "grids": lambda self, profile: (
                    Grid(
                        {
                            "activation": ("relu",),
                            "initializer": ("he_normal",),
                            "depth": (2,),
                            "width": (4,),
                        },
                        30,
                        30,
                    ),
                )
            },
        )(),
        grids.Selection("quick", ("torch",)),
    )
    assert len(stack.members) == 30
