"""Keras' probes on torch and on JAX against the definition: layers, steps, signals, training.

``tox -e keras`` runs this file once on each backend, as it does ``test_keras``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tests.support import BACKEND, HERE

NAME = f"keras_{BACKEND}"
if NAME not in HERE:
    pytest.skip("needs KERAS_BACKEND=torch or jax, installed", allow_module_level=True)

from suite import frameworks
from suite.catalogue import step_options
from suite.frameworks.keras.differentiate import numbers
from suite.frameworks.keras.library import keras
from suite.frameworks.keras.probes import normalization, normalized, optimizers, signals
from suite.frameworks.keras.training import Trainer
from suite.probes.convolution import Convolutions
from suite.probes.descent import KnownProblems
from suite.probes.normalization import NormalizationDefinition, NormalizationLayers
from suite.probes.normalized import DeepNetworks, DeepSignals
from suite.probes.optimizers import Steps
from suite.probes.signals import Signals
from suite.probes.tutorial import UserLoop
from suite.probes.weighted import WeightedTraining
from suite.studies.normalization import KINDS, OTHER
from suite.theory import steps
from suite.types import Array, Unsupported, Weights
from tests.support.framework_tasks import make_task

KERAS, ORACLE = frameworks.load(NAME), frameworks.load("numpy")
TORCH = BACKEND == "torch"
ROUNDING = 2e-5
"""As a share of the largest entry: single precision through a few layers."""
EPSILON = 1e-3


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Compile nothing from a test in which a mistake was planted."""
    yield
    for module in (normalization, normalized, optimizers, signals):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


def close(result: Array, expected: Array, share: float = ROUNDING) -> None:
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() <= share * np.abs(expected).max()


def network(*sizes: int) -> Weights:
    rng = np.random.default_rng(3)
    return tuple(
        (rng.normal(size=(m, n)).astype(np.float32), rng.normal(size=n).astype(np.float32))
        for m, n in itertools.pairwise(sizes)
    )


# --- single normalization layers -----------------------------------------------------------------


def values_of(kind: str, seed: int = 0) -> tuple[Array, Array, Array, Array]:
    """Draw values, gamma, beta and cotangent of a small layer with five features."""
    rng = np.random.default_rng(seed)
    shape = (6, 5) if kind.endswith("dense") else (4, 3, 2, 5)
    values = 2 * rng.standard_normal(shape) + 1
    gamma, beta = rng.standard_normal((2, 5))
    return values, gamma, beta, rng.standard_normal(shape)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_the_definition_in_single_precision(kind: str) -> None:
    """Keras has doubles in these layers on TensorFlow alone. Once the last line fails, the file of
    the probe and the docs that say so can be corrected."""
    values, gamma, beta, cotangent = values_of(kind)
    layer = KERAS.probe(NormalizationLayers).layer
    definition = ORACLE.probe(NormalizationDefinition).layer
    results = layer(kind, values, gamma, beta, EPSILON, cotangent)
    exact = definition(kind, values, gamma, beta, EPSILON, cotangent)
    for result, expected in zip(results, exact, strict=True):
        assert result.dtype == np.float64
        close(result, expected)
    for axes in (OTHER[kind],):  # those of the other layer are noticed
        with pytest.raises(AssertionError):
            close(results[0], definition(axes, values, gamma, beta, EPSILON, cotangent)[0])
    assert np.abs(results[0] - exact[0]).max() > 1e-9


@pytest.mark.parametrize("kind", ["batch_dense", "batch_convolution"])
def test_running_statistics_average_population_variances(kind: str) -> None:
    batches = np.stack([values_of(kind, seed)[0] for seed in range(3)])
    running = KERAS.probe(NormalizationLayers).running
    mean, variance, trained, inferred = running(kind, batches, 0.7, EPSILON)
    averages = ORACLE.probe(NormalizationDefinition).averages
    expected = averages(kind, batches, 0.7, False)
    close(mean, expected[0])
    close(variance, expected[1])
    for wrong in (averages(kind, batches, 0.7, True), averages(kind, batches, 0.3, False)):
        with pytest.raises(AssertionError):
            close(variance, wrong[1])
    close(inferred, (batches[-1] - mean) / np.sqrt(variance + EPSILON))
    assert np.abs(trained - inferred).max() > 0.1


