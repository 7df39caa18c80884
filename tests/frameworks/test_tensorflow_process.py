"""What TensorFlow leaves unchanged in the process that imports it: generators, memory, output."""

from __future__ import annotations

import gc
import importlib
import random
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.frameworks import tensorflow
from suite.frameworks.keras import starts
from suite.frameworks.tensorflow import TensorFlow, backend
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import UserError
from tests.support.framework_tasks import DROPOUT, make_task

TENSORFLOW = TensorFlow()


def test_no_global_generator_is_used_or_seeded() -> None:
    def sample() -> list[Any]:
        return [
            random.random(),
            np.random.random(),  # noqa: NPY002 - the global generator is what is looked at
            *keras.random.uniform((2,)).numpy(),
            *tf.random.uniform((2,)).numpy(),
        ]

    with backend.python_random_kept():
        keras.utils.set_random_seed(3)
        expected = sample()
        keras.utils.set_random_seed(3)
        starts.starts.cache_clear()
        for name in ("default", "orthogonal", "zeros"):
            TENSORFLOW.draw(name, 3, 2, 1)
        list(TENSORFLOW.train(make_task("batch", DROPOUT, depth=1, record=(0, 1))))
        assert sample() == expected


def test_only_the_last_kind_of_task_keeps_its_graphs() -> None:
    """A run of many kinds would fill the memory otherwise."""

    def graphs() -> int:
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    def trained(depth: int) -> int:
        list(TENSORFLOW.train(make_task(depth=depth, record=(0, 1))))
        return graphs() - before

    tensorflow._kept.cache_clear()
    before = graphs()
    one = trained(1)
    assert one > 0
    two = trained(2)
    assert trained(2) == two
    assert trained(1) == one
    next(abandoned := TENSORFLOW.train(make_task(depth=1, record=(0, 1))))
    abandoned.close()  # type: ignore[attr-defined]
    assert graphs() - before == one
    tensorflow._kept.cache_clear()
    assert graphs() == before


def test_keras_on_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(config=SimpleNamespace(backend=lambda: "jax"))
    monkeypatch.setitem(sys.modules, "keras", other)
    with pytest.raises(UserError, match=r"on 'jax'.*KERAS_BACKEND=tensorflow"):
        importlib.reload(backend)


def test_the_import_is_silent_and_leaves_standard_error_open() -> None:
    code = "import os, suite.frameworks.tensorflow; os.write(2, b'end')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("", "end")
