"""The defaults of the libraries on JAX: a function for each, which imports it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.defaults import behaviour
from benchmarks.defaults.recognise import recognised
from benchmarks.defaults.shapes import (
    ADAM_FLOOR,
    CHANNELS,
    CONVOLUTION,
    DENSE,
    EMBEDDING,
    ENTRIES,
    FILTERS,
    INPUTS,
    KEPT,
    OUTPUTS,
    RECURRENT,
    RMSPROP_FLOOR,
    SIZE,
    SQUARE,
    UNITS,
    Found,
    default,
    many,
    number,
)
from suite.types import Array


def flax() -> Found:
    """Yield the defaults of Flax NNX, with Optax's optimizers and JAX's activations."""
    import jax
    import optax
    from flax import nnx

    rngs = nnx.Rngs(0)
    dense, convolution = (
        nnx.Linear(INPUTS, OUTPUTS, rngs=rngs),
        nnx.Conv(CHANNELS, FILTERS, (3, 3), rngs=rngs),
    )
    yield "dense: kernel", "", recognised(dense.kernel[...], DENSE)
    yield "dense: bias", "", recognised(dense.bias[...], DENSE)
    yield "convolution: kernel", "", recognised(convolution.kernel[...], CONVOLUTION)
    yield "convolution: bias", "", recognised(convolution.bias[...], CONVOLUTION)
    embedding = nnx.Embed(ENTRIES, SIZE, rngs=rngs)
    yield "embedding", "", recognised(embedding.embedding[...], EMBEDDING)
    lstm = nnx.LSTMCell(INPUTS, UNITS, rngs=rngs)
    flat = nnx.to_flat_state(nnx.state(lstm, nnx.Param))
    state = {"/".join(map(str, path)): np.asarray(value[...]) for path, value in flat}
    yield "LSTM: input kernel", "", recognised(state["ii/kernel"], RECURRENT)
    yield "LSTM: recurrent kernel", "", recognised(state["hi/kernel"], RECURRENT)
    biases = np.concatenate([value for name, value in state.items() if name.endswith("bias")])
    yield "LSTM: bias", "", recognised(biases, RECURRENT)
    attention = nnx.MultiHeadAttention(4, INPUTS, rngs=rngs, decode=False)
    drawn = np.asarray(attention.query.kernel[...]).reshape(INPUTS, -1)
    yield "attention: query kernel", "", recognised(drawn, SQUARE)
    drawn = np.asarray(attention.out.kernel[...]).reshape(-1, INPUTS)
    yield "attention: output kernel", "", recognised(drawn, SQUARE)

    def steps(make: Callable[..., Any]) -> behaviour.Steps:
        def taken(gradients: Sequence[float]) -> Sequence[float]:
            with jax.enable_x64(True):
                optimizer, changes = make(learning_rate=1.0), []
                memory = optimizer.init(jax.numpy.zeros(1))
                for gradient in gradients:
                    update, memory = optimizer.update(jax.numpy.array([gradient]), memory)
                    changes.append(-float(update[0]))
            return changes

        return taken

    read = {
        "rmsprop decay": default(optax.rmsprop, "decay"),
        "rmsprop eps": default(optax.rmsprop, "eps"),
        "adam eps": default(optax.adam, "eps"),
    }
    for name, made in (("SGD", optax.sgd), ("RMSprop", optax.rmsprop), ("Adam", optax.adam)):
        yield f"{name}: learning rate", default(made, "learning_rate"), "none"
    decay = behaviour.rmsprop_decay(steps(optax.rmsprop))
    yield "RMSprop: share of the old mean square", read["rmsprop decay"], number(decay)
    floor = behaviour.rmsprop_floor(steps(optax.rmsprop))
    yield RMSPROP_FLOOR, read["rmsprop eps"], number(floor)
    floor = behaviour.adam_floor(steps(optax.adam))
    yield ADAM_FLOOR, read["adam eps"], number(floor)
    batch = nnx.BatchNorm(2, rngs=rngs)
    eps = behaviour.epsilon(lambda x: np.asarray(nnx.BatchNorm(2, rngs=rngs)(x)))
    yield "batch norm: epsilon", number(batch.epsilon), number(eps)
    batch(np.ones((4, 2), np.float32))
    kept = 1.0 - float(batch.mean[...][0])
    yield (
        KEPT,
        number(batch.momentum),
        number(kept),
    )
    layer = nnx.LayerNorm(2, rngs=rngs)
    eps = behaviour.epsilon(lambda x: np.asarray(layer(x)))
    yield "layer norm: epsilon", number(layer.epsilon), number(eps)
    yield from _jax_activations()


def _jax_activations() -> Found:
    import jax

    slope = -float(jax.nn.leaky_relu(-1.0))
    yield "leaky ReLU, function: slope", default(jax.nn.leaky_relu, "negative_slope"), number(slope)
    yield "ELU: alpha", default(jax.nn.elu, "alpha"), number(-float(jax.nn.elu(-50.0)))
    says_tanh = default(jax.nn.gelu, "approximate") == "1"
    yield "GELU: form", "tanh" if says_tanh else "exact", behaviour.gelu_form(jax.nn.gelu)


def haiku() -> Found:
    """Yield the defaults of Haiku, which shares JAX's activations and Optax."""
    import haiku as hk
    import jax

    def drawn(make: Callable[[], Any], *shape: int, dtype: Any = np.float32) -> dict[str, Array]:
        transformed = hk.transform_with_state(lambda x: make()(x))
        parameters, _ = transformed.init(jax.random.key(0), np.zeros(shape, dtype))
        return {name: np.asarray(v) for part in parameters.values() for name, v in part.items()}

    dense = drawn(lambda: hk.Linear(OUTPUTS), 1, INPUTS)
    yield "dense: kernel", "", recognised(dense["w"], DENSE)
    yield "dense: bias", "", recognised(dense["b"], DENSE)
    convolution = drawn(lambda: hk.Conv2D(FILTERS, 3), 1, 8, 8, CHANNELS)
    yield "convolution: kernel", "", recognised(convolution["w"], CONVOLUTION)
    yield "convolution: bias", "", recognised(convolution["b"], CONVOLUTION)
    embedding = drawn(lambda: hk.Embed(ENTRIES, SIZE), 1, dtype=np.int32)
    yield "embedding", "", recognised(embedding["embeddings"], EMBEDDING)

    def lstm() -> Callable[[Any], Any]:
        core = hk.LSTM(UNITS)
        return lambda x: core(x, core.initial_state(1))

    gates = drawn(lstm, 1, INPUTS)
    yield "LSTM: input kernel", "", recognised(gates["w"][:INPUTS], RECURRENT)
    yield "LSTM: recurrent kernel", "", recognised(gates["w"][INPUTS:], RECURRENT)
    yield "LSTM: bias", "1 is added to the forget gate", recognised(gates["b"], RECURRENT)
    eps = {}
    for name, make in (
        ("batch norm", lambda: lambda x: hk.BatchNorm(True, True, 0.9)(x, is_training=True)),
        ("layer norm", lambda: hk.LayerNorm(-1, True, True)),
    ):
        network = hk.transform_with_state(lambda x, make=make: make()(x))

        def normalised(x: Array, network: Any = network) -> Array:
            parameters, state = network.init(jax.random.key(0), x)
            return np.asarray(network.apply(parameters, state, None, x)[0])

        eps[name] = behaviour.epsilon(normalised)
    yield "batch norm: epsilon", default(hk.BatchNorm, "eps"), number(eps["batch norm"])
    yield KEPT, "required", "none"
    yield "layer norm: epsilon", default(hk.LayerNorm, "eps"), number(eps["layer norm"])


