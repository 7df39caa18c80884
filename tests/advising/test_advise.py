"""Advice from stored runs: what is ranked, what is not known, and what it says of a start."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.advising import Advice, Option, Question, background, evidence, show_advice
from suite.advising.advise import command, expected
from suite.api.advise import advise as ask
from suite.catalogue import activations, initializers
from suite.catalogue.frameworks import installed
from suite.commands import main as commands
from tests.advising.folders import folder, rows
from tests.support import HERE, ROOT

REFERENCE = ROOT / "results" / "reference" / "standard"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own results are those of an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed without its reference."""
    monkeypatch.setattr(evidence, "shipped", lambda: None)


def starts(options: tuple[Option, ...]) -> list[str]:
    return [str(option.cell["initializer"]) for option in options]


def test_the_reference_answers_for_a_framework_with_rmsprop_in_narrow_layers() -> None:
    """GELU, 16 layers, Keras, RMSprop: He's start learns and the default one does not."""
    advice = ask(
        activation="gelu",
        depth=16,
        width=5,
        framework="tensorflow",
        optimizer="rmsprop",
        task="circles",
        folders=[REFERENCE],
    )
    (ranking,) = advice.rankings
    groups = {str(option.cell["initializer"]): option.group for option in ranking.known}
    assert (groups["he_normal"], groups["default"]) == (1, 2)
    best = ranking.known[0]
    assert best.distances == ()
    assert best.theory is not None
    assert best.signals is not None
    assert best.signals.width == 256
    assert best.code is not None
    assert best.code.startswith("keras.layers.Dense(5, ")
    assert "Keras' default" in ranking.defaults[0]


@pytest.mark.usefixtures("alone")
def test_options_are_ranked_by_share_and_then_by_epochs(tmp_path: Path) -> None:
    tables = [
        rows([0.99] * 40, initializer="orthogonal").assign(first_epoch_95=30.0),
        rows([0.99] * 40, initializer="he_normal").assign(first_epoch_95=20.0),
        rows([0.5] * 40, initializer="default").assign(first_epoch_95=np.inf),
        rows([0.99] * 38 + [0.5] * 2, initializer="xavier_uniform"),
    ]
    path = folder(tmp_path / "a", practice=pd.concat(tables))
    advice = ask(
        activation="gelu",
        depth=16,
        width=5,
        framework="torch",
        optimizer="adam",
        task="circles",
        folders=[path],
    )
    (ranking,) = advice.rankings
    assert starts(ranking.known) == ["he_normal", "orthogonal", "xavier_uniform", "default"]
    assert [option.group for option in ranking.known] == [1, 1, 1, 2]
    assert [option.decided_with is None for option in ranking.known] == [True, True, False, True]
    first = ranking.known[0]
    assert (first.learned, first.n, first.epochs.estimate) == (40, 40, 20.0)
    assert first.share.low == pytest.approx(0.025 ** (1 / 40))  # Clopper and Pearson, all of 40
    assert first.sources == (f"{path}: practice",)
    assert re.search("without its reference", " ".join(advice.notes))


