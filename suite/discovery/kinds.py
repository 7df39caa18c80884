"""The kinds of finding, and the columns of the table of findings.

| kind | what was found, in a cell and a metric |
| --- | --- |
| frameworks | two frameworks differ, from the same weights or under the same law |
| prediction | the measurement differs from its prediction or definition |
| execution | a compiled program differs from an eager one |

``runs.csv`` is compared seed by seed. Of a table over the seeds, such as ``layers.csv``, the bands
from the 5 % to the 95 % quantile must lie apart.
"""

from __future__ import annotations

from typing import Final

FRAMEWORKS: Final = "frameworks"
PREDICTION: Final = "prediction"
EXECUTION: Final = "execution"
FINDINGS = "findings.csv"
COLUMNS = (
    "kind",
    "study",
    "table",
    "cell",
    "at",
    "metric",
    "unit",
    "a",
    "a_value",
    "b",
    "b_value",
    "difference",
    "n",
    "adjusted",
    "size",
    "explained_by",
)
"""Columns of ``findings.csv``. ``a``, ``b``: what is compared, such as ``torch`` and
``tensorflow``, or ``prediction`` and ``measured``. ``at``: the place of the largest difference in a
table over layers or steps, and at how many places there is one. ``size``: the difference in units
of the tolerance or of the spread over the seeds, whichever is larger. ``explained_by``: the claims
that explain it (after ``not judged:`` where the folder cannot judge them), ``prediction``,
``stated error`` or ``open question``; empty where nothing does."""
