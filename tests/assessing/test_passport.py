"""The battery and the passport of an item, from rows that are made up."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from suite.assessing import battery, show_passport
from suite.assessing.battery import Subject, subject
from suite.assessing.cost import Cost
from suite.assessing.passport import Passport, passport
from suite.assessing.ranking import rank
from suite.assessing.variance_map import variance_map
from suite.catalogue.activations import resolve
from suite.commands import assess
from suite.commands.main import main
from suite.commands.run import contracts, pipeline
from suite.judging.summary import summary
from suite.results.folder import Results
from suite.types import Array, UserError
from tests.support.plugins import SNAKE

SEEDS = 40


def training(accuracies: dict[tuple[str, str, int], Array]) -> pd.DataFrame:
    """Runs of the study training: (activation, initializer, depth) -> accuracy by seed."""
    rows = [
        {
            "framework": framework,
            "activation": activation,
            "initializer": initializer,
            "depth": depth,
            "width": 5,
            "optimizer": "adam",
            "weights": "native",
            "settings": "common",
            "dataset": "circles",
            "seed": seed,
            "status": "ok",
            "reason": "",
            "heldout_accuracy": accuracy,
        }
        for framework in ("torch", "tensorflow")
        for (activation, initializer, depth), values in accuracies.items()
        for seed, accuracy in enumerate(values)
    ]
    return pd.DataFrame(rows)


def folder_of(tmp_path: Path, name: str = "mish") -> Path:
    """A folder in which mish is above relu at depth 4, with He's start alone, and like it at 16."""
    luck = np.random.default_rng(1).normal(0.0, 0.02, SEEDS)
    runs = training(
        {
            (name, "he_normal", 4): 0.97 + 0.01 * luck,
            (name, "default", 4): np.full(SEEDS, 0.5),
            ("relu", "he_normal", 4): 0.9 + luck,
            ("relu", "default", 4): 0.8 + luck,
            (name, "he_normal", 16): 0.9 + luck,
            ("relu", "he_normal", 16): 0.9 + luck[::-1],
        }
    )
    (tmp_path / "training").mkdir(parents=True)
    runs.to_csv(tmp_path / "training" / "runs.csv", index=False)
    summary({"training": runs}).to_csv(tmp_path / "summary.csv", index=False)
    return tmp_path


def made(tmp_path: Path) -> Passport:
    costs = {"torch": {"mish": Cost(2.0, 4.0), "relu": Cost(1.0, 1.0)}}
    return passport(Subject("activation", "mish", ("relu",)), folder_of(tmp_path), costs)


def records(given: Passport, start: str) -> list[dict[str, object]]:
    (section,) = [each for each in given.sections if each.title.startswith(start)]
    return [dict(record) for record in section.records]


def test_a_passport_says_where_networks_learn_and_how_deep(tmp_path: Path) -> None:
    rows = records(made(tmp_path), "Training")
    he = {row["framework"]: row for row in rows if row["initializer"] == "he_normal"}
    assert set(he) == {"torch", "tensorflow"}
    assert str(he["torch"]["4 layers"]).startswith("1 [0.9")
    assert he["torch"]["most learn up to"] == "4 layers"
    (default,) = [
        row for row in rows if row["initializer"] == "default" and row["framework"] == "torch"
    ]
    assert default["most learn up to"] == "none tried"


def test_a_rank_is_decided_where_paired_seeds_decide_it(tmp_path: Path) -> None:
    rows = {
        row["layers"]: row for row in records(made(tmp_path), "Rank") if row["framework"] == "torch"
    }
    assert rows[4]["rank"] == "1 of 2"
    assert rows[4]["its initializer"] == "he_normal"
    assert rows[16]["rank"] == "1 to 2 of 2"
    assert "seeds)" in str(rows[16]["accuracy above relu"]) or "alike" in str(
        rows[16]["accuracy above relu"]
    )


def test_pairs_see_what_unpaired_scores_would_not() -> None:
    """A small gain on every seed beside a large spread between seeds."""
    spread = np.random.default_rng(0).normal(0.0, 0.2, 20)
    found = rank("a", {"a": spread + 0.01, "b": spread, "c": spread[::-1]}, comparisons=2)
    assert found.pairs["b"].difference.low > 0
    assert (found.best, found.worst) == (1, 2)
    assert found.pairs["c"].difference.low < 0 < found.pairs["c"].difference.high


def test_the_seeds_that_would_decide_grow_with_the_square_of_the_spread() -> None:
    half = np.random.default_rng(2).normal(0.0, 1.0, 30)
    noise = np.concatenate([half, -half])  # its median is 0
    small = rank("a", {"a": 0.2 + noise, "b": 0 * noise}, 1).pairs["b"]
    large = rank("a", {"a": 0.2 + 4 * noise, "b": 0 * noise}, 1).pairs["b"]
    assert small.difference.low < 0 < small.difference.high
    assert small.seeds is not None
    assert large.seeds is not None
    assert large.seeds > 4 * small.seeds


