"""TensorFlow in stacks: each member is the network that a user of Keras would train alone.

The twin is written here as a user writes it: a Sequential model, a GradientTape, apply_gradients,
one network and one batch at a time.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib
import itertools
import random
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.frameworks import tensorflow as home
from suite.frameworks.numpy import Numpy
from suite.frameworks.tensorflow import TensorFlow, backend, stack
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Architecture, Array, Snapshot, TrainTask, UserError

TENSORFLOW = TensorFlow()
MEMBERS, POINTS, WIDTH, DEPTH, BATCH = 3, 20, 5, 2, 8  # batches of 8, 8 and 4
DROPOUT = 0.4
Values = dict[str, Array]

OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-7),
    "adam": lambda: keras.optimizers.Adam(0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7),
}
DEFAULTS: dict[str, Callable[[], Any]] = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
}
NORMALIZATIONS: dict[tuple[str, str], Callable[[], Any]] = {
    ("batch", "common"): lambda: keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
    ("batch", "default"): keras.layers.BatchNormalization,
    ("layer", "common"): lambda: keras.layers.LayerNormalization(epsilon=1e-5),
    ("layer", "default"): keras.layers.LayerNormalization,
}


def make_task(
    normalization: str = "none", dropout: float = 0.0, depth: int = DEPTH, **changes: object
) -> TrainTask:
    """Three members with data, weights, biases and batch orders of their own; two epochs."""
    rng = np.random.default_rng(1)
    model = Architecture(2, WIDTH, depth, 1, "tanh", normalization, dropout)

    def points(count: int) -> tuple[Array, Array]:
        inputs = rng.normal(size=(MEMBERS, count, 2)).astype(np.float32)
        return inputs, (np.linalg.norm(inputs, axis=2) > 1.2).astype(np.float32)

    def normal(*shape: int) -> Array:
        return (0.7 * rng.normal(size=shape)).astype(np.float32)

    task = TrainTask(
        model,
        "sgd",
        "common",
        tuple((normal(MEMBERS, i, o), normal(MEMBERS, o)) for i, o in model.shapes),
        *points(POINTS),
        *points(10),
        order,
        BATCH,
        (0, 1, 2),
        (11, 12, 13),
    )
    return dataclasses.replace(task, **changes)  # type: ignore[arg-type]


def order(epoch: int) -> Array:
    """Another order for each member and epoch."""
    rng = np.random.default_rng(epoch)
    return np.stack([rng.permutation(POINTS) for _ in range(MEMBERS)])


def identical(one: Any, other: Any) -> bool:
    """Whether all arrays of two snapshots, or of two members' parts of them, are equal in bits."""
    flat, other_flat = tf.nest.flatten(one), tf.nest.flatten(other)
    return len(flat) == len(other_flat) and all(
        np.asarray(a).tobytes() == np.asarray(b).tobytes()
        for a, b in zip(flat, other_flat, strict=True)
    )


def members(snapshots: list[Snapshot], *chosen: int) -> list[Any]:
    """Everything that snapshots tell of some members."""
    found: list[Any] = []
    for s in snapshots:
        by_member = (s.weights, s.gradients, s.loss, s.heldout_loss, s.logits, s.heldout_logits)
        found.append(tf.nest.map_structure(lambda values: values[list(chosen)], by_member))
        found.append((s.batch_loss[:, list(chosen)], s.batch_correct[:, list(chosen)]))
    return found


# --- the twin ------------------------------------------------------------------------------------


def build(task: TrainTask, member: int) -> Any:
    """The network of one member, with its first weights and its own dropout seeds."""
    seeds = np.random.SeedSequence(task.noise[member]).generate_state(task.architecture.depth) >> 1
    model = keras.Sequential([keras.Input((2,))])
    for layer in range(task.architecture.depth):
        model.add(keras.layers.Dense(WIDTH))
        if task.architecture.normalization != "none":
            model.add(NORMALIZATIONS[task.architecture.normalization, task.settings]())
        model.add(keras.layers.Activation("tanh"))
        if task.architecture.dropout:
            model.add(keras.layers.Dropout(task.architecture.dropout, seed=int(seeds[layer])))
    model.add(keras.layers.Dense(1))
    for dense, (kernel, bias) in zip(denses(model), task.weights, strict=True):
        dense.set_weights([kernel[member], bias[member]])
    return model


