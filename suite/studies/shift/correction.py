"""Corrections for a shift, and its detection: weights, class proportions, domain classifiers.

The models are scikit-learn's, and their outputs are processed here in NumPy. scikit-learn is
imported inside the functions, because listing the studies must not load it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.types import Array


def logistic(inputs: Array, labels: Array, weights: Array | None = None) -> Any:
    """Fit scikit-learn's logistic regression on standardised inputs, with an L2 penalty and C =
    1."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(inputs, labels, logisticregression__sample_weight=weights)


def least_squares(columns: Array, targets: Array, weights: Array | None = None) -> Array:
    """Return coefficients (features,) of scikit-learn's linear regression without an intercept."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(fit_intercept=False).fit(columns, targets, sample_weight=weights)
    return np.asarray(model.coef_)


def density_ratio(old: Array, new: Array, points: Array) -> Array:
    """Return the density of ``new`` over that of ``old`` at ``points``, (N,).

    It comes from a logistic regression that distinguishes the two samples (Bickel, Brueckner and
    Scheffer 2009).
    """
    model = logistic(np.concatenate([old, new]), np.repeat([0, 1], [len(old), len(new)]))
    odds = np.exp(model.decision_function(points))
    return np.asarray(odds * len(old) / len(new))


def effective_share(weights: Array) -> float:
    """Return (sum w)^2 / (n sum w^2), the effective share of a weighted sample (Kish 1965)."""
    return float(weights.sum() ** 2 / (len(weights) * (weights**2).sum()))


def label_weights(predicted: Array, labels: Array, arriving: Array, classes: int) -> Array:
    """Return the new over the old frequency of each class, (classes,), by the confusion matrix
    (Lipton, Wang and Smola 2018).

    ``predicted`` and ``labels`` are those of held-out points of the study, ``arriving`` the
    predictions in the field. The weights solve C w = mu by least squares, where C[i, j] is the
    share of points of class j that are predicted as i; negative weights become 0.
    """
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (predicted, labels), 1 / len(labels))
    frequencies = np.bincount(arriving, minlength=classes) / len(arriving)
    return np.asarray(np.maximum(np.linalg.lstsq(confusion, frequencies, rcond=None)[0], 0.0))


def log_loss(probability: Array, labels: Array) -> float:
    """Return the mean negative log-likelihood of 0/1 labels in nats, with probabilities clipped at
    1e-6."""
    likelihood = np.where(labels == 1, probability, 1 - probability)
    return float(-np.log(np.clip(likelihood, 1e-6, 1.0)).mean())


def domain_accuracy(study: Array, field: Array) -> float:
    """Return the accuracy of a logistic regression in distinguishing study from field.

    It is fitted to one half of both samples and tested on the other. The chance level is 1/2 for
    samples of equal size.
    """
    first, second = (
        np.concatenate([sample[part] for sample in (study, field)])
        for part in (slice(None, None, 2), slice(1, None, 2))
    )
    model = logistic(first, np.repeat([0, 1], [len(study[::2]), len(field[::2])]))
    return float(model.score(second, np.repeat([0, 1], [len(study[1::2]), len(field[1::2])])))


def pairs(study: Array, field: Array, components: int = 10) -> tuple[Array, Array]:
    """Return both samples as their leading principal components and the squares and products of
    these, in which a linear model can detect any change of variances and correlations."""
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]
    from sklearn.preprocessing import PolynomialFeatures

    main = PCA(components, svd_solver="full").fit(np.concatenate([study, field]))
    products = PolynomialFeatures(2, include_bias=False)
    study_pairs, field_pairs = (
        products.fit_transform(main.transform(sample)) for sample in (study, field)
    )
    return study_pairs, field_pairs
