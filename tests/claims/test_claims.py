"""Claims are read from TOML and checked: a mistake names the file, the claim and the key."""

from __future__ import annotations

import math
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from suite import claims
from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.types import PROFILES, UserError

BASE = """
study = "training"
[[claim]]
id = "some-claim"
statement = "A statement."
source = "a source"
metric = "heldout_accuracy"
estimand = "difference"
of = { activation = "tanh", initializer = "normal(1)", depth = 4, width = 5 }
versus = { activation = "sigmoid", initializer = "normal(1)", depth = 4, width = 5 }
each = ["framework"]
floor = 0.1
expected = "supported"
because = "a reason"
decides = "quick"
"""
FILES = sorted(path.name for path in resources.files(claims).iterdir() if path.name[-5:] == ".toml")


def edited(old: str, new: str) -> str:
    """Return ``BASE`` with one passage replaced, which must occur exactly once."""
    assert BASE.count(old) == 1
    return BASE.replace(old, new)


def only_claim(text: str) -> Claim:
    (claim,) = claims.parse(text, "my.toml")
    return claim


# --- what is read ------------------------------------------------------------------------------


def test_a_claim_has_what_its_table_says() -> None:
    claim = only_claim(BASE)
    assert claim.study == "training"
    assert claim.of["depth"] == (4,)
    assert claim.versus is not None
    assert claim.versus["activation"] == ("sigmoid",)
    assert claim.each == ("framework",)
    assert claim.band == Band(0.1, math.inf)
    assert (claim.centre, claim.kind, claim.reduce) == ("median", "sampled", None)
    assert claim.file == "my.toml"


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ("ceiling = 2", Band(-math.inf, 2.0)),
        ("band = [-1, 0.5]", Band(-1.0, 0.5)),
        ("floor = 3", Band(3.0, math.inf)),
    ],
)
def test_bands(band: str, expected: Band) -> None:
    assert only_claim(edited("floor = 0.1", band)).band == expected


def test_values_are_brought_into_canonical_form() -> None:
    text = BASE.replace('"normal(1)"', '["normal( 1.0 )", "normal(1)", "normal(.05)"]')
    claim = only_claim(
        edited("floor", 'reduce = "mean"\nfloor').replace('"normal(1)"', '"normal(1.00)"')
    )
    assert claim.of["initializer"] == ("normal(1)",)
    assert only_claim(text.replace("floor", 'reduce = "mean"\nfloor')).of["initializer"] == (
        "normal(1)",
        "normal(0.05)",
    )


def test_a_claim_may_name_another_study() -> None:
    text = edited('id = "some-claim"', 'id = "some-claim"\nstudy = "parity"')
    text = text.replace("heldout_accuracy", "step_error")
    assert only_claim(text).study == "parity"


def test_the_hash_sees_content_and_not_layout() -> None:
    before = only_claim(BASE).text_hash
    assert (
        only_claim(
            edited('each = ["framework"]\n', "").replace(
                'decides = "quick"', 'decides="quick"\neach   = [ "framework" ]  # moved'
            )
        ).text_hash
        == before
    )
    assert len(before) == 12
    for old, new in (
        ("floor = 0.1", "floor = 0.11"),
        ("A statement.", "A statement!"),
        ('"supported"', '"refuted"'),
        ('study = "training"', 'study = "training" '),
    ):
        changed = only_claim(edited(old, new)).text_hash != before
        assert changed == (new.strip() != old)


# --- what is refused ---------------------------------------------------------------------------

