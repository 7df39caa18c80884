"""The defaults of each library: a function for each, which imports it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
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
    SIZE,
    SQUARE,
    UNITS,
    Found,
    default,
    many,
    number,
    optimizers,
)
from benchmarks.defaults.with_jax import equinox, flax, haiku
from suite.types import Array


def torch() -> Found:
    """Yield the defaults of torch."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def of(parameter: Any) -> Array:
        return np.asarray(parameter.detach().numpy())

    dense, convolution = nn.Linear(INPUTS, OUTPUTS), nn.Conv2d(CHANNELS, FILTERS, 3)
    yield "dense: kernel", "", recognised(of(dense.weight), DENSE)
    biases = many(lambda n: of(nn.Linear(INPUTS, OUTPUTS).bias))
    yield "dense: bias", "", recognised(biases, DENSE)
    yield "convolution: kernel", "", recognised(of(convolution.weight), CONVOLUTION)
    biases = many(lambda n: of(nn.Conv2d(CHANNELS, FILTERS, 3).bias))
    yield "convolution: bias", "", recognised(biases, CONVOLUTION)
    yield "embedding", "", recognised(of(nn.Embedding(ENTRIES, SIZE).weight), EMBEDDING)
    lstm = nn.LSTM(INPUTS, UNITS)
    yield "LSTM: input kernel", "", recognised(of(lstm.weight_ih_l0), RECURRENT)
    yield "LSTM: recurrent kernel", "", recognised(of(lstm.weight_hh_l0), RECURRENT)
    biases = many(lambda n: of(nn.LSTM(INPUTS, UNITS).bias_ih_l0))
    yield "LSTM: bias", "", recognised(biases, RECURRENT)
    attention = nn.MultiheadAttention(INPUTS, 4)
    query = of(attention.in_proj_weight)[:INPUTS]
    yield "attention: query kernel", "", recognised(query, SQUARE)
    yield "attention: output kernel", "", recognised(of(attention.out_proj.weight), SQUARE)

    def steps(make: Callable[..., Any]) -> behaviour.Steps:
        def taken(gradients: Sequence[float]) -> Sequence[float]:
            parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
            optimizer, changes = make([parameter]), []
            for gradient in gradients:
                before = float(parameter.detach())
                parameter.grad = torch.tensor([gradient], dtype=torch.float64)
                optimizer.step()
                changes.append(before - float(parameter.detach()))
            return changes

        return taken

    sgd, rmsprop, adam = torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adam
    read = {
        "sgd rate": default(sgd, "lr"),
        "rmsprop rate": default(rmsprop, "lr"),
        "rmsprop decay": default(rmsprop, "alpha"),
        "rmsprop eps": default(rmsprop, "eps"),
        "adam rate": default(adam, "lr"),
        "adam eps": default(adam, "eps"),
    }
    yield from optimizers(read, *map(steps, (sgd, rmsprop, adam)))
    batch = nn.BatchNorm1d(2)
    eps = behaviour.epsilon(lambda x: of(nn.BatchNorm1d(2)(torch.tensor(x))))
    yield "batch norm: epsilon", number(batch.eps), number(eps)
    batch(torch.ones(4, 2))
    assert batch.running_mean is not None
    kept = 1.0 - float(batch.running_mean[0])
    yield KEPT, number(batch.momentum or 0.0), number(kept)
    layer = nn.LayerNorm(2)
    eps = behaviour.epsilon(lambda x: of(layer(torch.tensor(x))))
    yield "layer norm: epsilon", number(layer.eps), number(eps)
    slope = -float(nn.LeakyReLU()(torch.tensor(-1.0)))
    yield "leaky ReLU, layer: slope", number(nn.LeakyReLU().negative_slope), number(slope)
    leaky = torch.nn.functional.leaky_relu
    slope = -float(leaky(torch.tensor(-1.0)))
    yield "leaky ReLU, function: slope", default(leaky, "negative_slope"), number(slope)
    yield "ELU: alpha", number(nn.ELU().alpha), number(-float(nn.ELU()(torch.tensor(-50.0))))
    form = behaviour.gelu_form(lambda x: nn.GELU()(torch.tensor(x)).numpy())
    says = {"none": "exact"}.get(nn.GELU().approximate, nn.GELU().approximate)
    yield "GELU: form", says, form


