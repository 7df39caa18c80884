"""The probes of single formulas, defaults, draws and times of Keras on torch and on JAX, against
the definitions; ``tests/studies`` has more of the draws and the defaults."""

from __future__ import annotations

import functools
import random
import time
from typing import Any

import numpy as np
import pytest

from tests.support import BACKEND, HERE

NAME = f"keras_{BACKEND}"
if NAME not in HERE:
    pytest.skip("needs KERAS_BACKEND=torch or jax, installed", allow_module_level=True)

from suite import frameworks
from suite.frameworks.keras.library import keras
from suite.probes.convolution import Convolutions
from suite.probes.defaults import DefaultNumbers
from suite.probes.elementwise import Elementwise
from suite.probes.initializers import LayerDraws
from suite.probes.numerics import Formulas
from suite.studies.numerics import formulas
from suite.types import UserError

KERAS = frameworks.load(NAME)
POINTS = np.array([-6.0, -2.5, -0.5, -0.0625, 0.25, 1.5, 5.0])
PRECISIONS = {"double": 2.0**-52, "single": 2.0**-23, "bfloat16": 2.0**-7, "half": 2.0**-10}
FORMULAS = (
    "elu",
    "binary_crossentropy_1",
    "categorical_crossentropy",
    "squared_error",
    "softmax",
    "layer_normalization",
    "batch_normalization",
)


def error(formula: str, float_type: str = "single", execution: str = "eager") -> float:
    """Return the largest error of value and slope, in epsilons of the type."""
    definition = formulas.resolve(formula)
    found = KERAS.probe(Formulas).evaluate(formula, POINTS, float_type, execution)
    exact = definition.value(POINTS), definition.slope(POINTS)
    return (
        max(
            float(np.max(np.abs(mine - right) / np.maximum(1.0, np.abs(right))))
            for mine, right in zip(found, exact, strict=True)
        )
        / PRECISIONS[float_type]
    )


# --- formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_the_definition_in_single_precision(formula: str) -> None:
    """The slope of a normalization is the rest of terms that nearly cancel: up to 1e-4 is lost."""
    assert error(formula) < (300 if "normalization" in formula else 4)


@pytest.mark.parametrize("float_type", ["bfloat16", "half"])
@pytest.mark.parametrize("formula", ["elu", "categorical_crossentropy"])
def test_a_formula_is_computed_in_the_type_of_its_points(formula: str, float_type: str) -> None:
    """A result of single precision would be exact to 1e-3 epsilons of the type."""
    assert 1e-2 < error(formula, float_type) < 4


@pytest.mark.parametrize("formula", ["elu", "categorical_crossentropy"])
def test_double_precision_is_double(formula: str) -> None:
    assert error(formula, "double") < 4


def test_a_mean_of_double_precision_is_computed_in_single() -> None:
    """A defect of Keras: its means convert to single precision, and back."""
    assert error("squared_error", "double") < 4  # at points that single precision has
    value, _ = KERAS.probe(Formulas).evaluate("squared_error", np.array([1 / 3]), "double", "eager")
    assert 1e-10 < abs(value[0] - 4 / 9) < 1e-6


def test_a_planted_formula_and_a_planted_precision_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        elu = keras.activations.elu
        patch.setattr(keras.activations, "elu", lambda x, alpha: elu(x, alpha=1.001 * alpha))
        assert error("elu") > 1000
    loss = keras.losses.CategoricalCrossentropy
    monkeypatch.setattr(
        keras.losses,
        "CategoricalCrossentropy",
        lambda **given: loss(**given | {"dtype": "float32"}),
    )
    assert error("categorical_crossentropy", "double") > 1e6


@pytest.mark.parametrize("formula", ["elu", "batch_normalization"])
def test_the_compiled_formula_is_the_definition(formula: str) -> None:
    if BACKEND == "torch" and (formula != "elu" or not frameworks.compiler()):
        pytest.skip("torch takes long to compile, and needs a C++ compiler")
    assert error(formula, execution="compiled") < (300 if "normalization" in formula else 4)


def test_an_unknown_execution_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'eager'"):
        KERAS.probe(Formulas).evaluate("elu", POINTS, "single", "eagr")


# --- times -------------------------------------------------------------------------------------


def test_the_time_of_each_pass_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.ones(8, np.float32)
    seconds = KERAS.probe(Elementwise).seconds
    assert min(seconds("relu", points)) > 0

    def slow(x: Any) -> Any:
        time.sleep(0.5)
        return 2 * x

    monkeypatch.setattr(keras.activations, "relu", slow)
    forward, backward = seconds("relu", points)
    assert backward < 0.5 < forward


# --- draws -------------------------------------------------------------------------------------


def test_a_convolution_is_the_layer_with_the_seeded_initializer() -> None:
    layer = keras.layers.Conv2D(5, 3, kernel_initializer=keras.initializers.HeNormal(seed=3))
    layer.build((None, None, None, 4))
    state = random.getstate()
    draw = KERAS.probe(Convolutions).draw
    kernel, bias = draw("he_normal", 4, 5, 3)
    np.testing.assert_array_equal(kernel, layer.get_weights()[0])
    assert kernel.dtype == bias.dtype == np.float32
    assert kernel.shape == (3, 3, 4, 5)
    assert not bias.any()
    assert not np.array_equal(kernel, draw("he_normal", 4, 5, 4)[0])
    # U(-a, a) with a^2 = 6 / (9 * 4 + 9 * 5)
    assert 0.9 < np.abs(draw("default", 4, 5, 3)[0]).max() / np.sqrt(6 / 81) <= 1.000001
    assert random.getstate() == state


def test_a_planted_transposition_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    kernel, inputs, cotangent = (
        rng.normal(size=shape).astype(np.float32) for shape in ((4, 4), (3, 4), (3, 4))
    )
    through = KERAS.probe(LayerDraws).through

    def right() -> bool:
        outputs, gradient = through(kernel, inputs, cotangent)
        return np.allclose(outputs, inputs @ kernel, atol=1e-5) and np.allclose(
            gradient, cotangent @ kernel.T, atol=1e-5
        )

    assert right()
    call = keras.layers.Dense.call
    monkeypatch.setattr(
        keras.layers.Dense, "call", lambda self, x: keras.ops.matmul(x, self.kernel.value.T)
    )
    assert not right()
    monkeypatch.setattr(keras.layers.Dense, "call", call)
    assert right()


# --- defaults ----------------------------------------------------------------------------------

CHANGED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "batch_norm.epsilon": ("layers", "BatchNormalization", {"epsilon": 1e-4}),
    "rms_norm.epsilon_double": ("layers", "RMSNormalization", {"epsilon": 1e-7}),
    "adam.epsilon": ("optimizers", "Adam", {"epsilon": 1e-8}),
    "embedding.std": ("layers", "Embedding", {"embeddings_initializer": "ones"}),
}


@pytest.mark.parametrize("case", CHANGED)
def test_another_default_of_keras_is_another_number(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name, settings = CHANGED[case]
    home = getattr(keras, module)
    value = KERAS.probe(DefaultNumbers).value
    before = value(case, 1)
    monkeypatch.setattr(home, name, functools.partial(getattr(home, name), **settings))
    assert value(case, 1) != pytest.approx(before, rel=0.5)
