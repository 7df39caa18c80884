"""The study ``defaults``: every case gives a number, and documented defaults are found."""

from __future__ import annotations

import functools
import math
import random

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import BarContainer

from suite import frameworks
from suite.catalogue.registry import KERAS
from suite.planning import grids
from suite.probes.defaults import DefaultNumbers
from suite.report import defaults as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES
from suite.studies.defaults import CASES
from suite.types import Lab, UserError
from tests.support import HERE

STUDY = STUDIES["defaults"]
load = functools.cache(frameworks.load)

# From the documentation of the installed versions: torch, Keras.
DOCUMENTED = {
    "leaky_relu.layer": (0.01, 0.3),
    "leaky_relu.function": (0.01, 0.2),
    "prelu.start": (0.25, 0.0),
    "elu.layer": (1.0, 1.0),
    "hard_sigmoid.slope": (1 / 6, 1 / 6),
    "batch_norm.epsilon": (1e-5, 1e-3),
    "batch_norm.keep": (0.9, 0.99),
    "batch_norm.running_variance": (2.0, 1.0),  # divided by n - 1 or by n, n = 2
    "layer_norm.epsilon": (1e-5, 1e-3),
    "group_norm.epsilon": (1e-5, 1e-3),
    "rms_norm.epsilon": (2.0**-23, 1e-6),
    "batch_norm.epsilon_double": (1e-5, 1e-3),
    "layer_norm.epsilon_double": (1e-5, 1e-3),
    "group_norm.epsilon_double": (1e-5, 1e-3),
    "rms_norm.epsilon_double": (2.0**-52, 1e-6),
    "cross_entropy.at_0": (100.0, -math.log(1e-7)),
    "sgd.learning_rate": (0.001, 0.01),
    "rmsprop.learning_rate": (0.01, 0.001),
    "rmsprop.rho": (0.99, 0.9),
    "rmsprop.epsilon": (1e-8, 1e-7),
    "adam.beta_2": (0.999, 0.999),
    "adamw.weight_decay": (0.01, 0.004),
    "adadelta.learning_rate": (1.0, 0.001),
    # (3, 0) and (0, 4) have a common norm of 5.
    "clip_norm.first": (0.6, 1.0),
    "clip_norm.second": (0.8, 1.0),
    "clip_network.first": (0.6, 0.6),
    "clip_network.second": (0.8, 0.8),
    "clip_value.first": (1.0, 1.0),
}


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("case", CASES)
def test_every_case_gives_a_finite_number(case: str, framework: str) -> None:
    assert math.isfinite(load(framework).probe(DefaultNumbers).value(case, 1))


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("case", DOCUMENTED)
def test_the_number_is_the_documented_one(case: str, framework: str) -> None:
    expected = DOCUMENTED[case][framework in KERAS]
    value = load(framework).probe(DefaultNumbers).value(case, 1)
    # Single precision, a few operations; torch adds 1e-6 to the norm in clipping. The absolute
    # term is for numbers of 0, and must not hide an epsilon.
    assert value == pytest.approx(expected, rel=2e-6, abs=1e-30)


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("norm", ["batch", "layer", "group", "rms"])
def test_an_epsilon_in_half_precision_is_that_of_single(norm: str, framework: str) -> None:
    """A result in half precision has a rounding error of 0.05 %, its square one of 0.1 %."""
    probe = load(framework).probe(DefaultNumbers).value
    expected = DOCUMENTED[f"{norm}_norm.epsilon"][framework in KERAS]
    assert probe(f"{norm}_norm.epsilon_half", 0) == pytest.approx(expected, rel=5e-3)


# From the laws of the layers: torch, Keras. Products in an output times variance of the kernel.
DRAWN = {
    "lstm.input_gain": (1 / 3, 2 / 5),
    "lstm.bias_std": (1 / math.sqrt(3 * 64), 0.0),
    "gru.recurrent_gain": (1 / 3, 1 / 3),
    "gru.bias_std": (1 / math.sqrt(3 * 64), 0.0),
    "attention.query_gain": (1 / 2, 1.0),
    "attention.output_gain": (1 / 3, 1.0),
    "depthwise.gain": (1 / 3, 18 / 585),
}


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("case", DRAWN)
def test_a_drawn_kernel_has_the_scale_of_its_law(case: str, framework: str) -> None:
    """The 576 entries of a depthwise kernel know their variance to 4 %, in four draws to 2 %."""
    probe = load(framework).probe(DefaultNumbers).value
    expected = DRAWN[case][framework in KERAS]
    assert np.mean([probe(case, seed) for seed in range(4)]) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("framework", HERE)
