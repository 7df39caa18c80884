"""Findings: planted differences are found, equal laws give none, and claims explain them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from suite.discovery import show_findings
from suite.discovery.by_place import in_tables
from suite.discovery.by_seed import between_values, from_predictions
from suite.discovery.explanations import Explanation, explains, explanations, holding, parse
from suite.discovery.findings import OPEN, findings, unexplained
from suite.discovery.kinds import COLUMNS, FINDINGS
from suite.judging.verdicts import Verdict
from suite.metrics import METRICS
from suite.results import dictionary
from suite.results.folder import Results
from suite.results.tables import read_table
from suite.types import Array, UserError
from tests.support import ROOT
from tests.support.verdicts import verdict

STANDARD = ROOT / "results" / "reference" / "standard"
SEEDS = 20
CELL: dict[str, Any] = {"activation": "elu", "initializer": "he_uniform", "depth": 50}


def runs(values: Callable[[str], Array], metric: str = "zero_share") -> pd.DataFrame:
    """Return the runs of one cell of propagation in two frameworks; ``values``: by framework."""
    parts = []
    for framework in ("torch", "tensorflow"):
        fields = {"framework": framework, **CELL, "width": 256, "weights": "native"}
        part = pd.DataFrame({**fields, "seed": np.arange(SEEDS), "status": "ok", "reason": ""})
        parts.append(part.assign(**{metric: values(framework)}))
    return pd.concat(parts, ignore_index=True)


def layers(folder: Path, values: Callable[[str, int], Array], metric: str = "zero_share") -> None:
    """Write layers.csv of that cell, with the median and the band of (seeds,) values by layer."""
    rows = []
    for framework in ("torch", "tensorflow"):
        for layer in range(1, 21):
            drawn = values(framework, layer)
            middle, low, high = np.quantile(drawn, [0.5, 0.05, 0.95])
            fields = {"framework": framework, **CELL, "width": 256, "weights": "native"}
            band = {metric: middle, f"{metric}_low": low, f"{metric}_high": high}
            rows.append({**fields, "layer": layer, "n": len(drawn), **band})
    (folder / "propagation").mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / "propagation" / "layers.csv", index=False)


# --- what is found -------------------------------------------------------------------------------


def test_a_share_that_differs_between_frameworks_is_found() -> None:
    rng = np.random.default_rng(0)

    def shares(framework: str) -> Array:
        return rng.normal(0.5, 0.02, SEEDS) if framework == "tensorflow" else np.zeros(SEEDS)

    (row,) = between_values({"propagation": runs(shares)}, planned=True)
    assert (row["kind"], row["metric"], row["n"]) == ("frameworks", "zero_share", SEEDS)
    assert (row["a"], row["b"]) == ("torch", "tensorflow")
    assert row["difference"] == pytest.approx(0.5, abs=0.02)


def test_a_measurement_off_its_prediction_is_found_and_one_beside_it_is_not() -> None:
    rng = np.random.default_rng(1)
    frame = runs(lambda framework: rng.normal(0.5, 0.02, SEEDS), "output_std")
    off = frame["framework"] == "tensorflow"
    frame["output_std_predicted"] = np.where(off, 0.4, 0.5)
    (row,) = from_predictions({"propagation": frame}, planned=True)
    frame["output_std_predicted"] = np.nan
    assert not list(from_predictions({"propagation": frame}, planned=True))
    assert row["kind"] == "prediction"
    assert row["cell"].startswith("framework=tensorflow ")
    assert row["a_value"] == 0.4


def test_a_difference_in_one_of_twenty_layers_is_found_at_its_layer(tmp_path: Path) -> None:
    """TensorFlow's ELU of a small signal: some units are exactly 0 from a layer on."""

    def shares(framework: str, layer: int) -> Array:
        zero = framework == "tensorflow" and layer >= 9
        drawn = 0.05 * (layer - 8) + np.linspace(-0.01, 0.01, SEEDS)
        return drawn if zero else np.zeros(SEEDS)

    layers(tmp_path, shares)
    (row,) = in_tables(tmp_path, ["propagation"])
    assert (row["kind"], row["metric"], row["at"]) == (
        "frameworks",
        "zero_share",
        "layer=20 and 11 more",
    )


