"""An entry of a catalogue costs one file: the suite is copied, and one entry is added to each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.support import ROOT

ENTRIES = {
    "activations.py": (
        "ACTIVATIONS",
        """
        Activation(
            name="new_activation",
            source="tanh",
            value=np.tanh,
            slope=_tanh_slope,
            native=lambda: natives(torch="torch:tanh", tensorflow="keras.activations:tanh"),
            bounded=True,
        ),
        Activation(
            name="squareplus",
            source="Barron 2021: (x + sqrt(x^2 + 4)) / 2; torch has none",
            value=lambda x: np.where(x > 0, x + np.hypot(x, 2), 4 / (np.hypot(x, 2) + abs(x))) / 2,
            slope=lambda x: np.where(
                x > 0,
                1 + np.abs(x) / np.hypot(x, 2),
                4 / (np.hypot(x, 2) * (np.hypot(x, 2) + abs(x))),
            )
            / 2,
            native=lambda: natives(tensorflow="keras.activations:squareplus"),
            defects={"tensorflow": (-30.0, 1e19)},
        ),""",
    ),
    "initializers.py": (
        "INITIALIZERS",
        """
        Initializer(
            name="new_initializer",
            source="N(0, 0.09)",
            law=lambda: Normal(lambda fan_in, fan_out: 0.09),
            native=lambda: natives(
                torch=("torch.nn.init:normal_", {"std": 0.3}),
                tensorflow=("keras.initializers:RandomNormal", {"stddev": 0.3}),
            ),
        ),""",
    ),
    "normalizations.py": (
        "NORMALIZATIONS",
        """
        replace(LAYERS["layer_dense"], name="new_normalization"),""",
    ),
    "datasets.py": (
        "DATASETS",
        """
        Dataset(
            name="new_dataset",
            source="three sectors of the plane",
            draw=lambda root, seed, split: (
                inputs := seeds.generator(root, split, seed=seed, dataset="new_dataset")
                .standard_normal((96, 2))
                .astype(np.float32),
                np.floor((np.arctan2(*inputs.T) / np.pi + 1) * 1.499).astype(np.float32),
            ),
            title="three sectors",
            features=2,
            points=96,
            outputs=3,
            loss="categorical",
        ),""",
    ),
    "optimizers.py": (
        "OPTIMIZERS",
        """
        Optimizer(
            name="new_optimizer",
            source="gradient descent",
            common={"learning_rate": 0.1},
            translate=lambda common: {
                "torch": ("torch.optim:SGD", {"lr": common["learning_rate"]}),
                "tensorflow": ("keras.optimizers:SGD", dict(common)),
            },
            formula=lambda form, learning_rate: lambda g: learning_rate * g,
        ),""",
    ),
}
"""File of ``suite/catalogue`` -> the registry in it, and an entry."""

AXES = {
    "activation": {"training", "propagation", "gains", "parity", "normalized", "digits", "curves"},
    "initializer": {"training", "propagation", "initializers"},
    "normalization": {"rescue", "normalized", "internal_shift"},
    "dataset": {"rescue", "remedies"},
    "optimizer": {"training", "digits"},
}
"""Axis -> studies whose profile full takes the registry of its values."""

SCRIPT = """
import json
import sys

from suite.measuring.measure_stack import measure
from suite.planning import grids
from suite.studies import STUDIES

axes = sys.argv[1:]
planned = {axis: [] for axis in axes}
for study in STUDIES:
    for cell in grids.cells(study, grids.Selection("full", ("torch",))):
        for axis, value in cell.values:
            if axis in axes and value == f"new_{axis}" and study.name not in planned[axis]:
                planned[axis].append(study.name)


