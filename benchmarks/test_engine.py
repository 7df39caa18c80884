"""The speed of the engine alone, about a minute: training stacks, drawing, propagating.

Each row stores what was computed beside the time (the loss after the timed epochs, or the size
of the last activation), so that a fast wrong answer shows. Compare rows of one run only:
machines are noisy.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from suite import frameworks
from suite.catalogue.frameworks import by_default
from suite.planning import grids
from suite.studies import STUDIES
from suite.studies.common.protocol import circles_task
from suite.types import Framework, Lab, TrainTask

EPOCHS = {1: 20, 4: 10, 16: 4}
"""Hidden layers -> epochs timed, with one snapshot at the end: about a second each. Building the
program is part of the time, as it is in a run (there it is spread over 100 epochs)."""
NATIVE = [entry.name for entry in by_default() if entry.installed]


@pytest.fixture(scope="module", params=NATIVE)
def framework(request: pytest.FixtureRequest) -> Framework:
    return frameworks.load(request.param)


def task(framework: Framework, depth: int) -> TrainTask:
    """Return a stack of the standard profile's training study: tanh, all initializers, 20 seeds."""
    study = STUDIES["training"]
    texts = ["activation=tanh", f"depth={depth}", "optimizer=rmsprop", "settings=common"]
    chosen = grids.parse_overrides(texts, [study])
    stacks = grids.stacks(study, grids.Selection("standard", (framework.name,), chosen))
    stack, _ = grids.supported(study, max(stacks, key=lambda stack: len(stack.members)))
    return circles_task(stack, Lab(framework, frameworks.load("numpy"), 0), (EPOCHS[depth],))


@pytest.mark.parametrize("depth", EPOCHS)
def test_train(benchmark: BenchmarkFixture, framework: Framework, depth: int) -> None:
    work = task(framework, depth)
    last = benchmark.pedantic(
        lambda: list(framework.train(work))[-1], rounds=3, iterations=1, warmup_rounds=1
    )
    members = len(work.labels)
    assert benchmark.stats is not None
    benchmark.extra_info["networks"] = members
    benchmark.extra_info["us_per_network_and_epoch"] = (
        1e6 * benchmark.stats.stats.median / (members * EPOCHS[depth])
    )
    benchmark.extra_info["median_train_loss"] = float(np.median(last.loss))
    assert np.isfinite(last.loss).all()


@pytest.mark.parametrize("width", [256, 512])
def test_propagate(benchmark: BenchmarkFixture, framework: Framework, width: int) -> None:
    rng = np.random.default_rng(0)
    weights = tuple(framework.draw("he_normal", width, width, seed) for seed in range(50))
    inputs, cotangent = rng.normal(size=(2, 16, width)).astype(np.float32)
    (signals,) = benchmark.pedantic(
        lambda: framework.propagate(("relu",), weights, inputs, cotangent),
        rounds=10,
        iterations=1,
        warmup_rounds=2,
    )
    benchmark.extra_info["last_mean_square"] = float(np.mean(signals.activation[-1] ** 2))
    assert np.shape(signals.activation) == (50, 16, width)


def test_draw(benchmark: BenchmarkFixture, framework: Framework) -> None:
    kernel, _ = benchmark.pedantic(
        lambda: framework.draw("he_normal", 512, 512, 7), rounds=20, iterations=5, warmup_rounds=2
    )
    benchmark.extra_info["standard_deviation"] = float(kernel.std())
    assert abs(kernel.std() * 16 - 1) < 0.01
