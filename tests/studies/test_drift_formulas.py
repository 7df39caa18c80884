"""The formulas that the study drift refers to are those of the frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue.frameworks import installed
from suite.probes.drift import FormulaTraining
from suite.types import Snapshot, UserError
from tests.support.framework_tasks import DOUBLE_TOLERANCE, MEMBERS, make_task

ORACLE = frameworks.load("numpy")
NAMES = [name for name in installed() if name != "numpy"]
KERAS_TOLERANCE = 1e-6
"""Keras takes SGD's momentum and the powers of Adam's betas from single precision even where all
else is double."""


def formulas(task: Any, form: str) -> list[Snapshot]:
    found: list[Snapshot] = ORACLE.probe(FormulaTraining).train(task, form)
    return found


def distance(found: Snapshot, expected: Snapshot) -> float:
    """Largest difference of a weight or a bias."""
    pairs = zip(found.weights, expected.weights, strict=True)
    return max(
        float(np.abs(a - b).max())
        for ours, theirs in pairs
        for a, b in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_the_form_of_keras_is_the_oracles(optimizer: str) -> None:
    task = make_task(optimizer=optimizer)
    for found, expected in zip(formulas(task, "keras"), ORACLE.train(task), strict=True):
        assert distance(found, expected) < DOUBLE_TOLERANCE
        for name in ("loss", "heldout_loss", "logits", "heldout_logits", "batch_loss"):
            np.testing.assert_allclose(
                getattr(found, name), getattr(expected, name), rtol=DOUBLE_TOLERANCE
            )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "choice",
    [
        {"optimizer": "sgd(0.03,0.9)"},
        {"optimizer": "sgd", "clipping": "norm(0.1)"},
        {"optimizer": "rmsprop(0.01,0.8,0.001)"},
        {"optimizer": "adam(0.01,0.8,0.99,0.001)"},
    ],
    ids=lambda choice: choice.get("clipping", choice["optimizer"]),
)
def test_a_framework_in_double_precision_has_its_own_form(
    name: str, choice: dict[str, str]
) -> None:
    """To rounding; and the other form is told apart, but for SGD, where they are one."""
    task = make_task(precision="double", **choice)  # type: ignore[arg-type]  # fields by name
    *_, trained = frameworks.load(name).train(task)
    own, other = ("torch", "keras") if name == "torch" else ("keras", "torch")
    single = name == "tensorflow" and choice["optimizer"].startswith(("sgd(", "adam"))
    tolerance = KERAS_TOLERANCE if single else DOUBLE_TOLERANCE
    assert distance(trained, formulas(task, own)[-1]) < tolerance
    if choice["optimizer"] != "sgd(0.03,0.9)":
        # The least is the 1e-6 that torch adds to a norm: 1e-5 of each clipped step of 0.01.
        assert distance(trained, formulas(task, other)[-1]) > 10 * tolerance


def test_clipnorm_is_an_argument_of_keras_optimizers() -> None:
    """Each kernel and each bias by its own norm: three steps of a plain loop."""
    keras = pytest.importorskip("keras")
    tensorflow = pytest.importorskip("tensorflow")
    task = make_task(clipping="norm(0.02)", record=(0, 1), depth=1)
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(1)]
    )
    member = MEMBERS - 1
    model.set_weights([part[member] for layer in task.weights for part in layer])
    optimizer = keras.optimizers.SGD(0.1, clipnorm=0.02)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    for chosen in np.split(task.order(1)[member], [32, 64]):
        with tensorflow.GradientTape() as tape:
            value = loss(task.labels[member, chosen, None], model(task.inputs[member, chosen]))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
    found = [part[member] for layer in formulas(task, "clipnorm")[-1].weights for part in layer]
    for ours, theirs in zip(found, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)  # three steps in single precision
    whole = [part[member] for layer in formulas(task, "keras")[-1].weights for part in layer]
    assert max(np.abs(a - b).max() for a, b in zip(found, whole, strict=True)) > 1e-4


@pytest.mark.parametrize(
    ("changes", "form", "named"),
    [
        ({}, "jax", "torch"),
        ({"clipping": "value(1)"}, "torch", "norm"),
    ],
)
def test_what_has_no_formula_is_refused(changes: dict[str, Any], form: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        formulas(make_task(**changes), form)