def equinox() -> Found:
    """Yield the defaults of Equinox, which shares JAX's activations and Optax."""
    import equinox as eqx
    import jax

    key = jax.random.key(0)
    dense = eqx.nn.Linear(INPUTS, OUTPUTS, key=key)
    yield "dense: kernel", "", recognised(dense.weight, DENSE)
    keys = jax.random.split(key, 40)
    biases = many(lambda n: eqx.nn.Linear(INPUTS, OUTPUTS, key=keys[n]).bias)
    yield "dense: bias", "", recognised(biases, DENSE)
    convolution = eqx.nn.Conv2d(CHANNELS, FILTERS, 3, key=key)
    yield "convolution: kernel", "", recognised(convolution.weight, CONVOLUTION)
    biases = many(lambda n: eqx.nn.Conv2d(CHANNELS, FILTERS, 3, key=keys[n]).bias)
    yield "convolution: bias", "", recognised(biases, CONVOLUTION)
    yield "embedding", "", recognised(eqx.nn.Embedding(ENTRIES, SIZE, key=key).weight, EMBEDDING)
    lstm = eqx.nn.LSTMCell(INPUTS, UNITS, key=key)
    yield "LSTM: input kernel", "", recognised(lstm.weight_ih, RECURRENT)
    yield "LSTM: recurrent kernel", "", recognised(lstm.weight_hh, RECURRENT)
    biases = many(lambda n: eqx.nn.LSTMCell(INPUTS, UNITS, key=keys[n]).bias)
    yield "LSTM: bias", "", recognised(biases, RECURRENT)
    attention = eqx.nn.MultiheadAttention(4, INPUTS, key=key)
    yield "attention: query kernel", "", recognised(attention.query_proj.weight, SQUARE)
    yield "attention: output kernel", "", recognised(attention.output_proj.weight, SQUARE)
    layer = eqx.nn.LayerNorm(2)
    eps = behaviour.epsilon(lambda x: np.asarray(jax.vmap(layer)(x)))
    yield "layer norm: epsilon", number(layer.eps), number(eps)
