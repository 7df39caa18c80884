"""A plugin's items in both frameworks, from the command line to the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from suite.commands.main import main
from tests.support.plugins import INLINE, SNAKE, write

OTHERS = """
from suite.catalogue.declare import activation
from suite.catalogue.normalizations import Normalization, over
from suite.catalogue.optimizers import Optimizer


@activation(source="the same formula, in NumPy alone")
def plain_snake(x, a=1.0):
    return x + np.sin(a * x) ** 2 / a


def torch_descent(parameters, rate):
    import torch

    return torch.optim.SGD(parameters, lr=rate)


def keras_descent(rate):
    import keras

    return keras.optimizers.SGD(rate)


DESCENT = Optimizer(
    name="descent",
    source="the suite's sgd",
    common={"rate": 0.1},
    translate=lambda common: {
        "torch": (torch_descent, dict(common)),
        "tensorflow": (keras_descent, dict(common)),
    },
    formula=lambda form, rate: lambda gradient: rate * gradient,
)


def torch_layer(features, epsilon=1e-5):
    import torch

    return torch.nn.LayerNorm(features, eps=epsilon)


def keras_layer(epsilon=1e-3):
    import keras

    return keras.layers.LayerNormalization(epsilon=epsilon)


LAYER = Normalization(
    name="by_sample",
    source="the suite's layer",
    definition=over(1),
    translate=lambda values: {
        "torch": (torch_layer, dict(values)),
        "tensorflow": (keras_layer, dict(values)),
    },
    common={"epsilon": 1e-5},
)
"""


def test_training_with_an_own_activation(tmp_path: Path) -> None:
    """The command of the documentation, for one start and five steps: workers are other
    processes."""
    plugin, out = write(tmp_path), tmp_path / "run"
    words = ["run", "parity", "--plugin", str(plugin), "--set", "activation=my:snake,relu"]
    words += ["--set", "depth=2", "--set", "initializer=he_normal", "--set", "optimizer=sgd"]
    assert main([*words, "--seeds", "2", "--jobs", "2", "--out", str(out), "--no-report"]) == 0
    rows = pd.read_csv(out / "parity" / "runs.csv")
    assert set(rows["status"]) == {"ok"}
    # The ceiling of the claims on steps of SGD, as float32 rounds; another slope is off by 5e-4.
    assert (rows["step_error"] < 1e-4).all()
    counts = rows.groupby(["framework", "activation"]).size()
    assert set(counts.index) == {
        (framework, activation)
        for framework in ("torch", "tensorflow")
        for activation in ("my:snake", "relu")
    }
    assert set(counts) == {2}


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_each_item_is_the_suites_own_that_it_copies(framework: str, tmp_path: Path) -> None:
    """The same numbers come out of an own optimizer, an own layer and a generic activation as from
    those that they copy."""
    plugin, out = write(tmp_path, SNAKE + OTHERS + INLINE), tmp_path / "run"
    words = ["run", "remedies", "--plugin", str(plugin), "--executor", "my:Inline"]
    words += ["--frameworks", framework, "--seeds", "1", "--out", str(out), "--no-report"]
    for chosen in (
        "activation=my:snake(.5),my:plain_snake(.5)",
        "optimizer=my:descent(.05),sgd(.05)",
        "normalization=my:by_sample,layer",
        *("initializer=he_normal", "weights=shared", "depth=2", "width=4"),
    ):
        words += ["--set", chosen]
    assert main(words) == 0
    rows = pd.read_csv(out / "remedies" / "runs.csv")
    assert set(rows["status"]) == {"ok"}
    assert len(rows) == 8
    assert rows["train_loss"].to_numpy() == pytest.approx(rows["train_loss"][0], rel=1e-3)
    items = json.loads((out / "manifest.json").read_text())["plugins"][0]["items"]
    forms = {item["name"]: item["native"].get(framework) for item in items}
    assert forms == {
        "my:snake": "own",
        "my:plain_snake": "generic",
        "my:descent": "own",
        "my:by_sample": "own",
        "my:Inline": None,
    }
