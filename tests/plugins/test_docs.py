"""The examples of docs/how_to/items.md work as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from suite import frameworks, plugins
from suite.assessing.draws import dataset, initializer
from suite.assessing.layers import normalization, optimizer
from suite.catalogue.initializers import INITIALIZERS
from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.studies import STUDIES
from suite.types import Framework, Status
from tests.support import ROOT
from tests.support.plugins import write


def block(holds: str) -> str:
    """Return the Python example that holds some text."""
    text = (ROOT / "docs" / "how_to" / "items.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize(
    ("holds", "broken"),
    [
        ("WHOLE_LECUN", lambda framework: initializer("my:whole_lecun", framework)),
        ("STRIPES", lambda framework: dataset("my:stripes")),
        ("BY_SAMPLE", lambda framework: normalization("my:by_sample", framework)),
        ("DESCENT", lambda framework: optimizer("my:descent", framework)),
    ],
)
@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_each_kind_of_item_keeps_its_contract(
    holds: str, broken: Callable[[Framework], Iterator[str]], framework: str, tmp_path: Path
) -> None:
    with plugins.loaded([plugins.find(str(write(tmp_path, block(holds))))]):
        assert list(broken(frameworks.load(framework))) == []


def test_the_initializer_is_loaded(tmp_path: Path) -> None:
    with plugins.loaded([plugins.find(str(write(tmp_path, block("unit_variance"))))]):
        assert INITIALIZERS["my:lsuv"].adjust is not None
