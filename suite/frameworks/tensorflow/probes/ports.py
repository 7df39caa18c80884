"""Lines carried over into Keras, as a user of torch writes them."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.catalogue import registry
from suite.frameworks.tensorflow.backend import keras, python_random_kept, tf


def carried(case: str, seed: int) -> tuple[float, bool, str]:
    """Run a case, Python's generator started from ``seed``: Keras draws the seeds from it."""
    if case not in _CASES:
        raise registry.unknown("case", case, _CASES)
    with python_random_kept(), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        random.seed(seed)
        try:
            value, error = float(_CASES[case](np.random.default_rng(seed))), ""
        except (RuntimeError, TypeError, ValueError) as raised:  # what carried code ends with
            value, error = math.nan, f"{type(raised).__name__}: {str(raised).splitlines()[0]}"
    return value, bool(heard), error


Random = np.random.Generator


def _column(loss: Callable[[Any, Any], Any]) -> float:
    """Fit y = 2 x + 1 with outputs (N, 1) and targets (N,); return the loss over Var(y)."""
    x = np.linspace(-1.0, 1.0, 16, dtype=np.float32)
    y = 2 * x + 1
    layer = keras.layers.Dense(1)
    layer.build((None, 1))
    optimizer = keras.optimizers.SGD(learning_rate=0.3)
    weights = layer.trainable_variables
    optimizer.build(weights)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # no types
    def step() -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, layer(x[:, None]))
        optimizer.apply(tape.gradient(value, weights))
        return value

    for _ in range(200):
        step()
    return float(step()) / float(y.var())


def _summed(_: Random) -> float:
    """Return the gradient of the summed loss over that of the mean loss, on 32 points."""
    slopes = []
    for reduction in ("sum", "sum_over_batch_size"):
        w = tf.Variable(1.0)
        x = tf.linspace(0.5, 1.0, 32)
        with tf.GradientTape() as tape:
            outputs = w * tf.cast(x, tf.float32)[:, None]
            value = keras.losses.MeanSquaredError(reduction=reduction)(tf.zeros((32, 1)), outputs)
        slopes.append(float(tape.gradient(value, w)))
    return slopes[0] / slopes[1]


def _probabilities_as_logits(_: Random) -> float:
    sure, labels = tf.sigmoid([[30.0], [-30.0]]), tf.constant([[1.0], [0.0]])
    return float(keras.losses.BinaryCrossentropy(from_logits=True)(labels, sure))


