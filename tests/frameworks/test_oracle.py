"""The NumPy oracle, with which the frameworks are compared, against the definitions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue import activations
from suite.catalogue.activations import ACTIVATIONS
from suite.frameworks.numpy import cross_entropy, forward, gradient
from suite.types import Architecture, Array, Snapshot, TrainTask, UserError, Weights
from tests.support.framework_tasks import pick

ORACLE = frameworks.load("numpy")
MEMBERS, POINTS = 3, 11


def make_weights(model: Architecture, seed: int = 0, members: int = MEMBERS) -> Weights:
    """Draw kernels and biases from N(0, 1) for every member."""
    rng = np.random.default_rng(seed)
    return tuple(
        (rng.normal(size=(members, *shape)), rng.normal(size=(members, shape[1])))
        for shape in model.shapes
    )


def make_task(**changes: object) -> TrainTask:
    """Return a task of three members with data of their own: 11 points in batches of 4, 4 and 3."""
    rng = np.random.default_rng(1)
    model = Architecture(inputs=2, width=4, depth=2, outputs=1, activation="tanh")
    task = TrainTask(
        architecture=model,
        optimizer="sgd",
        settings="common",
        weights=make_weights(model),
        inputs=rng.normal(size=(MEMBERS, POINTS, 2)).astype(np.float32),
        labels=rng.integers(0, 2, (MEMBERS, POINTS)).astype(np.float32),
        heldout_inputs=rng.normal(size=(MEMBERS, 5, 2)).astype(np.float32),
        heldout_labels=rng.integers(0, 2, (MEMBERS, 5)).astype(np.float32),
        order=order,
        batch=4,
        record=(0, 1, 3),
        noise=range(MEMBERS),
    )
    return dataclasses.replace(task, **changes)  # type: ignore[arg-type]  # fields by name


def order(epoch: int) -> Array:
    """Return another order for each member and epoch."""
    rng = np.random.default_rng(epoch)
    return np.stack([rng.permutation(POINTS) for _ in range(MEMBERS)])


def differences(
    loss: Callable[[Weights], Array], weights: Weights, h: float = 1e-5
) -> list[list[Array]]:
    """Return central differences of ``loss``, (K,), by every entry, for all members at a time:
    if the loss of a member depended on the others, these would differ from its gradient."""
    result = []
    for layer in range(len(weights)):
        pair = []
        for part in range(2):
            slopes = np.zeros_like(weights[layer][part])
            for index in np.ndindex(*slopes.shape[1:]):
                sides = []
                for step in (h, -h):
                    moved = [[kernel.copy(), bias.copy()] for kernel, bias in weights]
                    moved[layer][part][(slice(None), *index)] += step
                    sides.append(loss(tuple((kernel, bias) for kernel, bias in moved)))
                slopes[(slice(None), *index)] = (sides[0] - sides[1]) / (2 * h)
            pair.append(slopes)
        result.append(pair)
    return result


@pytest.mark.parametrize("activation", ACTIVATIONS.names)
def test_gradient_is_the_derivative_of_the_loss(activation: str) -> None:
    """h^2 times a third derivative of order 10, and rounding eps * loss / h, are below 1e-8;
    the gradients are of order 0.1."""
    task = make_task()
    x, y = task.inputs.astype(np.float64), task.labels.astype(np.float64)
    result = gradient(activation, task.weights, x, y)
    expected = differences(
        lambda weights: cross_entropy(forward(activation, weights, x), y), task.weights
    )
    for pair, expected_pair in zip(result, expected, strict=True):
        for part, expected_part in zip(pair, expected_pair, strict=True):
            assert np.max(np.abs(part - expected_part)) < 1e-8


def test_forward_is_one_layer_after_another() -> None:
    task = make_task()
    for member in range(MEMBERS):
        for point in range(POINTS):
            hidden = [float(x) for x in task.inputs[member, point]]
            for number, (kernel, bias) in enumerate(task.weights):
                last = number == len(task.weights) - 1
                sums = [
                    sum(h * kernel[member, i, j] for i, h in enumerate(hidden)) + bias[member, j]
                    for j in range(kernel.shape[2])
                ]
                hidden = sums if last else [math.tanh(s) for s in sums]
            logits = forward("tanh", task.weights, task.inputs.astype(np.float64))
            assert logits[member, point] == pytest.approx(hidden[0], abs=1e-12)


def test_cross_entropy_is_minus_the_mean_log_likelihood() -> None:
    logits = np.array([[-3.0, -0.5, 0.0, 0.5, 3.0], [1.0, 2.0, -1.0, -2.0, 0.25]])
    labels = np.array([[0.0, 1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0, 0.0]])
    p = 1 / (1 + np.exp(-logits))
    expected = -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p), axis=1)
    assert cross_entropy(logits, labels) == pytest.approx(expected, rel=1e-14)
    # Where the probability rounds to 1 or to 0 the formula above has the logarithm of 0.
    assert cross_entropy(np.array([[1e4, -1e4]]), np.array([[0.0, 0.0]])) == [5e3]


# --- propagate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS.names)
def test_propagate(activation: str) -> None:
    """Forward against the definition; backward against differences, with tolerances as above."""
    rng = np.random.default_rng(4)
    weights = tuple((rng.normal(size=shape), rng.normal(size=4)) for shape in ((5, 4), (4, 4)))
    inputs, cotangent = rng.normal(size=(6, 5)), rng.normal(size=(6, 4))
    function = activations.resolve(activation)
    (result,) = ORACLE.propagate((activation,), weights, inputs, cotangent)
    for layers in (result.preactivation, result.activation, result.gradient):
        assert np.shape(layers) == (2, 6, 4)

    first = inputs @ weights[0][0] + weights[0][1]
    second = function.value(first) @ weights[1][0] + weights[1][1]
    assert np.allclose(result.preactivation, [first, second], rtol=1e-13)
    assert np.allclose(result.activation, function.value(np.stack([first, second])), rtol=1e-13)

    def objective(first: Array) -> Array:
        return np.asarray(
            cotangent * function.value(function.value(first) @ weights[1][0] + weights[1][1])
        )

    assert np.allclose(result.gradient[1], cotangent * function.slope(second), rtol=1e-13)
    h = 1e-5
    for unit in range(4):
        step = h * np.eye(4)[unit]
        change = objective(first + step).sum(axis=1) - objective(first - step).sum(axis=1)
        assert np.allclose(result.gradient[0][:, unit], change / (2 * h), atol=1e-8)


def test_evaluate_keeps_the_precision() -> None:
    for precision in (np.float32, np.float64):
        value, slope = ORACLE.evaluate("gelu", np.linspace(-1, 1, 5, dtype=precision))
        assert value.dtype == slope.dtype == precision


# --- train -------------------------------------------------------------------------------------


def test_sgd_steps_by_hand() -> None:
    """Three batches of each of two epochs, and the loss and hits of each before its update."""
    task = make_task(record=(0, 2))
    before, after = ORACLE.train(task)
    weights = task.weights
    rows = np.arange(MEMBERS)[:, None]
    batches = [chosen for epoch in (1, 2) for chosen in np.split(order(epoch), [4, 8], axis=1)]
    for step, chosen in enumerate(batches):
        x = task.inputs[rows, chosen].astype(np.float64)
        y = task.labels[rows, chosen].astype(np.float64)
        logits = forward("tanh", weights, x)
        assert after.batch_loss[step] == pytest.approx(cross_entropy(logits, y), rel=1e-12)
        assert np.array_equal(after.batch_correct[step], np.sum((logits > 0) == (y == 1), axis=1))
        gradients = gradient("tanh", weights, x, y)
        weights = tuple(
            (kernel - 0.1 * kernel_gradient, bias - 0.1 * bias_gradient)
            for (kernel, bias), (kernel_gradient, bias_gradient) in zip(
                weights, gradients, strict=True
            )
        )
    assert_same_weights(after.weights, weights)
    assert_same_weights(before.weights, task.weights)
    assert after.batch_loss.shape == after.batch_correct.shape == (6, MEMBERS)
    assert before.batch_loss.shape == before.batch_correct.shape == (0, MEMBERS)


def assert_same_weights(result: Weights, expected: Weights) -> None:
    for pair, expected_pair in zip(result, expected, strict=True):
        for part, expected_part in zip(pair, expected_pair, strict=True):
            assert part.dtype == np.float64
            assert np.allclose(part, expected_part, rtol=1e-12, atol=1e-14)


def test_a_snapshot_is_of_the_whole_sets() -> None:
    task = make_task()
    snapshots = list(ORACLE.train(task))
    assert [snapshot.epoch for snapshot in snapshots] == [0, 1, 3]
    assert [len(snapshot.batch_loss) for snapshot in snapshots] == [0, 3, 6]
    for snapshot in snapshots:
        x, y = task.inputs.astype(np.float64), task.labels.astype(np.float64)
        assert np.allclose(snapshot.logits, forward("tanh", snapshot.weights, x), rtol=1e-12)
        assert np.allclose(snapshot.loss, cross_entropy(snapshot.logits, y), rtol=1e-12)
        assert_same_weights(snapshot.gradients, gradient("tanh", snapshot.weights, x, y))
        heldout = forward("tanh", snapshot.weights, task.heldout_inputs.astype(np.float64))
        assert np.allclose(snapshot.heldout_logits, heldout, rtol=1e-12)
        expected = cross_entropy(heldout, task.heldout_labels.astype(np.float64))
        assert np.allclose(snapshot.heldout_loss, expected, rtol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_a_member_trains_as_if_alone(optimizer: str) -> None:
    task = make_task(optimizer=optimizer)
    together = list(ORACLE.train(task))[-1]
    for member in range(MEMBERS):
        alone = list(ORACLE.train(pick(task, [member])))[-1]
        part = tuple((kernel[[member]], bias[[member]]) for kernel, bias in together.weights)
        assert_same_weights(alone.weights, part)


def test_a_diverged_member_leaves_its_neighbours_alone() -> None:
    """One member starts so large that its loss is inf; no warning, and the others do not change."""
    task = make_task()
    broken = tuple((kernel.copy(), bias.copy()) for kernel, bias in task.weights)
    broken[-1][0][1] = 1e308
    last = list(ORACLE.train(dataclasses.replace(task, weights=broken)))[-1]
    sound = list(ORACLE.train(task))[-1]
    assert not np.isfinite(last.loss[1])
    for member in (0, 2):
        assert last.loss[member] == sound.loss[member]
        assert np.array_equal(last.weights[0][0][member], sound.weights[0][0][member])


def moved(optimizer: str, steps: int) -> tuple[list[Array], list[Array]]:
    """Return the kernel of a single linear layer along full-batch steps, and its gradients."""
    model = Architecture(inputs=2, width=1, depth=0, outputs=1, activation="linear")
    task = make_task(
        architecture=model,
        weights=make_weights(model),
        optimizer=optimizer,
        batch=POINTS,
        record=tuple(range(steps + 1)),
    )
    snapshots: list[Snapshot] = list(ORACLE.train(task))
    return (
        [snapshot.weights[0][0] for snapshot in snapshots],
        [snapshot.gradients[0][0] for snapshot in snapshots],
    )


def test_rmsprop_in_the_form_of_keras() -> None:
    """v is 0.1 g1^2 after one step, 0.09 g1^2 + 0.1 g2^2 after two; epsilon inside the root."""
    (start, first, second), (g1, g2, _) = moved("rmsprop", 2)
    assert np.allclose(start - first, 0.001 * g1 / np.sqrt(0.1 * g1**2 + 1e-7), rtol=1e-10)
    expected = 0.001 * g2 / np.sqrt(0.09 * g1**2 + 0.1 * g2**2 + 1e-7)
    assert np.allclose(first - second, expected, rtol=1e-10)


def test_adam_in_the_form_of_keras() -> None:
    """The corrected moments of the paper, with its epsilon multiplied by sqrt(1 - beta_2^t)."""
    (start, first, second), (g1, g2, _) = moved("adam", 2)
    correction = math.sqrt(1 - 0.999)
    expected = 0.001 * g1 / (np.abs(g1) + 1e-7 / correction)
    assert np.allclose(start - first, expected, rtol=1e-10)
    m = (0.9 * 0.1 * g1 + 0.1 * g2) / (1 - 0.9**2)
    v = (0.999 * 0.001 * g1**2 + 0.001 * g2**2) / (1 - 0.999**2)
    expected = 0.001 * m / (np.sqrt(v) + 1e-7 / math.sqrt(1 - 0.999**2))
    assert np.allclose(first - second, expected, rtol=1e-10)


def test_a_wrong_gradient_is_caught() -> None:
    """The tolerance of the gradient test is below the effect of a slope off by one part in
    10,000."""
    task = make_task()
    x, y = task.inputs.astype(np.float64), task.labels.astype(np.float64)
    right = gradient("tanh", task.weights, x, y)
    scaled = tuple((kernel * (1 + 1e-4), bias) for kernel, bias in task.weights)
    wrong = gradient("tanh", scaled, x, y)
    assert max(np.max(np.abs(a[0] - b[0])) for a, b in zip(right, wrong, strict=True)) > 1e-7


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"normalization": "batch"}, "normalization='batch'"),
        ({"dropout": 0.5}, "dropout=0.5"),
        ({"outputs": 2}, "outputs=2"),
        ({"residual": 1.0}, "residual=1.0"),
    ],
)
def test_the_oracle_names_what_it_cannot_do(changes: dict[str, object], says: str) -> None:
    task = make_task()
    model = dataclasses.replace(task.architecture, **changes)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(UserError, match=says):
        next(iter(ORACLE.train(dataclasses.replace(task, architecture=model))))


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("settings", "default"),
        ("loss", "squared"),
        ("clipping", "norm"),
        ("schedule", "step"),
        ("precision", "half"),
        ("gradients_on", "none"),
    ],
)
def test_the_oracle_has_no_choices_of_its_own(field: str, given: str) -> None:
    with pytest.raises(UserError, match=f"{field} '{given}'"):
        next(iter(ORACLE.train(make_task(**{field: given}))))


def test_gradients_on_the_next_batch() -> None:
    """They are the four points with which the following epoch begins."""
    snapshots = list(ORACLE.train(make_task(gradients_on="batch")))
    task = make_task()
    rows = np.arange(MEMBERS)[:, None]
    for snapshot in snapshots:
        chosen = order(snapshot.epoch + 1)[:, :4]
        x = task.inputs[rows, chosen].astype(np.float64)
        y = task.labels[rows, chosen].astype(np.float64)
        expected = gradient("tanh", snapshot.weights, x, y)
        assert_same_weights(snapshot.gradients, expected)


def test_hyper_parameters_in_the_name() -> None:
    """Half the learning rate is half the step."""
    slow, fast = (
        next(
            s.weights[0][0] for s in ORACLE.train(make_task(optimizer=name, record=(1,), batch=11))
        )
        for name in ("sgd(0.05)", "sgd")
    )
    start = make_task().weights[0][0]
    assert np.allclose(start - fast, 2 * (start - slow), rtol=1e-9, atol=1e-15)


def test_the_oracle_knows_its_optimizers() -> None:
    with pytest.raises(UserError, match="did you mean 'adam'"):
        next(iter(ORACLE.train(make_task(optimizer="adma"))))
