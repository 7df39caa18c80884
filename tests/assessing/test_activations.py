"""A zoo of activations: right ones pass, and of each wrong one it is said what is wrong."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import special

from suite import frameworks
from suite.assessing import activations as contract
from suite.catalogue.activations import ACTIVATIONS, Activation, resolve
from suite.catalogue.declare import activation
from suite.catalogue.floats import FLOATS
from suite.plugins.loading import forget
from suite.types import Array

NAMES = ("torch", "tensorflow")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    forget()


def checked(entry: Activation, framework: str = "") -> list[str]:
    """Return the breaches of an entry, in its definition or in a framework."""
    brought = replace(entry, name="my:item")
    ACTIVATIONS.bring(brought)
    try:
        if framework:
            return list(contract.in_framework("my:item", frameworks.load(framework)))
        return list(contract.definition("my:item"))
    finally:
        ACTIVATIONS.take_away("my:item")
        forget()


def made(value: Callable[..., Any], **more: Any) -> Activation:
    return activation(source="a test", **more)(value)


def torch() -> Any:
    return importlib.import_module("torch")


def tf() -> Any:
    return importlib.import_module("tensorflow")


def snake(x: Array, a: float = 1.0) -> Array:
    return x + np.sin(a * x) ** 2 / a


def hard_tanh(x: Array) -> Array:
    return np.clip(x, -1.0, 1.0)


def squareplus(x: Array) -> Array:
    return np.asarray(0.5 * (x + np.hypot(x, 2.0)))


def steep(x: Array, slope: float = 3.0) -> Array:
    return np.where(x > 1.5, slope * (x - 1.5) + 1.5, x)


RIGHT = {
    "a parameter": made(snake),
    "a slope": made(snake, slope=lambda x, a=1.0: 1.0 + np.sin(2.0 * a * x)),
    "kinks": made(hard_tanh, kinks=(-1, 1)),
    "a kink elsewhere, with a parameter": made(steep, kinks=(1.5,)),
    "a bump": made(lambda x: np.exp(-np.minimum(x * x, 200.0)), bounded=True),
    "growth beyond single precision": made(lambda x: np.sinh(np.clip(x, -700.0, 700.0))),
    "SciPy's": made(lambda x: x * special.ndtr(x)),
    "cancellation": made(lambda x: 0.5 * x * (1.0 + special.erf(x / np.sqrt(2.0)))),
    "cancellation on one side": made(squareplus),
    "squares": made(lambda x, b=4.0: (x + np.sqrt(x * x + b)) / 2.0),
    "cubes": made(lambda x: x**3 / (1.0 + x * x)),
    "both forms": made(
        lambda x: np.tanh(x) + 0.1 * x,
        torch=lambda x: torch().tanh(x) + 0.1 * x,
        tensorflow=lambda x: tf().tanh(x) + 0.1 * x,
    ),
    "a form for one framework": made(np.tanh, torch="torch:tanh"),
    "a known defect": made(
        lambda x: x / (1.0 + np.exp(-np.minimum(x, 30.0)) * (x < 40.0)),
        slope=None,
        defects={"torch": (-80.0, 80.0), "tensorflow": (-80.0, 80.0)},
    ),
}


def test_the_suites_own_keep_their_contract() -> None:
    """In both frameworks but for the training, which other tests do at length."""
    for name in ACTIVATIONS.names:
        assert list(contract.definition(name)) == []
        for framework in NAMES:
            loaded = frameworks.load(framework)
            for kind in (FLOATS["single"], FLOATS["double"]):
                assert list(contract._in_type(resolve(name), loaded, kind)) == [], name


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_one_passes(case: str) -> None:
    assert checked(RIGHT[case]) == []
    assert checked(RIGHT[case], "torch") == []


IN_BOTH = ("a parameter", "kinks", "cancellation on one side", "squares", "cubes")


@pytest.mark.parametrize("case", IN_BOTH)
def test_a_right_one_passes_in_tensorflow(case: str) -> None:
    assert checked(RIGHT[case], "tensorflow") == []


class Counting:
    """A function that is another one at each call."""

    calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return x * (1.0 + 1e-3 * self.calls)


def _raises(x: Array) -> Array:
    raise ZeroDivisionError("no such number")


def _writes(x: Array) -> Array:
    x *= 2.0
    return x


def _imports(x: Array) -> Array:
    return importlib.import_module("a_package_that_is_not_there").f(x)  # type: ignore[no-any-return]


DEFINITIONS: dict[str, tuple[Activation, str]] = {
    "raises": (made(_raises), "value raises ZeroDivisionError: no such number"),
    "branches": (made(lambda x: x if x > 0 else 0.1 * x), "if x > 0`, is written np.where"),
    "lacks an import": (made(_imports), "No module named 'a_package_that_is_not_there'"),
    "a number": (made(lambda x: 1.0), "value returns float, not an array"),
    "a sum": (made(lambda x: np.asarray(x.sum())), "of the shape () for float64 of"),
    "flat": (made(lambda x: x.ravel()), "value returns the shape (21,) for (7, 3)"),
    "single": (made(lambda x: x.astype(np.float32)), "value returns float32 of the shape"),
    "truth": (made(lambda x: x > 0), "value returns bool"),
    "nan": (made(np.log), "value at x = -1 is nan"),
    "nan far out": (made(lambda x: np.exp(x) / (1.0 + np.exp(x))), "is nan"),
    "writes": (made(_writes), "value writes into its argument"),
    "a state": (made(Counting().__call__), "it keeps a state"),
    "random": (made(lambda x: x + RNG.normal(size=x.shape)), "it keeps a state"),
    "a batch": (made(lambda x: x - 1e-3 * np.tanh(x).mean()), "it mixes the values of a batch"),
    "wrong sign": (
        made(np.cos, slope=np.sin),
        "slope at x = -1 is -0.841470985, by finite differences of the value 0.841470985",
    ),
    "slope of another": (made(np.tanh, slope=lambda x: 1.001 - np.tanh(x) ** 2), "slope at x = "),
    "slope raises": (made(np.tanh, slope=_raises), "slope raises ZeroDivisionError"),
    "a kink not declared": (
        made(lambda x: np.maximum(x, 0.0), slope=lambda x: np.where(x > 0, 1.0, 0.0)),
        "slope at x = 0 is 0, by finite differences of the value 0.5; if 0 is a kink, declare it",
    ),
    "not bounded": (made(lambda x: x + 0.0, bounded=True), "declared bounded"),
}


@pytest.mark.parametrize("case", DEFINITIONS)
def test_a_wrong_definition_is_told_in_one_line(case: str) -> None:
    entry, said = DEFINITIONS[case]
    lines = checked(entry)
    assert len(lines) == 1
    assert said in lines[0]
    assert "\n" not in lines[0]


IN_TORCH: dict[str, tuple[Activation, str]] = {
    "off by a thousandth": (
        made(np.tanh, torch=lambda x: 1.001 * torch().tanh(x)),
        "value at x = -1 is -0.762355",
    ),
    "another function": (
        made(snake, torch=lambda x, a: x + torch().sin(a * x) / a),
        "by definition -0.291926582",
    ),
    "parameters exchanged": (
        made(
            lambda x, a=1.0, b=2.0: a * np.tanh(b * x),
            torch=lambda x, a, b: b * torch().tanh(a * x),
        ),
        "value at x = -1",
    ),
    "a slope that is not its own": (
        made(np.tanh, torch=lambda x: torch().tanh(x.detach()) + 0.0 * x),
        "slope at x = -1 is 0, by definition 0.419974342",
    ),
    "no slope": (made(np.tanh, torch=lambda x: torch().tanh(x.detach())), "RuntimeError"),
    "double": (
        made(np.tanh, torch=lambda x: torch().tanh(x.double())),
        "value is float64 of the shape",
    ),
    "single inside": (
        made(np.tanh, torch=lambda x: torch().tanh(x.float())),
        "value is float32 of the shape",
    ),
    "overflow": (
        made(lambda x: np.logaddexp(x, 0.0), torch=lambda x: (1.0 + x.exp()).log()),
        'say where it is right: defects={"torch": (low, high)}',
    ),
    "both branches": (
        made(lambda x: np.where(x > 0, x, np.exp(x) - 1.0)),
        "is nan, by definition 1; np.where computes both of its branches",
    ),
    "a slope of 0 / 0": (
        made(lambda x: np.sqrt(np.minimum(x * x, 4.0)), kinks=(-2.0, 0.0, 2.0)),
        "slope at x = 0 is nan",
    ),
    "a state": (made(lambda x: x + 0.0, torch=Counting()), "value at x = "),
    "random": (
        made(np.tanh, torch=lambda x: torch().tanh(x) + 1e-7 * torch().rand_like(x)),
        "state",
    ),
    "a batch": (
        made(np.tanh, torch=lambda x: torch().tanh(x) + 1e-4 * (x.shape[0] % 2)),
        "value at x = ",
    ),
    "not there": (made(np.tanh, torch="torch:tahn"), "AttributeError: module 'torch' has no"),
    "no such module": (made(np.tanh, torch="torhc:tanh"), "No module named 'torhc'"),
    "a branch": (
        made(np.tanh, torch=lambda x: torch().tanh(x) if x.sum() != 0.5 else x),
        "a small network cannot be trained with it: RuntimeError",
    ),
    "no generic form": (
        made(lambda x: special.j0(np.clip(x, -50, 50))),
        "j0 has no counterpart among its operations; give a native function for torch",
    ),
}


@pytest.mark.parametrize("case", IN_TORCH)
def test_a_wrong_form_is_told_in_one_line(case: str) -> None:
    entry, said = IN_TORCH[case]
    assert checked(entry) == []
    lines = checked(entry, "torch")
    assert len(lines) == 1
    assert said in lines[0]
    assert "\n" not in lines[0]


def test_branches_are_blamed_only_where_there_are_some() -> None:
    entry, _ = IN_TORCH["a slope of 0 / 0"]
    (line,) = checked(entry, "torch")
    assert "np.where" not in line


IN_TENSORFLOW: dict[str, tuple[Activation, str]] = {
    "off by a thousandth": (
        made(np.tanh, tensorflow=lambda x: tf().tanh(x) + 1e-3),
        "value at x = -1 is -0.760594",
    ),
    "overflow": (
        made(lambda x: np.logaddexp(x, 0.0), tensorflow=lambda x: tf().math.log(1.0 + tf().exp(x))),
        "is inf, by definition",
    ),
    "leaves the framework": (
        made(np.tanh, tensorflow=lambda x: tf().constant(np.tanh(x.numpy()))),
        "",
    ),
}


@pytest.mark.parametrize("case", IN_TENSORFLOW)
def test_a_wrong_form_is_told_in_tensorflow_too(case: str) -> None:
    entry, said = IN_TENSORFLOW[case]
    lines = checked(entry, "tensorflow")
    assert len(lines) == 1
    assert said in lines[0]
