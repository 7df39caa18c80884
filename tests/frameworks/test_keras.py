"""Keras on torch and on JAX, in stacks: each member is the network that a user would train alone.

The twin, ``keras_twin``, is the plain loop. A process has one backend, so ``tox -e keras`` runs
this file twice; with Keras on TensorFlow, as in the other tests, it is skipped.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest

from tests.support import BACKEND, HERE

NAME = f"keras_{BACKEND}"
if NAME not in HERE:
    pytest.skip("needs KERAS_BACKEND=torch or jax, installed", allow_module_level=True)

from suite import frameworks
from suite.catalogue import activations
from suite.catalogue.frameworks import FRAMEWORKS
from suite.frameworks.keras.library import keras, precision
from suite.types import Snapshot, TrainTask, Unsupported, UserError
from tests.support.framework_tasks import (
    DROPOUT,
    MEMBERS,
    POINTS,
    TOLERANCE,
    Values,
    all_bits,
    check,
    check_oracle,
    make_task,
    pick,
    values,
)
from tests.support.keras_twin import (
    CLIPPING,
    DEFAULTS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    train_alone,
)

KERAS = frameworks.load(NAME)
TORCH = BACKEND == "torch"
ENGINE = importlib.import_module(
    f"suite.frameworks.{'keras_torch.stack' if TORCH else 'jax_stack'}"
)
LONG = (0, 1, 4)
NOISY = 2e-3
"""The tolerance with Adam and batch norm, as in ``test_tensorflow``."""


def trained(task: TrainTask) -> list[Snapshot]:
    """Train from a program that is traced anew, so that a planted mistake is in it."""
    ENGINE._program.cache_clear()
    result = list(KERAS.train(task))
    ENGINE._program.cache_clear()
    return result


def alone(task: TrainTask, member: int) -> Values:
    """Train a member by the plain loop; on torch the masks are those of torch's generator."""
    if not TORCH:
        return train_alone(task, member)
    import torch

    from suite.frameworks.torch_random import mask_seed

    def seed(epoch: int) -> None:
        torch.manual_seed(mask_seed(task.noise, epoch))

    with torch.random.fork_rng():
        return train_alone(task, member, seed)


def check_members(task: TrainTask, tolerance: float = TOLERANCE) -> None:
    """Compare two members of the stack with their twins.

    torch draws the masks of a whole stack at once, and a stack of one has those of the plain loop.
    """
    stacks = [task]
    if TORCH and task.architecture.dropout:
        stacks = [pick(task, [0]), pick(task, [MEMBERS - 1])]
    for stacked in stacks:
        snapshots = list(KERAS.train(stacked))
        for member in {0, len(stacked.noise) - 1}:
            check(values(snapshots, member), alone(stacked, member), tolerance)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_member_is_the_network_trained_alone(optimizer: str) -> None:
    """Each has its own data, weights and order, in full and short batches of two epochs."""
    check_members(make_task(optimizer=optimizer))


@pytest.mark.parametrize("optimizer", DEFAULTS)
@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_default_settings_are_keras_own(optimizer: str, normalization: str) -> None:
    task = make_task(normalization, optimizer=optimizer, settings="default")
    check_members(task, NOISY if (normalization, optimizer) == ("batch", "adam") else TOLERANCE)


@pytest.mark.parametrize(
    ("normalization", "dropout"),
    [("batch", 0.0), ("layer", 0.0), ("none", DROPOUT), ("batch", DROPOUT)],
)
def test_normalization_and_dropout(normalization: str, dropout: float) -> None:
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


def test_keras_computes_doubles_in_single_precision() -> None:
    """On torch products of matrices (Keras issue 23704), on JAX tanh and the means of losses. Once
    this fails, the gap ``precision.double`` can be taken away."""
    with precision("float64"), in_double():
        third = keras.ops.convert_to_tensor(np.full((2, 2), 1 / 3))
        value = keras.ops.matmul(third, third) if TORCH else keras.ops.tanh(third)
        exact = 2 / 9 if TORCH else np.tanh(1 / 3)
        assert 1e-10 < np.abs(keras.ops.convert_to_numpy(value) - exact).max() < 1e-6
    with pytest.raises(Unsupported, match=FRAMEWORKS[NAME].gaps["precision.double"]):
        list(KERAS.train(make_task(precision="double")))


def in_double() -> AbstractContextManager[Any]:
    """Return a block in which the backend has doubles at all."""
    if TORCH:
        return nullcontext()
    import jax

    return jax.enable_x64(True)  # type: ignore[no-any-return]  # JAX may be missing


