"""The study ``optimizers``: formulas against closed forms, both frameworks against the formulas."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from suite import frameworks
from suite.catalogue import methods, step_forms, step_options
from suite.catalogue.frameworks import Formulas, by_default
from suite.catalogue.methods import METHODS, RATE
from suite.catalogue.optimizers import OPTIMIZERS
from suite.catalogue.step_options import (
    DECAY,
    OPTIONS,
    THRESHOLD,
    Option,
    Setting,
    clipped,
)
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.probes.optimizers import Steps
from suite.report import optimizers as page
from suite.report.common.drawing import NotDrawn
from suite.studies import STUDIES, optimizers
from suite.theory import steps
from suite.types import Array, Cell, Lab, Measurement, Member, Stack, UserError
from tests.support import HERE

STUDY = STUDIES["optimizers"]
FORMS: tuple[Formulas, ...] = ("torch", "keras")
load = functools.cache(frameworks.load)


def cell_of(framework: str, case: str) -> Cell:
    return make_cell(STUDY, {"framework": framework, "case": case})


def follow(form: Formulas, setting: str, task: str, batches: int = 8) -> Array:
    """Return the way from the start, (batches + 1, n), by the formula."""
    path = steps.path(form, step_options.resolve(setting), task, batches)
    return np.asarray(path - path[0])


# --- closed forms ------------------------------------------------------------------------------

SLOPES = steps.coefficients("constant")[0]
CURVATURES = steps.coefficients("quadratic")[0]
T = np.arange(9.0)[:, None]
CLOSED: dict[str, Array] = {
    "sgd": -RATE * T * SLOPES,
    # Momentum m has gathered (1 - m^t) / (1 - m) gradients after t steps; sum over t.
    "sgd(momentum)": -RATE * SLOPES * (T - 0.875 * (1 - 0.875**T) / 0.125) / 0.125,
    "sgd(exponential)": -RATE * SLOPES * (1 - 0.75**T) / 0.25,
    "sgd(clip_value)": -RATE * T * np.clip(SLOPES, -THRESHOLD, THRESHOLD),
    # Without epsilon the corrected means of a constant gradient are g and g^2.
    "adam": -RATE * T * np.sign(SLOPES),
    "adam(amsgrad)": -RATE * T * np.sign(SLOPES),
    "adamax": -RATE * T * np.sign(SLOPES),
    "adagrad": -RATE
    * SLOPES
    * np.cumsum([np.zeros(3)] + [1 / np.sqrt(0.125 + k * SLOPES**2) for k in range(1, 9)], axis=0),
    "rmsprop": -RATE
    * np.sign(SLOPES)
    * np.cumsum([0.0] + [(1 - 0.875**k) ** -0.5 for k in range(1, 9)])[:, None],
    # v - a^2 = q^k (1 - q^k) g^2
    "rmsprop(centered)": -RATE
    * np.sign(SLOPES)
    * np.cumsum([0.0] + [(0.875**k * (1 - 0.875**k)) ** -0.5 for k in range(1, 9)])[:, None],
}
"""Setting -> the way that it goes in 8 steps on the constant gradient."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("setting", CLOSED)
def test_a_constant_gradient_has_a_closed_form(setting: str, form: Formulas) -> None:
    np.testing.assert_allclose(follow(form, setting, "constant"), CLOSED[setting], rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_gradient_descent_on_a_quadratic_has_a_closed_form(form: Formulas) -> None:
    (start,) = steps.start("quadratic")
    plain = start * ((1 - RATE * CURVATURES) ** T - 1)
    np.testing.assert_allclose(follow(form, "sgd", "quadratic"), plain, rtol=1e-12)
    decayed = start * ((1 - RATE * (CURVATURES + DECAY)) ** T - 1)
    np.testing.assert_allclose(follow(form, "sgd(decay)", "quadratic"), decayed, rtol=1e-12)
    pulls = CURVATURES + (2 * DECAY if form == "keras" else DECAY)
    penalised = start * ((1 - RATE * pulls) ** T - 1)
    np.testing.assert_allclose(follow(form, "sgd(penalty)", "quadratic"), penalised, rtol=1e-12)


def test_accumulated_gradients_are_a_sum_in_torch_and_a_mean_in_keras() -> None:
    ways = {form: follow(form, "sgd(accumulate)", "constant")[[1, 2, 8]] for form in FORMS}
    np.testing.assert_allclose(ways["torch"], -RATE * np.outer([0, 2, 8], SLOPES))
    np.testing.assert_allclose(ways["keras"], -RATE * np.outer([0, 1, 4], SLOPES))


def test_the_gradient_of_the_network_is_that_of_its_loss() -> None:
    """Central differences of the loss, whose error is some 1e-9."""
    start = steps.start("network")
    inputs, targets = steps.coefficients("network")

    def loss(w: Array, v: Array) -> float:
        return float(((np.tanh(inputs @ w) @ v - targets) ** 2).mean())

    for place, gradient in enumerate(steps.gradients("network", start)):
        for index in np.ndindex(gradient.shape):
            sides = []
            for shift in (1e-5, -1e-5):
                moved = [part.copy() for part in start]
                moved[place][index] += shift
                sides.append(loss(*moved))
            assert (sides[0] - sides[1]) / 2e-5 == pytest.approx(gradient[index], abs=1e-8)


def test_each_kind_of_clipping_bounds_what_it_names() -> None:
    gradients = [np.array([3.0, 0.0]), np.array([0.0, 4.0]), np.array([0.1, 0.1])]

    def norms(clipping: str) -> list[float]:
        return [float(np.linalg.norm(g)) for g in clipped("keras", clipping, gradients)]

    assert norms("norm") == pytest.approx([0.5, 0.5, 0.1 * 2**0.5])
    whole = np.sqrt(25.02)
    assert norms("global") == pytest.approx([1.5 / whole, 2 / whole, 0.05 * 2**0.5 / whole])
    assert norms("value") == pytest.approx([0.5, 0.5, 0.1 * 2**0.5])
    torch = np.linalg.norm(clipped("torch", "norm", gradients)[0])
    assert torch == pytest.approx(0.5 * 3 / (3 + 1e-6), rel=1e-12)


# --- the frameworks ----------------------------------------------------------------------------

SINGLE = {"nadam": 1e-6, "common_rmsprop": 1e-4, "common_adam": 1e-4}
"""Methods for which a framework computes in single precision, and the distance that it may cost."""


def supported(cases: Iterable[str]) -> list[tuple[str, str]]:
    """Return the frameworks that are installed with each of the cases that they support."""
    pairs = itertools.product(HERE, cases)
    return [(name, case) for name, case in pairs if not STUDY.unsupported(cell_of(name, case))]


@pytest.mark.parametrize(("framework", "case"), supported(optimizers.headline_cases()))
def test_a_framework_takes_the_steps_of_its_own_formula(framework: str, case: str) -> None:
    setting = step_options.resolve(case)
    form = step_forms.forms(framework, setting)
    assert form is not None
    paths = optimizers.measured(setting, Lab(load(framework), load("numpy"), 0))
    distances = optimizers.apart(paths, form, setting)
    assert distances.shape == (16 if setting.schedule or setting.batches > 1 else 6,)
    assert distances.max() < SINGLE.get(setting.method.name, optimizers.APART)


PAIRS = (
    "sgd(nesterov,decay)",
    "sgd(momentum,exponential)",
    "sgd(half_penalty,clip_global)",
    "sgd(piecewise,accumulate)",
    "rmsprop(centered,epsilon)",
    "adam(amsgrad,epsilon)",
    "adam(decay,cosine)",
    "adamw(clip_norm,accumulate)",
)


def test_the_default_frameworks_support_all_cases() -> None:
    cases = [*optimizers.headline_cases(), *PAIRS]
    cells = [cell_of(entry.name, case) for entry in by_default() for case in cases]
    assert not any(map(STUDY.unsupported, cells))


@pytest.mark.parametrize(("framework", "case"), supported(PAIRS))
def test_two_options_act_in_the_documented_order(framework: str, case: str) -> None:
    assert case in optimizers.cases(optimizers.WIDELY_USED)
    runs = measure(framework, case).tables[0].columns
    assert runs["own_formula_distance"][0] < optimizers.APART


def measure(framework: str, case: str) -> Measurement:
    cell = cell_of(framework, case)
    stack = Stack(STUDY.name, framework, cell.values, (Member(cell, 0),))
    return STUDY.measure(stack, Lab(load(framework), load("numpy"), 0))


MISTAKES: dict[str, tuple[str, Callable[[Callable[..., Array]], Callable[..., Array]]]] = {
    "a momentum that damps the gradient": (
        "sgd(momentum)",
        lambda path: lambda setting, task, n: path("sgd", task, n),
    ),
    "an epsilon that is lost": (
        "adagrad(epsilon)",
        lambda path: lambda setting, task, n: path("adagrad", task, n),
    ),
    "Nesterov's momentum as the plain one": (
        "sgd(nesterov)",
        lambda path: lambda setting, task, n: path("sgd(momentum)", task, n),
    ),
    "one norm for all tensors": (
        "sgd(clip_norm)",
        lambda path: lambda setting, task, n: path("sgd(clip_global)", task, n),
    ),
    "a schedule that starts a step late": (
        "sgd(cosine)",
        lambda path: lambda setting, task, n: path(setting, task, n) * (1 + 1e-9),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_framework_is_seen(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, spoil = MISTAKES[mistake]
    probe = load("numpy").probe(Steps)

    class Spoiled:
        path = staticmethod(spoil(probe.path))

    monkeypatch.setattr(type(load("numpy")), "probe", lambda self, topic: Spoiled)
    assert measure("numpy", case).tables[0].columns["own_formula_distance"][0] > optimizers.APART


def test_the_columns_say_when_paths_part() -> None:
    """Keras' piecewise rate changes for step 5 (from 0), torch's for step 4: the fifth batch."""
    runs, table = measure("numpy", "sgd(piecewise)").tables
    assert runs.columns["own_formula_distance"].tolist() == [0.0]
    assert runs.columns["first_step_apart"].tolist() == [5.0]
    others = table.columns["step_other_distance"][0]
    assert (others[:4] == 0).all()
    assert runs.columns["other_formula_distance"][0] == others.max()
    assert measure("numpy", "sgd").tables[0].columns["first_step_apart"].tolist() == [0.0]


def test_a_parameter_that_is_lost_diverges(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost:
        path = staticmethod(lambda setting, task, n: np.full((n + 1, 4), np.nan))

    monkeypatch.setattr(steps, "SHAPES", {"quadratic": ((4,),)})
    monkeypatch.setattr(type(load("numpy")), "probe", lambda self, topic: Lost)
    assert list(measure("numpy", "sgd").status) == ["diverged"]


# --- the catalogue -----------------------------------------------------------------------------


def test_quick_has_every_method_and_every_option_and_every_optimizer_of_the_catalogue() -> None:
    quick = [step_options.resolve(case) for case in optimizers.headline_cases()]
    assert {setting.method.name for setting in quick} == set(METHODS.names)
    assert {option.name for setting in quick for option in setting.options} == set(OPTIONS.names)
    assert {f"common_{entry.name}" for entry in OPTIMIZERS} <= set(METHODS.names)
    for profile, larger in (("quick", "standard"), ("standard", "full")):
        cells = [grids.cells(STUDY, grids.Selection(p, ("torch",))) for p in (profile, larger)]
        assert set(cells[0]) < set(cells[1])


def without(setting: Setting, option: Option) -> Setting:
    """Return a setting in which one option is off; AMSGrad's beta_2 stays."""
    if option.name == "amsgrad":
        off = replace(option, values={**option.values, "amsgrad": 0.0})
        return replace(setting, options=tuple(off if o is option else o for o in setting.options))
    return replace(setting, options=tuple(o for o in setting.options if o is not option))


@pytest.mark.parametrize("form", FORMS)
def test_every_option_changes_the_steps_wherever_it_is_measured(form: Formulas) -> None:
    """An option without an effect, such as a threshold that is never reached, would be an option
    that nobody measures."""
    silent = set()
    for case in (*optimizers.cases(), *optimizers.cases(optimizers.WIDELY_USED)):
        setting = step_options.resolve(case)
        tasks = tuple(steps.SHAPES) if len(setting.options) < 2 else ("network",)
        long = setting.schedule is not None or setting.batches > 1
        batches = optimizers.LONG if long else optimizers.BATCHES
        for option in setting.options:
            pairs = [
                [steps.path(form, s, task, batches) for s in (setting, without(setting, option))]
                for task in tasks
            ]
            if not any(steps.distances(*pair).max() > 1e-6 for pair in pairs):
                silent.add((case, option.name))
    assert silent == ({("nadam(full_decay)", "full_decay")} if form == "keras" else set())


def test_amsgrad_remembers_the_largest_square() -> None:
    rule = methods.adam("keras", step_options.resolve("adam(amsgrad)").values)
    plain = methods.adam("keras", step_options.resolve("adam").values)
    gradients = [np.array(8.0), *[np.array(0.5)] * 5]
    both = [[float(step(g, 1.0)) for g in gradients] for step in (rule, plain)]
    assert both[0][0] == both[1][0]
    assert both[0][-1] < both[1][-1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("adm", "did you mean 'adam'"),
        ("adam(amsgrd)", "did you mean 'amsgrad'"),
        ("sgd(centered)", "method 'sgd' has no 'centered'"),
        ("adamw(decay)", "method 'adamw' has no 'decay'"),
        ("common_sgd(momentum)", "has no 'momentum'"),
        ("sgd(momentum,nesterov)", "exclude each other"),
        ("sgd(0.1)", "not of the form"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        step_options.resolve(name)


@pytest.mark.parametrize("framework", HERE)
def test_an_unknown_task_is_named(framework: str) -> None:
    with pytest.raises(UserError, match="did you mean 'network'"):
        load(framework).probe(Steps).path("sgd", "netwrk", 1)


def test_a_framework_without_formulas_is_unsupported() -> None:
    cell = make_cell(STUDY, {"framework": "torch", "case": "sgd"})
    assert STUDY.unsupported(cell) is None
    unknown = make_cell(STUDY, {"framework": "other", "case": "sgd"})
    assert "not declared" in str(STUDY.unsupported(unknown))


# --- the figure --------------------------------------------------------------------------------


def test_the_figure_draws_both_distances_and_says_what_is_missing() -> None:
    rows = pd.DataFrame(
        [("torch", "sgd", 0.0, 1e-3), ("torch", "adam", 1e-16, 0.1)],
        columns=["framework", "case", "own_formula_distance", "other_formula_distance"],
    )
    drawn = page.distances(rows)
    first, second = drawn.figure.axes[0].lines[:2]
    assert list(np.asarray(first.get_xdata())) == [1e-3, 0.1]
    assert list(np.asarray(second.get_xdata())) == [page.LEAST, 1e-16]
    with pytest.raises(NotDrawn, match="no setting"):
        page.distances(rows.assign(case="sgd(momentum,decay)"))
    assert page.parts(lambda *_: None)[0].draw == []
