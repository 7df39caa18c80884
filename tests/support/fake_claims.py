"""Claims about the fake study, whose numbers are standard normal."""

from __future__ import annotations

import math
from dataclasses import replace

from suite.claims.band import Band
from suite.claims.claim import Claim

WIDE = Claim(
    id="decided-at-once",
    statement="",
    source="",
    study="fake",
    metric="top_exponent",
    estimand="value",
    of={"framework": ("numpy",), "width": (1,), "scale": (0.5,)},
    band=Band(-9.0, math.inf),
    expected="supported",
    because="",
    decides="quick",
    file="",
    text_hash="",
)
"""The median of a standard normal number in a band that holds every number drawn."""
NARROW = replace(WIDE, id="needs-seeds", of={**WIDE.of, "width": (2,)}, band=Band(-0.8, math.inf))
NEVER = replace(WIDE, id="on-the-edge", of={**WIDE.of, "width": (3,)}, band=Band(-0.02, 0.02))
