"""``suite.load``, ``check`` and ``compare``: what a results folder holds, as tidy tables."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pandas as pd
import pytest

import suite
from tests.support import ROOT

QUICK = ROOT / "results" / "reference" / "quick"


def test_each_table_is_read_with_its_units() -> None:
    results = suite.load(QUICK)
    for study, names in results.tables.items():
        for name in names:
            frame = results.table(study, name)
            measured = [c for c in map(str, frame) if c in suite.units]
            assert measured
            assert all(frame.attrs["units"][c] == suite.units[c] for c in measured)
    layers = results.layers("propagation").attrs["units"]
    assert layers["activation_mean_square_high"] == suite.units["activation_mean_square"]


def test_a_summary_of_one_study_has_its_axes_alone() -> None:
    summary = suite.load(QUICK).summary("training")
    assert set(summary["study"]) == {"training"}
    assert "bias" not in summary
    assert {"depth", "optimizer", "settings"} < set(summary)
    assert len(suite.load(QUICK).summary()) > len(summary)


def test_a_method_returns_a_table_of_its_own() -> None:
    results = suite.load(QUICK)
    frame = results.runs("training")
    frame["heldout_accuracy"] = 0.0
    assert results.runs("training")["heldout_accuracy"].max() == 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        results.folder = QUICK  # type: ignore[misc]  # the mistake


def test_the_stored_verdicts_are_those_of_check() -> None:
    stored, judged = suite.load(QUICK).verdicts(), suite.check(QUICK).verdicts
    both = stored.merge(judged, on=["claim", "group", "text_hash"])
    assert len(both) == len(stored)
    assert (both["verdict_x"] == both["verdict_y"]).all()


def test_own_claims_are_judged(tmp_path: Path) -> None:
    first = (ROOT / "suite" / "claims" / "parity.toml").read_text(encoding="utf-8")
    (tmp_path / "my.toml").write_text(first, encoding="utf-8")
    check = suite.check(QUICK, claims=tmp_path / "my.toml")
    assert set(check.verdicts["study"]) == {"parity"}
    assert check.findings is None


def test_a_comparison_along_an_axis() -> None:
    by = {"framework": ("torch", "tensorflow")}
    comparison = suite.compare(QUICK, by=by, studies=["parity"])
    assert set(comparison.metrics["study"]) == {"parity"}
    with pytest.raises(suite.UserError, match="two folders, or one folder and --by"):
        suite.compare(QUICK)
    with pytest.raises(suite.UserError, match="names 2 axes"):
        suite.compare(QUICK, by={**by, "depth": (1, 4)})


def test_a_figure_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    figure = suite.load(QUICK).figure("activation_mean_square")
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure.save(tmp_path / "a.png").read_bytes() == figure.png
    assert "256" in figure.caption


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda: suite.load(QUICK.parent / "quik"), ["quik"]),
        (lambda: suite.load(QUICK).runs("trainng"), ["'trainng'", "did you mean 'training'"]),
        (lambda: suite.load(QUICK).runs("curves"), ["'curves'", "training, propagation"]),
        (lambda: suite.load(QUICK).table("training", "layer"), ["did you mean 'layers'"]),
        (lambda: suite.load(QUICK).figure("activation_means_square"), ["did you mean"]),
        (lambda: suite.listing("activation"), ["did you mean 'activations'"]),
        (lambda: suite.compare(QUICK, QUICK, allow_missing=["x"]), ["x: "]),
    ],
)
def test_what_is_not_there_is_one_sentence(read: object, words: list[str]) -> None:
    assert callable(read)
    with pytest.raises(suite.UserError) as caught:
        read()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_an_edited_table_is_said_once(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(QUICK, folder)
    suite.load(folder)  # no warning: warnings from the suite are errors here
    (folder / "claims.csv").write_text("claim\n", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"not as the suite wrote it \(edited: claims.csv\)"):
        suite.load(folder)


def test_findings_are_read_or_looked_for(tmp_path: Path) -> None:
    results = suite.load(QUICK)
    found = results.findings()
    shutil.copytree(QUICK, tmp_path / "copy")
    found.to_csv(tmp_path / "copy" / "findings.csv", index=False)
    stored = suite.load(tmp_path / "copy").findings()
    pd.testing.assert_series_equal(stored["difference"], found["difference"], check_dtype=False)
    (tmp_path / "copy" / "claims.csv").unlink()  # the stored ones need no verdicts
    with pytest.warns(UserWarning, match=r"missing: claims.csv"):
        assert len(suite.load(tmp_path / "copy").findings()) == len(found)
