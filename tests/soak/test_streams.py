"""The random streams that the studies really use: none is shared by accident."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from suite import seeds
from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.studies import STUDIES

pytestmark = pytest.mark.soak

OWN = {
    "noise",
    "object",
    "made",
    "shifted",
    "ties",
    "factors",
    "normalization",
    "start",
    "noise_batches",
}
"""Purposes whose streams each belong to one study. The others are data, weights and inputs that
several studies have in common, as the table in ``seeds`` says."""


def test_streams_are_distinct_and_no_study_uses_those_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Measure one stack of every study and framework, with two seeds."""
    users: dict[tuple[str, tuple[tuple[str, Any], ...]], set[str]] = defaultdict(set)
    streams: dict[bytes, set[Any]] = defaultdict(set)
    numbers: dict[int, set[Any]] = defaultdict(set)
    study = ""
    plain, drawn = seeds._digest, seeds.integer

    def digest(root: int, purpose: str, axes: dict[str, int | str]) -> bytes:
        key = (purpose, tuple(sorted(axes.items())))
        users[key].add(study)
        stream = plain(root, purpose, axes)
        streams[stream].add(key)
        return stream

    def integer(root: int, purpose: str, **axes: int | str) -> int:
        number = drawn(root, purpose, **axes)
        numbers[number].add((purpose, tuple(sorted(axes.items()))))
        return number

    monkeypatch.setattr(seeds, "_digest", digest)
    monkeypatch.setattr(seeds, "integer", integer)
    for study in STUDIES.names:
        selection = grids.Selection("quick", ("torch", "tensorflow"), seeds=2)
        for framework in ("numpy", "torch", "tensorflow"):
            stacks = [
                s for s in grids.stacks(STUDIES[study], selection) if s.framework == framework
            ]
            for stack in stacks[:1]:
                short = tuple(m for m in stack.members if m.seed < 2)
                measured, _ = measure(replace(stack, members=short), 0)
                assert "failed" not in measured.status
    assert len({purpose for purpose, _ in users}) > len(seeds.PURPOSES) / 2  # it did record
    assert all(len(keys) == 1 for keys in streams.values())
    assert all(len(keys) == 1 for keys in numbers.values())  # 31 bits: by chance 1 in 10^5
    for (purpose, axes), studies in users.items():
        if purpose in OWN:
            assert len(studies) == 1, (purpose, axes, studies)
