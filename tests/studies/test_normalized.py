"""The study ``normalized``: the frameworks, the definition, theory, columns and figures."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.catalogue import activations
from suite.frameworks.numpy import Numpy
from suite.planning import grids
from suite.probes.normalized import DeepNetworks
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.report.normalized import blocks, chains
from suite.studies.normalized import DEPTH, SAMPLES, WIDTH, Normalized, autocorrelation, predict
from suite.theory import normalized
from suite.theory.mean_field import moments
from suite.types import Array, Framework, Grid, Lab, Layer, Measurement, Stack, Value, Weights

OWN = ("torch", "tensorflow")


@functools.cache
def load(name: str) -> Framework:
    return frameworks.load(name)


def drawn(width: int, depth: int, rng: np.random.Generator) -> Weights:
    """Draw kernels with He's variance, and biases, float32."""
    return tuple(
        (
            (rng.standard_normal((width, width)) * math.sqrt(2 / width)).astype(np.float32),
            (0.1 * rng.standard_normal(width)).astype(np.float32),
        )
        for _ in range(depth)
    )


@pytest.mark.parametrize("residual", [0.0, 0.5])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("arrangement", ["chain", "blocks"])
def test_the_frameworks_propagate_as_defined(
    arrangement: str, normalization: str, residual: float
) -> None:
    rng = np.random.default_rng(2)
    weights = drawn(12, 3, rng)
    inputs, cotangent = rng.standard_normal((2, 16, 12)).astype(np.float32)
    arguments = ("tanh", arrangement, normalization, residual, weights, inputs, cotangent, 1e-5)
    exact = load("numpy").probe(DeepNetworks).propagate(*arguments)
    assert exact[0].shape == (3, 16, 12)
    assert exact[1].shape == (4, 16, 12)
    for name in OWN:
        results = load(name).probe(DeepNetworks).propagate(*arguments)
        for measured, expected in zip(results, exact, strict=True):
            # Single precision through three layers: 1e-6 of the largest entry, with room.
            gap = np.abs(measured - expected).max() / np.abs(expected).max()
            assert gap < 1e-5, (name, gap)


def test_the_definition_has_the_gradient_of_its_last_signal() -> None:
    rng = np.random.default_rng(3)
    weights = drawn(6, 3, rng)
    inputs, cotangent = rng.standard_normal((2, 8, 6))
    probe = load("numpy").probe(DeepNetworks).propagate
    for arrangement in ("chain", "blocks"):
        for normalization in ("none", "batch", "layer"):
            rest = (weights, inputs, cotangent, 1e-3)
            gradient = probe("tanh", arrangement, normalization, 0.5, *rest)[1][0]
            direction = rng.standard_normal(inputs.shape)
            ends = []
            for step in (1e-5, -1e-5):
                moved = (weights, inputs + step * direction, cotangent, 1e-3)
                last = probe("tanh", arrangement, normalization, 0.5, *moved)[0][-1]
                ends.append((last * cotangent).sum())
            # Central differences are off by h^2 and by rounding / h: 1e-10 of a sum of some tens.
            expected = (ends[0] - ends[1]) / 2e-5
            assert (gradient * direction).sum() == pytest.approx(expected, rel=1e-6, abs=1e-7)


# --- theory -------------------------------------------------------------------------------------


def test_the_factor_of_batch_normalization_has_its_limits() -> None:
    factor = normalized.batch_factor
    relu, linear = activations.resolve("relu"), activations.resolve("linear")
    for batch in (8, 32, 512):
        assert factor(linear, batch) == pytest.approx((batch - 2) / (batch - 3))
    assert factor(relu, 10**9) == pytest.approx(math.pi / (math.pi - 1))
    assert math.isnan(factor(relu, 4))
    for name in ("tanh", "sigmoid", "gelu", "silu", "softplus"):
        phi = activations.resolve(name)
        unit = moments(phi, 1.0)
        assert factor(phi, 10**6) == pytest.approx(unit.slope_square / unit.variance, rel=1e-4)
        assert factor(phi, 10**6) > 1.001  # the Poincare inequality