def test_equal_laws_give_no_finding(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        layers(tmp_path, lambda framework, layer: rng.standard_cauchy(SEEDS))
        assert in_tables(tmp_path, ["propagation"]) == []
    frames = {"propagation": runs(lambda framework: rng.standard_cauchy(SEEDS))}
    assert not list(between_values(frames, planned=True))


def test_few_seeds_find_nothing_in_a_table(tmp_path: Path) -> None:
    layers(tmp_path, lambda framework, layer: np.full(3, float(framework == "torch")))
    assert in_tables(tmp_path, ["propagation"]) == []


# --- what explains -------------------------------------------------------------------------------

FOUND = {
    "kind": "frameworks",
    "study": "training",
    "metric": "train_loss",
    "cell": "depth=4",
    "most": 0.2,
}
BY_EPSILON = Explanation(
    "frameworks",
    ("train_*",),
    "a reason",
    ("fw-rmsprop-outcome",),
    {"optimizer": ("rmsprop",)},
    "training",
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, True),
        ({"metric": "heldout_loss"}, False),
        ({"study": "remedies"}, False),
        ({"kind": "prediction"}, False),
        ({"cell": "depth=4 optimizer=adam"}, False),
    ],
)
def test_an_explanation_is_about_its_metrics_and_cells(change: dict[str, str], said: bool) -> None:
    """RMSprop is the default of the axis, which the name of a cell leaves out."""
    assert explains(BY_EPSILON, FOUND | change) == said


def test_an_explanation_holds_while_its_claims_are_as_expected() -> None:
    claim = "fw-rmsprop-outcome"
    good = verdict(claim=claim, as_expected=True)
    bad = verdict(claim=claim, as_expected=False)
    undecided = verdict(claim=claim, as_expected=None)
    assert holding([BY_EPSILON], [good, undecided]) == (BY_EPSILON,)
    assert holding([BY_EPSILON], [good, bad]) == ()
    assert holding([BY_EPSILON], [bad, good]) == ()
    assert holding([BY_EPSILON], [undecided]) == ()
    assert holding([BY_EPSILON], []) == ()


def test_an_explanation_needs_each_of_its_claims_and_an_open_question_none() -> None:
    claim, other = "fw-rmsprop-outcome", "fw-rmsprop-long"
    both = msgspec.structs.replace(BY_EPSILON, claims=(claim, other))
    asked = msgspec.structs.replace(BY_EPSILON, claims=())
    good = [verdict(claim=name, as_expected=True) for name in (claim, other)]
    bad = verdict(claim=other, as_expected=False)
    assert holding([both, asked], good) == (both, asked)
    assert holding([both, asked], good[:1]) == (asked,)
    assert holding([both, asked], [good[0], bad]) == (asked,)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("fw-rmsprop-outcome", "fw-rmsprop-outcom", "did you mean 'fw-rmsprop-outcome'?"),
        ("train_*", "trian_*", "metric 'trian_*'"),
        ("optimizer", "optimiser", "did you mean 'optimizer'?"),
        ("'rmsprop'", "'rmspro'", "did you mean 'rmsprop'?"),
        ("because", "becuase", "becuase"),
        ("frameworks", "framework", "framework"),
    ],
)
def test_a_mistake_in_an_explanation_is_one_line(old: str, new: str, words: str) -> None:
    text = (
        "[[explanation]]\nkind = 'frameworks'\nmetrics = ['train_*']\nbecause = 'a reason'\n"
        "claims = ['fw-rmsprop-outcome']\nof = { optimizer = ['rmsprop'] }\n"
    )
    assert parse(text, "training") == (
        Explanation(
            "frameworks",
            ("train_*",),
            "a reason",
            ("fw-rmsprop-outcome",),
            {"optimizer": ("rmsprop",)},
            "training",
        ),
    )
    with pytest.raises(UserError) as caught:
        parse(text.replace(old, new, 1), "training")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_explanation_of_an_unknown_study_is_an_error() -> None:
    with pytest.raises(UserError, match="did you mean 'training'"):
        parse("[[explanation]]\n", "trainig")


def test_what_is_shipped_can_be_read() -> None:
    assert all(each.because for each in explanations())


# --- the table, and what is printed --------------------------------------------------------------


def test_the_dictionary_explains_every_column() -> None:
    assert tuple(dictionary._FINDING) == COLUMNS


def test_unexplained_findings_come_first_and_are_counted(tmp_path: Path) -> None:
    def shares(framework: str) -> Array:
        return np.linspace(0.4, 0.6, SEEDS) * (framework == "tensorflow")

    table = findings(tmp_path, {"propagation": runs(shares)}, [], planned=True)
    assert tuple(table.columns) == COLUMNS
    assert len(unexplained(table)) == len(table) == 1
    Results(tmp_path).write_frame(FINDINGS, table)
    stored = read_table(tmp_path / FINDINGS, COLUMNS)
    assert stored["cell"].tolist() == table["cell"].tolist()
    assert show_findings.lines(stored.fillna({"explained_by": ""})) == show_findings.lines(table)
    text = " ".join(show_findings.lines(table).split())
    assert "1 unexplained" in text
    assert "propagation zero_share" in text
    assert "activation=elu initializer=he_uniform" in text
    asked = table.assign(explained_by=OPEN)
    assert "1 open questions, 0 unexplained" in show_findings.counts(asked)