def outcomes(study, frameworks, texts):
    study = STUDIES[study]
    chosen = grids.parse_overrides(texts, [study])
    selection = grids.Selection("quick", frameworks, chosen, seeds=2)
    measured = {}
    for stack in grids.stacks(study, selection):
        measurement, _ = measure(stack, root=0)
        columns = measurement.tables[0].columns if measurement.tables else {}
        measured[stack.framework] = [
            list(map(str, measurement.status)),
            list(measurement.reason),
            {name: list(map(float, column)) for name, column in columns.items()},
        ]
    return measured


every = [f"{axis}=new_{axis}" for axis in axes]
oracle = [text for text in every if "dataset" not in text and "normalization" not in text]
print(
    json.dumps(
        {
            "planned": planned,
            "all at once": outcomes("rescue", ("torch", "tensorflow"), [*every, "depth=2"]),
            "oracle": outcomes("training", ("numpy",), [*oracle, "depth=1", "weights=shared"]),
            "numerics": outcomes(
                "numerics",
                ("torch", "tensorflow"),
                ["formula=new_activation,squareplus", "float_type=single"],
            ),
            "curves": outcomes("curves", ("torch", "tensorflow"), ["activation=new_activation"]),
            "steps": outcomes("optimizers", ("torch", "tensorflow"), ["case=common_new_optimizer"]),
        }
    )
)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the suite plans and measures that has one more entry in each catalogue."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "suite", copy / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    for name, (registry, entry) in ENTRIES.items():
        file = copy / "suite" / "catalogue" / name
        before, opening, rest = file.read_text(encoding="utf-8").partition(f"{registry} = ")
        entries, closing, after = rest.partition("\n    ],\n)\n")
        assert opening
        assert closing
        file.write_text(before + opening + entries + entry + closing + after, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *AXES],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("axis", AXES)
def test_profile_full_takes_a_new_entry(axis: str, extended: dict[str, Any]) -> None:
    assert set(extended["planned"][axis]) >= AXES[axis]


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_a_stack_with_all_new_entries_is_measured(framework: str, extended: dict[str, Any]) -> None:
    status, reason, columns = extended["all at once"][framework]
    assert status == ["ok", "ok"], reason
    # Three sectors of the plane: guessing gives a third.
    assert min(columns["heldout_accuracy"]) > 0.5


def test_the_oracle_trains_with_the_new_entries(extended: dict[str, Any]) -> None:
    status, reason, _ = extended["oracle"]["numpy"]
    assert status == ["ok", "ok"], reason


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_an_activation_without_a_layer_is_measured_as_a_function(
    framework: str, extended: dict[str, Any]
) -> None:
    """It declares no layer: that column is NaN, and nothing fails."""
    status, reason, columns = extended["curves"][framework]
    assert status == ["ok", "ok"], reason
    assert max(columns["activation_value_error"]) < 2e-6
    assert max(columns["function_default_error"]) < 2e-6
    assert all(error != error for error in columns["layer_default_error"])


def test_an_activation_that_one_framework_lacks_and_the_other_gets_wrong_is_data(
    extended: dict[str, Any],
) -> None:
    """torch ships no squareplus; Keras' own squares x, and takes a difference for negative x.

    Neither needs a line outside the catalogue: the rows of torch are unsupported, and Keras' are
    numbers.
    """
    status, reason, columns = extended["numerics"]["torch"]
    assert status == ["ok", "ok", "unsupported", "unsupported"]
    assert "'squareplus' is not declared for framework 'torch'" in reason[2]
    assert columns["value_usual_ulps"][0] < 8
    status, reason, columns = extended["numerics"]["tensorflow"]
    assert status == ["ok"] * 4, reason
    assert columns["value_nonfinite"][0] == float("inf")
    assert 1e18 < columns["value_nonfinite"][2] < 1e20
    assert columns["value_lost_at"][2] < -1e3


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_the_steps_of_an_added_optimizer_are_compared_with_its_formula(
    framework: str, extended: dict[str, Any]
) -> None:
    status, reason, columns = extended["steps"][framework]
    assert set(status) == {"ok"}, reason
    assert max(columns["own_formula_distance"]) < 1e-10
