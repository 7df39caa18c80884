"""Grids to cells to stacks: identity, selection, blocks of seeds, and the errors of a user."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import pytest

from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.initializers import INITIALIZERS
from suite.catalogue.optimizers import OPTIMIZERS
from suite.planning import grids
from suite.planning.axes import AXES, make_cell, split_at_commas
from suite.studies import STUDIES
from suite.studies.common.starts import NO_LAW
from suite.types import BLOCK, PROFILES, Grid, Study, UserError, Value
from tests.support.fake_study import Fake

TRAINING = STUDIES["training"]
BOTH = ("torch", "tensorflow")


def select(*texts: str, **changes: object) -> grids.Selection:
    chosen = {"profile": "quick", "frameworks": ("torch", "tensorflow"), **changes}
    return grids.Selection(overrides=grids.parse_overrides(texts, [TRAINING]), **chosen)  # type: ignore[arg-type]  # kwargs of one dataclass


def test_identity_holds_only_what_differs_from_the_defaults() -> None:
    values: dict[str, Value] = {
        "framework": "torch",
        "activation": "tanh",
        "initializer": "normal(1)",
        "depth": 4,
        "width": 5,
    }
    plain = make_cell(TRAINING, values)
    assert plain.identity == (
        "training framework=torch activation=tanh initializer=normal(1) depth=4 width=5"
    )
    said = make_cell(TRAINING, {**values, "optimizer": "rmsprop", "weights": "native"})
    assert said == plain
    other = make_cell(TRAINING, {**values, "settings": "default"})
    assert other.identity == f"{plain.identity} settings=default"
    assert other["settings"] == "default"
    assert other["optimizer"] == "rmsprop"


def test_a_cell_of_two_grids_has_the_larger_number_of_seeds() -> None:
    class Twice(Fake):
        def grids(self, profile: str) -> tuple[Grid, ...]:
            axes = {"width": (1,), "scale": (0.5,)}
            return Grid(axes, 40), Grid(axes, 20), Grid({**axes, "width": (2,)}, 20)

    found = grids.cells(Twice((1,), 20), grids.Selection("quick", ("numpy",)))
    assert {cell["width"]: seeds for cell, seeds in found.items()} == {1: 40, 2: 20}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_each_profile_contains_the_smaller(study: Study) -> None:
    cells = [grids.cells(study, grids.Selection(profile, ("torch",))) for profile in PROFILES]
    for smaller, larger in itertools.pairwise(cells):
        assert all(larger.get(cell, 0) >= seeds for cell, seeds in smaller.items())


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
@pytest.mark.parametrize("profile", PROFILES)
def test_stacks_hold_every_run_once(study: Study, profile: str) -> None:
    # The full profile of training has 1.6 million runs of each framework.
    frameworks = ("torch",) if profile == "full" else ("torch", "tensorflow")
    selection = grids.Selection(profile, frameworks)
    stacks = grids.stacks(study, selection)
    runs = [m for stack in stacks for m in stack.members]
    assert len(runs) == len(set(runs)) == sum(grids.cells(study, selection).values())
    keys = [stack.key for stack in stacks]
    assert len(keys) == len(set(keys))


def test_more_seeds_add_blocks_and_change_none() -> None:
    few = grids.stacks(TRAINING, select(seeds=BLOCK))
    many = {stack.key for stack in grids.stacks(TRAINING, select(seeds=3 * BLOCK))}
    assert {stack.key for stack in few} < many


def test_set_replaces_the_main_grid_and_restricts_the_others() -> None:
    propagation = STUDIES["propagation"]
    chosen = grids.parse_overrides(["activation=relu,mish"], [propagation])
    cells = grids.cells(propagation, grids.Selection("standard", ("torch",), chosen))
    assert {cell["activation"] for cell in cells} == {"relu", "mish"}
    # relu with He has 200 seeds for a claim, in a grid of its own; mish goes through the main one.
    seeds = {
        name: max(n for cell, n in cells.items() if cell["activation"] == name)
        for name in ("relu", "mish")
    }
    assert seeds == {"relu": 200, "mish": BLOCK}


def test_members_share_their_program() -> None:
    for stack in grids.stacks(TRAINING, select()):
        for member in stack.members:
            assert all(member.cell[axis] == value for axis, value in stack.shared)


def test_set_replaces_values_and_keeps_commas_in_parentheses() -> None:
    selection = select("activation=leaky_relu(.2),tanh", "initializer=normal(.05)", "depth=3")
    cells = grids.cells(TRAINING, selection)
    assert {cell["activation"] for cell in cells} == {"leaky_relu(0.2)", "tanh"}
    assert {cell["initializer"] for cell in cells} == {"normal(0.05)"}
    assert {cell["depth"] for cell in cells} == {3}
    assert split_at_commas("a(1, 2),b") == ["a(1, 2)", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("activation=tanhh", ["'tanhh'", "did you mean 'tanh'", "relu"]),
        ("activaton=tanh", ["'activaton'", "did you mean 'activation'"]),
        ("initializer=normal", ["normal(std)"]),
        ("depth=-1", ["'-1'", "whole numbers from 1"]),
        ("depth=0", ["'0'"]),
        ("depth=2.5", ["'2.5'"]),
        ("activation=", ["no value"]),
        ("activation=,", ["no value"]),
        ("activation", ["AXIS=VALUE"]),
        ("activation=tanh,", ["AXIS=VALUE"]),
        ("optimizer=rmsprob", ["did you mean 'rmsprop'"]),
        ("weights=own", ["native", "shared"]),
        ("framework=torch", ["--frameworks"]),
        ("trainin.depth=2", ["selected study 'trainin'", "did you mean 'training'"]),
        ("training.dept=2", ["'dept'", "did you mean 'depth'"]),
        ("training.samples=2", ["(training)", "'samples'"]),
        ("training.framework=torch", ["--frameworks"]),
    ],
)
def test_errors_of_set(text: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        grids.parse_overrides([text], [TRAINING])
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_an_axis_twice_or_of_no_selected_study_is_an_error() -> None:
    with pytest.raises(UserError, match="twice"):
        grids.parse_overrides(["depth=1", "depth=2"], [TRAINING])
    with pytest.raises(UserError, match="no selected study"):
        grids.parse_overrides(["optimizer=adam"], [STUDIES["propagation"]])


def test_unsupported_members_are_named_and_left_out() -> None:
    selection = select("initializer=default,normal(1)", "weights=shared", "depth=1")
    stack = grids.stacks(TRAINING, selection)[0]
    part, reasons = grids.supported(TRAINING, stack)
    assert {member.cell["initializer"] for member in part.members} == {"normal(1)"}
    assert len(reasons) == len(stack.members)
    assert sum(reason is not None for reason in reasons) == BLOCK


def test_a_plan_counts_what_it_holds() -> None:
    plan = grids.plan([TRAINING], select())
    count = plan.count("training")
    # framework x activation x weights: normal(1) with 40 seeds, xavier_uniform with 20
    assert count["cells"] == 2 * 3 * 2 * 2
    assert count["runs"] == 2 * 3 * 2 * (40 + 20)
    assert count["stacks"] == 2 * 3 * 2
    assert count["seconds"] > 0
    assert plan.shortest(1) >= plan.shortest(2) > 0


def test_a_stack_without_supported_members_costs_nothing() -> None:
    """A study estimates from the first member of a stack, so an empty one must not reach it."""
    plan = grids.plan([TRAINING], select("initializer=default", "weights=shared"))
    assert plan.costs
    assert {(cost.seconds, cost.bytes) for cost in plan.costs.values()} == {(0.0, 0.0)}


# --- what a framework has nothing for ----------------------------------------------------------


def undeclared(monkeypatch: pytest.MonkeyPatch, texts: Sequence[str]) -> list[str | None]:
    """Return the reasons of a stack of training in torch, with entries that declare nothing."""
    grids._reason.cache_clear()
    activation = dataclasses.replace(ACTIVATIONS["tanh"], name="bare", native=dict)
    initializer = dataclasses.replace(
        INITIALIZERS["he_normal"], name="bare", native=lambda *parameters: {}
    )
    optimizer = dataclasses.replace(OPTIMIZERS["adam"], name="bare", translate=lambda common: {})
    monkeypatch.setitem(ACTIVATIONS._entries, "bare", activation)
    monkeypatch.setitem(INITIALIZERS._entries, "bare", initializer)
    monkeypatch.setitem(OPTIMIZERS._entries, "bare", optimizer)
    selection = select("depth=1", *texts, frameworks=("torch",), seeds=1)
    (stack,) = grids.stacks(TRAINING, selection)
    return grids.supported(TRAINING, stack)[1]


@pytest.mark.parametrize("axis", ["activation", "initializer", "optimizer"])
def test_what_a_catalogue_does_not_declare_is_unsupported(
    axis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known without torch; measured, it would have failed."""
    chosen = {"activation": "tanh", "initializer": "zeros", "weights": "native", axis: "bare"}
    reasons = undeclared(monkeypatch, [f"{name}={value}" for name, value in chosen.items()])
    (reason,) = reasons
    assert str(reason).startswith(f"{axis} 'bare' is not declared for framework 'torch'")


