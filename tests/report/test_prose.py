"""No sentence of the page states what the rows deny: titles name quantities, results are computed.

The rows are those of the committed reference, edited so that they contradict conclusions that
titles and captions used to state whatever the rows were.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import suite.report.figures
from suite import claims
from suite.judging.verdicts import Ruling, Verdict, read_verdicts, to_frame
from suite.report import PARTS, write_report
from tests.support import painting, reference_tables
from tests.support.page import Page

MANIFEST = json.loads((reference_tables.STANDARD / "manifest.json").read_text())
FORMER: Mapping[str, tuple[str, ...]] = {
    "correlations": (
        "Order makes inputs alike, chaos tells them apart",
        "Gradients of ReLU networks shatter more slowly than by half in each layer",
    ),
    "curves": ("Activations and their slopes: both frameworks lie on the definition",),
    "descent": (
        "Momentum takes a tenth of the steps or fewer",
        "The article's demo has nothing to learn",
    ),
    "digits": ("With depth activation and start decide: accuracy on handwritten digits",),
    "drift": (
        "With epsilon squared or its root, RMSprop fares as it does in the other framework",
        "Four layers of sigmoid learn nothing from this start",
    ),
    "fluctuation": (
        "He networks differ: the spread grows with depth / width",
        "a third more at 16 units",
    ),
    "gains": (
        "What falls through 1 attracts, what rises repels",
        "The same gain rule, from 0.7, 1 and 1.4: some come back, some never do",
    ),
    "initializers": (
        "he_normal: one name, one variance, two laws",
        "Xavier's rule keeps a variance on square layers alone",
        "Keras cuts a normal law at two of its standard deviations",
    ),
    "internal_shift": ("Batch norm moves the gradient of a layer more, not less",),
    "normalization": ("Unit variance? Not for small inputs, and sooner at Keras' default epsilon",),
    "normalized": (
        "Batch norm turns vanishing gradients into growing ones",
        "Residual blocks: doubling, unless the branch is scaled or normalised",
        "The signals with batch and with layer normalization coincide",
    ),
    "products": (
        "Products of N(0, 1) matrices: 1 × 1 vanishes, the median of larger ones grows",
        "Every exponent lies on the exact spectrum, and the last is the same for all n",
    ),
    "propagation": (
        "The plateau of torch's default is its random biases",
        "what distinguishes two inputs goes on shrinking",
    ),
    "shift": (
        "A nearly perfect study can be worth nothing in the field, and weights repair one case",
        "Noticing a shift is not knowing its cost",
        "The shadows of the tanks cost half of all decisions",
        "the shift is plain to see and the accuracy rises",
    ),
    "spectrum": ("Orthogonal kernels make a linear network an isometry, not one of ReLU or tanh",),
    "symmetry": ("What a tie costs: one unit cannot cut out a slab",),
    "tutorial": (
        "Every kernel of the sigmoid network grows, not the first alone",
        "What the mean of signed gradients hides",
        "the signed means of single networks lie on either side of 0",
    ),
    "underflow": (
        "A vanishing gradient ends: sigmoid with Xavier",
        "torch keeps denormal numbers, TensorFlow flushes them to zero",
    ),
    "weighting": (
        "In 300 steps weights fade where the network fits all points, and last where it does not",
        "With classes apart these two lie close",
    ),
}
"""Study -> sentences that its titles and captions used to have, whatever the rows were."""

COMPUTED: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "curves": (("is 0.25: linear in tensorflow at x = 0", True), ("in torch at x", False)),
    "defaults": (("1 of 60 defaults differ", True),),
    "fluctuation": (("it is 2.69 in torch", True),),
    "propagation": (("no gradient is left", True),),
    "shift": (
        ("Largest loss: 0.0525 (inputs move, labels' law stays, strength 1)", True),
        ("smallest: −0.506 (tanks", True),
    ),
    "tutorial": (("200 of 200 seeds in torch", True), (": 0 of 200 seeds in torch", False)),
    "underflow": (
        ("in tensorflow, single precision, denormal", True),
        ("in torch, single precision, denormal", False),
    ),
}
"""Study -> sentences, and whether the captions must have them for the edited rows."""

ABSENT = ("he-preserves-relu", "fw-rmsprop-eps", "momentum-speeds-up")
"""Claims that claims.csv of the edited folder lacks."""
QUANTITIES = (
    "accuracy|change|correlation|cosine|defaults|density|difference|distance|error|gain|gradient|"
    "held-out accuracy|largest difference|largest entry|loss|lyapunov exponents|mean|"
    "mean square|norm|outcome|share|signal|singular values|standard deviation|"
    "training accuracy|training loss|value|variance|histograms"
)
RESULT = re.compile(
    r"\b(not|no|never|nothing|cannot|more|less|fewer|most|only|alone|unless|every|both|some|"
    r"than|as it does|is|are|has|have)\b|\?",
    re.IGNORECASE,
)


def named(title: str) -> bool:
    """Return whether a title begins with a quantity and has no word typical of a conclusion."""
    quantity = re.match(rf"((forward|backward): )?({QUANTITIES})\b", title, re.IGNORECASE)
    return bool(quantity) and not RESULT.search(title)


def contradicting(path: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table with values that contradict the reference's results."""
    match path:
        case "curves/points.csv":
            off = (rows["framework"] == "tensorflow") & (rows["x"] == 0)
            rows.loc[off & (rows["activation"] == "linear"), "activation_value"] = 0.25
        case "defaults/runs.csv":
            rows.loc[rows["case"] != "batch_norm.epsilon", "default_value"] = 1.0
        case "fluctuation/layers.csv":
            rows["log_square_variance_predicted"] *= 2
        case "propagation/layers.csv":
            dead = (rows["activation"] == "relu") & (rows["initializer"] == "normal(0.01)")
            rows.loc[dead, "gradient_mean_square"] = 0.0
        case "shift/runs.csv":
            rows["shift_cost"] *= -1
        case "tutorial/runs.csv":
            rows["within_print"] = 1.0
        case "underflow/layers.csv":
            names = {"torch": "tensorflow", "tensorflow": "torch"}
            rows["framework"] = rows["framework"].map(names)
        case _:
            # The values of each metric are reversed: the first cells get those of the last.
            columns = list(rows.columns)
            first = max(columns.index(end) for end in ("n", "reason", "seed") if end in rows) + 1
            for column in rows.columns[first:]:
                if rows[column].dtype.kind == "f":
                    rows[column] = np.array(rows[column])[::-1]
    return rows


