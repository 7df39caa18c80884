"""The study ``initializers``: draws of real layers against their laws, and planted mistakes."""

from __future__ import annotations

import functools
import math
import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from suite import frameworks
from suite.catalogue import laws
from suite.catalogue.registry import KERAS
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.probes.initializers import LayerDraws
from suite.studies import STUDIES
from suite.studies import initializers as study
from suite.studies.common import distances
from suite.types import Array, Lab, Layer, Measurement, Member, Stack, UserError, Value
from tests.support import HERE

STUDY = STUDIES["initializers"]
EVERY = ["numpy", *HERE]
load = functools.cache(frameworks.load)


def measure(
    framework: str,
    initializer: str,
    kind: str,
    shape: str,
    seeds: int = 2,
    inner: Any = None,
    bias: str = "unset",
) -> Measurement:
    """Measure some seeds of one cell; ``inner`` replaces the framework."""
    values: dict[str, Value] = {
        "framework": framework,
        "initializer": initializer,
        "bias": bias,
        "layer_kind": kind,
        "shape": shape,
    }
    cell = make_cell(STUDY, values)
    members = tuple(Member(cell, seed) for seed in range(seeds))
    stack = Stack(STUDY.name, framework, cell.values, members)
    return STUDY.measure(stack, Lab(inner or load(framework), load("numpy"), 0))


def column(measurement: Measurement, metric: str) -> Array:
    return np.asarray(measurement.tables[0].columns[metric])


# --- draws -------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", EVERY)
@pytest.mark.parametrize("initializer", ["he_normal", "xavier_uniform", "lecun_uniform"])
def test_a_rectangular_kernel_follows_its_law(framework: str, initializer: str) -> None:
    """With 96,000 entries 3 % of a variance are six standard errors, and exchanged fans would be
    off by 40 %; sqrt(n) KS exceeds 2.5 once in 100,000 times."""
    for shape in ("240x400", "400x240"):
        measurement = measure(framework, initializer, "dense", shape)
        assert column(measurement, "kernel_variance_ratio") == pytest.approx(1.0, abs=0.03)
        assert (column(measurement, "ks_declared") * math.sqrt(96_000) < 2.5).all()
        assert (np.abs(column(measurement, "kernel_variance_z")) < 6).all()
        assert (np.abs(column(measurement, "kernel_mean_z")) < 6).all()
        predicted = column(measurement, "kernel_kurtosis_predicted")
        assert column(measurement, "kernel_kurtosis") == pytest.approx(predicted, abs=0.1)


@pytest.mark.parametrize("framework", HERE)
def test_a_convolution_counts_its_receptive_field(framework: str) -> None:
    """With 13,824 entries the standard error is 1.2 %; without the field the ratio would be 9."""
    measurement = measure(framework, "he_normal", "convolution", "3x3x32x48")
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(1.0, abs=0.07)
    # Both libraries use the output channels of a transposed kernel as its fan in.
    measurement = measure(framework, "he_normal", "transposed", "3x3x32x48")
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(32 / 48, rel=0.07)


@pytest.mark.parametrize("framework", EVERY)
@pytest.mark.parametrize(
    ("kind", "shape"),
    [("dense", (3, 5)), ("convolution", (2, 3, 4, 5)), ("transposed", (2, 3, 4, 5))],
)
def test_a_drawn_kernel_has_its_shape_and_follows_the_seed(
    framework: str, kind: str, shape: tuple[int, ...]
) -> None:
    draw = load(framework).probe(LayerDraws).draw
    kernel, bias = draw(kind, shape, "he_normal", 3)
    again, other = draw(kind, shape, "he_normal", 3)[0], draw(kind, shape, "he_normal", 4)[0]
    assert kernel.shape == shape
    assert bias.shape == shape[-1:]
    assert len(np.unique(kernel)) == kernel.size
    assert (kernel == again).all()
    assert (kernel != other).all()


