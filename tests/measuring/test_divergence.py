"""A network that leaves the numbers, as the runner sees it: a status with the step, silence, and
neighbours whose every bit is what it is beside a network that converges."""

from __future__ import annotations

import warnings

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
    """One stack of small networks: first all seeds of the first initializer."""
    texts = [f"activation={activation}", f"initializer={initializers}", "depth=2", "weights=shared"]
    chosen = grids.parse_overrides(texts, [TRAINING])
    (found,) = grids.stacks(TRAINING, grids.Selection("quick", (framework,), chosen, SEEDS))
    return found


def measured(stack: Stack, capfd: pytest.CaptureFixture[str]) -> Measurement:
    """The stack measured as a worker does, with nothing said on the way."""
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, kept = measure(stack, root=0)
    assert kept == list(range(len(stack.members)))
    assert capfd.readouterr() == ("", "")
    return found


def bits(measurement: Measurement, rows: slice) -> dict[tuple[str, str], bytes]:
    """The bytes of every column, of some members."""
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
    turned = measured(stack(framework, f"{EXPLODES},normal(1)"), capfd)
    reference = measured(stack(framework, "xavier_uniform,normal(1)"), capfd)
    assert bits(turned, second) == bits(reference, second)


def test_a_neighbour_that_is_touched_is_seen(
    framework: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unit in the last place of one loss of one neighbour is another byte."""
    found = measured(stack(framework, f"normal(1),{EXPLODES}"), capfd)
    before = bits(found, slice(SEEDS))
    loss = next(t for t in found.tables if t.name == "runs").columns["train_loss"]
    loss[1] = np.nextafter(loss[1], np.inf)
    assert bits(found, slice(SEEDS)) != before
