"""The formulas to which the study ``drift`` compares are those of the frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suite import frameworks
from suite.probes.drift import FormulaTraining
from suite.types import Snapshot, UserError
from tests.support import HERE
from tests.support.framework_tasks import DOUBLE_TOLERANCE, MEMBERS, make_task

ORACLE = frameworks.load("numpy")
KERAS_TOLERANCE = 1e-6
"""Keras computes SGD's momentum and the powers of Adam's betas in single precision even if all else
is in double precision."""


def formulas(task: Any, form: str) -> list[Snapshot]:
    snapshots: list[Snapshot] = ORACLE.probe(FormulaTraining).train(task, form)
    return snapshots


def distance(snapshot: Snapshot, expected: Snapshot) -> float:
    """Return the largest difference of a weight or a bias."""
    return max(
        float(np.abs(a - b).max())
        for layer, expected_layer in zip(snapshot.weights, expected.weights, strict=True)
        for a, b in zip(layer, expected_layer, strict=True)
    )


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_the_oracle_trains_by_the_form_of_keras(optimizer: str) -> None:
    task = make_task(optimizer=optimizer)
    for snapshot, expected in zip(formulas(task, "keras"), ORACLE.train(task), strict=True):
        assert distance(snapshot, expected) < DOUBLE_TOLERANCE
        for name in ("loss", "heldout_loss", "logits", "heldout_logits", "batch_loss"):
            np.testing.assert_allclose(
                getattr(snapshot, name), getattr(expected, name), rtol=DOUBLE_TOLERANCE
            )


@pytest.mark.parametrize("name", HERE)
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
    """It agrees to rounding and differs from the other form, except for SGD, whose forms agree."""
    task = make_task(precision="double", **choice)  # type: ignore[arg-type]  # fields by name
    *_, trained = frameworks.load(name).train(task)
    form, other = ("torch", "keras") if name == "torch" else ("keras", "torch")
    single = name == "tensorflow" and choice["optimizer"].startswith(("sgd(", "adam"))
    tolerance = KERAS_TOLERANCE if single else DOUBLE_TOLERANCE
    assert distance(trained, formulas(task, form)[-1]) < tolerance
    if choice["optimizer"] != "sgd(0.03,0.9)":
        # The smallest difference is the 1e-6 that torch adds to a norm: 1e-5 of a clipped step.
        assert distance(trained, formulas(task, other)[-1]) > 10 * tolerance


def test_clipnorm_is_an_argument_of_keras_optimizers() -> None:
    """Keras clips each kernel and each bias by its own norm: three steps of a plain loop."""
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
    clipped = [part[member] for layer in formulas(task, "clipnorm")[-1].weights for part in layer]
    for array, expected in zip(clipped, model.get_weights(), strict=True):
        np.testing.assert_allclose(array, expected, atol=1e-6)  # three steps in single precision
    whole = [part[member] for layer in formulas(task, "keras")[-1].weights for part in layer]
    assert max(np.abs(a - b).max() for a, b in zip(clipped, whole, strict=True)) > 1e-4


@pytest.mark.parametrize(
    ("changes", "form", "named"),
    [
        ({}, "jax", "torch"),
        ({"clipping": "value(1)"}, "torch", "norm"),
    ],
)
def test_an_unknown_form_or_clipping_raises(changes: dict[str, Any], form: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        formulas(make_task(**changes), form)
