"""The convolutional probes of both frameworks against the definition, whose gradients are by
hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from suite import frameworks
from suite.probes.convolution import Convolutions
from suite.types import Array, UserError, Weights
from tests.support import HERE

load = functools.cache(frameworks.load)
MEMBERS, POINTS, SIDE, FILTERS, CLASSES, BATCH = 2, 8, 4, 3, 3, 4
SHAPES = ((3, 3, 1, FILTERS), (3, 3, FILTERS, FILTERS), (SIDE**2 * FILTERS, CLASSES))

TOLERANCE = 2e-5
"""As a share of the largest value. Single against double precision, through two convolutions and
four steps, stayed below 2e-6; a flipped kernel or a wrong order of flattening is off by 0.1."""

Trained = tuple[Array, Array, Array]


@functools.cache
def start() -> Weights:
    rng = np.random.default_rng(5)

    def normal(*shape: int) -> Array:
        return (0.4 * rng.normal(size=(MEMBERS, *shape))).astype(np.float32)

    return tuple((normal(*shape), normal(shape[-1])) for shape in SHAPES)


def train(framework: str, weights: Weights, optimizer: str = "sgd", members: int = 2) -> Trained:
    rng = np.random.default_rng(6)
    inputs = rng.normal(size=(MEMBERS, POINTS, SIDE, SIDE)).astype(np.float32)
    heldout = rng.normal(size=(MEMBERS, 5, SIDE, SIDE)).astype(np.float32)
    labels = rng.integers(0, CLASSES, (MEMBERS, POINTS)).astype(np.float32)
    order = np.array([[rng.permutation(POINTS) for _ in range(MEMBERS)] for _ in range(2)])
    chosen = slice(members)
    trained: Trained = (
        load(framework)
        .probe(Convolutions)
        .train(
            "tanh",
            optimizer,
            tuple((kernel[chosen], bias[chosen]) for kernel, bias in weights),
            inputs[chosen],
            labels[chosen],
            heldout[chosen],
            order[:, chosen],
            BATCH,
        )
    )
    return trained


def gap(result: Trained, exact: Trained) -> float:
    return max(
        float(np.abs(ours - right).max() / np.abs(right).max())
        for ours, right in zip(result, exact, strict=True)
    )


@pytest.mark.parametrize("framework", HERE)
def test_training_is_the_definition(framework: str) -> None:
    result, exact = train(framework, start()), train("numpy", start())
    assert [part.shape for part in result] == [(4, 2), (2, POINTS, CLASSES), (2, 5, CLASSES)]
    assert gap(result, exact) < TOLERANCE


def test_a_turned_kernel_is_caught() -> None:
    """The convolution of mathematics turns the kernel; networks correlate."""
    kernel, bias = start()[0]
    turned = ((kernel[:, ::-1, ::-1], bias), *start()[1:])
    assert gap(train("numpy", turned), train("numpy", start())) > 100 * TOLERANCE


def test_the_definitions_gradient_is_a_difference_quotient() -> None:
    """One step of rate 1e-4 on one batch moves the loss by rate times the squared gradient."""
    rate = 1e-4
    moved = train("numpy", start(), f"sgd({rate})", members=1)[0][:, 0]
    still = train("numpy", start(), "sgd(1e-12)", members=1)[0][:, 0]
    kernel, bias = start()[0]
    nudged = kernel.astype(float)
    nudged[0, 1, 1, 0, 0] += 1e-6
    up = train("numpy", ((nudged, bias), *start()[1:]), "sgd(1e-12)", members=1)[0][0, 0]
    assert moved[0] == pytest.approx(still[0], abs=1e-12)  # the first loss is before any step
    assert abs(up - still[0]) / 1e-6 < 1.0  # the slope by one weight, not an artefact
    # The second pass over the data has fallen where every gradient points downhill.
    assert moved[2:].sum() < still[2:].sum()


@pytest.mark.parametrize("framework", HERE)
def test_members_do_not_touch_each_other(framework: str) -> None:
    """Adam keeps a state: the second member must not start with the state of the first."""
    alone = train(framework, start(), "adam", members=1)
    both = train(framework, start(), "adam", members=2)
    assert alone[0][:, 0].tobytes() == np.ascontiguousarray(both[0][:, 0]).tobytes()
    swapped = tuple((kernel[::-1], bias[::-1]) for kernel, bias in start())
    other = train(framework, swapped, "adam", members=2)
    assert not np.allclose(other[0], both[0])


@pytest.mark.parametrize("framework", ["numpy", *HERE])
def test_draws_follow_the_fans_of_a_convolution(framework: str) -> None:
    draw = load(framework).probe(Convolutions).draw
    kernel, bias = draw("he_normal", 16, 32, 3)
    assert kernel.shape == (3, 3, 16, 32)
    assert not bias.any()
    # 4,608 entries: a standard error of 2 %. A fan without the 9 places is off by a factor of 9.
    assert kernel.var() == pytest.approx(2 / (9 * 16), rel=0.12)
    assert kernel.tobytes() == draw("he_normal", 16, 32, 3)[0].tobytes()
    assert kernel.tobytes() != draw("he_normal", 16, 32, 4)[0].tobytes()


def test_what_has_no_definition_is_refused() -> None:
    with pytest.raises(UserError, match="adam"):
        train("numpy", start(), "adam")