def _opposite(verdict: Verdict) -> Verdict:
    """Return the opposite of a decided verdict."""
    if not verdict.decided:
        return verdict
    other: Ruling = "refuted" if verdict.verdict == "supported" else "supported"
    expected = None if verdict.as_expected is None else not verdict.as_expected
    return replace(verdict, verdict=other, as_expected=expected)


@pytest.fixture
def folder(study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of one study whose rows contradict; figures are made but not painted."""
    monkeypatch.setattr(suite.report.figures, "paint", painting.sketch)
    read = reference_tables.tables(contradicting)

    def write(path: str, *required: str) -> None:
        if (rows := read(path)) is not None:
            (tmp_path / path).parent.mkdir(exist_ok=True)
            rows.to_csv(tmp_path / path, index=False)

    PARTS[study](write)
    verdicts = [_opposite(verdict) for verdict in read_verdicts(reference_tables.STANDARD)]
    to_frame([verdict for verdict in verdicts if verdict.claim not in ABSENT]).to_csv(
        tmp_path / "claims.csv", index=False
    )
    manifest = MANIFEST | {"studies": [study], "expected": {study: MANIFEST["expected"][study]}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


@pytest.mark.parametrize("study", [study for study in PARTS if study in MANIFEST["expected"]])
def test_no_sentence_states_what_the_rows_deny(study: str, folder: Path) -> None:
    page = Page(write_report(folder))
    assert page.captions
    # The statements of claims below the figures are left out: verdicts stand beside them.
    text = " ".join(" ".join([*page.headings, *page.titles, *page.captions]).split())
    assert not [sentence for sentence in FORMER.get(study, ()) if sentence in text]
    for sentence, said in COMPUTED.get(study, ()):
        assert (sentence in text) == said, (sentence, page.captions)
    assert not [title for title in page.titles if not named(title)]
    # Below the figures stand the verdicts of this folder, all of them reversed.
    shipped = {claim.id for claim in claims.shipped()}
    judged = {verdict.claim for verdict in read_verdicts(reference_tables.STANDARD)} - {*ABSENT}
    for claim, words in page.shown:
        assert claim in shipped
        assert "as expected" not in words
        assert ("not judged" in words) == (claim not in judged), words
        assert any(label in words for label in ("unexpected:", "open:", "undecided", "not judged"))
    assert page.shown


def test_the_rule_for_titles_finds_the_former_conclusions() -> None:
    titles = [title for former in FORMER.values() for title in former]
    assert not [title for title in titles if named(title)]
    assert named("Mean square of the activations by layer")
    assert named("Backward: histograms of the gradient, 6 layers")
    assert not named("Loss falls more with momentum")
