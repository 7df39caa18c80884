"""Claims about initialisation, activation and depth of neural networks, put to the test.

Two wings meet only in a results folder: measuring (studies, frameworks, runner) writes it,
judging (intervals, summary, judge, report) reads it and needs no framework.

The names of ``__all__`` are what scripts and notebooks use; docs/how_to/python.md shows them at
work. Each is imported when it is first used, so that ``import suite`` costs nothing and loads no
framework.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# For type checkers alone. A name that is changed on import counts as unused with the linter (F401),
# although it is public here.
if TYPE_CHECKING:
    # Type checkers and editors read these; at run time ``__getattr__`` loads a name when it is
    # used. The linter takes a name imported under another one, as the catalogues are, for unused.
    from suite.advising.advise import Advice as Advice
    from suite.api.advise import advise as advise
    from suite.api.assess import assess as assess
    from suite.api.catalogues import known_frameworks as known_frameworks
    from suite.api.catalogues import known_metrics as known_metrics
    from suite.api.catalogues import known_studies as known_studies
    from suite.api.catalogues import listing as listing
    from suite.api.catalogues import read_claims as read_claims
    from suite.api.catalogues import shipped_claims as shipped_claims
    from suite.api.frames import units as units
    from suite.api.judge import Check as Check
    from suite.api.judge import Explanation as Explanation
    from suite.api.judge import attribute as attribute
    from suite.api.judge import check as check
    from suite.api.judge import compare as compare
    from suite.api.judge import explain as explain
    from suite.api.measure import Plan as Plan
    from suite.api.measure import plan as plan
    from suite.api.measure import run as run
    from suite.api.pooled import Pool as Pool
    from suite.api.pooled import pool as pool
    from suite.api.stored import Figure as Figure
    from suite.api.stored import Results as Results
    from suite.api.stored import load as load
    from suite.assessing.passport import Passport as Passport
    from suite.catalogue.activations import ACTIVATIONS as activations  # noqa: F401
    from suite.catalogue.activations import Activation as Activation
    from suite.catalogue.datasets import DATASETS as datasets  # noqa: F401
    from suite.catalogue.datasets import Dataset as Dataset
    from suite.catalogue.declare import activation as activation
    from suite.catalogue.initializers import INITIALIZERS as initializers  # noqa: F401
    from suite.catalogue.initializers import Initializer as Initializer
    from suite.catalogue.normalizations import NORMALIZATIONS as normalizations  # noqa: F401
    from suite.catalogue.normalizations import Normalization as Normalization
    from suite.catalogue.optimizers import OPTIMIZERS as optimizers  # noqa: F401
    from suite.catalogue.optimizers import Optimizer as Optimizer
    from suite.catalogue.registry import natives as natives
    from suite.claims import claims_file as claims_file
    from suite.claims import claims_text as claims_text
    from suite.claims.band import Band as Band
    from suite.claims.claim import Claim as Claim
    from suite.comparing.attribution import Attribution as Attribution
    from suite.comparing.comparison import Comparison as Comparison
    from suite.errors import Unsupported as Unsupported
    from suite.errors import UserError as UserError
    from suite.metrics.metric import Metric as Metric
    from suite.metrics.metric import Share as Share
    from suite.planning.axes import AXES as axes  # noqa: F401
    from suite.studies.common.measurements import completed as completed
    from suite.types import Cell as Cell
    from suite.types import Cost as Cost
    from suite.types import Grid as Grid
    from suite.types import Lab as Lab
    from suite.types import Measurement as Measurement
    from suite.types import Member as Member
    from suite.types import Stack as Stack
    from suite.types import Status as Status
    from suite.types import Study as Study
    from suite.types import Table as Table
    from suite.types import TableSpec as TableSpec

__version__ = "0.1.0"

_NAMES = {
    "suite.advising.advise": ("Advice",),
    "suite.api.advise": ("advise",),
    "suite.api.assess": ("assess",),
    "suite.api.catalogues": (
        "known_frameworks",
        "known_metrics",
        "known_studies",
        "listing",
        "read_claims",
        "shipped_claims",
    ),
    "suite.api.frames": ("units",),
    "suite.api.judge": ("Check", "Explanation", "attribute", "check", "compare", "explain"),
    "suite.api.measure": ("Plan", "plan", "run"),
    "suite.api.pooled": ("Pool", "pool"),
    "suite.api.stored": ("Figure", "Results", "load"),
    "suite.assessing.passport": ("Passport",),
    "suite.catalogue.activations": ("Activation", "activations:ACTIVATIONS"),
    "suite.catalogue.datasets": ("Dataset", "datasets:DATASETS"),
    "suite.catalogue.declare": ("activation",),
    "suite.catalogue.initializers": ("Initializer", "initializers:INITIALIZERS"),
    "suite.catalogue.normalizations": ("Normalization", "normalizations:NORMALIZATIONS"),
    "suite.catalogue.optimizers": ("Optimizer", "optimizers:OPTIMIZERS"),
    "suite.catalogue.registry": ("natives",),
    "suite.claims": ("claims_file", "claims_text"),
    "suite.claims.band": ("Band",),
    "suite.claims.claim": ("Claim",),
    "suite.comparing.attribution": ("Attribution",),
    "suite.comparing.comparison": ("Comparison",),
    "suite.errors": ("Unsupported", "UserError"),
    "suite.metrics.metric": ("Metric", "Share"),
    "suite.planning.axes": ("axes:AXES",),
    "suite.studies.common.measurements": ("completed",),
    "suite.types": (
        "Cell",
        "Cost",
        "Grid",
        "Lab",
        "Measurement",
        "Member",
        "Stack",
        "Status",
        "Study",
        "Table",
        "TableSpec",
    ),
}
"""Module -> the public names that it has; ``public:NAME`` where it calls a name differently. The
imports above say the same to a type checker."""
_PLACES = {
    public: (module, name or public)
    for module, names in _NAMES.items()
    for public, _, name in (text.partition(":") for text in names)
}

__all__ = ["__version__", *sorted(_PLACES)]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'suite' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
