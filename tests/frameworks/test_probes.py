"""Probes: each home is compared with its Protocols, and declares what it lacks as a gap."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import pytest

from suite import frameworks, probes
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.kernels import KERNELS
from suite.catalogue.methods import METHODS
from suite.catalogue.optimizers import SETTINGS
from suite.catalogue.step_forms import Forms
from suite.catalogue.step_options import OPTIONS
from suite.frameworks import timing
from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.probes.defaults import DefaultNumbers
from suite.probes.elementwise import Elementwise
from suite.probes.idioms import Mechanisms
from suite.probes.initializers import LayerDraws
from suite.probes.signals import Signals
from suite.studies import STUDIES, idioms, initializers
from suite.types import PROFILES, Cell, Study, Unsupported, UserError
from tests.support import NATIVE, ROOT
from tests.support.framework_tasks import make_task


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(probes.__path__):
        yield importlib.import_module(f"suite.probes.{found.name}")


FUNCTIONS = {
    probes.name(function)
    for module in modules()
    for _, protocol in inspect.getmembers(module, inspect.isclass)
    if protocol.__module__ == module.__name__
    for _, function in inspect.getmembers(protocol, inspect.isfunction)
    if function.__module__ == module.__name__ and not function.__name__.startswith("_")
}
"""Every function of every Protocol, as "topic.function"."""


def home(framework: str) -> Path:
    return ROOT / "suite" / "frameworks" / framework / "probes"


def homes(framework: str) -> list[Path]:
    """Return the folder of a framework's own probes, and that of those that it shares."""
    shared = FRAMEWORKS[framework].shared_probes
    return [home(framework)] + ([ROOT / shared.replace(".", "/")] if shared else [])


# --- what mypy compares ------------------------------------------------------------------------


@pytest.mark.parametrize("framework", [*FRAMEWORKS.names, "keras"])
def test_mypy_sees_every_module_of_probes(framework: str) -> None:
    """Each stands on the right of an annotated assignment, whose annotation is a Protocol of the
    topic."""
    topics = {path.stem for path in home(framework).glob("*.py")} - {"__init__"}
    tree = ast.parse((home(framework) / "__init__.py").read_text(encoding="utf-8"))
    origin = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    compared = {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Name)
        and isinstance(node.annotation, ast.Name)
        and origin[node.annotation.id] == f"suite.probes.{node.value.id}"
    }
    assert compared == topics


# --- looking up --------------------------------------------------------------------------------


def test_an_unknown_function_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown probe 'signals' in numpy 'jacobain'.*'jacobian'"):
        _ = frameworks.probe("numpy", Signals).jacobain  # type: ignore[attr-defined]


def test_an_unknown_topic_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Signals, "__module__", "suite.probes.signal")
    with pytest.raises(UserError, match=r"unknown topic of probes in numpy 'signal'.*'signals'"):
        frameworks.probe("numpy", Signals)


def test_a_declared_gap_is_unsupported_with_its_reason() -> None:
    """The oracle has no file for one topic, and lacks a function in the file of another."""
    gaps = FRAMEWORKS["numpy"].gaps
    with pytest.raises(Unsupported) as topic:
        frameworks.probe("numpy", DefaultNumbers).value("adam.epsilon", 0)
    assert str(topic.value) == gaps["defaults.value"]
    with pytest.raises(Unsupported) as function:
        frameworks.probe("numpy", Mechanisms).attempt("object_call")
    assert str(function.value) == gaps["idioms.attempt"]


def test_each_call_of_a_timed_probe_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = timing.Clock(iter([0.0, 1.0, 1.0, 3.0, 9.0]).__next__)
    monkeypatch.setattr(timing, "clock", clock)
    smallest = timing.Timed(frameworks.load("numpy")).probe(Signals).smallest
    assert [smallest("single"), smallest("double")] == [2.0**-149, 2.0**-1074]
    assert clock.take() == {"probe": 3.0}


# --- gaps --------------------------------------------------------------------------------------


def cells(study: Study, framework: str) -> list[Cell]:
    """Return every cell of a study's largest profile in a framework."""
    return list(grids.cells(study, grids.Selection(PROFILES[-1], (framework,))))


def cases(study: Study) -> set[str]:
    """Return the gaps that a framework may declare for a study: the values of its local axes."""
    return {
        f"{study.name}.{value}"
        for cell in cells(study, "numpy")
        for axis, value in cell.values
        if axis in ("case", "layer_kind", "shape")
    }


def test_every_gap_names_a_function_a_case_or_a_choice() -> None:
    choices = {f"settings.{name}" for name in SETTINGS} | {"precision.single", "precision.double"}
    steps = {f"step.{name}" for name in (*METHODS.names, *OPTIONS.names)}
    steps |= {f"step.{method}.{option}" for method in METHODS.names for option in OPTIONS.names}
    known = FUNCTIONS.union(choices, steps, *map(cases, STUDIES))
    assert {gap for entry in FRAMEWORKS for gap in entry.gaps} <= known


