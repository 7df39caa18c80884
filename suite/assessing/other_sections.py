"""The sections of a passport that only initializers or only normalization layers have."""

from __future__ import annotations

import pandas as pd

from suite.assessing.battery import Subject
from suite.assessing.section import Section, by_cell, rows_of


def law(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = rows_of(summary, "initializers", initializer=subject.name)
    wanted = {
        "kernel_variance": "variance",
        "kernel_variance_ratio": "over what LeCun's rule would give",
        "kernel_kurtosis": "excess kurtosis",
        "forward_gain": "forward gain",
    }
    return Section(
        "Law of the kernels",
        ("Medians over 20 seeds, by kind and shape of the kernel.",),
        by_cell(rows, ["framework", "layer_kind", "shape"], wanted),
    )


def rescued(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = rows_of(summary, "rescue")
    rows = rows[rows["normalization"].isin(subject.names)]
    wanted = {"heldout_accuracy": "held-out accuracy", "train_loss": "training loss"}
    return Section(
        "Training from a start that fails without normalization",
        ("Medians over 20 seeds.",),
        by_cell(rows, ["framework", "dataset", "normalization"], wanted),
    )


def exactness(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = rows_of(summary, "normalization", normalization=subject.name)
    names = [name for name in dict.fromkeys(rows["metric"]) if name.endswith("_error")]
    return Section(
        "Layers against the definition",
        ("Largest deviations, by kind of layer.",),
        by_cell(
            rows,
            ["framework", *[a for a in ("layer_kind", "shape") if a in rows]],
            dict(zip(names, names, strict=True)),
        ),
    )