def test_a_layer_without_statistics_has_one_mode() -> None:
    batches = np.stack([values_of("layer_dense", seed)[0] for seed in range(2)])
    mean, variance, trained, inferred = KERAS.probe(NormalizationLayers).running(
        "layer_dense", batches, None, None
    )
    assert len(mean) == len(variance) == 0
    np.testing.assert_array_equal(trained, inferred)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_times_seven_has_a_seventh_of_the_gradient(kind: str) -> None:
    values, *_ = values_of(kind)
    rng = np.random.default_rng(9)
    window, leaving = ((), (6, 3)) if kind.endswith("dense") else ((2, 1), (4, 2, 2, 3))
    kernel, cotangent = rng.standard_normal((*window, 5, 3)), rng.standard_normal(leaving)
    rescaled = KERAS.probe(NormalizationLayers).rescaled
    outputs, gradient = rescaled(kind, values, kernel, 1e-30, cotangent)
    same, seventh = rescaled(kind, values, 7 * kernel, 1e-30, cotangent)
    close(same, outputs)
    close(7 * seventh, gradient)
    felt, _ = rescaled(kind, values, 7 * kernel, 1.0, cotangent)
    with pytest.raises(AssertionError):  # with an epsilon that is something beside the variance
        close(felt, rescaled(kind, values, kernel, 1.0, cotangent)[0])


def test_defaults_are_keras_own() -> None:
    defaults = KERAS.probe(NormalizationLayers).defaults
    assert defaults("batch_dense") == {"epsilon": 1e-3, "momentum": 0.99, "parameters": 2.0}
    assert math.isnan(defaults("instance_convolution")["momentum"])


# --- steps of optimizers -------------------------------------------------------------------------

DOUBLE = ("sgd(nesterov)", "sgd(half_penalty)", "adam(amsgrad)", "adam(accumulate)", "nadam")
SINGLE = ("sgd(clip_global)", "sgd(clip_norm)") if TORCH else ("sgd(cosine)", "sgd(warmup)")
"""Settings in which Keras takes a root of a double, or a cosine, in single precision."""


def off(setting: str, task: str, batches: int = 8) -> float:
    path = KERAS.probe(Steps).path(setting, task, batches)
    assert path.dtype == np.float64
    formula = steps.path("keras", step_options.resolve(setting), task, batches)
    return float(steps.distances(path, formula).max())


@pytest.mark.parametrize("setting", DOUBLE)
def test_a_path_is_that_of_the_formula(setting: str) -> None:
    for task in steps.SHAPES:
        assert off(setting, task) < 1e-10


@pytest.mark.parametrize("setting", SINGLE)
def test_some_options_are_computed_in_single_precision(setting: str) -> None:
    assert 1e-10 < off(setting, "network") < 1e-6


def test_a_planted_momentum_and_a_forgotten_penalty_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        sgd = keras.optimizers.SGD
        patch.setattr(keras.optimizers, "SGD", lambda **given: sgd(**given | {"momentum": 0.874}))
        assert off("sgd(nesterov)", "quadratic") > 1e-4
    optimizers._gradients.cache_clear()
    with monkeypatch.context() as patch:
        l2 = keras.regularizers.L2
        patch.setattr(keras.regularizers, "L2", lambda strength: l2(0.99 * strength))
        assert off("sgd(half_penalty)", "network") > 1e-4


