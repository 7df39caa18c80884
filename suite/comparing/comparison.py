"""The result of a comparison, and the exit code that it means.

The exit code is 0, or 1 by the rule that the user chose; each rule includes those before it:

| rule | exit code 1 where |
| --- | --- |
| never | nowhere |
| claims | a decided verdict changed or was lost, or B lacks what A measured (``absences``) |
| worse | a metric worsened, or changed without a better direction |
| moved | a metric improved |
| any | anything was decided or is new, or the text of a claim differs |

An improvement that nobody can explain is a finding too: held-out data that are the training data
improve the accuracy. ``moved`` is for a gate that guards against mistakes in what is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from suite.catalogue.registry import unknown
from suite.comparing.absences import Absence
from suite.comparing.kinds import (
    CHANGED,
    DECIDED,
    IMPROVED,
    LOST,
    NEW,
    NOT_COMPARABLE,
    WORSENED,
)
from suite.comparing.verdict_changes import VerdictChange

RULES = ("claims", "worse", "moved", "any", "never")


@dataclass(frozen=True)
class Comparison:
    """What changed from A to B."""

    a: str
    b: str
    """What is compared, in words."""
    environment: list[tuple[str, str, str]]
    """Key, its value in A, its value in B."""
    verdicts: Sequence[VerdictChange]
    metrics: pd.DataFrame
    """A row for each cell and metric, with ``metric_changes.COLUMNS``."""
    notes: tuple[str, ...] = ()
    """What limits the comparison, in sentences."""
    absences: Sequence[Absence] = ()
    """What A measured and B lacks."""
    absent: Sequence[str] = ()
    """The studies of A that B did not run at all."""

    def exit_code(self, rule: str) -> int:
        """Return 1 where one of ``RULES`` says so, else 0.

        Raises UserError for another rule.
        """
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        verdicts = {change.kind for change in self.verdicts if not change.unjudged}
        metrics = set(self.metrics["kind"])
        fails = bool(verdicts & {CHANGED, LOST})
        fails |= any(not absence.allowed for absence in self.absences)
        if rule in ("worse", "moved", "any"):
            fails |= bool(metrics & {WORSENED, CHANGED})
        if rule in ("moved", "any"):
            fails |= IMPROVED in metrics
        if rule == "any":
            fails |= NEW in metrics
            fails |= bool(verdicts & {DECIDED, NEW, NOT_COMPARABLE})
        return int(fails and rule != "never")

    @property
    def moved(self) -> pd.DataFrame:
        """The metrics that worsened, changed or improved, the largest differences first."""
        rows = self.metrics[self.metrics["kind"].isin((WORSENED, CHANGED, IMPROVED))]
        order = rows["size"].sort_values(ascending=False, kind="stable").index
        return rows.loc[order]