def denses(model: Any) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def train_alone(task: TrainTask, member: int) -> Values:
    """One member trained alone by the plain loop: what ``values`` takes from a stack."""
    model = build(task, member)
    optimizer = (OPTIMIZERS if task.settings == "common" else DEFAULTS)[task.optimizer]()
    loss_function = keras.losses.BinaryCrossentropy(from_logits=True)
    inputs, labels = task.inputs[member], task.labels[member][:, None]
    batch_loss, batch_correct = [], []
    for epoch in range(1, task.record[-1] + 1):
        chosen = task.order(epoch)[member]
        for start in range(0, POINTS, task.batch):
            x, y = (values[chosen[start : start + task.batch]] for values in (inputs, labels))
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = loss_function(y, logits)
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            batch_loss.append(float(loss))
            batch_correct.append(np.sum((logits.numpy() > 0) == (y == 1)))
    found = {"batch_loss": np.array(batch_loss), "batch_correct": np.array(batch_correct)}
    found["logits"] = model(inputs, training=False).numpy()[:, 0]
    found["loss"] = loss_function(labels, found["logits"][:, None]).numpy()
    found["heldout_logits"] = model(task.heldout_inputs[member], training=False).numpy()[:, 0]
    heldout_labels = task.heldout_labels[member][:, None]
    found["heldout_loss"] = loss_function(heldout_labels, found["heldout_logits"][:, None]).numpy()
    with tf.GradientTape() as tape:
        x = inputs
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                x = layer(x, training=True)
            elif not isinstance(layer, keras.layers.Dropout):
                x = layer(x)
        loss = loss_function(labels, x)
    gradients = tape.gradient(loss, [(dense.kernel, dense.bias) for dense in denses(model)])
    for i, (dense, (by_kernel, by_bias)) in enumerate(zip(denses(model), gradients, strict=True)):
        found[f"kernel {i}"], found[f"bias {i}"] = dense.get_weights()
        found[f"gradient {i}"] = np.vstack((by_kernel, by_bias))
    return found


def values(snapshots: list[Snapshot], member: int) -> Values:
    """What ``train_alone`` returns, from the snapshots of a stack."""
    last = snapshots[-1]
    found = {
        "batch_loss": np.concatenate([s.batch_loss for s in snapshots])[:, member],
        "batch_correct": np.concatenate([s.batch_correct for s in snapshots])[:, member],
        "logits": last.logits[member],
        "loss": last.loss[member],
        "heldout_logits": last.heldout_logits[member],
        "heldout_loss": last.heldout_loss[member],
    }
    for i, ((kernel, bias), (by_kernel, by_bias)) in enumerate(
        zip(last.weights, last.gradients, strict=True)
    ):
        found[f"kernel {i}"], found[f"bias {i}"] = kernel[member], bias[member]
        found[f"gradient {i}"] = np.vstack((by_kernel[member], by_bias[member]))
    return found


def check(found: Values, expected: Values, tolerance: float = 5e-5) -> None:
    """Each array agrees to a share of its largest entry.

    Rounding (6e-8) grew to 4e-6 at most in these six steps; 5e-5 leaves room for another machine.
    """
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        bound = tolerance * np.max(np.abs(value))
        np.testing.assert_allclose(found[name], value, rtol=0, atol=bound, err_msg=name)


NOISY = 1e-3
"""The tolerance with Adam before batch norm: the bias there has no gradient but rounding noise,
which Adam divides by its own size, nearly: up to a few percent of a full step of 0.001 each time
(seen: 9e-5 of the largest logit)."""

CASES = [
    *((normalization, 0.0) for normalization in ("none", "batch", "layer")),
    ("none", DROPOUT),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("normalization", "dropout"), CASES)
