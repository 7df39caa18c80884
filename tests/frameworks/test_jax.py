"""JAX in stacks: each member is the network that a user of Flax and Optax would train alone.

The twin, ``jax_twin``, is the plain loop. ``tox -e jax`` runs this file; without JAX it is skipped.
"""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

for package in ("jax", "flax", "optax"):
    pytest.importorskip(package)

import jax
import optax
from flax import nnx

from suite import frameworks
from suite.catalogue import activations
from suite.catalogue.frameworks import FRAMEWORKS
from suite.frameworks import jax_stack as stack
from suite.frameworks.jax import rules
from suite.types import TrainTask, Unsupported, UserError
from tests.support.framework_tasks import (
    BATCH,
    DOUBLE_TOLERANCE,
    DROPOUT,
    MEMBERS,
    POINTS,
    TOLERANCE,
    all_bits,
    check,
    check_oracle,
    make_task,
    pick,
    values,
)
from tests.support.jax_twin import CLIPPING, LOSSES, OPTIMIZERS, SCHEDULES, train_alone

JAX = frameworks.load("jax")
LONG = (0, 1, 4)


def check_members(
    task: TrainTask, without: tuple[str, ...] = (), tolerance: float = TOLERANCE
) -> None:
    """Compare two members of the stack with their twins."""
    snapshots = list(JAX.train(task))
    for member in (0, MEMBERS - 1):
        check(values(snapshots, member), train_alone(task, member), tolerance, without)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_member_is_the_network_trained_alone(optimizer: str) -> None:
    """Each has its own data, weights and order, in full and short batches of two epochs."""
    check_members(make_task(optimizer=optimizer))


@pytest.mark.parametrize(
    ("normalization", "dropout"),
    [("batch", 0.0), ("layer", 0.0), ("none", DROPOUT), ("batch", DROPOUT)],
)
def test_normalization_and_dropout(normalization: str, dropout: float) -> None:
    """Each member and layer has its own masks, those of a dropout layer with its seed."""
    check_members(make_task(normalization, dropout))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("residual", [0.0, 0.5])
def test_losses_and_residual_connections(loss: str, residual: float) -> None:
    check_members(make_task(loss=loss, residual=residual, gradients_on="batch"))


@pytest.mark.parametrize("clipping", [name for name in CLIPPING if name != "none"])
def test_clipping(clipping: str) -> None:
    check_members(make_task(clipping=clipping))


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
def test_schedules(schedule: str) -> None:
    check_members(make_task(schedule=schedule, optimizer="sgd(0.03, 0.9)", record=LONG))


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_double_precision_is_double_throughout(normalization: str) -> None:
    check_members(
        make_task(normalization, precision="double", clipping="norm(0.25)"),
        tolerance=DOUBLE_TOLERANCE,
    )
    assert jax.numpy.ones(1).dtype == np.float32, "the setting is that of a block"


def test_flax_keeps_running_statistics_in_single_precision() -> None:
    """The suite makes them double where a task is: ``test_double_precision...`` would fail."""
    with jax.enable_x64(True):
        layer = nnx.BatchNorm(3, param_dtype="float64", rngs=nnx.Rngs(0))
        assert layer.scale.dtype == np.float64
        assert layer.mean.dtype == layer.var.dtype == np.float32


def test_a_rate_that_falls_is_single_in_double_precision() -> None:
    """Optax computes it so; the test would ask for a finer tolerance if it no longer did."""
    task = make_task(precision="double", schedule="exponential(0.6)")
    result, alone = values(list(JAX.train(task)), 0), train_alone(task, 0)
    check(result, alone, 1e-7)
    with pytest.raises(AssertionError):
        check(result, alone, DOUBLE_TOLERANCE)


def test_a_batch_as_large_as_the_data_and_one_that_is_larger() -> None:
    for batch in (POINTS, 100):
        check_oracle(JAX, make_task(batch=batch, record=(0, 1)))


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_the_float64_oracle_agrees(activation: str) -> None:
    """This compares logits, loss, gradients and three steps of SGD from shared weights."""
    check_oracle(JAX, make_task(activation=activation, record=(0, 1)))


