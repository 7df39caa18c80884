"""What a difference between torch and TensorFlow is about, in a few words."""

from __future__ import annotations

import pandas as pd
import pytest

from suite.comparing.attribution import Attribution
from suite.comparing.chains import Chain
from suite.discovery.explanations import explanations, subject
from suite.discovery.show_attribution import subject_row
from suite.discovery.whose import subjects


def words(study: str, metric: str, cell: str) -> str:
    return subject({"kind": "frameworks", "study": study, "metric": metric, "cell": cell})


GELU = "activation=gelu initializer=orthogonal depth=16 width=5 weights=shared"


@pytest.mark.parametrize(
    ("study", "metric", "cell", "said"),
    [
        ("training", "heldout_accuracy", GELU, "RMSprop's epsilon"),
        ("training", "ok_share", GELU, "RMSprop's epsilon"),  # no explanation is about the metric
        ("training", "train_loss", f"{GELU} optimizer=adam", ""),
        ("propagation", "output_std", "initializer=default", "default start of a dense layer"),
        ("propagation", "forward_slope", "initializer=default", "default start of a dense layer"),
        ("propagation", "zero_share", "activation=elu initializer=normal(0.01)", "ELU"),
        ("propagation", "output_std", "activation=tanh initializer=normal(0.01)", "denormals"),
        ("propagation", "output_std", "activation=tanh initializer=he_normal", ""),
    ],
)
def test_subjects(study: str, metric: str, cell: str, said: str) -> None:
    assert words(study, metric, cell).startswith(said)
    assert bool(words(study, metric, cell)) == bool(said)


def test_a_subject_is_a_few_words_and_about_frameworks() -> None:
    named = [each for each in explanations() if each.subject]
    assert len(named) > 100
    for each in named:
        assert each.kind == "frameworks"
        assert len(each.subject) <= 40
        assert not each.subject.endswith(".")


def test_subjects_with_a_name_come_first_and_those_without_say_what_is_missing() -> None:
    """Many rows that are not split do not push one that has a name down."""
    rows = (
        [("normalization", "not split")] * 9 + [("rates", "undecided")] * 2 + [("epsilon", "API")]
    )
    frame = pd.DataFrame(rows, columns=["subject", "whose"]).assign(
        a="torch", b="tensorflow", study="training", metric="loss", others=""
    )
    chain = Chain("torch", "keras_torch", "tensorflow", "API")
    found = [subject_row(one) for one in subjects(Attribution([chain], frame, len(frame)))]
    assert [row[:3] for row in found] == [
        ("epsilon", "API", "API 1"),
        ("rates", "undecided", "undecided 2"),
        ("normalization", "not split", "not split 9"),
    ]