# --- signals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_jacobian(activation: str) -> None:
    weights, point = network(4, 7, 5, 6), np.linspace(-1, 1, 4)
    result = KERAS.probe(Signals).jacobian(activation, weights, point)
    close(result, ORACLE.probe(Signals).jacobian(activation, weights, point))
    with pytest.raises(AssertionError):
        close(result, ORACLE.probe(Signals).jacobian("linear", weights, point))


def test_through_is_one_layer_of_each_network() -> None:
    rng = np.random.default_rng(4)
    parts = [rng.normal(size=size).astype(np.float32) for size in ((3, 4, 5), (3, 5), (3, 2, 4))]
    result = KERAS.probe(Signals).through("relu", *parts)
    close(result, ORACLE.probe(Signals).through("relu", *parts))
    close(KERAS.probe(Signals).through("relu", *(part[1:2] for part in parts)), result[1:2])


def test_backward() -> None:
    weights = network(5, 5, 5)
    inputs, cotangent = np.random.default_rng(5).normal(size=(2, 3, 5))
    backward, oracle = KERAS.probe(Signals).backward, ORACLE.probe(Signals).backward
    result = backward("sigmoid", weights, inputs, cotangent, "single")
    assert result.dtype == np.float32
    close(result, oracle("sigmoid", weights, inputs, cotangent, "single"))
    with pytest.raises(AssertionError):  # the gradient by the outputs in place of what enters
        close(result, oracle("linear", weights, inputs, cotangent, "single"))
    with pytest.raises(Unsupported, match="in single precision"):
        backward("sigmoid", weights, inputs, cotangent, "double")


def test_the_smallest_number_is_denormal_on_torch_and_normal_on_jax() -> None:
    smallest = KERAS.probe(Signals).smallest
    assert math.log2(smallest("single")) == (-149 if TORCH else -126)
    with pytest.raises(Unsupported, match="in single precision"):
        smallest("double")


# --- deep networks with normalization ------------------------------------------------------------


@pytest.mark.parametrize("residual", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["none", "batch", "layer"])
@pytest.mark.parametrize("arrangement", ["chain", "blocks"])
def test_deep_networks_are_the_definition(arrangement: str, kind: str, residual: float) -> None:
    inputs, cotangent = np.random.default_rng(5).normal(size=(2, 6, 5)).astype(np.float32)
    given = (network(5, 5, 5, 5), inputs, cotangent, 1e-5)
    results = KERAS.probe(DeepNetworks).propagate("tanh", arrangement, kind, residual, *given)
    oracle = ORACLE.probe(DeepSignals).propagate
    for result, expected in zip(
        results, oracle("tanh", arrangement, kind, residual, *given), strict=True
    ):
        close(result, expected)
    for result, wrong in zip(
        results, oracle("tanh", arrangement, kind, residual + 0.01, *given), strict=True
    ):
        with pytest.raises(AssertionError):
            close(result, wrong)


def logit(weights: Weights, x: Array) -> Array:
    for kernel, bias in weights[:-1]:
        x = np.tanh(x @ kernel + bias)
    return np.asarray(x @ weights[-1][0] + weights[-1][1])[:, 0]


