"""The table of frameworks: loading by name, and what an entry declares."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from importlib.machinery import ModuleSpec

import pytest

from suite import frameworks
from suite.catalogue import activations, initializers
from suite.catalogue.frameworks import FRAMEWORKS, entry_of, installed
from suite.catalogue.rates import Rates
from suite.commands.selection import frameworks_to_measure
from suite.measuring import environment
from suite.measuring.environment import environment_of
from suite.measuring.executors import local
from suite.planning import grids
from suite.studies import STUDIES
from suite.types import UserError
from tests.support import NATIVE


@pytest.mark.parametrize("name", ["numpy", *NATIVE])
def test_every_framework_of_the_table_loads(name: str) -> None:
    framework = frameworks.load(name)
    assert framework.name == name
    assert name in installed()


def test_an_unknown_framework_says_which_there_are() -> None:
    with pytest.raises(UserError, match=r"did you mean 'torch'\? \(allowed: numpy, torch"):
        frameworks.load("pytorch")


def test_a_missing_framework_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == "keras" else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert installed()[:2] == ("numpy", "torch")
    assert "tensorflow" not in installed()
    with pytest.raises(UserError, match=r"pip install 'init-suite\[tensorflow\]'") as error:
        frameworks.load("tensorflow")
    assert "\n" not in str(error.value)


def test_reading_the_catalogues_imports_nothing_heavy() -> None:
    """A fresh interpreter resolves every activation and initializer and lists every name."""
    code = """
import sys
from suite import frameworks
from suite.catalogue import activations, datasets, initializers, optimizers
from suite.catalogue.frameworks import installed
installed()
frameworks.load("numpy")
[activations.resolve(name) for name in activations.ACTIVATIONS.names]
[entry.native("torch") for entry in optimizers.OPTIMIZERS]
[initializers.resolve("normal(1)").draw(__import__("numpy").random.default_rng(0), 2, 2)]
heavy = {"torch", "tensorflow", "keras", "scipy", "sklearn", "pandas", "matplotlib"}
print(sorted(heavy & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_a_worker_has_the_environment_of_the_frameworks_that_it_measures() -> None:
    alone = environment_of(["torch"])
    assert (alone["MKL_CBWR"], "KERAS_BACKEND" in alone) == ("AUTO", False)
    assert environment_of(["torch", "tensorflow"]) == alone | environment_of(["tensorflow"])


def test_two_frameworks_that_need_other_values_cannot_share_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = replace(FRAMEWORKS["tensorflow"], name="other", environment={"KERAS_BACKEND": "jax"})
    monkeypatch.setitem(FRAMEWORKS._entries, "other", other)
    sentence = "tensorflow needs KERAS_BACKEND=tensorflow, and other needs KERAS_BACKEND=jax"
    with pytest.raises(ValueError, match=sentence):
        environment_of(["torch", "tensorflow", "other"])
    assert environment_of(["torch", "other"])["KERAS_BACKEND"] == "jax"


def test_a_kind_of_process_has_the_environment_of_its_own_frameworks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What one sets reaches the processes of no other, and the manifest of a run with both."""
    other = replace(
        FRAMEWORKS["tensorflow"],
        name="another",
        process="alone",
        environment={"KERAS_BACKEND": "jax", "ANOTHER": "1"},
    )
    usual = environment.worker()
    monkeypatch.setitem(FRAMEWORKS._entries, "another", other)
    assert environment.worker() == usual
    assert environment.worker("alone") == environment_of(["another"])
    inherited = (os.environ.get("KERAS_BACKEND"), os.environ.get("ANOTHER"))
    with local._worker_settings("alone"):
        assert (os.environ["KERAS_BACKEND"], os.environ["ANOTHER"]) == ("jax", "1")
    assert (os.environ.get("KERAS_BACKEND"), os.environ.get("ANOTHER")) == inherited
    added = {"alone.KERAS_BACKEND": "jax", "alone.ANOTHER": "1"}
    both = environment.determinism(("torch", "another"))
    assert both == environment.determinism(("torch",)) | added | {
        "tensorflow.config.experimental.enable_op_determinism": "called"
    }


def test_a_framework_by_name_is_measured_only_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(
        FRAMEWORKS._entries, "tensorflow", replace(FRAMEWORKS["tensorflow"], by_name=True)
    )
    assert frameworks_to_measure(None) == ("torch",)
    assert frameworks_to_measure(("tensorflow", "torch")) == ("tensorflow", "torch")
    assert "tensorflow" in installed()


def test_a_framework_may_have_one_form_for_each_optimizer() -> None:
    entry = replace(FRAMEWORKS["torch"], formulas={"adam": "torch", "rmsprop": "keras"})
    forms = [entry.form(name) for name in ("adam(0.01)", "rmsprop", "sgd(0.1, 0.9)")]
    assert forms == ["torch", "keras", None]
    assert FRAMEWORKS["tensorflow"].form("anything") == "keras"


def test_a_gap_is_an_unsupported_run_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    study = STUDIES["descent"]
    entry = replace(FRAMEWORKS["numpy"], gaps={"descent.noise": "no demo here"})
    monkeypatch.setitem(FRAMEWORKS._entries, "numpy", entry)
    for stack in grids.stacks(study, grids.Selection("quick", ("numpy",), seeds=1)):
        expected = "no demo here" if dict(stack.shared)["case"] == "noise" else None
        assert grids.supported(study, stack)[1] == [expected]


def test_a_precision_may_be_a_gap() -> None:
    """No worker is started for it."""
    chosen = {"precision": ("single", "double")}
    selection = grids.Selection("standard", ("keras_torch",), chosen, seeds=1)
    reasons = {
        cell["precision"]: grids.unsupported(STUDIES["symmetry"], cell)
        for cell in grids.cells(STUDIES["symmetry"], selection)
        if grids.unsupported(STUDIES["symmetry"], cell) is None or cell["precision"] == "double"
    }
    assert reasons["single"] is None
    assert "in single precision" in str(reasons["double"])


def test_the_objects_of_keras_are_those_of_every_backend() -> None:
    names = ("tensorflow", "keras_torch", "keras_jax")
    for resolve, name in ((activations.resolve, "elu"), (initializers.resolve, "he_normal")):
        first, *others = (resolve(name).native(framework) for framework in names)
        assert others == [first, first]
    laws = [initializers.resolve("default").law(framework) for framework in names]
    assert len({law.variance(3, 4) for law in laws}) == 1


def test_a_framework_that_left_the_table_can_still_be_planned() -> None:
    """Old results may have its stacks: they get torch's rates, no gaps, and are not installed."""
    study = STUDIES["parity"]
    stack = grids.stacks(study, grids.Selection("quick", ("torch",)))[0]
    gone = replace(stack, framework="gone")
    unlike_torch = replace(FRAMEWORKS["torch"].rates.training, compiled=None)
    assert entry_of("gone").rates.training == unlike_torch
    assert study.cost(gone).seconds > 0
    assert not entry_of("gone").installed
    assert environment.versions(("gone",)).keys() == environment.versions(()).keys()


def test_the_cost_of_a_framework_follows_its_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    study = STUDIES["parity"]
    stack = grids.stacks(study, grids.Selection("quick", ("tensorflow",)))[0]
    before = study.cost(stack).seconds
    monkeypatch.setitem(
        FRAMEWORKS._entries, "tensorflow", replace(FRAMEWORKS["tensorflow"], rates=Rates())
    )
    torch = replace(stack, framework="torch")
    assert before != study.cost(stack).seconds == study.cost(torch).seconds
