"""A defect in small values that is mended, or comes, is a change and not "same"."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from suite.commands.main import main
from suite.judging.verdicts import to_frame
from suite.metrics import METRICS


def folder(path: Path, study: str, axes: dict[str, str], metrics: dict[str, float]) -> Path:
    """Write a results folder with one cell of one study, measured with 20 seeds, or with the one
    seed of a study without chance."""
    seeds = 1 if study == "numerics" else 20
    row = {**axes, "seed": 0, "status": "ok", "reason": "", **metrics}
    rows = pd.DataFrame([row | {"seed": seed} for seed in range(seeds)])
    (path / study).mkdir(parents=True)
    rows.to_csv(path / study / "runs.csv", index=False)
    manifest = {
        "schema": 1,
        "command": ["suite"],
        "profile": "standard",
        "studies": [study],
        "frameworks": ["torch"],
        "overrides": {},
        "seeds": None,
        "root_seed": 0,
        "expected": {},
        "versions": {"torch": "2.13.0"},
        "platform": {"cpu": "x"},
        "packages": [],
        "definitions": {name: METRICS[name].defined for name in metrics},
    }
    (path / "claims.csv").write_text(to_frame([]).to_csv(index=False))
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


CASES = (
    # torch's GELU: the tail is 0, and is mended. The absolute error is below its tolerance.
    ("curves", "activation_value_relative", 1.0, 3.7e-6, "improved"),
    ("curves", "activation_slope_relative", 1.0, 2.1e-5, "improved"),
    ("curves", "activation_value_error", 1.64e-7, 1.2e-7, "same"),
    ("curves", "chain_slope", 9.5e-7, 3.9e-7, "changed"),
    ("curves", "tail_slope", 4.5e-7, 0.0, "changed"),
    ("numerics", "value_usual_ulps", 1.67e7, 2.5, "improved"),
    ("numerics", "value_usual_ulps", 2.5, 1.67e7, "worsened"),
    ("numerics", "value_usual_ulps", 62.46, 62.49, "same"),
    ("numerics", "value_largest_lost", 7.4e-8, 0.0, "improved"),
    ("numerics", "value_ulps_at", -5.5, -10.0, "same"),
)


@pytest.mark.parametrize(("study", "metric", "before", "after", "kind"), CASES)
def test_a_defect_of_small_values(
    study: str,
    metric: str,
    before: float,
    after: float,
    kind: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    axes = {"framework": "torch", "activation": "gelu"}
    if study == "numerics":
        axes = {"framework": "torch", "formula": "gelu", "float_type": "single"}
    folders = [
        folder(tmp_path / name, study, axes, {metric: value})
        for name, value in (("a", before), ("b", after))
    ]
    main(["compare", *map(str, folders), "--json"])
    rows = json.loads(capsys.readouterr().out)["metrics"]
    (row,) = [row for row in rows if row["metric"] == metric]
    assert row["kind"] == kind
