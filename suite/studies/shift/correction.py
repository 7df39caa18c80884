"""Corrections for a shift, and how a shift is noticed: weights, class proportions, discriminators.

Models are scikit-learn's; what is done with their answers is NumPy here. scikit-learn is imported
inside the functions: naming a study must not load it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.types import Array


def logistic(inputs: Array, labels: Array, weights: Array | None = None) -> Any:
    """scikit-learn's logistic regression on standardised inputs, fitted; L2 penalty with C = 1."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(inputs, labels, logisticregression__sample_weight=weights)


def least_squares(columns: Array, targets: Array, weights: Array | None = None) -> Array:
    """Coefficients (features,) of scikit-learn's linear regression without an intercept."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(fit_intercept=False).fit(columns, targets, sample_weight=weights)
    return np.asarray(model.coef_)


def density_ratio(old: Array, new: Array, at: Array) -> Array:
    """(N,) density of ``new`` over that of ``old`` at the points ``at``, from a logistic
    regression that tells the two samples apart (Bickel, Brueckner and Scheffer 2009)."""
    model = logistic(np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)]))
    odds = np.exp(model.decision_function(at))
    return np.asarray(odds * len(old) / len(new))


def effective_share(weights: Array) -> float:
    """(sum w)^2 / (n sum w^2): the share of a sample that its weights leave effective (Kish
    1965)."""
    return float(weights.sum() ** 2 / (len(weights) * (weights**2).sum()))


def label_weights(predicted: Array, labels: Array, arriving: Array, classes: int) -> Array:
    """(classes,) new over old frequency of each class, by the confusion matrix (Lipton, Wang and
    Smola 2018).

    ``predicted`` and ``labels`` of held-out points of the study, ``arriving``: predictions in the
    field. Solves C w = mu by least squares, C[i, j] the share of points predicted i of class j;
    negative weights become 0.
    """
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (predicted, labels), 1 / len(labels))
    frequent = np.bincount(arriving, minlength=classes) / len(arriving)
    return np.asarray(np.maximum(np.linalg.lstsq(confusion, frequent, rcond=None)[0], 0.0))


def log_loss(probability: Array, labels: Array) -> float:
    """Mean negative log-likelihood of 0/1 labels in nats; probabilities are cut at 1e-6."""
    of_label = np.where(labels == 1, probability, 1 - probability)
    return float(-np.log(np.clip(of_label, 1e-6, 1.0)).mean())


def domain_accuracy(study: Array, field: Array) -> float:
    """Accuracy, on the second halves, of a logistic regression that learned on the first halves
    to tell study from field. The chance level is 1/2 for samples of equal size."""
    first, second = (
        np.concatenate([sample[part] for sample in (study, field)])
        for part in (slice(None, None, 2), slice(1, None, 2))
    )
    model = logistic(first, np.repeat([0, 1], [len(study[::2]), len(field[::2])]))
    return float(model.score(second, np.repeat([0, 1], [len(study[1::2]), len(field[1::2])])))


def pairs(study: Array, field: Array, components: int = 10) -> tuple[Array, Array]:
    """Both samples by their leading principal components, squares and products of these.

    What a linear model on them can see is any change of variances and correlations.
    """
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]
    from sklearn.preprocessing import PolynomialFeatures

    main = PCA(components, svd_solver="full").fit(np.concatenate([study, field]))
    products = PolynomialFeatures(2, include_bias=False)
    seen, met = (products.fit_transform(main.transform(sample)) for sample in (study, field))
    return seen, met