@pytest.mark.parametrize(
    ("name", "batch", "tolerance"), [("relu", 8, 0.015), ("tanh", 16, 0.01), ("sigmoid", 16, 0.01)]
)
def test_the_factor_at_a_small_batch_is_that_of_a_sample(
    name: str, batch: int, tolerance: float
) -> None:
    """At 8 inputs the factor of relu is 1.788, a fifth above the limit of large batches, 1.467;
    at 16 that of tanh is 1.246 instead of 1.178.

    The sample is one layer with its own batch of normalised values and its own gradient whose sum
    is 0: the gradient that leaves the layer, over the variance of a unit of the next one."""
    phi, units = activations.resolve(name), 200_000
    rng = np.random.default_rng(4)

    def normalised() -> tuple[Array, Array]:
        values = rng.standard_normal((batch, units))
        values -= values.mean(axis=0)
        deviation = values.std(axis=0)
        return values / deviation, deviation

    before, _ = normalised()
    after, deviation = normalised()
    gradient = rng.standard_normal((batch, units))
    gradient -= gradient.mean(axis=0)
    gradient /= math.sqrt((gradient**2).mean())
    back = phi.slope(after) * gradient
    back -= back.mean(axis=0) + after * (back * after).mean(axis=0)
    back /= deviation  # of a unit whose variance over the batch is 1 - 1/batch on average
    value = phi.value(before)
    # Relative to that variance, the next pre-activation has the variance of phi over the batch.
    size = ((value - value.mean(axis=0)) ** 2).mean() / (1 - 1 / batch)
    factor = (back**2).mean() / size
    # 200,000 units with a heavy-tailed 1 / deviation^2: the standard error is 0.003 at 8 inputs.
    assert factor == pytest.approx(normalized.batch_factor(phi, batch), rel=tolerance)


class Wrong(Numpy):
    """An oracle with a planted defect: kernels of twice the standard deviation."""

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        kernel, bias = super().draw(initializer, fan_in, fan_out, seed)
        return 2 * kernel, bias


class Small(Normalized):
    """The study on one small grid."""

    def __init__(self, seeds: int = 4, **axes: tuple[Value, ...]) -> None:
        start: dict[str, tuple[Value, ...]] = {
            "case": ("chain",),
            "activation": ("relu",),
            "initializer": ("he_normal",),
            "depth": (6,),
            "width": (128,),
            "samples": (64,),
        }
        self.grid = Grid({**start, **axes}, seeds)

    def grids(self, profile: str) -> tuple[Grid, ...]:
        return (self.grid,)


def stack_of(study: Small, name: str = "numpy") -> Stack:
    (stack,) = grids.stacks(study, grids.Selection("quick", (name,)))
    return stack


def measure(study: Small, framework: Framework | None = None) -> Measurement:
    framework = framework or load("numpy")
    return study.measure(stack_of(study, framework.name), Lab(framework, load("numpy"), 0))


def runs(measurement: Measurement, metric: str) -> Array:
    return measurement.tables[0].columns[metric]


@pytest.mark.parametrize(("case", "residual"), [("chain", 0.0), ("chain", 1.0), ("blocks", 1.0)])
def test_deep_networks_follow_theory(case: str, residual: float) -> None:
    """With four networks of 6 layers of 128 the log of a factor has a standard error of about
    sqrt(5 / (128 * 5 * 4)) = 0.04 without normalization, and far less with it."""
    study = Small(case=(case,), residual=(residual,), normalization=("none", "batch", "layer"))
    measurement = measure(study)
    for metric in ("signal_factor", "gradient_factor"):
        measured = np.log(runs(measurement, metric)).reshape(3, -1).mean(axis=1)
        expected = np.log(runs(measurement, f"{metric}_predicted")).reshape(3, -1)[:, 0]
        assert np.abs(measured - expected).max() < 0.15, (metric, measured, expected)
    signal, theory = (
        measurement.tables[1].columns[f"signal_square{end}"] for end in ("", "_predicted")
    )
    logs = np.log(signal / theory).reshape(3, 4, -1).mean(axis=1)
    assert np.abs(logs).max() < 0.4  # six layers of the above, and the start


def test_kernels_of_the_wrong_scale_deviate_from_theory() -> None:
    measurement = measure(Small(normalization=("none", "batch")), Wrong())
    plain, batch = np.log(runs(measurement, "gradient_factor")).reshape(2, -1).mean(axis=1)
    assert plain > math.log(4) - 0.3  # theory predicts 0
    # Batch normalization divides the wrong scale away.
    assert batch == pytest.approx(
        math.log(normalized.batch_factor(activations.resolve("relu"), 64)), abs=0.15
    )


def test_the_means_of_relu_branches_add_up_in_a_residual_chain() -> None:
    """The growth of x + relu(W x) tends to 2.904, not 2. With a = 1/sqrt(pi) the share m of the
    mean in the root mean square becomes (m + a) / sqrt(2 + 2 a m), whose fixed point is a root of 2
    a m^3 + m^2 - 2 a m - a^2."""
    a = 1 / math.sqrt(math.pi)
    share = max(np.roots([2 * a, 1, -2 * a, -(a**2)]).real)
    expected = normalized.propagate(activations.resolve("relu"), "chain", "none", 1.0, 2.0, 60, 64)
    assert expected.signal[-1] / expected.signal[-2] == pytest.approx(2 + 2 * a * share)
    flat = normalized.propagate(activations.resolve("relu"), "blocks", "none", 1.0, 2.0, 10, 64)
    assert flat.signal == pytest.approx(2.0 ** np.arange(1, 11))
    assert flat.gradient == pytest.approx(2.0 ** np.arange(10, -1, -1))


