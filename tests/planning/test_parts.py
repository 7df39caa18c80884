"""What ``--set`` selects: what a user names is what runs, and nothing else."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from suite.commands.main import main
from suite.judging.expected_runs import stored_plan
from suite.measuring import environment
from suite.planning import grids
from suite.studies import STUDIES
from suite.types import Axes, Cell, Grid, Study, UserError, Value
from tests.support import old_selection


def cells(study: str | Study, *texts: str, profile: str = "standard") -> dict[Cell, int]:
    chosen = STUDIES[study] if isinstance(study, str) else study
    overrides = grids.parse_overrides(texts, [chosen])
    return grids.cells(chosen, grids.Selection(profile, ("torch", "tensorflow"), overrides))


def values(found: dict[Cell, int], axis: str) -> set[Value]:
    return {cell[axis] for cell in found}


def test_named_activations_bring_no_other_optimizer() -> None:
    """2 activations x 2 initializers x 2 kinds of weights x 2 frameworks, as a user counts them."""
    texts = ("activation=tanh,relu", "initializer=default,he_normal", "depth=4")
    found = cells("training", *texts)
    assert len(found) == 2 * 2 * 2 * 2
    assert values(found, "optimizer") == {"rmsprop"}
    assert values(found, "settings") == {"common"}
    assert values(cells("training", *texts, "optimizer=adam,sgd"), "optimizer") == {"adam", "sgd"}


def test_values_of_one_study_leave_the_others_as_they_are() -> None:
    """A value for one study goes before one for all of them, in whatever order they are named."""
    texts = ["training.depth=2,8", "activation=tanh", "depth=3"]
    studies = [STUDIES["training"], STUDIES["propagation"]]
    for order in (texts, texts[::-1]):
        overrides = grids.parse_overrides(order, studies)
        selection = grids.Selection("standard", ("torch",), overrides)
        depths = [values(grids.cells(study, selection), "depth") for study in studies]
        assert depths == [{2, 8}, {3}]
    with pytest.raises(UserError, match="twice"):
        grids.parse_overrides(["training.depth=1", "training.depth=2"], studies)


def test_values_of_one_study_are_planned_again_from_a_manifest() -> None:
    studies = [STUDIES["training"], STUDIES["propagation"]]
    overrides = grids.parse_overrides(["training.depth=2", "activation=tanh"], studies)
    plan = grids.plan(studies, grids.Selection("quick", ("torch",), overrides))
    again = stored_plan(environment.manifest(plan, ["suite", "run"]))
    assert again.stacks == plan.stacks


@pytest.mark.parametrize("study", ["training", "propagation", "parity"])
def test_known_and_new_values_get_the_same_cells(study: str) -> None:
    """mish is in a later grid of propagation alone, gelu in main grids, leaky_relu(0.3) in none."""
    found = cells(study, "activation=gelu,mish,leaky_relu(0.3)")
    shapes = [
        Counter(
            tuple(pair for pair in cell.values if pair[0] != "activation")
            for cell in found
            if cell["activation"] == name
        )
        for name in ("gelu", "mish", "leaky_relu(0.3)")
    ]
    assert shapes[0] == shapes[1] == shapes[2]


def test_a_named_case_brings_its_own_start_and_its_remedies() -> None:
    found = cells("remedies", "case=exploding_relu")
    assert values(found, "case") == {"exploding_relu"}
    assert values(found, "initializer") == {"he_normal"}
    assert values(found, "scale") == {2.0}
    assert {"batch", "layer"} < values(found, "normalization")


def test_a_named_case_takes_new_values_in_the_grid_that_holds_it() -> None:
    (first, _) = cells("initializers", "initializer=he_normal", "layer_kind=depthwise")
    assert (first["shape"], first["initializer"]) == ("3x3x64", "he_normal")
    (first, _) = cells("initializers", "initializer=he_normal", "shape=512x8")
    assert first["layer_kind"] == "dense"
    found = cells("remedies", "case=healthy,exploding_relu", "clipping=norm(0.5)")
    assert {(c["case"], c["scale"]) for c in found} == {("healthy", 1.0), ("exploding_relu", 2.0)}


def test_a_case_of_a_larger_profile_brings_its_grid() -> None:
    texts = ("formula=gelu", "float_type=half", "execution=compiled")
    assert not any(c["execution"] == "compiled" for c in cells("numerics"))
    for profile in ("quick", "standard"):
        assert len(cells("numerics", *texts, profile=profile)) == 2


def test_other_cases_keep_what_was_named() -> None:
    found = cells("initializers", "initializer=he_normal")
    assert values(found, "layer_kind") == {"dense", "convolution", "transposed"}
    found = cells("normalized", "normalization=batch")
    assert values(found, "normalization") == {"batch"}
    assert {"chain", "blocks"} < values(found, "case")


def test_a_later_grid_keeps_the_starts_of_an_activation_under_the_usual_conditions() -> None:
    """ReLU of digits starts from He in a grid of its own, and trains with SGD in others."""
    found = cells("digits", "activation=relu")
    assert {"he_normal", "default"} < values(found, "initializer")
    assert values(found, "optimizer") == {"adam"}


@pytest.mark.parametrize("study", ["remedies", "rescue", "digits", "lecture", "normalized"])
def test_width_is_replaced_in_the_whole_study(study: str) -> None:
    whole, wide = cells(study), cells(study, "width=64")
    assert values(wide, "width") == {64}
    fields = [name for name in STUDIES[study].axes if name != "width"]
    assert {tuple(c[f] for f in fields) for c in wide} == {
        tuple(c[f] for f in fields) for c in whole
    }


def test_the_seeds_of_a_later_grid_count_for_its_cells() -> None:
    found = cells("propagation", "activation=relu", "initializer=he_normal,orthogonal")
    assert {cell["initializer"]: n for cell, n in found.items()} == {
        "he_normal": 200,
        "orthogonal": 20,
    }


class Small(type(STUDIES["training"])):  # type: ignore[misc]  # a class found by its instance
    """Training with a main grid and three others."""

    def grids(self, profile: str) -> tuple[Grid, ...]:
        main: Axes = {
            "activation": ("relu",),
            "initializer": ("he_normal",),
            "depth": (4,),
            "width": (5,),
        }
        return (
            Grid(main),
            Grid({**main, "optimizer": ("adam",)}),
            Grid({**main, "initializer": ("default",), "optimizer": ("adam", "sgd")}),
            Grid({**main, "initializer": ("default",), "settings": ("default",)}),
        )


def test_a_subject_that_the_main_grid_lacks_keeps_the_conditions_of_its_first_grid() -> None:
    found = {
        tuple(c[a] for a in ("initializer", "optimizer", "settings"))
        for c in cells(Small(), "activation=relu")
    }
    assert found == {
        ("he_normal", "rmsprop", "common"),
        ("default", "adam", "common"),
        ("default", "sgd", "common"),
    }


def test_plan_says_which_cells_were_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "training", "--set", "activation=tanh,relu", "--set", "depth=4", "--set"]
    assert main([*words, "initializer=default,he_normal", "--frameworks", "torch"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line == (
        "training: framework=torch activation=tanh,relu initializer=default,he_normal depth=4"
        " width=5 weights=native,shared"
    )
    main(["plan", "lecture", "--set", "activation=tanh,relu", "--frameworks", "torch"])
    assert "of the " in capsys.readouterr().out.splitlines()[-1]


# --- folders of the rule before ------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that was made when the other grids kept every cell with the named values."""
    with monkeypatch.context() as patch:
        patch.setattr(grids, "parts", lambda *given: old_selection.parts(*given[:3]))
        run(tmp_path / "old")
    return tmp_path / "old"


