"""Training by the formulas of either framework, which the study ``drift`` asks of the oracle."""

from __future__ import annotations

from typing import Protocol

from suite.types import Snapshot, TrainTask


class FormulaTraining(Protocol):
    """Training in float64 by a written-down form of the optimizers."""

    def train(self, task: TrainTask, form: str) -> list[Snapshot]:
        """Train on binary cross-entropy by the formulas of a form; a snapshot per recorded epoch.

        ``form``: ``torch``, ``keras``, or ``clipnorm``, which is ``keras`` except for the clipping.
        The snapshots' gradients and numbers of correct answers are left empty. Raises UserError for
        an unknown form, and for an optimizer or a clipping whose formula is not written down.
        """
        ...
