"""Reading data files: what is taken, and one line with exit code 2 for everything else."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.commands.main import main
from suite.datafiles import find
from suite.datafiles.reading import Content, read

ROWS = [(0.5 * i, -1.0 * (i % 5), ("blue", "red")[i % 2]) for i in range(48)]


def table(
    folder: Path, *changes: tuple[int, int, object], rows: int = 48, name: str = "t.csv"
) -> Path:
    """Write a CSV with the columns a, b and colour; ``changes``: row, column, value."""
    values = [list(row) for row in ROWS[:rows]]
    for row, column, value in changes:
        values[row][column] = value
    lines = ["a,b,colour", *(",".join(map(str, row)) for row in values)]
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def content(path: Path, options: str = "label=colour,task=classification") -> Content:
    return read(find(f"{path},{options}" if options else str(path)))


def test_text_labels_are_classes_in_sorted_order(tmp_path: Path) -> None:
    found = content(table(tmp_path), "label=colour")
    assert found.classes == ("blue", "red")
    assert found.counts == {"blue": 24, "red": 24}
    assert found.columns == ("a", "b")
    np.testing.assert_array_equal(found.labels, [i % 2 for i in range(48)])
    np.testing.assert_array_equal(found.inputs, [row[:2] for row in ROWS])


def test_numbers_as_classes_are_sorted_as_numbers(tmp_path: Path) -> None:
    path = table(tmp_path, *((i, 2, (10, 9, 2)[i % 3]) for i in range(48)))
    assert content(path).classes == ("2", "9", "10")
    values = content(path, "label=colour,task=regression").labels
    assert set(values) == {2.0, 9.0, 10.0}


@pytest.mark.parametrize("hole", ["", "NA", "N/A", "NaN", "nan", "null", "  "])
@pytest.mark.parametrize("column", [0, 2])
def test_rows_with_a_hole_are_dropped_and_counted(tmp_path: Path, hole: str, column: int) -> None:
    found = content(table(tmp_path, (3, column, hole), (5, column, hole)))
    assert (found.dropped, len(found.labels)) == (2, 46)
    assert 1.5 not in found.inputs[:, 0]


def test_repeated_rows_are_kept_and_counted(tmp_path: Path) -> None:
    changes = [(place, column, ROWS[4][column]) for place in (2, 6) for column in (0, 1, 2)]
    found = content(table(tmp_path, *changes))
    assert (found.duplicates, len(found.labels)) == (2, 48)


def test_a_column_can_be_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, *((i, 1, f"name {i}") for i in range(48)))
    found = content(path, "label=colour,task=classification,without=b")
    assert found.columns == ("a",)


def test_truth_values_are_0_and_1_and_quotes_and_a_mark_of_order_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f'{i},{i % 3 == 0},"{"a, b" if i % 2 else "c"}"' for i in range(20)]
    path.write_text("\n".join(["\ufeffa, b,colour", *rows]), encoding="utf-8")
    found = content(path)
    assert found.classes == ("a, b", "c")
    np.testing.assert_array_equal(found.inputs[:, 1], [i % 3 == 0 for i in range(20)])


def npz(folder: Path, **arrays: object) -> Path:
    path = folder / "t.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_npz_has_x_and_y(tmp_path: Path) -> None:
    x, y = np.arange(40.0).reshape(20, 2), np.array(["n", "y"] * 10)
    found = content(npz(tmp_path, x=x, y=y), "")
    assert found.classes == ("n", "y")
    np.testing.assert_array_equal(found.inputs, x)
    numbers = content(npz(tmp_path, x=x[:, 0], y=x[:, 1]), "task=regression")
    assert numbers.inputs.shape == (20, 1)


def test_parquet_is_read_as_pandas_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    frame = pd.DataFrame(ROWS, columns=["a", "b", "colour"])
    monkeypatch.setattr(pd, "read_parquet", lambda file: frame)
    found = content(path)
    np.testing.assert_array_equal(found.inputs, [row[:2] for row in ROWS])
    assert found.classes == ("blue", "red")


# --- errors ------------------------------------------------------------------------------------

LABEL = "label=colour,task=classification"


def message(given: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``suite plan`` says on standard error about a data file: one line, and exit code 2."""
    code = main(["plan", "training", "--profile", "quick", "--dataset", given])
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        ((), "label=color,task=classification", "unknown column 'color'; did you mean 'colour'?"),
        ((), "task=classification", "label= one of a, b, colour"),
        ((), "label=colour,task=clasification", "did you mean 'classification'?"),
        (
            (),
            "label=a,without=colour",
            "'a' holds numbers: say task=classification or",
        ),
        ((), "label=a,task=classification,without=colour", "48 classes in 48 rows"),
        ((), "label=colour,task=regression", "row 1, column 'colour': 'blue' is not a number"),
        ((), "lable=colour", "unknown option 'lable'; did you mean 'label'?"),
        ((), "label=colour,label=a", "label is given twice"),
        ((), f"{LABEL},without=c", "unknown column to leave out 'c'"),
        ((), f"{LABEL},without=a,without=b", "has 0 feature columns"),
        ([(i, 1, 7) for i in range(48)], LABEL, "column 'b' is constant (7 in every row)"),
        ([(i, 2, "red") for i in range(48)], LABEL, "has the class 'red' alone"),
        (
            [(i, 0, 1) for i in range(48)],
            "label=a,task=regression,without=colour",
            "'a' is constant",
        ),
        ([(6, 1, "x")], LABEL, "row 7, column 'b': 'x' is not a number; correct it"),
        ([(i, 1, "x") for i in range(48)], LABEL, "row 1, column 'b': 'x' is not a number; the wh"),
        ([(6, 1, "inf")], LABEL, "row 7, column 'b' is inf"),
        ([(6, 1, "-inf")], LABEL, "row 7, column 'b' is -inf"),
        ([(6, 2, "green")], LABEL, "of which 'green' has 1: each class needs at least 4"),
        ([(6, 1, "1,2")], LABEL, "line 8 has 4 fields, and the header 3"),
        ([(i, 0, "") for i in range(40)], LABEL, "has 8 rows without a hole, of 48"),
    ],
)
def test_what_does_not_fit_is_one_line(
    changes: list[tuple[int, int, object]],
    options: str,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = table(tmp_path, *changes)
    line = message(f"{path},{options}", capsys)
    assert says in line
    assert "t.csv" in line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a;b;colour\n1;2;x\n", "separated by ';'"),
        (b"a,b,colour\n1,2,x\n", "has 1 rows; at least 10"),
        (b"a,a,colour\n1,2,x\n", "has the column 'a' twice"),
        (b"a,,colour\n1,2,x\n", "column 2 has no name"),
        (b"1,2,3\n1,2,3\n", "has no header"),
        (b"a,b,colour\n1,2\n", "line 2 has 2 fields, and the header 3"),
        ("a,b,colour\n1,2,gr\u00fcn\n".encode("latin-1"), "line 2 has the byte 0xfc: not UTF-8"),
        (b"a,b,colour\n1,\0,x\n", "has a zero byte"),
    ],
)
def test_a_csv_that_is_none_is_one_line(
    content: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert says in message(f"{tmp_path / 't.csv'},{LABEL}", capsys)


def test_a_file_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(tmp_path, name="iris.csv")
    (tmp_path / "notes.txt").write_text("no table", encoding="utf-8")
    assert "did you mean 'iris.csv'?" in message(f"{tmp_path / 'irs.csv'},{LABEL}", capsys)
    assert "is a folder" in message(f"{tmp_path},{LABEL}", capsys)
    assert ".csv, .npz, .parquet" in message(f"{tmp_path / 'notes.txt'},{LABEL}", capsys)
    assert "names no file" in message(LABEL, capsys)
    (tmp_path / "iris.npz").write_bytes(b"")
    two = ["--dataset", f"{tmp_path / 'iris.csv'},{LABEL}", "--dataset", str(tmp_path / "iris.npz")]
    assert main(["plan", "training", *two]) == 2
    assert "is also called 'file:iris'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arrays", "options", "says"),
    [
        ({"x": np.ones((20, 2))}, "", "lacks the array 'y' (it has: x)"),
        ({"X": np.ones((20, 2)), "y": np.ones(20)}, "", "lacks the array 'x'"),
        ({"x": np.ones((20, 2)), "y": np.ones(19)}, "", "x has the shape (20, 2) and y (19,)"),
        ({"x": np.ones((20, 2, 2)), "y": np.ones(20)}, "", "x has the shape (20, 2, 2)"),
        ({"x": np.ones((20, 2), complex), "y": np.ones(20)}, "", "complex128, not real"),
        ({"x": np.ones((20, 2)), "y": np.ones(20)}, "label=y", "leave label= out"),
        ({"x": np.array([[{}]] * 20), "y": np.ones(20)}, "", "holds Python objects (pickles)"),
    ],
)
def test_an_npz_that_does_not_fit_is_one_line(
    arrays: dict[str, object],
    options: str,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = npz(tmp_path, **arrays)
    line = message(f"{path},{options or 'task=regression'}", capsys)
    assert says in line


class _Planted:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('a pickle ran')",))


def test_a_pickle_is_refused_and_never_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(pickle.dumps(_Planted()))
    assert "holds Python objects (pickles)" in message(f"{path},task=regression", capsys)
    path.write_bytes(b"PK\x03\x04 no archive")
    assert "is not an .npz file" in message(f"{path},task=regression", capsys)


def test_sizes_are_bounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = npz(tmp_path, x=np.arange(20 * 1001.0).reshape(20, 1001), y=np.arange(20.0))
    assert "has 1,001 feature columns; allowed are 1 to 1,000" in message(
        f"{wide},task=regression", capsys
    )
    monkeypatch.setattr("suite.datafiles.reading.ROWS", (10, 47))
    assert "has 48 rows; at most 47" in message(f"{table(tmp_path)},{LABEL}", capsys)


def test_parquet_without_its_library_and_damaged_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")

    def absent(file: io.BytesIO) -> pd.DataFrame:
        raise ImportError("pyarrow")

    monkeypatch.setattr(pd, "read_parquet", absent)
    assert "needs pyarrow: pip install pyarrow" in message(f"{path},{LABEL}", capsys)

    def damaged(file: io.BytesIO) -> pd.DataFrame:
        raise OSError("Parquet magic bytes\nnot found")

    monkeypatch.setattr(pd, "read_parquet", damaged)
    assert "cannot be read as Parquet: Parquet magic bytes not found" in message(
        f"{path},{LABEL}", capsys
    )
