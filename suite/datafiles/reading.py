"""Read a data file into numbers and labels. What does not fit is an error of one line that names
its place.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.catalogue.registry import unknown
from suite.datafiles.request import DataFile
from suite.errors import UserError
from suite.types import Array

if TYPE_CHECKING:
    import pandas as pd

HOLES = ("", "NA", "N/A", "NaN", "nan", "null")
"""The fields of a CSV that count as holes."""
ROWS, FEATURES = (10, 100_000), (1, 1000)
"""The smallest and the largest number of rows, and of features."""
LEAST_OF_CLASS = 4
"""The smallest number of rows of a class, of which one is then held out."""


@dataclass(frozen=True)
class Content:
    """What a data file holds: ``inputs`` (n, features) float64 and ``labels`` (n,) float64, the
    number of the class or the value to predict; rows with holes are dropped."""

    inputs: Array
    labels: Array
    columns: tuple[str, ...]
    """The names of the features."""
    classes: tuple[str, ...]
    """The names of the classes, in sorted order; empty for regression."""
    dropped: int
    """The number of rows that had a hole."""
    duplicates: int
    """The number of rows that repeat an earlier one, its label included."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Class -> the number of its rows."""
        numbers = np.bincount(self.labels.astype(int)) if self.classes else ()
        return dict(zip(self.classes, map(int, numbers), strict=True))


def read(file: DataFile) -> Content:
    """Return the content of a data file.

    Raises UserError, on one line, for everything that the rules of docs/how_to/data.md refuse.
    """
    frame, label = _FORMATS[file.suffix](file)
    missing = [column for column in file.without if column not in frame.columns or column == label]
    if missing:
        raise _fault(file, unknown("column to leave out", missing[0], _features(frame, label)))
    frame = frame.drop(columns=list(file.without))
    columns = _features(frame, label)
    if not FEATURES[0] <= len(columns) <= FEATURES[1]:
        raise _fault(file, f"has {len(columns):,} feature columns; allowed are 1 to 1,000")
    inputs = np.empty((len(frame), len(columns)))
    for place, name in enumerate(columns):
        inputs[:, place] = _numbers(file, frame[name], name, "without")
    whole = ~np.isnan(inputs).any(axis=1) & ~frame[label].isna().to_numpy()
    inputs, labels = inputs[whole], frame[label][whole]
    _check_rows(file, len(labels), len(whole))
    numbers, classes = _labels(file, labels, label)
    for place, name in enumerate(columns):
        if (inputs[:, place] == inputs[0, place]).all():
            value = f"{inputs[0, place]:g}"
            hint = f"leave it out with without={name}"
            raise _fault(file, f"column {name!r} is constant ({value} in every row); {hint}")
    dropped, duplicates = int((~whole).sum()), _repeated(inputs, numbers)
    return Content(inputs, numbers, tuple(columns), classes, dropped, duplicates)


def _repeated(inputs: Array, labels: Array) -> int:
    """Return how many rows repeat an earlier one."""
    pairs = zip(inputs + 0.0, labels + 0.0, strict=True)  # -0.0 is 0.0
    keys = {hashlib.sha256(row.tobytes() + label.tobytes()).digest() for row, label in pairs}
    return len(labels) - len(keys)


def _fault(file: DataFile, what: object) -> UserError:
    return UserError(f"--dataset {file.origin}: {what}")


def _features(frame: pd.DataFrame, label: str) -> list[str]:
    return [str(name) for name in frame.columns if name != label]


def _check_rows(file: DataFile, left: int, rows: int) -> None:
    least, most = ROWS
    holes = f" without a hole, of {rows:,}" if left < rows else ""
    if left < least:
        raise _fault(file, f"has {left} rows{holes}; at least {least} are needed")
    if left > most:
        raise _fault(file, f"has {left:,} rows; at most {most:,} are allowed")


# --- columns -----------------------------------------------------------------------------------


def _numbers(file: DataFile, column: pd.Series[Any], name: str, option: str) -> Array:
    """Return a column as float64, NaN where it has a hole.

    Raises UserError for text, with its row and column, and for inf.
    """
    import pandas as pd

    if column.dtype.kind in "biuf":
        values = column.to_numpy(np.float64)
    else:
        values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        wrong = np.isnan(values) & ~column.isna().to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            text = str(column.iloc[row])[:40]
            where = f"row {row + 1}, column {name!r}: {text!r} is not a number"
            if wrong.sum() == (~column.isna()).sum():
                more = (
                    "the whole column is text: write it as numbers (a column of 0 and 1 for each"
                    " value), or leave it out with without="
                )
            else:
                more = "correct it, or leave the column out with without="
            end = f"{more}{name}" if option else "use task=classification for classes"
            raise _fault(file, f"{where}; {end}")
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise _fault(file, f"row {row + 1}, column {name!r} is {values[row]}; it must be finite")
    return np.asarray(values)


