"""The band of a claim: closed, with one edge or two."""

from __future__ import annotations

import math

import pytest

from suite.claims.band import Band


@pytest.mark.parametrize(
    ("value", "contained"),
    [(-0.02, True), (0.02, True), (0.0, True), (0.0200001, False), (math.nan, False)],
)
def test_a_band_is_closed(value: float, contained: bool) -> None:
    assert Band(-0.02, 0.02).contains(value) is contained


def test_an_infinite_edge_leaves_a_side_open() -> None:
    assert Band(0.1, math.inf).contains(math.inf)
    assert not Band(0.1, math.inf).contains(-math.inf)
    assert Band(0.1, math.inf).edges == (0.1,)
    assert Band(-1.0, 2.0).edges == (-1.0, 2.0)


@pytest.mark.parametrize(
    ("band", "text"),
    [
        (Band(0.1, math.inf), ">= 0.1"),
        (Band(-math.inf, 1e-5), "<= 1e-05"),
        (Band(-0.02, 0.02), "[-0.02, 0.02]"),
    ],
)
def test_a_band_as_text(band: Band, text: str) -> None:
    assert str(band) == text