def slope(weights: Weights, x: Array, y: Array, layer: int) -> Array:
    """Return central differences of the cross-entropy by one kernel."""
    result = np.zeros(weights[layer][0].shape)
    for index in np.ndindex(result.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = [(kernel.astype(float), bias.astype(float)) for kernel, bias in weights]
            moved[layer][0][index] += step
            z = logit(tuple(moved), x.astype(float))
            ends.append(float(np.mean(np.logaddexp(0, z) - y * z)))
        result[index] = (ends[0] - ends[1]) / 2e-5
    return result


def test_the_shift_is_the_gradient_after_the_step_of_the_layers_below() -> None:
    weights = network(2, 3, 3, 3, 1)
    x = np.random.default_rng(6).normal(size=(12, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    losses, before, after = KERAS.probe(DeepNetworks).shift(
        "tanh", "none", weights, x, y, "sgd(0.5)", 2, 1e-5
    )
    z = logit(weights, x)
    assert losses.shape == (2,)
    assert losses[0] == pytest.approx(float(np.mean(np.logaddexp(0, z) - y * z)), rel=1e-5)
    assert losses[1] < losses[0]
    assert before.shape == after.shape == (2, 2, 3, 3)
    for position in (1, 2):
        np.testing.assert_allclose(
            before[0, position - 1], slope(weights, x, y, position), atol=1e-6
        )
    # The first hidden layer makes its step, which moves the gradient of the second.
    kernel, bias = (value.astype(float) for value in weights[0])
    kernel = kernel - 0.5 * slope(weights, x, y, 0)
    for shifted, same in ((bias - 0.5 * by_bias(weights, x, y), True), (bias, False)):
        turned = slope(((kernel, shifted), *weights[1:]), x, y, 1)
        assert np.allclose(after[0, 0], turned, atol=1e-6) == same


def by_bias(weights: Weights, x: Array, y: Array) -> Array:
    """Return the gradient by the first bias, as by the kernel of a further input that is 1."""
    kernel, bias = weights[0]
    wider = (np.vstack([kernel, bias]), np.zeros_like(bias))
    result: Array = slope((wider, *weights[1:]), np.hstack([x, np.ones((len(x), 1))]), y, 0)[-1]
    return result


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_the_shift_with_normalization_leaves_no_trace(kind: str) -> None:
    """The layers are kept from one network to the next, and start anew."""
    weights = network(2, 3, 3, 1)
    x = np.random.default_rng(6).normal(size=(12, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    shift = KERAS.probe(DeepNetworks).shift
    first = shift("relu", kind, weights, x, y, "sgd(0.1)", 2, 1e-5)
    again = shift("relu", kind, weights, x, y, "sgd(0.1)", 2, 1e-5)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


# --- networks that are trained one at a time -----------------------------------------------------


def networks(*sizes: int) -> Weights:
    """Return two networks: kernels (2, fan_in, fan_out) and biases (2, fan_out)."""
    rng = np.random.default_rng(3)
    return tuple(
        (
            rng.normal(size=(2, m, n)).astype(np.float32),
            rng.normal(size=(2, n)).astype(np.float32),
        )
        for m, n in itertools.pairwise(sizes)
    )


def test_descent_on_a_quadratic_is_the_recurrence() -> None:
    curvatures, start = np.array([1.0, 0.1]), np.random.default_rng(1).normal(size=(3, 2))
    oracle = ORACLE.probe(KnownProblems).quadratic
    result = KERAS.probe(KnownProblems).quadratic("sgd(0.1, 0.9)", curvatures, start, 20)
    close(result, oracle("sgd(0.1, 0.9)", curvatures, start, 20))
    with pytest.raises(AssertionError):
        close(result, oracle("sgd(0.1, 0.899)", curvatures, start, 20))


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_descent_in_noise_clips_after_the_norm_is_taken(threshold: float | None) -> None:
    rng, weights = np.random.default_rng(2), networks(4, 5, 1)
    inputs, targets = (
        rng.normal(size=size).astype(np.float32) for size in ((2, 6, 8, 4), (2, 6, 8))
    )
    oracle = ORACLE.probe(KnownProblems).noise
    losses, norms, after = KERAS.probe(KnownProblems).noise(
        "sgd(0.05)", threshold, weights, inputs, targets
    )
    expected = oracle("sgd(0.05)", threshold, weights, inputs, targets)
    other = oracle("sgd(0.05)", 0.49, weights, inputs, targets)
    close(losses, expected[0])
    close(norms, expected[1])
    for layer, exact in zip(after, expected[2], strict=True):
        for part, right in zip(layer, exact, strict=True):
            close(part, right)
    with pytest.raises(AssertionError):
        close(losses, other[0])


def test_points_have_their_weights() -> None:
    rng, weights = np.random.default_rng(2), networks(2, 6, 6, 1)
    inputs, points = (rng.normal(size=(2, n, 2)).astype(np.float32) for n in (20, 9))
    labels = (inputs[..., 0] > 0).astype(np.float32)
    given = ("sgd(0.05)", weights, inputs, labels)
    importance = np.where(labels > 0, 5, 1).astype(np.float32)
    result = KERAS.probe(WeightedTraining).train(*given, importance, points, (1, 5, 12))
    oracle = ORACLE.probe(WeightedTraining).train
    close(result, oracle(*given, importance, points, (1, 5, 12)))
    with pytest.raises(AssertionError):
        close(result, oracle(*given, np.ones_like(labels), points, (1, 5, 12)))


def test_convolutions_train_as_the_definition() -> None:
    rng = np.random.default_rng(2)
    shapes = (((2, 3, 3, 1, 2), (2, 2)), ((2, 3, 3, 2, 3), (2, 3)), ((2, 48, 4), (2, 4)))
    weights = tuple(
        (rng.normal(size=k).astype(np.float32) / 3, rng.normal(size=b).astype(np.float32))
        for k, b in shapes
    )
    inputs, heldout = (rng.normal(size=(2, n, 4, 4)).astype(np.float32) for n in (8, 3))
    labels = rng.integers(0, 4, (2, 8))
    order = np.array([[rng.permutation(8) for _ in range(2)] for _ in range(2)])
    train, oracle = KERAS.probe(Convolutions).train, ORACLE.probe(Convolutions).train
    given = (weights, inputs, labels, heldout, order, 4)
    for result, expected, wrong in zip(
        train("tanh", "sgd(0.1)", *given),
        oracle("tanh", "sgd(0.1)", *given),
        oracle("tanh", "sgd(0.11)", *given),
        strict=True,
    ):
        close(result, expected)
        with pytest.raises(AssertionError):
            close(result, wrong)


def test_fit_is_the_training_of_the_definition() -> None:
    task = make_task(activation="sigmoid", optimizer="sgd(0.1)", record=(0, 3))
    fit, oracle = KERAS.probe(UserLoop).fit, ORACLE.probe(UserLoop).fit
    weights, loss, accuracy = fit(task, 1)
    exact, exact_loss, exact_accuracy = oracle(task, 1)
    assert (loss, accuracy) == pytest.approx((exact_loss, exact_accuracy), rel=1e-5)
    other, *_ = oracle(task, 0)
    for layer, right, wrong in zip(weights, exact, other, strict=True):
        close(layer[0], right[0])
        with pytest.raises(AssertionError):
            close(layer[0], wrong[0])


def test_an_optimizer_starts_anew_with_each_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A momentum that outlives a network is noticed."""
    two = networks(4, 5, 1)
    same = tuple((kernel[:1].repeat(2, 0), bias[:1].repeat(2, 0)) for kernel, bias in two)
    rng = np.random.default_rng(2)
    inputs, targets = (
        rng.normal(size=size).astype(np.float32).repeat(2, 0) for size in ((1, 6, 8, 4), (1, 6, 8))
    )
    noise = KERAS.probe(KnownProblems).noise
    losses, *_ = noise("sgd(0.05, 0.9)", None, same, inputs, targets)
    np.testing.assert_array_equal(losses[0], losses[1])
    begin = Trainer.start

    def kept(self: Trainer, values: Sequence[Array]) -> None:
        moved = [numbers(value.value).copy() for value in self.optimizer.variables]
        memory = self._state[1] if self._jax else None
        begin(self, values)
        if memory:
            self._state = (self._state[0], memory)
        elif not self._jax:
            for variable, value in zip(self.optimizer.variables, moved, strict=True):
                variable.assign(value)

    monkeypatch.setattr(Trainer, "start", kept)
    losses, *_ = noise("sgd(0.05, 0.9)", None, same, inputs, targets)
    assert not np.array_equal(losses[0], losses[1])
