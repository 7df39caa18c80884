"""Tables, claims and manifests that another program saved: read, or refused in one line."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from suite import claims
from suite.commands.main import main
from suite.results.tables import read_table
from tests.comparing.test_compare_folders import folder

TOML = """
study = "training"
[[claim]]
id = "tanh-learns"
statement = "tanh learns – é"
source = "mine"
metric = "heldout_accuracy"
estimand = "value"
of = { framework = "torch", activation = "tanh", initializer = "he_normal", depth = 4, width = 5 }
floor = 0.5
expected = "open"
because = "mine"
decides = "standard"
"""


def semicolons(text: str) -> bytes:
    return text.replace(",", ";").replace(".", ",").encode()


def other(separator: str) -> Callable[[str], bytes]:
    return lambda text: text.replace(",", separator).encode()


def encoded(encoding: str) -> Callable[[str], bytes]:
    return lambda text: text.encode(encoding)


def decimal_commas(text: str) -> bytes:
    """Put quotes around numbers with a decimal comma, as a spreadsheet does."""
    head, *rows = text.splitlines()
    cut = [row.rpartition(",") for row in rows]
    lines = [head, *(f'{start},"{value.replace(".", ",")}"' for start, _, value in cut)]
    return ("\n".join(lines) + "\n").encode()


def latin(text: str) -> bytes:
    return text.replace("ok,,", "ok,é,", 1).replace("training,", "trainé,", 1).encode("latin-1")


REFUSED = [
    (semicolons, "its fields are separated by semicolons; save it with commas"),
    (other("\t"), "its fields are separated by tabs"),
    (other("|"), "its fields are separated by vertical bars"),
    (encoded("utf-16"), "is encoded in UTF-16; save it as text in UTF-8"),
    (encoded("utf-16-be"), "contains zero bytes, as UTF-16 without a byte order mark"),
    (encoded("utf-32"), "is encoded in UTF-32"),
    (latin, "is not encoded in UTF-8 but perhaps in Latin-1 or Windows-1252 (byte 0xe9"),
    (lambda text: b"PK\x03\x04" + text.encode(), "is a spreadsheet or a zip archive"),
    (lambda text: gzip.compress(text.encode()), "is compressed with gzip, which its name does"),
]


@pytest.mark.parametrize("name", ["training/runs.csv", "claims.csv", "training/layers.csv"])
@pytest.mark.parametrize(("change", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_table_in_another_form_is_refused_in_one_line(
    name: str,
    change: Callable[[str], bytes],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a = folder(tmp_path / "a")
    (a / "training" / "layers.csv").write_text("framework,seed,layer,weight_rms\ntorch,0,1,0.5\n")
    path = a / name
    path.write_bytes(change(path.read_text(encoding="utf-8")))
    if change is latin and name.endswith("layers.csv"):
        return  # only its header is read
    assert main(["compare", str(a), str(a)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert str(path) in err
    assert len(err.splitlines()) == 1


def test_decimal_commas_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = folder(tmp_path / "a")
    path = a / "training" / "runs.csv"
    path.write_bytes(decimal_commas(path.read_text()))
    assert main(["compare", str(a), str(a)]) == 2
    err = capsys.readouterr().err
    assert "'heldout_accuracy' contains a non-numeric value, '0," in err
    assert "decimal numbers need a point" in err


@pytest.mark.parametrize("name", ["training/runs.csv", "claims.csv", "manifest.json"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_windows_lines_are_read(
    name: str, mark: bytes, end: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = folder(tmp_path / "a")
    path = a / name
    path.write_bytes(mark + path.read_bytes().replace(b"\n", end))
    assert main(["compare", str(a), str(a), "--json"]) == 0
    assert '"kind": "same"' in capsys.readouterr().out


def test_an_old_mac_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(b"seed,train_loss\r0,1.0\r")
    with pytest.raises(Exception, match="cut off"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TOML.encode(), ""),
        (b"\xef\xbb\xbf" + TOML.encode().replace(b"\n", b"\r\n"), ""),
        (TOML.encode("utf-16"), "is encoded in UTF-16"),
        (TOML.replace("–", "-").encode("latin-1"), "perhaps in Latin-1 or Windows-1252"),
    ],
    ids=["UTF-8", "BOM and CRLF", "UTF-16", "Latin-1"],
)
def test_claims_of_a_user(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    if not words:
        (claim,) = claims.read([path])
        assert claim.id == "tanh-learns"
        return
    reference = Path("results") / "reference" / "quick"
    assert main(["check", str(reference), "--claims", str(path)]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1
