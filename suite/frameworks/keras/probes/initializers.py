"""Draws of Keras: the kernels of its own layers, and of layers that share an initializer."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from suite.catalogue import initializers, registry
from suite.frameworks.keras import kernels
from suite.frameworks.keras.differentiate import numbers, pulled, tensor
from suite.frameworks.keras.library import framework, keras, python_random_kept
from suite.types import Array, Layer

KINDS = ("dense", "convolution", "transposed", "truncated", *kernels.MADE)


def draw(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Draw a fresh layer of Keras; ``truncated`` is filled by ``TruncatedNormal``.

    Keras draws the seeds that are not given from Python's generator, which starts from ``seed``.
    """
    resolved = initializers.resolve(initializer)
    declared = resolved.native(framework())
    with python_random_kept():
        random.seed(seed)  # Keras draws the seeds that are not given from it
        if layer_kind in kernels.MADE:
            initial = None if declared is None else registry.native(declared)()
            return kernels.MADE[layer_kind](initial, *shape)
        if layer_kind == "truncated":
            start = {
                "kernel_initializer": keras.initializers.TruncatedNormal(
                    stddev=resolved.parameters[0]
                )
            }
        elif declared is not None:
            start = {"kernel_initializer": registry.native(declared)()}
        else:
            start = {}
        if layer_kind in ("dense", "truncated"):
            layer = keras.layers.Dense(shape[1], **start)
            layer.build((None, shape[0]))
        elif layer_kind == "convolution":
            layer = keras.layers.Conv2D(shape[3], tuple(shape[:2]), **start)
            layer.build((None, None, None, shape[2]))
        elif layer_kind == "transposed":
            layer = keras.layers.Conv2DTranspose(shape[3], tuple(shape[:2]), **start)
            layer.build((None, None, None, shape[2]))
        else:
            raise registry.unknown("kind of layer", layer_kind, KINDS)
    kernel = numbers(layer.kernel)
    # Keras keeps a transposed kernel as (height, width, out, in).
    return kernel.swapaxes(2, 3) if layer_kind == "transposed" else kernel, numbers(layer.bias)


def bias(initializer: str, fan_in: int, fan_out: int, seed: int) -> Array:
    """Build a ``Dense`` with the initializer as its ``bias_initializer``."""
    declared = initializers.resolve(initializer).native(framework())
    with python_random_kept():
        random.seed(seed)
        start = {} if declared is None else {"bias_initializer": registry.native(declared)()}
        layer = keras.layers.Dense(fan_out, **start)
        layer.build((None, fan_in))
    return numbers(layer.bias)


def through(kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
    """Apply ``Dense``."""
    layer = keras.layers.Dense(kernel.shape[1], use_bias=False, kernel_initializer="zeros")
    layer.build((None, kernel.shape[0]))
    layer.kernel.assign(kernel)
    outputs, (gradient,) = pulled(layer, [tensor(inputs)], tensor(cotangent))
    return numbers(outputs), numbers(gradient)


def sharing(kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Fill the kernels with ``RandomNormal``: one to which no seed is given, so that Keras takes
    one from Python's generator (``shared``), one with a whole number (``shared_seeded``), one with
    a ``SeedGenerator`` (``shared_generator``), or one each (``fresh``)."""
    normal = keras.initializers.RandomNormal
    with python_random_kept():
        random.seed(seed)
        if kind == "shared":
            starts = [normal(stddev=1.0)] * len(shapes)
        elif kind == "shared_seeded":
            starts = [normal(stddev=1.0, seed=seed)] * len(shapes)
        elif kind == "shared_generator":
            starts = [normal(stddev=1.0, seed=keras.random.SeedGenerator(seed))] * len(shapes)
        elif kind == "fresh":
            states = np.random.SeedSequence(seed).generate_state(len(shapes)) >> 1
            starts = [normal(stddev=1.0, seed=int(state)) for state in states]
        else:
            allowed = ("shared", "shared_seeded", "shared_generator", "fresh")
            raise registry.unknown("kind of sharing", kind, allowed)
        kernels = []
        for (fan_in, fan_out), start in zip(shapes, starts, strict=True):
            layer = keras.layers.Dense(fan_out, kernel_initializer=start)
            layer.build((None, fan_in))
            kernels.append(numbers(layer.kernel))
    return kernels
