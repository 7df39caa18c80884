"""A claim about a cell that cannot exist is an error that names the nearest cell that can."""

from __future__ import annotations

from dataclasses import replace

from suite import claims
from suite.claims.cells import Fields, check_cells
from suite.claims.claim import Claim
from suite.types import UserError

(BASE,) = claims.parse(
    """
[[claim]]
study = "training"
id = "some-claim"
statement = "A statement."
source = "a source"
metric = "heldout_accuracy"
estimand = "difference"
of = { activation = "tanh", initializer = "normal(1)", depth = 4, width = 5 }
versus = { activation = "sigmoid", initializer = "normal(1)", depth = 4, width = 5 }
each = ["framework"]
floor = 0.1
expected = "supported"
because = "a reason"
decides = "quick"
""",
    "my.toml",
)
USERS_CELL: Fields = {
    "framework": "torch",
    "activation": "leaky_relu(0.2)",
    "initializer": "normal(1)",
    "depth": 7,
    "width": 5,
    "optimizer": "rmsprop",
    "weights": "native",
    "settings": "common",
}
"""A cell that a user ran with --set."""


def claim_on(**values: str | int) -> Claim:
    """Return ``BASE`` with other values in ``of``, one for each of the given axes."""
    return replace(BASE, of={**BASE.of, **{axis: (value,) for axis, value in values.items()}})


def message(claim: Claim, *stored: Fields) -> str:
    """Return what is wrong with the cells of a claim; empty where nothing is."""
    try:
        check_cells([claim], {"training": stored})
    except UserError as error:
        return str(error)
    return ""


def test_every_shipped_claim_names_cells_that_exist() -> None:
    check_cells(claims.shipped(), {})


def test_a_value_that_no_cell_has() -> None:
    problem = message(claim_on(activation="leaky_relu(0.2)"))
    assert problem.startswith(
        "my.toml: claim 'some-claim': of.activation: unknown activation of a cell of study"
        " 'training' 'leaky_relu(0.2)'; did you mean 'leaky_relu'? (allowed: "
    )
    problem = message(claim_on(depth=7))
    assert problem.startswith("my.toml: claim 'some-claim': of.depth: unknown depth of a cell")
    assert "1, 2, 4, 8, 16" in problem


def test_a_combination_that_no_cell_has() -> None:
    """The folder has seven layers of one leaky slope, but none of tanh or sigmoid."""
    assert BASE.versus is not None
    for side, claim in (
        ("of", claim_on(depth=7)),
        ("versus", replace(BASE, versus={**BASE.versus, "depth": (7,)})),
    ):
        problem = message(claim, USERS_CELL)
        assert problem.startswith(
            f"my.toml: claim 'some-claim': {side}: neither the full grid of study 'training' nor"
            " this folder has a cell activation="
        )
        given, _, nearest = problem.partition("; the nearest has ")
        assert given.endswith(" initializer=normal(1) depth=7 width=5")
        assert len(nearest.split()) == 1
        assert "\n" not in problem


def test_a_value_that_both_sides_share_is_checked_on_both() -> None:
    claim = replace(claim_on(framework="torch"), each=("framework",))
    assert message(claim) == ""
    assert BASE.versus is not None
    other = replace(
        claim, versus={**BASE.versus, "activation": ("leaky_relu(0.2)",), "depth": (7,)}
    )
    tensorflow = replace(other, of={**claim.of, "framework": ("tensorflow",)})
    assert message(other, USERS_CELL) == ""
    assert "versus: neither the full grid" in message(tensorflow, USERS_CELL)
    assert message(tensorflow, USERS_CELL).endswith("the nearest has framework=torch")


def test_a_cell_that_only_the_folder_has() -> None:
    claim = claim_on(activation="leaky_relu(0.2)", depth=7)
    assert message(claim, USERS_CELL) == ""
    assert "of.depth" in message(claim, {**USERS_CELL, "depth": 8})
    # A folder of a version without the axis: its cells have the default there.
    assert (
        message(claim, {axis: USERS_CELL[axis] for axis in USERS_CELL if axis != "settings"}) == ""
    )
