"""The table of defaults: laws are recognised, numbers are measured, and what is stored is so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from benchmarks.defaults import behaviour
from benchmarks.defaults.__main__ import PAGE, installed, measured, stored, table
from benchmarks.defaults.libraries import LIBRARIES
from benchmarks.defaults.recognise import recognised
from benchmarks.defaults.shapes import DENSE, INPUTS, OUTPUTS
from suite.catalogue import activations, optimizers
from suite.catalogue.frameworks import Formulas
from suite.types import Array

SHAPE = (INPUTS, OUTPUTS)
STANDARD = {
    "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
    "normal": stats.norm(),
    "truncated normal": stats.truncnorm(-2, 2, scale=1 / stats.truncnorm(-2, 2).std()),
    "truncated normal, not widened": stats.truncnorm(-2, 2),
}


@pytest.mark.parametrize("shape", STANDARD)
@pytest.mark.parametrize("words", DENSE)
def test_a_law_is_recognised(shape: str, words: str) -> None:
    values = STANDARD[shape].rvs(20_000, random_state=np.random.default_rng(1))
    assert recognised(np.sqrt(DENSE[words]) * values, DENSE) == f"{shape}, {words}"


def test_a_law_that_is_not_listed_is_described() -> None:
    """The mistakes: 3 % more variance, another shape."""
    rng = np.random.default_rng(1)
    wide = recognised(np.sqrt(1.03 / INPUTS) * rng.normal(size=SHAPE), DENSE)
    assert wide.startswith("variance 0.0025")
    assert "kurtosis 3.0" in wide
    assert recognised(rng.laplace(size=SHAPE), DENSE).startswith("variance 2")


def test_numbers_and_orthogonal_kernels_are_recognised() -> None:
    assert recognised(np.zeros(5), DENSE) == "0"
    assert recognised(np.repeat([0.0, 1.0], 4), DENSE) == "0 and 1"
    square = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 20)))[0]
    assert recognised(square, DENSE) == recognised(square.T, DENSE) == "orthogonal"
    assert recognised(1.01 * square, DENSE) != "orthogonal"


def steps_of(name: str, form: Formulas) -> behaviour.Steps:
    def taken(gradients: Sequence[float]) -> Sequence[float]:
        step = optimizers.resolve(name).step(form)
        return [float(step(np.array(gradient))) for gradient in gradients]

    return taken


FORMS: tuple[Formulas, ...] = ("torch", "keras")


@pytest.mark.parametrize("form", FORMS)
def test_the_numbers_of_an_optimizer_are_measured(form: Formulas) -> None:
    """Of the catalogue's formulas, in both places of epsilon."""
    assert behaviour.rate(steps_of("sgd(0.03)", form)) == pytest.approx(0.03)
    adam = steps_of("adam(0.002, 0.9, 0.99, 1e-6)", form)
    assert behaviour.adam_rate(adam) == pytest.approx(0.002, rel=1e-6)
    floor = 1e-6 if form == "torch" else 1e-5  # epsilon / sqrt(1 - 0.99)
    assert behaviour.adam_floor(adam) == pytest.approx(floor, rel=1e-3)
    rmsprop = steps_of("rmsprop(0.004, 0.95, 1e-6)", form)
    assert behaviour.rmsprop_decay(rmsprop) == pytest.approx(0.95, rel=1e-6)
    assert behaviour.rmsprop_rate(rmsprop) == pytest.approx(0.004, rel=1e-6)
    floor = 1e-6 if form == "torch" else 1e-3
    assert behaviour.rmsprop_floor(rmsprop) == pytest.approx(floor, rel=1e-3)


def test_the_numbers_of_layers_are_measured() -> None:
    def normalised(x: Array) -> Array:
        return np.asarray(x / np.sqrt(x.var(axis=0) + 3e-5))

    assert behaviour.epsilon(normalised) == pytest.approx(3e-5, rel=1e-3)
    exact = activations.resolve("gelu").value
    assert behaviour.gelu_form(exact) == "exact"
    inner = np.sqrt(2 / np.pi)
    assert (
        behaviour.gelu_form(lambda x: 0.5 * x * (1 + np.tanh(inner * (x + 0.044715 * x**3))))
        == "tanh"
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_is_stored_is_measured(library: str) -> None:
    """Of the libraries that are installed here in the stored versions."""
    rows = [row for row in stored() if row[0] == library]
    assert rows
    if not installed(library):
        pytest.skip(f"{library} is not installed; tox -e defaults installs it")
    again = measured(library)
    if again[0][1] != rows[0][1]:
        pytest.skip(f"stored are {rows[0][1]}, installed {again[0][1]}")
    assert again == rows


def test_the_page_has_the_table() -> None:
    assert table(stored()) in PAGE.read_text(encoding="utf-8")
