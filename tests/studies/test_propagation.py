"""The study ``propagation`` with the oracle: statistics, theory, defects, extreme networks."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue import activations
from suite.frameworks.numpy import Numpy
from suite.metrics import METRICS
from suite.planning import grids
from suite.planning.axes import AXES, make_cell
from suite.studies import STUDIES
from suite.studies.common import costs, signals
from suite.studies.common.starts import initial_layer
from suite.studies.propagation import Propagation, batch, predict, start
from suite.theory import mean_field
from suite.types import (
    Array,
    Cell,
    Grid,
    Lab,
    Layer,
    LayerSignals,
    Measurement,
    Member,
    Stack,
    UserError,
    Value,
    Weights,
)
from tests.support import HERE

DEPTH, WIDTH = 8, 48
load = functools.cache(frameworks.load)


@dataclass(frozen=True)
class Small(Propagation):
    """The study on one small grid."""

    grid: tuple[Grid, ...] = ()

    def grids(self, profile: str) -> tuple[Grid, ...]:
        return self.grid


def stack_of(
    names: tuple[str, ...],
    initializer: str,
    seeds: int,
    weights: str = "native",
    width: int = WIDTH,
) -> Stack:
    axes: dict[str, Sequence[Value]] = {
        "activation": names,
        "initializer": (initializer,),
        "depth": (DEPTH,),
        "width": (width,),
        "weights": (weights,),
    }
    study = Small(grid=(Grid(axes, seeds),))
    (stack,) = grids.stacks(study, grids.Selection("quick", ("numpy",)))
    return stack


def measure(stack: Stack, framework: Numpy | None = None, root: int = 0) -> Measurement:
    oracle = Numpy()
    return Propagation().measure(stack, Lab(framework or oracle, oracle, root))


def column(measurement: Measurement, table: str, metric: str) -> Array:
    return next(t for t in measurement.tables if t.name == table).columns[metric]


# --- against theory -----------------------------------------------------------------------------


class Halved(Numpy):
    """An oracle with a planted defect: fan_in + fan_out instead of fan_in."""

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        kernel, bias = super().draw(initializer, fan_in, fan_out, seed)
        return kernel * math.sqrt(fan_in / (fan_in + fan_out)), bias


class SlightlySmall(Numpy):
    """An oracle with a smaller defect: the uncorrected deviation of a truncated normal."""

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        kernel, bias = super().draw(initializer, fan_in, fan_out, seed)
        return kernel * 0.8796, bias


def deviates(measurement: Measurement, direction: str, tolerance: float) -> bool:
    """Return whether the mean slope differs from theory by more than the tolerance."""
    errors = column(measurement, "runs", f"{direction}_slope_error")
    return bool(abs(errors.mean()) > tolerance)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_slopes_follow_theory_and_show_a_wrong_variance(direction: str) -> None:
    """The slope of one relu network has a standard deviation of sqrt(5 / (48 * 8)) = 0.114, the
    mean of 20 one of 0.026. Halving the variance moves it by ln 2 = 0.69, truncation by 0.26."""
    tolerance = 4.5 * math.sqrt(5 / (WIDTH * DEPTH * 20))
    stack = stack_of(("relu",), "he_normal", 20)
    assert not deviates(measure(stack), direction, tolerance)
    assert deviates(measure(stack, Halved()), direction, tolerance)
    assert deviates(measure(stack, SlightlySmall()), direction, tolerance)


@pytest.mark.parametrize("initializer", ["xavier_uniform", "normal(0.2)", "orthogonal"])
def test_every_layer_follows_theory(initializer: str) -> None:
    names = ("linear", "tanh", "sigmoid")
    measurement = measure(stack_of(names, initializer, 20, width=96))
    for metric in (
        "preactivation_variance",
        "activation_variance",
        "activation_mean_square",
        "gradient_mean_square",
    ):
        logs = np.log(column(measurement, "layers", metric)).reshape(3, 20, DEPTH).mean(axis=1)
        predicted = np.log(column(measurement, "layers", f"{metric}_predicted"))
        # Networks vary by about sqrt(2 * 8 / 96) = 0.4 at the last layer, the mean of 20 by 0.09
        # and less, since the inputs of a batch differ too. normal(0.2) has fan_in Var = 3.8.
        assert np.abs(logs - predicted.reshape(3, 20, DEPTH)[:, 0]).max() < 0.3


def test_the_prediction_includes_the_bias_of_the_default_of_torch() -> None:
    study = Propagation()
    values: dict[str, Value] = {
        "activation": "linear",
        "initializer": "default",
        "depth": 50,
        "width": 256,
    }
    torch = predict(make_cell(study, {**values, "framework": "torch"}))
    keras = predict(make_cell(study, {**values, "framework": "tensorflow"}))
    assert torch.preactivation_square[0] == pytest.approx(1 / 3 + 1 / 768)
    assert torch.preactivation_square[-1] == pytest.approx(1 / 512)
    assert np.diff(np.log(torch.gradient_square)) == pytest.approx(math.log(3), abs=0.004)
    drift = mean_field.drift((1.0, 1.0), 256)[0]
    assert np.log(keras.activation_square[-1]) == pytest.approx(50 * drift)


def test_a_kernel_that_is_not_centred_has_no_prediction() -> None:
    measurement = measure(stack_of(("tanh",), "constant(0.5)", 1))
    assert np.isnan(column(measurement, "runs", "forward_slope_predicted")).all()
    assert np.isfinite(column(measurement, "runs", "forward_slope")).all()


# --- the statistics -----------------------------------------------------------------------------


def test_the_columns_are_the_statistics_of_the_signals() -> None:
    stack = stack_of(("relu",), "he_normal", 2)
    measurement = measure(stack)
    lab = Lab(Numpy(), Numpy(), 0)
    member = stack.members[1]
    inputs, cotangent = batch(member, lab)
    (signal,) = Numpy().propagate(("relu",), start(member, lab), inputs, cotangent)
    for layer in range(DEPTH):
        h, a, g = (v[layer] for v in (signal.preactivation, signal.activation, signal.gradient))
        expected = {
            "preactivation_mean": h.mean(),
            "preactivation_variance": ((h - h.mean()) ** 2).mean(),
            "activation_mean": a.mean(),
            "activation_variance": ((a - a.mean()) ** 2).mean(),
            "activation_mean_square": math.exp(np.mean([math.log((x @ x) / WIDTH) for x in a])),
            "activation_spread": np.mean([a[:, unit].var() for unit in range(WIDTH)]),
            "saturated_share": (h <= 0).mean(),
            "zero_share": (a == 0).mean(),
            "gradient_norm": math.exp(np.mean([math.log(np.linalg.norm(x)) for x in g])),
            "gradient_variance": ((g - g.mean()) ** 2).mean(),
            "gradient_mean_square": math.exp(np.mean([math.log((x @ x) / WIDTH) for x in g])),
        }
        for metric, value in expected.items():
            measured = column(measurement, "layers", metric)[1, layer]
            assert measured == pytest.approx(value, rel=1e-9), (metric, layer)
        edges = np.linspace(-signals.REACH, signals.REACH, signals.BINS + 1)
        scaled = np.clip(a / math.sqrt((a**2).mean()), -3.99, 3.99)
        counts = np.histogram(scaled, bins=edges)[0] / a.size
        shares = column(measurement, "histograms", "histogram_share")
        assert shares[1, layer] == pytest.approx(counts)
    first = [math.log((x @ x) / WIDTH) for x in inputs.astype(np.float64)]
    last = [math.log((x @ x) / WIDTH) for x in signal.activation[-1]]
    slope = (np.mean(last) - np.mean(first)) / DEPTH
    assert column(measurement, "runs", "forward_slope")[1] == pytest.approx(slope)
    output_std = column(measurement, "runs", "output_std")
    assert output_std[1] == pytest.approx(signal.activation[-1].std())
    gradients = column(measurement, "layers", "gradient_mean_square")[1]
    backward = math.log(gradients[0] / gradients[-1]) / (DEPTH - 1)
    assert column(measurement, "runs", "backward_slope")[1] == pytest.approx(backward)


def test_every_metric_is_registered_and_every_table_complete() -> None:
    measurement = measure(stack_of(("tanh", "relu"), "xavier_normal", 2))
    lengths = {"layer": DEPTH, "bin": signals.BINS}
    for spec, table in zip(Propagation().tables, measurement.tables, strict=True):
        assert (table.name, tuple(table.coordinates)) == (spec.name, spec.coordinates)
        assert tuple(table.columns) == spec.metrics
        shape = (4, *(lengths[name] for name in spec.coordinates))
        for metric, values in table.columns.items():
            assert metric in METRICS
            assert values.shape == shape
    shares = column(measurement, "histograms", "histogram_share")
    assert shares.sum(axis=-1) == pytest.approx(np.ones((4, DEPTH)))
    assert list(signals.CENTRES) == sorted(signals.CENTRES)
    assert signals.CENTRES[signals.BINS // 2] == 0.0


# --- shared draws -------------------------------------------------------------------------------


class Counting(Numpy):
    """An oracle that counts its draws."""

    def __init__(self) -> None:
        self.draws = 0

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        self.draws += 1
        return super().draw(initializer, fan_in, fan_out, seed)


def test_one_draw_is_shared_by_all_activations_of_a_seed() -> None:
    counting = Counting()
    measure(stack_of(("linear", "tanh", "relu"), "xavier_normal", 3), counting)
    assert counting.draws == 3 * DEPTH


def test_a_run_depends_only_on_its_cell_its_seed_and_the_root() -> None:
    many = measure(stack_of(("linear", "tanh", "relu"), "he_uniform", 3))
    alone = measure(stack_of(("tanh",), "he_uniform", 2))
    for metric in ("forward_slope", "backward_slope", "saturated_share"):
        tanh = column(many, "runs", metric)[3:5]
        assert (tanh == column(alone, "runs", metric)).all()
        assert len(set(column(many, "runs", "forward_slope").tolist())) == 9
    other = measure(stack_of(("tanh",), "he_uniform", 2), root=1)
    assert (column(other, "runs", "forward_slope") != column(alone, "runs", "forward_slope")).all()


def layer_of(framework: Numpy, weights: str, layer: int = 1, **values: Value) -> Layer:
    cell = make_cell(
        Propagation(),
        {
            "framework": framework.name,
            "activation": "tanh",
            "initializer": "he_normal",
            "depth": 2,
            "width": 6,
            "weights": weights,
            **values,
        },
    )
    return initial_layer(framework, 0, Member(cell, 3), layer, 6, 6)


class Renamed(Numpy):
    """The oracle under the name of another framework."""

    name = "torch"


def test_shared_weights_are_shared_and_native_weights_are_not() -> None:
    oracle, renamed = Numpy(), Renamed()
    shared = layer_of(oracle, "shared")[0]
    assert shared.dtype == np.float32
    assert (shared == layer_of(renamed, "shared")[0]).all()
    assert (shared == layer_of(oracle, "shared", activation="relu")[0]).all()
    native = layer_of(oracle, "native")[0]
    assert native.dtype == np.float32
    assert (native == layer_of(oracle, "native", activation="relu")[0]).all()
    for other in (
        native,
        layer_of(renamed, "native")[0],
        layer_of(oracle, "shared", layer=2)[0],
        layer_of(oracle, "shared", initializer="lecun_normal")[0],
    ):
        assert (shared != other).all()
    assert (native != layer_of(renamed, "native")[0]).all()
    assert (layer_of(oracle, "shared")[1] == 0).all()


def test_shared_weights_of_the_default_raise() -> None:
    with pytest.raises(UserError, match="no law"):
        layer_of(Numpy(), "shared", initializer="default")


# --- extreme networks ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_a_network_of_zeros_is_measured_without_a_warning() -> None:
    measurement = measure(stack_of(("tanh", "relu"), "zeros", 1))
    assert measurement.status == ["ok", "ok"]
    assert (column(measurement, "runs", "forward_slope") == -np.inf).all()
    assert (column(measurement, "runs", "forward_slope_error") == 0).all()
    assert (column(measurement, "runs", "zero_share") == 1).all()
    assert (column(measurement, "runs", "map_error") == 0).all()
    middle = column(measurement, "histograms", "histogram_share")[:, :, signals.BINS // 2]
    assert (middle == 1).all()


class Broken(Numpy):
    """An oracle whose second network has a NaN in layer 3 and inf in all later layers."""

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        signals = super().propagate(names, weights, inputs, cotangent)
        pairs = zip(names, signals, strict=True)
        return [signal if name == "relu" else _broken(signal) for name, signal in pairs]


def _broken(signal: LayerSignals) -> LayerSignals:
    preactivation = np.array(signal.preactivation)
    preactivation[2, 0, 0] = np.nan
    preactivation[3:] = np.inf
    return replace(signal, preactivation=list(preactivation), activation=list(preactivation))


@pytest.mark.filterwarnings("error")
def test_a_network_that_overflows_is_a_row_with_a_reason() -> None:
    stack = stack_of(("relu", "linear"), "xavier_normal", 1)
    measurement = measure(stack, Broken())
    assert measurement.status == ["ok", "diverged"]
    assert measurement.reason == ["", "the preactivation of layer 3 became inf or NaN"]
    sound = measure(stack)
    for table, other in zip(measurement.tables, sound.tables, strict=True):
        for metric, values in table.columns.items():
            assert np.array_equal(values[0], other.columns[metric][0], equal_nan=True)
    assert np.isnan(column(measurement, "histograms", "histogram_share")[1, 2:]).all()


def test_an_activation_alone_that_overflows_is_named() -> None:
    """The last activation is no input of a pre-activation that would show it."""
    ones = np.ones((4, 2, 3))
    activation = ones.copy()
    activation[3, 1, 2] = np.inf
    assert signals.not_finite(LayerSignals(list(ones), list(activation), list(ones))) == (
        "the activation of layer 4 became inf or NaN"
    )


def test_the_first_overflow_of_a_gradient_is_counted_from_the_output() -> None:
    ones = np.ones((4, 2, 3))
    gradient = ones.copy()
    gradient[:2] = np.inf
    assert signals.not_finite(LayerSignals(list(ones), list(ones), list(gradient))) == (
        "the gradient of layer 2 became inf or NaN"
    )


def test_one_layer_has_no_backward_slope() -> None:
    rng = np.random.default_rng(5)
    signal = LayerSignals(*([rng.standard_normal((4, 6))] for _ in range(3)))
    phi = activations.resolve("tanh")
    expected = mean_field.predict(phi, [(6, 6)], [1 / 6], [0.0])
    columns = signals.observe(signal, rng.standard_normal((4, 6)), phi, expected, signals.Scratch())
    assert np.isnan(columns["runs"]["backward_slope"])
    assert np.isfinite(columns["runs"]["forward_slope_error"])


def test_an_unsupported_cell_has_its_reason() -> None:
    def reason(framework: str, initializer: str, weights: str) -> str | None:
        values: dict[str, Value] = {
            "activation": "relu",
            "depth": 2,
            "width": 4,
            "framework": framework,
        }
        cell = make_cell(Propagation(), {**values, "initializer": initializer, "weights": weights})
        return Propagation().unsupported(cell)

    assert reason("torch", "default", "native") is None
    assert "shared" in (reason("torch", "default", "shared") or "")
    assert "numpy" in (reason("numpy", "default", "native") or "")
    assert reason("numpy", "he_normal", "shared") is None


# --- cost ---------------------------------------------------------------------------------------


def test_cost_grows_with_activations_depth_width_and_the_initializer() -> None:
    study = Propagation()

    def seconds(stack: Stack) -> float:
        return study.cost(stack).seconds

    base = stack_of(("tanh",), "he_normal", 2)
    assert 0 < seconds(base) < seconds(stack_of(("tanh", "relu"), "he_normal", 2))
    assert seconds(base) < seconds(stack_of(("tanh",), "he_normal", 4))
    assert seconds(base) < seconds(stack_of(("tanh",), "orthogonal", 2))
    assert seconds(base) < seconds(stack_of(("tanh",), "he_normal", 2, width=2 * WIDTH))
    assert study.cost(base).bytes > costs.WORKER


# --- biases ------------------------------------------------------------------------------------


def biased(bias: str, weights: str = "native", framework: str = "numpy") -> Cell:
    values: dict[str, Value] = {
        "framework": framework,
        "activation": "tanh",
        "initializer": "he_normal",
        "bias": bias,
        "depth": DEPTH,
        "width": WIDTH,
        "weights": weights,
    }
    return make_cell(STUDIES["propagation"], values)


@pytest.mark.parametrize("framework", ["numpy", *HERE])
def test_biases_are_drawn_by_the_frameworks_own_objects(framework: str) -> None:
    """384 biases know their mean square to 7 % (normal); the kernels are those without biases."""
    lab = Lab(load(framework), load("numpy"), 0)
    plain = start(Member(biased("unset", framework=framework), 1), lab)
    for bias, expected in (("constant(0.5)", 0.25), ("normal(0.1)", 0.01)):
        weights = start(Member(biased(bias, framework=framework), 1), lab)
        drawn = np.array([layer for _, layer in weights])
        assert drawn.shape == (DEPTH, WIDTH)
        assert drawn.dtype == np.float32
        assert np.mean(drawn**2) == pytest.approx(expected, rel=0.3)
        assert all((a == b).all() for (a, _), (b, _) in zip(plain, weights, strict=True))
    assert len(np.unique(drawn)) > 0.99 * drawn.size  # every layer has biases of its own


def test_shared_biases_are_the_same_in_every_framework() -> None:
    first, *others = (
        start(Member(biased("uniform(0.1)", "shared", name), 2), Lab(load(name), load("numpy"), 0))
        for name in ("numpy", *HERE)
    )
    for other in others:
        for (_, bias), (_, same) in zip(first, other, strict=True):
            assert bias.tobytes() == same.tobytes()
    assert any(bias.any() for _, bias in first)


def test_the_default_bias_has_no_law_to_share() -> None:
    reason = grids.unsupported(STUDIES["propagation"], biased("default", "shared", "torch"))
    assert "bias: default is the framework's own start" in str(reason)
    assert grids.unsupported(STUDIES["propagation"], biased("default", "native", "torch")) is None


def test_a_cell_without_a_bias_keeps_its_identity() -> None:
    assert "bias" not in biased("unset").identity
    assert " bias=normal(0.1) " in biased("normal(0.1)").identity


def test_theory_adds_the_variance_of_the_biases_to_each_layer() -> None:
    """Preactivations of tanh with He's rule: q = 2 E[tanh^2] + 0.01; a constant bias is not
    centred, and has no theory here."""
    plain, random_ = predict(biased("unset")), predict(biased("normal(0.1)"))
    assert random_.preactivation_square[0] == pytest.approx(plain.preactivation_square[0] + 0.01)
    expected = 2 * random_.activation_square[:-1] + 0.01
    assert random_.preactivation_square[1:] == pytest.approx(expected)
    assert np.isnan(predict(biased("constant(0.5)")).activation_square).all()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("he_normal", "takes the fans of a kernel, which a bias does not have"),
        ("normle(0.1)", "unknown bias 'normle(0.1)'"),
        ("zero", "allowed: unset, default, zeros, constant(value), normal(std), uniform(a)"),
        ("normal(-1)", "std is -1; allowed are numbers from"),
    ],
)
def test_a_wrong_bias_says_what_is_allowed(given: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        AXES["bias"].parse(given)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