def _labels(file: DataFile, column: pd.Series[Any], name: str) -> tuple[Array, tuple[str, ...]]:
    """Return the labels as numbers, and the names of the classes."""
    text = column.dtype.kind not in "biuf"
    if not file.task and not text:
        raise _fault(
            file, f"label {name!r} holds numbers: say task=classification or task=regression"
        )
    if file.task == "regression":
        values = _numbers(file, column, name, "")
        if (values == values[0]).all():
            raise _fault(file, f"label {name!r} is constant ({values[0]:g} in every row)")
        return values, ()
    names, numbers = np.unique(
        column.astype(str).to_numpy(str) if text else column.to_numpy(np.float64),
        return_inverse=True,
    )
    classes = tuple(str(each) if text else f"{each:.12g}" for each in names)
    counts = np.bincount(numbers)
    if len(classes) == 1:
        raise _fault(file, f"label {name!r} has the class {classes[0]!r} alone; give two or more")
    if counts.min() < LEAST_OF_CLASS:
        rarest = int(counts.argmin())
        hint = "" if text else "; to predict the number itself, say task=regression"
        raise _fault(
            file,
            f"label {name!r} has {len(classes):,} classes in {len(column):,} rows, of which"
            f" {classes[rarest]!r} has {counts[rarest]}: each class needs at least"
            f" {LEAST_OF_CLASS}{hint}",
        )
    return numbers.astype(np.float64), classes


# --- formats -----------------------------------------------------------------------------------


def _csv(file: DataFile) -> tuple[pd.DataFrame, str]:
    """Read a CSV: UTF-8, commas, a header."""
    import pandas as pd

    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content[: error.start].count(b"\n") + 1
        raise _fault(
            file, f"line {line} has the byte 0x{file.content[error.start]:02x}: not UTF-8"
        ) from None
    if "\0" in text:
        raise _fault(file, "has a zero byte: it is not a text file")
    header = _check_lines(file, text)
    label = _label_column(file, header)
    frame = pd.read_csv(
        io.StringIO(text),
        keep_default_na=False,
        na_values=list(HOLES),
        skipinitialspace=True,
        skip_blank_lines=True,
        low_memory=False,
    )
    frame.columns = pd.Index(header)
    return frame, label


def _check_lines(file: DataFile, text: str) -> list[str]:
    """Return the header of a CSV. UserError where there is none, or a row has another length."""
    lines = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    header: list[str] = []
    try:
        for row in lines:
            if not row:
                continue
            if not header:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                raise _fault(
                    file,
                    f"line {lines.line_num} has {len(row)} fields, and the header {len(header)}",
                )
    except csv.Error as error:
        raise _fault(file, f"line {lines.line_num} cannot be read: {error}") from None
    if not header:
        raise _fault(file, "is empty")
    _check_names(file, header)
    return header


def _check_names(file: DataFile, header: Sequence[str]) -> None:
    if len(header) == 1:
        other = next((mark for mark in (";", "\t") if mark in header[0]), "")
        hint = f"; it seems to be separated by {other!r}: use commas" if other else ""
        raise _fault(file, f"has one column, {header[0][:40]!r}{hint}")
    for place, name in enumerate(header):
        if not name:
            raise _fault(file, f"column {place + 1} has no name in the header")
        if name in header[:place]:
            raise _fault(file, f"has the column {name!r} twice")
    if all(_is_number(name) for name in header):
        raise _fault(file, "has no header: the first line, which names the columns, has numbers")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _label_column(file: DataFile, header: Sequence[str]) -> str:
    if not file.label:
        raise _fault(file, f"say which column is to be predicted: label= one of {_few(header)}")
    if file.label not in header:
        raise _fault(file, unknown("column", file.label, header[:50]))
    return file.label


def _few(names: Sequence[str]) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more


def _parquet(file: DataFile) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(file.content))
    except ImportError:
        raise _fault(file, "reading .parquet needs pyarrow: pip install pyarrow") from None
    except Exception as error:  # whatever the library raises about a damaged file
        line = " ".join(str(error).split())[:120]
        raise _fault(file, f"cannot be read as Parquet: {line}") from None
    frame.columns = pd.Index([str(name) for name in frame.columns])
    _check_names(file, list(frame.columns))
    return frame, _label_column(file, list(frame.columns))


def _npz(file: DataFile) -> tuple[pd.DataFrame, str]:
    """Read the arrays ``x`` (rows, features) and ``y`` (rows,)."""
    import pandas as pd

    if file.label:
        raise _fault(file, "an .npz file has its labels in y; leave label= out")
    try:
        with np.load(io.BytesIO(file.content), allow_pickle=False) as stored:
            if lacking := {"x", "y"} - set(stored.files):
                has = ", ".join(stored.files) or "none"
                raise _fault(file, f"lacks the array {min(lacking)!r} (it has: {has})")
            x, y = stored["x"], stored["y"]
    except UserError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        if "allow_pickle" in str(error) or "pickled" in str(error):
            what = "holds Python objects (pickles), which could run code; store plain numbers"
        else:
            what = "is empty" if not file.content else "is not an .npz file of NumPy, or damaged"
        raise _fault(file, what) from None
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or y.ndim != 1 or len(x) != len(y):
        raise _fault(
            file, f"x has the shape {x.shape} and y {y.shape}; (rows, features) and (rows,) fit"
        )
    if x.dtype.kind not in "biuf":
        raise _fault(file, f"x holds {x.dtype}, not real numbers")
    if y.dtype.kind not in "biufU":
        raise _fault(file, f"y holds {y.dtype}, neither real numbers nor text")
    frame = pd.DataFrame(x, columns=[f"x{place}" for place in range(x.shape[1])])
    frame["y"] = y
    return frame, "y"


_FORMATS = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}
