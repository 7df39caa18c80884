"""The one place that imports TensorFlow and Keras: without their messages, Keras on TensorFlow.

TensorFlow reads its number of threads from ``TF_NUM_INTRAOP_THREADS`` and
``TF_NUM_INTEROP_THREADS`` when it is used for the first time: to have one thread, set them before
this file is imported.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from suite.types import Array, UserError

if "keras" in sys.modules and (other := sys.modules["keras"].config.backend()) != "tensorflow":
    raise UserError(
        f"Keras is already imported on {other!r}, and the framework tensorflow needs it on"
        " 'tensorflow': set KERAS_BACKEND=tensorflow before Keras is imported"
    )
os.environ["KERAS_BACKEND"] = "tensorflow"
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


@contextmanager
def python_random_kept() -> Iterator[None]:
    """Put Python's global generator back afterwards: Keras draws the seeds that are not given from
    it."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Let Keras make and compute everything inside the block in ``float32`` or ``float64``.

    Keras keeps two settings: ``floatx``, and the policy of layers, which follows it only until
    the first layer is made.
    """
    kept = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(kept[0])
        keras.config.set_dtype_policy(kept[1])


def release() -> None:
    """Free the traced programs that are no longer in use.

    They lie in reference cycles, and the runtime keeps a compiled form of every program that it has
    run until the cache is cleared. ``keras.backend.clear_session`` does both as well, but it also
    throws away the global seed of Keras, which is the caller's.
    """
    gc.collect()
    context.context().clear_kernel_cache()
