"""Twins of the study ``shift``, with the models of scikit-learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite import seeds
from suite.studies.shift import data
from suite.theory import shift as theory
from suite.types import Array
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = (
    {"case": "tanks", "scale": 0.4},
    {"case": "blood_test", "scale": 3.0},
    {"case": "line_100"},
    {"case": "cubic_100"},
    {"case": "proportions_400"},
    {"case": "probit"},
)
SEEDS = (1,)
"""One run of each case: the models take most of a second."""


def _fitted(inputs: Array, labels: Array, weights: Array | None = None) -> Any:
    """Return a function from inputs to the probabilities of a logistic regression's classes."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    mean, sd = inputs.mean(axis=0), inputs.std(axis=0)
    sd = np.where(sd == 0, 1.0, sd)
    model = LogisticRegression(max_iter=1000).fit((inputs - mean) / sd, labels, weights)
    return lambda points: model.predict_proba((points - mean) / sd)


def _right(model: Any, sample: tuple[Array, Array]) -> float:
    inputs, labels = sample
    return float(np.mean(np.argmax(model(inputs), axis=1) == labels))


def _ratio(old: Array, new: Array, points: Array) -> Array:
    """Return the density of new over old, from a model that tells them apart."""
    labels = np.array([0] * len(old) + [1] * len(new))
    share = _fitted(np.concatenate([old, new]), labels)(points)
    return np.asarray(share[:, 1] / share[:, 0] * len(old) / len(new))


def _effective(weights: Array) -> float:
    return float(np.sum(weights)) ** 2 / (len(weights) * float(np.sum(weights * weights)))


def _domain(study: Array, field: Array) -> float:
    """Fit on every second point, and return the accuracy on the others."""

    def half(first: int) -> tuple[Array, Array]:
        parts = study[first::2], field[first::2]
        return np.concatenate(parts), np.array([0] * len(parts[0]) + [1] * len(parts[1]))

    return _right(_fitted(*half(0)), half(1))


def _squared(*samples: Array) -> list[Array]:
    """Return ten principal components of both samples, with their squares and products."""
    together = np.concatenate(samples)
    centred = together - together.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    result = []
    for sample in samples:
        main = (sample - together.mean(axis=0)) @ directions[:10].T
        products = [main[:, i] * main[:, j] for i in range(10) for j in range(i, 10)]
        result.append(np.concatenate([main, np.array(products).T], axis=1))
    return result


def _regression(rng: Any, degree: int) -> dict[str, float]:
    from sklearn.linear_model import LinearRegression

    (inputs, targets), arriving = data.cubic(rng, 100)
    x, moved = inputs[:, 0], arriving[:, 0]
    # N(0, 0.3^2) in the field over N(0.5, 0.5^2) in the study.
    weights = 0.5 / 0.3 * np.exp(-(x**2) / 0.18 + (x - 0.5) ** 2 / 0.5)
    estimated = _ratio(np.array([x, x**2]).T, np.array([moved, moved**2]).T, np.array([x, x**2]).T)
    nodes, shares = data.NEW.nodes()

    def excess(weights: Array | None) -> float:
        powers = range(degree, -1, -1)
        model = LinearRegression(fit_intercept=False)
        model.fit(np.array([x**p for p in powers]).T, targets, weights)
        error = np.array([nodes**p for p in powers]).T @ model.coef_ - (nodes**3 - nodes)
        return float(np.sum(shares * error**2))

    row = {
        "excess_error": excess(None),
        "weighted_error_ratio": excess(weights) / excess(None),
        "estimated_error_ratio": excess(estimated) / excess(None),
        "weight_correlation": float(np.corrcoef(weights, estimated)[0, 1]),
        "effective_share": _effective(weights),
        "effective_share_predicted": theory.effective_share(data.OLD, data.NEW),
    }
    if degree == 1:
        best, plain = (
            theory.polynomial_excess(data.truth, 1, law, data.NEW) for law in (data.NEW, data.OLD)
        )
        row["weighted_error_ratio_predicted"] = best / plain
    return row


def _costs(study: float, field: float, corrected: float) -> dict[str, float]:
    return {
        "study_accuracy": study,
        "field_accuracy": field,
        "shift_cost": study - field,
        "corrected_accuracy": corrected,
        "correction_gain": corrected - field,
    }


