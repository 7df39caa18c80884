"""The study defaults: every case is a number in both frameworks, and the documented one."""

from __future__ import annotations

import functools
import math
import random

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import BarContainer

from suite import frameworks
from suite.catalogue.frameworks import installed
from suite.planning import grids
from suite.report import defaults as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES
from suite.studies.defaults import CASES
from suite.types import Lab, UserError

STUDY = STUDIES["defaults"]
NATIVE = [name for name in installed() if name != "numpy"]
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


@pytest.mark.parametrize("framework", NATIVE)
@pytest.mark.parametrize("case", CASES)
def test_every_case_is_a_number(case: str, framework: str) -> None:
    assert math.isfinite(load(framework).probe("defaults.value")(case, 1))


@pytest.mark.parametrize("framework", NATIVE)
@pytest.mark.parametrize("case", DOCUMENTED)
def test_the_documented_number(case: str, framework: str) -> None:
    expected = DOCUMENTED[case][framework == "tensorflow"]
    found = load(framework).probe("defaults.value")(case, 1)
    # Single precision, a few operations; torch adds 1e-6 to the norm that it clips by.
    assert found == pytest.approx(expected, rel=2e-6, abs=1e-9)


@pytest.mark.parametrize("framework", NATIVE)
def test_what_is_drawn_follows_the_seed_and_leaves_generators_alone(framework: str) -> None:
    probe = load(framework).probe("defaults.value")
    state = random.getstate()
    first, again, other = (probe("embedding.std", seed) for seed in (1, 1, 2))
    assert first == again != other
    assert random.getstate() == state
    # 10,000 entries: N(0, 1) knows its scale to 0.7 %, U(-0.05, 0.05) to 0.5 %.
    assert first == pytest.approx(
        {"torch": 1.0, "tensorflow": 0.1 / math.sqrt(12)}[framework], rel=0.04
    )


@pytest.mark.parametrize("framework", NATIVE)
def test_an_unknown_case_is_named(framework: str) -> None:
    with pytest.raises(UserError, match=r"did you mean 'adam.epsilon'"):
        load(framework).probe("defaults.value")("adam.epsilom", 0)


def test_the_standard_profile_holds_what_is_documented() -> None:
    cells = grids.cells(STUDY, grids.Selection("standard", ("torch",)))
    named = {cell.text("case"): seeds for cell, seeds in cells.items()}
    assert set(DOCUMENTED) <= set(named) <= set(CASES)
    assert named["embedding.std"] == 20
    assert named["adam.epsilon"] == 1  # read off: another seed reads the same


@pytest.mark.parametrize("framework", NATIVE)
def test_a_run_is_the_probe(framework: str) -> None:
    (stack,) = grids.stacks(STUDY, grids.Selection("quick", (framework,)))
    found = STUDY.measure(stack, Lab(load(framework), load("numpy"), 0))
    values = found.tables[0].columns["default_value"]
    assert set(found.status) == {"ok"}
    at = [member.cell.text("case") for member in stack.members].index("batch_norm.epsilon")
    assert values[at] == pytest.approx(DOCUMENTED["batch_norm.epsilon"][framework == "tensorflow"])


# --- the figure --------------------------------------------------------------------------------


def table(**changes: tuple[float, float]) -> pd.DataFrame:
    """defaults/runs.csv with three cases: one equal, one apart, one beside zero."""
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


def test_the_figure_shows_what_differs_and_names_the_rest() -> None:
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


def test_the_figure_says_what_it_lacks() -> None:
    rows = table()
    with pytest.raises(NotDrawn, match="no other"):
        page.ratios(rows[rows["framework"] == "torch"])
    with pytest.raises(NotDrawn, match="none of them differs"):
        page.ratios(rows[rows["case"] == "elu.layer"])
    assert page.parts(lambda *_: None)[0].draw == []
