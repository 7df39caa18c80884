"""Helpers that the tests of several folders share."""

import os
from pathlib import Path

from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import ORACLE

ROOT = Path(__file__).resolve().parents[2]
"""The root of the checkout."""
DECLARED = [name for name in FRAMEWORKS.names if name != ORACLE]
"""The frameworks that have native objects in the catalogues."""
BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
"""The backend of Keras in the process of the tests, which has one: ``tox -e keras`` sets others."""
NATIVE = [
    name
    for name in DECLARED
    if FRAMEWORKS[name].environment.get("KERAS_BACKEND") in (None, BACKEND)
    and (FRAMEWORKS[name].installed or not FRAMEWORKS[name].by_name)
]
"""Those that a test loads: the frameworks of the default, and any other that is installed."""
HERE = [name for name in NATIVE if FRAMEWORKS[name].installed]
"""Those of them that are installed."""