def _story(rng: Any, case: str, scale: float) -> dict[str, float]:
    sets = {"tanks": data.tanks, "blood_test": data.blood_test}[case](rng, 1000, scale)
    model = _fitted(*sets.train)
    weights = _ratio(sets.train[0], sets.arriving[0], sets.train[0])
    row = _costs(
        _right(model, sets.heldout),
        _right(model, sets.field),
        _right(_fitted(*sets.train, weights), sets.field),
    )
    row["attainable_accuracy"] = _right(_fitted(*sets.remedy), sets.field)
    row["domain_accuracy"] = _domain(sets.heldout[0], sets.arriving[0])
    row["effective_share"] = _effective(weights)
    if sets.opposite is not None:
        row["opposite_accuracy"] = _right(model, sets.opposite)
        row["pair_domain_accuracy"] = _domain(*_squared(sets.heldout[0], sets.arriving[0]))
        return row
    exact = theory.screening(0.6, scale, 5)
    return row | {
        "study_accuracy_predicted": exact.study,
        "field_accuracy_predicted": exact.field,
        "attainable_accuracy_predicted": exact.attainable,
    }


def _class_weights(guessed: Array, labels: Array, arriving: Array, classes: int) -> Array:
    """Solve confusion @ weights = frequencies by least squares; no weight is below 0."""
    confusion = np.array(
        [[np.mean((guessed == i) & (labels == j)) for j in range(classes)] for i in range(classes)]
    )
    frequencies = np.array([np.mean(arriving == i) for i in range(classes)])
    return np.asarray(np.maximum(np.linalg.pinv(confusion) @ frequencies, 0))


def _proportions(rng: Any) -> dict[str, float]:
    sets, moved = data.proportions(rng, 1000, 400)
    inputs, labels = sets.train
    model = _fitted(inputs, labels)
    guessed = np.argmax(model(sets.arriving[0]), axis=1)
    heldout = np.argmax(model(sets.heldout[0]), axis=1)
    ratio = _class_weights(heldout, sets.heldout[1], guessed, 10)

    def weighted(weights: Array) -> float:
        return _right(_fitted(inputs, labels, weights), sets.field)

    row = _costs(_right(model, sets.heldout), _right(model, sets.field), weighted(ratio[labels]))
    covariate = weighted(_ratio(inputs, sets.arriving[0], inputs))
    estimate = ratio / sum(ratio)
    even = sum(abs(0.1 - m) for m in moved)
    error = sum(abs(e - m) for e, m in zip(estimate, moved, strict=True))
    counted = [np.mean(guessed == digit) for digit in range(10)]
    return row | {
        "attainable_accuracy": weighted(10 * moved[labels]),
        "covariate_accuracy": covariate,
        "label_advantage": row["corrected_accuracy"] - covariate,
        "effective_share": _effective(ratio[labels]),
        "domain_accuracy": _domain(sets.heldout[0][:400], sets.arriving[0][:400]),
        "proportion_error": error,
        "proportion_error_ratio": error / even,
        "counting_error_ratio": sum(abs(c - m) for c, m in zip(counted, moved, strict=True)) / even,
    }


def _wrong_assumption(rng: Any, scale: float) -> dict[str, float]:
    sets = data.probit(rng, 1000, scale)
    model = _fitted(*sets.train)
    guessed, arriving = (np.argmax(model(s[0]), axis=1) for s in (sets.heldout, sets.arriving))
    ratio = _class_weights(guessed, sets.heldout[1], arriving, 2)
    share = model(sets.field[0])
    corrected = share[:, 1] * ratio[1] / (share[:, 0] * ratio[0] + share[:, 1] * ratio[1])
    labels = sets.field[1]

    def loss(probability: Array) -> float:
        right = [p if y == 1 else 1 - p for p, y in zip(probability, labels, strict=True)]
        return -sum(math.log(min(max(p, 1e-6), 1)) for p in right) / len(right)

    row = _costs(
        _right(model, sets.heldout),
        _right(model, sets.field),
        float(np.mean((corrected > 0.5) == (labels == 1))),
    )
    return row | {
        "domain_accuracy": _domain(sets.heldout[0], sets.arriving[0]),
        "field_log_loss": loss(share[:, 1]),
        "log_loss_cost": loss(corrected) - loss(share[:, 1]),
    }


def columns(run: Run) -> Columns:
    rows = []
    for member in run.members:
        case, scale = member.cell.text("case"), float(member.cell["scale"])
        rng = seeds.generator(run.root, "shifted", seed=member.seed, case=case, scale=repr(scale))
        if case in ("line_100", "cubic_100"):
            rows.append(_regression(rng, 1 if case == "line_100" else 3))
        elif case in ("tanks", "blood_test"):
            rows.append(_story(rng, case, scale))
        else:
            rows.append(
                _proportions(rng) if case == "proportions_400" else _wrong_assumption(rng, scale)
            )
    return {"runs": {name: np.array([row[name] for row in rows]) for name in rows[0]}}
