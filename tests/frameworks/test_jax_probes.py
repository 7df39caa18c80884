"""The probes of JAX, Flax and Optax beside the NumPy oracle and the definitions, and planted
mistakes that the comparisons catch.

``tox -e jax`` runs this file; without JAX it is skipped.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

for package in ("jax", "flax", "optax"):
    pytest.importorskip(package)

import jax
import optax
from flax import nnx

from suite import frameworks
from suite.catalogue import activations, step_forms, step_options
from suite.catalogue.kernels import KERNELS
from suite.catalogue.normalizations import LAYERS
from suite.frameworks.jax import layers
from suite.frameworks.jax.probes import normalization
from suite.probes.convolution import Convolutions
from suite.probes.curves import DefaultForms
from suite.probes.descent import KnownProblems
from suite.probes.elementwise import Elementwise
from suite.probes.initializers import LayerDraws
from suite.probes.normalization import NormalizationDefinition, NormalizationLayers
from suite.probes.normalized import DeepSignals
from suite.probes.numerics import Formulas
from suite.probes.optimizers import Steps
from suite.probes.signals import Signals
from suite.probes.weighted import WeightedTraining
from suite.studies.initializers import KINDS, sizes
from suite.studies.numerics import formulas
from suite.studies.optimizers import APART
from suite.theory import steps
from suite.types import Array, Unsupported, UserError

JAX, NUMPY = frameworks.load("jax"), frameworks.load("numpy")
RNG = np.random.default_rng(3)
POINTS = np.array([-2.0, -0.5, 0.25, 1.5])


def far(measured: Array, exact: Array) -> float:
    """Return the largest difference, over the largest size."""
    return float(np.abs(measured - exact).max() / np.abs(exact).max())


# --- functions of one number -------------------------------------------------------------------


@pytest.mark.parametrize("execution", ["eager", "compiled"])
@pytest.mark.parametrize(
    ("float_type", "tolerance"),
    [("double", 1e-12), ("single", 1e-5), ("half", 2e-2), ("bfloat16", 1e-1)],
)
def test_formulas_are_the_definitions(float_type: str, tolerance: float, execution: str) -> None:
    evaluate = JAX.probe(Formulas).evaluate
    for name in (*formulas.FORMULAS.names, "selu"):
        formula = formulas.resolve(name)
        value, slope = evaluate(name, POINTS, float_type, execution)
        assert np.abs(value - formula.value(POINTS)).max() < tolerance, name
        assert np.abs(slope - formula.slope(POINTS)).max() < tolerance, name


def test_a_planted_loss_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optax, "squared_error", lambda x, y: 0.5 * (x - y) ** 2)
    value, _ = JAX.probe(Formulas).evaluate("squared_error", POINTS, "single", "eager")
    assert np.abs(value - formulas.resolve("squared_error").value(POINTS)).max() > 0.1


def test_an_unknown_execution_and_form_are_refused() -> None:
    with pytest.raises(UserError, match="compiled"):
        JAX.probe(Formulas).evaluate("softmax", POINTS, "single", "compild")
    with pytest.raises(UserError, match="function"):
        JAX.probe(DefaultForms).default("relu", "functoin", POINTS)


def test_a_default_is_what_jax_has_without_arguments() -> None:
    """Its GELU is the one with a tanh; no activation is a layer of Flax."""
    default = JAX.probe(DefaultForms).default
    for name, close in (("elu", True), ("leaky_relu", True), ("gelu", False)):
        value, slope = default(name, "function", POINTS)
        exact = activations.resolve(name)
        assert bool(np.abs(value - exact.value(POINTS)).max() < 1e-6) == close
        assert bool(np.abs(slope - exact.slope(POINTS)).max() < 1e-6) == close
        assert value.dtype == np.float64
        with pytest.raises(Unsupported, match="layer"):
            default(name, "layer", POINTS)


def test_times_are_positive() -> None:
    forward, backward = JAX.probe(Elementwise).seconds("tanh", POINTS.astype(np.float32))
    assert forward > 0
    assert backward > 0


# --- signals -----------------------------------------------------------------------------------


def network(*widths: int) -> tuple[tuple[Array, Array], ...]:
    return tuple(
        (
            RNG.normal(size=(a, b)).astype(np.float32),
            RNG.normal(size=b).astype(np.float32),
        )
        for a, b in itertools.pairwise(widths)
    )


def test_signals_are_the_oracles() -> None:
    ours, exact = JAX.probe(Signals), NUMPY.probe(Signals)
    weights = network(3, 5, 5, 5)
    point = RNG.normal(size=3).astype(np.float32)
    assert far(*(each.jacobian("tanh", weights, point) for each in (ours, exact))) < 1e-5
    deep, inputs, g = network(4, 4, 4), *RNG.normal(size=(2, 6, 4)).astype(np.float32)
    for precision, tolerance in (("single", 1e-5), ("double", 1e-13)):
        measured, right = (
            each.backward("sigmoid", deep, inputs, g, precision) for each in (ours, exact)
        )
        assert far(measured, right) < tolerance
    kernels, biases = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 4))
    hidden = RNG.normal(size=(2, 5, 3))
    parts = [part.astype(np.float32) for part in (kernels, biases, hidden)]
    assert far(*(each.through("relu", *parts) for each in (ours, exact))) < 1e-5


def test_a_planted_slope_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, point = network(3, 5, 5), np.ones(3, dtype=np.float32)
    exact = NUMPY.probe(Signals).jacobian("softplus", weights, point)
    layers.compiled_passes.cache_clear()
    monkeypatch.setattr(jax.nn, "softplus", jax.nn.relu)
    assert far(JAX.probe(Signals).jacobian("softplus", weights, point), exact) > 1e-2
    layers.compiled_passes.cache_clear()


def test_jax_on_a_cpu_has_no_denormal_numbers() -> None:
    smallest = JAX.probe(Signals).smallest
    assert [smallest("single"), smallest("double")] == [2.0**-126, 2.0**-1022]


# --- normalization -----------------------------------------------------------------------------

SHAPES = {"dense": (6, 3), "convolution": (4, 3, 2, 3)}


def values(kind: str) -> Array:
    return RNG.normal(size=SHAPES[kind.partition("_")[2]])


@pytest.mark.parametrize("kind", LAYERS.names)
def test_normalization_layers_are_the_definition(kind: str) -> None:
    x, g = values(kind), values(kind)
    gamma, beta = RNG.normal(size=(2, 3))
    ours = JAX.probe(NormalizationLayers).layer(kind, x, gamma, beta, 1e-3, g)
    exact = NUMPY.probe(NormalizationDefinition).layer(kind, x, gamma, beta, 1e-3, g)
    for measured, right in zip(ours, exact, strict=True):
        assert far(measured, right) < 1e-13


def test_a_planted_epsilon_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalization, "_given", lambda epsilon: {})
    x, ones = values("layer_dense"), np.ones(3)
    ours = JAX.probe(NormalizationLayers).layer("layer_dense", x, ones, ones, 1e-3, x)
    exact = NUMPY.probe(NormalizationDefinition).layer("layer_dense", x, ones, ones, 1e-3, x)
    assert far(ours[0], exact[0]) > 1e-6


def test_running_statistics_are_double_and_of_the_biased_variance() -> None:
    batches = np.stack([values("batch_dense") for _ in range(2)])
    mean, variance, trained, inferred = JAX.probe(NormalizationLayers).running(
        "batch_dense", batches, 0.75, None
    )
    averages = NUMPY.probe(NormalizationDefinition).averages
    right = averages("batch_dense", batches, 0.75, False)
    assert far(mean, right[0]) < 1e-13
    assert far(variance, right[1]) < 1e-13
    assert far(variance, averages("batch_dense", batches, 0.75, True)[1]) > 1e-3
    assert np.abs(trained - inferred).max() > 0.1
    still = JAX.probe(NormalizationLayers).running("layer_dense", batches, 0.75, None)
    assert still[0].size == still[1].size == 0
    np.testing.assert_array_equal(still[2], still[3])


def test_defaults_of_normalization() -> None:
    defaults = JAX.probe(NormalizationLayers).defaults
    assert defaults("batch_dense") == {"epsilon": 1e-5, "momentum": 0.99, "parameters": 2.0}
    assert defaults("layer_dense")["epsilon"] == 1e-6
    assert np.isnan(defaults("instance_convolution")["momentum"])


@pytest.mark.parametrize(
    ("kind", "shape"), [("layer_dense", (3, 5)), ("batch_convolution", (2, 2, 3, 5))]
)
def test_a_normalized_layer_forgets_the_scale_of_its_kernel(
    kind: str, shape: tuple[int, ...]
) -> None:
    x, kernel = values(kind), RNG.normal(size=shape)
    places = (6, 5) if kind.endswith("dense") else (4, 2, 1, 5)
    g = RNG.normal(size=places)
    rescaled = JAX.probe(NormalizationLayers).rescaled
    outputs, gradient = rescaled(kind, x, kernel, 1e-30, g)
    again, smaller = rescaled(kind, x, 4 * kernel, 1e-30, g)
    assert far(again, outputs) < 1e-12
    assert far(4 * smaller, gradient) < 1e-11


# --- optimizers --------------------------------------------------------------------------------

ONE_OF_EACH = (
    "sgd(nesterov)",
    "sgd(clip_global)",
    "sgd(penalty)",
    "sgd(piecewise)",
    "sgd(restarts)",
    "sgd(warmup)",
    "sgd(accumulate)",
    "rmsprop(momentum,exponential)",
    "rmsprop(epsilon)",
    "adam(epsilon)",
    "adamw",
    "adagrad(epsilon)",
    "adadelta(decay)",
    "adamax(decay)",
    "common_adam",
)


def away(name: str, batches: int = 10) -> tuple[float, float]:
    """Return how far Optax is from its own formula and from the other one."""
    setting = step_options.resolve(name)
    forms = step_forms.forms("jax", setting)
    assert forms is not None
    path = JAX.probe(Steps).path(name, "network", batches)
    own, other = (
        float(steps.distances(path, steps.path(form, setting, "network", batches)).max())
        for form in (forms, forms.other)
    )
    return own, other


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_optax_takes_the_steps_of_its_formula(name: str) -> None:
    assert away(name)[0] < APART


@pytest.mark.parametrize(
    "name", ["sgd(clip_global)", "sgd(piecewise)", "rmsprop(epsilon)", "adam(epsilon)"]
)
def test_the_other_formula_is_caught(name: str) -> None:
    assert away(name)[1] > APART


def test_a_planted_place_of_epsilon_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optax, "rmsprop", functools.partial(optax.rmsprop, eps_in_sqrt=False))
    assert away("rmsprop(epsilon)")[0] > APART


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("adam(amsgrad)", "AMSGrad"),
        ("nadam", "NAdam"),
        ("sgd(decay)", "weight_decay"),
        ("sgd(clip_norm)", "norm of all tensors"),
    ],
)
def test_what_optax_lacks_is_unsupported(name: str, word: str) -> None:
    with pytest.raises(Unsupported, match=word):
        JAX.probe(Steps).path(name, "network", 1)


def third(name: str) -> float:
    """Return how far Optax' method is from the nearer of the two formulas after four steps."""
    made: Callable[..., Any] = {"nadam": optax.nadam, "adam(amsgrad)": optax.amsgrad}[name]
    setting = step_options.resolve(name)
    given = {"b1": setting.values["beta_1"], "b2": setting.values["beta_2"], "eps": 0.0}
    with jax.enable_x64(True):
        optimizer = made(setting.method.rate, **given)
        x = jax.numpy.asarray(steps.start("quadratic")[0])
        state, followed = optimizer.init(x), [np.asarray(x)]
        for _ in range(4):
            gradient = jax.numpy.asarray(steps.gradients("quadratic", [np.asarray(x)])[0])
            updates, state = optimizer.update(gradient, state, x)
            x = optax.apply_updates(x, updates)
            followed.append(np.asarray(x))
    paths = [steps.path(form, setting, "quadratic", 4) for form in step_forms.BOTH]
    return min(float(steps.distances(np.array(followed), path).max()) for path in paths)


