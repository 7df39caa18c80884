"""The study ``idioms``: each mechanism in both frameworks, and reproducible reasons."""

from __future__ import annotations

import functools
import math
import random

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.catalogue import initializers
from suite.catalogue.frameworks import FRAMEWORKS
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.probes.idioms import Mechanisms
from suite.probes.ports import Ports
from suite.report import idioms as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, idioms
from suite.studies.common.distances import distance
from suite.types import Lab, Member, Stack, UserError, Value
from tests.support import HERE

STUDY = STUDIES["idioms"]
load = functools.cache(frameworks.load)
BOTH = [
    (framework, case)
    for framework in HERE
    for case in idioms.CASES
    if f"idioms.{case}" not in FRAMEWORKS[framework].gaps
]

RAISES = {
    "net_lost_layer": ("AttributeError", "AttributeError"),
    "object_call": ("TypeError", "TypeError"),
    "optimizer_reused": ("", "ValueError"),
    "callback_model": ("", "AttributeError"),
    "unbuilt_forward": ("ValueError", "AttributeError"),
}
"""Attempt -> the error in torch and in Keras; every other attempt runs."""
FINDS_NOTHING = {
    ("torch", "optimizer_reused"),
    ("tensorflow", "weight_name"),
    ("torch", "loop_other_layers"),
    ("tensorflow", "loop_other_layers"),
}


@functools.cache
def run(framework: str, case: str) -> tuple[dict[str, float], str]:
    """Measure one run; return its metrics and its reason."""
    values: dict[str, Value] = {"framework": framework, "case": case}
    cell = make_cell(STUDY, values)
    stack = Stack(STUDY.name, framework, cell.values, (Member(cell, 0),))
    measurement = STUDY.measure(stack, Lab(load(framework), load("numpy"), 0))
    assert list(measurement.status) == ["ok"]
    numbers = {name: float(column[0]) for name, column in measurement.tables[0].columns.items()}
    return numbers, measurement.reason[0]


@pytest.mark.parametrize(("framework", "case"), [b for b in BOTH if b[1] in idioms.ATTEMPTS])
def test_an_attempt_raises_the_known_error_or_runs(framework: str, case: str) -> None:
    expected = RAISES.get(case, ("", ""))[framework == "tensorflow"]
    numbers, reason = run(framework, case)
    assert reason.partition(":")[0] == expected
    assert numbers["raised"] == bool(expected)
    if "found_share" in numbers:
        assert numbers["found_share"] == ((framework, case) not in FINDS_NOTHING)


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("case", RAISES)
def test_a_reason_is_the_same_in_every_run(framework: str, case: str) -> None:
    """It is written to a CSV, without escape codes, numbered names or drawn values."""
    if (framework, case) not in BOTH:
        return
    first = load(framework).probe(Mechanisms).attempt(case)[1]
    assert load(framework).probe(Mechanisms).attempt(case)[1] == first
    assert "\x1b" not in first
    assert "\n" not in first
    assert not any(character.isdigit() for character in first.replace("layer1", ""))


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("case", idioms.CALLS)
def test_forward_returns_the_same_value_and_skips_the_hooks_of_the_layer(
    framework: str, case: str
) -> None:
    numbers, _ = run(framework, case)
    assert numbers == {"call_difference": 0.0, "called_hooks": 1.0, "forward_hooks": 0.0}


@pytest.mark.parametrize(("framework", "case"), [b for b in BOTH if b[1] in idioms.STARTS])
def test_every_way_to_initialise_draws_the_same_numbers_from_its_law(
    framework: str, case: str
) -> None:
    """For the 81,920 entries sqrt(n) KS exceeds 2.5 once in 100,000 times."""
    numbers, _ = run(framework, case)
    assert numbers["start_difference"] == 0
    assert numbers["start_ks"] * np.sqrt(81_920) < 2.5


def test_another_law_has_a_large_distance() -> None:
    """Torch's default in place of Xavier's, as in a network that was never initialised."""
    law = initializers.resolve("xavier_uniform").law()
    rng = np.random.default_rng(0)
    limit = np.sqrt(1 / 128)
    uniform = np.sort(law.cdf(rng.uniform(-limit, limit, 20_000), 128, 256))
    assert distance(uniform, uniform) > 0.1


def test_the_oracle_draws_from_the_law_too() -> None:
    kernels = load("numpy").probe(Mechanisms).initialise("init_loop", idioms.SHAPES, 0)
    assert [kernel.shape for kernel in kernels] == list(idioms.SHAPES)
    assert np.abs(kernels[0]).max() <= np.sqrt(6 / (128 + 256))


@pytest.mark.parametrize("framework", HERE)
def test_unknown_names_raise_with_the_nearest_name(framework: str) -> None:
    probe = load(framework).probe
    with pytest.raises(UserError, match="did you mean 'object_call'"):
        probe(Mechanisms).attempt("object_cal")
    with pytest.raises(UserError, match="did you mean 'init_loop'"):
        probe(Mechanisms).initialise("init_lop", idioms.SHAPES, 0)
    with pytest.raises(UserError, match="did you mean 'dense'"):
        probe(Mechanisms).compare("dens", np.ones((2, 2), np.float32), 0)


def test_a_gap_of_a_framework_is_unsupported_with_its_reason() -> None:
    for framework in HERE:
        for case in idioms.CASES:
            values: dict[str, Value] = {"framework": framework, "case": case}
            reason = grids.unsupported(STUDY, make_cell(STUDY, values))
            assert reason == FRAMEWORKS[framework].gaps.get(f"idioms.{case}")


# --- ports -------------------------------------------------------------------------------------