def test_costs_are_ratios_to_the_item(tmp_path: Path) -> None:
    rows = {row["activation"]: row for row in records(made(tmp_path), "Cost")}
    assert rows["relu"]["mish / this one, forward"] == 2.0
    assert rows["relu"]["mish / this one, backward"] == 4.0
    assert rows["mish"]["mish / this one, backward"] == 1.0


@pytest.mark.parametrize(
    ("name", "words"),
    [("relu", "every q stays"), ("tanh", "attracts"), ("gelu", "repels"), ("silu", "repels")],
)
def test_the_variance_map_says_whether_a_gain_holds(name: str, words: str) -> None:
    assert words in variance_map(resolve(name)).verdict


def test_the_fixed_points_of_he_kernels_are_those_of_theory() -> None:
    """tanh with gain sqrt(2) settles where E[tanh(sqrt(q) z)^2] = q/2, at 0.618 by quadrature."""
    (point,) = variance_map(resolve("tanh")).points["he_normal"]
    z = np.random.default_rng(0).standard_normal(1_000_000)
    assert 2 * np.mean(np.tanh(np.sqrt(point.q) * z) ** 2) == pytest.approx(point.q, rel=5e-3)
    assert point.response < 1


def test_a_subject_is_found_in_its_catalogue_and_not_compared_with_itself() -> None:
    assert subject("relu").against == ("gelu", "tanh")
    assert subject("leaky_relu(.01)", ["relu", "leaky_relu"]) == Subject(
        "activation", "leaky_relu", ("relu",)
    )
    assert subject("he_normal").kind == "initializer"
    assert subject("batch").kind == "normalization"


@pytest.mark.parametrize(
    ("name", "against", "words"),
    [
        ("gleu", None, "did you mean 'gelu'"),
        ("relu", ["he_normal"], "unknown activation 'he_normal'"),
        ("relu", ["relu"], "nothing but 'relu' itself"),
        ("leaky_relu(x)", None, "not a finite number"),
    ],
)
def test_an_unknown_subject_is_an_error(name: str, against: list[str] | None, words: str) -> None:
    with pytest.raises(UserError, match=words.replace("(", r"\(")):
        subject(name, against)


@pytest.mark.parametrize("name", ["mish", "lecun_normal", "layer"])
def test_a_battery_measures_the_item_and_the_others_alike(name: str) -> None:
    chosen = subject(name)
    plan = battery.plan(chosen, ("torch", "tensorflow"))
    axis = battery.KINDS[chosen.kind].axis
    for study, stacks in plan.stacks.items():
        members = [member.cell for stack in stacks for member in stack.members]
        field = "formula" if study == "numerics" else axis
        measured = {cell[field] for cell in members}
        assert set(chosen.names) - {"none"} <= measured, study
    assert plan.shortest(2) < 180, "a battery takes less than three minutes"


def test_the_page_shows_a_hostile_name_as_text(tmp_path: Path) -> None:
    given = made(tmp_path)
    hostile = Passport(
        Subject("activation", "<script>alert(1)</script>", ("relu",)),
        "<b>bold</b>",
        given.folder,
        given.sections,
    )
    html = show_passport.page(hostile, {'"><img src=x>': "AAAA"})
    assert "<script>alert" not in html
    assert "<b>bold" not in html
    assert "<img src=x" not in html


def test_infinite_numbers_are_text_in_json(tmp_path: Path) -> None:
    text = json.dumps(show_passport.values(made(tmp_path)), allow_nan=False)
    assert json.loads(text)["item"] == "mish"


def test_the_command_assesses_an_item_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but the measuring: that is `suite run`, and the timing of two functions."""
    file = tmp_path / "my.py"
    file.write_text(SNAKE)

    def execute(plan: object, command: object, results: Results, *rest: object, **more: object):  # type: ignore[no-untyped-def]
        folder_of(results.folder, "my:snake")
        return SimpleNamespace(judged=SimpleNamespace(code=0))

    monkeypatch.setattr(pipeline, "execute", execute)
    monkeypatch.setattr(contracts, "admitted", lambda plan, skip, told: plan)
    monkeypatch.setattr(
        "suite.assessing.cost.costs",
        lambda framework, names, sources: {name: Cost(1.0, 1.0) for name in names},
    )
    out = tmp_path / "out"
    assert main(["assess", f"{file}:snake", "--against", "relu", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("my:snake: activation")
    assert sorted(path.name for path in out.glob("passport.*")) == [
        "passport.html",
        "passport.json",
        "passport.md",
    ]
    assert main(["assess", f"{file}:snail", "--out", str(out)]) == 2
    assert "did you mean 'my:snake'" in capsys.readouterr().err


def test_a_folder_is_named_by_the_item() -> None:
    assert assess._file_name("my:snake(0.5)") == "my-snake-0.5"
