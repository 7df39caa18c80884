"""What captions say about training, and about lines that the eye could take for something else.

Numbers come from the catalogues and the study; nothing here says how a run ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from suite.catalogue import initializers, optimizers
from suite.catalogue.datasets import DATASETS
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import target
from suite.report.common.drawing import pin
from suite.report.common.numbers import number
from suite.studies.common.protocol import BATCH, CIRCLES
from suite.studies.training import RECORD
from suite.types import UserError


def in_frameworks(frameworks: Sequence[str]) -> str:
    """Return ``in torch``, ``in both frameworks`` or ``in all 3 frameworks``."""
    count = len(frameworks)
    if count == 1:
        return f"in {frameworks[0]}"
    return "in both frameworks" if count == 2 else f"in all {count} frameworks"


def optimizer_title(name: str) -> str:
    """Return what the frameworks call an optimizer, such as ``RMSprop``; the name itself where
    the catalogue does not have it."""
    try:
        optimizer = optimizers.resolve(name)
    except UserError:
        return name
    native = next(iter(optimizer.translate(optimizer.common).values()), None)
    return target(native).partition(":")[2] if native else name


def settings_of(optimizer: optimizers.Optimizer) -> str:
    """Return the hyper-parameters with their values, without those that are zero."""
    return ", ".join(
        f"{parameter.replace('_', ' ')} {number(value)}"
        for parameter, value in optimizer.common.items()
        if value
    )


def protocol(rows: pd.DataFrame) -> str:
    """Return how the networks of some rows were trained; the rows share one optimizer and its
    settings."""
    frameworks = list(rows["framework"].unique())
    name, settings = rows["optimizer"].iloc[0], rows["settings"].iloc[0]
    text = f"{RECORD[-1]} epochs in batches of {BATCH}; {optimizer_title(name)}"
    if settings != "common":
        return f"{text} with each framework's own defaults."
    try:
        text += f" with {settings_of(optimizers.resolve(name))} {in_frameworks(frameworks)}."
    except UserError:
        return f"{text}."
    formulas = {FRAMEWORKS[each].form(name) for each in frameworks if each in FRAMEWORKS}
    if len(formulas) > 1 and "epsilon" in optimizers.resolve(name).common:
        text += (
            " The frameworks' formulas place epsilon differently, so a difference between them on"
            " the same initializer can come from the optimizer."
        )
    return text


def covered(
    frameworks: Iterable[str], names: Sequence[str], fans: tuple[int, int]
) -> dict[str, dict[str, list[str]]]:
    """Return which lines of a figure a later one covers, since both have the same theory.

    ``names``: initializers in the order in which they are drawn; ``fans``: (fan_in, fan_out) of
    the layers. Initializer -> the later one with the same variances -> the frameworks where it is
    so.
    """
    pairs: dict[str, dict[str, list[str]]] = {}
    for framework in frameworks:
        variances = {name: _variances(name, framework, fans) for name in names}
        for place, name in enumerate(names):
            for later in names[place + 1 :]:
                if variances[name] is not None and variances[name] == variances[later]:
                    pairs.setdefault(name, {}).setdefault(later, []).append(framework)
    return pairs


def _variances(name: str, framework: str, fans: tuple[int, int]) -> tuple[float, float] | None:
    """The variances of a kernel's and of a bias's entries, or None where no law is declared."""
    try:
        resolved = initializers.resolve(name)
        law, bias = resolved.law(framework), resolved.bias_law(framework)
    except UserError:
        return None
    return law.variance(*fans), bias.variance(*fans)


def layer_notes(rows: pd.DataFrame, metric: str, names: Sequence[str]) -> str:
    """Return what the eye could take wrongly in a figure of signal or gradient by layer.

    ``names``: the initializers in the order in which they are drawn.
    """
    frameworks, fans = list(rows["framework"].unique()), (int(rows["width"].iloc[0]),) * 2
    notes = [
        f"In {' and '.join(where)} {later} has the variance of {name} and covers it; {name} is"
        " therefore drawn wider, beneath."
        for name, others in covered(frameworks, names, fans).items()
        for later, where in others.items()
    ]
    biased = [
        f"{name} in {framework}"
        for name in names
        for framework in frameworks
        if (variances := _variances(name, framework, fans)) and variances[1]
    ]
    if metric == "activation_mean_square" and biased:
        notes.append(
            f"Random biases ({', '.join(biased)}) are the same for all inputs and count here: what"
            " distinguishes the inputs is in the figure of the variance over the inputs."
        )
    dead = rows[(rows["activation"] == "relu") & (rows["initializer"] == "normal(0.01)")]
    if metric == "gradient_mean_square" and len(dead) and (dead[metric] == 0).all():
        notes.append(
            "ReLU with normal(0.01): the signal underflows to 0 in single precision, so no"
            " gradient is left."
        )
    return "".join(f" {note}" for note in notes)


def on_one_dataset(runs: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the runs on one data set, and its name: the circles where there are any.

    A table without the axis is of the time before it, when every network learned the circles.
    """
    names = runs.get("dataset", pd.Series([CIRCLES]))
    name = CIRCLES if names.empty or CIRCLES in set(names) else str(names.iloc[0])
    return pin(runs, ["dataset"], {"dataset": name})[0], name


def dataset_title(name: str) -> str:
    """Return what a caption calls a data set; the name itself where the catalogue lacks it."""
    return DATASETS[name].title if name in DATASETS else name


def of_one_width(rows: pd.DataFrame, usual: int) -> tuple[pd.DataFrame, int]:
    """Return the rows of one width, and the width: the ``usual`` one of the study where there are
    networks of it, else the first."""
    rows, _ = pin(rows, ["width"], {"width": usual})
    return rows, int(rows["width"].iloc[0]) if "width" in rows and len(rows) else usual
