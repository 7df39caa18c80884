"""Names with parameters: one canonical form, and errors that finish the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from suite.catalogue.registry import Registry, canonical, number, parse
from suite.types import UserError


@dataclass(frozen=True)
class Item:
    name: str
    parameters: Mapping[str, float | str | None] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ITEMS = Registry(
    "item",
    [
        Item("plain"),
        Item("must", {"std": None}),
        Item("may", {"slope": 0.01, "shift": 0.0}),
        Item("says", {"scale": None, "mode": "in"}, {"mode": ("in", "out")}),
    ],
)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("plain", "plain"),
        (" plain ", "plain"),
        ("must(.05)", "must(0.05)"),
        ("must( 1.0 )", "must(1)"),
        ("must(1e-2)", "must(0.01)"),
        ("must(-0.0)", "must(0)"),
        ("must(0.1234567890123456)", "must(0.1234567890123456)"),
        ("may", "may"),
        ("may(0.01)", "may"),
        ("may(0.01, 0)", "may"),
        ("may(0.2)", "may(0.2)"),
        ("may(0.01, 3)", "may(0.01, 3)"),
        ("says(2,in)", "says(2)"),
        ("says(2.0,out)", "says(2, out)"),
    ],
)
def test_one_canonical_form(given: str, written: str) -> None:
    assert canonical("item", given, ITEMS) == written
    assert canonical("item", written, ITEMS) == written


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("plane", ["'plane'", "did you mean 'plain'", "must"]),
        ("", ["''", "allowed"]),
        ("must", ["lacks", "std", "must(std)"]),
        ("must()", ["must(std)"]),
        ("must(x)", ["'x'", "finite number"]),
        ("must(nan)", ["finite number"]),
        ("must(inf)", ["finite number"]),
        ("must(1, 2)", ["must(std)"]),
        ("plain(1)", ["plain"]),
        ("must(1", ["a bracket is missing"]),
        ("may(,)", ["finite number"]),
        ("says(1, ot)", ["mode is 'ot'", "did you mean 'out'", "allowed: in, out"]),
        ("says(1, 2)", ["mode is '2'", "allowed: in, out"]),
        ("says(out)", ["scale is 'out'", "finite number", "says(scale, mode)"]),
    ],
)
def test_errors_name_given_allowed_and_nearest(given: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        canonical("item", given, ITEMS)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_parse_gives_parameters_with_defaults() -> None:
    entry, values = parse("item", "may(0.5)", ITEMS)
    assert (entry.name, values) == ("may", (0.5, 0.0))


def test_numbers_read_back_as_the_same_double() -> None:
    for value in (0.05, 1.0, 1 / 3, 1e-300, 123456789.0, 5e22):
        assert float(number(value)) == value


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Registry("item", [Item("a"), Item("a")])