@pytest.mark.parametrize("name", ["nadam", "adam(amsgrad)"])
def test_a_third_formula_is_one(name: str) -> None:
    """If Optax' formula became one of the two, this test would ask for it to be measured."""
    assert third(name) > 1e-3


# --- initializers ------------------------------------------------------------------------------

DRAWN = {
    "dense": "96x64",
    "convolution": "3x3x16x32",
    "transposed": "3x3x16x32",
    "truncated": "96x64",
    **{kind: shape for kind, shape in KINDS.items() if kind != "attention_packed"},
}


def ratio(kind: str, initializer: str) -> float:
    """Return the mean square of a kernel over the variance of its law by the counted fans."""
    shape = sizes(DRAWN[kind])
    kernel, bias = JAX.probe(LayerDraws).draw(kind, shape, initializer, 5)
    assert kernel.size == KERNELS[kind].entries(*shape)
    assert not bias.any()
    fans = KERNELS[kind].counted_fans("jax", *shape)
    if initializer == "xavier_uniform":
        return float((kernel**2).mean() * sum(fans) / 2)
    return float((kernel**2).mean() / KERNELS[kind].start("jax", *shape).variance(*fans))


@pytest.mark.parametrize("kind", [kind for kind in DRAWN if kind != "truncated"])
def test_a_kernel_has_its_law(kind: str) -> None:
    error = 4 * np.sqrt(2 / KERNELS[kind].entries(*sizes(DRAWN[kind])))
    assert ratio(kind, "default") == pytest.approx(1, abs=error)
    assert ratio(kind, "xavier_uniform") == pytest.approx(1, abs=error)


