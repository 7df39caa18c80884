"""The sections of a passport that only initializers or only normalization layers have."""

from __future__ import annotations

import pandas as pd

from suite.assessing.battery import Subject
from suite.assessing.section import Section, by_cell, rows_of


def law(subject: Subject, summary: pd.DataFrame) -> Section:
    """Return the moments of the kernels that an initializer draws."""
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
    """Return how networks train with the layer, from starts that fail without it."""
    rows = rows_of(summary, "rescue")
    rows = rows[rows["normalization"].isin(subject.names)]
    wanted = {"heldout_accuracy": "held-out accuracy", "train_loss": "training loss"}
    return Section(
        "Training from a start that fails without normalization",
        ("Medians over 20 seeds.",),
        by_cell(rows, ["framework", "dataset", "normalization"], wanted),
    )


def deep(subject: Subject, summary: pd.DataFrame) -> Section:
    """Return the signals and gradients of deep networks with the layer, at initialisation."""
    rows = rows_of(summary, "normalized")
    rows = rows[rows["normalization"].isin(subject.names)]
    wanted = {
        "gradient_factor": "gradient, factor of the mean square per layer",
        "output_gradient_square": "gradient at the first layer",
        "signal_square": "mean square of the signal",
    }
    return Section(
        "Deep networks at initialisation",
        ("24 layers of 256 units: a chain, or residual blocks. Medians over seeds.",),
        by_cell(rows, ["framework", "case", "normalization"], wanted),
    )
