"""What there is to choose from, as tables and as the entries themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite import claims
from suite.api.words import Files, paths
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import unknown
from suite.claims.claim import Claim
from suite.commands.list import KINDS
from suite.commands.list import listing as entries
from suite.metrics import METRICS
from suite.studies import STUDIES

if TYPE_CHECKING:
    import pandas as pd

known_studies = STUDIES
"""The studies by name; ``suite.studies`` is the package of their code."""
known_metrics = METRICS
"""The metrics by name; ``suite.metrics`` is the package of their definitions."""
known_frameworks = FRAMEWORKS
"""The frameworks by name; ``suite.frameworks`` is the package of their code."""


def listing(kind: str) -> pd.DataFrame:
    """Return the entries of a kind with their meaning: the rows of ``suite list KIND``.

    ``kind``: studies, activations, initializers, normalizations, frameworks, optimizers, datasets,
    axes, metrics or claims. Raises UserError for another one.

    >>> import suite
    >>> table = suite.listing("activations")
    >>> table[table["name"] == "relu"]["meaning"].item()[:4]
    'Nair'
    """
    import pandas as pd

    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    return pd.DataFrame(entries(kind), columns=["name", "meaning"])


def shipped_claims() -> tuple[Claim, ...]:
    """Return the claims of the suite.

    >>> import suite
    >>> len(suite.shipped_claims()) > 500
    True
    """
    return claims.shipped()


def read_claims(files: Files) -> tuple[Claim, ...]:
    """Return the claims of one TOML file or of several.

    Raises UserError, which names the file, the claim and the key, for a claim that is not well
    stated.

    >>> import suite
    >>> suite.read_claims("suite/claims/parity.toml")[0].study
    'parity'
    """
    return claims.read(paths(files))
