"""The kinds of kernels in both frameworks: the catalogue's fans are theirs, and the textbook's.

The variance of n independent entries of a uniform law has a standard error of sqrt(0.8 / n). Each
kernel here has at least 2,000 entries, except for depthwise ones, which are drawn ten times: 10 %
is five standard errors or more, and any fan that is counted otherwise is off by 20 % or more.
"""

from __future__ import annotations

import functools
import math
import random

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue import initializers
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.kernels import KERNELS
from suite.catalogue.laws import Orthogonal
from suite.probes.initializers import LayerDraws
from suite.studies.initializers import KINDS
from suite.types import Array
from tests.support import HERE

SIZES = {
    "depthwise": (3, 5, 40),
    "grouped": (3, 5, 16, 48, 4),
    "attention_query": (80, 4),
    "attention_key": (80, 4, 56),
    "attention_packed": (80, 4),
    "attention_output": (80, 4),
    "einsum": (80, 4, 24),
    "embedding": (200, 40),
    "lstm_input": (40, 64),
    "lstm_recurrent": (40, 64),
    "gru_input": (40, 64),
    "gru_recurrent": (40, 64),
}
PAIRS = [
    (framework, kind)
    for framework in HERE
    for kind in SIZES
    if f"initializers.{kind}" not in FRAMEWORKS[framework].gaps
]
load = functools.cache(frameworks.load)


def kernels(framework: str, kind: str, initializer: str) -> Array:
    """Return the entries of enough kernels of a kind, (entries,)."""
    draw = load(framework).probe(LayerDraws).draw
    seeds = 10 if kind == "depthwise" else 1
    drawn = [draw(kind, SIZES[kind], initializer, seed)[0].ravel() for seed in range(seeds)]
    return np.concatenate(drawn).astype(np.float64)


def test_every_kind_is_tried() -> None:
    assert set(SIZES) == set(KINDS)
    assert set(KERNELS.names) == {*SIZES, "dense", "convolution", "transposed", "truncated"}


@pytest.mark.parametrize(("framework", "kind"), PAIRS)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_the_counted_fans_are_those_of_the_framework(framework: str, kind: str, mode: str) -> None:
    fans = KERNELS[kind].counted_fans(framework, *SIZES[kind])
    entries = kernels(framework, kind, f"variance_scaling(1, {mode}, uniform)")
    expected = 1 / fans[mode == "fan_out"]
    assert np.mean(entries**2) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("framework", "kind"), PAIRS)
def test_a_layer_of_its_own_starts_by_the_declared_law(framework: str, kind: str) -> None:
    law = KERNELS[kind].start(framework, *SIZES[kind])
    fans = KERNELS[kind].counted_fans(framework, *SIZES[kind])
    entries = kernels(framework, kind, "default")
    square = np.mean(entries**2)
    assert square == pytest.approx(law.variance(*fans), rel=0.1)
    if not isinstance(law, Orthogonal):
        assert np.mean(entries**4) / square**2 - 3 == pytest.approx(law.kurtosis, abs=0.2)


@pytest.mark.parametrize(("framework", "kind"), PAIRS)
def test_a_bias_of_its_own_starts_by_the_declared_law(framework: str, kind: str) -> None:
    """The bound of torch's uniform biases is reached by their largest to 10 % or so."""
    draw = load(framework).probe(LayerDraws).draw
    biases = np.concatenate([draw(kind, SIZES[kind], "default", seed)[1] for seed in range(5)])
    fans = KERNELS[kind].counted_fans(framework, *SIZES[kind])
    bound = math.sqrt(3 * KERNELS[kind].bias(framework, *SIZES[kind]).variance(*fans))
    if kind in ("einsum", "embedding"):
        assert biases.size == 0
    elif bound == 0:
        assert not biases.any()
    else:
        assert 0.9 * bound < np.abs(biases).max() <= 1.000001 * bound


@pytest.mark.parametrize(("framework", "kind"), [*PAIRS, *(("numpy", kind) for kind in SIZES)])
def test_a_kernel_follows_its_seed_and_leaves_python_alone(framework: str, kind: str) -> None:
    state = random.getstate()
    draw = load(framework).probe(LayerDraws).draw
    first, again, other = (draw(kind, SIZES[kind], "he_normal", seed)[0] for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert first.size == KERNELS[kind].entries(*SIZES[kind])
    assert random.getstate() == state


@pytest.mark.parametrize("kind", SIZES)
def test_the_oracle_takes_the_textbooks_fans(kind: str) -> None:
    draw = load("numpy").probe(LayerDraws).draw
    drawn = [draw(kind, SIZES[kind], "xavier_uniform", seed)[0] for seed in range(10)]
    expected = (
        initializers.resolve("xavier_uniform").law().variance(*KERNELS[kind].fans(*SIZES[kind]))
    )
    assert np.mean(np.square(drawn)) == pytest.approx(expected, rel=0.1)


def test_the_fans_of_packed_grouped_and_depthwise_kernels() -> None:
    """The numbers of the textbook, and those that the frameworks read off their arrays."""
    assert KERNELS["grouped"].fans(3, 3, 4, 4, 4) == (9, 9)
    assert KERNELS["grouped"].counted_fans("torch", 3, 3, 4, 4, 4) == (9, 36)
    assert KERNELS["depthwise"].counted_fans("torch", 3, 3, 4) == (9, 36)
    assert KERNELS["depthwise"].counted_fans("tensorflow", 3, 3, 64) == (576, 9)
    assert KERNELS["attention_packed"].counted_fans("torch", 512, 8) == (512, 1536)
    assert KERNELS["transposed"].counted_fans("torch", 3, 3, 64, 96) == (864, 576)


@pytest.mark.parametrize(
    ("kind", "sizes"), [("depthwise", (3, 5, 8)), ("grouped", (3, 5, 8, 12, 4))]
)
def test_the_textbooks_fan_in_is_the_number_of_products(kind: str, sizes: tuple[int, ...]) -> None:
    """With kernel and inputs of ones, an output is the number of its products, and the gradient of
    the sum of all outputs by an inner input the number of outputs that it enters."""
    torch = pytest.importorskip("torch")
    channels, outputs, groups = (*sizes[2:], sizes[2], sizes[2])[:3]
    weight = torch.ones(outputs, channels // groups, *sizes[:2])
    image = torch.ones(1, channels, 15, 15, requires_grad=True)
    result = torch.nn.functional.conv2d(image, weight, groups=groups)
    result.sum().backward()
    fans = KERNELS[kind].fans(*sizes)
    assert (result[0, 0, 0, 0].item(), image.grad[0, 0, 7, 7].item()) == fans
