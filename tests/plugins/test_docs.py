"""The examples of docs/plugins.md work as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from suite import plugins
from suite.catalogue.initializers import INITIALIZERS
from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.studies import STUDIES
from suite.types import Status
from tests.support import ROOT
from tests.support.plugins import write


def block(holds: str) -> str:
    """Return the Python example that holds some text."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    (found,) = (b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if holds in b)
    return str(found)


def test_the_study_measures_and_its_claim_is_well_stated(tmp_path: Path) -> None:
    source = plugins.find(str(write(tmp_path, block("class Steepness"))))
    with plugins.loaded([source]):
        selection = grids.Selection("quick", ("numpy",))
        (stack, *_) = grids.stacks(STUDIES["my:steepness"], selection)
        measurement, _ = measure(stack, root=0)
        assert set(measurement.status) == {Status.OK}
        np.testing.assert_array_equal(measurement.tables[0].columns["my:steepest"], 1.0)
        assert [claim.id for claim in plugins.brought_claims()] == ["my:tanh-never-above-one"]


def test_the_initializer_is_loaded(tmp_path: Path) -> None:
    with plugins.loaded([plugins.find(str(write(tmp_path, block("unit_variance"))))]):
        assert INITIALIZERS["my:lsuv"].adjust is not None
