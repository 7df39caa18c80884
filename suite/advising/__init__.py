"""Advice: which start to take, from stored evidence alone, with what is not known said so."""

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
    "command",
    "expected",
]