OF_TABLE = 'of = { activation = "tanh", initializer = "normal(1)", depth = 4, width = 5 }\n'
VERSUS_TABLE = OF_TABLE.replace("of", "versus").replace("tanh", "sigmoid")
MISTAKES = {
    "unknown key": ("floor = 0.1", "flor = 0.1", ["flor", "did you mean 'floor'?"]),
    "no band": ("floor = 0.1\n", "", ["band", "exactly one of floor, ceiling, band"]),
    "two bands": ("floor = 0.1", "floor = 0.1\nceiling = 0.2", ["floor and ceiling"]),
    "band upside down": ("floor = 0.1", "band = [0.2, 0.1]", ["band", "0.2 exceeds its high 0.1"]),
    "band of three": ("floor = 0.1", "band = [0.1, 0.2, 0.3]", ["band", "pair of numbers"]),
    "band without bounds": ("floor = 0.1", "floor = -inf", ["floor", "excludes nothing"]),
    "band of all": ("floor = 0.1", "band = [-inf, inf]", ["band", "excludes nothing"]),
    "band not a number": ("floor = 0.1", "floor = nan", ["floor", "must be a number, not nan"]),
    "text for a number": ("floor = 0.1", 'floor = "0.1"', ["floor", "must be a number, not '0.1'"]),
    "truth for a number": ("floor = 0.1", "floor = true", ["floor", "must be a number, not True"]),
    "number for a text": ('"a source"', "3", ["source", "must be a non-empty string, not 3"]),
    "empty text": ('"a reason"', '" "', ["because", "must be a non-empty string, not ' '"]),
    "unknown metric": (
        "heldout_accuracy",
        "heldout_acuracy",
        ["metric", "did you mean 'heldout_accuracy'?"],
    ),
    "metric of another study": ("heldout_accuracy", "step_error", ["metric", "'training'"]),
    "unknown study": ('study = "training"', 'study = "trainig"', ["study", "'training'?"]),
    "no study": ('study = "training"\n', "", ["study", "is missing"]),
    "unknown estimand": ('"difference"', '"diference"', ["estimand", "'difference'?"]),
    "unknown profile": ('"quick"', '"quik"', ["decides", "did you mean 'quick'?"]),
    "unknown expectation": ('"supported"', '"suported"', ["expected", "'supported'?"]),
    "no reason": ('because = "a reason"\n', "", ["because", "is missing"]),
    "unknown axis": (
        '{ activation = "tanh"',
        '{ activaton = "tanh"',
        ["of", "did you mean 'activation'?"],
    ),
    "unknown value": ('"tanh"', '"tahn"', ["of.activation", "did you mean 'tanh'?"]),
    "impossible depth": (
        '"tanh", initializer = "normal(1)", depth = 4',
        '"tanh", initializer = "normal(1)", depth = -4',
        ["of.depth", "-4"],
    ),
    "axis not stated": (
        '"tanh", initializer = "normal(1)", depth = 4, width = 5',
        '"tanh", initializer = "normal(1)", depth = 4',
        ["of", "names no width"],
    ),
    "unknown axis in each": ('["framework"]', '["framwork"]', ["each", "'framework'?"]),
    "axis twice in each": ('["framework"]', '["framework", "framework"]', ["each", "twice"]),
    "each is no list": ('["framework"]', '"framework"', ["each", "must be a list of axes"]),
    "axis in each and versus": (
        "versus = {",
        'versus = { framework = "torch",',
        ["versus", "which is in each"],
    ),
    "several cells": (
        'activation = "tanh"',
        'activation = ["tanh", "relu"]',
        ["reduce", "is missing", "activation"],
    ),
    "unknown reduction": ("floor", 'reduce = "avg"\nfloor', ["reduce", "allowed: mean, median"]),
    "nothing to compare with": (VERSUS_TABLE, "", ["versus", "is missing", "difference"]),
    "versus of a value": ('"difference"', '"value"', ["versus", "has no meaning"]),
    "share without condition": ('"difference"', '"share"', ["above, below"]),
    "condition without share": ("floor", "above = 1\nfloor", ["above, below"]),
    "mean without bounds": ("floor", 'centre = "mean"\nfloor', ["bounds"]),
    "bounds without mean": ("floor", "bounds = [0, 1]\nfloor", ["bounds"]),
    "endless bounds": ("floor", 'centre = "mean"\nbounds = [0, inf]\nfloor', ["bounds", "finite"]),
    "exact with a centre": ("floor", 'kind = "exact"\ncentre = "median"\nfloor', ["centre"]),
    "slope along nothing": (
        f'"difference"\n{OF_TABLE}{VERSUS_TABLE}',
        f'"slope"\nalong = "depth"\n{OF_TABLE}',
        ["along", "two numbers or more"],
    ),
    "slope along names": (
        f'"difference"\n{OF_TABLE}{VERSUS_TABLE}',
        f'"slope"\nalong = "activation"\n{OF_TABLE}'.replace('"tanh"', '["tanh", "relu"]'),
        ["along", "two numbers or more"],
    ),
    "worst without a rate": (
        f'"difference"\n{OF_TABLE}{VERSUS_TABLE}',
        f'"worst"\n{OF_TABLE}',
        ["rate", "is missing", "worst"],
    ),
    "rate of a difference": ("floor", "rate = 0.01\nfloor", ["rate", "has no meaning"]),
    "rate that is no share": (
        f'"difference"\n{OF_TABLE}{VERSUS_TABLE}',
        f'"worst"\nrate = 1.5\n{OF_TABLE}',
        ["rate", "1.5 is not a share between 0 and 1"],
    ),
    "worst with a centre": (
        f'"difference"\n{OF_TABLE}{VERSUS_TABLE}',
        f'"worst"\nrate = 0.1\ncentre = "median"\n{OF_TABLE}',
        ["centre", "every seed"],
    ),
    "bad id": ('"some-claim"', '"Some claim"', ["id", "lower case"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_claim_and_key(mistake: str) -> None:
    old, new, words = MISTAKES[mistake]
    with pytest.raises(UserError) as caught:
        claims.parse(edited(old, new), "my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: claim 'S" if mistake == "bad id" else "my.toml: claim 's")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_claim_without_an_id_is_named_by_its_place() -> None:
    with pytest.raises(UserError, match=r"^my.toml: claim 1: id: is missing"):
        claims.parse(edited('id = "some-claim"\n', ""), "my.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study = ", "not valid TOML"),
        ("", "contains no claim"),
        ("claim = 3", "contains no claim"),
        ("claims = []", "did you mean 'claim'?"),
    ],
)
def test_a_file_without_claims(text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        claims.parse(text, "my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert words in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere.toml: the claims cannot be read"):
        claims.read([tmp_path / "nowhere.toml"])
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"binary.toml cannot be read: it is encoded in UTF-16"):
        claims.read([tmp_path / "binary.toml"])


def test_ids_are_unique_over_all_files(tmp_path: Path) -> None:
    mine, yours = tmp_path / "mine.toml", tmp_path / "yours.toml"
    mine.write_text(BASE)
    yours.write_text(BASE)
    (claim,) = claims.read([mine])
    assert (claim.id, claim.file) == ("some-claim", str(mine))
    with pytest.raises(UserError, match=r"yours.toml: claim 'some-claim': id: .*mine.toml"):
        claims.read([mine, yours])
    yours.write_text(edited("some-claim", "another-claim"))
    assert [claim.id for claim in claims.read([mine, yours])] == ["some-claim", "another-claim"]


def test_a_users_family_may_use_an_id_of_the_shipped_one(tmp_path: Path) -> None:
    taken = claims.shipped()[0].id
    (tmp_path / "mine.toml").write_text(edited("some-claim", taken))
    assert [claim.id for claim in claims.read([tmp_path / "mine.toml"])] == [taken]


# --- what is shipped ---------------------------------------------------------------------------


def test_every_shipped_file_loads() -> None:
    assert {claim.file for claim in claims.shipped()} == set(FILES)
    assert {"training.toml", "parity.toml", "propagation.toml"} <= set(FILES)


def test_a_reason_and_a_band_can_be_read_beside_every_shipped_claim() -> None:
    for name in FILES:
        content: dict[str, Any] = tomllib.loads(
            resources.files(claims).joinpath(name).read_text("utf-8")
        )
        for table in content["claim"]:
            assert len(table["because"].split()) >= 4, table["id"]
            assert table["decides"] in PROFILES


def test_reading_claims_needs_no_data_frames() -> None:
    """``suite list claims`` must be quick."""
    code = (
        "import sys; from suite import claims; claims.shipped();"
        "print([m for m in ('pandas', 'scipy', 'torch', 'tensorflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