def test_a_batch_as_large_as_the_data_and_one_that_is_larger() -> None:
    for batch in (POINTS, 100):
        check_oracle(KERAS, make_task(batch=batch, record=(0, 1)))


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_the_float64_oracle_agrees(activation: str) -> None:
    """This compares logits, loss, gradients and three steps of SGD from shared weights."""
    check_oracle(KERAS, make_task(activation=activation, record=(0, 1)))


# --- what the comparison would catch -------------------------------------------------------------

MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another momentum": ({"optimizer": "sgd(0.03, 0.9)"}, {"optimizer": "sgd"}),
    "no clipping": ({"clipping": "norm(0.25)"}, {"clipping": "none"}),
    "no schedule": ({"schedule": "step(1, 0.3)"}, {"schedule": "constant"}),
    "masks of other seeds": ({}, {"noise": (12,)}),
    "gradients on all points": ({"gradients_on": "batch"}, {"gradients_on": "all"}),
    "other settings": ({"settings": "default", "optimizer": "sgd"}, {"settings": "common"}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_comparison_sees_a_choice_that_is_not_followed(mistake: str) -> None:
    asked, followed = MISTAKES[mistake]
    task = pick(make_task(dropout=DROPOUT, **asked), [0])
    result = values(list(KERAS.train(task)), 0)
    check(result, alone(task, 0))
    with pytest.raises(AssertionError):
        check(result, alone(dataclasses.replace(task, **followed), 0))


def test_a_planted_epsilon_and_a_planted_slope_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle has Keras' form of RMSprop; its gradients have the slope of the definition."""
    task = make_task(optimizer="rmsprop(0.01, 0.9, 0.01)", record=(0, 1))
    check_oracle(KERAS, task)
    with monkeypatch.context() as patch:
        rmsprop = keras.optimizers.RMSprop
        patch.setattr(
            keras.optimizers,
            "RMSprop",
            lambda **given: rmsprop(**given | {"epsilon": given["epsilon"] ** 2}),
        )
        ENGINE._program.cache_clear()
        with pytest.raises(AssertionError):
            check_oracle(KERAS, task)
    with monkeypatch.context() as patch:
        relu = keras.activations.relu
        patch.setattr(
            keras.activations, "leaky_relu", lambda x, negative_slope: relu(x) - x * 0.011
        )
        with pytest.raises(AssertionError):
            check_oracle(KERAS, make_task(activation="leaky_relu", record=(0, 1)))
    ENGINE._program.cache_clear()


# --- neighbours, randomness, memory --------------------------------------------------------------


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("start", [np.inf, np.nan, 1e30])
def test_a_diverging_member_disturbs_no_neighbour(normalization: str, start: float) -> None:
    task = make_task(normalization, DROPOUT, clipping="norm(0.25)")
    harmless = list(KERAS.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = start, start
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diverged = list(KERAS.train(task))
    assert all_bits(diverged, 1) != all_bits(harmless, 1)
    if not np.isfinite(start):
        assert not np.isfinite(diverged[-1].loss[1])
    for member in (0, 2):
        assert all_bits(diverged, member) == all_bits(harmless, member)


def test_a_member_that_touches_another_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake: a gradient is multiplied by a number that depends on another member's."""
    home = importlib.import_module(f"suite.frameworks.{NAME}.{'stack' if TORCH else 'network'}")
    made = home.Program if TORCH else home.KerasNetwork
    task = make_task(clipping="norm(0.25)", record=(0, 1))
    other = make_task(clipping="norm(0.25)", record=(0, 1))
    for kernel, bias in other.weights:
        kernel[1], bias[1] = 1e30, 1e30
    assert all_bits(trained(task), 0) == all_bits(trained(other), 0)
    monkeypatch.setattr(made, *_over_all(made, monkeypatch))
    assert all_bits(trained(task), 0) != all_bits(trained(other), 0)


def _over_all(made: Any, patch: pytest.MonkeyPatch) -> tuple[str, Callable[..., Any]]:
    """Return the name of a function of one network, and a mistaken one that looks at others."""
    if TORCH:
        traced = made.traced

        def mixed(self: Any, name: str, *arguments: Any) -> Any:
            result = traced(self, name, *arguments)
            if name != "step":
                return result
            gradients, *rest = result
            return [value * value[1:2].mean().clamp(0, 1) for value in gradients], *rest

        return "traced", mixed
    import jax

    update = made.update

    def clipped(self: Any, gradients: Any, memory: Any, parameters: Any) -> Any:
        total = jax.lax.psum(sum(g.sum() for g in gradients), "members")
        return update(self, [g * jax.numpy.tanh(total) for g in gradients], memory, parameters)

    patch.setattr(jax, "vmap", functools.partial(jax.vmap, axis_name="members"))
    return "update", clipped


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    """Also from a program that is traced again."""
    task = make_task("batch", DROPOUT)
    first, again = trained(task), trained(task)
    other = trained(dataclasses.replace(task, noise=(11, 12, 14)))
    for member in range(MEMBERS):
        assert all_bits(first, member) == all_bits(again, member)
        # torch's masks are those of the whole stack.
        same = not TORCH and member < 2
        assert (all_bits(first, member) == all_bits(other, member)) == same


def test_members_have_masks_of_their_own() -> None:
    """Three copies of a member, with seeds of their own, end apart."""
    task = dataclasses.replace(pick(make_task(dropout=DROPOUT), [0, 0, 0]), noise=(11, 12, 13))
    last = list(KERAS.train(task))[-1]
    assert len({loss.tobytes() for loss in last.loss}) == MEMBERS
    still = list(KERAS.train(pick(make_task(), [0, 0, 0])))[-1]
    np.testing.assert_allclose(still.loss, still.loss[0], rtol=1e-5)


def test_a_stack_of_one_is_a_stack() -> None:
    task = make_task()
    (only,) = [list(KERAS.train(pick(task, [1])))]
    check(values(only, 0), values(list(KERAS.train(task)), 1), 1e-5)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_pieces_of_a_snapshot_change_nothing(
    normalization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two members a piece instead of all three."""
    task = make_task(normalization, record=(1,))
    (whole,) = KERAS.train(task)
    monkeypatch.setattr(ENGINE, "_PIECE", 2 * POINTS * 5 * 4)
    (pieces,) = KERAS.train(task)
    for member in range(MEMBERS):
        check(values([pieces], member), values([whole], member), 1e-5)


def test_snapshots_keep_their_values_and_leave_the_task_alone() -> None:
    task = make_task()
    start = [array.copy() for layer in task.weights for array in layer]
    first, *_ = list(KERAS.train(task))
    for weights in (first.weights, task.weights):
        for before, after in zip(start, [a for layer in weights for a in layer], strict=True):
            np.testing.assert_array_equal(after, before)
    assert first.batch_loss.shape == first.batch_correct.shape == (0, MEMBERS)


def test_no_global_generator_moves() -> None:
    import random

    def state() -> list[Any]:
        kept: list[Any] = [random.getstate(), str(np.random.get_state())]  # noqa: NPY002 - looked at
        if TORCH:
            import torch

            kept.append(torch.random.get_rng_state().tolist())
        return kept

    before = state()
    trained(make_task("batch", DROPOUT, record=(0, 1)))
    for name in ("default", "orthogonal", "zeros"):
        KERAS.draw(name, 3, 2, 1)
    assert state() == before


# --- the other verbs -----------------------------------------------------------------------------


LAYERS: dict[str, Callable[[], Any]] = {
    "default": lambda: keras.initializers.GlorotUniform(seed=3),
    "he_normal": lambda: keras.initializers.HeNormal(seed=3),
    "xavier_uniform(2)": lambda: keras.initializers.VarianceScaling(
        4.0, "fan_avg", "uniform", seed=3
    ),
    "orthogonal": lambda: keras.initializers.Orthogonal(seed=3),
    "zeros": lambda: keras.initializers.Zeros(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_draw_is_a_layer_with_the_seeded_initializer(name: str) -> None:
    layer = keras.layers.Dense(5, kernel_initializer=LAYERS[name]())
    layer.build((None, 7))
    kernel, bias = KERAS.draw(name, 7, 5, 3)
    # Compiled as one program, the normal of a draw may be rounded otherwise in its last digit.
    np.testing.assert_allclose(kernel, layer.get_weights()[0], rtol=0, atol=2e-7)
    assert kernel.dtype == bias.dtype == np.float32
    assert not bias.any()
    if name != "zeros":
        assert not np.array_equal(kernel, KERAS.draw(name, 7, 5, 4)[0])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_propagate_is_the_oracles(activation: str) -> None:
    rng = np.random.default_rng(0)
    weights = tuple(
        (rng.normal(size=(6, 6)).astype(np.float32), rng.normal(size=6).astype(np.float32))
        for _ in range(4)
    )
    inputs, cotangent = (rng.normal(size=(3, 6)).astype(np.float32) for _ in range(2))
    names = ("linear", activation)
    ours = KERAS.propagate(names, weights, inputs, cotangent)
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
        list(KERAS.train(task))


def test_another_backend_in_the_same_process_is_refused() -> None:
    other = "tensorflow" if FRAMEWORKS["tensorflow"].installed else "keras_torch"
    with pytest.raises(UserError, match=f"Keras is already imported on '{BACKEND}'"):
        frameworks.load(other)


def test_the_import_is_silent() -> None:
    code = (
        f"import os; from suite import frameworks; frameworks.load({NAME!r}); os.write(2, b'end')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("", "end")
