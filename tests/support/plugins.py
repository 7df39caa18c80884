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
