"""How far evidence may be from a question before the answer is "not known"."""

from __future__ import annotations

from typing import Any

import pytest

from suite.advising.distance import distances
from suite.advising.question import Question
from suite.types import UserError
from tests.advising.folders import CELL

ASKED = Question("gelu", 16, 64, "torch", "adam", "circles")


def away(**cell: Any) -> dict[str, bool]:
    """Return the axes on which a cell differs from ``ASKED``, and whether each is near."""
    found = distances(ASKED, {**CELL, "width": 64, **cell})
    assert found is not None
    return {distance.axis: distance.near for distance in found}


def test_what_was_asked_has_no_distance() -> None:
    assert away() == {}


@pytest.mark.parametrize(
    ("cell", "near"),
    [
        ({"depth": 24}, True),
        ({"depth": 25}, False),
        ({"depth": 11}, True),
        ({"depth": 10}, False),
        ({"width": 256}, True),
        ({"width": 257}, False),
        ({"width": 16}, True),
        ({"width": 15}, False),
        ({"framework": "tensorflow"}, False),
        ({"optimizer": "rmsprop"}, False),
        ({"dataset": "digits"}, False),
        ({"normalization": "batch"}, False),
        ({"residual": 0.25}, False),
    ],
    ids=str,
)
def test_the_rule(cell: dict[str, Any], near: bool) -> None:
    assert away(**cell) == {next(iter(cell)): near}


def test_another_activation_is_no_evidence() -> None:
    assert distances(ASKED, {**CELL, "activation": "relu"}) is None


def test_what_is_left_open_has_no_distance() -> None:
    cell = {**CELL, "activation": "relu", "depth": 3, "optimizer": "sgd", "dataset": "digits"}
    assert distances(Question(framework="torch"), cell) == ()


def test_any_factor_is_a_residual_connection() -> None:
    question = Question("gelu", residual=True)
    assert distances(question, {**CELL, "residual": 0.25}) == ()
    (distance,) = distances(question, CELL) or ()
    assert str(distance) == "without residual connections"


def test_distances_in_words() -> None:
    words = [str(d) for d in distances(ASKED, {**CELL, "depth": 4, "optimizer": "sgd"}) or ()]
    assert words == [
        "depth 4 for 16 (x 0.25)",
        "width 5 for 64 (x 0.0781)",
        "optimizer sgd, not adam",
    ]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"activation": "gleu"}, "did you mean 'gelu'"),
        ({"framework": "keras"}, "framework"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"dataset": "digit"}, "did you mean 'digits'"),
        ({"depth": 0}, "depth"),
        ({"framework": "numpy"}, "trains nothing"),
    ],
)
def test_an_unknown_name_is_one_line(axes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        Question(**axes)
    assert "\n" not in str(error.value)
