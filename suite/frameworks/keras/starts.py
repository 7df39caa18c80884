"""What Keras starts a dense layer with."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from suite.catalogue import initializers
from suite.catalogue.registry import native
from suite.frameworks.keras.library import keras, python_random_kept


@lru_cache(maxsize=64)
def starts(framework: str, initializer: str) -> tuple[Any, Any]:
    """Return the initializers of a dense layer's kernel and bias, not seeded yet.

    ``default`` is what a ``Dense`` does without arguments. Another one sets the kernel alone.
    """
    declared = initializers.resolve(initializer).native(framework)
    with python_random_kept():
        if declared is None:
            dense = keras.layers.Dense(1)
        else:
            dense = keras.layers.Dense(1, kernel_initializer=native(declared)())
    return dense.kernel_initializer, dense.bias_initializer


def takes_seed(initializer: Any) -> bool:
    """Whether what an initializer draws depends on a seed."""
    return "seed" in initializer.get_config()


def seeded(initializer: Any, seed: Any) -> Any:
    """Return the same initializer with a seed, where it takes one.

    A fresh one for each draw: an initializer with a seed repeats its values.
    """
    settings = initializer.get_config()
    return type(initializer).from_config(
        {key: seed if key == "seed" else value for key, value in settings.items()}
    )
