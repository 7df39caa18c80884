"""A network that diverges has a status that names the step, prints nothing, and changes no bit of
its neighbours in the stack."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from suite.catalogue.frameworks import FRAMEWORKS
from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.studies import STUDIES, training
from suite.types import Measurement, Stack

TRAINING = STUDIES["training"]
SEEDS = 3
EXPLODES = "normal(1000000000000000)"
"""Three layers of such weights overflow in single precision; two of them do not."""


@pytest.fixture(params=["torch", "tensorflow"])
def framework(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(request.param)
    if not FRAMEWORKS[name].installed:
        pytest.skip(f"{name} is not installed")
    monkeypatch.setattr(training, "RECORD", (0, 1, 2))
    return name


def stack(framework: str, initializers: str, activation: str = "relu") -> Stack:
    """Return one stack of small networks: all seeds of the first initializer, then the others."""
    texts = [f"activation={activation}", f"initializer={initializers}", "depth=2", "weights=shared"]
    chosen = grids.parse_overrides(texts, [TRAINING])
    (stack,) = grids.stacks(TRAINING, grids.Selection("quick", (framework,), chosen, SEEDS))
    return stack


def exchanged(stack: Stack) -> Stack:
    """Return a stack with its two initializers in the other order, which no selection has."""
    return replace(stack, members=stack.members[SEEDS:] + stack.members[:SEEDS])


def measured(stack: Stack, capfd: pytest.CaptureFixture[str]) -> Measurement:
    """Measure the stack as a worker does, and check that nothing is printed."""
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measurement, kept = measure(stack, root=0)
    assert kept == list(range(len(stack.members)))
    assert capfd.readouterr() == ("", "")
    return measurement


def bits(measurement: Measurement, rows: slice) -> dict[tuple[str, str], bytes]:
    """Return the bytes of every column for some members."""
    return {
        (table.name, name): np.ascontiguousarray(column[rows]).tobytes()
        for table in measurement.tables
        for name, column in table.columns.items()
    }


def test_neighbours_of_a_diverging_network_keep_their_bits(
    framework: str, capfd: pytest.CaptureFixture[str]
) -> None:
    beside = measured(stack(framework, "normal(1),xavier_uniform"), capfd)
    assert list(beside.status) == ["ok"] * 2 * SEEDS
    diverging = measured(stack(framework, f"normal(1),{EXPLODES}"), capfd)
    first, second = slice(SEEDS), slice(SEEDS, None)
    assert list(diverging.status) == ["ok"] * SEEDS + ["diverged"] * SEEDS
    assert list(diverging.reason[first]) == [""] * SEEDS
    assert all("step" in why or "batch" in why for why in diverging.reason[second])
    step = next(t for t in diverging.tables if t.name == "runs").columns["diverged_step"]
    assert np.isinf(step[first]).all()
    assert np.isfinite(step[second]).all()
    assert bits(diverging, first) == bits(beside, first)
    assert bits(diverging, second) != bits(beside, second)
    # The order of the two does not matter either: the neighbours stand last.
    turned = measured(exchanged(stack(framework, f"normal(1),{EXPLODES}")), capfd)
    reference = measured(exchanged(stack(framework, "normal(1),xavier_uniform")), capfd)
    assert bits(turned, second) == bits(reference, second)


def test_a_neighbour_that_is_touched_is_seen(
    framework: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changing one loss of one neighbour by one unit in the last place changes a byte."""
    measurement = measured(stack(framework, f"normal(1),{EXPLODES}"), capfd)
    before = bits(measurement, slice(SEEDS))
    loss = next(t for t in measurement.tables if t.name == "runs").columns["train_loss"]
    loss[1] = np.nextafter(loss[1], np.inf)
    assert bits(measurement, slice(SEEDS)) != before
