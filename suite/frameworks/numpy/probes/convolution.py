"""A small convolutional network by definition, in float64 with every gradient by hand."""

from __future__ import annotations

import itertools

import numpy as np

from suite.catalogue import activations, initializers, optimizers
from suite.types import Array, Layer, Unsupported, Weights, float64

_PLACES = tuple(itertools.product(range(3), range(3)))


def draw(initializer: str, channels: int, filters: int, seed: int) -> Layer:
    """Draw the kernel by the NumPy law, float64, with a bias of zeros.

    Raises Unsupported for ``default``, which has no law here.
    """
    law = initializers.resolve(initializer)
    kernel = law.law().draw(np.random.default_rng(seed), 9 * channels, 9 * filters)
    return kernel.reshape(3, 3, channels, -1)[..., :filters], np.zeros(filters)


def train(
    activation: str,
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    heldout: Array,
    order: Array,
    batch: int,
) -> tuple[Array, Array, Array]:
    """Train one member after another, with the gradients below.

    Raises Unsupported for an optimizer other than plain gradient descent.
    """
    resolved = optimizers.resolve(optimizer)
    if resolved.name != "sgd" or resolved.common["momentum"]:
        raise Unsupported(f"optimizer {optimizer!r} has no definition here; allowed: plain sgd")
    trained = []
    for member in range(len(inputs)):
        layers = [(float64(w[member]).copy(), float64(b[member]).copy()) for w, b in weights]
        x, y = float64(inputs[member])[..., None], labels[member].astype(int)
        losses = []
        for epoch in order[:, member]:
            for first in range(0, len(epoch), batch):
                rows = epoch[first : first + batch]
                loss, gradients = _gradients(activation, layers, x[rows], y[rows])
                losses.append(loss)
                for layer, slopes in zip(layers, gradients, strict=True):
                    for part, slope in zip(layer, slopes, strict=True):
                        part -= resolved.common["learning_rate"] * slope
        images = (x, float64(heldout[member])[..., None])
        trained.append((np.array(losses), *(_forward(activation, layers, i)[0] for i in images)))
    batch_loss, logits, unseen = (np.stack(values) for values in zip(*trained, strict=True))
    return batch_loss.T, logits, unseen


def _forward(
    activation: str, layers: list[Layer], x: Array
) -> tuple[Array, list[Array], list[Array]]:
    """Return logits, the input of each layer, and the pre-activations of each convolution."""
    function = activations.resolve(activation)
    entering, before = [x], []
    for kernel, bias in layers[:-1]:
        around = _around(entering[-1])
        z = bias + sum(around[i, j] @ kernel[i, j] for i, j in _PLACES)
        before.append(z)
        entering.append(function.value(z))
    kernel, bias = layers[-1]
    return entering[-1].reshape(len(x), -1) @ kernel + bias, entering, before


def _around(x: Array) -> dict[tuple[int, int], Array]:
    """Return the pixel at each of the nine places around every pixel; zeros beyond the border."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows, columns = x.shape[1:3]
    return {(i, j): padded[:, i : i + rows, j : j + columns] for i, j in _PLACES}


def _gradients(
    activation: str, layers: list[Layer], x: Array, labels: Array
) -> tuple[float, list[Layer]]:
    """Return the mean cross-entropy of a batch, and its gradient by each kernel and bias."""
    function = activations.resolve(activation)
    logits, entering, before = _forward(activation, layers, x)
    logits = logits - logits.max(axis=1, keepdims=True)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    picked = np.arange(len(labels)), labels
    loss = -np.log(shares[picked]).mean()
    flowing = shares.copy()
    flowing[picked] -= 1
    flowing /= len(labels)
    kernel, _ = layers[-1]
    gradients = [(entering[-1].reshape(len(x), -1).T @ flowing, flowing.sum(axis=0))]
    flowing = (flowing @ kernel.T).reshape(entering[-1].shape)
    for place in reversed(range(len(before))):
        kernel, _ = layers[place]
        flowing = flowing * function.slope(before[place])
        around = _around(entering[place])
        by_kernel = np.empty_like(kernel)
        for i, j in _PLACES:
            by_kernel[i, j] = np.einsum("nhwc,nhwf->cf", around[i, j], flowing)
        gradients.append((by_kernel, flowing.sum(axis=(0, 1, 2))))
        # What enters pixel p from place (i, j) leaves it at the opposite place.
        after = _around(flowing)
        flowing = np.sum([after[2 - i, 2 - j] @ kernel[i, j].T for i, j in _PLACES], axis=0)
    return float(loss), gradients[::-1]
