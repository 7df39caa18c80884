"""The decorator that makes an activation of a function."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest

from suite.catalogue import declare
from suite.catalogue.activations import Activation
from suite.catalogue.registry import native
from suite.types import Array, UserError


def test_the_example() -> None:
    failed, attempted = doctest.testmod(declare)
    assert (failed, attempted) == (0, 5)


def scaled(x: Array, a: float, b: float) -> Array:
    return a * x + b


def test_arguments_become_parameters_and_reach_the_native_function() -> None:
    @declare.activation(source="a test", torch=scaled, kinks=(0,), generic=False)
    def line(x: Array, a: float, b: float = 2) -> Array:
        return a * x + b

    assert isinstance(line, Activation)
    assert (line.name, dict(line.parameters), line.kinks) == ("line", {"a": None, "b": 2.0}, (0.0,))
    assert line.slope_from == "finite differences"
    assert native(line.function("torch", 3.0, 5.0))(np.ones(2)).tolist() == [8.0, 8.0]
    assert (line.form("torch"), line.form("tensorflow")) == ("own", "none")


@pytest.mark.parametrize("function", [lambda x, *, a=1.0: x, lambda x, *a: x, lambda x, a="b": x])
def test_other_arguments_are_refused(function: object) -> None:
    with pytest.raises(UserError, match="is not a parameter; write <lambda>"):
        declare.activation(source="a test")(function)  # type: ignore[arg-type]


def test_a_function_without_arguments_is_refused() -> None:
    with pytest.raises(UserError, match="takes no x"):
        declare.activation(source="a test")(lambda: np.zeros(1))


def test_a_decorator_without_a_source_is_refused() -> None:
    with pytest.raises(UserError, match=r'write @suite.activation\(source="..."\) above'):
        declare.activation(lambda x: x)
    with pytest.raises(UserError, match="needs the source of its formula"):
        declare.activation()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"torch": 3},
            'torch=3: give the framework\'s function, or its name as "module:attribute"',
        ),
        ({"kinks": 0.0}, r"kinks=0.0: write the points as numbers in a tuple, such as \(0.0,\)"),
        ({"kinks": ("0",)}, "write the points as numbers"),
    ],
)
def test_arguments_of_another_type_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        declare.activation(source="a test", **arguments)
