"""Manifests are read, checked and written: the same bytes, and one line for a wrong value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from suite.measuring import environment
from suite.planning import grids
from suite.results.manifest import MANIFEST, Expected, Git, Manifest, encode, read
from suite.studies import STUDIES
from suite.types import UserError
from tests.support import ROOT

REFERENCES = [ROOT / "results" / "reference" / name / MANIFEST for name in ("quick", "standard")]
REQUIRED = {field.name for field in msgspec.structs.fields(Manifest) if field.required}


def edited(folder: Path, **changes: object) -> Path:
    """Write the quick reference's manifest with some values replaced; return its path."""
    values = json.loads(REFERENCES[0].read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**values, **changes}), encoding="utf-8")
    return folder / MANIFEST


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.parent.name)
def test_a_stored_manifest_is_written_to_the_same_bytes(path: Path) -> None:
    assert encode(read(path).values()) == path.read_text(encoding="utf-8")


def test_a_run_writes_the_keys_that_it_always_wrote() -> None:
    plan = grids.plan([STUDIES["training"]], grids.Selection("quick", ("torch", "tensorflow")))
    written = json.loads(encode(environment.manifest(plan, ["suite", "run"]).values()))
    stored = json.loads(REFERENCES[0].read_text(encoding="utf-8"))
    assert set(written) == set(stored)
    for key in ("platform", "determinism", "git"):
        assert set(written[key]) == set(stored[key]), key
    assert written["expected"]["training"] == stored["expected"]["training"]


def test_the_name_of_a_run_stays_what_it_was() -> None:
    """The name was computed when a manifest was a dictionary."""
    manifest = Manifest(
        command=("x",),
        profile="quick",
        studies=("training", "parity"),
        frameworks=("torch",),
        overrides={},
        seeds=None,
        root_seed=7,
        expected={
            "training": Expected(cells=2, runs=4, stacks=2, hash="0123456789abcdef"),
            "parity": Expected(cells=1, runs=1, stacks=1, hash="ff"),
        },
        versions={"python": "3.11", "numpy": "2.4"},
        tree_hash="00ff",
        platform={"system": "Linux", "limits": ""},
    )
    assert environment.run_id(manifest) == "0d6eea4b"


def test_a_manifest_may_lack_what_older_versions_did_not_write(tmp_path: Path) -> None:
    values = json.loads(REFERENCES[0].read_text(encoding="utf-8"))
    oldest = {key: values[key] for key in ("schema", *REQUIRED)}
    (tmp_path / MANIFEST).write_text(json.dumps(oldest), encoding="utf-8")
    manifest = read(tmp_path / MANIFEST)
    assert (manifest.tree_hash, manifest.git, manifest.definitions) == ("", Git(), None)
    stored = read(REFERENCES[0]).values()
    assert len(oldest) < len(stored)
    for key in oldest:
        assert manifest.values()[key] == stored[key], key


def test_keys_of_a_newer_version_are_ignored(tmp_path: Path) -> None:
    stored = read(REFERENCES[0])
    expected = json.loads(REFERENCES[0].read_text(encoding="utf-8"))["expected"]
    expected["training"]["energy"] = {"joules": [1e300, None]}
    git = {"commit": stored.git.commit, "dirty": stored.git.dirty, "branch": ["main"]}
    path = edited(tmp_path, accelerator={"": [None, 2**70]}, expected=expected, git=git)
    assert read(path) == stored


@dataclass(frozen=True)
class Fault:
    """A wrong value under a key, and words of the error."""

    key: str
    value: object
    words: str


STUDY = {"runs": 1, "hash": "a"}
FAULTS = [
    Fault("seeds", "x", 'seeds is "x"; expected `int | null`, got `str`'),
    Fault("seeds", 0, "expected `int` >= 1"),
    Fault("seeds", 2.0, "seeds is 2.0"),
    Fault("seeds", True, "seeds is true"),
    Fault("seeds", 100_001, "expected `int` <= 100000"),
    Fault("root_seed", 2**63, "root_seed is 9223372036854775808"),
    Fault("root_seed", -1, "expected `int` >= 0"),
    Fault("expected", None, "expected is null"),
    Fault("expected", {"training": {**STUDY, "runs": "many"}}, "`$.expected[...].runs`"),
    Fault("expected", {"training": {**STUDY, "stacks": -1}}, "`$.expected[...].stacks`"),
    Fault("expected", {"training": {**STUDY, "hash": 7}}, "`$.expected[...].hash`"),
    Fault("expected", {"training": {"runs": 1}}, "missing required field `hash`"),
    Fault("overrides", {"depth": [True]}, "overrides is"),
    Fault("overrides", {"depth": [[1]]}, "overrides is"),
    Fault("versions", {"numpy": None}, 'versions is {"numpy": null}'),
    Fault("platform", {"cpu": "x" * 200, "cores": 2}, "xxx...; expected `str`"),
    Fault("command", "suite run", "expected `array`, got `str`"),
    Fault("git", {"commit": 1}, "`$.git.commit`"),
    Fault("definitions", [["a", "b"]], "definitions is"),
    Fault("studies", ["training", "training"], "studies has 'training' twice"),
    Fault("schema", 2, "schema is 2; 2 has until_decided"),
    Fault("schema", 3, "schema is 3; this version reads schema 1 and 2"),
    Fault("schema", True, "schema is true; this version reads schema 1 and 2"),
    Fault("until_decided", {"most": 40, "first": {}}, "schema is 1; 2 has until_decided"),
    Fault("profile", "\ud800", "cannot be read"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.key}={fault.value}"[:40])
def test_a_wrong_value_is_reported_in_one_line(tmp_path: Path, fault: Fault) -> None:
    path = edited(tmp_path, **{fault.key: fault.value})
    with pytest.raises(UserError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert fault.words in message
    assert len(message.splitlines()) == 1
    assert len(message) < len(str(path)) + 250


PLACES = ["../elsewhere", "/elsewhere", "a/b", "", ".", "..", "A", "a b", "training\n", "é"]


@pytest.mark.parametrize("place", PLACES)
def test_a_study_cannot_name_a_folder_elsewhere(tmp_path: Path, place: str) -> None:
    """A folder from a stranger must not make a command read or write outside of it."""
    changes: list[dict[str, Any]] = [
        {"studies": ["training", place]},
        {"expected": {"training": STUDY, place: STUDY}},
    ]
    for change in changes:
        with pytest.raises(UserError, match=r"is damaged: (studies|expected) is"):
            read(edited(tmp_path, **change))


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_a_required_key_that_is_absent_is_named(tmp_path: Path, missing: str) -> None:
    values = json.loads(REFERENCES[0].read_text(encoding="utf-8"))
    del values[missing]
    (tmp_path / MANIFEST).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(UserError, match=f"missing required field `{missing}`"):
        read(tmp_path / MANIFEST)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("\x00", "cannot be read"),
        ("[1]", "is not a JSON object"),
        ("{}", "schema is absent"),
        ('{"schema": 99}', "schema is 99; this version reads schema 1 and 2"),
        ('{"schema": 1}', "missing required field"),
        ('{"schema": 1, "seeds": NaN}', "cannot be read"),
        ("[" * 10**5, "cannot be read"),
        ('{"a":' * 10**5, "cannot be read"),
        ("9" * 5000, "cannot be read"),
    ],
)
def test_a_file_that_is_not_a_manifest_is_reported_in_one_line(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UserError, match=words) as caught:
        read(tmp_path / MANIFEST)
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_without_a_manifest_is_not_a_results_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path} is not a results folder: it has no manifest"):
        read(tmp_path / MANIFEST)
