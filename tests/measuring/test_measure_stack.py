"""Measuring one stack in this process, as one does in a debugger."""

from __future__ import annotations

import doctest

from suite.measuring import measure_stack


def test_the_example_in_the_documentation_of_measure_runs() -> None:
    outcome = doctest.testmod(measure_stack)
    assert outcome.attempted >= 8
    assert outcome.failed == 0
