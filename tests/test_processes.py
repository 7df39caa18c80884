"""Processes that are started early import what they need, and end with their block."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.processes import helpers, others

ROOT = Path(__file__).parents[1]
SCRIPT = """
import os, sys
from suite.processes import helpers
with helpers(1, "colorsys") as pool:
    child = pool.submit(os.getpid).result()
    there = pool.submit(eval, "'colorsys' in __import__('sys').modules").result()
    print(child != os.getpid(), there, "colorsys" in sys.modules, child)
"""


def test_a_helper_imports_its_module_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    *told, child = done.stdout.split()
    assert told == ["True", "True", "False"], done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)


def test_no_helper_is_no_process() -> None:
    with helpers(0, "colorsys") as pool:
        assert pool is None


@pytest.mark.parametrize(("studies", "count"), [(3, 0), (30, 1)])
def test_a_short_page_is_drawn_alone(studies: int, count: int) -> None:
    assert others(2, [f"study-{n}" for n in range(studies)]) == count