def test_a_member_is_the_network_trained_alone(
    normalization: str, dropout: float, optimizer: str
) -> None:
    """With its own data, weights, order and masks, through full and short batches, two epochs."""
    task = make_task(normalization, dropout, optimizer=optimizer)
    snapshots = list(TENSORFLOW.train(task))
    tolerance = NOISY if (normalization, optimizer) == ("batch", "adam") else 5e-5
    for member in (0, MEMBERS - 1):
        check(values(snapshots, member), train_alone(task, member), tolerance)


def test_default_settings_are_the_frameworks_own_and_the_comparison_sees_them() -> None:
    task = make_task("batch", optimizer="rmsprop", settings="default")
    found = values(list(TENSORFLOW.train(task)), 0)
    check(found, train_alone(task, 0))
    # The widest tolerance of this file still tells batch norm's epsilon and momentum apart.
    with pytest.raises(AssertionError):
        check(found, train_alone(dataclasses.replace(task, settings="common"), 0), NOISY)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_settings_reach_the_optimizer(name: str) -> None:
    for settings, table in (("common", OPTIMIZERS), ("default", DEFAULTS)):
        optimizer = stack.Stack(make_task(optimizer=name, settings=settings)).optimizer
        given, expected = optimizer.get_config(), table[name]().get_config()
        assert type(optimizer) is type(table[name]())
        assert {**given, "name": ""} == {**expected, "name": ""}