def test_mixed_forms_of_a_step_name_every_part_and_what_exists() -> None:
    mixed = [entry.step_forms for entry in FRAMEWORKS if entry.step_forms]
    assert mixed
    known = {"", *METHODS.names, *OPTIONS.names}
    for forms in mixed:
        assert list(forms) == [part.name for part in fields(Forms)]
        tables = [table for table in forms.values() if not isinstance(table, str)]
        assert set().union(*tables) <= known


@pytest.mark.parametrize("framework", FRAMEWORKS.names)
def test_a_gap_in_the_probes_is_one(framework: str) -> None:
    """A framework has each function that a study needs, or declares it as a gap, and never both."""
    needed = {probes.name(Elementwise.seconds)}  # of no study, but of the passport of an item
    needed |= {
        probes.name(function)
        for study in STUDIES
        for cell in cells(study, framework)
        for function in study.probes(cell)
    }
    missing = set()
    for name in needed:
        topic, _, function = name.partition(".")
        paths = [path / f"{topic}.py" for path in homes(framework)]
        found = next((path.read_text(encoding="utf-8") for path in paths if path.exists()), "")
        tree = ast.parse(found)
        if function not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            missing.add(name)
    assert missing == set(FRAMEWORKS[framework].gaps) & FUNCTIONS


def kinds_shape(kind: str) -> tuple[int, ...]:
    return initializers.sizes(initializers.KINDS[kind])


def measured(framework: str, study: str, case: str) -> object:
    """Measure a case that a framework declares as a gap."""
    home = frameworks.load(framework)
    if study in ("settings", "precision"):
        return list(home.train(replace(make_task(), **{study: case})))  # type: ignore[arg-type]
    if study == "initializers" and case in KERNELS:
        return home.probe(LayerDraws).draw(case, kinds_shape(case), "default", 0)
    if study == "initializers":
        return home.probe(LayerDraws).sharing(case, [(2, 3), (3, 2)], 0)
    assert study == "idioms"
    if case in idioms.STARTS:
        return home.probe(Mechanisms).initialise(case, idioms.SHAPES, 0)
    return home.probe(Mechanisms).attempt(case)


OF_CASES = [
    (name, gap)
    for name in ("numpy", *NATIVE)
    for gap in FRAMEWORKS[name].gaps
    # The steps that a framework lacks are compared with the formulas: see its own tests.
    if gap not in FUNCTIONS and not gap.startswith("step.")
]


@pytest.mark.parametrize(("framework", "gap"), OF_CASES)
def test_a_gap_in_a_case_is_one(framework: str, gap: str) -> None:
    """If the framework learned to do it, this test would ask for the gap to be removed."""
    study, _, case = gap.partition(".")
    with pytest.raises(UserError, match=case):
        measured(framework, study, case)


def looked_up(study: Study) -> Iterator[tuple[str, str]]:
    """Yield the owner and the name of each probe in a study's files: of the expression
    ``lab.oracle.probe(Signals).smallest`` this is "lab.oracle" and "signals.smallest".

    Every look-up has this form, so that none is overlooked.
    """
    package = importlib.import_module(f"suite.studies.{study.name}")
    path = Path(str(package.__file__))
    for file in path.parent.glob("*.py") if path.name == "__init__.py" else [path]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        count = 0
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(
                    value=ast.Call(
                        func=ast.Attribute(value=owner, attr="probe"), args=[ast.Name(id=topic)]
                    ),
                    attr=function,
                ):
                    count += 1
                    protocol = getattr(package, topic)
                    yield ast.unparse(owner), probes.name(getattr(protocol, function))
        assert count == sum(
            isinstance(node, ast.Attribute) and node.attr == "probe" for node in ast.walk(tree)
        )


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_study_names_the_probes_that_it_calls(study: Study) -> None:
    called = {name for owner, name in looked_up(study) if not owner.endswith("oracle")}
    named = {
        probes.name(function) for cell in cells(study, "torch") for function in study.probes(cell)
    }
    assert called == named


def test_a_gap_met_in_a_measurement_is_unsupported() -> None:
    """The oracle raises Unsupported for batch normalization, which no plan excludes."""
    (stack, *_) = grids.stacks(
        STUDIES["rescue"], grids.Selection("quick", ("numpy",), {"normalization": ("batch",)}, 1)
    )
    measured, kept = measure(stack, 0)
    assert set(measured.status) == {"unsupported"}
    assert "without normalization" in measured.reason[0]
    assert kept == []