@pytest.mark.usefixtures("alone")
def test_what_is_far_is_not_known(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", practice=rows([0.99] * 20))
    advice = ask(activation="gelu", depth=30, width=5, framework="torch", folders=[path])
    (ranking,) = advice.rankings
    assert ranking.known == ()
    assert starts(ranking.unknown) == ["he_normal"]
    text = show_advice.text(advice)
    assert "Not known: no stored evidence is near enough." in text
    assert "depth 16 for 30 (x 0.533)" in text


@pytest.mark.usefixtures("alone")
def test_the_nearest_evidence_counts(tmp_path: Path) -> None:
    """Near before far; of two that are near, the nearer one, whatever its share."""
    tables = [rows([0.99] * 20, depth=depth) for depth in (4, 24)]
    tables += [rows([0.5] * 20, depth=18)]
    path = folder(tmp_path / "a", practice=pd.concat(tables))
    advice = ask(activation="gelu", depth=20, width=5, framework="torch", folders=[path])
    (option,) = advice.rankings[0].known
    assert (option.cell["depth"], option.learned) == (18, 0)


@pytest.mark.usefixtures("alone")
def test_what_is_left_open_is_ranked(tmp_path: Path) -> None:
    tables = [
        rows([0.99] * 20, framework=framework, activation=activation)
        for framework in ("torch", "tensorflow")
        for activation in ("relu", "gelu")
    ]
    path = folder(tmp_path / "a", practice=pd.concat(tables))
    (ranking,) = ask(depth=16, width=5, folders=[path]).rankings
    kinds = {(option.cell["framework"], option.cell["activation"]) for option in ranking.known}
    assert len(kinds) == len(ranking.known) == 4


@pytest.mark.usefixtures("alone")
def test_an_open_depth_has_a_ranking_for_each(tmp_path: Path) -> None:
    tables = [rows([0.99] * 20, depth=depth) for depth in (4, 16)]
    path = folder(tmp_path / "a", practice=pd.concat(tables))
    rankings = ask(activation="gelu", width=5, framework="torch", folders=[path]).rankings
    assert [ranking.setting["depth"] for ranking in rankings] == [4, 16]
    assert all(ranking.known[0].distances == () for ranking in rankings)


@pytest.mark.usefixtures("alone")
def test_an_activation_without_a_network_is_not_known(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", practice=rows([0.99]))
    advice = ask(activation="mish", depth=16, width=5, folders=[path])
    assert "no stored network has the activation mish" in advice.notes
    assert "Not known" in show_advice.text(advice)


def test_theory_says_what_a_start_does() -> None:
    kept = background.theory("relu", "he_normal", "torch", 16, 4096)
    lost = background.theory("gelu", "default", "tensorflow", 16, 64)
    grown = background.theory("relu", "normal(1)", "torch", 16, 64)
    assert kept is not None
    assert lost is not None
    assert grown is not None
    assert kept.opinion == "keeps signal and gradient"
    assert lost.opinion == "signal and gradient vanish"
    assert lost.weight == pytest.approx(1.0)
    assert grown.opinion == "signal and gradient explode"
    sigmoid = background.theory("sigmoid", "xavier_normal", "torch", 16, 64)
    assert sigmoid is not None
    assert sigmoid.opinion == "gradient vanishes"


def test_theory_is_silent_about_networks_with_normalization() -> None:
    advice = ask(activation="tanh", depth=4, width=5, normalization="batch", folders=[REFERENCE])
    options = [option for ranking in advice.rankings for option in ranking.options]
    assert options
    assert {option.theory for option in options} == {None}
    assert all(ranking.defaults == () for ranking in advice.rankings)


CODED = [name for name in initializers.every() if name != "constant(0.5)"]


@pytest.mark.parametrize("framework", HERE)
def test_the_line_of_code_makes_that_start(framework: str) -> None:
    """Run it, and compare the spread of the kernel with the law of the catalogue."""
    made = 0
    for name in CODED:
        line = background.code(framework, "gelu", name, 64)
        if line is None or name == "zeros":
            continue
        made += 1
        if framework == "torch":
            import torch

            scope: dict[str, object] = {"torch": torch, "layer": torch.nn.Linear(64, 64)}
            exec(line, scope)
            layer = scope["layer"]
            kernel = layer.weight.detach().numpy()  # type: ignore[attr-defined]
        elif framework == "jax":
            import flax.nnx
            import jax

            kernel = np.asarray(eval(line, {"flax": flax, "jax": jax}).kernel[...])
        else:
            import keras  # type: ignore[import-untyped]  # it ships no types

            layer = eval(line, {"keras": keras})
            layer.build((None, 64))
            kernel = np.asarray(layer.kernel)
            assert layer.activation is keras.activations.gelu
        law = initializers.resolve(name).law(framework)
        assert kernel.var() == pytest.approx(law.variance(64, 64), rel=0.15), name
    assert made > 10


PLAIN = [entry.name for entry in activations.ACTIVATIONS if not entry.parameters]


@pytest.mark.skipif("tensorflow" not in installed(), reason="needs Keras")
@pytest.mark.parametrize("name", PLAIN)
def test_the_line_of_code_has_the_activation_that_was_measured(name: str) -> None:
    """Keras' own arguments are left to Keras: they must be those that the suite sets."""
    import keras

    line = background.code("tensorflow", name, "zeros", 3)
    assert line is not None
    x = np.linspace(-3, 3, 13, dtype=np.float32)
    given = np.asarray(eval(line, {"keras": keras}).activation(x))
    np.testing.assert_allclose(given, activations.resolve(name).value(x), atol=1e-6)


def test_the_line_of_code_has_the_parameters_of_the_activation() -> None:
    line = background.code("tensorflow", "leaky_relu(0.2)", "he_normal", 64)
    assert line is not None
    assert "lambda x: keras.activations.leaky_relu(x, negative_slope=0.2)" in line


def test_the_command_measures_what_was_asked_and_no_more() -> None:
    question = Question("gelu", 20, 64, "tensorflow", "adam", "digits", "batch", True)
    words = command(question)
    parsed = commands.parser().parse_args(list(words))
    assert parsed.studies == ["practice"]
    runs, seconds = expected(words)
    assert runs == 4 * 40  # initializers times seeds
    assert seconds > 1
    from suite.commands.selection import selected_plan

    (stacks,) = selected_plan(parsed).stacks.values()
    cells = {member.cell for stack in stacks for member in stack.members}
    for axis, value in (
        ("framework", "tensorflow"),
        ("activation", "gelu"),
        ("depth", 20),
        ("width", 64),
        ("optimizer", "adam"),
        ("dataset", "digits"),
        ("normalization", "batch"),
        ("residual", 1.0),
        ("case", "given"),
    ):
        assert {cell[axis] for cell in cells} == {value}, axis


# --- the command line --------------------------------------------------------------------------

ASKED = ["--activation", "gelu", "--depth", "16", "--width", "5", "--framework", "tensorflow"]


def test_json_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["advise", *ASKED, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    options = content["rankings"][0]["options"]
    assert {"known", "opinion", "code", "share", "group"} <= set(options[0])
    assert content["command"].startswith("suite run practice")
    assert "within a factor of" in content["rule"]


def test_markdown_has_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["advise", *ASKED, "--markdown"]) == 0
    text = capsys.readouterr().out
    assert "| rank | start |" in text or "| start | learned |" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--activation", "gleu"], "did you mean 'gelu'"),
        (["--depth", "many"], "whole numbers"),
        (["--from", "nowhere"], "is not a results folder"),
        (["--optimizer", "adm"], "did you mean 'adam'"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["advise", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("alone")
def test_measure_says_how_long_it_takes_then_measures_and_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given: list[list[str]] = []
    plain = commands.main

    def run(words: list[str]) -> int:
        given.append(list(words))
        assert "measuring 480 runs: about" in capsys.readouterr().err
        folder(Path("results/advice"), practice=rows([0.99] * 40, framework="tensorflow"))
        return 0

    monkeypatch.setattr(commands, "main", run)
    assert plain(["advise", *ASKED, "--measure", "--jobs", "2"]) == 0
    assert given[0][:2] == ["run", "practice"]
    assert "40" in capsys.readouterr().out
    assert plain(["advise", *ASKED, "--measure"]) == 2  # the folder is there now
    assert len(given) == 1


def test_the_function_answers_as_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    advice = ask(activation="gelu", depth=16, width=5, framework="tensorflow")
    assert isinstance(advice, Advice)
    assert commands.main(["advise", *ASKED]) == 0
    assert capsys.readouterr().out == show_advice.text(advice) + "\n"
