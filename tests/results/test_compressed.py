"""A table is read the same whether it is plain or compressed."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from suite.commands.main import main
from suite.results.compressed import UNREADABLE, locate, open_bytes, open_text, tables_in
from tests.support import ROOT

TEXT = "name,value\r\n\u00e9,1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a plain table, a compressed one, one that is both, and another file."""
    (tmp_path / "plain.csv").write_bytes(TEXT.encode())
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "both.csv").write_bytes(TEXT.encode())
    (tmp_path / "both.csv.gz").write_bytes(gzip.compress(b"old\n"))
    (tmp_path / "page.html.gz").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("name", ["plain.csv", "packed.csv", "both.csv"])
def test_a_table_is_read_plain_or_compressed(folder: Path, name: str) -> None:
    file = locate(folder / name)
    assert file is not None
    with open_bytes(file) as stream:
        assert stream.read() == TEXT.encode()
    with open_text(file) as text:
        assert text.read() == TEXT


def test_tables_are_listed_once_by_name(folder: Path) -> None:
    assert tables_in(folder) == {
        "both.csv": folder / "both.csv",
        "packed.csv": folder / "packed.csv.gz",
        "plain.csv": folder / "plain.csv",
    }
    assert locate(folder / "absent.csv") is None


CUT = gzip.compress(b"x" * 999, mtime=0)[:-9]


@pytest.mark.parametrize("content", [b"no gzip", CUT, b"\x1f\x8b"])
def test_what_a_damaged_file_raises_is_declared(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(UNREADABLE), open_bytes(tmp_path / "a.csv.gz") as stream:
        stream.read()


def test_compressed_verdicts_are_read_as_the_plain_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The margins of a plan and the comparison are the same."""
    quick = ROOT / "results" / "reference" / "quick"
    packed = Path(shutil.copytree(quick, tmp_path / "packed"))
    content = (packed / "claims.csv").read_bytes()
    (packed / "claims.csv").unlink()
    (packed / "claims.csv.gz").write_bytes(gzip.compress(content))
    for words in (
        ["plan", "parity", "--profile", "quick", "--margins", "{}"],
        ["compare", "{}", str(quick), "--json"],
    ):
        printed = []
        for folder in (quick, packed):
            assert main([word.format(folder) for word in words]) == 0
            printed.append(capsys.readouterr().out.replace(str(packed), str(quick)))
        assert printed[0] == printed[1]
        assert len(printed[0].splitlines()) > 10
