"""Shards and tables keep every bit, and a results folder accepts only its own run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from suite.planning import grids
from suite.results import folder as results_folder
from suite.results import tables
from suite.results.folder import Results, replacing
from suite.results.manifest import Expected, Manifest
from suite.studies import STUDIES
from suite.studies.training import Training
from suite.types import BLOCK, Measurement, Stack, Status, Table, TableSpec, UserError

TRAINING = STUDIES["training"]
RUNS = TableSpec("runs", ("train_loss", "heldout_loss", "first_epoch_95"))
LAYERS = TableSpec("layers", ("weight_rms",), ("epoch", "layer"), per="seeds")
TRACES = TableSpec("traces", ("weight_mean",), ("epoch",), per="run")
MANIFEST = Manifest(
    command=("suite",),
    profile="quick",
    studies=("training",),
    frameworks=("torch",),
    overrides={},
    seeds=None,
    root_seed=0,
    expected={"training": Expected(runs=1, hash="a")},
    versions={"numpy": "2"},
    platform={"cpu": "x"},
    tree_hash="t",
)


class WithTables(Training):
    """The study ``training`` with a table of each kind."""

    tables = (RUNS, LAYERS, TRACES)


STUDY = WithTables()


def selected(seeds: int = 3, initializers: str = "normal(1),default") -> list[Stack]:
    texts = ["activation=tanh", f"initializer={initializers}", "depth=1", "weights=shared"]
    selection = grids.Selection(
        "quick", ("torch",), grids.parse_overrides(texts, [TRAINING]), seeds
    )
    return grids.stacks(TRAINING, selection)


def measured(kept: int) -> Measurement:
    rng = np.random.default_rng(5)
    loss = rng.normal(size=kept) * 10.0 ** rng.integers(-200, 200, kept)
    loss[0] = np.nan
    runs = {"train_loss": loss, "first_epoch_95": np.full(kept, np.inf)}
    traces = {"weight_mean": rng.normal(size=(kept, 2)).astype(np.float32)}
    layers = {"weight_rms": rng.normal(size=(kept, 2, 3))}
    return Measurement(
        [Status.OK] * kept,
        [""] * kept,
        (
            Table("runs", {}, runs),
            Table("layers", {"epoch": np.array([0, 5]), "layer": np.array([1, 2, 3])}, layers),
            Table("traces", {"epoch": np.array([0, 5])}, traces),
        ),
    )


@pytest.fixture
def results(tmp_path: Path) -> Results:
    folder = Results(tmp_path / "out")
    folder.open(MANIFEST)
    return folder


def store(results: Results, stack: Stack) -> Measurement:
    """Store a measurement of the supported members, which are those of the first cell."""
    part, reasons = grids.supported(TRAINING, stack)
    kept = [i for i, reason in enumerate(reasons) if reason is None]
    result = measured(len(part.members))
    status = [Status.UNSUPPORTED if reason else Status.OK for reason in reasons]
    whole = replace(result, status=status, reason=[reason or "" for reason in reasons])
    results.write(STUDY, stack, whole, kept, {"seconds": 1.5})
    return result


def test_a_shard_gives_back_the_same_bits(results: Results) -> None:
    (stack,) = selected()
    result = store(results, stack)
    shard = results.read(stack)
    assert shard is not None
    assert shard.timings == {"seconds": 1.5}
    assert shard.status.count("unsupported") == 3
    for table in result.tables:
        for name, column in table.columns.items():
            np.testing.assert_array_equal(shard.tables[table.name].columns[name], column)
            assert shard.tables[table.name].columns[name].dtype == column.dtype


def test_csv_gives_back_the_same_bits_and_empty_is_not_nan(results: Results) -> None:
    (stack,) = selected()
    result = store(results, stack)
    results.collect(STUDY, [stack])
    path = results.folder / "training" / "runs.csv"
    frame = tables.read_table(path)
    assert list(frame.columns) == [*STUDY.axes, "seed", "status", "reason", *RUNS.metrics]
    loss = frame.loc[frame.status == "ok", "train_loss"].to_numpy()
    np.testing.assert_array_equal(loss, result.tables[0].columns["train_loss"])
    lines = path.read_text().splitlines()
    assert lines[1].endswith(",ok,,nan,,inf")  # nan measured, held-out loss not measured
    assert lines[4].endswith(",,,")  # unsupported: nothing measured
    assert "unsupported,default is the framework" in lines[4]


def test_tables_over_seeds_and_over_runs(results: Results) -> None:
    (stack,) = selected()
    result = store(results, stack)
    results.collect(STUDY, [stack])
    layers = tables.read_table(results.folder / "training" / "layers.csv")
    values = result.tables[1].columns["weight_rms"]
    assert len(layers) == 2 * 3
    assert set(layers["n"]) == {3}
    assert set(layers["initializer"]) == {"normal(1)"}
    for name, q in (("", 0.5), ("_low", tables.LOW), ("_high", tables.HIGH)):
        expected = np.quantile(values, q, axis=0).ravel()
        np.testing.assert_allclose(layers[f"weight_rms{name}"], expected, rtol=1e-14)
    traces = tables.read_table(results.folder / "training" / "traces.csv")
    assert len(traces) == 3 * 2
    np.testing.assert_array_equal(
        traces["weight_mean"].astype(np.float32), result.tables[2].columns["weight_mean"].ravel()
    )


def test_tables_over_seeds_join_the_blocks(results: Results) -> None:
    stacks = selected(seeds=25, initializers="normal(1)")
    both = [store(results, stack).tables[1].columns["weight_rms"] for stack in stacks]
    results.collect(STUDY, stacks)
    layers = tables.read_table(results.folder / "training" / "layers.csv")
    assert set(layers["n"]) == {25}
    np.testing.assert_array_equal(
        layers["weight_rms"], np.median(np.concatenate(both), axis=0).ravel()
    )


def test_rows_belong_to_the_members_that_were_measured(results: Results) -> None:
    """The cell that was not measured comes first: its rows are empty, and those of the other have
    its values."""
    (stack,) = selected()
    stack = replace(stack, members=stack.members[::-1])
    result = store(results, stack)
    results.collect(STUDY, [stack])
    frame = tables.read_table(results.folder / "training" / "runs.csv")
    assert list(frame["status"]) == ["unsupported"] * 3 + ["ok"] * 3
    np.testing.assert_array_equal(frame["train_loss"][3:], result.tables[0].columns["train_loss"])
    assert frame["first_epoch_95"][:3].isna().all()


def test_tables_over_seeds_leave_out_what_diverged(results: Results) -> None:
    (stack,) = selected(initializers="normal(1)")
    result = measured(3)
    values = result.tables[1].columns["weight_rms"]
    values[1] = 1e6
    status = [Status.OK, Status.DIVERGED, Status.OK]
    whole = replace(result, status=status, reason=["", "a loss became NaN", ""])
    results.write(STUDY, stack, whole, [0, 1, 2], {})
    results.collect(STUDY, [stack])
    layers = tables.read_table(results.folder / "training" / "layers.csv")
    assert set(layers["n"]) == {2}
    np.testing.assert_allclose(layers["weight_rms"], values[[0, 2]].mean(axis=0).ravel())


def test_quantiles_of_infinite_values() -> None:
    values = np.array([[-np.inf, 1.0], [-np.inf, 2.0], [-np.inf, 3.0]])
    middle, low, high = tables._quantiles(values)
    np.testing.assert_array_equal(middle, [-np.inf, 2.0])
    assert low[0] == high[0] == -np.inf
    middle, low, high = tables._quantiles(np.array([[1.0], [np.inf]]))
    assert (low[0], middle[0], high[0]) == (np.inf, np.inf, np.inf)  # between 1 and inf
    middle, low, high = tables._quantiles(np.array([[1.0], [2.0], [np.inf]]))
    assert (middle[0], high[0]) == (2.0, np.inf)
    rows = np.random.default_rng(1).normal(size=(20, 7))
    for result, q in zip(tables._quantiles(rows), (0.5, tables.LOW, tables.HIGH), strict=True):
        np.testing.assert_allclose(result, np.quantile(rows, q, axis=0), rtol=1e-14)
    assert np.isnan(tables._quantiles(np.array([[np.nan], [1.0]]))[0]).all()


@pytest.mark.parametrize("damage", ["truncate", "empty", "text"])
def test_a_damaged_shard_counts_as_not_finished(results: Results, damage: str) -> None:
    (stack,) = selected()
    store(results, stack)
    assert results.finished(stack)
    (path,) = (results.folder / "shards").iterdir()
    content = bytearray(path.read_bytes())
    if damage == "truncate":
        content = content[: len(content) // 2]
    elif damage == "empty":
        content = bytearray()
    else:
        content = bytearray(b"not a shard")
    path.write_bytes(content)
    assert not results.finished(stack)


def test_an_altered_byte_gives_neither_a_traceback_nor_another_number(results: Results) -> None:
    (stack,) = selected()
    store(results, stack)
    (path,) = (results.folder / "shards").iterdir()
    good, shard = path.read_bytes(), results.read(stack)
    assert shard is not None
    for position in range(0, len(good), 17):
        content = bytearray(good)
        content[position] ^= 0xFF
        path.write_bytes(content)
        result = results.read(stack)  # what no checksum covers (a date, say) changes nothing
        if result is not None:
            assert result.status == shard.status
            for name, table in shard.tables.items():
                for metric, column in table.columns.items():
                    np.testing.assert_array_equal(result.tables[name].columns[metric], column)


def test_failed_stacks_are_measured_again_and_missing_runs_are_named(results: Results) -> None:
    first, second = selected(seeds=25, initializers="normal(1)")
    lost = Measurement([Status.FAILED] * BLOCK, ["MemoryError: no room"] * BLOCK, ())
    results.write(STUDY, first, lost, [], {})
    assert not results.finished(first)
    results.collect(STUDY, [first, second])
    frame = tables.read_table(results.folder / "training" / "runs.csv")
    assert set(frame["status"]) == {"failed"}
    assert set(frame["reason"]) == {"MemoryError: no room"}
    whole = tables.missing_rows(STUDY, [first, second], frame)
    assert dict(whole["status"].value_counts()) == {"failed": 20, "missing": 5}
    assert set(whole.loc[whole["status"] == "missing", "seed"]) == set(range(20, 25))


def test_the_same_run_is_resumed_and_another_is_refused(results: Results) -> None:
    assert results.open(MANIFEST)
    before = (results.folder / "manifest.json").read_bytes()
    for key, value, words in [
        ("root_seed", 1, "root_seed was 0 and is now 1"),
        ("versions", {"numpy": "3"}, "versions of numpy was '2' and is now '3'"),
        ("expected", {"training": Expected(runs=1, hash="b")}, "plan for the study 'training'"),
        ("tree_hash", "u", "tree_hash"),
        ("profile", "full", "profile was 'quick' and is now 'full'"),
        ("platform", {"cpu": "y"}, "platform of cpu was 'x' and is now 'y'"),
    ]:
        with pytest.raises(UserError, match="contains another run") as caught:
            results.open(msgspec.structs.replace(MANIFEST, **{key: value}))
        assert words in str(caught.value)
    assert (results.folder / "manifest.json").read_bytes() == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="not a results folder"):
        Results(tmp_path).open(MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(UserError, match="not a results folder"):
        Results(tmp_path / "thesis.tex").open(MANIFEST)


def test_a_folder_that_cannot_be_made_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        Results(tmp_path / "file" / "below").open(MANIFEST)


def test_a_shard_of_another_stack_counts_as_not_finished(results: Results) -> None:
    first, second = selected(seeds=40, initializers="normal(1)")
    store(results, first)
    (path,) = (results.folder / "shards").iterdir()
    path.rename(path.with_name(f"{second.key}.npz"))
    assert len(first.members) == len(second.members)
    assert not results.finished(second)


@pytest.mark.parametrize("through", ["write", "write_shard"])
def test_a_failure_while_a_shard_is_written_keeps_the_good_one(
    results: Results, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    """The disk is full when half of the new shard is written over the old one."""
    (stack,) = selected()
    store(results, stack)
    (path,) = (results.folder / "shards").iterdir()
    good = path.read_bytes()

    def half(file: Any, *_: object, **__: object) -> None:
        file.write(good[: len(good) // 2])
        raise OSError("no space left on device")

    if through == "write":
        monkeypatch.setattr(results_folder, "save_shard", half)
        with pytest.raises(OSError, match="no space"):
            store(results, stack)
    else:
        with pytest.raises(TypeError):
            results.write_shard(stack, "text, which a binary file refuses")  # type: ignore[arg-type]
    assert path.read_bytes() == good
    assert results.finished(stack)
    assert os.listdir(results.folder / "shards") == [path.name]


@pytest.mark.parametrize("members", [2, 7])
def test_a_shard_of_another_number_of_members_counts_as_not_finished(
    results: Results, members: int
) -> None:
    """Its key is right, as that of a file that another program wrote: rows would be shifted."""
    (stack,) = selected()
    store(results, stack)
    (path,) = (results.folder / "shards").iterdir()
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    for name in ("status", "reason"):
        arrays[name] = np.resize(arrays[name], members)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    assert results.read(stack) is None
    assert not results.finished(stack)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_pickle_in_a_shard_is_not_run(results: Results) -> None:
    (stack,) = selected()
    trap = np.array([{"a": 1}], dtype=object)
    np.savez(results.folder / "shards" / f"{stack.key}.npz", status=trap, allow_pickle=True)
    assert results.read(stack) is None
