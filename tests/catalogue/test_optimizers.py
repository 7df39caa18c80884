"""The optimizers: the same hyper-parameters everywhere, under the names each framework takes."""

from __future__ import annotations

import importlib
import inspect

import pytest

from suite.catalogue import optimizers
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.optimizers import OPTIMIZERS, Optimizer
from suite.types import UserError

NATIVE = [name for name in FRAMEWORKS.names if name != "numpy"]


def test_the_common_hyper_parameters() -> None:
    assert {entry.name: entry.common for entry in OPTIMIZERS} == {
        "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "momentum": 0.0},
        "adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "sgd": {"learning_rate": 0.1, "momentum": 0.0},
    }


@pytest.mark.parametrize("framework", NATIVE)
@pytest.mark.parametrize("entry", OPTIMIZERS, ids=lambda entry: entry.name)
def test_every_common_value_reaches_the_framework(entry: Optimizer, framework: str) -> None:
    """The framework's class takes the arguments by these names, and no value is lost."""
    target, arguments = entry.native(framework)
    module, attribute = target.split(":")
    taken = inspect.signature(getattr(importlib.import_module(module), attribute)).parameters
    assert set(arguments) <= set(taken)
    values: list[float] = []
    for value in arguments.values():
        values.extend(value if isinstance(value, tuple) else (value,))
    assert sorted(values) == sorted(entry.common.values())
    assert entry.native(framework, settings="default") == (target, {})


@pytest.mark.parametrize("entry", OPTIMIZERS, ids=lambda entry: entry.name)
def test_an_entry_has_a_source_and_a_class_everywhere(entry: Optimizer) -> None:
    assert entry.source
    assert set(entry.translate(entry.common)) == set(NATIVE)


def test_a_wrong_name_says_what_is_right() -> None:
    assert optimizers.resolve(" adam ").name == "adam"
    with pytest.raises(UserError, match="did you mean 'rmsprop'"):
        optimizers.resolve("rmspop")
    with pytest.raises(UserError, match="did you mean 'common'"):
        optimizers.resolve("sgd").native("torch", settings="comon")
    with pytest.raises(UserError, match="'sgd' is not declared for framework 'numpy'"):
        optimizers.resolve("sgd").native("numpy")
