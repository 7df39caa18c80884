"""Made-up verdicts of every kind, and one of which a test names only the fields that matter."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from suite.claims.band import Band
from suite.judging.verdicts import Verdict

SUPPORTED = Verdict(
    claim="tanh-beats-sigmoid",
    group="framework=torch",
    study="training",
    statement="tanh learns, sigmoid does not",
    metric="heldout_accuracy",
    estimand="difference",
    centre="median",
    verdict="supported",
    expected="supported",
    as_expected=True,
    estimate=0.38,
    low=0.21,
    high=0.47,
    level=0.99995,
    band=Band(0.1, math.inf),
    n=20,
    diverged=0,
    failed=0,
    missing=0,
    pair_correlation=0.1,
    margin=9.5,
    headline=True,
    decides="quick",
    promised=True,
    reason="",
    because="slopes",
    source="tutorial",
    text_hash="0123456789ab",
)
"""A claim that is supported as expected."""


def verdict(**fields: Any) -> Verdict:
    """Return ``SUPPORTED`` with other fields."""
    return replace(SUPPORTED, **fields)


AS_FEARED = replace(SUPPORTED, claim="folk", verdict="refuted", expected="refuted")
CONTRADICTION = replace(SUPPORTED, claim="wrong", verdict="refuted", as_expected=False, low=-0.3)
UNDECIDED = replace(
    SUPPORTED,
    claim="vague",
    verdict="undecided",
    as_expected=None,
    low=-math.inf,
    reason="12 seeds",
)
LATER = replace(UNDECIDED, claim="later", promised=False, decides="full")
LACKING = replace(UNDECIDED, claim="lacking", missing=2, reason="2 missing: depth=4 seed=3")
FAILED = replace(LACKING, claim="failed", failed=1, missing=0)
ABSENT = replace(
    SUPPORTED,
    claim="absent",
    verdict="not judged",
    as_expected=None,
    estimate=math.nan,
    low=-math.inf,
    high=math.inf,
    n=0,
    margin=math.nan,
    reason="study training was not run",
)
ALL = [SUPPORTED, AS_FEARED, CONTRADICTION, UNDECIDED, LATER, LACKING, FAILED, ABSENT]
"""One verdict of each kind that a table, a page or an exit code tells from the others."""
