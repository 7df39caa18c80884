"""Plugins for the tests: the text of a file, and how it is written and loaded."""

from __future__ import annotations

from pathlib import Path

SNAKE = """
import numpy as np

from suite.catalogue.activations import Activation
from suite.catalogue.registry import natives


def torch_snake(x, a):
    import torch

    return x + torch.sin(a * x) ** 2 / a


def keras_snake(x, a):
    import keras

    return x + keras.ops.sin(a * x) ** 2 / a


SNAKE = Activation(
    name="snake",
    source="Ziyin, Hartwig and Ueda 2020 (arXiv:2006.08195)",
    value=lambda x, a: x + np.sin(a * x) ** 2 / a,
    slope=lambda x, a: 1 + np.sin(2 * a * x),
    native=lambda a: natives(torch=(torch_snake, {"a": a}), tensorflow=(keras_snake, {"a": a})),
    parameters={"a": 1.0},
)
"""
"""An activation with a parameter, and a function of each framework."""


def write(folder: Path, text: str = SNAKE, name: str = "my") -> Path:
    """Write a plugin, and return its path."""
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


INLINE = """
from suite.measuring.measure_stack import measure_and_store


class Inline:
    def __init__(self, job, workers):
        self._job, self._stacks = job, []

    def submit(self, stack, timeout):
        self._stacks.append(stack)

    def results(self):
        print(f"inline {len(self._stacks)}")
        for stack in self._stacks:
            yield measure_and_store(self._job, stack)

    def close(self):
        pass
"""
"""An executor that measures in the process of the run: no worker has to start."""


def provide(folder: Path, module: str, text: str = SNAKE, group: str = "activations") -> None:
    """Write a module and the entry point of an installed package that names it."""
    write(folder, text, module)
    info = folder / f"provides_{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: provides-{module}\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(f"[suite.{group}]\nany = {module}:SNAKE\n")