def _logits_as_probabilities(_: Random) -> float:
    logits = tf.constant([[3.0], [-3.0], [5.0], [-5.0]])
    labels = tf.constant([[1.0], [0.0], [0.0], [1.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = keras.losses.BinaryCrossentropy()(labels, logits)
    return float(np.mean(tape.gradient(value, logits).numpy() == 0))


def _strided(_: Random) -> float:
    """Return the first pixel under the middle of a 3 x 3 kernel, on 8 x 8 pixels."""
    layer = keras.layers.Conv2D(1, 3, strides=2, padding="same", use_bias=False)
    layer.build((None, 8, 8, 1))
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, 1] = 1.0
    layer.kernel.assign(kernel)
    pixels = np.broadcast_to(np.arange(8.0, dtype=np.float32)[:, None], (1, 8, 8, 1))
    return float(layer(pixels)[0, 0, 0, 0])


def _channels(_: Random) -> float:
    """Return the largest mean of a channel after batch norm, the channels -1 and 1 last."""
    values = np.broadcast_to(np.array([-1.0, 1.0], np.float32), (4, 2, 2))
    normed = keras.layers.BatchNormalization()(values, training=True).numpy()
    return float(np.abs(normed.mean((0, 1))).max())


def _others(apply: Callable[[Any], Any], rng: Random) -> float:
    """Return the share of the other samples of a batch that change with the first one."""
    batch = rng.standard_normal((4, 3, 8)).astype(np.float32)
    changed = batch.copy()
    changed[0] += 1
    moved = np.abs(apply(batch).numpy() - apply(changed).numpy()).max((1, 2))[1:]
    return float((moved > 1e-6).mean())


def _recurrent(rng: Random) -> float:
    return _others(keras.layers.LSTM(8, return_sequences=True), rng)


def _attention(rng: Random) -> float:
    layer = keras.layers.MultiHeadAttention(2, 4)
    return _others(lambda batch: layer(batch, batch), rng)


def _softmax(rng: Random) -> float:
    """Return the mean over a (2, 3, 4) batch of the sum of the last axis."""
    values = rng.standard_normal((2, 3, 4)).astype(np.float32)
    return float(keras.layers.Softmax()(values).numpy().sum(-1).mean())


def _classes(_: Random) -> float:
    """Return the loss of a sure and right answer, the classes last."""
    logits = np.zeros((2, 3, 3), np.float32)
    logits[..., 0] = 8.0
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return float(loss(np.zeros((2, 3), np.int64), logits))


def _dropout(_: Random) -> float:
    return float(np.mean(keras.layers.Dropout(0.5)(np.ones((1, 2**16), np.float32)).numpy() == 0))


def _norm_mode(_: Random) -> float:
    """Return the mean of a batch of mean 5 after a fresh batch norm."""
    batch = np.array([[4.0], [6.0]], np.float32)
    return float(keras.layers.BatchNormalization()(batch).numpy().mean())


def _momentum(_: Random) -> float:
    """Return the running mean after one batch of ones."""
    layer = keras.layers.BatchNormalization(momentum=0.9)
    layer(np.ones((2, 1), np.float32), training=True)
    return float(layer.moving_mean.numpy()[0])


class _Scale:
    """A number that a traced function reads."""

    factor = 1.0


def _stale(_: Random) -> float:
    scale = _Scale()
    traced = tf.function(lambda x: x * scale.factor, autograph=False)
    traced(tf.ones(()))
    scale.factor = 2.0
    return float(traced(tf.ones(())))


def _frozen(rng: Random) -> float:
    """Return whether a layer moves that is frozen after the first step, without compiling again."""
    del rng
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1, bias_initializer="ones")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    moved = False
    for _ in range(2):
        before = model.layers[0].kernel.numpy()
        model.train_on_batch(np.ones((1, 2), np.float32), np.zeros((1, 1), np.float32))
        moved = bool((model.layers[0].kernel.numpy() != before).any())
        model.layers[0].trainable = False
    return float(moved)


def _layout(rng: Random) -> float:
    """Return how far the outputs are from those meant, over the distance of the transposed ones,
    after a square weight of torch is loaded as it is."""
    weight = rng.standard_normal((4, 4)).astype(np.float32)
    x = rng.standard_normal((8, 4)).astype(np.float32)
    layer = keras.layers.Dense(4, use_bias=False)
    layer.build((None, 4))
    layer.set_weights([weight])
    meant = x @ weight.T
    return float(np.linalg.norm(layer(x).numpy() - meant) / np.linalg.norm(x @ weight - meant))


def _kept_gradients(rng: Random) -> float:
    """Return the way of four steps over that of four steps of the gradient: each tape is new."""
    del rng
    w = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(learning_rate=1.0)
    for _ in range(4):
        with tf.GradientTape() as tape:
            value = -w.value
        optimizer.apply([tape.gradient(value, w.value)], [w])
    return float(w.numpy()) / 4


_CASES: Mapping[str, Callable[[Random], float]] = {
    "column_by_hand": lambda _: _column(lambda y, outputs: tf.reduce_mean((outputs - y) ** 2)),
    "column_loss": lambda _: _column(keras.losses.MeanSquaredError()),
    "summed_loss": _summed,
    "probabilities_as_logits": _probabilities_as_logits,
    "logits_as_probabilities": _logits_as_probabilities,
    "same_padding": _strided,
    "channels_last": _channels,
    "batch_first": _recurrent,
    "attention_batch": _attention,
    "softmax_axis": _softmax,
    "classes_last": _classes,
    "dropout_mode": _dropout,
    "norm_mode": _norm_mode,
    "norm_momentum": _momentum,
    "stale_value": _stale,
    "frozen_late": _frozen,
    "weight_layout": _layout,
    "kept_gradients": _kept_gradients,
}