# --- what the comparison would catch -------------------------------------------------------------

MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another momentum": ({"optimizer": "sgd(0.03, 0.9)"}, {"optimizer": "sgd"}),
    "no clipping": ({"clipping": "norm(0.25)"}, {"clipping": "none"}),
    "no schedule": ({"schedule": "step(1, 0.3)"}, {"schedule": "constant"}),
    "masks of other seeds": ({}, {"noise": (12, 11, 13)}),
    "gradients on all points": ({"gradients_on": "batch"}, {"gradients_on": "all"}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_comparison_sees_a_choice_that_is_not_followed(mistake: str) -> None:
    asked, followed = MISTAKES[mistake]
    task = make_task(dropout=DROPOUT, **asked)
    result = values(list(JAX.train(task)), 0)
    check(result, train_alone(task, 0))
    with pytest.raises(AssertionError):
        check(result, train_alone(dataclasses.replace(task, **followed), 0))


def _epsilon_outside(original: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(original, eps_in_sqrt=False)


def test_a_planted_epsilon_and_a_planted_slope_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle has Keras' form of RMSprop, which is Optax's; its gradients have the slope of the
    definition."""
    stack._program.cache_clear()
    task = make_task(optimizer="rmsprop(0.01, 0.9, 0.01)", record=(0, 1))
    check_oracle(JAX, task)
    stack._program.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(optax, "rmsprop", _epsilon_outside(optax.rmsprop))
        with pytest.raises(AssertionError):
            check_oracle(JAX, task)
    stack._program.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(jax.nn, "leaky_relu", lambda x, negative_slope: jax.nn.relu(x) - x * 0.011)
        with pytest.raises(AssertionError):
            check_oracle(JAX, make_task(activation="leaky_relu", record=(0, 1)))
    stack._program.cache_clear()


# --- neighbours, randomness, memory --------------------------------------------------------------


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("start", [np.inf, np.nan, 1e30])
def test_a_diverging_member_disturbs_no_neighbour(normalization: str, start: float) -> None:
    task = make_task(normalization, DROPOUT, clipping="norm(0.25)")
    harmless = list(JAX.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = start, start
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diverged = list(JAX.train(task))
    assert all_bits(diverged, 1) != all_bits(harmless, 1)
    if not np.isfinite(start):
        assert not np.isfinite(diverged[-1].loss[1])
    for member in (0, 2):
        assert all_bits(diverged, member) == all_bits(harmless, member)


def test_a_member_that_touches_another_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake: the gradients of a stack are clipped by the norm over all of its members."""
    clip = optax.clip_by_global_norm

    def over_all(threshold: float) -> Any:
        def update(gradients: Any, state: Any, parameters: Any = None) -> tuple[Any, Any]:
            norm = jax.lax.pmax(optax.tree.norm(gradients), "members")
            factor = jax.numpy.minimum(1, threshold / norm)
            return jax.tree.map(lambda gradient: factor * gradient, gradients), state

        return optax.GradientTransformation(clip(threshold).init, update)

    monkeypatch.setattr(jax, "vmap", functools.partial(jax.vmap, axis_name="members"))
    monkeypatch.setitem(rules._CLIPPING, "norm", over_all)
    stack._program.cache_clear()
    task = make_task(clipping="norm(0.25)", record=(0, 1))
    harmless = list(JAX.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = 1e30, 1e30
    diverged = list(JAX.train(task))
    stack._program.cache_clear()
    assert all_bits(diverged, 0) != all_bits(harmless, 0)


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    """Also from a program that is compiled again."""
    task = make_task("batch", DROPOUT)
    first = list(JAX.train(task))
    stack._program.cache_clear()
    again = list(JAX.train(task))
    other = list(JAX.train(dataclasses.replace(task, noise=(11, 12, 14))))
    for member in range(MEMBERS):
        assert all_bits(first, member) == all_bits(again, member)
        assert (all_bits(first, member) == all_bits(other, member)) == (member < 2)


def test_a_stack_of_one_is_a_stack() -> None:
    task = make_task(dropout=DROPOUT)
    (alone,) = [list(JAX.train(pick(task, [1])))]
    check(values(alone, 0), values(list(JAX.train(task)), 1), 1e-5)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_pieces_of_a_snapshot_change_nothing(
    normalization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two members a piece instead of all three."""
    task = make_task(normalization, record=(1,))
    (whole,) = JAX.train(task)
    monkeypatch.setattr(stack, "_PIECE", 2 * POINTS * 5 * 4)
    (pieces,) = JAX.train(task)
    for member in range(MEMBERS):
        check(values([pieces], member), values([whole], member), 1e-5)


def test_snapshots_keep_their_values_and_leave_the_task_alone() -> None:
    task = make_task()
    start = [array.copy() for layer in task.weights for array in layer]
    first, *_ = list(JAX.train(task))
    for weights in (first.weights, task.weights):
        for before, after in zip(start, [a for layer in weights for a in layer], strict=True):
            np.testing.assert_array_equal(after, before)
    assert first.batch_loss.shape == first.batch_correct.shape == (0, MEMBERS)


# --- the other verbs -----------------------------------------------------------------------------


LAYERS: dict[str, dict[str, Any]] = {
    "default": {},
    "he_normal": {"kernel_init": nnx.initializers.he_normal()},
    "xavier_uniform(2)": {
        "kernel_init": nnx.initializers.variance_scaling(4.0, "fan_avg", "uniform")
    },
    "orthogonal": {"kernel_init": nnx.initializers.orthogonal()},
    "zeros": {"kernel_init": nnx.initializers.zeros_init()},
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_draw_is_a_layer_with_the_initializer(name: str) -> None:
    layer = nnx.Linear(7, 5, rngs=nnx.Rngs(3), **LAYERS[name])
    kernel, bias = JAX.draw(name, 7, 5, 3)
    # Compiled as one program, the normal of a draw may be rounded otherwise in its last digit.
    np.testing.assert_allclose(kernel, layer.kernel[...], rtol=0, atol=2e-7)
    assert kernel.dtype == bias.dtype == np.float32
    assert not bias.any()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_propagate_is_the_oracles(activation: str) -> None:
    rng = np.random.default_rng(0)
    weights = tuple(
        (rng.normal(size=(6, 6)).astype(np.float32), rng.normal(size=6).astype(np.float32))
        for _ in range(4)
    )
    inputs, cotangent = (rng.normal(size=(3, 6)).astype(np.float32) for _ in range(2))
    names = ("linear", activation)
    ours = JAX.propagate(names, weights, inputs, cotangent)
    exact = frameworks.load("numpy").propagate(names, weights, inputs, cotangent)
    for mine, right in zip(ours, exact, strict=True):
        for part in ("preactivation", "activation", "gradient"):
            for a, b in zip(getattr(mine, part), getattr(right, part), strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * np.abs(b).max(initial=1.0))


@pytest.mark.parametrize(
    ("field", "given", "named"),
    [
        ("optimizer", "rmspop", "rmsprop"),
        ("loss", "binry", "binary"),
        ("clipping", "nrm(1)", "norm"),
        ("schedule", "stp(2)", "step"),
        ("precision", "singel", "single"),
        ("gradients_on", "al", "all"),
    ],
)
def test_an_unknown_name_is_refused(field: str, given: str, named: str) -> None:
    task = dataclasses.replace(make_task(), **{field: given})  # type: ignore[arg-type]  # by name
    with pytest.raises(UserError, match=f"did you mean '{named}'"):
        list(JAX.train(task))


def test_default_settings_are_a_declared_gap() -> None:
    reason = FRAMEWORKS["jax"].gaps["settings.default"]
    with pytest.raises(Unsupported, match=reason):
        list(JAX.train(make_task(settings="default")))
    with pytest.raises(TypeError, match="learning_rate"):
        optax.adam()
    assert BATCH < POINTS
