"""Initializers of a plugin: one that looks at data, and one that only frameworks can draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suite import frameworks, plugins
from suite.planning import grids
from suite.studies import STUDIES
from suite.studies.common.adjusting import POINTS, preactivations
from suite.studies.common.protocol import network, seeded_task
from suite.types import Lab, Stack, TrainTask
from tests.support.plugins import write

STARTS = """
from suite.catalogue.initializers import Initializer
from suite.catalogue.laws import Orthogonal
from suite.catalogue.registry import natives


def unit_variance(kernels, inputs, forward, goal):
    kernels = list(kernels)
    for place in range(len(kernels)):
        kernels[place] = kernels[place] * goal / forward(kernels)[place].std()
    return kernels


LSUV = Initializer(
    name="lsuv",
    source="Mishkin and Matas 2015 (arXiv:1511.06422)",
    law=lambda goal: Orthogonal(1.0),
    native=lambda goal: natives(
        torch="torch.nn.init:orthogonal_", tensorflow="keras.initializers:Orthogonal"
    ),
    parameters={"goal": 1.0},
    adjust=unit_variance,
)
FLAT = Initializer(
    name="flat",
    source="none",
    law=lambda: Orthogonal(1.0),
    adjust=lambda kernels, inputs, forward: kernels[:-1],
)


def torch_half(weight):
    weight.fill_(0.5)


def keras_half():
    import keras

    return keras.initializers.Constant(0.5)


HALF = Initializer(
    name="half",
    source="none",
    law=None,
    native=lambda: natives(torch=torch_half, tensorflow=keras_half),
    random=False,
)
"""


@pytest.fixture(autouse=True)
def _loaded(tmp_path: Path) -> object:
    with plugins.loaded([plugins.find(str(write(tmp_path, STARTS)))]):
        yield


def stack(study: str, *texts: str, framework: str = "numpy") -> Stack:
    """Return the first stack of a study with some values."""
    chosen = grids.parse_overrides(texts, [STUDIES[study]])
    selection = grids.Selection("quick", (framework,), chosen, seeds=2)
    return grids.stacks(STUDIES[study], selection)[0]


def task(initializers: str, *texts: str, weights: str = "shared") -> tuple[Stack, TrainTask]:
    words = ["depth=3", "width=8", "activation=tanh", f"weights={weights}", *texts]
    chosen = stack("training", f"initializer={initializers}", *words)
    oracle = frameworks.load("numpy")
    model = network(chosen.members[0].cell, "circles")
    lab = Lab(oracle, oracle, 0)
    return chosen, seeded_task(chosen, lab, (0, 1), model, "circles")


@pytest.mark.parametrize("weights", ["shared", "native"])
def test_each_network_starts_on_its_own_data(weights: str) -> None:
    chosen, made = task("my:lsuv(2),he_normal", weights=weights)
    _, plain = task("he_normal", weights=weights)
    for place, member in enumerate(chosen.members):
        kernels = [kernel[place] for kernel, _ in made.weights]
        biases = [bias[place] for _, bias in made.weights]
        inputs = made.inputs[:, :POINTS].astype(np.float64)
        if member.cell["initializer"] == "he_normal":
            for (untouched, _), kernel in zip(plain.weights, kernels, strict=True):
                np.testing.assert_array_equal(kernel, untouched[member.seed])
            continue
        own, other = (
            [z.std() for z in preactivations(made.architecture, kernels, biases, points)]
            for points in (inputs[place], inputs[1 - place])
        )
        assert own == pytest.approx([2.0] * 4, rel=1e-5)
        assert max(abs(np.array(other) - 2.0)) > 1e-4, "the seeds have different points"


def test_kernels_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"my:flat: adjust returned kernels \[.*\], not \["):
        task("my:flat")


def test_a_study_without_data_says_so() -> None:
    (member, *_) = stack("propagation", "initializer=my:lsuv", "depth=2", "width=4").members
    reason = grids.unsupported(STUDIES["propagation"], member.cell)
    assert reason is not None
    assert reason.startswith("initializer my:lsuv looks at training data, and study propagation")
    (member, *_) = stack("training", "initializer=my:lsuv").members
    assert grids.unsupported(STUDIES["training"], member.cell) is None


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_a_framework_draws_what_has_no_law(framework: str) -> None:
    kernel, bias = frameworks.load(framework).draw("my:half", 3, 2, 1)
    np.testing.assert_array_equal(kernel, np.full((3, 2), 0.5))
    np.testing.assert_array_equal(bias, np.zeros(2))


def test_what_has_no_law_is_neither_shared_nor_drawn_by_numpy() -> None:
    for weights, said in (
        ("shared", "my:half has no law to draw shared weights from"),
        ("native", "initializer 'my:half' is not declared for framework 'numpy'"),
    ):
        (member, *_) = stack("training", "initializer=my:half", f"weights={weights}").members
        reason = grids.unsupported(STUDIES["training"], member.cell)
        assert reason is not None
        assert said in reason
