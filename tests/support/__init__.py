"""Helpers that the tests of several folders share."""

from pathlib import Path

from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import ORACLE

ROOT = Path(__file__).resolve().parents[2]
"""The root of the checkout."""
DECLARED = [name for name in FRAMEWORKS.names if name != ORACLE]
"""The frameworks that have native objects in the catalogues."""
NATIVE = [name for name in DECLARED if FRAMEWORKS[name].installed or not FRAMEWORKS[name].by_name]
"""Those that a test loads: the frameworks of the default, and any other that is installed."""
