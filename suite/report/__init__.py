"""The page of a results folder: a file for each study that has figures, and how the page is made.

``page`` writes it, ``figures`` draws, ``embedding`` says what a browser may run.
``common`` is shared by the figures of the studies.
"""

from __future__ import annotations

from suite.report.figures import PARTS, write_figures
from suite.report.page import write_report

__all__ = ["PARTS", "write_figures", "write_report"]
