"""The study ``gains``: torch's values, LeCun's tanh, statistics, theory, figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from suite import frameworks
from suite.catalogue import activations
from suite.planning.axes import make_cell
from suite.report import gains as page
from suite.report.common.drawing import NotDrawn, style
from suite.studies import gains
from suite.studies.common.starts import native_layers
from suite.studies.gains import CASES, INPUTS, LECUN_TANH, STARTS, TORCH_GAINS, Gains
from suite.types import Array, Lab, Value
from tests.support import measured

STUDY = Gains()
AXES: measured.Axes = {"initializer": "lecun_normal", "depth": 6, "width": 64}


def test_the_gains_are_those_of_torch() -> None:
    torch_gain: Callable[[str], float] = torch.nn.init.calculate_gain  # type: ignore[assignment]
    for name in activations.ACTIVATIONS.names:
        if name in TORCH_GAINS:
            assert TORCH_GAINS[name] == pytest.approx(torch_gain(name)), name
        else:
            with pytest.raises(ValueError, match="nonlinearity"):
                torch_gain(name)


def test_an_activation_without_a_gain_is_unsupported() -> None:
    def reason(activation: str, case: str) -> str | None:
        values: dict[str, Value] = {
            "framework": "torch",
            "activation": activation,
            "case": case,
            "initializer": "lecun_normal",
            "depth": 6,
            "width": 64,
        }
        return STUDY.unsupported(make_cell(STUDY, values))

    assert reason("tanh", "torch") is reason("tanh", "lecun_tanh") is reason("gelu", "unit") is None
    assert "calculate_gain" in (reason("gelu", "torch") or "")
    assert "tanh" in (reason("relu", "lecun_tanh") or "")


def test_lecuns_tanh_is_a_tanh_network_with_scaled_kernels() -> None:
    """A network of 1.7159 tanh(2 x / 3), computed layer by layer in double precision, agrees."""
    (stack,) = measured.stacks(
        STUDY, "numpy", 1, {**AXES, "activation": "tanh", "case": "lecun_tanh"}
    )
    member, lab = stack.members[0], Lab(frameworks.load("numpy"), frameworks.load("numpy"), 0)
    a, b = LECUN_TANH
    inputs, _ = gains._batch(member, lab, a * b)
    # In the rule's own form only b scales the input of the first kernels; the study divides the
    # inputs by the gain, so that both have the same first pre-activations.
    hidden = a * inputs.astype(np.float64)
    for kernel, _ in native_layers(member, lab):
        hidden = a * np.tanh(b * (hidden @ kernel.astype(np.float64)))
    middle = hidden.reshape(len(STARTS), INPUTS, -1)[1]  # the start at 1
    slow = math.exp(np.mean(np.log(np.mean(middle**2, axis=1))))
    measurement = measured.measure(STUDY, stack)
    # The factor of the kernels is rounded to single precision.
    assert measured.column(measurement, "runs", "last_square")[0] == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize("framework", measured.BOTH)
def test_a_framework_measures_the_rates_that_the_oracle_gives(framework: str) -> None:
    axes: measured.Axes = {**AXES, "activation": ("tanh", "gelu"), "case": "unit"}
    (stack,) = measured.stacks(STUDY, framework, 1, axes)
    measurement = measured.measure(STUDY, stack)
    measured.complete(STUDY, measurement, 2)
    lab = Lab(frameworks.load(framework), frameworks.load("numpy"), 0)
    for row, member in enumerate(stack.members):
        factor, name = gains.gain(member.cell), member.cell.text("activation")
        weights = tuple((factor * kernel, bias) for kernel, bias in native_layers(member, lab))
        (signal,) = lab.oracle.propagate((name,), weights, *gains._batch(member, lab, factor))

        def log(layers: Sequence[Array], start: int) -> Array:
            chosen = np.array(layers)[:, start * INPUTS : (start + 1) * INPUTS]
            return np.asarray(np.log(np.mean(chosen**2, axis=2)).mean(axis=1))

        low, middle, high = (log(signal.preactivation, start) for start in range(3))
        back = log(signal.gradient, 1)
        expected = {
            "response": (high[1] - low[1]) / (high[0] - low[0]),
            "separation": (high[-1] - low[-1]) / (high[0] - low[0]),
            "late_forward_rate": (middle[5] - middle[2]) / 3,
            "late_backward_rate": (back[2] - back[5]) / 3,
            "last_square": math.exp(log(signal.activation, 1)[-1]),
        }
        for metric, value in expected.items():
            # Single precision; the rates are small differences of numbers of order 1.
            column = measured.column(measurement, "runs", metric)
            assert column[row] == pytest.approx(value, rel=1e-3, abs=1e-5), metric


def test_measurements_follow_the_maps_and_show_a_wrong_gain() -> None:
    """With ten networks of 128 units, the standard error of a rate over 3 layers is 0.02 and that
    of a response 0.005."""
    axes: measured.Axes = {**AXES, "width": 128, "activation": ("tanh", "silu"), "case": "unit"}
    (stack,) = measured.stacks(STUDY, "numpy", 10, axes)
    measurement = measured.measure(STUDY, stack)

    def error(metric: str) -> Array:
        predicted = measured.column(measurement, "runs", f"{metric}_predicted")
        difference = measured.column(measurement, "runs", metric) - predicted
        return np.asarray(np.abs(difference.reshape(2, 10).mean(axis=1)))

    assert (error("response") < 0.05).all()
    assert (error("late_backward_rate") < 0.08).all()
    # tanh attracts (0.46) and silu repels (1.17): exchanged activations would fail here.
    response = measured.column(measurement, "runs", "response").reshape(2, 10).mean(axis=1)
    assert response[0] < 0.6 < 1.1 < response[1]


def test_the_figures_show_the_tables_and_name_what_is_missing(tmp_path: Path) -> None:
    chosen = measured.stacks(
        STUDY, "numpy", 2, {**AXES, "activation": ("tanh", "relu", "gelu"), "case": CASES}
    )
    tables = measured.written(tmp_path, STUDY, chosen)
    (part,) = page.parts(tables)
    with style():
        maps, trajectories = (draw() for draw in part.draw)
    assert (maps.name, trajectories.name) == ("gain_maps", "gain_trajectories")
    layers = tables("gains/layers.csv")
    assert layers is not None
    gelu = layers[(layers["activation"] == "gelu") & (layers["case"] == "unit")]
    first, second = (gelu.loc[gelu["layer"] == layer, "square"].to_numpy() for layer in (1, 2))
    assert measured.shows(maps, second / first)
    for start in STARTS:
        for metric in ("square", "square_predicted"):
            assert measured.shows(trajectories, gelu.loc[gelu["start"] == start, metric])
    with pytest.raises(NotDrawn, match="none of"):
        page.maps(layers[layers["case"] == "torch"])
    with pytest.raises(NotDrawn, match="did not measure"):
        page.trajectories(layers.drop(columns="square"))
    assert not page.parts(lambda path, *required: None)[0].draw