def run(out: Path) -> None:
    words = ["run", "fluctuation", "--set", "activation=relu", "--frameworks", "numpy"]
    more = ["--profile", "quick", "--seeds", "2", "--no-report", "--jobs", "1", "--out", str(out)]
    assert main([*words, *more]) == 0


def test_a_folder_of_the_old_rule_is_judged_and_compared(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = pd.read_csv(old / "fluctuation" / "runs.csv")
    run(tmp_path / "new")
    assert len(stored) > len(pd.read_csv(tmp_path / "new" / "fluctuation" / "runs.csv"))
    capsys.readouterr()
    shutil.copytree(old, tmp_path / "judged")
    assert main(["check", str(tmp_path / "judged"), "--out", str(tmp_path / "judged")]) in (0, 4)
    assert "missing" not in capsys.readouterr().err
    before, after = (pd.read_csv(f / "claims.csv") for f in (old, tmp_path / "judged"))
    pd.testing.assert_frame_equal(before, after)
    assert main(["compare", str(tmp_path / "new"), str(old), "--fail-on", "never"]) == 0
    assert "same" in capsys.readouterr().out


def test_what_a_folder_of_the_old_rule_lacks_is_counted(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = old / "fluctuation" / "runs.csv"
    runs.write_text("".join(runs.read_text("utf-8").splitlines(keepends=True)[:-2]), "utf-8")
    capsys.readouterr()
    assert main(["check", str(old)]) == 3
    assert "2 runs of fluctuation are missing; which ones is unknown" in capsys.readouterr().err
