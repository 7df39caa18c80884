"""The optimizers: the same hyper-parameters everywhere, under the names each framework takes."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue import optimizers
from suite.catalogue.frameworks import FRAMEWORKS, Formulas
from suite.catalogue.optimizers import OPTIMIZERS, Optimizer
from suite.catalogue.registry import native
from suite.types import Array, UserError
from tests import support
from tests.support import NATIVE


def test_the_hyper_parameters_of_stored_results_stay() -> None:
    common = {entry.name: entry.common for entry in OPTIMIZERS}
    expected = {
        "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "momentum": 0.0},
        "adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "sgd": {"learning_rate": 0.1, "momentum": 0.0},
    }
    assert {name: common[name] for name in expected} == expected


@pytest.mark.parametrize("framework", NATIVE)
@pytest.mark.parametrize("entry", OPTIMIZERS, ids=lambda entry: entry.name)
def test_every_common_value_reaches_the_framework(entry: Optimizer, framework: str) -> None:
    """The framework's class takes the arguments by these names, and no value is lost."""
    target, arguments = entry.native(framework)
    taken = inspect.signature(native((target, {}))).parameters
    assert set(arguments) <= set(taken)
    values: list[float] = []
    for value in arguments.values():
        # Optax has no momentum where it is None.
        values.extend(value if isinstance(value, tuple) else (value or 0.0,))
    assert sorted(values) == sorted(entry.common.values())
    assert entry.native(framework, settings="default") == (target, {})


@pytest.mark.parametrize("entry", OPTIMIZERS, ids=lambda entry: entry.name)
def test_an_entry_has_a_source_and_a_class_everywhere(entry: Optimizer) -> None:
    assert entry.source
    assert set(entry.translate(entry.common)) == set(support.DECLARED)


def test_a_wrong_name_says_what_is_right() -> None:
    assert optimizers.resolve(" adam ").name == "adam"
    with pytest.raises(UserError, match="did you mean 'rmsprop'"):
        optimizers.resolve("rmspop")
    with pytest.raises(UserError, match="did you mean 'common'"):
        optimizers.resolve("sgd").native("torch", settings="comon")
    with pytest.raises(UserError, match="'sgd' is not declared for framework 'numpy'"):
        optimizers.resolve("sgd").native("numpy")


# --- the definition ----------------------------------------------------------------------------

GRADIENTS = np.random.default_rng(5).normal(size=(5, 4)) * [1e-7, 1e-3, 1.0, 1e3]
"""Of five steps, at four sizes: the smallest are near the epsilon of RMSprop and Adam."""
FORMULAS = [
    (entry.name if not more else f"{entry.name}({more})")
    for entry in OPTIMIZERS
    if entry.formula is not None
    for more in ("", ", ".join(map(str, [*list(entry.common.values())[:-1], 0.5])))
]
"""Each optimizer, and again with another last hyper-parameter: momentum, or a large epsilon."""


def path_by_formula(name: str, form: Formulas) -> Array:
    """The parameter (5, 4) after each step from 1, by the formula in float64."""
    step, parameter, path = optimizers.resolve(name).step(form), np.zeros(4), []
    for gradient in GRADIENTS:
        parameter = parameter - step(gradient)
        path.append(parameter)
    return np.array(path)


def path_by_torch(name: str) -> Array:
    torch = pytest.importorskip("torch")
    parameter = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = native(optimizers.resolve(name).native("torch"))([parameter])
    path = []
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        path.append(parameter.detach().numpy().copy())
    return np.array(path)


def path_by_keras(name: str, framework: str = "tensorflow") -> Array:
    """In JAX in single precision, which is the only one outside of a block of its own."""
    frameworks.load(framework)
    keras = importlib.import_module("keras")

    variable = keras.Variable(np.zeros(4), dtype="float32" if "jax" in framework else "float64")
    optimizer = native(optimizers.resolve(name).native(framework))()
    optimizer.build([variable])
    path = []
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        path.append(keras.ops.convert_to_numpy(variable).copy())
    return np.array(path)


def path_by_optax(name: str) -> Array:
    frameworks.load("jax")
    jax, optax = importlib.import_module("jax"), importlib.import_module("optax")
    path = []
    with jax.enable_x64(True):
        parameter = jax.numpy.zeros(4)
        optimizer = native(optimizers.resolve(name).native("jax"))()
        state = optimizer.init(parameter)
        for gradient in GRADIENTS:
            updates, state = optimizer.update(jax.numpy.asarray(gradient), state, parameter)
            parameter = optax.apply_updates(parameter, updates)
            path.append(np.asarray(parameter))
    return np.array(path)


# Keras keeps hyper-parameters, such as 0.9 and 0.999, in single precision, and in JAX everything.
PATHS: dict[str, tuple[Callable[[str], Array], float]] = {
    "torch": (path_by_torch, 1e-12),
    "tensorflow": (path_by_keras, 1e-4),
    "jax": (path_by_optax, 1e-12),
    **{
        name: (functools.partial(path_by_keras, framework=name), tolerance)
        for name, tolerance in (("keras_torch", 1e-4), ("keras_jax", 1e-3))
    },
}


@pytest.mark.parametrize("framework", NATIVE)
@pytest.mark.parametrize("name", FORMULAS)
def test_a_framework_takes_the_steps_of_the_formula(name: str, framework: str) -> None:
    """Relative to the distance moved so far: the forms differ by far more where they differ."""
    path, tolerance = PATHS[framework]
    form = FRAMEWORKS[framework].form(name)
    assert form is not None
    assert np.abs(path(name) / path_by_formula(name, form) - 1).max() < tolerance


@pytest.mark.parametrize("name", ["rmsprop", "adam"])
def test_the_other_form_is_caught(name: str) -> None:
    """At gradients near epsilon the two forms move by different distances."""
    by_torch, by_keras = (path_by_formula(name, form) for form in ("torch", "keras"))
    assert np.abs(by_torch / by_keras - 1).max() > 0.1


def test_what_declares_nothing_says_so() -> None:
    plain = dataclasses.replace(OPTIMIZERS["sgd"], formula=None, translate=lambda _: {})
    for name in FRAMEWORKS.names:
        assert plain.undeclared(name) == (
            f"optimizer 'sgd' is not declared for framework {name!r} (declared for: no framework)"
        )
    assert all(OPTIMIZERS["sgd"].undeclared(name) is None for name in FRAMEWORKS.names)
    with pytest.raises(UserError, match="formula of optimizer 'sgd' is not written down"):
        plain.step("torch")