def test_other_fans_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake: a sum over named axes counts the fans of the textbook."""
    monkeypatch.delitem(KERNELS["einsum"].counted, "jax")
    assert ratio("einsum", "default") == pytest.approx(1 / 8, rel=0.05)


def test_a_truncated_normal_is_cut_at_two() -> None:
    kernel, _ = JAX.probe(LayerDraws).draw("truncated", (96, 64), "normal(0.05)", 5)
    assert 0.099 < np.abs(kernel).max() <= 0.1


def test_a_draw_follows_its_seed() -> None:
    draw = JAX.probe(LayerDraws).draw
    one, same, other = (draw("gru_input", (4, 3), "default", seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()
    with pytest.raises(UserError, match="did you mean 'dense'"):
        draw("dens", (4, 3), "default", 1)


def test_the_bias_of_a_layer() -> None:
    bias = JAX.probe(LayerDraws).bias
    np.testing.assert_array_equal(bias("constant(0.1)", 4, 3, 0), np.full(3, np.float32(0.1)))
    assert not bias("default", 4, 3, 0).any()
    assert np.std(bias("normal(0.1)", 4, 4000, 0)) == pytest.approx(0.1, rel=0.05)


def test_a_layer_is_a_product() -> None:
    kernel, x, g = (RNG.normal(size=size).astype(np.float32) for size in ((3, 5), (4, 3), (4, 5)))
    outputs, gradient = JAX.probe(LayerDraws).through(kernel, x, g)
    assert far(outputs, x @ kernel) < 1e-6
    assert far(gradient, g @ kernel.T) < 1e-6


@pytest.mark.parametrize("kind", ["shared", "fresh"])
def test_layers_that_share_an_initializer_differ(kind: str) -> None:
    first, second, again = JAX.probe(LayerDraws).sharing(kind, [(4, 3), (4, 3), (4, 3)], 0)
    assert not (first == second).any()
    assert not (second == again).any()
    equal = [nnx.Linear(4, 3, rngs=nnx.Rngs(0)).kernel[...] for _ in range(2)]
    np.testing.assert_array_equal(equal[0], equal[1])  # what is shared would be seen


# --- networks that single studies train --------------------------------------------------------


def single(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def check_oracle(topic: Any, function: str, *given: Any) -> None:
    """Compare what JAX and the oracle return, in single precision."""
    ours, exact = (
        jax.tree.leaves(getattr(each.probe(topic), function)(*given)) for each in (JAX, NUMPY)
    )
    for measured, right in zip(ours, exact, strict=True):
        assert measured.shape == right.shape
        assert far(measured, right) < 1e-5


@pytest.mark.parametrize("arrangement", ["chain", "blocks"])
@pytest.mark.parametrize("name", ["none", "batch", "layer"])
def test_deep_signals_are_the_oracles(arrangement: str, name: str) -> None:
    weights = network(*[5] * 4)
    given = (weights, single(6, 5), single(6, 5), 1e-3)
    check_oracle(DeepSignals, "propagate", "tanh", arrangement, name, 0.5, *given)


def test_another_residual_connection_is_caught() -> None:
    given = (network(*[5] * 4), single(6, 5), single(6, 5), 1e-3)
    ours = JAX.probe(DeepSignals).propagate("tanh", "chain", "layer", 0.5, *given)
    other = NUMPY.probe(DeepSignals).propagate("tanh", "chain", "layer", 0.6, *given)
    assert far(ours[0], other[0]) > 1e-3


def test_weighted_training_is_the_oracles() -> None:
    shapes = ((2, 4), (4, 4), (4, 1))
    weights = tuple((single(2, *size), single(2, size[1])) for size in shapes)
    labels, importance = (single(2, 8) > 0).astype(np.float32), np.abs(single(2, 8))
    given = (weights, single(2, 8, 2), labels)
    check_oracle(WeightedTraining, "train", "sgd", *given, importance, single(2, 5, 2), (2, 5))
    ours, other = (
        JAX.probe(WeightedTraining).train("sgd", *given, each, np.ones((2, 5, 2)), (5,))
        for each in (importance, np.ones_like(importance))
    )
    assert far(ours, other) > 1e-3


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_gradient_descent_on_noise_is_the_oracles(threshold: float | None) -> None:
    weights = ((single(2, 3, 4), single(2, 4)), (single(2, 4, 1), single(2, 1)))
    given = (weights, single(2, 6, 8, 3), single(2, 6, 8))
    check_oracle(KnownProblems, "noise", "sgd", threshold, *given)
    clipped = JAX.probe(KnownProblems).noise("sgd", 0.25, *given)[0]
    exact = NUMPY.probe(KnownProblems).noise("sgd", threshold, *given)[0]
    assert far(clipped, exact) > 1e-3


def test_a_quadratic_is_the_oracles() -> None:
    curvatures = np.array([1.0, 0.1], dtype=np.float32)
    check_oracle(KnownProblems, "quadratic", "sgd(0.1, 0.9)", curvatures, single(2, 2), 20)


def test_a_convolutional_network_is_the_oracles() -> None:
    side = 4
    weights = (
        (single(2, 3, 3, 1, 2) / 3, single(2, 2)),
        (single(2, 3, 3, 2, 3) / 3, single(2, 3)),
        (single(2, side * side * 3, 4) / 8, single(2, 4)),
    )
    order = np.stack([[RNG.permutation(8) for _ in range(2)] for _ in range(2)])
    labels = RNG.integers(0, 4, (2, 8))
    given = (weights, single(2, 8, side, side), labels, single(2, 5, side, side))
    check_oracle(Convolutions, "train", "relu", "sgd", *given, order, 4)
    ours = JAX.probe(Convolutions).train("relu", "sgd", *given, order, 4)[0]
    other = NUMPY.probe(Convolutions).train("relu", "sgd", *given, order[::-1], 4)[0]
    assert far(ours, other) > 1e-3
    kernel, bias = JAX.probe(Convolutions).draw("he_normal", 2, 3, 1)
    assert kernel.shape == (3, 3, 2, 3)
    assert not bias.any()
