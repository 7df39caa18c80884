"""Every stored column of every study against its slow twin in ``twins/``."""

from __future__ import annotations

import functools
import importlib
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from suite.studies import STUDIES
from suite.types import Status
from tests.studies.twins import __path__ as folders
from tests.studies.twins.run import Columns, Run, measure, stack_of

SHARED = {"__init__", "run", "common", "scores", "signals"}
"""The files of ``twins`` that are not of one study."""
TWINS = {path.stem for path in Path(folders[0]).glob("*.py")} - SHARED


def twin(study: str) -> ModuleType:
    return importlib.import_module(f"tests.studies.twins.{study}")


def single_threaded() -> AbstractContextManager[object]:
    """Return a context in which linear algebra takes one thread: on small arrays more are slower.

    The package comes with scikit-learn.
    """
    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


@functools.cache
def runs(study: str) -> tuple[Run, ...]:
    """Measure a stack of each grid of a study's twin."""
    framework = getattr(twin(study), "FRAMEWORK", "numpy")
    seeds = getattr(twin(study), "SEEDS", (0, 1))
    parts = {
        name.lower(): getattr(twin(study), name)
        for name in ("SCRIPT", "PROBES", "ORACLE_PROBES")
        if hasattr(twin(study), name)
    }
    with single_threaded():
        return tuple(
            measure(STUDIES[study], stack_of(STUDIES[study], axes, seeds, framework), **parts)
            for axes in twin(study).GRIDS
        )


@functools.cache
def expected(study: str) -> tuple[Columns, ...]:
    """Return the columns of the twin for each run of ``runs``."""
    measured = runs(study)
    with single_threaded():
        return tuple(twin(study).columns(run) for run in measured)


def test_every_study_has_a_twin() -> None:
    assert set(STUDIES.names) == TWINS


@pytest.mark.parametrize("study", STUDIES.names)
def test_every_column_has_a_twin(study: str) -> None:
    """Together the grids store every metric of every table, and each stored column has a twin."""
    stored: set[tuple[str, str]] = set()
    for run, columns in zip(runs(study), expected(study), strict=True):
        found = {(table, name) for table, part in run.stored.items() for name in part}
        twins = {(table, name) for table, part in columns.items() for name in part}
        assert found == twins, study
        stored |= found
    assert stored == {
        (spec.name, metric) for spec in STUDIES[study].tables for metric in spec.metrics
    }


@pytest.mark.parametrize("study", STUDIES.names)
def test_columns_are_those_of_the_twin(study: str) -> None:
    for run, columns in zip(runs(study), expected(study), strict=True):
        for table, part in columns.items():
            for name, values in part.items():
                np.testing.assert_allclose(
                    run.stored[table][name],
                    values,
                    rtol=1e-9,
                    atol=1e-12,
                    err_msg=f"{table}.{name}",
                )


@pytest.mark.parametrize("study", STUDIES.names)
def test_a_member_diverges_by_its_own_numbers(study: str) -> None:
    """A run is diverged where a number that ``finite`` of the twin names is inf or NaN, and the
    twin's grids have such a run and others, unless none of the study's can diverge."""
    ends = set()
    for run in runs(study):
        finite = getattr(twin(study), "finite", lambda run, k: True)
        for k, (status, reason) in enumerate(
            zip(run.measurement.status, run.measurement.reason, strict=True)
        ):
            assert status == (Status.OK if finite(run, k) else Status.DIVERGED), (study, k)
            assert bool(reason) == (status == Status.DIVERGED) or study == "idioms"
            ends.add(status)
    assert ends == ({Status.OK, Status.DIVERGED} if hasattr(twin(study), "finite") else {Status.OK})