# --- the study ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OWN)
def test_the_factors_follow_from_the_mean_squares_of_the_layers(name: str) -> None:
    study = Small(seeds=1, normalization=("batch",), width=(16,), samples=(8,), scale=(0.5,))
    measurement = measure(study, load(name))
    (member,) = stack_of(study, name).members
    assert predict(member.cell) is not None
    for table, spec in zip(measurement.tables, study.tables, strict=True):
        assert table.name == spec.name
        assert set(table.columns) <= set(spec.metrics)
    signal = measurement.tables[1].columns["signal_square"][0]
    gradient = measurement.tables[1].columns["output_gradient_square"][0]
    assert runs(measurement, "signal_factor")[0] == pytest.approx((signal[-1] / signal[0]) ** 0.2)
    assert runs(measurement, "gradient_factor")[0] == pytest.approx(
        (gradient[0] / gradient[-1]) ** 0.2
    )
    assert "gradient_autocorrelation" not in measurement.tables[0].columns


def test_a_line_has_an_autocorrelation_and_no_prediction() -> None:
    measurement = measure(Small(seeds=2, case=("chain_on_line",), width=(32,), samples=(256,)))
    assert measurement.status == ["ok", "ok"]
    values = runs(measurement, "gradient_autocorrelation")
    assert ((values > 0.5) & (values < 1)).all()  # six plain layers vary smoothly
    assert np.isnan(runs(measurement, "gradient_factor_predicted")).all()


def test_the_autocorrelation_is_that_of_neighbours() -> None:
    sequence = np.array([1.0, 2.0, 4.0, 1.0])
    centred = sequence - 2
    expected = (centred[0] * centred[1] + centred[1] * centred[2] + centred[2] * centred[3]) / (
        (centred**2).sum()
    )
    assert autocorrelation(sequence) == pytest.approx(expected)
    assert math.isnan(autocorrelation(np.ones(4)))
    noise = np.random.default_rng(5).standard_normal(10_000)
    assert abs(autocorrelation(noise)) < 0.04  # a standard deviation of 0.01
    assert autocorrelation(noise.cumsum()) > 0.99


def test_a_network_that_overflows_diverges() -> None:
    measurement = measure(Small(seeds=1, scale=(1e7,), width=(8,), samples=(8,)), load("torch"))
    assert measurement.status == ["diverged"]
    assert "inf or NaN" in measurement.reason[0]


def test_profiles_contain_each_other() -> None:
    study = Normalized()
    cells = [grids.cells(study, grids.Selection(p, OWN)) for p in ("quick", "standard", "full")]
    for smaller, larger in itertools.pairwise(cells):
        assert all(larger.get(cell, 0) >= seeds for cell, seeds in smaller.items())


# --- the figures --------------------------------------------------------------------------------


def frame(case: str) -> pd.DataFrame:
    """Return normalized/layers.csv of one case."""
    cells = (
        [("none", 0.0), ("batch", 0.0), ("layer", 0.0)]
        if case == "chain"
        else [("none", 1.0), ("batch", 1.0)]
    )
    rows = []
    for name in OWN:
        for normalization, residual in cells:
            for layer in range(1, DEPTH + 1):
                row = {
                    "framework": name,
                    "activation": "relu",
                    "initializer": "he_normal",
                    "depth": DEPTH,
                    "width": WIDTH,
                    "normalization": normalization,
                    "residual": residual,
                    "scale": 1.0,
                    "samples": SAMPLES,
                    "case": case,
                    "layer": layer,
                    "n": 20,
                }
                for metric in ("signal_square", "output_gradient_square"):
                    for end in ("", "_low", "_high", "_predicted"):
                        row[f"{metric}{end}"] = 1.5**layer
                rows.append(row)
    return pd.DataFrame(rows)


def test_the_figures_have_a_panel_for_each_framework() -> None:
    with style():
        chain = chains(frame("chain"))
        block = blocks(frame("blocks"))
        assert png(chain.figure)
        assert png(block.figure)
    assert [axes.get_title(loc="left") for axes in chain.figure.axes] == [
        "torch, relu, He",
        "tensorflow, relu, He",
    ]
    assert len(chain.figure.axes[0].get_lines()) == 6  # three networks and their theory
    assert len(block.figure.axes) == 4
    assert "n = 20 seeds" in chain.caption


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="no such chain"):
        chains(frame("blocks"))
    with pytest.raises(NotDrawn, match="has none"):
        blocks(frame("chain"))