@pytest.mark.parametrize("framework", HERE)
def test_the_last_axis_of_a_transposed_kernel_is_its_outputs(framework: str) -> None:
    """The bias has as many entries as outputs."""
    kernel, bias = load(framework).probe(LayerDraws).draw("transposed", (1, 1, 2, 7), "default", 0)
    assert kernel.shape[3] == bias.size == 7


BIASES = {
    "zeros": 0.0,
    "constant(-0.5)": 0.5,
    "normal(0.1)": 0.1,
    "uniform(0.1)": 0.1 / math.sqrt(3),
    "truncated_normal(0.1)": 0.1 * math.sqrt(0.77374),
}


@pytest.mark.parametrize("framework", EVERY)
@pytest.mark.parametrize("bias", BIASES)
def test_a_bias_follows_its_initializer(framework: str, bias: str) -> None:
    """A sample of 4,000 gives its standard deviation to 1.1 %; a truncation is 12 % of it."""
    measurement = measure(framework, "he_normal", "dense", "8x4000", bias=bias)
    assert column(measurement, "kernel_bias_std") == pytest.approx(BIASES[bias], rel=0.06)
    assert column(measurement, "kernel_bias_std_predicted") == pytest.approx(BIASES[bias], rel=1e-4)
    plain = measure(framework, "he_normal", "dense", "8x4000")
    assert "kernel_bias_std" not in plain.tables[0].columns


@pytest.mark.parametrize("framework", HERE)
def test_the_layers_own_bias_stands_beside_a_named_kernel(framework: str) -> None:
    measurement = measure(framework, "he_normal", "dense", "75x4000", bias="default")
    expected = 0.0 if framework in KERAS else 1 / 15
    assert column(measurement, "kernel_bias_std") == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("framework", EVERY)
def test_an_unknown_kind_raises_with_the_nearest_name(framework: str) -> None:
    with pytest.raises(UserError, match="did you mean 'dense'"):
        load(framework).probe(LayerDraws).draw("dens", (2, 3), "he_normal", 0)
    if framework != "numpy":
        with pytest.raises(UserError, match="did you mean 'shared'"):
            load(framework).probe(LayerDraws).sharing("share", [(2, 3)], 0)


@pytest.mark.parametrize("framework", HERE)
def test_the_default_layer_and_its_bias_follow_their_laws(framework: str) -> None:
    measurement = measure(framework, "default", "dense", "240x400")
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(1.0, abs=0.03)
    if framework == "torch":
        # With 400 entries of a uniform law the standard error is 2.2 %.
        assert column(measurement, "kernel_bias_std") == pytest.approx(1 / math.sqrt(720), rel=0.14)
        assert (column(measurement, "kernel_bias_largest") <= 1.000001).all()
        assert (column(measurement, "kernel_bias_largest") > 0.97).all()
    else:
        assert (column(measurement, "kernel_bias_std") == 0).all()


@pytest.mark.parametrize("framework", HERE)
def test_the_variance_of_a_truncated_normal_is_that_of_its_framework(framework: str) -> None:
    """Keras truncates at two standard deviations, as SciPy's truncnorm(-2, 2); the limits of torch
    are absolute."""
    cut = float(stats.truncnorm(-2, 2).var())
    measurement = measure(framework, "normal(0.05)", "truncated", "240x400")
    expected = cut if framework in KERAS else 1.0
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(expected, abs=0.03)


def test_the_oracle_truncates_like_scipy() -> None:
    kernel, _ = load("numpy").probe(LayerDraws).draw("truncated", (200, 200), "normal(0.05)", 0)
    assert np.abs(kernel).max() <= 0.1
    assert stats.kstest(kernel.ravel() / 0.05, stats.truncnorm(-2, 2).cdf).pvalue > 1e-6


