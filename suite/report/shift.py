"""The page's section on the study shift: accuracies of each story, and of domain classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.judging.intervals import quantile
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part, seeds_in
from suite.report.common.numbers import number
from suite.report.common.styles import GREY, INK, coloured

LEVEL = 0.95
STORIES = (
    ("blood_test", 3.0, "blood test,\nstudents 3 sd away"),
    ("blood_test", 0.5, "blood test,\nstudents 0.5 sd away"),
    ("kerbs", 0.4, "kerbs,\none texture"),
    ("tanks", 0.4, "tanks,\nshadow with the tank"),
    ("proportions_1600", 1.0, "ten digits,\nproportions move"),
    ("probit", 1.0, "inputs move,\nproportions corrected"),
)
ACCURACIES = (
    ("study_accuracy", "in the study"),
    ("field_accuracy", "in the field"),
    ("corrected_accuracy", "in the field, corrected"),
    ("attainable_accuracy", "in the field, had it learned there"),
)
NAMES = {
    "blood_test": "blood test",
    "kerbs": "kerbs",
    "tanks": "tanks",
    "proportions_1600": "ten digits, proportions move",
    "probit": "inputs move, labels' law stays",
}
NOTICED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("domain_accuracy", "classifier on the inputs", {"marker": "o", "ms": 5}),
    (
        "pair_domain_accuracy",
        "on products of components",
        {"marker": "D", "ms": 4.5, "mfc": "none"},
    ),
)
"""Metric of a domain classifier, its label, and its marker."""


def parts(tables: Tables) -> list[Part]:
    """Return the accuracies of each story, and what a domain classifier sees of its shift."""
    columns = ("case", "scale", "status")
    shows = "study and field"
    return [
        part(
            "Study and field: what a shift costs, what a correction brings back",
            drawn_from(tables, "shift/runs.csv", columns, shows, accuracies, noticed),
        )
    ]


def accuracies(runs: pd.DataFrame) -> Drawing:
    """Draw the accuracy in the study, in the field, corrected and attainable, for each story."""
    stories, ok = _stories(runs, "field_accuracy")
    figure = Figure(figsize=(1.6 + 1.45 * len(stories), 3.6), layout="constrained")
    axes: Axes = figure.subplots()
    colours = coloured(metric for metric, _ in ACCURACIES)
    for centre, (case, scale, _) in enumerate(stories):
        rows = ok[(ok["case"] == case) & (ok["scale"] == scale)]
        for place, (metric, colour) in enumerate(colours.items()):
            x = centre + 0.18 * (place - (len(colours) - 1) / 2)
            _point(axes, rows, metric, x, colour)
            exact = f"{metric}_predicted"
            if exact in rows and rows[exact].notna().any():
                height = rows[exact].iloc[0]
                axes.plot([x - 0.08, x + 0.08], [height, height], color=INK, lw=1, ls="--")
    axes.set_xticks(range(len(stories)), [label for *_, label in stories])
    axes.set_ylim(0.4, 1.02)
    axes.set_ylabel("accuracy (share)")
    handles = [
        Line2D([], [], color=colours[metric], marker="o", ls="", label=label)
        for metric, label in ACCURACIES
    ]
    handles.append(Line2D([], [], color=INK, lw=1, ls="--", label="by the laws of the data"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "shift_accuracy",
        "Accuracy in the study, in the field and after a correction, by story",
        "Accuracy of a logistic regression made in a study and used in the field. Point: median"
        f" over the seeds; bar: its {LEVEL:.0%} interval; {_seeds(ok, stories)}, each a data set of"
        " its own with 1,000 points for training and 1,000 for each accuracy. Corrected: trained"
        " again with weights from a classifier of study against field; for the ten digits with"
        " class weights from the confusion matrix; in the last case the posterior is corrected"
        " for class proportions, which is the wrong assumption there, and no other model is"
        " attainable. Had it learned there: as many labelled points of the field (ten digits: the"
        " true class weights). With two classes chance is 0.5. Dashed: the best linear test, where"
        " the data's laws give it.",
        figure,
        (
            "medical-selection-shift",
            "medical-selection-shift-transfer",
            "shortcut-tank-curb",
            "shortcut-tank-curb-weights",
            "labelshift-bbse-gain",
        ),
        rows=ok[ok["case"].isin([case for case, *_ in stories])],
    )


def noticed(runs: pd.DataFrame) -> Drawing:
    """Draw the accuracy that a shift costs against that of domain classifiers."""
    stories, ok = _stories(runs, "domain_accuracy")
    figure = Figure(figsize=(6.4, 3.7), layout="constrained")
    axes: Axes = figure.subplots()
    axes.axvline(0.5, color=INK, lw=0.9, ls="--")
    axes.axhline(0, color=GREY, lw=0.8)
    colours = coloured(case for case, *_ in stories)
    for case, colour in colours.items():
        for _, rows in ok[ok["case"] == case].groupby("scale"):
            for metric, _, marker in NOTICED:
                if metric in rows and rows[metric].notna().any():
                    place = rows[metric].median(), rows["shift_cost"].median()
                    axes.plot(*place, ls="", color=colour, **marker)
    axes.set_xlabel("held-out accuracy of the domain classifier (share; chance is 0.5)")
    axes.set_ylabel("accuracy lost in the field (share)")
    handles = [
        Line2D([], [], color=colour, marker="o", ls="", label=NAMES[case])
        for case, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=INK, ls="", label=label, **marker) for _, label, marker in NOTICED
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        "shift_noticed",
        "Accuracy lost in the field against the accuracy of a domain classifier",
        "Each point is a case at one strength of its shift: what the model loses in the field"
        " against how often a logistic regression is right about whether an input comes from the"
        f" study or from the field. Medians; {_seeds(ok, stories)}. Dashed: chance. Open diamonds:"
        " the same on squares and products of the ten leading principal components."
        f" {_extremes(ok, list(colours))}",
        figure,
        (
            "shift-noticed-tanks",
            "shift-unnoticed-tanks",
            "shift-noticed-tanks-pairs",
            "shift-noticed-harms",
        ),
        rows=ok[ok["case"].isin(colours)],
    )


def _extremes(ok: pd.DataFrame, cases: list[str]) -> str:
    """A sentence on the largest and the smallest loss, and how well these shifts are noticed."""
    rows = ok[ok["case"].isin(cases)]
    medians = rows.groupby(["case", "scale"])[["domain_accuracy", "shift_cost"]].median().dropna()
    if medians.empty:
        return "No shift was measured by both."
    ordered = medians.reset_index().sort_values("shift_cost")
    listed = [
        f"{word}: {number(point['shift_cost'])} ({NAMES[point['case']]}, strength"
        f" {point['scale']:g}), where the classifier on the inputs reaches"
        f" {number(point['domain_accuracy'])}"
        for word, point in (("Largest loss", ordered.iloc[-1]), ("smallest", ordered.iloc[0]))
    ]
    return f"{'; '.join(listed)}."


def _stories(runs: pd.DataFrame, metric: str) -> tuple[list[tuple[str, float, str]], pd.DataFrame]:
    """Return the stories that the run has, and its runs that ended well."""
    if metric not in runs:
        raise NotDrawn(f"No figure of shifts: the run did not measure {metric}.")
    ok = runs[runs["status"] == "ok"]
    measured = set(zip(ok["case"], ok["scale"], strict=True))
    stories = [story for story in STORIES if story[:2] in measured]
    if not stories:
        raise NotDrawn("No figure of shifts: the run has none of its stories.")
    return stories, ok


def _point(axes: Axes, rows: pd.DataFrame, metric: str, x: float, colour: str) -> None:
    """Draw median and interval; nothing where the case does not measure the metric."""
    if metric not in rows:
        return
    values = rows[metric].to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(values).any():
        return
    median = quantile(values, 0.5, LEVEL)
    axes.plot([x, x], [median.low, median.high], color=colour, lw=2)
    axes.plot(x, median.estimate, "o", color=colour, ms=5)


def _seeds(ok: pd.DataFrame, stories: list[tuple[str, float, str]]) -> str:
    counts = [len(ok[(ok["case"] == case) & (ok["scale"] == scale)]) for case, scale, _ in stories]
    return seeds_in(pd.Series(counts))
