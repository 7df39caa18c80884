"""The metrics of the study ``shift``: a model is fitted in a study and used in the field."""

from __future__ import annotations

from suite.metrics.metric import Metric

_LAW = "by the exact laws of the data"

METRICS: tuple[Metric, ...] = (
    Metric(
        "study_accuracy",
        "share",
        "accuracy of the study's model on held-out points of the study",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "study_accuracy_predicted",
        "share",
        f"study_accuracy of the best linear test, {_LAW}",
        tolerance=1e-9,
    ),
    Metric(
        "field_accuracy",
        "share",
        "accuracy of the study's model in the field",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "field_accuracy_predicted",
        "share",
        f"field_accuracy of the best linear test, {_LAW}",
        tolerance=1e-9,
    ),
    Metric("shift_cost", "share", "study_accuracy minus field_accuracy", "lower", tolerance=0.01),
    Metric(
        "opposite_accuracy",
        "share",
        "accuracy of the study's model where the shortcut points the other way",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "corrected_accuracy",
        "share",
        "accuracy in the field of the model trained again with weights, which come from the"
        " confusion matrix where class proportions changed and else from a classifier that"
        " distinguishes study from field inputs; in probit, accuracy of the study's model itself"
        " with its posterior corrected for class proportions",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "correction_gain",
        "share",
        "corrected_accuracy minus field_accuracy",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "covariate_accuracy",
        "share",
        "accuracy in the field of the model trained again with weights from a classifier that"
        " distinguishes study from field inputs, where class proportions changed",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "label_advantage",
        "share",
        "corrected_accuracy minus covariate_accuracy",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "attainable_accuracy",
        "share",
        "accuracy in the field of a model trained on as many labelled points of the field, or with"
        " the true class weights",
        "higher",
        tolerance=0.01,
    ),
    Metric(
        "attainable_accuracy_predicted",
        "share",
        f"attainable_accuracy of the best linear test, {_LAW}",
        tolerance=1e-9,
    ),
    Metric(
        "domain_accuracy",
        "share",
        "held-out accuracy of a logistic regression that distinguishes"
        " inputs of the study from inputs of the field; chance is 0.5",
        tolerance=0.01,
    ),
    Metric(
        "pair_domain_accuracy",
        "share",
        "domain_accuracy with squares and products of the ten"
        " leading principal components as inputs; chance is 0.5",
        tolerance=0.01,
    ),
    Metric(
        "effective_share",
        "share",
        "(sum w)^2 / (n sum w^2) of the weights: the effective share of the sample",
        tolerance=0.02,
    ),
    Metric(
        "effective_share_predicted",
        "share",
        f"effective_share of a large sample, {_LAW}",
        tolerance=1e-9,
    ),
    Metric(
        "excess_error",
        "1",
        "mean squared difference of the fitted curve and the true one"
        " over the field's law of the inputs, without weights",
        "lower",
        tolerance=0.01,
    ),
    Metric(
        "weighted_error_ratio",
        "1",
        "excess error with the true density ratio as weights, over that without weights",
        "lower",
        tolerance=0.05,
    ),
    Metric(
        "weighted_error_ratio_predicted",
        "1",
        f"weighted_error_ratio of a large sample, {_LAW}",
        tolerance=1e-9,
    ),
    Metric(
        "estimated_error_ratio",
        "1",
        "weighted_error_ratio with weights from a classifier"
        " that distinguishes study from field inputs",
        "lower",
        tolerance=0.05,
    ),
    Metric(
        "weight_correlation",
        "1",
        "correlation of estimated and true weights over the training points",
        "higher",
        tolerance=0.02,
    ),
    Metric(
        "proportion_error",
        "1",
        "sum over the classes of |estimated - true frequency| in the"
        " field, estimated by the confusion matrix",
        "lower",
        tolerance=0.02,
    ),
    Metric(
        "proportion_error_ratio",
        "1",
        "proportion_error over the error of keeping the study's frequencies",
        "lower",
        tolerance=0.05,
    ),
    Metric(
        "counting_error_ratio",
        "1",
        "proportion_error_ratio for counting the model's predictions instead",
        "lower",
        tolerance=0.05,
    ),
    Metric(
        "field_log_loss",
        "nats",
        "log loss of the study's model in the field, with probabilities clipped at 1e-6",
        "lower",
        tolerance=0.02,
    ),
    Metric(
        "log_loss_cost",
        "nats",
        "log loss in the field of the model whose posterior is"
        " corrected for class proportions, minus field_log_loss",
        "lower",
        tolerance=0.02,
    ),
)