@dataclass(frozen=True)
class Wrong:
    """A framework that draws other kernels than it declares."""

    draw: Any
    name: str = "torch"

    def probe(self, topic: type[LayerDraws]) -> Any:
        return SimpleNamespace(draw=self.draw, through=load("numpy").probe(topic).through)


def test_the_fans_of_a_packed_kernel_are_measured_both_ways() -> None:
    """19,200 uniform entries know their variance to 0.7 %; the textbook's would be twice it."""
    measurement = measure("torch", "default", "attention_packed", "80x4")
    assert column(measurement, "kernel_variance") == pytest.approx(1 / 160, rel=0.05)
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(0.5, rel=0.05)
    assert column(measurement, "kernel_variance_ratio_counted") == pytest.approx(1.0, rel=0.05)
    assert (column(measurement, "ks_declared") * math.sqrt(19_200) < 2.5).all()
    transposed = measure("torch", "he_normal", "transposed", "3x3x32x48")
    assert column(transposed, "kernel_variance_ratio_counted") == pytest.approx(1.0, rel=0.07)


def test_planted_mistakes_are_measured() -> None:
    """They are exchanged fans, and a normal law truncated without a change of its variance."""

    def exchanged(kind: str, shape: tuple[int, int], name: str, seed: int) -> Layer:
        kernel, bias = load("numpy").probe(LayerDraws).draw(kind, shape[::-1], name, seed)
        return kernel.T, bias

    def truncated(kind: str, shape: tuple[int, int], name: str, seed: int) -> Layer:
        law = laws.TruncatedNormal(lambda fan_in, fan_out: 2 / fan_in)
        return law.draw(np.random.default_rng(seed), *shape), np.zeros(shape[1])

    measurement = measure("torch", "he_normal", "dense", "240x400", inner=Wrong(exchanged))
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(0.6, abs=0.02)
    measurement = measure("torch", "he_normal", "dense", "240x400", inner=Wrong(truncated))
    assert column(measurement, "kernel_variance_ratio") == pytest.approx(1.0, abs=0.03)
    assert (column(measurement, "ks_declared") > 0.0083).all()
    assert (column(measurement, "ks_truncated") < 0.0083).all()


# --- arithmetic --------------------------------------------------------------------------------


def test_the_distance_from_a_law_is_that_of_scipy() -> None:
    sample = np.sort(np.random.default_rng(5).normal(size=500))
    law = distances.ALTERNATIVES["normal"]
    expected = stats.kstest(sample, "norm").statistic
    assert distances.distance(sample, law.cdf(sample, 1, 1)) == pytest.approx(expected, abs=1e-12)


def test_the_distance_between_two_laws_is_that_of_scipy() -> None:
    """A normal law is compared with the truncated one of the same variance, and with itself."""
    x = np.linspace(-5, 5, 100_001)
    cut = stats.truncnorm(-2, 2)
    expected = np.abs(stats.norm.cdf(x) - cut.cdf(x * cut.std())).max()
    normal, truncated = distances.ALTERNATIVES["normal"], distances.ALTERNATIVES["truncated"]
    assert distances.between(truncated, normal, 3, 4) == pytest.approx(expected, abs=1e-6)
    assert expected == pytest.approx(0.0167, abs=1e-4)
    assert distances.between(normal, normal, 3, 4) == 0


