"""A claim that turns red is shown with its sentence and with the nearest plain number."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.claims import shipped
from suite.commands.main import main
from suite.judging import show_verdicts
from suite.judging.judge_claims import judge
from suite.judging.plain_numbers import in_words, plain_numbers
from suite.judging.verdicts import to_frame
from suite.metrics import METRICS
from suite.results.read_runs import read_runs
from tests.support import ROOT

STANDARD = ROOT / "results" / "reference" / "standard"
WRONG_FAN = (
    "initializer == 'he_normal' and layer_kind == 'dense' and shape == '384x640'"
    " and framework == 'tensorflow' and bias == 'unset'"
)


@functools.cache
def runs() -> pd.DataFrame:
    return read_runs(STANDARD, "initializers")


def spoilt() -> pd.DataFrame:
    """Return the runs with TensorFlow's he_normal divided by fan_out: 0.6 of the variance."""
    frame = runs().copy()
    rows = frame.query(WRONG_FAN).index
    frame.loc[rows, "kernel_variance_ratio"] *= 0.6
    frame.loc[rows, "ks_normal"] *= 2.94
    frame.loc[rows, "ks_declared"] = 0.06
    return frame


def shown(claim: str, frame: pd.DataFrame) -> str:
    claims = [one for one in shipped() if one.id == claim]
    frames = {"initializers": frame}
    verdicts = judge(claims, frames, "standard")
    text = show_verdicts.table(verdicts, plain=plain_numbers(claims, verdicts, frames))
    return " ".join(text.split())


def test_a_claim_about_a_distance_shows_the_variance() -> None:
    text = shown("he-normal-keras-distance", spoilt())
    assert (
        "! he-normal-keras-distance: Keras' he_normal is as far from a normal law as a truncated"
        " one of the same variance: 0.0167. refuted, but expected supported: ks_normal, median"
        " ratio_to_prediction, is 3.05 [" in text
    )
    assert text.endswith("; the variance is 0.6 of what is declared")
    assert "!" not in shown("he-normal-keras-distance", runs())


def test_of_many_cells_the_one_that_is_farthest_off_is_named() -> None:
    text = shown("draws-follow-declared-law", spoilt())
    assert "the variance is 0.6 of what is declared (in framework=tensorflow" in text
    assert "initializer=he_normal" in text
    assert "shape=384x640" in text


def test_two_sides_are_both_shown() -> None:
    frame = runs().copy()
    rows = frame.query("initializer == 'he_normal' and layer_kind == 'dense'").index
    frame.loc[rows, "ks_normal"] = np.where(frame.loc[rows, "seed"] % 2, 0.01, 0.011)
    text = shown("he-normal-differs-keras-torch", frame)
    assert text.endswith("; the variance is 1 against 0.999 of what is declared")


def test_a_metric_without_a_sentence_is_named() -> None:
    assert in_words("heldout_accuracy", 0.5) == "heldout_accuracy is 0.5"
    assert in_words("unheard_of", 0.5, 1.0) == "unheard_of is 0.5 against 1"


def test_a_plain_metric_exists_and_says_its_value() -> None:
    named = [metric for metric in METRICS if metric.plain]
    assert len(named) >= 4
    for metric in named:
        assert METRICS[metric.plain].reads.count("{}") == 1


def written(folder: Path, frame: pd.DataFrame) -> Path:
    """Write a folder of this study alone, with the verdicts on it."""
    content = json.loads((STANDARD / "manifest.json").read_text(encoding="utf-8"))
    (folder / "initializers").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({**content, "studies": ["initializers"]}))
    frame.to_csv(folder / "initializers" / "runs.csv", index=False, lineterminator="\n")
    claims = [claim for claim in shipped() if claim.study == "initializers"]
    verdicts = judge(claims, {"initializers": frame}, "standard")
    to_frame(verdicts).to_csv(folder / "claims.csv", index=False, lineterminator="\n")
    return folder


def test_a_comparison_shows_both_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = written(tmp_path / "a", runs()), written(tmp_path / "b", spoilt())
    assert main(["compare", str(a), str(b), "--fail-on", "any"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "kernel_variance_ratio" in " ".join(lines[4:8])  # what moved comes first
    text = " ".join(" ".join(lines).split())
    assert "Keras' he_normal is as far from a normal law as a truncated one" in text
    assert "the variance is 0.6 of what is declared (A: 1; framework=tensorflow" in text
