"""The page's section on the study shift: accuracies of each story, and who would notice."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.judging.intervals import quantile
from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables

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
NOTICED = (
    ("domain_accuracy", "classifier on the inputs"),
    ("pair_domain_accuracy", "on products of components"),
)


def parts(tables: Tables) -> list[Part]:
    """What each story costs, and what a domain classifier sees of it."""
    runs = tables("shift/runs.csv", "case", "scale", "status")
    return [
        Part(
            "Study and field: what a shift costs, what a correction brings back",
            [] if runs is None else [partial(accuracies, runs), partial(noticed, runs)],
            "shift/runs.csv is not there: no figure of study and field.",
        )
    ]


def accuracies(runs: pd.DataFrame) -> Drawing:
    """Accuracy in the study, in the field, corrected and attainable, for each story."""
    stories, ok = _stories(runs, "field_accuracy")
    figure = Figure(figsize=(1.6 + 1.45 * len(stories), 3.6), layout="constrained")
    axes: Axes = figure.subplots()
    for at, (case, scale, _) in enumerate(stories):
        rows = ok[(ok["case"] == case) & (ok["scale"] == scale)]
        for place, (metric, _) in enumerate(ACCURACIES):
            _point(axes, rows, metric, at + 0.18 * (place - 1.5), COLOURS[place])
            exact = f"{metric}_predicted"
            if exact in rows and rows[exact].notna().any():
                left = at + 0.18 * (place - 1.5) - 0.08
                axes.plot([left, left + 0.16], [rows[exact].iloc[0]] * 2, color=INK, lw=1, ls="--")
    axes.set_xticks(range(len(stories)), [label for *_, label in stories])
    axes.set_ylim(0.4, 1.02)
    axes.set_ylabel("accuracy (share)")
    handles = [
        Line2D([], [], color=COLOURS[place], marker="o", ls="", label=label)
        for place, (_, label) in enumerate(ACCURACIES)
    ]
    handles.append(Line2D([], [], color=INK, lw=1, ls="--", label="by the laws of the data"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "shift_accuracy",
        "A nearly perfect study can be worth nothing in the field, and weights repair one case",
        "Accuracy of a logistic regression made in a study and used in the field. Point: median"
        f" over the seeds; bar: its {LEVEL:.0%} interval; {_seeds(ok, stories)}, each a data set of"
        " its own with 1,000 points for training and 1,000 for each accuracy. Corrected: trained"
        " again with weights from a classifier that tells study from field; for the ten digits with"
        " class weights from the confusion matrix; in the last case the posterior is corrected"
        " for class proportions, which is the wrong assumption there, and no other model is"
        " attainable. Had it learned there: as many labelled points of the field (ten digits: the"
        " true class weights). Two classes: chance is 0.5. Dashed: the best linear test, where the"
        " data's laws give it.",
        figure,
    )


def noticed(runs: pd.DataFrame) -> Drawing:
    """Held-out accuracy of domain classifiers against what the shift costs."""
    stories, ok = _stories(runs, "domain_accuracy")
    figure = Figure(figsize=(6.4, 3.7), layout="constrained")
    axes: Axes = figure.subplots()
    axes.axvline(0.5, color=INK, lw=0.9, ls="--")
    axes.axhline(0, color="#999999", lw=0.8)
    cases = list(dict.fromkeys(case for case, *_ in stories))
    for case, colour in zip(cases, COLOURS, strict=False):
        for _, rows in ok[ok["case"] == case].groupby("scale"):
            for (metric, _), marker in zip(NOTICED, ("o", "D"), strict=True):
                if metric in rows and rows[metric].notna().any():
                    axes.plot(
                        rows[metric].median(),
                        rows["shift_cost"].median(),
                        marker,
                        color=colour,
                        ms=5 if marker == "o" else 4.5,
                        mfc=colour if marker == "o" else "none",
                    )
    axes.set_xlabel("held-out accuracy of the domain classifier (share; chance is 0.5)")
    axes.set_ylabel("accuracy lost in the field (share)")
    handles = [
        *(
            Line2D([], [], color=colour, marker="o", ls="", label=NAMES[case])
            for case, colour in zip(cases, COLOURS, strict=False)
        ),
        *(
            Line2D(
                [],
                [],
                color=INK,
                marker=marker,
                ls="",
                label=label,
                mfc=INK if marker == "o" else "none",
            )
            for (_, label), marker in zip(NOTICED, ("o", "D"), strict=True)
        ),
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        "shift_noticed",
        "Noticing a shift is not knowing its cost",
        "Each point is a case at one strength of its shift: what the model loses in the field"
        " against how well a logistic regression tells inputs of the study from inputs of the"
        f" field. Medians; {_seeds(ok, stories)}. Open diamonds: the same on squares and products"
        " of the ten leading principal components. The shadows of the tanks cost half of all"
        " decisions and leave the classifier on the inputs at chance (dashed). Where the inputs"
        " move and the labels' law stays, the shift is plain to see and the accuracy rises.",
        figure,
    )


def _stories(runs: pd.DataFrame, metric: str) -> tuple[list[tuple[str, float, str]], pd.DataFrame]:
    """The stories that the run has, and its runs that ended well."""
    if metric not in runs:
        raise NotDrawn(f"No figure of shifts: the run did not measure {metric}.")
    ok = runs[runs["status"] == "ok"]
    there = set(zip(ok["case"], ok["scale"], strict=True))
    stories = [story for story in STORIES if story[:2] in there]
    if not stories:
        raise NotDrawn("No figure of shifts: the run has none of its stories.")
    return stories, ok


def _point(axes: Axes, rows: pd.DataFrame, metric: str, x: float, colour: str) -> None:
    """Median and interval; nothing where the case does not measure the metric."""
    if metric not in rows:
        return
    values = rows[metric].to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(values).any():
        return
    found = quantile(values, 0.5, LEVEL)
    axes.plot([x, x], [found.low, found.high], color=colour, lw=2)
    axes.plot(x, found.estimate, "o", color=colour, ms=5)


def _seeds(ok: pd.DataFrame, stories: list[tuple[str, float, str]]) -> str:
    counts = [len(ok[(ok["case"] == case) & (ok["scale"] == scale)]) for case, scale, _ in stories]
    low, high = min(counts), max(counts)
    return f"n = {low} seeds" if low == high else f"n = {low} to {high} seeds"
