"""The registry of studies, each a file or a folder of this package and found by its name.

A new study is a new file here that ends with ``STUDY = ...``; its metrics, claims and figures are
the files of the same name in ``suite.metrics``, ``suite.claims`` and ``suite.report``. ``common``
is for code that several studies share.
"""

from __future__ import annotations

import importlib
import pkgutil

from suite.catalogue.registry import Registry
from suite.types import Study


def _studies() -> list[Study]:
    """Import every study of this package; order them by position and then by name.

    Raises ValueError for a study whose name is not that of its file.
    """
    studies: list[Study] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name == "common":
            continue
        study: Study = importlib.import_module(f"{__name__}.{module.name}").STUDY
        if study.name != module.name:
            raise ValueError(f"the study of suite/studies/{module.name} is named {study.name!r}")
        studies.append(study)
    return sorted(studies, key=lambda study: (study.position, study.name))


STUDIES = Registry("study", _studies())
HEADLINE = tuple(study.name for study in STUDIES if study.headline)
"""The studies that the profile quick runs when none is named: a first look in under a minute."""
GATE = tuple(study.name for study in STUDIES if study.gate)
"""The studies of the upgrade gate. Their profile quick has every entry of every catalogue in a cell
where its likely mistakes show, in under a minute on two cores."""