def keras() -> Found:
    """Yield the defaults of Keras, whatever its backend."""
    import keras  # type: ignore[import-untyped]  # it ships no types

    keras.utils.set_random_seed(0)

    def says(initializer: Any) -> str:
        return type(initializer).__name__

    def built(layer: Any, *shape: int | None) -> Any:
        layer.build(shape)
        return layer

    dense = built(keras.layers.Dense(OUTPUTS), None, INPUTS)
    yield "dense: kernel", says(dense.kernel_initializer), recognised(dense.kernel.numpy(), DENSE)
    yield "dense: bias", says(dense.bias_initializer), recognised(dense.bias.numpy(), DENSE)
    convolution = built(keras.layers.Conv2D(FILTERS, 3), None, 8, 8, CHANNELS)
    kernel = recognised(convolution.kernel.numpy(), CONVOLUTION)
    yield "convolution: kernel", says(convolution.kernel_initializer), kernel
    bias = recognised(convolution.bias.numpy(), CONVOLUTION)
    yield "convolution: bias", says(convolution.bias_initializer), bias
    embedding = built(keras.layers.Embedding(ENTRIES, SIZE), None, 1)
    drawn = recognised(embedding.embeddings.numpy(), EMBEDDING)
    yield "embedding", says(embedding.embeddings_initializer), drawn
    lstm = built(keras.layers.LSTM(UNITS), None, 3, INPUTS)
    cell = lstm.cell
    drawn = recognised(cell.kernel.numpy(), RECURRENT)
    yield "LSTM: input kernel", says(cell.kernel_initializer), drawn
    drawn = recognised(cell.recurrent_kernel.numpy(), RECURRENT)
    yield "LSTM: recurrent kernel", says(cell.recurrent_initializer), drawn
    # The initializer is zeros; ``unit_forget_bias`` sets the biases of one gate to 1.
    yield (
        "LSTM: bias",
        f"unit_forget_bias={cell.unit_forget_bias}",
        recognised(cell.bias.numpy(), RECURRENT),
    )
    attention = keras.layers.MultiHeadAttention(4, INPUTS // 4)
    attention.build((None, 3, INPUTS), (None, 3, INPUTS))
    query = attention.query_dense
    drawn = recognised(query.kernel.numpy().reshape(INPUTS, -1), SQUARE)
    yield "attention: query kernel", says(query.kernel_initializer), drawn
    drawn = recognised(attention.output_dense.kernel.numpy().reshape(-1, INPUTS), SQUARE)
    yield "attention: output kernel", says(attention.output_dense.kernel_initializer), drawn

    def steps(make: Callable[[], Any]) -> behaviour.Steps:
        def taken(gradients: Sequence[float]) -> Sequence[float]:
            variable = keras.Variable(np.zeros(1), dtype="float64")
            optimizer, changes = make(), []
            optimizer.build([variable])
            for gradient in gradients:
                before = float(variable.numpy()[0])
                given = keras.ops.convert_to_tensor(np.array([gradient]))
                optimizer.apply([given], [variable])
                changes.append(before - float(variable.numpy()[0]))
            return changes

        return taken

    made = keras.optimizers
    read = {
        "sgd rate": default(made.SGD, "learning_rate"),
        "rmsprop rate": default(made.RMSprop, "learning_rate"),
        "rmsprop decay": default(made.RMSprop, "rho"),
        "rmsprop eps": default(made.RMSprop, "epsilon"),
        "adam rate": default(made.Adam, "learning_rate"),
        "adam eps": default(made.Adam, "epsilon"),
    }
    yield from optimizers(read, *map(steps, (made.SGD, made.RMSprop, made.Adam)))
    batch = built(keras.layers.BatchNormalization(), None, 2)
    eps = behaviour.epsilon(lambda x: np.asarray(batch(x, training=True)))
    yield "batch norm: epsilon", number(batch.epsilon), number(eps)
    fresh = built(keras.layers.BatchNormalization(), None, 2)
    fresh(np.ones((4, 2), np.float32), training=True)
    kept = 1.0 - float(fresh.moving_mean.numpy()[0])
    yield (
        KEPT,
        number(fresh.momentum),
        number(kept),
    )
    layer = built(keras.layers.LayerNormalization(), None, 2)
    eps = behaviour.epsilon(lambda x: np.asarray(layer(x)))
    yield "layer norm: epsilon", number(layer.epsilon), number(eps)
    leaky, elu = keras.layers.LeakyReLU(), keras.layers.ELU()
    slope = -float(leaky(np.array([-1.0], np.float32))[0])
    yield "leaky ReLU, layer: slope", number(leaky.negative_slope), number(slope)
    function = keras.activations.leaky_relu
    slope = -float(function(np.array([-1.0], np.float32))[0])
    yield "leaky ReLU, function: slope", default(function, "negative_slope"), number(slope)
    yield "ELU: alpha", number(elu.alpha), number(-float(elu(np.array([-50.0], np.float32))[0]))
    says_exact = default(keras.activations.gelu, "approximate") == "0"
    form = behaviour.gelu_form(keras.activations.gelu)
    yield "GELU: form", "exact" if says_exact else "tanh", form


def sklearn() -> Found:
    """Yield the defaults of scikit-learn's MLPClassifier."""
    neural = importlib.import_module("sklearn.neural_network")
    inner = importlib.import_module("sklearn.neural_network._stochastic_optimizers")
    classifier, adam = neural.MLPClassifier, inner.AdamOptimizer

    inputs = np.random.default_rng(0).normal(size=(4, INPUTS))

    def drawn(seed: int) -> Any:
        # It draws when it sees data; a rate of nothing leaves the weights as they were drawn.
        model = classifier((OUTPUTS,), learning_rate_init=1e-300, random_state=seed)
        return model.partial_fit(inputs, [0, 1, 0, 1], classes=[0, 1])

    yield "dense: kernel", "", recognised(drawn(0).coefs_[0], DENSE)
    biases = many(lambda n: drawn(n).intercepts_[0])
    yield "dense: bias", "", recognised(biases, DENSE)

    def steps(gradients: Sequence[float]) -> Sequence[float]:
        parameters, changes = [np.zeros(1)], []
        optimizer = adam(parameters, default_rate)
        for gradient in gradients:
            before = float(parameters[0][0])
            optimizer.update_params(parameters, [np.array([gradient])])
            changes.append(before - float(parameters[0][0]))
        return changes

    default_rate = float(default(classifier, "learning_rate_init"))
    yield "Adam: learning rate", number(default_rate), number(behaviour.adam_rate(steps))
    floor = number(behaviour.adam_floor(steps))
    yield ADAM_FLOOR, default(classifier, "epsilon"), floor


LIBRARIES: Mapping[str, tuple[Callable[[], Found], tuple[str, ...]]] = {
    "torch": (torch, ("torch",)),
    "Keras": (keras, ("keras",)),
    "Flax NNX": (flax, ("flax", "optax", "jax")),
    "Haiku": (haiku, ("dm-haiku",)),
    "Equinox": (equinox, ("equinox",)),
    "scikit-learn": (sklearn, ("scikit-learn",)),
}
"""Library -> the function that yields its defaults, and the packages whose versions matter."""
