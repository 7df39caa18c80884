"""Advice: which start to take, from stored evidence alone, with what is not known said so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite.advising.advise import Advice, Option, Ranking, advise, command, expected
from suite.advising.distance import Distance
from suite.advising.question import Question

__all__ = [
    "Advice",
    "Distance",
    "Option",
    "Question",
    "Ranking",
    "advise",
    "ask",
    "command",
    "expected",
]


def ask(
    *,
    activation: str | None = None,
    depth: int | None = None,
    width: int | None = None,
    framework: str | None = None,
    optimizer: str | None = None,
    dataset: str | None = None,
    normalization: str | None = "none",
    residual: bool = False,
    folders: Sequence[Path | str] = (),
) -> Advice:
    """Return ranked starts for a network, from stored runs; what is None is left open.

    ``folders``: results folders beside those in ./results and the reference. Shares of networks
    that learned and their intervals are between 0 and 1, epochs are counted from 1. Nothing is
    measured. Raises UserError for an unknown name and for a folder that is no results folder.
    """
    question = Question(
        activation, depth, width, framework, optimizer, dataset, normalization, residual
    )
    return advise(question, [Path(folder) for folder in folders])
