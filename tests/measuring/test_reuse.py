"""Stored stacks of another folder are taken over where they fit, and give the bits of a fresh run;
what does not fit is said in one line, with the reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.commands.main import main
from suite.commands.run import pipeline
from suite.measuring import environment, reuse
from suite.measuring.executors import Result
from suite.measuring.measure_stack import give_up
from suite.measuring.progress import Progress
from suite.planning import grids
from suite.planning.grids import Plan, Selection
from suite.results.folder import Results
from suite.results.manifest import MANIFEST
from suite.studies import STUDIES
from suite.types import UserError
from tests.measuring.test_bits import tables
from tests.support import fake_study

BOTH = ("torch", "tensorflow")
NUMPY = ("numpy",)


def trained(activations: str, seeds: int) -> Plan:
    """Return a plan of networks that both frameworks train, for five steps."""
    texts = [f"activation={activations}", "initializer=he_normal", "depth=2", "optimizer=sgd"]
    chosen = grids.parse_overrides(texts, [STUDIES["parity"]])
    return grids.plan([STUDIES["parity"]], Selection("quick", BOTH, chosen, seeds))


def oracle(widths: str = "8", seeds: int = 2, root: int = 0, activations: str = "tanh") -> Plan:
    """Return a plan of cheap stacks: ``propagation`` in NumPy, a program for each width."""
    texts = [f"activation={activations}", "initializer=he_normal", "depth=2", f"width={widths}"]
    chosen = grids.parse_overrides(texts, [STUDIES["propagation"]])
    return grids.plan(
        [STUDIES["propagation"]], Selection("quick", NUMPY, chosen, seeds=seeds, root=root)
    )


def run(plan: Plan, out: Path, *folders: Path) -> int:
    return pipeline.run(plan, ["suite"], out, jobs=1, draw=False, reuse=folders)


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "shards").glob("*.npz")}


def reused(folder: Path) -> list[dict[str, Any]]:
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    entries: list[dict[str, Any]] = content.get("reused", [])
    return entries


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in NumPy: two widths, and a whole block of seeds."""
    folder = tmp_path_factory.mktemp("reuse") / "stored"
    run(oracle("4,8", 20), folder)
    return folder


def test_more_values_and_more_seeds_give_the_bits_of_a_fresh_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In both frameworks, from a finished folder: one more activation, and 2 seeds in a new block.
    Trained networks, whose bits depend on the composition of their stacks."""
    fake_study.use_threads(monkeypatch)  # each framework is loaded once, not for each of three runs
    run(trained("tanh", 20), tmp_path / "stored")
    run(trained("tanh,relu", 22), tmp_path / "fresh")
    capsys.readouterr()
    run(trained("tanh,relu", 22), tmp_path / "grown", tmp_path / "stored")
    said = capsys.readouterr().err
    assert "2 stacks taken over; not taken over: 6 not run there" in said
    assert "8 stacks, 6 to measure" in said
    taken = shards(tmp_path / "stored").items()
    assert len(taken) == 2
    assert taken <= shards(tmp_path / "grown").items()  # else they were measured again
    fresh = tables(tmp_path / "fresh")
    made = {"summary.csv", "claims.csv", "findings.csv"}
    assert {"parity/runs.csv", *made} == set(fresh)
    assert tables(tmp_path / "grown") == fresh


@pytest.mark.parametrize(
    ("plan", "taken", "others"),
    [
        (oracle("4,8,16", 20), 2, "1 not run there"),
        (oracle("4,8", 23), 2, "2 not run there"),
        (oracle("4,8", 7), 0, "2 of other members there, or not finished"),
        (oracle("4,8", 20, activations="relu,tanh"), 0, "2 of other members there"),
        (oracle("8", 20), 1, ""),
    ],
    ids=["more values", "more seeds", "fewer seeds", "other stacks", "a part"],
)
def test_whole_stacks_are_taken_over_and_counted(
    plan: Plan,
    taken: int,
    others: str,
    stored: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(plan, tmp_path / "fresh")
    capsys.readouterr()
    run(plan, tmp_path / "grown", stored)
    (line,) = [
        text for text in capsys.readouterr().err.splitlines() if text.startswith(f"{stored}: ")
    ]
    assert line.startswith(f"{stored}: {taken} stacks taken over")
    assert (others in line) if others else line.endswith("over")
    assert tables(tmp_path / "grown") == tables(tmp_path / "fresh")
    (entry,) = reused(tmp_path / "grown")
    manifest = json.loads((stored / MANIFEST).read_text(encoding="utf-8"))
    git = {key: value for key, value in manifest["git"].items() if value is not None}
    assert {key: value for key, value in entry.items() if value is not None} == {
        "folder": str(stored),
        "stacks": taken,
        **git,
    }
    assert reused(tmp_path / "fresh") == []


def test_several_folders_add_up_and_an_interrupted_one_will_do(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Progress, result: Result) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "__call__", interrupt)
        assert run(oracle("16,32", 20), tmp_path / "part") == 130
    assert len(shards(tmp_path / "part")) == 1
    plan = oracle("4,16,32", 20)
    run(plan, tmp_path / "grown", stored, tmp_path / "part", stored)
    assert [entry["stacks"] for entry in reused(tmp_path / "grown")] == [1, 1]
    run(plan, tmp_path / "fresh")
    assert tables(tmp_path / "grown") == tables(tmp_path / "fresh")


def test_an_interrupted_run_counts_what_it_took_over_once(stored: Path, tmp_path: Path) -> None:
    """The copying was cut off after one stack: the count is that of the stacks, not of attempts."""
    plan = oracle("4,8,16", 20)
    run(plan, tmp_path, stored)
    (tmp_path / "shards" / f"{plan.stacks['propagation'][0].key}.npz").unlink()
    run(plan, tmp_path, stored)
    assert [entry["stacks"] for entry in reused(tmp_path)] == [2]
    run(plan, tmp_path)
    assert [entry["stacks"] for entry in reused(tmp_path)] == [2]


def test_damaged_stacks_are_measured_again(
    stored: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(stored, copy)
    first, second = sorted((copy / "shards").glob("*.npz"))
    first.write_bytes(first.read_bytes()[:-100])
    shutil.copy(stored / "shards" / first.name, second)  # a renamed shard
    run(oracle("4,8", 20), tmp_path / "grown", copy)
    assert (
        f"{copy}: 0 stacks taken over; not taken over: 2 damaged there" in capsys.readouterr().err
    )
    assert tables(tmp_path / "grown") == tables(stored)


def test_failed_stacks_are_measured_again(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What failed in one run, for want of memory say, need not fail in the next."""
    shutil.copytree(stored, tmp_path / "failed")
    plan = oracle("4,8", 20)
    victim = plan.stacks["propagation"][0]
    give_up(Results(tmp_path / "failed"), victim, "lost")
    capsys.readouterr()
    assert run(plan, tmp_path / "again", tmp_path / "failed") == 0
    said = capsys.readouterr().err
    assert "1 stacks taken over; not taken over: 1 failed there" in said
    assert tables(tmp_path / "again") == tables(stored)


