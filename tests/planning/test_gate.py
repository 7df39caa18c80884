"""The upgrade gate measures every entry of every catalogue where its likely mistakes show.

Only plans are read: no framework is needed. An entry that is new and in no cell of the gate fails.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator

import pytest

from suite.catalogue import activations, initializers, optimizers, step_options
from suite.catalogue.datasets import DATASETS
from suite.catalogue.frameworks import by_default
from suite.catalogue.kernels import KERNELS
from suite.catalogue.methods import METHODS
from suite.catalogue.normalizations import LAYERS, NORMALIZATIONS
from suite.catalogue.step_options import OPTIONS
from suite.planning import grids
from suite.planning.axes import AXES
from suite.studies import GATE, STUDIES, defaults
from suite.studies.initializers import sizes
from suite.types import Cell

NATIVE = tuple(entry.name for entry in by_default())
AS_OPTIONS = {
    "norm": "clip_global",
    "value": "clip_value",
    "step": "staircase",
    "exponential": "exponential",
}
"""Rules of clipping and of the learning rate -> the option under which the gate steps them."""


@functools.cache
def planned(framework: str, studies: tuple[str, ...] = GATE) -> list[Cell]:
    """The cells that the gate measures with a framework."""
    selection = grids.Selection("quick", (framework,))
    chosen = [grids.stacks(STUDIES[name], selection) for name in studies]
    return [
        member.cell
        for study, stacks in zip(studies, chosen, strict=True)
        for stack in stacks
        for member in grids.supported(STUDIES[study], stack)[0].members
    ]


def by_both_fans(cell: Cell) -> bool:
    """Whether exchanged fans would change the law of the cell's kernel."""
    fan_in, fan_out = KERNELS[cell.text("layer_kind")].fans(*sizes(cell.text("shape")))
    return fan_in != fan_out


def lacks(framework: str, kind: str) -> bool:
    """Whether a planned cell of a kind of kernel is unsupported, because the framework has no such
    layer."""
    study = STUDIES["initializers"]
    cells = grids.cells(study, grids.Selection("quick", (framework,)))
    reasons = [grids.unsupported(study, cell) for cell in cells if cell["layer_kind"] == kind]
    return bool(reasons) and None not in reasons


def uncovered(framework: str, cells: Collection[Cell]) -> Iterator[str]:
    """The entries of the catalogues that a framework has and none of the cells measures."""

    def values(
        study: str, axis: str, where: Callable[[Cell], bool] = lambda cell: True
    ) -> set[str]:
        return {cell.text(axis) for cell in cells if cell.study == study and where(cell)}

    def missing(kind: str, names: Collection[str], measured: Collection[str]) -> Iterator[str]:
        for name in names:
            undeclared = AXES[kind].undeclared(name, framework) if kind in AXES else None
            if name not in measured and undeclared is None:
                yield f"{kind} {name}"

    yield from missing("activation", activations.ACTIVATIONS.names, values("numerics", "formula"))
    yield from missing("activation", activations.ACTIVATIONS.names, values("curves", "activation"))

    def entries(names: Collection[str]) -> set[str]:
        return {initializers.resolve(name).entry.name for name in names}

    kernels = values("initializers", "initializer", lambda cell: cell.text("layer_kind") in KERNELS)
    rectangular = values(
        "initializers",
        "initializer",
        lambda cell: cell["layer_kind"] == "dense" and by_both_fans(cell),
    )
    biases = values("initializers", "bias") - {initializers.UNSET}
    for entry in initializers.INITIALIZERS:
        drawn = rectangular if entry.random else kernels | biases
        if entry.name not in entries(drawn):
            yield f"initializer {entry.name}"
    kinds = values("initializers", "layer_kind")
    gaps = [kind for kind in KERNELS.names if kind not in kinds and lacks(framework, kind)]
    yield from missing("kind of kernel", KERNELS.names, kinds | set(gaps))

    settings = [step_options.resolve(name) for name in values("optimizers", "case")]
    options = {option.name for setting in settings for option in setting.options}
    yield from missing("method", METHODS.names, {setting.method.name for setting in settings})
    yield from missing("option", OPTIONS.names, options)
    rules = [*optimizers.CLIPPING.names, *optimizers.SCHEDULES.names]
    stepped = [rule for rule in rules if AS_OPTIONS.get(rule) in options]
    yield from missing(
        "rule", [rule for rule in rules if rule not in ("none", "constant")], stepped
    )
    yield from missing("optimizer", optimizers.OPTIMIZERS.names, values("parity", "optimizer"))

    for settings_of in ("common", "default"):
        layers = values(
            "normalization",
            "layer_kind",
            lambda cell, settings_of=settings_of: cell["settings"] == settings_of,  # type: ignore[misc]
        )
        yield from missing(f"{settings_of} layer", LAYERS.names, layers)
    yield from missing("normalization", NORMALIZATIONS.names, values("rescue", "normalization"))
    yield from missing("dataset", DATASETS.names, values("rescue", "dataset"))
    read = [case for case in defaults.CASES if case not in defaults.DRAWN]
    yield from missing("default", read, values("defaults", "case"))


@pytest.mark.parametrize("framework", NATIVE)
def test_the_gate_measures_every_entry_of_every_catalogue(framework: str) -> None:
    assert list(uncovered(framework, planned(framework))) == []


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("numerics", "activation gelu"),
        ("curves", "activation gelu"),
        ("initializers", "initializer he_normal"),
        ("initializers", "initializer zeros"),
        ("initializers", "kind of kernel transposed"),
        ("optimizers", "method nadam"),
        ("optimizers", "option amsgrad"),
        ("optimizers", "rule step"),
        ("parity", "optimizer adam"),
        ("normalization", "default layer layer_dense"),
        ("rescue", "dataset digits"),
        ("rescue", "normalization batch"),
        ("defaults", "default adam.learning_rate"),
    ],
)
def test_what_no_cell_measures_is_named(left_out: str, said: str) -> None:
    studies = tuple(name for name in GATE if name != left_out)
    assert said in list(uncovered("torch", planned("torch", studies)))


def test_a_square_kernel_does_not_count() -> None:
    """Where both fans are equal, exchanged fans are not seen."""
    cells = [
        cell
        for cell in planned("torch")
        if cell.study != "initializers" or cell["layer_kind"] != "dense"
    ]
    assert "initializer he_normal" in list(uncovered("torch", cells))


def test_the_quick_profile_of_the_gate_is_what_its_name_selects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from suite.commands.main import main

    assert main(["plan", "gate", "--profile", "quick", "--frameworks", "torch"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:-1]
    assert {line.split()[0] for line in lines} == set(GATE)
