"""Every normalization of the catalogue: its definition, its native layers, and its errors."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue.normalizations import LAYERS, NORMALIZATIONS, Normalization, over
from suite.catalogue.registry import KERAS, native
from suite.types import Architecture, Array, UserError
from tests import support
from tests.support import NATIVE

LAYER_ENTRIES = list(LAYERS)
ENTRIES = [*NORMALIZATIONS, *LAYER_ENTRIES]
SHAPES = {"dense": (7, 5), "convolution": (4, 3, 3, 5)}


def values_of(entry: Normalization) -> tuple[Array, Array]:
    """Values of the form that a layer takes, and a cotangent: float64."""
    form = entry.name.partition("_")[2] if entry in LAYER_ENTRIES else "dense"
    rng = np.random.default_rng(3)
    return rng.normal(2.0, 3.0, SHAPES[form]), rng.normal(size=SHAPES[form])


def test_names_that_stored_results_use_stay() -> None:
    assert NORMALIZATIONS.names[:3] == ("none", "batch", "layer")
    kinds = {"batch_dense", "batch_convolution", "layer_dense", "instance_convolution"}
    assert kinds <= set(LAYERS.names)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_has_a_source_and_a_layer_everywhere(entry: Normalization) -> None:
    assert entry.source
    assert entry.translate is None or set(entry.translate(entry.common)) == set(support.DECLARED)
    assert (entry.translate is None) == (entry.name == "none")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_gradient_is_the_derivative_of_the_value(entry: Normalization) -> None:
    """Central differences with h = 1e-5: h^2 and rounding / h are both below 1e-9."""
    x, cotangent = values_of(entry)
    gradient = entry.definition.gradient(x, 1e-3, cotangent)
    assert gradient.shape == x.shape
    for place in [(0,) * x.ndim, tuple(size - 1 for size in x.shape)]:
        ends = []
        for step in (1e-5, -1e-5):
            moved = x.copy()
            moved[place] += step
            ends.append((cotangent * entry.definition.value(moved, 1e-3)).sum())
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("framework", NATIVE)
@pytest.mark.parametrize("settings", ["common", "default"])
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_value_reaches_the_framework(
    entry: Normalization, settings: str, framework: str
) -> None:
    """The class takes the arguments by these names; none is set with ``default`` settings."""
    values = entry.values(settings)
    declared = entry.native(framework, values)
    if declared is None:
        assert entry.name == "none"
        return
    target, arguments = declared
    made = native((target, {}))
    # The signature of a Flax class is that of its metaclass.
    start = vars(made).get("__init__", made) if isinstance(made, type) else made
    taken = inspect.signature(start).parameters
    assert set(arguments) <= set(taken)
    assert len(arguments) - len(entry.native(framework, {})[1]) == len(values)  # type: ignore[index]  # a layer, as above
    if settings == "default":
        assert not values


def test_the_momentum_of_torch_is_the_share_of_the_new_value() -> None:
    """torch's and Keras' momentum add up to 1; the variance's epsilon is the same."""
    entry = NORMALIZATIONS["batch"]
    (_, torch), (_, keras) = (
        entry.native(name, {"epsilon": 0.25, "momentum": 0.75}) or ("", {})
        for name in ("torch", "tensorflow")
    )
    assert torch == {"eps": 0.25, "momentum": 0.25}
    assert keras == {"epsilon": 0.25, "momentum": 0.75}


def built(framework: str, model: Architecture, settings: str) -> list[Any]:
    """Return all layers of a network without residual connections, built by a framework's home."""
    home = "keras" if framework in KERAS else framework
    layers = importlib.import_module(f"suite.frameworks.{home}.layers")
    if framework == "torch":
        return list(layers.network(model, settings))
    if framework == "jax":
        return list(layers.network(model, settings, "single").model.layers)
    return [layer for part in layers.layers(framework, model, settings) for layer in part]


@pytest.mark.parametrize(
    "entry",
    [entry for entry in NORMALIZATIONS if entry.translate is not None],
    ids=lambda entry: entry.name,
)
@pytest.mark.parametrize("framework", NATIVE)
def test_a_network_has_the_layer_of_its_entry(entry: Normalization, framework: str) -> None:
    """One for each hidden layer, of the class that the catalogue names."""
    frameworks.load(framework)
    model = Architecture(2, 5, 3, 1, "tanh", normalization=entry.name)
    made = built(framework, model, "common")
    declared = entry.native(framework, {})
    assert declared is not None
    kind = native((declared[0], {}))
    assert sum(type(layer) is kind for layer in made) == 3


@pytest.mark.parametrize("framework", NATIVE)
def test_an_unknown_normalization_or_settings_is_an_error(framework: str) -> None:
    """Without an error a network would train without normalization under another's name."""
    frameworks.load(framework)
    with pytest.raises(UserError, match="'bacth'; did you mean 'batch'"):
        built(framework, Architecture(2, 5, 1, 1, "tanh", "bacth"), "common")
    with pytest.raises(UserError, match="'comon'; did you mean 'common'"):
        built(framework, Architecture(2, 5, 1, 1, "tanh", "batch"), "comon")


def test_a_framework_without_a_layer_is_named() -> None:
    with pytest.raises(UserError, match="normalization 'batch' is not declared for framework 'x'"):
        NORMALIZATIONS["batch"].native("x", {})


def test_other_axes_are_caught() -> None:
    """What batch and layer normalization of the same values give lies far apart."""
    x, _ = values_of(NORMALIZATIONS["batch"])
    first, second = (over(axis).value(x, 1e-5) for axis in (0, 1))
    assert np.abs(first - second).max() > 1
    assert np.abs(first.mean(axis=0)).max() < 1e-12 < np.abs(second.mean(axis=0)).max()