@pytest.mark.parametrize("framework", EVERY)
def test_a_linear_layer_multiplies_by_its_kernel(framework: str) -> None:
    rng = np.random.default_rng(1)
    kernel, inputs, cotangent = (
        rng.normal(size=shape).astype(np.float32) for shape in ((3, 5), (4, 3), (4, 5))
    )
    outputs, gradient = load(framework).probe(LayerDraws).through(kernel, inputs, cotangent)
    np.testing.assert_allclose(outputs, inputs @ kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, cotangent @ kernel.T, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("framework", HERE)
def test_the_gains_of_a_rectangular_layer_are_the_predicted_ones(framework: str) -> None:
    """With 4,096 weights the standard error is 3 %; exchanged fans are off by a factor of 16."""
    measurement = measure(framework, "xavier_normal", "dense", "256x16")
    assert column(measurement, "forward_gain_predicted") == pytest.approx(2 * 256 / 272)
    assert column(measurement, "forward_gain") == pytest.approx(2 * 256 / 272, rel=0.16)
    assert column(measurement, "backward_gain") == pytest.approx(2 * 16 / 272, rel=0.16)


def test_shapes_and_fans_are_read_from_their_names() -> None:
    assert study.sizes("3x3x64x96") == (3, 3, 64, 96)
    assert study.pairs("2x5-5x1") == [(2, 5), (5, 1)]
    values: dict[str, Value] = {
        "framework": "torch",
        "initializer": "default",
        "layer_kind": "convolution",
        "shape": "3x3x64x96",
    }
    assert study.fans(make_cell(STUDY, values)) == (576, 864)


@pytest.mark.parametrize(
    ("framework", "initializer", "kind", "shape", "words"),
    [
        ("torch", "he_normal", "dense", "3x3x64x96", "has no kernel of the shape"),
        ("torch", "he_normal", "truncated", "384x640", "at which to truncate"),
        ("torch", "zeros", "dense", "384x640", "no law to test"),
        ("torch", "normal(1)", "shared_seeded", study.TUTORIAL, "take a generator"),
        ("torch", "he_normal", "shared", study.TUTORIAL, "measured with normal"),
        ("numpy", "default", "dense", "384x640", "not declared"),
        ("torch", "default", "einsum", "512x8x64", "no layer for a sum over named axes"),
        *(
            (keras, "default", "attention_packed", "512x8", "keeps query, key and value apart")
            for keras in KERAS
        ),
        ("torch", "default", "attention_query", "640x384", "its sizes are units, heads"),
        ("torch", "default", "grouped", "3x3x64x96", "height, width, channels in, channels out"),
        ("torch", "variance_scaling(4)", "dense", "384x640", "ends at 2"),
    ],
)
def test_an_unsupported_cell_has_its_reason(
    framework: str, initializer: str, kind: str, shape: str, words: str
) -> None:
    values: dict[str, Value] = {
        "framework": framework,
        "initializer": initializer,
        "layer_kind": kind,
        "shape": shape,
    }
    assert words in str(grids.unsupported(STUDY, make_cell(STUDY, values)))


# --- one object for several layers -------------------------------------------------------------


def test_kernels_with_equal_beginnings_are_counted() -> None:
    small, large = np.arange(6.0).reshape(2, 3), np.arange(9.0).reshape(3, 3)
    assert study.share_equal([small, large]) == 1
    assert study.share_equal([small, large + 1]) == 0
    assert study.share_equal([small, large, large + 1]) == pytest.approx(1 / 3)


SHARING = [
    ("numpy", "shared", 0.0),
    ("torch", "shared", 0.0),
    ("torch", "shared_generator", 0.0),
    ("torch", "fresh", 0.0),
    # torch draws fewer than 16 numbers in another way: such kernels are equal to each other alone.
    *((keras, "shared", 0.4 if keras == "keras_torch" else 1.0) for keras in KERAS),
    *((keras, "shared_seeded", 0.4 if keras == "keras_torch" else 1.0) for keras in KERAS),
    *((keras, "shared_generator", 0.0) for keras in KERAS),
    *((keras, "fresh", 0.0) for keras in KERAS),
]


@pytest.mark.parametrize(
    ("framework", "kind", "equal"), [row for row in SHARING if row[0] in EVERY]
)
def test_layers_that_share_an_initializer_are_equal_or_not(
    framework: str, kind: str, equal: float
) -> None:
    state = random.getstate()
    measurement = measure(framework, "normal(1)", kind, study.TUTORIAL)
    assert column(measurement, "equal_kernels").tolist() == [equal, equal]
    assert random.getstate() == state
