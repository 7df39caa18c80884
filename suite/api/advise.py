"""Advice from stored runs: ``advise``, as the command of this name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite.advising import Advice, Question
from suite.advising import advise as answered
from suite.api.words import paths


def advise(
    *,
    activation: str | None = None,
    depth: int | None = None,
    width: int | None = None,
    framework: str | None = None,
    optimizer: str | None = None,
    task: str | None = None,
    normalization: str | None = "none",
    residual: bool = False,
    folders: Sequence[Path | str] = (),
) -> Advice:
    """Rank the starts of a network by stored runs; return frozen values. Nothing is measured.

    What is None is left open: the choices among it are ranked, and ``depth``, ``width`` and
    ``task`` (a data set) have a ranking for each stored value. ``folders``: results folders beside
    those in ./results and the reference. Shares and their intervals lie between 0 and 1, epochs are
    counted from 1, signals are nats per layer. An option whose evidence is too far from the
    question has ``group`` None: the answer is not known.

    Raises UserError for an unknown name and for a folder that is not a results folder.

    >>> import suite
    >>> advice = suite.advise(
    ...     activation="gelu", depth=16, width=5, framework="tensorflow", optimizer="rmsprop",
    ...     task="circles", folders=["results/reference/standard"],
    ... )
    >>> best = advice.rankings[0].known[0]
    >>> best.cell["initializer"], best.group, best.share.estimate >= 0.95
    ('he_normal', 1, True)
    """
    question = Question(
        activation, depth, width, framework, optimizer, task, normalization, residual
    )
    return answered(question, paths(folders))
