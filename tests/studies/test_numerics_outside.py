"""Formulas from outside in the study ``numerics``: every narrow type, double where it is exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from suite.catalogue.activations import ACTIVATIONS, Activation
from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.plugins.loading import forget
from suite.studies import STUDIES


@pytest.fixture(autouse=True)
def _brought() -> Iterator[None]:
    exact = Activation(
        "my:exact", "a test", np.tanh, exact=lambda mp, x: (mp.tanh(x), mp.sech(x) ** 2)
    )
    for entry in (exact, Activation("my:rounded", "a test", np.tanh)):
        ACTIVATIONS.bring(entry)
    yield
    for name in ("my:exact", "my:rounded"):
        ACTIVATIONS.take_away(name)
    forget()


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_double_precision_is_judged_where_an_exact_form_is_given(framework: str) -> None:
    study = STUDIES["numerics"]
    chosen = grids.parse_overrides(
        ["formula=my:exact,my:rounded", "float_type=double,single"], [study]
    )
    found = {}
    for stack in grids.stacks(study, grids.Selection("standard", (framework,), chosen)):
        measurement, _ = measure(stack, root=0)
        for member, status in zip(stack.members, measurement.status, strict=True):
            found[member.cell.text("formula"), member.cell.text("float_type")] = str(status)
        assert (measurement.tables[0].columns["value_usual_ulps"] < 10.0).all()
    assert found == {
        ("my:exact", "double"): "ok",
        ("my:rounded", "double"): "unsupported",
        ("my:exact", "single"): "ok",
        ("my:rounded", "single"): "ok",
    }
