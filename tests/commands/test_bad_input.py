"""Bad command lines, claims files and results folders end with an exit code, never a traceback.

Wrong usage is one line. The 2,200 inputs are generated; ``derandomize`` makes them the same in
every run.
"""

from __future__ import annotations

import functools
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite import claims, report
from suite.commands import main as cli
from suite.commands.run import pipeline
from suite.measuring import environment
from suite.planning import grids
from suite.planning.axes import AXES
from suite.results import manifest as manifests
from suite.studies import STUDIES
from tests.support import fake_study

CODES = {0, 1, 2, 3, 4}


def generated(examples: int) -> settings:
    """Return the settings for so many inputs, the same in every run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished run of a few networks in NumPy; afterwards nothing is drawn or run."""
    study = STUDIES["propagation"]
    texts = ["activation=tanh,relu", "depth=2", "width=4", "initializer=he_normal"]
    chosen = grids.parse_overrides(texts, [study])
    plan = grids.plan([study], grids.Selection("quick", ("numpy",), chosen, seeds=2))
    out = tmp_path_factory.mktemp("bad input") / "out"
    with pytest.MonkeyPatch.context() as patch:
        fake_study.use_threads(patch)
        pipeline.run(plan, ["suite", "run"], out, 1, draw=False)
        patch.setattr(pipeline, "run", lambda *_: 0)
        patch.setattr(report, "write_report", lambda folder, *_: folder)
        patch.setattr(claims, "shipped", functools.cache(claims.shipped))
        yield out