def edited(folder: Path, out: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy a folder with a changed manifest."""
    shutil.copytree(folder, out)
    content = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    change(content)
    (out / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    return out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["versions"].update(numpy="1.0"), r"versions of numpy was '1\.0' and is now"),
        (lambda m: m["platform"].update(cpu="other"), "platform of cpu was 'other' and is now"),
        (lambda m: m["platform"].pop("blas"), "platform of blas was not recorded and is now"),
        (lambda m: m["determinism"].update(OMP_NUM_THREADS="8"), "determinism of OMP_NUM_THREADS"),
        (lambda m: m.update(tree_hash="0" * 16), r"code \(tree_hash\) was 0000"),
        (lambda m: m.update(root_seed=1), "root_seed was 1 and is now 0"),
    ],
    ids=["versions", "machine", "not recorded", "flags", "code", "root seed"],
)
def test_a_folder_in_which_nothing_can_fit_is_refused(
    change: Callable[[dict[str, Any]], None], message: str, stored: Path, tmp_path: Path
) -> None:
    other = edited(stored, tmp_path / "other", change)
    with pytest.raises(UserError, match=f"--reuse {other}: nothing in it fits: {message}"):
        run(oracle("4,8", 20), tmp_path / "out", other)
    assert not (tmp_path / "out").exists()


def test_each_framework_depends_on_its_own_environment(stored: Path, tmp_path: Path) -> None:
    """Another version of torch says nothing about TensorFlow's stacks, and the compiler is torch's
    alone."""
    plan = trained("tanh", 2)
    manifest = environment.manifest(plan, ["suite"])
    content = json.loads(json.dumps(manifest.values()))
    torch = next(name for name in content["versions"] if name.startswith("torch"))
    (tmp_path / "other").mkdir()
    shutil.copytree(stored / "shards", tmp_path / "other" / "shards")
    for key, name in (("versions", torch), ("platform", "compiler")):
        changed = {**content, key: {**content[key], name: "another"}}
        (tmp_path / "other" / MANIFEST).write_text(json.dumps(changed), encoding="utf-8")
        (source,) = reuse.sources([tmp_path / "other"], plan, manifest, Results(tmp_path / "out"))
        assert source.differences["tensorflow"] == ""
        assert f"{key} of {name} was 'another'" in source.differences["torch"]
        (line,) = reuse.take_over(plan, made(tmp_path / key, plan), [source])
        assert "1 of torch (" in line


def made(folder: Path, plan: Plan) -> Results:
    """Return a folder in which a run is about to start."""
    results = Results(folder)
    results.open(environment.manifest(plan, ["suite"]))
    return results


def test_what_is_no_folder_of_another_run_is_refused(stored: Path, tmp_path: Path) -> None:
    plan = oracle("4,8", 20)
    packed, broken = tmp_path / "packed", tmp_path / "broken"
    assert main(["pack", str(stored), "--out", str(packed)]) == 0
    shutil.copytree(stored, broken)
    (broken / MANIFEST).write_text('{"schema": 1', encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(stored)
    for folder, message in (
        (tmp_path, "is not a results folder"),
        (tmp_path / "nowhere", "there is no folder"),
        (packed, "it has no stored stacks"),
        (broken, "cannot be read"),
        (link, "is the folder of this run"),
    ):
        with pytest.raises(UserError, match=message):
            run(plan, stored, folder)
    assert reused(stored) == []


def test_the_command_takes_the_option_and_other_commands_read_the_folder(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["propagation", "--profile", "quick", "--frameworks", "numpy", "--seeds", "20"]
    for text in ("activation=tanh", "initializer=he_normal", "depth=2", "width=8,4"):
        words += ["--set", text]
    out, packed = tmp_path / "out", tmp_path / "packed"
    more = ["--no-report", "--jobs", "1", "--out", str(out), "--reuse", str(stored)]
    assert main(["run", *words, *more]) == 0
    assert "2 stacks taken over\n" in capsys.readouterr().err
    assert main(["check", str(out)]) == 4  # no claim is about these cells
    assert main(["compare", str(stored), str(out)]) == 0
    assert main(["reproduce", str(out), "--jobs", "1"]) == 0
    assert main(["pack", str(out), "--out", str(packed)]) == 0
    assert reused(packed) == reused(out) != []
    capsys.readouterr()
    assert main(["run", *words, "--no-report", "--out", str(out), "--reuse", str(packed)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