def test_a_drawn_default_follows_the_seed_and_leaves_global_generators_alone(
    framework: str,
) -> None:
    probe = load(framework).probe(DefaultNumbers).value
    state = random.getstate()
    first, again, other = (probe("embedding.std", seed) for seed in (1, 1, 2))
    assert first == again != other
    assert random.getstate() == state
    # With 10,000 entries the standard error is 0.7 % for N(0, 1) and 0.5 % for U(-0.05, 0.05).
    expected = 0.1 / math.sqrt(12) if framework in KERAS else 1.0
    assert first == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("framework", HERE)
def test_an_unknown_case_raises_with_the_nearest_name(framework: str) -> None:
    with pytest.raises(UserError, match=r"did you mean 'adam.epsilon'"):
        load(framework).probe(DefaultNumbers).value("adam.epsilom", 0)


def test_the_standard_profile_has_every_documented_default() -> None:
    cells = grids.cells(STUDY, grids.Selection("standard", ("torch",)))
    seeds_of = {cell.text("case"): seeds for cell, seeds in cells.items()}
    assert set(DOCUMENTED) <= set(seeds_of) <= set(CASES)
    assert seeds_of["embedding.std"] == 20
    assert seeds_of["adam.epsilon"] == 1  # not drawn: the same for every seed


@pytest.mark.parametrize("framework", HERE)
def test_a_measurement_has_the_number_of_each_case(framework: str) -> None:
    (stack,) = grids.stacks(STUDY, grids.Selection("quick", (framework,)))
    measurement = STUDY.measure(stack, Lab(load(framework), load("numpy"), 0))
    values = measurement.tables[0].columns["default_value"]
    assert set(measurement.status) == {"ok"}
    row = [member.cell.text("case") for member in stack.members].index("batch_norm.epsilon")
    expected = DOCUMENTED["batch_norm.epsilon"][framework in KERAS]
    assert values[row] == pytest.approx(expected)


# --- the figure --------------------------------------------------------------------------------


def table(**changes: tuple[float, float]) -> pd.DataFrame:
    """Return defaults/runs.csv with an equal case, a different one, and one against zero."""
    numbers = {
        "elu.layer": (1.0, 1.0),
        "batch_norm.epsilon": (1e-5, 1e-3),
        "prelu.start": (0.25, 0.0),
    } | changes
    return pd.DataFrame(
        [
            (framework, case, 0, pair[place])
            for case, pair in numbers.items()
            for place, framework in enumerate(("torch", "tensorflow"))
        ],
        columns=["framework", "case", "seed", "default_value"],
    )


def test_the_figure_shows_the_differing_defaults_and_names_the_equal_ones() -> None:
    drawing = page.ratios(table())
    axes = drawing.figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        CASES["prelu.start"],
        CASES["batch_norm.epsilon"],
    ]
    (bars,) = axes.containers
    assert isinstance(bars, BarContainer)
    np.testing.assert_allclose(np.asarray(bars.datavalues), [math.log10(page.EDGE), -2.0])
    assert "2 of 3 defaults differ" in drawing.caption
    assert CASES["elu.layer"] in drawing.caption


def test_a_framework_without_a_number_is_left_out() -> None:
    """Also the last one, to whose numbers the others are compared."""
    rows = table()
    none = rows[rows["framework"] == "torch"].assign(framework="jax", default_value=math.nan)
    drawing = page.ratios(pd.concat([rows, none]))
    assert drawing.caption == page.ratios(rows).caption


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    rows = table()
    with pytest.raises(NotDrawn, match="numbers of two frameworks"):
        page.ratios(rows[rows["framework"] == "torch"])
    with pytest.raises(NotDrawn, match="none of them differs"):
        page.ratios(rows[rows["case"] == "elu.layer"])
    assert page.parts(lambda *_: None)[0].draw == []
