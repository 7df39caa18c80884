"""The data of the explorer: the rows and numbers of the folder, and commands that reach a cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from suite.planning import grids
from suite.planning.grids import Selection
from suite.report.explorer import explorer
from suite.results.folder import Results
from suite.results.tables import read_table
from suite.studies import STUDIES

QUICK = Path("results/reference/quick")


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """Return the explorer of the quick reference."""
    return explorer(QUICK, Results(QUICK).manifest())


def values_of(study: dict[str, Any], cell: int) -> dict[str, str]:
    """Return axis -> the text of its value in a cell."""
    return {
        axis["name"]: axis["values"][codes[cell]]
        for axis, codes in zip(study["axes"], study["cells"], strict=True)
    }


def row_cells(study: dict[str, Any]) -> list[int]:
    """Return the cell of each row."""
    return [cell for cell, size in enumerate(study["sizes"]) for _ in range(size)]


def number(text: str, single: bool) -> float | None:
    """Return a stored number as the script reads it; None for an empty field."""
    if text == "-":
        return None
    return float(np.float32(text)) if single else float(text)


def test_the_studies_with_maps_are_explored(shown: dict[str, Any]) -> None:
    names = [study["name"] for study in shown["studies"]]
    assert names[0] == "training"
    assert {"training", "propagation", "parity"} <= set(names)
    json.dumps(shown, allow_nan=False)
    for study in shown["studies"]:  # the seeds behind a share can be drawn
        metrics = {metric["name"] for metric in study["metrics"]}
        assert {m["counts"] for m in study["metrics"] if m["counts"]} <= metrics


def compare_rows(study: dict[str, Any], table: pd.DataFrame) -> None:
    """Compare the rows of a study of the explorer with those of its table."""
    axes = [axis["name"] for axis in study["axes"]]
    keys = list(table[axes].astype(str).itertuples(index=False, name=None))
    found = {
        (*values_of(study, cell).values(), seed): row
        for row, (cell, seed) in enumerate(zip(row_cells(study), study["seeds"], strict=True))
    }
    assert len(found) == len(table)
    for metric in study["metrics"]:
        if metric["counts"]:
            continue
        texts = metric["values"].split(" ")
        stored = table[metric["name"]].to_list()
        for key, seed, value in zip(keys, table["seed"], stored, strict=True):
            again = number(texts[found[*key, seed]], metric["single"])
            if again is None or np.isnan(again):
                assert np.isnan(value)
            else:
                assert again == value, (metric["name"], key, seed)


@pytest.mark.parametrize("name", ["training", "propagation", "parity"])
def test_every_row_is_there_to_the_bit(shown: dict[str, Any], name: str) -> None:
    study = next(study for study in shown["studies"] if study["name"] == name)
    compare_rows(study, read_table(QUICK / name / "runs.csv"))


def test_rows_of_cells_with_unequal_numbers_of_seeds_stay_with_their_cell(tmp_path: Path) -> None:
    folder, table = changed(tmp_path)
    cell = table.groupby(["framework", "activation", "initializer", "depth", "weights"]).ngroup()
    kept = table[table["seed"] < 2 + cell % 5]
    # Seed by seed, so that the rows of a cell stand apart in the table.
    table = kept.sort_values("seed", kind="stable", ignore_index=True)
    write(folder, table)
    (study,) = explorer(folder, manifest_of(folder))["studies"]
    assert len({*study["sizes"]}) > 3
    assert sorted(study["seeds"]) != study["seeds"]
    compare_rows(study, table)


def test_the_numbers_of_a_cell_are_those_of_the_summary(shown: dict[str, Any]) -> None:
    summary = pd.read_csv(QUICK / "summary.csv.gz", dtype={"depth": str, "width": str})
    seen = 0
    for study in shown["studies"]:
        rows = summary[summary["study"] == study["name"]]
        for metric in study["metrics"]:
            of_metric = rows[rows["metric"] == metric["name"]]
            for cell in range(len(study["sizes"])):
                chosen = np.ones(len(of_metric), dtype=bool)
                for axis, value in values_of(study, cell).items():
                    chosen &= (of_metric[axis].astype(str) == value).to_numpy()
                if not chosen.any():  # a share that is newer than the reference
                    continue
                (line,) = of_metric[chosen].to_dict("records")
                assert metric["n"][cell] == line["n"]
                for key in ("centre", "low", "high"):
                    text = metric[key].split(" ")[cell]
                    assert float(text) == pytest.approx(line[key], rel=1e-8, nan_ok=True)
                seen += 1
    assert seen > 200


def test_a_command_with_the_named_axes_reaches_one_cell(shown: dict[str, Any]) -> None:
    for explored in shown["studies"]:
        study = STUDIES[explored["name"]]
        for cell, size in enumerate(explored["sizes"]):
            values = values_of(explored, cell)
            named = [a["name"] for a in explored["axes"] if a["named"] and a["name"] != "framework"]
            texts = [f"{axis}={values[axis]}" for axis in named]
            chosen = grids.parse_overrides(texts, [study])
            selection = Selection(shown["profile"], (values["framework"],), chosen, seeds=size)
            ((reached, seeds),) = grids.cells(study, selection).items()
            assert {axis: str(reached[axis]) for axis in values} == values
            assert seeds == size


def test_an_axis_that_a_user_set_is_named(tmp_path: Path) -> None:
    folder, table = changed(tmp_path)
    write(folder, table.assign(width=8))
    (study,) = explorer(folder, manifest_of(folder))["studies"]
    assert {axis["name"]: axis["named"] for axis in study["axes"]}["width"]


def test_a_table_without_metrics_or_rows_has_no_map(tmp_path: Path) -> None:
    folder, table = changed(tmp_path)
    kept = table[["framework", "activation", "initializer", "depth", "seed", "status", "reason"]]
    write(folder, kept)
    assert explorer(folder, manifest_of(folder))["studies"] == []
    write(folder, table.iloc[:0])
    assert explorer(folder, manifest_of(folder))["studies"] == []


def test_runs_that_were_not_measured_keep_their_reason(tmp_path: Path) -> None:
    folder, table = changed(tmp_path)
    odd = '<img src=x onerror="alert(1)">'
    table.loc[0, ["status", "reason"]] = ["unsupported", odd]
    write(folder, table)
    (study,) = explorer(folder, manifest_of(folder))["studies"]
    assert study["reasons"][study["reason"][0]] == odd
    assert study["status"][0] == 2


def test_curves_keep_both_ends_of_each_coordinate(tmp_path: Path) -> None:
    folder, table = changed(tmp_path)
    cells = table.drop(columns=["seed", "status", "reason", "heldout_accuracy"]).drop_duplicates()
    places = pd.DataFrame([(epoch, layer) for epoch in range(30) for layer in range(1, 18)])
    layers = cells.merge(places.set_axis(["epoch", "layer"], axis=1), how="cross")
    layers = layers.assign(n=20, gradient_rms=layers["epoch"] + layers["layer"] / 100)
    layers.to_csv(folder / "training" / "layers.csv", index=False, lineterminator="\n")
    write(folder, table)
    (study,) = explorer(folder, manifest_of(folder))["studies"]
    (curves,) = study["curves"]
    assert curves["coordinates"] == ["epoch", "layer"]
    assert len(curves["lines"]) == len(study["sizes"])
    for line in curves["lines"]:
        epochs, numbers = line["at"]
        assert {0, 29} <= set(epochs)
        assert {1, 17} <= set(numbers)
        assert len(epochs) <= 64
        values = [float(text) for text in line["values"][0].split(" ")]
        expected = [epoch + layer / 100 for epoch, layer in zip(epochs, numbers, strict=True)]
        assert values == pytest.approx(expected, rel=0.01)


def changed(tmp_path: Path) -> tuple[Path, pd.DataFrame]:
    """Return a folder for a study, and its runs with one metric."""
    (tmp_path / "training").mkdir()
    table = read_table(QUICK / "training" / "runs.csv")
    metrics = ["train_loss", "heldout_loss", "train_accuracy", "initial_accuracy"]
    others = [*metrics, "first_epoch_95", "diverged_step"]
    return tmp_path, table.drop(columns=others)


def write(folder: Path, table: pd.DataFrame) -> None:
    """Write the runs of the folder's study."""
    table.to_csv(folder / "training" / "runs.csv", index=False, lineterminator="\n")


def manifest_of(folder: Path) -> Any:
    """Return the manifest of a run of one study."""
    return msgspec.structs.replace(Results(QUICK).manifest(), studies=("training",))
