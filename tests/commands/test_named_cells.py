"""After ``suite run --set``, the numbers of the cells that were named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from suite.commands.run.named_cells import MOST_ROWS, comparison, main_metrics, text
from suite.judging.summary import summary
from suite.planning import grids
from suite.studies import STUDIES

TRAINING = STUDIES["training"]
OUT = Path("out")


def planned(texts: Sequence[str], frameworks: tuple[str, ...] = ("torch",)) -> grids.Plan:
    overrides = grids.parse_overrides(texts, [TRAINING])
    return grids.plan([TRAINING], grids.Selection("quick", frameworks, overrides, seeds=6))


def numbers(plan: grids.Plan) -> pd.DataFrame:
    """The summary of runs in which the activation decides the accuracy: 0.9 and up, or 0.5."""
    rows = [
        {
            **dict(member.cell.values),
            "seed": member.seed,
            "status": "ok",
            "reason": "",
            "heldout_accuracy": 0.5 + 0.4 * (member.cell["activation"] == "relu"),
            "heldout_loss": float(member.seed),
            "epochs_to_learn": np.inf,
        }
        for stack in plan.stacks["training"]
        for member in stack.members
    ]
    return summary({"training": pd.DataFrame(rows)})


NAMED = ("activation=tanh,relu", "initializer=he_normal", "depth=4", "weights=native")


def test_a_row_for_each_cell_with_its_interval() -> None:
    plan = planned(NAMED)
    lines = text(plan, numbers(plan), OUT).splitlines()
    assert lines[0] == "training: median over n seeds [95 % interval]"
    head, tanh, relu = (line.split("  ") for line in lines[1:4])
    assert head[0] == "activation"
    assert "framework" not in lines[1]  # what all cells share is said when the run starts
    assert (tanh[0], relu[0]) == ("tanh", "relu")
    assert "0.5 [0.5, 0.5]" in lines[2]
    assert "0.9 [0.9, 0.9]" in lines[3]
    assert lines[-1] == "compare them: suite compare out --by activation=relu,tanh"


def test_the_metrics_are_those_that_claims_are_about() -> None:
    plan = planned(NAMED)
    found = main_metrics("training", numbers(plan))
    assert "learned_share" in found
    assert "heldout_accuracy" in found
    assert "train_loss" not in found  # not measured here


def test_a_single_cell_is_named_by_its_axes() -> None:
    plan = planned(("activation=tanh", *NAMED[1:]))
    lines = text(plan, numbers(plan), OUT).splitlines()
    assert lines[1].split()[:4] == ["activation", "initializer", "depth", "weights"]
    assert lines[-1] == "compare them: suite compare OTHER out"


def test_two_frameworks_are_compared_where_nothing_else_varies() -> None:
    plan = planned(("activation=tanh", *NAMED[1:]), ("torch", "tensorflow"))
    assert comparison(plan, OUT) == "suite compare out --by framework=torch,tensorflow"


def test_a_long_table_is_cut_off_and_says_so() -> None:
    names = "linear,sigmoid,tanh,relu,leaky_relu,elu,gelu,silu,selu,softplus,mish,softsign,elu(0.5)"
    plan = planned((f"activation={names}", "initializer=he_normal,default", *NAMED[2:]))
    lines = text(plan, numbers(plan), OUT).splitlines()
    assert f"and {2 * 13 - MOST_ROWS} cells more in summary.csv" in lines


def test_only_the_named_values_of_a_study_are_compared() -> None:
    plan = planned(("training.activation=tanh,relu", *NAMED[1:]))
    assert comparison(plan, OUT) == "suite compare out --by activation=relu,tanh"
