"""Whose doing the differences between the frameworks of a folder are, and what differs in them.

``suite.comparing.attribution`` names each row; the explanations of this folder say in a few words
what it is about (``RMSprop's epsilon``), so that the rows of one subject are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from suite.comparing.attribution import (
    KINDS,
    NAMES,
    NOT_SPLIT,
    UNDECIDED,
    Attribution,
    attribution,
)
from suite.comparing.chains import Chain, chains_of, known_parts, possible
from suite.discovery.explanations import subject
from suite.discovery.kinds import FRAMEWORKS

_EXPLAINED = {"torch", "tensorflow"}
"""The frameworks that the explanations are about."""


@dataclass(frozen=True)
class Subject:
    """The rows of one chain that are about the same: how many have which name, and what the other
    frameworks do in those that have one."""

    chain: Chain
    name: str
    counts: Mapping[str, int]
    others: Mapping[str, int]
    """"keras_jax as tensorflow" -> the rows in which that is so."""

    @property
    def whose(self) -> str:
        """The names that the rows have, the most frequent first; empty where none has one."""
        names = sorted((name for name in NAMES if self.counts[name]), key=self._count)
        return " and ".join(names)

    @property
    def rank(self) -> tuple[int, ...]:
        """Its place in a list: by the rows that have a name, then by those that are undecided."""
        named = sum(self.counts[name] for name in NAMES)
        return -named, -self.counts[UNDECIDED], -self.counts[NOT_SPLIT]

    def _count(self, name: str) -> int:
        return -self.counts[name]


def stored_frameworks(runs: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the frameworks with an API and a backend that some runs have, in the order of the
    catalogue. ``runs``: study -> its runs."""
    stored = {
        str(name)
        for frame in runs.values()
        if "framework" in frame
        for name in frame["framework"].unique()
    }
    return [name for name in known_parts() if name in stored]


def whose(
    runs: Mapping[str, pd.DataFrame], planned: bool, chains: Sequence[Chain] | None = None
) -> Attribution:
    """Return the attribution of the differences that some runs show, with their subjects.

    ``runs`` and ``planned`` as ``attribution`` takes them. ``chains``: None for all that the
    frameworks of the runs make; there may be none.
    """
    frameworks = stored_frameworks(runs)
    if chains is None:
        chains = chains_of(frameworks, known_parts())
    found = attribution(runs, chains, frameworks, planned)
    subjects = [_subject(row) for row in found.rows.to_dict("records")]
    return replace(found, rows=found.rows.assign(subject=subjects), notes=_notes(frameworks))


def _subject(row: Mapping[object, object]) -> str:
    if {row["a"], row["b"]} != _EXPLAINED:
        return ""
    return subject({**{str(key): value for key, value in row.items()}, "kind": FRAMEWORKS})


def _notes(frameworks: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for each chain whose middle alone is lacking."""
    return tuple(
        f"{chain.a} and {chain.b} are not split: that takes {chain.middle} too"
        for chain in lacking(frameworks)
    )


def lacking(frameworks: Sequence[str]) -> list[Chain]:
    """Return the chains of which some frameworks have the ends and not the middle, where an end is
    not a middle itself."""
    parts = known_parts()
    middles = {chain.middle for chain in possible(parts, parts)}
    ends = [name for name in frameworks if name not in middles]
    return [chain for chain in possible(ends, parts) if chain.middle not in frameworks]


def subjects(found: Attribution) -> list[Subject]:
    """Return the subjects of each chain, those with most named rows first.

    A row that no explanation is about counts under its study and metric.
    """
    result = []
    for chain in found.chains:
        ours = (found.rows["a"] == chain.a) & (found.rows["b"] == chain.b)
        rows = found.rows[ours]
        names = rows["subject"].where(rows["subject"] != "", rows["study"] + " " + rows["metric"])
        parts = []
        for name, group in rows.groupby(names, sort=False):
            counts = Counter(group["whose"])
            others = Counter(word for text in group["others"] for word in text.split("; ") if word)
            every = {kind: counts.get(kind, 0) for kind in KINDS}
            parts.append(Subject(chain, str(name), every, dict(others.most_common())))
        result += sorted(parts, key=lambda part: part.rank)
    return result