def answer(*words: str) -> int:
    """Run a command line, check its exit code and its error, and return the exit code."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.main(words)
        except SystemExit as end:  # of the parser of arguments
            code = 0 if end.code is None else int(end.code)
    assert code in CODES
    if code == 2:
        error = err.getvalue()
        assert error.startswith("suite"), error
        assert error.endswith("\n"), error
        assert len(error.splitlines()) == 1, error
        assert len(error) < 4000
    return code


# --- the command line --------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=12)
"""Text that may not be Unicode, as a terminal may send it; a word cannot hold a zero byte."""
SMALL = ["training", "propagation", "parity", "products", "underflow"]
NAMES = st.sampled_from([*SMALL, "trainin", "TRAINING", "", "-", "--", "studies", "quick"])
VALUES = st.one_of(
    TEXT,
    st.sampled_from(
        [
            "relu",
            "tanh,relu",
            "leaky_relu(0.3)",
            "leaky_relu(",
            "normal(1e400)",
            "normal(nan)",
            "normal()",
            "normal(1,2)",
            "relu,",
            ",",
            "4",
            "0",
            "-1",
            "1e3",
            "99999999999",
            "١",
            "0x1",
            "inf",
            "nan",
            "default",
            "shared",
            "torch",
            "numpy",
            "batch",
            "he_normal,he_normal",
        ]
    ),
    st.integers(-3, 40).map(str),
)
AXIS = st.one_of(TEXT, st.sampled_from([*AXES.names, "activaton", "seed", "Depth"]))
SETTING = st.one_of(
    TEXT, st.tuples(AXIS, st.sampled_from(["=", "==", " = ", ""]), VALUES).map("".join)
)
OPTION = st.one_of(
    st.tuples(st.just("--set"), SETTING),
    st.tuples(
        st.sampled_from(
            [
                "--seeds",
                "--root",
                "--jobs",
                "--timeout",
                "--profile",
                "--frameworks",
                "--by",
                "--fail-on",
                "--claims",
                "--figures",
                "--without",
                "--margins",
            ]
        ),
        VALUES,
    ),
    st.tuples(
        st.sampled_from(
            [
                "--json",
                "--markdown",
                "--csv",
                "--headline",
                "--no-report",
                "--help",
                "--version",
                "--",
                "-x",
                "--jso",
            ]
        )
    ),
    st.tuples(TEXT),
)


@generated(700)
@given(
    command=st.one_of(
        TEXT, st.sampled_from(["list", "plan", "run", "check", "report", "pack", "compare", "plna"])
    ),
    names=st.lists(NAMES, max_size=2),
    place=st.sampled_from(["", "good", "absent", "a file", "empty"]),
    options=st.lists(OPTION, max_size=3),
)
def test_a_command_line(
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    command: str,
    names: list[str],
    place: str,
    options: list[tuple[str, ...]],
) -> None:
    base = folder.parent
    (base / "empty").mkdir(exist_ok=True)
    (base / "a file").write_text("")
    words = [command, *names]
    if place and command not in ("plan", "run", "list"):
        words.append(str(folder if place == "good" else base / place))
        if command == "pack":
            words += ["--out", str(tmp_path_factory.mktemp("packed"))]
    if command in ("plan", "run") and not names:
        words += ["--profile", "quick"]
    answer(*words, *(word for option in options for word in option))


@generated(600)
@given(
    study=st.sampled_from(SMALL),
    sets=st.lists(st.tuples(AXIS, VALUES), min_size=1, max_size=3),
    seeds=VALUES,
)
def test_a_grid(folder: Path, study: str, sets: list[tuple[str, str]], seeds: str) -> None:
    words = [word for axis, value in sets for word in ("--set", f"{axis}={value}")]
    answer("plan", study, "--profile", "quick", *words, "--seeds", seeds)


def test_more_runs_than_memory_are_refused_before_they_are_planned(folder: Path) -> None:
    assert answer("plan", "training", "--seeds", "100000") == 2
    widths = ",".join(map(str, range(1, 3000)))
    assert answer("plan", "products", "--set", f"width={widths}", "--set", f"depth={widths}") == 2


# --- files -------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        TEXT,
        st.sampled_from(["training", "propagation", "quick", "median", "share", "slope"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(TEXT, AXIS), inner, max_size=3)
    ),
    max_leaves=5,
)
CLAIM: dict[str, Any] = {
    "id": "mine",
    "study": "propagation",
    "statement": "It is so.",
    "metric": "forward_slope",
    "of": {"activation": "tanh", "initializer": "he_normal", "depth": 2, "width": 4},
    "versus": {"activation": "relu", "initializer": "he_normal", "depth": 2, "width": 4},
    "estimand": "difference",
    "floor": 0.1,
    "expected": "supported",
    "because": "of it",
    "source": "me",
    "each": ["framework"],
    "decides": "full",
}
KEYS = st.one_of(
    TEXT,
    st.sampled_from(
        [
            *CLAIM,
            "band",
            "ceiling",
            "bounds",
            "kind",
            "along",
            "above",
            "below",
            "reduce",
            "centre",
            "headline",
            "prediction",
        ]
    ),
)


def toml(value: Any) -> str:
    """Return a value as TOML; null, which TOML lacks, becomes a word that is not TOML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(str(k))} = {toml(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


def write(path: Path, text: str) -> Path:
    """Write a text that may not be Unicode, as a faulty program would."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


@generated(500)
@given(changes=st.dictionaries(KEYS, JSON, max_size=3), lost=st.lists(st.sampled_from([*CLAIM])))
def test_a_claims_file(folder: Path, changes: dict[str, Any], lost: list[str]) -> None:
    table = {key: value for key, value in CLAIM.items() if key not in lost} | changes
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in table.items()]
    path = write(folder.parent / "mine.toml", "\n".join(["[[claim]]", *lines, ""]))
    answer("check", str(folder), "--claims", str(path))


def test_the_claim_that_the_others_are_made_from_is_accepted(folder: Path) -> None:
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in CLAIM.items()]
    path = write(folder.parent / "good.toml", "\n".join(["[[claim]]", *lines]))
    assert answer("check", str(folder), "--claims", str(path)) == 0


def copied(folder: Path) -> Path:
    copy = folder.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    return copy


@generated(300)
@given(data=st.data())
def test_a_manifest(folder: Path, data: st.DataObject) -> None:
    copy = copied(folder)
    manifest = json.loads((copy / "manifest.json").read_text())
    keys = sorted(manifest)
    for key in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2)):
        inner = manifest.get(key)
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(JSON)
        else:
            manifest[key] = data.draw(JSON)
    write(copy / "manifest.json", json.dumps(manifest, ensure_ascii=False))
    command = data.draw(st.sampled_from(["check", "report", "compare"]))
    answer(command, str(copy), *([str(folder)] if command == "compare" else []))


@generated(300)
@given(
    position=st.floats(0, 1),
    length=st.integers(0, 60),
    put=st.one_of(
        TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(),
        st.sampled_from([b",", b"\n", b'"', b",,,,", b"nan", b"1e999", b"\r\n", b"-"]),
    ),
    name=st.sampled_from(
        ["propagation/runs.csv", "claims.csv", "summary.csv", "manifest.json", "sha256sums.txt"]
    ),
    command=st.sampled_from(["check", "check", "compare", "pack"]),
)
def test_bytes_in_a_file(
    folder: Path, position: float, length: int, put: bytes, name: str, command: str
) -> None:
    copy = copied(folder)
    whole = (copy / name).read_bytes()
    start = int(position * len(whole))
    (copy / name).write_bytes(whole[:start] + put + whole[start + length :])
    new = folder.parent / "packed"
    more = {"compare": [str(folder)], "pack": ["--out", str(new)]}.get(command, [])
    assert (answer(command, str(copy), *more) == 0) == new.exists() or command != "pack"
    shutil.rmtree(new, ignore_errors=True)


@pytest.mark.parametrize(
    "text",
    [
        "[[claim]]\nid = " + "[" * 5000,
        "[[claim]]\nid = " + "9" * 5000,
        "[[claim]]\nid = 1979-05-27T07:32:00Z",
        "[[claim]]\nid = 'x'\nof = 07:32:00",
        "claim = 1",
        "claim = [[1]]",
        "\ufeff[[claim]]",
        "\x00",
    ],
)
def test_a_claims_file_that_is_not_generated(folder: Path, text: str) -> None:
    path = write(folder.parent / "mine.toml", text)
    assert answer("check", str(folder), "--claims", str(path)) == 2


@pytest.mark.parametrize("text", ["[" * 10**5, '{"a":' * 10**5, "9" * 5000, '{"schema": NaN}'])
def test_a_manifest_that_is_not_generated(folder: Path, text: str) -> None:
    copy = copied(folder)
    (copy / "manifest.json").write_text(text)
    assert answer("check", str(copy)) == 2


def test_a_folder_whose_name_is_not_unicode(folder: Path) -> None:
    """The command line that made a run is stored and shown, so it must be possible to write it."""
    plan = grids.plan([STUDIES["propagation"]], grids.Selection("quick", ("numpy",), seeds=1))
    manifest = environment.manifest(plan, ["suite", "run", "--out", "a\udcffb"])
    assert manifest.command[-1] == "a\\xffb"
    path = write(folder.parent / "manifest.json", manifests.encode(manifest.values()))
    assert manifests.read(path) == manifest