def test_weights_that_numpy_draws_need_no_initializer_of_the_framework(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = ["activation=tanh", "initializer=bare", "weights=shared"]
    assert undeclared(monkeypatch, chosen) == [None]


def test_the_reason_of_the_study_comes_first() -> None:
    selection = select(
        "activation=tanh", "initializer=default", "weights=shared", frameworks=("numpy",)
    )
    (stack,) = grids.stacks(TRAINING, selection)
    assert set(grids.supported(TRAINING, stack)[1]) == {NO_LAW}


@pytest.mark.parametrize(
    ("texts", "frameworks"),
    [
        (("activation=relu,tanh", "initializer=he_normal,normal(1)", "depth=4,2"), BOTH),
        (("depth=2,4", "initializer=normal(1),he_normal", "activation=tanh,relu"), BOTH),
        (("activation=tanh,relu,tanh", "initializer=normal(1.0),normal(1),he_normal"), BOTH),
        (("activation=tanh,relu", "initializer=he_normal,normal(1)"), BOTH[::-1] + BOTH),
    ],
    ids=["values", "axes", "repeated", "frameworks"],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_order_in_which_a_user_names_things_means_nothing(
    profile: str, texts: tuple[str, ...], frameworks: tuple[str, ...]
) -> None:
    depth = () if any("depth" in text for text in texts) else ("depth=2,4",)
    first = select(
        "activation=tanh,relu",
        "initializer=he_normal,normal(1)",
        "depth=2,4",
        profile=profile,
    )
    second = select(*texts, *depth, profile=profile, frameworks=frameworks)
    assert second == first
    assert grids.stacks(TRAINING, second) == grids.stacks(TRAINING, first)
    assert list(grids.plan([TRAINING], second).costs) == list(grids.plan([TRAINING], first).costs)


def test_an_axis_that_no_grid_names_does_not_depend_on_its_place() -> None:
    """Axes with a default are added to the grid, and their places decide the order of cells."""
    texts = ("optimizer=adam,rmsprop", "settings=default,common", "weights=shared,native")
    plans = [grids.stacks(TRAINING, select(*named)) for named in itertools.permutations(texts)]
    assert len(plans[0]) > 1
    assert all(plan == plans[0] for plan in plans)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_naming_the_values_of_a_grid_backwards_is_naming_none(study: Study) -> None:
    """The main grid's own values in any order are the main grid, with the bits that it has."""
    (grid, *_) = study.grids("standard")
    planned = {name: tuple(map(AXES[name].parse, values)) for name, values in grid.axes.items()}
    backwards = {name: values[::-1] for name, values in reversed(planned.items())}
    chosen = [grids.Selection("standard", BOTH, values) for values in (planned, backwards)]
    assert grids.stacks(study, chosen[0]) == grids.stacks(study, chosen[1])
    cells = list(grids.cells(study, chosen[1]))
    whole = list(grids.cells(study, grids.Selection("standard", BOTH)))
    main = [cell for cell in whole if cell in set(cells)]
    size = math.prod(map(len, planned.values()))
    assert cells[:size] == main[:size]


def test_the_order_of_studies_means_nothing() -> None:
    studies = [STUDIES[name] for name in ("parity", "training", "curves")]
    plans = [grids.plan(named, select()) for named in itertools.permutations(studies)]
    assert [list(plan.stacks) for plan in plans] == [["training", "parity", "curves"]] * 6
