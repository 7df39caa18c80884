"""``suite compare DIR --by framework --attribute``, and --by with more than two frameworks: what is
printed, what is refused, what the page says."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import suite
from suite.catalogue.frameworks import FRAMEWORKS, Entry
from suite.commands.main import main
from suite.comparing.attribution import ATTRIBUTION, COLUMNS
from suite.report.attribution import attributed
from suite.results.tables import read_table
from tests.comparing.test_compare_folders import folder

FIVE = ("torch", "keras_torch", "tensorflow", "keras_jax", "jax")
EPSILON = {"activation": "gelu", "depth": 16}
"""A cell in which RMSprop's epsilon decides, by the explanations of the study training."""


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue know Keras on torch and on JAX, also where it does not yet."""
    for name, backend in (("keras_torch", "torch"), ("keras_jax", "jax")):
        if name not in FRAMEWORKS:
            entry = Entry(name, "", (), None, api="keras", backend=backend)
            monkeypatch.setitem(FRAMEWORKS._entries, name, entry)


def runs(frameworks: tuple[str, ...] = FIVE) -> pd.DataFrame:
    """Return runs in which torch alone learns with GELU (the API), and TensorFlow alone is lower
    with ELU (the backend)."""
    rng = np.random.default_rng(0)
    rows = []
    for activation, depth in (("gelu", 16), ("elu", 4)):
        for seed in range(20):
            start = rng.uniform(0.9, 0.95)
            for name in frameworks:
                fails = name != "torch" if activation == "gelu" else name == "tensorflow"
                value = start - 0.3 * fails
                rows.append((name, activation, "he_normal", depth, seed, "ok", "", value))
    head = ["framework", "activation", "initializer", "depth", "seed", "status", "reason"]
    return pd.DataFrame(rows, columns=[*head, "heldout_accuracy"])


@pytest.fixture
def five(tmp_path: Path) -> Path:
    return folder(tmp_path / "five", runs(), [], frameworks=[*FIVE])


def asked(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = main(["compare", *map(str, words)])
    return code, capsys.readouterr().out


def test_each_difference_is_named_in_words(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = asked(capsys, five, "--by", "framework", "--attribute")
    assert code == 0
    lines = [" ".join(line.split()) for line in text.splitlines()]
    title = "torch -> keras_torch (API) -> tensorflow (backend): 2 differences, API 1, backend 1"
    assert title in lines
    assert "RMSprop's epsilon API API 1 jax as tensorflow 1, keras_jax as tensorflow 1" in lines
    assert any(line.startswith("training heldout_accuracy backend backend 1") for line in lines)
    second = "tensorflow -> keras_jax (backend) -> jax (API): 1 difference, backend 1"
    assert second in lines
    assert max(map(len, text.splitlines())) <= 120


def test_other_forms(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (five, "--by", "framework", "--attribute")
    content = json.loads(asked(capsys, *words, "--json")[1])
    assert [chain["middle"] for chain in content["chains"]] == ["keras_torch", "keras_jax"]
    assert content["subjects"][0]["whose"] in ("API", "backend")
    assert len(content["differences"]) == 3
    rows = list(csv.DictReader(io.StringIO(asked(capsys, *words, "--csv")[1])))
    assert list(rows[0]) == [*COLUMNS]
    assert {row["whose"] for row in rows} == {"API", "backend"}
    assert "<details><summary>torch" in asked(capsys, *words, "--markdown")[1]
    one = json.loads(
        asked(capsys, five, "--by", "framework=tensorflow,jax", *words[-1:], "--json")[1]
    )
    assert [chain["a"] for chain in one["chains"]] == ["tensorflow"]
    some = asked(capsys, *words, "--set", "activation=elu", "--csv")[1]
    assert {row["cell"] for row in csv.DictReader(io.StringIO(some))} == {
        "activation=elu initializer=he_normal depth=4"
    }


def test_the_same_in_python(five: Path) -> None:
    found = suite.attribute(five, set={"activation": "gelu"})
    assert list(found.rows["whose"]) == ["API"]
    assert found.rows["subject"].iloc[0] == "RMSprop's epsilon"
    assert [
        chain.middle for chain in suite.attribute(five, between=("torch", "tensorflow")).chains
    ] == ["keras_torch"]


REFUSED: list[tuple[list[str], list[str]]] = [
    (
        ["{two}", "--by", "framework"],
        ["lacks keras_torch, which stands between torch and", "suite run"],
    ),
    (["{two}", "--by", "framework=torch,tensorflow"], ["lacks keras_torch"]),
    (["{five}"], ["--attribute needs --by framework"]),
    (["{five}", "{two}", "--by", "framework"], ["one folder"]),
    (["{five}", "--by", "activation"], ["--by activation was given", "--by framework"]),
    (["{five}", "--by", "framwork"], ["framwork", "framework"]),
    (["{five}", "--by", "framework=torch"], ["name two frameworks"]),
    (["{five}", "--by", "framework=torch,torch"], ["name two frameworks"]),
    (["{five}", "--by", "framework=torch,keras_torch"], ["have the same backend"]),
    (["{five}", "--by", "framework=tensorflow,keras_torch"], ["have the same API"]),
    (["{five}", "--by", "framework=torch,jax"], ["no framework of the suite has the API of"]),
    (["{five}", "--by", "framework=torch,tensorflw"], ["tensorflw", "tensorflow"]),
    (["{five}", "--by", "framework", "--set", "framework=torch"], ["leave --set framework"]),
    (["{five}", "--by", "framework", "--studies", "trainig"], ["trainig", "training"]),
    (["{five}", "--by", "framework", "--allow-missing", "seeds"], ["no --allow-missing"]),
    (["{alone}", "--by", "framework"], ["needs two frameworks and the one between"]),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_split_is_one_line(
    words: list[str], said: list[str], five: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = folder(five.parent / "two", runs(("torch", "tensorflow")), [])
    alone = folder(five.parent / "alone", runs(("torch",)), [], frameworks=["torch"])
    given = [word.format(five=five, two=two, alone=alone) for word in words]
    assert main(["compare", *given, "--attribute"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    for text in said:
        assert text in line


def test_the_command_measures_the_same_run_with_all_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "suite run training --profile quick --frameworks torch,tensorflow --out=x --seeds 20"
    two = folder(tmp_path / "two", runs(FIVE[::2]), [], command=command.split())
    assert main(["compare", str(two), "--by", "framework", "--attribute"]) == 2
    wanted = "suite run training --profile quick --seeds 20"
    wanted += " --frameworks torch,tensorflow,jax,keras_torch"
    assert capsys.readouterr().err.strip().endswith(wanted)


def test_a_chain_whose_middle_is_lacking_is_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    four = tuple(name for name in FIVE if name != "keras_jax")
    stored = folder(tmp_path / "four", runs(four), [], frameworks=[*four])
    text = asked(capsys, stored, "--by", "framework", "--attribute")[1]
    assert text.splitlines()[-1] == "tensorflow and jax are not split: that takes keras_jax too"


def test_the_page_reads_what_the_run_wrote(five: Path) -> None:
    assert attributed(five, ["training"]) == []
    found = suite.attribute(five).rows
    found.to_csv(five / ATTRIBUTION, index=False, lineterminator="\n")
    assert list(read_table(five / ATTRIBUTION).columns) == [*COLUMNS]
    torch, jax = attributed(five, ["training"])
    assert (torch.a, torch.middle, torch.b) == FIVE[:3]
    assert torch.counts == "2 differences between torch and tensorflow: API 1, backend 1."
    assert ("RMSprop's epsilon", "API") in [row[:2] for row in torch.subjects]
    row = next(one for one in torch.rows if one.row["whose"] == "API")
    assert row.address.startswith("explore&study=training&metric=heldout_accuracy")
    assert row.api == "−0.3 [−0.3, −0.3]"
    assert row.backend == "0 [0, 0]"
    assert jax.counts.startswith("1 difference between tensorflow and jax")


# --- several frameworks without --attribute -------------------------------------------------------


def test_more_than_two_frameworks_are_compared_each_with_each(
    five: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (five, "--by", "framework", "--fail-on", "never")
    code, text = asked(capsys, *words)
    assert code == 0
    assert text.count("\nA  framework=") == 10
    head, *pairs = text.splitlines()[:11]
    assert head.split()[:3] == ["A", "B", "worsened"]
    assert {line.split()[0] for line in pairs} == {f"framework={name}" for name in FIVE[:-1]}
    content = json.loads(asked(capsys, *words, "--json")[1])
    assert len(content["comparisons"]) == 10
    rows = list(csv.DictReader(io.StringIO(asked(capsys, *words, "--csv")[1])))
    sides = {(row["side_a"], row["side_b"]) for row in rows}
    assert ("framework=torch", "framework=jax") in sides
    assert len(sides) == 10
    three = asked(capsys, five, "--by", "framework=jax,torch,tensorflow", *words[3:])[1]
    assert three.count("\nA  framework=") == 3
    assert asked(capsys, five, "--by", "framework", "--fail-on", "worse")[0] == 1


def test_two_frameworks_are_compared_as_before(
    five: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(capsys, five, "--by", "framework=torch,jax", "--fail-on", "never")[1]
    assert text.startswith("A  framework=torch in ")
    comparison: Any = suite.compare(five, by={"framework": ("torch", "jax")})
    assert len(comparison.moved) == 1
    with pytest.raises(suite.UserError, match="more than two values, name two of them"):
        suite.compare(five, by="framework")
