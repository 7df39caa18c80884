"""NumPy definitions run on the frameworks' own tensors: tables, types, transforms, refusals."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy import special

from suite import frameworks
from suite.catalogue import activations
from suite.catalogue.activations import ACTIVATIONS, Activation, resolve
from suite.catalogue.generic import NotGeneric, Operations
from suite.catalogue.registry import native
from suite.probes.numerics import Formulas
from suite.types import Array, TrainTask, Unsupported
from tests.support.framework_tasks import make_task

NAMES = ("torch", "tensorflow")
Add = Callable[..., str]


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Add an activation without any native function; return its name."""

    def added(value: Callable[..., Array], **more: object) -> str:
        entry = Activation("mine", "a test", value, generic=True, **more)  # type: ignore[arg-type]
        monkeypatch.setitem(ACTIVATIONS._entries, "mine", entry)
        activations._resolve.cache_clear()
        return "mine"

    yield added
    activations._resolve.cache_clear()


def table(framework: str) -> Operations:
    module = importlib.import_module(f"suite.frameworks.{framework}.operations")
    operations: Operations = module.OPERATIONS
    return operations


SPELLED = {
    "full_like": lambda x: np.full_like(x, 0.3) + x,
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "ones_like": lambda x: np.ones_like(x) + x,
    "where": lambda x: np.where(x > 0.4, 2.0, 0.5) + x,
    "heaviside": lambda x: np.heaviside(x - 0.5, 0.25) + x,
    "logical_not": lambda x: np.where(~(x > 0.4), x, 2.0 * x),
    "xlogy": lambda x: special.xlogy(x, x),
    "xlog1py": lambda x: special.xlog1py(x, x),
    "arccosh": lambda x: np.arccosh(1.0 + x),
}
"""How an operation enters a formula, where not as a function of x alone or of x and 0.75."""
TWO = {
    *("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "arctan2"),
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "hypot", "maximum"),
    *("minimum", "fmax", "fmin", "fmod", "copysign", "logaddexp", "logaddexp2"),
    *("logical_and", "logical_or", "logical_xor"),
}


def spelled(operation: str) -> Callable[[Array], Array]:
    """Return a formula of x in which an operation occurs, in NumPy."""
    ufunc = vars(np).get(operation) or vars(special)[operation]
    if operation in SPELLED:
        return SPELLED[operation]
    if operation.startswith("logical"):
        return lambda x: np.where(ufunc(x > 0.2, x < 0.7), x, -x)
    if operation in TWO:
        return lambda x: 1.0 * ufunc(x, 0.75) + ufunc(0.75, x) + x
    return lambda x: 1.0 * ufunc(x) + x


CASES = [(framework, name) for framework in NAMES for name in table(framework).functions]


@pytest.mark.parametrize(("framework", "operation"), CASES)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_every_operation_of_a_table_is_numpys(
    framework: str, operation: str, precision: type, add: Add
) -> None:
    """Value, type and shape, with a Python number on either side."""
    formula = spelled(operation)
    x: Array = np.array([[0.125, 0.25, 0.5], [0.75, 0.875, 0.9375]], dtype=precision)
    expected = formula(x.astype(np.float64))
    value = native(resolve(add(formula)).native(framework))(tensor(framework, x))
    value = np.asarray(value)
    assert value.dtype == precision
    assert value.shape == x.shape
    close = 4e-6 if precision is np.float32 else 2e-13
    np.testing.assert_allclose(value, expected, rtol=close, atol=close)


def tensor(framework: str, x: Array) -> object:
    module = importlib.import_module(framework)
    return module.from_numpy(x) if framework == "torch" else module.constant(x)


def _softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


@pytest.mark.parametrize("framework", NAMES)
def test_pieces_that_meet_smoothly_have_their_slope_where_they_meet(
    framework: str, add: Add
) -> None:
    """max(x, 0) + log1p(exp(-|x|)) has slope 1/2 at 0, although neither of its terms is smooth."""
    name = add(_softplus)
    _, slope = frameworks.load(framework).evaluate(name, np.zeros(3, np.float32))
    assert slope.tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("framework", NAMES)
@pytest.mark.parametrize("float_type", ["half", "bfloat16", "single", "double"])
def test_numbers_take_the_type_of_the_tensor(framework: str, float_type: str, add: Add) -> None:
    name = add(lambda x: np.where(x > 0, 0.3 * x, np.float64(0.1)) + np.maximum(x, 0.25) ** 2)
    points = np.array([-1.0, 0.5, 2.0])
    probe = frameworks.load(framework).probe(Formulas)
    value, slope = probe.evaluate(name, points, float_type, "eager")
    np.testing.assert_allclose(value, [0.1 + 0.0625, 0.4, 4.6], rtol=1e-2)
    np.testing.assert_allclose(slope, [0.0, 1.3, 4.3], rtol=1e-2)


