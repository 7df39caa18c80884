"""The one place that imports TensorFlow and Keras: without their messages, Keras on TensorFlow.

TensorFlow reads its number of threads from ``TF_NUM_INTRAOP_THREADS`` and
``TF_NUM_INTEROP_THREADS`` when it is used for the first time: to have one thread, set them before
this file is imported.
"""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from suite.frameworks.keras.library import precision, python_random_kept, use
from suite.types import Array

use("tensorflow", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what is written to file descriptor 2.

    TensorFlow's C++ side reports oneDNN and the features of the CPU there before it obeys any log
    level. Errors are Python exceptions and come through.
    """
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    os.close(sink)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


# Neither TensorFlow nor Keras ships types, so mypy ignores their imports.
with _silent():
    import keras  # type: ignore[import-untyped]
    import tensorflow as tf  # type: ignore[import-untyped]
    from tensorflow.python.eager import context  # type: ignore[import-untyped]

    tf.config.list_logical_devices()  # the first use of the runtime prints another report
# Otherwise vectorized_map warns at every dropout layer that it maps the masks in a loop.
tf.get_logger().setLevel("ERROR")

__all__ = ["constant", "keras", "precision", "python_random_kept", "release", "tf", "view"]


_VIEWED: dict[int, Any] = {}
"""The id of each living array that ``view`` returned -> its tensor."""


def view(tensor: Any) -> Array:
    """Return a tensor's own memory as a read-only array."""
    array = np.asarray(tensor)
    _VIEWED[id(array)] = tensor
    weakref.finalize(array, _VIEWED.pop, id(array)).atexit = False
    return array


def constant(values: Array, dtype: str = "float32") -> Any:
    """Return a tensor of the values: for an array that ``view`` returned, the tensor itself.

    ``tf.constant`` copies, and a fresh copy of a large kernel costs up to a sixth of its draw.
    """
    tensor = _VIEWED.get(id(values))
    return tensor if tensor is not None and tensor.dtype == dtype else tf.constant(values, dtype)


def release() -> None:
    """Free the traced programs that are no longer in use.

    They lie in reference cycles, and the runtime keeps a compiled form of every program that it has
    run until the cache is cleared. ``keras.backend.clear_session`` does both as well, but it also
    throws away the global seed of Keras, which is the caller's.
    """
    gc.collect()
    context.context().clear_kernel_cache()
