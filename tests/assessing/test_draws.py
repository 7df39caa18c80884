"""The contracts of initializers, data sets and normalizations, on right and wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from suite import frameworks
from suite.assessing import draws, layers
from suite.catalogue import laws, scalings
from suite.catalogue.datasets import DATASETS
from suite.catalogue.initializers import INITIALIZERS
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.plugins.loading import forget


def brought(catalogue: Any, entry: Any, ask: Callable[[str], Any]) -> list[str]:
    """Return what a contract says of an entry that is in its catalogue for this call."""
    catalogue.bring(replace(entry, name="my:item"))
    try:
        return list(ask("my:item"))
    finally:
        catalogue.take_away("my:item")
        forget()


HE = INITIALIZERS["he_normal"]
VARIANCE = scalings.he(0.0)
LAWS: dict[str, tuple[Callable[..., laws.Law], str]] = {
    "twice the variance": (
        lambda slope: laws.Normal(scalings.scaled(4.0, "fan_in")),
        "mean square",
    ),
    "the other fan": (lambda slope: laws.Normal(scalings.scaled(2.0, "fan_out")), "mean square"),
    "uniform": (lambda slope: laws.Uniform(VARIANCE), "another law"),
    "truncated": (lambda slope: laws.TruncatedNormal(VARIANCE), "another law"),
}


@pytest.mark.parametrize("case", LAWS)
def test_a_law_that_is_not_that_of_the_draws(case: str) -> None:
    law, said = LAWS[case]
    torch = frameworks.load("torch")
    assert brought(INITIALIZERS, HE, lambda name: draws.initializer(name, torch)) == []
    (line,) = brought(
        INITIALIZERS, replace(HE, law=law), lambda name: draws.initializer(name, torch)
    )
    assert said in line


def test_a_draw_that_does_not_depend_on_its_seed_alone() -> None:
    torch = frameworks.load("torch")

    def unseeded(weight: Any, generator: Any) -> None:
        weight.normal_(0.0, (2.0 / weight.shape[1]) ** 0.5)

    wrong = replace(HE, native=lambda slope: {"torch": (unseeded, {})})
    (line,) = brought(INITIALIZERS, wrong, lambda name: draws.initializer(name, torch))
    assert "a draw must depend on its seed alone" in line


CIRCLES = DATASETS["circles"]
DATA: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "another size": (lambda x, y: (x[:10], y[:10]), "inputs have the shape (10, 2)"),
    "double": (lambda x, y: (x.astype(float), y), "inputs are float64, not float32"),
    "a hole": (lambda x, y: (np.where(x == x[0], np.nan, x), y), "inputs have nan at (0, 0)"),
    "one class": (lambda x, y: (x, 0 * y), "needs 0 to 1, each of them"),
}


@pytest.mark.parametrize("case", DATA)
def test_a_wrong_data_set(case: str) -> None:
    change, said = DATA[case]
    wrong = replace(CIRCLES, draw=lambda *given: change(*CIRCLES.draw(*given)))
    assert brought(DATASETS, CIRCLES, draws.dataset) == []
    (line,) = brought(DATASETS, wrong, draws.dataset)
    assert said in line


def test_data_that_ignore_the_seed_or_the_split() -> None:
    wrong = replace(CIRCLES, draw=lambda root, seed, split: CIRCLES.draw(root, 0, split))
    assert "seeds 0 and 1 draw the same points" in brought(DATASETS, wrong, draws.dataset)[0]
    wrong = replace(CIRCLES, draw=lambda root, seed, split: CIRCLES.draw(root, seed, "train"))
    assert "the held-out points are those" in brought(DATASETS, wrong, draws.dataset)[0]


def test_a_normalization_that_is_not_its_definition() -> None:
    """Its gradient is wrong; or the framework's layer is that of another axis."""
    torch, layer = frameworks.load("torch"), NORMALIZATIONS["layer"]
    still = replace(layer.definition, gradient=lambda x, epsilon, g: g)
    (line,) = brought(
        NORMALIZATIONS,
        replace(layer, definition=still),
        lambda name: layers.normalization(name, torch),
    )
    assert "gradient of its definition" in line
    other = replace(layer, translate=NORMALIZATIONS["batch"].translate)
    (line,) = brought(NORMALIZATIONS, other, lambda name: layers.normalization(name, torch))
    assert "output at" in line