def test_a_member_is_what_fit_makes_of_the_network() -> None:
    task = make_task("batch", optimizer="rmsprop", record=(0, 1))
    last = list(TENSORFLOW.train(task))[-1]
    model = build(task, 1)
    model.compile(OPTIMIZERS["rmsprop"](), keras.losses.BinaryCrossentropy(from_logits=True))
    chosen = task.order(1)[1]
    x, y = task.inputs[1][chosen], task.labels[1][chosen]
    history = model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0).history
    # fit reports the mean over points, so the short batch counts less.
    assert np.average(last.batch_loss[:, 1], weights=[8, 8, 4]) == pytest.approx(
        history["loss"][0], rel=1e-5
    )
    for dense, (kernel, bias) in zip(denses(model), last.weights, strict=True):
        for found, expected in zip((kernel[1], bias[1]), dense.get_weights(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=5e-5 * np.abs(expected).max())


# --- what the members of a stack do to each other: nothing ---------------------------------------


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_a_diverging_member_leaves_its_neighbours_alone(normalization: str) -> None:
    task = make_task(normalization, depth=1, optimizer="rmsprop")
    kernel = task.weights[0][0].copy()
    kernel[1] = np.inf
    broken = dataclasses.replace(task, weights=((kernel, task.weights[0][1]), *task.weights[1:]))
    harmless, beside = list(TENSORFLOW.train(task)), list(TENSORFLOW.train(broken))
    assert not np.isfinite(beside[-1].loss[1])
    assert identical(members(beside, 0, 2), members(harmless, 0, 2))
    assert not identical(members(beside, 1), members(harmless, 1))


def test_masks_belong_to_a_member() -> None:
    """Three members alike but for their noise; the first and the last share theirs."""
    task = make_task(dropout=DROPOUT, depth=1, noise=(5, 6, 5))

    def alike(values: Array) -> Array:
        return np.repeat(values[:1], MEMBERS, axis=0)

    task = dataclasses.replace(
        task,
        weights=tuple((alike(kernel), alike(bias)) for kernel, bias in task.weights),
        inputs=alike(task.inputs),
        labels=alike(task.labels),
        heldout_inputs=alike(task.heldout_inputs),
        heldout_labels=alike(task.heldout_labels),
        order=lambda epoch: alike(order(epoch)),
    )
    snapshots = list(TENSORFLOW.train(task))
    first, second, third = np.concatenate([snapshot.batch_loss for snapshot in snapshots]).T
    # Not the same bits: vectorised functions round the last values of an array differently.
    np.testing.assert_allclose(first, third, rtol=1e-5)
    assert np.min(np.abs(first - second)) > 1e-3


def test_every_member_and_layer_has_its_own_seed() -> None:
    layers = [keras.layers.Dropout(DROPOUT, seed=0) for _ in range(2)]
    starts = stack._masks(layers, (7, 8))
    states = [starts[id(layer.seed_generator.state)] for layer in layers]
    assert [values.shape for values in states] == [(2, 2), (2, 2)]
    assert len({tuple(state) for values in states for state in values}) == 4


def test_a_stack_of_one_is_a_stack() -> None:
    task = make_task(depth=1)

    def last(values: Array) -> Array:
        return values[-1:]

    one = dataclasses.replace(
        task,
        weights=tuple((last(kernel), last(bias)) for kernel, bias in task.weights),
        inputs=last(task.inputs),
        labels=last(task.labels),
        heldout_inputs=last(task.heldout_inputs),
        heldout_labels=last(task.heldout_labels),
        order=lambda epoch: last(order(epoch)),
    )
    stacked, alone = list(TENSORFLOW.train(task)), list(TENSORFLOW.train(one))
    check(values(alone, 0), values(stacked, MEMBERS - 1))


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_changes_nothing() -> None:
    """Neither running statistics nor seed states: training goes on as if it had not been taken."""
    task = make_task("batch", DROPOUT, depth=1)
    often = list(TENSORFLOW.train(task))
    once = list(TENSORFLOW.train(dataclasses.replace(task, record=(2,))))
    assert len(once) == 1
    assert identical(once[0].weights, often[-1].weights)
    assert identical(once[0].logits, often[-1].logits)
    batches = np.concatenate([snapshot.batch_loss for snapshot in often])
    assert batches.shape == (6, MEMBERS)
    assert identical(once[0].batch_loss, batches)


def test_pieces_of_a_snapshot_cover_every_member(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces of two for three members: they overlap."""
    task = make_task("batch", record=(0,))
    (whole,) = TENSORFLOW.train(task)
    monkeypatch.setattr(stack, "_PIECE", 2 * POINTS * WIDTH * DEPTH)
    assert stack.Stack(task).piece == 2
    (pieces,) = TENSORFLOW.train(task)
    for one, other in zip(tf.nest.flatten(vars(whole)), tf.nest.flatten(vars(pieces)), strict=True):
        # The order of sums may depend on the shape: some roundings of values up to 1.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# --- against the oracle --------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "batch"), [("tanh", POINTS), ("silu", 64), ("relu", 5)])
def test_the_oracle_agrees(activation: str, batch: int) -> None:
    """Forward, loss, gradients and steps of SGD; batches of all points, or four short ones.

    Float32 against float64: 1e-5 is some hundred roundings; a wrong loss or slope is off by 0.1.
    """
    model = Architecture(2, WIDTH, DEPTH, 1, activation)
    task = make_task(architecture=model, batch=batch)
    expected = list(Numpy().train(task))
    found = list(TENSORFLOW.train(task))
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(tf.nest.flatten(vars(one)), tf.nest.flatten(vars(other)), strict=True):
            assert np.shape(a) == np.shape(b)
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["linear", "tanh", "leaky_relu"])
def test_propagate_agrees_with_the_oracle(activation: str) -> None:
    rng = np.random.default_rng(3)
    sizes = (7, 16, 16, 16)
    weights = tuple(
        (rng.normal(size=(i, o)).astype(np.float32) / 4, rng.normal(size=o).astype(np.float32))
        for i, o in itertools.pairwise(sizes)
    )
    inputs, cotangent = (rng.normal(size=(4, n)).astype(np.float32) for n in (7, 16))
    found = TENSORFLOW.propagate(activation, weights, inputs, cotangent)
    expected = Numpy().propagate(activation, weights, inputs, cotangent)
    assert found.preactivation.shape == found.gradient.shape == (3, 4, 16)
    for name in ("preactivation", "activation", "gradient"):
        # sums of 16 products in float32: some roundings of values up to 3
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-5)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_evaluate_keeps_shape_and_precision(precision: type[np.floating[Any]]) -> None:
    points: Array = np.linspace(-3, 3, 12, dtype=precision).reshape(3, 4)
    value, slope = TENSORFLOW.evaluate("tanh", points)
    assert value.dtype == slope.dtype == precision
    tolerance = 4 * float(np.finfo(precision).eps)
    np.testing.assert_allclose(value, np.tanh(points), rtol=tolerance)
    np.testing.assert_allclose(slope, 1 - np.tanh(points) ** 2, rtol=0, atol=tolerance)


# --- seeds and memory ----------------------------------------------------------------------------


def test_the_same_task_twice_gives_the_same_bits() -> None:
    task = make_task("batch", DROPOUT, depth=1, optimizer="adam")
    assert identical(*(members(list(TENSORFLOW.train(task)), 0, 1, 2) for _ in range(2)))


@pytest.mark.parametrize("name", ["default", "normal(0.05)", "he_normal", "orthogonal"])
def test_a_draw_depends_on_its_seed_alone(name: str) -> None:
    kernel, bias = TENSORFLOW.draw(name, 6, 4, 2**31 - 1)
    again, _ = TENSORFLOW.draw(name, 6, 4, 2**31 - 1)
    other, _ = TENSORFLOW.draw(name, 6, 4, 0)
    assert (kernel.shape, bias.shape) == ((6, 4), (4,))
    assert kernel.dtype == bias.dtype == np.float32
    assert identical(kernel, again)
    assert not np.any(kernel == other)
    assert not np.any(bias)


def test_zeros_and_constants_need_no_seed() -> None:
    assert not np.any(TENSORFLOW.draw("zeros", 3, 2, 1)[0])
    assert np.all(TENSORFLOW.draw("constant(0.5)", 3, 2, 1)[0] == 0.5)


def test_default_is_what_the_layer_does_when_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dense with other defaults is followed, so none of them is written down here."""

    class Other(keras.layers.Dense):  # type: ignore[misc]
        def __init__(self, units: int) -> None:
            super().__init__(
                units,
                kernel_initializer=keras.initializers.RandomUniform(2.0, 3.0),
                bias_initializer="ones",
            )

    expected = keras.layers.Dense(4).kernel_initializer.from_config({"seed": 9})((6, 4))
    home._starts.cache_clear()
    assert identical(TENSORFLOW.draw("default", 6, 4, 9)[0], expected)
    home._starts.cache_clear()
    monkeypatch.setattr(keras.layers, "Dense", Other)
    kernel, bias = TENSORFLOW.draw("default", 6, 4, 9)
    home._starts.cache_clear()
    assert kernel.min() >= 2.0
    assert np.all(bias == 1.0)


def test_no_global_generator_is_used_or_seeded() -> None:
    def sample() -> list[Any]:
        return [
            random.random(),
            np.random.random(),  # noqa: NPY002 - the global generator is what is looked at
            keras.random.uniform((2,)).numpy(),
            tf.random.uniform((2,)).numpy(),
        ]

    with backend.python_random_kept():
        keras.utils.set_random_seed(3)
        expected = sample()
        keras.utils.set_random_seed(3)
        home._starts.cache_clear()
        for name in ("default", "orthogonal", "zeros"):
            TENSORFLOW.draw(name, 3, 2, 1)
        list(TENSORFLOW.train(make_task("batch", DROPOUT, depth=1, record=(0, 1))))
        assert identical(sample(), expected)


def test_a_finished_or_abandoned_task_leaves_no_graph_behind() -> None:
    def graphs() -> int:
        return sum(type(found).__name__ == "FuncGraph" for found in gc.get_objects())

    gc.collect()
    before = graphs()
    list(TENSORFLOW.train(make_task(depth=1, record=(0, 1))))
    assert graphs() == before
    next(abandoned := TENSORFLOW.train(make_task(depth=1, record=(0, 1))))
    assert graphs() > before
    abandoned.close()  # type: ignore[attr-defined]
    assert graphs() == before


# --- the import ----------------------------------------------------------------------------------


def test_keras_on_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(config=SimpleNamespace(backend=lambda: "jax"))
    monkeypatch.setitem(sys.modules, "keras", other)
    with pytest.raises(UserError, match=r"on 'jax'.*KERAS_BACKEND=tensorflow"):
        importlib.reload(backend)


def test_the_import_is_silent_and_leaves_standard_error_open() -> None:
    code = "import os, suite.frameworks.tensorflow; os.write(2, b'end')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("", "end")
