"""The studies, one file each. A new study is a file and a line here."""

from __future__ import annotations

from suite.registry import Registry
from suite.studies.parity import Parity
from suite.studies.propagation import Propagation
from suite.studies.training import Training
from suite.types import Study

_STUDIES: tuple[Study, ...] = (Training(), Propagation(), Parity())
STUDIES = Registry("study", _STUDIES)
HEADLINE = ("training", "propagation", "parity")
"""What the profile quick runs where no study is named: a first look in under a minute."""
