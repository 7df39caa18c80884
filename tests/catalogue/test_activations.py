"""Every activation of the catalogue: its names, its slope, its stability, its native functions."""

from __future__ import annotations

import dataclasses
import functools
import math
import warnings

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue import activations
from suite.catalogue.activations import ACTIVATIONS, SELU_SCALE, resolve
from suite.catalogue.frameworks import FRAMEWORKS
from suite.results.read_runs import read_runs
from suite.types import Framework, UserError
from tests import support
from tests.support import NATIVE, ROOT

NAMES = [*ACTIVATIONS.names, "leaky_relu(0.2)", "elu(0.5)"]
"""Every activation, and some with parameters that are not the defaults."""
load = functools.cache(frameworks.load)


def test_names_that_stored_results_use_stay() -> None:
    """The names of the reference: a renamed entry would be another cell with other seeds."""
    runs = read_runs(ROOT / "results" / "reference" / "standard", "curves")
    assert set(runs["activation"]) <= set(ACTIVATIONS.names)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("tanh", "tanh"),
        (" tanh ", "tanh"),
        ("leaky_relu(0.01)", "leaky_relu"),
        ("leaky_relu(.20)", "leaky_relu(0.2)"),
        ("leaky_relu( 1e-1 )", "leaky_relu(0.1)"),
        ("elu(1.0)", "elu"),
        ("elu(2.0)", "elu(2)"),
    ],
)
def test_one_way_to_write_a_name(given: str, written: str) -> None:
    assert activations.canonical(given) == written
    assert resolve(given).name == written


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("tahn", "did you mean 'tanh'"),
        ("swish9", "allowed: linear, sigmoid"),
        ("tanh(1)", "write tanh"),
        ("leaky_relu()", r"write leaky_relu\(slope\)"),
        ("leaky_relu(0.1, 0.2)", r"write leaky_relu\(slope\)"),
        ("leaky_relu(steep)", "not a finite number"),
        ("leaky_relu(nan)", "not a finite number"),
        ("elu(inf)", "not a finite number"),
        ("", "unknown activation"),
    ],
)
def test_a_wrong_name_says_what_is_right(given: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        resolve(given)


@pytest.mark.parametrize("entry", ACTIVATIONS, ids=lambda entry: entry.name)
def test_an_entry_has_a_source_and_a_native_function(entry: activations.Activation) -> None:
    assert entry.source
    assert entry.functions
    assert set(entry.functions) <= set(support.DECLARED)
    assert set(entry.layers) | set(entry.defects) <= set(entry.functions)


@pytest.mark.parametrize("entry", ACTIVATIONS, ids=lambda entry: entry.name)
def test_a_bounded_activation_is_bounded(entry: activations.Activation) -> None:
    """At 1e300 even a logarithm is above 100."""
    ends = np.abs(resolve(entry.name).value(np.array([-1e300, 1e300])))
    assert (ends.max() < 100) == entry.bounded


def test_what_declares_nothing_says_so() -> None:
    bare = dataclasses.replace(ACTIVATIONS["tanh"], native=dict, layers={})
    assert bare.undeclared("numpy") is None
    assert bare.has_layer("numpy")
    assert not bare.has_layer("torch")
    assert bare.undeclared("torch") == (
        "activation 'tanh' is not declared for framework 'torch' (declared for: no framework)"
    )
    assert all(ACTIVATIONS["elu"].undeclared(name) is None for name in FRAMEWORKS.names)


def test_a_framework_without_a_function_is_named() -> None:
    with pytest.raises(UserError, match=r"'tanh' is not declared for framework 'numpy'"):
        resolve("tanh").native("numpy")


# --- the definition ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_derivative_of_the_value(name: str) -> None:
    """Central differences: h^2 / 6 times the third derivative (below 3 for every entry) is
    5e-11 at h = 1e-5, and rounding adds about eps * |x| / h = 2e-10 at |x| = 10.
    No point lies at 0, where the second derivative of softsign jumps."""
    function, h = resolve(name), 1e-5
    x = np.linspace(-10.0, 10.0, 4000)
    for kink in function.entry.kinks:
        x = x[np.abs(x - kink) > 2 * h]
    above, below = x + h, x - h
    difference = (function.value(above) - function.value(below)) / (above - below)
    assert np.max(np.abs(function.slope(x) - difference)) < 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_only_declared_kinks_are_kinks(name: str) -> None:
    """Between neighbours of a fine grid the slope moves by less than 3 (the largest second
    derivative) times the step, except across a kink."""
    function, step = resolve(name), 1e-3
    x = np.arange(-10.0, 10.0, step) + step / 2
    jumps = np.abs(np.diff(function.slope(x))) > 3 * step
    middles = (x[1:] + x[:-1]) / 2
    assert all(
        min(abs(middle - kink) for kink in (*function.entry.kinks, math.inf)) < step
        for middle in middles[jumps]
    )


@pytest.mark.parametrize("name", NAMES)
def test_slope_at_a_kink_is_the_one_from_the_left(name: str) -> None:
    function = resolve(name)
    for kink in function.entry.kinks:
        left = function.slope(np.array(kink - 1e-12))
        assert function.slope(np.array(kink)) == pytest.approx(left, abs=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_far_out_nothing_overflows(name: str) -> None:
    """exp overflows beyond 709 in float64: a formula written carelessly warns or gives NaN."""
    function = resolve(name)
    x = np.array([-1e4, -750.0, -710.0, -40.0, -0.0, 0.0, 40.0, 710.0, 750.0, 1e4])
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        value, slope = function.value(x), function.slope(x)
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(slope))
    # Each of them approaches a straight line on either side: softsign as slowly as 1 / x^2.
    for side in (x[:2], x[-2:]):
        line = (function.value(side[1:]) - function.value(side[:1])) / (side[1:] - side[:1])
        assert np.allclose(function.slope(side), line, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_any_shape_and_precision_give_new_float64(name: str) -> None:
    function = resolve(name)
    for shape in ((), (0,), (2, 3)):
        x = np.full(shape, 0.25, dtype=np.float32)
        for result in (function.value(x), function.slope(x), function.saturated(x)):
            assert np.shape(result) == shape
        assert function.value(x).dtype == function.slope(x).dtype == np.float64
    double = np.ones(3)
    assert not np.shares_memory(function.value(double), double)


# --- saturation --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "saturated", "live"),
    [
        # sech^2(x) = 0.01 at cosh(x) = 10, x = 2.9932; sigmoid is a tanh of half the argument
        ("tanh", [-2.994, 2.994], [-2.993, 0.0, 2.993]),
        ("sigmoid", [-5.987, 5.987], [-5.986, 5.986]),
        ("relu", [-3.0, -1e-9, 0.0], [1e-9, 3.0]),
        ("leaky_relu", [], [-3.0, 3.0]),
        ("leaky_relu(0.009)", [-3.0], [3.0]),
        ("linear", [], [-1e4, 0.0, 1e4]),
        # softplus: the slope is a sigmoid, 0.01 at -log(99) = -4.5951
        ("softplus", [-4.596], [-4.595, 1e4]),
        # softsign: 1 / (1 + x)^2 = 0.01 at 9
        ("softsign", [-9.001, 9.001], [-8.999, 8.999]),
        # elu: exp(x) = 0.01 at -4.6052
        ("elu", [-4.606], [-4.605, 1e4]),
    ],
)
def test_saturation_begins_where_1_percent_of_the_slope_is_left(
    name: str, saturated: list[float], live: list[float]
) -> None:
    assert np.all(resolve(name).saturated(np.array(saturated)))
    assert not np.any(resolve(name).saturated(np.array(live)))


def test_steepest_slopes_of_the_bent_activations() -> None:
    """Where the second derivative is zero: gelu at sqrt(2), silu at x tanh(x / 2) = 2."""
    root2 = math.sqrt(2.0)
    gelu = 0.5 * (1 + math.erf(1.0)) + root2 * math.exp(-1.0) / math.sqrt(2 * math.pi)
    assert resolve("gelu").steepest == pytest.approx(gelu, abs=1e-6)
    assert resolve("silu").steepest == pytest.approx(1.0998394, abs=1e-6)
    assert resolve("sigmoid").steepest == 0.25


# --- the frameworks ----------------------------------------------------------------------------

POINTS = np.concatenate([np.linspace(-30, 30, 2001), [-1e4, -100.0, 100.0, 1e4]])
POINTS = POINTS[POINTS != 0]

# In double precision. TensorFlow keeps the slope of leaky_relu and a constant of its erf in
# float32, and torch's softplus leaves out log1p(exp(-x)) < 2.1e-9 above 20: each below half a
# float32 ulp. The tanh form of gelu is 5e-4 away.
TOLERANCE = 2.0**-24
SINGLE = {("tanh", "keras_jax"): 16 * 2.0**-24}
"""What Keras computes in single precision on JAX, also where it is given doubles."""


DECLARED = [
    (name, framework)
    for name in NAMES
    for framework in ["numpy", *NATIVE]
    if resolve(name).entry.undeclared(framework) is None
]


@pytest.mark.parametrize(("name", "framework"), DECLARED)
def test_native_value_and_slope_are_the_definition(name: str, framework: str) -> None:
    function = resolve(name)
    points = POINTS[function.entry.sound(framework, POINTS)]
    value, slope = load(framework).evaluate(name, points)
    assert value.dtype == slope.dtype == np.float64
    deviation = np.abs(value - function.value(points)) / np.maximum(1.0, np.abs(points))
    tolerance = SINGLE.get((name, framework), TOLERANCE)
    assert np.max(deviation) < tolerance
    assert np.max(np.abs(slope - function.slope(points))) < tolerance


@pytest.mark.parametrize(("name", "framework"), DECLARED)
def test_native_in_single_precision(name: str, framework: str) -> None:
    """In the precision of training the error is below 16 ulp of the largest intermediate result:
    mish and silu subtract products of x, so the unit is that of max(1, |x|)."""
    function = resolve(name)
    points = POINTS.astype(np.float32)
    points = points[function.entry.sound(framework, points)]
    value, slope = load(framework).evaluate(name, points)
    assert value.dtype == slope.dtype == np.float32
    unit = 16 * np.finfo(np.float32).eps * np.maximum(1.0, np.abs(points))
    assert np.all(np.abs(value - function.value(points)) < unit)
    assert np.all(np.abs(slope - function.slope(points)) < unit)


def _slope_at(framework: Framework, name: str, point: float) -> float:
    return float(framework.evaluate(name, np.array([point]))[1][0])


@pytest.mark.parametrize(
    ("name", "framework"),
    [(n, f) for n, f in DECLARED if f != "numpy" and resolve(n).entry.kinks],
)
def test_native_slope_at_a_kink(name: str, framework: str) -> None:
    """TensorFlow takes the slope of selu from the right, and JAX that of leaky_relu, with Flax and
    with Keras."""
    from_the_right = {("selu", "tensorflow"): SELU_SCALE}
    for other in NAMES:
        if other.startswith("leaky_relu"):
            from_the_right |= {(other, "jax"): 1.0, (other, "keras_jax"): 1.0}
    for kink in resolve(name).entry.kinks:
        left = float(resolve(name).slope(np.array(kink)))
        expected = from_the_right.get((name, framework), left)
        assert _slope_at(load(framework), name, kink) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("framework", NATIVE)
def test_the_parameter_reaches_the_framework(framework: str) -> None:
    """The defaults differ: Keras' own slope is 0.2."""
    slopes = [_slope_at(load(framework), f"leaky_relu({s})", -1.0) for s in (0.01, 0.2, 0.37)]
    assert slopes == pytest.approx([0.01, 0.2, 0.37], abs=TOLERANCE)