NUMBERS: dict[str, tuple[float, float]] = {
    "column_by_hand": (1.0, 1.0),
    "column_loss": (1.0, 0.0),
    "summed_loss": (32.0, 32.0),
    "probabilities_as_logits": ((math.log1p(math.exp(-1)) + math.log(2)) / 2,) * 2,
    "logits_as_probabilities": (math.nan, 1.0),
    "same_padding": (0.0, 1.0),
    "channels_last": (1.0, 0.0),
    "batch_first": (1.0, 0.0),
    "attention_batch": (1.0, 0.0),
    "softmax_axis": (2.0, 1.0),
    "classes_last": (math.log(3), math.log1p(2 * math.exp(-8))),
    "dropout_mode": (0.5, 0.0),
    "norm_mode": (0.0, 5 / math.sqrt(1.001)),
    "norm_momentum": (0.9, 0.1),
    "stale_value": (2.0, 1.0),
    "frozen_late": (0.0, 1.0),
    "weight_layout": (1.0, 1.0),
    "kept_gradients": (2.5, 1.0),
}
"""Case -> the number in torch and in Keras, derived by hand."""
WARN = {("torch", "column_loss"), ("torch", "softmax_axis")}


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("case", idioms.PORTS)
def test_carried_code_gives_the_number_that_was_derived(framework: str, case: str) -> None:
    expected = NUMBERS[case][framework == "tensorflow"]
    numbers, reason = run(framework, case)
    assert numbers["warned"] == ((framework, case) in WARN)
    assert numbers["raised"] == math.isnan(expected) == bool(reason)
    if not math.isnan(expected):
        tolerance = 0.02 if case == "dropout_mode" else 1e-5
        assert numbers["ported_value"] == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("case", idioms.PORTS)
def test_each_port_goes_wrong_somewhere_and_can_go_right(case: str) -> None:
    """A case in which both frameworks give what is meant would be no trap; what was meant is either
    reached by one of them, or reached by neither because both carry out what is written."""
    meant = idioms.PORTS[case].meant
    right = [abs(number - meant) < page.DECIDED for number in NUMBERS[case]]
    assert not all(right)
    both_wrong = {
        "column_by_hand",
        "summed_loss",
        "probabilities_as_logits",
        "logits_as_probabilities",
        "weight_layout",
    }
    assert any(right) == (case not in both_wrong)


def test_the_broadcast_loss_is_least_at_the_mean_where_it_is_the_variance() -> None:
    """For outputs z and targets y the N x N mean is Var(z) + Var(y) + (mean z - mean y)^2."""
    rng = np.random.default_rng(3)
    z, y = rng.normal(size=(7, 1)), rng.normal(size=7)
    broadcast = ((z - y) ** 2).mean()
    assert broadcast == pytest.approx(z.var() + y.var() + (z.mean() - y.mean()) ** 2)
    assert ((np.full((7, 1), y.mean()) - y) ** 2).mean() == pytest.approx(y.var())


@pytest.mark.parametrize("framework", HERE)
def test_an_unknown_port_is_named_and_leaves_the_generators_alone(framework: str) -> None:
    with pytest.raises(UserError, match="did you mean 'column_loss'"):
        load(framework).probe(Ports).carried("column_los", 0)
    state = random.getstate()
    first, second = (load(framework).probe(Ports).carried("batch_first", 5) for _ in range(2))
    assert first == second
    assert random.getstate() == state


def test_every_profile_has_the_ports_after_the_older_cells() -> None:
    """The order of the older rows stays."""
    for profile in ("quick", "standard", "full"):
        chosen = grids.Selection(profile, ("torch",))
        cases = [cell["case"] for cell in grids.cells(STUDY, chosen)]
        assert cases[-len(idioms.PORTS) :] == list(idioms.PORTS)


# --- the figure --------------------------------------------------------------------------------


def table() -> pd.DataFrame:
    """Return idioms/runs.csv with every outcome."""
    columns = ["framework", "case", "seed", "status", "reason", "raised", "found_share"]
    return pd.DataFrame(
        [
            ("torch", "optimizer_reused", 0, "ok", "", 0.0, 0.0),
            ("tensorflow", "optimizer_reused", 0, "ok", "ValueError: Unknown", 1.0, None),
            ("torch", "weight_name", 0, "unsupported", "torch's names", None, None),
            ("tensorflow", "weight_name", 0, "ok", "", 0.0, 1.0),
        ],
        columns=columns,
    )


def test_the_figure_distinguishes_an_error_from_finding_nothing() -> None:
    texts = [text.get_text() for text in page.outcomes(table()).figure.axes[0].texts]
    for label in ("runs, and finds nothing", "raises ValueError", "–", "runs"):
        assert label in texts


def test_the_figure_says_what_a_port_gives_and_what_was_meant() -> None:
    rows = pd.DataFrame(
        [
            ("torch", "column_loss", 0, "ok", "", 0.0, 1.0, 1.0),
            ("tensorflow", "column_loss", 0, "ok", "", 0.0, 1e-9, 0.0),
            ("torch", "column_by_hand", 0, "ok", "", 0.0, 1.0, 0.0),
        ],
        columns=[
            "framework",
            "case",
            "seed",
            "status",
            "reason",
            "raised",
            "ported_value",
            "warned",
        ],
    )
    texts = [text.get_text() for text in page.outcomes(rows).figure.axes[0].texts]
    for label in ("1 for 0, with a warning", "1 for 0, silently"):
        assert label in texts
    assert sum(text.endswith("as meant") for text in texts) == 1


def test_a_figure_without_its_rows_says_what_is_missing() -> None:
    with pytest.raises(NotDrawn, match="none of the cases"):
        page.outcomes(table().assign(case="other"))
    assert page.parts(lambda *_: None)[0].draw == []