def test_the_largest_of_the_unexplained_findings_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a larger one that somebody has looked into comes after both."""
    difference = {"output_std": 1.0, "zero_share": 2.0, "saturated_share": 3.0}
    frame = runs(lambda framework: np.zeros(SEEDS))
    for metric, size in difference.items():
        values = np.linspace(0.1, 0.2, SEEDS) * size
        frame[metric] = np.concatenate([0 * values, values])
    asked = Explanation("frameworks", ("saturated_share",), "unknown", study="propagation")
    monkeypatch.setattr("suite.discovery.findings.explanations", lambda: (asked,))
    table = findings(tmp_path, {"propagation": frame}, [], planned=True)
    assert table["explained_by"].tolist() == ["", "", OPEN]
    assert table["size"][0] > table["size"][1]
    assert table["metric"][2] == "saturated_share"


def test_a_difference_that_both_predictions_have_is_explained(tmp_path: Path) -> None:
    centre = {"torch": 0.4, "tensorflow": 0.9}

    def widths(framework: str) -> Array:
        return centre[framework] + np.linspace(-0.01, 0.01, SEEDS)

    frame = runs(widths, "output_std")
    frame["output_std_predicted"] = frame["framework"].map(centre)
    (row,) = findings(tmp_path, {"propagation": frame}, [], planned=True).to_dict("records")
    assert row["explained_by"] == "prediction"
    frame["output_std_predicted"] -= 0.1  # now neither meets its prediction
    table = findings(tmp_path, {"propagation": frame}, [], planned=True)
    assert len(unexplained(table)) == len(table) == 3


# --- errors that are stated, and claims that a folder cannot judge -------------------------------

DRIFT = Explanation(
    "prediction", ("output_std",), "a reason", study="propagation", relative_error=0.1, error=0.5
)
FAR = {"kind": "prediction", "study": "propagation", "metric": "output_std", "cell": "depth=4"}


@pytest.mark.parametrize(
    ("most", "most_relative", "said"),
    [(0.4, 0.09, True), (0.4, 0.11, False), (0.6, 0.09, False), (np.nan, np.nan, False)],
)
def test_a_stated_error_covers_no_larger_difference(
    most: float, most_relative: float, said: bool
) -> None:
    assert explains(DRIFT, FAR | {"most": most, "most_relative": most_relative}) == said


def test_the_error_must_cover_the_place_of_the_largest_share(tmp_path: Path) -> None:
    """The place with the largest size, in units of the spread, need not have the largest share."""

    def shares(framework: str, layer: int) -> Array:
        value, spread = (100.0, 0.01) if layer < 10 else (1.0, 0.1)
        step = 0.1 * value if layer < 10 else 0.5
        middle = value + step * (framework == "tensorflow")
        return middle + spread * np.linspace(-1, 1, SEEDS)

    layers(tmp_path, shares, "output_std")
    layers(tmp_path, shares, "activation_variance")
    (row,) = in_tables(tmp_path, ["propagation"])
    assert row["at"].startswith("layer=1 ")
    assert row["most"] == pytest.approx(10.0)
    assert row["most_relative"] == pytest.approx(1 / 3)


def test_claims_that_a_folder_cannot_judge_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of one study says whose claims would explain its findings; none is then new, and
    none is explained."""
    each = Explanation(
        "frameworks", ("zero_share",), "a reason", ("one", "other"), {}, "propagation"
    )
    monkeypatch.setattr("suite.discovery.findings.explanations", lambda: (each,))

    def shares(framework: str) -> Array:
        return np.linspace(0.4, 0.6, SEEDS) * (framework == "tensorflow")

    def said(*verdicts: Verdict) -> str:
        table = findings(tmp_path, {"propagation": runs(shares)}, verdicts, planned=True)
        return str(table["explained_by"].iloc[0])

    good = verdict(claim="one", as_expected=True)
    absent = verdict(claim="other", as_expected=None, verdict="not judged")
    assert said(good, absent) == "not judged: one other"
    assert said(good, verdict(claim="other", as_expected=True)) == "one other"
    assert said(verdict(claim="one", as_expected=False), absent) == ""
    assert said(good, verdict(claim="other", as_expected=None, verdict="undecided")) == ""


def test_the_size_of_a_miss_is_in_units_of_what_was_measured() -> None:
    """A prediction has no spread of its own."""
    frame = runs(lambda framework: np.linspace(0.0, 2.0, SEEDS) + 5.0, "output_std")
    frame["output_std_predicted"] = 1.0
    sizes = [row["size"] for row in from_predictions({"propagation": frame}, planned=True)]
    assert sizes == pytest.approx([5.0, 5.0])


@pytest.mark.parametrize(
    ("study", "metric", "a", "b"),
    [
        ("descent", "relative_distance", 6.25e-25, 0.0),
        ("spectrum", "singular_value", 1.3e-7, 1.8e-7),
    ],
)
def test_what_lies_below_rounding_is_equal(study: str, metric: str, a: float, b: float) -> None:
    assert METRICS[metric].equal(np.array(a), np.array(b))
    assert not METRICS[metric].equal(np.array(1e-5), np.array(2e-5))
