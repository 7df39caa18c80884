"""What Keras starts a convolution with."""

from __future__ import annotations

from suite.catalogue import initializers
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import numbers
from suite.frameworks.keras.library import framework, keras, python_random_kept
from suite.frameworks.keras.starts import seeded
from suite.types import Layer


def draw(initializer: str, channels: int, filters: int, seed: int) -> Layer:
    """Draw a ``Conv2D``, float32, with a seed for its initializer."""
    declared = initializers.resolve(initializer).native(framework())
    with python_random_kept():  # Keras draws the seeds that are not given from it
        start = {} if declared is None else {"kernel_initializer": native(declared)()}
        layer = keras.layers.Conv2D(filters, 3, padding="same", **start)
        layer.kernel_initializer = seeded(layer.kernel_initializer, seed)
        layer.build((None, None, None, channels))
    return numbers(layer.kernel), numbers(layer.bias)
