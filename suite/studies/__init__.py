"""The studies: a file or a folder of this package each, found by its name.

A new study is a new file here that ends with ``STUDY = ...``; its metrics, claims and figures are
the files of the same name in ``suite.metrics``, ``suite.claims`` and ``suite.report``.
``common`` holds what several studies share.
"""

from __future__ import annotations

import importlib
import pkgutil

from suite.catalogue.registry import Registry
from suite.types import Study


def _found() -> list[Study]:
    """Every study of this package, by its position and then by its name.

    Raises ValueError for a study that does not bear the name of its file.
    """
    found: list[Study] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name == "common":
            continue
        study: Study = importlib.import_module(f"{__name__}.{module.name}").STUDY
        if study.name != module.name:
            raise ValueError(f"the study of suite/studies/{module.name} is named {study.name!r}")
        found.append(study)
    return sorted(found, key=lambda study: (study.position, study.name))


STUDIES = Registry("study", _found())
HEADLINE = tuple(study.name for study in STUDIES if study.headline)
"""The studies that the profile quick runs where none is named: a first look in under a minute."""
