"""The cost of a shift between study and field, the gain of corrections, and detecting the shift.

There is no network: linear and logistic models of scikit-learn are fitted to data sets of known
laws, so that the right answer is known. ``case`` names the data set (``suite.studies.shift.data``)
and ``scale`` how far it moves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from suite import seeds
from suite.studies.common import costs
from suite.studies.common.measurements import columns, completed
from suite.studies.shift import correction, data
from suite.theory import shift as theory
from suite.types import (
    BLOCK,
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Stack,
    Study,
    Table,
    TableSpec,
)

POINTS = 1000
"""The number of points of each sample, unless a case says otherwise."""
CONTRASTS = (0.0, 0.1, 0.2, 0.4)
GAPS = (0.5, 1.0, 3.0)


class Shift(Study):
    """Regression, class proportions, a blood test, and shortcuts in images, each with
    corrections."""

    name = "shift"
    position = 130
    question = "What does a shift between study and field cost, and which correction helps?"
    source = "stability notes; Shimodaira 2000; Lipton, Wang and Smola 2018"
    frameworks = ("numpy",)
    axes = ("framework", "scale", "case")
    tables = (
        TableSpec(
            "runs",
            (
                "study_accuracy",
                "study_accuracy_predicted",
                "field_accuracy",
                "field_accuracy_predicted",
                "shift_cost",
                "opposite_accuracy",
                "corrected_accuracy",
                "correction_gain",
                "covariate_accuracy",
                "label_advantage",
                "attainable_accuracy",
                "attainable_accuracy_predicted",
                "domain_accuracy",
                "pair_domain_accuracy",
                "effective_share",
                "effective_share_predicted",
                "excess_error",
                "weighted_error_ratio",
                "weighted_error_ratio_predicted",
                "estimated_error_ratio",
                "weight_correlation",
                "proportion_error",
                "proportion_error_ratio",
                "counting_error_ratio",
                "field_log_loss",
                "log_loss_cost",
            ),
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (
            Grid({"case": ("kerbs", "tanks"), "scale": (0.0, 0.4)}, 2 * BLOCK),
            Grid({"case": ("blood_test",), "scale": (3.0,)}, 2 * BLOCK),
            Grid({"case": ("line_100", "cubic_100")}, 10 * BLOCK),
            Grid({"case": ("proportions_400",)}, BLOCK),
            Grid({"case": ("probit",)}, 2 * BLOCK),
        )
        if profile == "quick":
            return quick
        standard = profile == "standard"
        contrast_blocks, few, many = (2, 2, 5) if standard else (10, 20, 10)
        contrasts = CONTRASTS if standard else (*CONTRASTS, 0.05, 0.8)
        gaps = GAPS if standard else (*GAPS, 0.25, 2.0)
        return (
            Grid({"case": ("kerbs", "tanks"), "scale": contrasts}, contrast_blocks * BLOCK),
            *quick,
            Grid({"case": ("blood_test",), "scale": gaps}, many * BLOCK),
            Grid({"case": ("line_100", "line_1000")}, 10 * BLOCK),
            # A ratio of two variances varies widely.
            Grid({"case": ("cubic_100", "cubic_1000")}, 20 * BLOCK),
            Grid({"case": ("proportions_100",)}, few * BLOCK),
            Grid({"case": ("proportions_400", "proportions_1600")}, many * BLOCK),
        )

    def unsupported(self, cell: Cell) -> str | None:
        if cell.text("case").startswith(("line", "cubic", "proportions")) and cell["scale"] != 1:
            return "this data set moves by a fixed amount: its scale is 1"
        return None

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        rows = []
        for member in stack.members:
            case, scale = member.cell.text("case"), float(member.cell["scale"])
            rng = seeds.generator(
                lab.root, "shifted", seed=member.seed, case=case, scale=repr(scale)
            )
            rows.append(_CASES[case](rng, scale))
        return completed(len(rows), Table("runs", {}, columns(rows)))

    def cost(self, stack: Stack) -> Cost:
        seconds = _SECONDS[stack.members[0].cell.text("case").split("_")[0]]
        return Cost(seconds * len(stack.members), costs.NUMPY_WORKER)


# --- one run of each case ------------------------------------------------------------------------

Row = dict[str, float]


def regression(rng: data.Rng, scale: float, degree: int, points: int) -> Row:
    """Measure a polynomial that is fitted to the study's inputs and used on the field's.

    The excess error is an integral over the field's law, so that no test sample adds noise to it.
    """
    (inputs, targets), arriving = data.cubic(rng, points)
    x = inputs[:, 0]
    true_weights = data.NEW.density(x) / data.OLD.density(x)
    # The log-ratio of two Gaussians is quadratic: with squares the classifier can represent it.
    features, arriving_features = (np.hstack([sample, sample**2]) for sample in (inputs, arriving))
    estimated = correction.density_ratio(features, arriving_features, features)
    nodes, node_weights = data.NEW.nodes()

    def excess(weights: Array | None) -> float:
        fitted = correction.least_squares(np.vander(x, degree + 1), targets, weights)
        error = np.vander(nodes, degree + 1) @ fitted - data.truth(nodes)
        return float(node_weights @ error**2)

    plain = excess(None)
    row = {
        "excess_error": plain,
        "weighted_error_ratio": excess(true_weights) / plain,
        "estimated_error_ratio": excess(estimated) / plain,
        "weight_correlation": float(np.corrcoef(true_weights, estimated)[0, 1]),
        "effective_share": correction.effective_share(true_weights),
        "effective_share_predicted": theory.effective_share(data.OLD, data.NEW),
    }
    if degree < 3:  # with degree 3 the model is right, and both limits are 0
        weighted, unweighted = (
            theory.polynomial_excess(data.truth, degree, law, data.NEW)
            for law in (data.NEW, data.OLD)
        )
        row["weighted_error_ratio_predicted"] = weighted / unweighted
    return row


def story(rng: data.Rng, scale: float, draw: Callable[[data.Rng, int, float], data.Shifted]) -> Row:
    """Measure a classifier that is fitted in the study and used in the field, with and without
    weights that should correct it."""
    sets = draw(rng, POINTS, scale)
    model = correction.logistic(*sets.train)
    weights = correction.density_ratio(sets.train[0], sets.arriving[0], sets.train[0])
    row = _accuracies(
        study=model.score(*sets.heldout),
        field=model.score(*sets.field),
        corrected=correction.logistic(*sets.train, weights).score(*sets.field),
        attainable=correction.logistic(*sets.remedy).score(*sets.field),
    )
    inputs = sets.heldout[0], sets.arriving[0]
    row["domain_accuracy"] = correction.domain_accuracy(*inputs)
    row["effective_share"] = correction.effective_share(weights)
    if sets.opposite is None:
        exact = theory.screening(data.MARKER, scale, data.GAP_FEATURES)
        return row | {
            "study_accuracy_predicted": exact.study,
            "field_accuracy_predicted": exact.field,
            "attainable_accuracy_predicted": exact.attainable,
        }
    row["opposite_accuracy"] = model.score(*sets.opposite)
    row["pair_domain_accuracy"] = correction.domain_accuracy(*correction.pairs(*inputs))
    return row


def proportions(rng: data.Rng, scale: float, arriving: int) -> Row:
    """Measure a classifier when the proportions of ten classes change, with weights from the
    confusion matrix, with weights from the inputs, and with the true ones."""
    sets, moved = data.proportions(rng, POINTS, arriving)
    (inputs, labels), even = sets.train, np.full(len(moved), 1 / len(moved))
    model = correction.logistic(inputs, labels)
    predicted = model.predict(sets.arriving[0])
    ratio = correction.label_weights(
        model.predict(sets.heldout[0]), sets.heldout[1], predicted, len(moved)
    )
    by_inputs = correction.density_ratio(inputs, sets.arriving[0], inputs)

    def weighted_accuracy(weights: Array) -> float:
        return float(correction.logistic(inputs, labels, weights).score(*sets.field))

    row = _accuracies(
        study=model.score(*sets.heldout),
        field=model.score(*sets.field),
        corrected=weighted_accuracy(ratio[labels]),
        attainable=weighted_accuracy((moved / even)[labels]),
    )
    row["covariate_accuracy"] = weighted_accuracy(by_inputs)
    row["label_advantage"] = row["corrected_accuracy"] - row["covariate_accuracy"]
    row["effective_share"] = correction.effective_share(ratio[labels])
    count = min(arriving, POINTS)
    row["domain_accuracy"] = correction.domain_accuracy(
        sets.heldout[0][:count], sets.arriving[0][:count]
    )
    estimate = ratio * even
    counted = np.bincount(predicted, minlength=len(moved)) / len(predicted)
    estimate_error, counting_error, even_error = (
        float(np.abs(guess - moved).sum()) for guess in (estimate / estimate.sum(), counted, even)
    )
    return row | {
        "proportion_error": estimate_error,
        "proportion_error_ratio": estimate_error / even_error,
        "counting_error_ratio": counting_error / even_error,
    }


def wrong_assumption(rng: data.Rng, scale: float) -> Row:
    """Measure a correction for class proportions when instead the inputs move and the law of the
    labels given the inputs stays (Saerens, Latinne and Decaestecker 2002)."""
    sets = data.probit(rng, POINTS, scale)
    model = correction.logistic(*sets.train)
    ratio = correction.label_weights(
        model.predict(sets.heldout[0]), sets.heldout[1], model.predict(sets.arriving[0]), 2
    )
    inputs, labels = sets.field
    posterior = model.predict_proba(inputs) * ratio
    corrected = posterior[:, 1] / posterior.sum(axis=1)
    field = correction.log_loss(model.predict_proba(inputs)[:, 1], labels)
    row = {
        "study_accuracy": model.score(*sets.heldout),
        "field_accuracy": model.score(inputs, labels),
        "corrected_accuracy": float(((corrected > 0.5) == labels).mean()),
        "domain_accuracy": correction.domain_accuracy(sets.heldout[0], sets.arriving[0]),
        "field_log_loss": field,
        "log_loss_cost": correction.log_loss(corrected, labels) - field,
    }
    row["correction_gain"] = row["corrected_accuracy"] - row["field_accuracy"]
    row["shift_cost"] = row["study_accuracy"] - row["field_accuracy"]
    return row


def _accuracies(study: float, field: float, corrected: float, attainable: float) -> Row:
    return {
        "study_accuracy": study,
        "field_accuracy": field,
        "shift_cost": study - field,
        "corrected_accuracy": corrected,
        "correction_gain": corrected - field,
        "attainable_accuracy": attainable,
    }


_CASES: dict[str, Callable[[data.Rng, float], Row]] = {
    **{
        f"{name}_{points}": partial(regression, degree=degree, points=points)
        for name, degree in (("line", 1), ("cubic", 3))
        for points in (100, 1000)
    },
    **{f"proportions_{count}": partial(proportions, arriving=count) for count in (100, 400, 1600)},
    "probit": wrong_assumption,
    "blood_test": partial(story, draw=data.blood_test),
    "kerbs": partial(story, draw=data.kerbs),
    "tanks": partial(story, draw=data.tanks),
}
_SECONDS = {
    "line": 0.01,
    "cubic": 0.01,
    "proportions": 0.12,
    "probit": 0.02,
    "blood": 0.03,
    "kerbs": 0.07,
    "tanks": 0.07,
}
"""Data set -> the seconds of one run on one core."""


STUDY = Shift()
