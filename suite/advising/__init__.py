"""Advice on which start to take, from stored evidence alone; what is not known is called
unknown."""

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
