"""The studies, one file each. A new study is a file and a line here."""

from __future__ import annotations

from suite.catalogue.registry import Registry
from suite.studies.correlations import Correlations
from suite.studies.curves import Curves
from suite.studies.defaults import Defaults
from suite.studies.descent import Descent
from suite.studies.digits import Digits
from suite.studies.drift import Drift
from suite.studies.fluctuation import Fluctuation
from suite.studies.gains import Gains
from suite.studies.idioms import Idioms
from suite.studies.initializers import Initializers
from suite.studies.internal_shift import InternalShift
from suite.studies.lecture import Lecture
from suite.studies.normalization import Normalization
from suite.studies.normalized import Normalized
from suite.studies.parity import Parity
from suite.studies.products import Products
from suite.studies.propagation import Propagation
from suite.studies.remedies import Remedies
from suite.studies.rescue import Rescue
from suite.studies.shift import Shift
from suite.studies.spectrum import Spectrum
from suite.studies.symmetry import Symmetry
from suite.studies.training import Training
from suite.studies.tutorial import Tutorial
from suite.studies.underflow import Underflow
from suite.studies.weighting import Weighting
from suite.types import Study

_STUDIES: tuple[Study, ...] = (
    Training(),
    Tutorial(),
    Propagation(),
    Lecture(),
    Gains(),
    Correlations(),
    Spectrum(),
    Fluctuation(),
    Underflow(),
    Parity(),
    Drift(),
    Products(),
    Shift(),
    Weighting(),
    Symmetry(),
    Remedies(),
    Normalization(),
    Normalized(),
    Rescue(),
    InternalShift(),
    Descent(),
    Digits(),
    Curves(),
    Initializers(),
    Defaults(),
    Idioms(),
)
STUDIES = Registry("study", _STUDIES)
HEADLINE = ("training", "propagation", "parity")
"""What the profile quick runs where no study is named: a first look in under a minute."""