@pytest.mark.parametrize("framework", NAMES)
@pytest.mark.parametrize("execution", ["eager", "compiled"])
def test_it_is_compiled_as_others_are(framework: str, execution: str, add: Add) -> None:
    name = add(lambda x, a: x + np.sin(a * x) ** 2 / a, parameters={"a": 2.0})
    points = np.linspace(-2.0, 2.0, 9)
    probe = frameworks.load(framework).probe(Formulas)
    value, slope = probe.evaluate(name, points, "single", execution)
    np.testing.assert_allclose(value, points + np.sin(2 * points) ** 2 / 2, atol=1e-6)
    np.testing.assert_allclose(slope, 1 + np.sin(4 * points), atol=1e-6)


ENGINES = {
    "mapped": make_task(activation="mine"),
    "residual": make_task(activation="mine", residual=0.5, loss="categorical"),
}


@pytest.mark.parametrize("framework", NAMES)
@pytest.mark.parametrize("engine", ENGINES)
def test_it_trains_as_the_function_of_the_framework_does(
    framework: str, engine: str, add: Add
) -> None:
    """GELU, by its definition and as the framework has it, over two epochs of a stack."""
    entry = ACTIVATIONS["gelu"]
    add(entry.value, slope=entry.slope)
    trained = [
        list(frameworks.load(framework).train(with_activation(ENGINES[engine], name)))[-1]
        for name in ("mine", "gelu")
    ]
    np.testing.assert_allclose(trained[0].logits, trained[1].logits, atol=1e-5)
    np.testing.assert_allclose(trained[0].loss, trained[1].loss, rtol=1e-5)
    assert not np.allclose(trained[0].logits, 0.0)


def with_activation(task: TrainTask, name: str) -> TrainTask:
    model = dataclasses.replace(task.architecture, activation=name)
    return dataclasses.replace(task, architecture=model)


REFUSED: dict[str, tuple[Callable[[Array], object], str]] = {
    "if": (lambda x: x if x > 0 else 0.0 * x, "a branch (if, and, or, max) depends on"),
    "max": (lambda x: max(x, 0.0), "a branch (if, and, or, max) depends on"),
    "in place": (lambda x: x.__iadd__(1.0), "add writes in place"),
    "out": (lambda x: np.exp(x, out=x), "exp writes in place"),
    "index": (lambda x: x[x > 0], "an index picks values"),
    "index written": (lambda x: x.__setitem__(0, 1.0), "an index writes in place"),
    "no counterpart": (lambda x: special.jv(0, x), "jv has no counterpart"),
    "a sum": (lambda x: x / np.sum(x), "sum has no counterpart"),
    "a reduction": (lambda x: np.add.reduce(x), "add with reduce has no counterpart"),
    "a method": (lambda x: x / x.max(), "no attribute .max"),
    "digits": (lambda x: np.round(x, 2), "round"),
    "a type": (lambda x: np.asarray(x, dtype=np.float64) * 2.0, "the NumPy definition stops"),
    "another array": (lambda x: x + np.ones(3), "combined with an array of NumPy"),
    "one number": (lambda x: 1.0, "one number for all points"),
    "an error": (lambda x: x / undefined, "NameError"),  # type: ignore[name-defined]  # noqa: F821
}


@pytest.mark.parametrize("framework", NAMES)
@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_counterpart_is_one_line(framework: str, case: str, add: Add) -> None:
    formula, said = REFUSED[case]
    name = add(formula)
    with pytest.raises(NotGeneric) as caught:
        frameworks.load(framework).evaluate(name, np.array([-1.0, 0.5, 2.0], np.float32))
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"activation 'mine' has no generic form in {framework}: ")
    assert message.endswith(f"; give a native function for {framework}")
    assert "\n" not in message


def test_only_entries_from_outside_have_it(add: Add) -> None:
    """One of the suite's own that declares nothing for a framework stays unsupported there."""
    own = Activation("own", "a test", np.tanh)
    assert own.undeclared("torch") == (
        "activation 'own' is not declared for framework 'torch' (declared for: no framework)"
    )
    with pytest.raises(Unsupported):
        own.function("torch")
    outside = Activation("my:own", "a test", np.tanh)
    assert outside.undeclared("torch") is None
    assert outside.form("torch") == "generic"
    assert outside.undeclared("a framework without a table") is not None
    assert Activation("my:own", "a test", np.tanh, generic=False).undeclared("torch") is not None
    declared = Activation("my:own", "a", np.tanh, native=lambda: {"torch": ("torch:tanh", {})})
    assert (declared.form("torch"), declared.form("tensorflow")) == ("own", "generic")
    assert native(declared.function("torch")).__name__ == "tanh"
