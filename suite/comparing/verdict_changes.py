"""What became of each verdict from A to B, by the verdicts that two folders store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.comparing.kinds import (
    CHANGED,
    DECIDED,
    LOST,
    MISSING,
    NEW,
    NOT_COMPARABLE,
    SAME,
    VERDICT_KINDS,
    VerdictKind,
)
from suite.judging.verdicts import NOT_JUDGED, Verdict

_STORED = ("verdict", "estimate", "low", "high", "n", "reason", "text_hash")
"""What a record tells of each of the two verdicts."""


@dataclass(frozen=True)
class VerdictChange:
    """A claim in one group of cells: its verdict in A and in B, None where there is none."""

    kind: VerdictKind
    claim: str
    group: str
    a: Verdict | None
    b: Verdict | None

    @property
    def study(self) -> str:
        """The study that the claim is about."""
        return next(verdict.study for verdict in (self.a, self.b) if verdict is not None)

    @property
    def unjudged(self) -> bool:
        """Whether A judged the claim and B did not."""
        judged_a, judged_b = (
            verdict is not None and verdict.verdict != NOT_JUDGED for verdict in (self.a, self.b)
        )
        return judged_a and not judged_b

    def record(self) -> dict[str, Any]:
        """Return the change as a flat record, for JSON."""
        sides = {"a": self.a, "b": self.b}
        return {
            "kind": self.kind,
            "claim": self.claim,
            "group": self.group,
            "study": self.study,
            **{
                f"{name}_{side}": getattr(verdict, name, None)
                for side, verdict in sides.items()
                for name in _STORED
            },
        }


def verdict_changes(a: Sequence[Verdict], b: Sequence[Verdict]) -> list[VerdictChange]:
    """Return what became of each verdict, the most serious kind first.

    A claim that one side has not judged as a whole is compared with each of its groups in the
    other. Claims judged in neither are omitted.
    """
    by_group_a, by_group_b = (
        {(verdict.claim, verdict.group): verdict for verdict in side} for side in (a, b)
    )
    changes = []
    for claim, group in dict.fromkeys([*by_group_a, *by_group_b]):
        before, after = (_verdict_on(side, claim, group) for side in (by_group_a, by_group_b))
        kind = _kind(before, after)
        if kind is not None:
            changes.append(VerdictChange(kind, claim, group, before, after))
    return sorted(changes, key=lambda change: VERDICT_KINDS.index(change.kind))


def _verdict_on(
    by_group: Mapping[tuple[str, str], Verdict], claim: str, group: str
) -> Verdict | None:
    """Return the verdict on a group of a claim, or on the whole claim where it was not judged."""
    whole = by_group.get((claim, ""))
    if whole is not None and whole.verdict != NOT_JUDGED:
        whole = None
    return by_group.get((claim, group), whole)


def _kind(a: Verdict | None, b: Verdict | None) -> VerdictKind | None:
    """Return the kind of a change; None where neither side has judged the claim."""
    judged_a = a is not None and a.verdict != NOT_JUDGED
    judged_b = b is not None and b.verdict != NOT_JUDGED
    if a is None or not judged_a:
        return NEW if judged_b else None
    if b is None or not judged_b:
        return LOST if a.decided and b is not None else MISSING
    if a.text_hash != b.text_hash:
        return NOT_COMPARABLE
    if a.verdict == b.verdict:
        return SAME
    if a.decided:
        return CHANGED if b.decided else LOST
    return DECIDED
