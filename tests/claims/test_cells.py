"""A claim about a cell that cannot be there is an error, with the nearest cell that can."""

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
OWN: Fields = {
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


def of(**values: str | int) -> Claim:
    """``BASE`` with other values in ``of``, each its only one."""
    return replace(BASE, of={**BASE.of, **{axis: (value,) for axis, value in values.items()}})


def message(claim: Claim, *stored: Fields) -> str:
    """What is wrong with the claim's cells; empty where nothing is."""
    try:
        check_cells([claim], {"training": stored})
    except UserError as error:
        return str(error)
    return ""


def test_every_shipped_claim_names_cells_that_there_are() -> None:
    check_cells(claims.shipped(), {})


def test_a_value_that_no_cell_has() -> None:
    found = message(of(activation="leaky_relu(0.2)"))
    assert found.startswith(
        "my.toml: claim 'some-claim': of.activation: unknown activation of a cell of study"
        " 'training' 'leaky_relu(0.2)'; did you mean 'leaky_relu'? (allowed: "
    )
    found = message(of(depth=7))
    assert found.startswith("my.toml: claim 'some-claim': of.depth: unknown depth of a cell")
    assert "1, 2, 4, 8, 16" in found


def test_a_combination_that_no_cell_has() -> None:
    """Seven layers are there, but not of tanh or sigmoid: the folder has them of one slope."""
    assert BASE.versus is not None
    for side, claim in (
        ("of", of(depth=7)),
        ("versus", replace(BASE, versus={**BASE.versus, "depth": (7,)})),
    ):
        found = message(claim, OWN)
        assert found.startswith(
            f"my.toml: claim 'some-claim': {side}: neither the full grid of study 'training' nor"
            " this folder has a cell activation="
        )
        given, _, nearest = found.partition("; the nearest has ")
        assert given.endswith(" initializer=normal(1) depth=7 width=5")
        assert len(nearest.split()) == 1
        assert "\n" not in found


def test_a_value_that_both_sides_share_is_checked_on_both() -> None:
    claim = replace(of(framework="torch"), each=("framework",))
    assert message(claim) == ""
    assert BASE.versus is not None
    other = replace(
        claim, versus={**BASE.versus, "activation": ("leaky_relu(0.2)",), "depth": (7,)}
    )
    tensorflow = replace(other, of={**claim.of, "framework": ("tensorflow",)})
    assert message(other, OWN) == ""
    assert "versus: neither the full grid" in message(tensorflow, OWN)
    assert message(tensorflow, OWN).endswith("the nearest has framework=torch")


def test_a_cell_that_only_the_folder_has() -> None:
    claim = of(activation="leaky_relu(0.2)", depth=7)
    assert message(claim, OWN) == ""
    assert "of.depth" in message(claim, {**OWN, "depth": 8})
    # A folder of a version without the axis: its cells have the default there.
    assert message(claim, {axis: OWN[axis] for axis in OWN if axis != "settings"}) == ""
