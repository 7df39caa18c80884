"""Which verdicts a profile promises to decide.

A profile promises the verdicts on claims that it or a smaller one ``decides``, except for those in
``fragile.toml``: their estimates lie so near the edge of the band that another root seed may leave
them undecided. They are judged like all others. ``suite.judging.fresh_roots`` computes the list.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

from suite.claims.claim import Claim
from suite.types import PROFILES


def in_profile(claim: Claim, profile: str | None) -> bool:
    """Return whether a run of a profile could promise verdicts on a claim; None: no profile."""
    return (
        profile is not None
        and claim.expected != "open"
        and PROFILES.index(claim.decides) <= PROFILES.index(profile)
    )


def promised(claim: Claim, group: str, profile: str | None) -> bool:
    """Return whether a run of a profile promises to decide a claim in one group of cells."""
    return in_profile(claim, profile) and group not in fragile().get(claim.id, ())


@functools.cache
def fragile() -> Mapping[str, tuple[str, ...]]:
    """Return claim -> the groups in which no profile promises its verdict; the only group of a
    claim without ``each`` is the empty text."""
    text = resources.files(__package__).joinpath("fragile.toml").read_text(encoding="utf-8")
    return {claim: tuple(groups) for claim, groups in tomllib.loads(text).items()}
