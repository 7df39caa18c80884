"""Tables of runs whose columns were moved, exchanged, repeated or taken from another study."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from suite.commands.main import main
from suite.commands.run import pipeline
from suite.planning import grids
from suite.results.read_runs import read_cells, read_runs
from suite.results.tables import header, in_order
from suite.studies import STUDIES
from suite.types import UserError
from tests.support import ROOT, fake_study

Rows = list[list[str]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run of two studies in NumPy."""
    studies = [STUDIES["propagation"], STUDIES["products"]]
    texts = ["activation=tanh,relu", "depth=2,3", "width=4", "initializer=he_normal"]
    chosen = grids.parse_overrides(texts, studies)
    plan = grids.plan(studies, grids.Selection("quick", ("numpy",), chosen, seeds=2))
    out = tmp_path_factory.mktemp("stored") / "out"
    with pytest.MonkeyPatch.context() as patch:
        fake_study.use_threads(patch)
        pipeline.run(plan, ["suite", "run"], out, 1, draw=False)
    return out


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may edit."""
    return Path(shutil.copytree(finished, tmp_path / "edited"))


def edit(folder: Path, change: Callable[[Rows], Rows], study: str = "propagation") -> None:
    """Rewrite the table of runs of a study; its first row is the header."""
    path = folder / study / "runs.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(change(rows))


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return the exit code of a command line, and its output without warnings about sums."""
    code = main(list(map(str, words)))
    out, err = capsys.readouterr()
    kept = [line for line in err.splitlines(True) if "is not as the suite wrote it" not in line]
    return code, out, "".join(kept)


def moved(rows: Rows, order: Sequence[int]) -> Rows:
    return [[row[at] for at in order] for row in rows]


def backwards(rows: Rows) -> Rows:
    return moved(rows, range(len(rows[0]))[::-1])


def seed_first(rows: Rows) -> Rows:
    at = rows[0].index("seed")
    return moved(rows, [at, *(n for n in range(len(rows[0])) if n != at)])


def axis_last(rows: Rows) -> Rows:
    at = rows[0].index("activation")
    return moved(rows, [*(n for n in range(len(rows[0])) if n != at), at])


@pytest.mark.parametrize("change", [backwards, seed_first, axis_last])
def test_columns_are_identified_by_their_names(
    finished: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Rows], Rows],
) -> None:
    """Moved columns change no verdict and no comparison."""
    edit(folder, change)
    assert answer(capsys, "check", folder, "--all") == answer(capsys, "check", finished, "--all")
    commands: list[Callable[[Path], tuple[object, ...]]] = [
        lambda run: (finished, run),
        lambda run: (run, "--by", "activation"),
    ]
    for words in commands:
        outputs = [answer(capsys, "compare", *words(run), "--csv") for run in (finished, folder)]
        # Metrics that moved as far stand in the order of their columns.
        whole, edited = (sorted(out.splitlines()) for _, out, _ in outputs)
        assert whole == edited
        assert {(code, err) for code, _, err in outputs} == {(0, "")}
        assert sum("propagation" in line for line in whole) > 10


def test_written_tables_have_their_columns_in_order() -> None:
    for study in STUDIES:
        for spec in study.tables:
            columns = header(study, spec)
            assert in_order(columns) == columns, (study.name, spec.name)


def test_unknown_columns_keep_their_side_of_the_seed() -> None:
    """They are an axis or a metric of a newer version."""
    assert in_order(["status", "new_axis", "seed", "activation", "new_metric", "reason"]) == [
        "activation",
        "new_axis",
        "seed",
        "status",
        "new_metric",
        "reason",
    ]


def renamed(old: str, new: str) -> Callable[[Rows], Rows]:
    """Return a change that exchanges two names in the header."""
    names = {old: new, new: old}
    return lambda rows: [[names.get(name, name) for name in rows[0]], *rows[1:]]


def repeated(rows: Rows) -> Rows:
    return [[*row, row[0]] for row in rows]


def a_name_lost(rows: Rows) -> Rows:
    return [rows[0][:-1], *rows[1:]]


def a_seed(given: str) -> Callable[[Rows], Rows]:
    """Return a change that replaces the first seed."""

    def change(rows: Rows) -> Rows:
        at = rows[0].index("seed")
        return [rows[0], [*rows[1][:at], given, *rows[1][at + 1 :]], *rows[2:]]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (repeated, "has the column 'framework' twice"),
        (a_name_lost, "has rows with more fields than its header"),
        (a_seed("-1"), "'seed' contains a value that is not a whole number from 0 to 100000"),
        (a_seed("0.5"), "'seed' contains a value that is not a whole number from 0"),
        (a_seed(str(2**62)), "'seed' contains a value that is not a whole number from 0"),
        (a_seed(str(2**64 - 1)), "'seed' contains a value that is not a whole number from 0"),
        (renamed("activation", "initializer"), "'activation' contains values of 'initializer'"),
        (renamed("activation", "weights"), "'activation' contains values of 'weights': native"),
        (renamed("activation", "reason"), "the column 'activation' has an empty field"),
    ],
)
def test_a_table_that_no_run_writes_is_refused_in_one_line(
    finished: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Rows], Rows],
    message: str,
) -> None:
    edit(folder, change)
    for words in (("check", folder), ("compare", finished, folder), ("reproduce", folder)):
        code, out, err = answer(capsys, *words)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert f"{folder / 'propagation' / 'runs.csv'}" in err
        assert message in err


def test_the_table_of_another_study_is_refused_in_one_line(
    finished: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "propagation" / "runs.csv", folder / "products" / "runs.csv")
    code, _, err = answer(capsys, "compare", finished, folder)
    assert code == 2
    assert "products/runs.csv has the columns of another study, propagation" in err
    assert len(err.splitlines()) == 1


# --- axes that are newer than a table ------------------------------------------------------------


def test_a_table_from_before_an_axis_has_its_default(tmp_path: Path) -> None:
    """The reference of rescue may be older than the axis ``dataset``; such a table is made here."""
    study = STUDIES["rescue"]
    frame = read_runs(ROOT / "results" / "reference" / "standard", "rescue")
    old = frame.drop(columns="dataset", errors="ignore")
    (tmp_path / "rescue").mkdir()
    old.to_csv(tmp_path / "rescue" / "runs.csv", index=False)
    runs = read_cells(tmp_path, study)
    assert set(runs["dataset"]) == {"circles"}
    names = [str(name) for name in runs.columns]
    assert tuple(names[: names.index("seed")]) == study.axes
    assert len(runs) == len(frame)


@pytest.mark.parametrize("lost", ["normalization", "framework"])
def test_a_table_that_has_lost_an_axis_is_refused(lost: str, tmp_path: Path) -> None:
    """With the default of the lost axis, runs of three normalizations would be one run."""
    frame = read_runs(ROOT / "results" / "reference" / "standard", "rescue")
    (tmp_path / "rescue").mkdir()
    frame.drop(columns=lost).to_csv(tmp_path / "rescue" / "runs.csv", index=False)
    with pytest.raises(UserError, match=f"lacks the column .*'{lost}'"):
        read_cells(tmp_path, STUDIES["rescue"])
