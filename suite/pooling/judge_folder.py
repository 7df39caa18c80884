"""Judge a stored pool, and put folders together into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from suite import claims
from suite.claims.claim import Claim
from suite.judging.verdicts import CONTRADICTED, INCOMPLETE
from suite.plugins import brought_claims
from suite.pooling import pool
from suite.pooling.judge_pool import Environments, Pooled, environments, judge_pool
from suite.pooling.pool import Members


@dataclass(frozen=True)
class Judged:
    """A pool with its verdicts, in the order of the claims."""

    members: Members
    environments: Environments
    verdicts: list[Pooled]
    unequal: list[str]
    """A sentence for each two folders that should be equal to the last bit, and are not."""

    @property
    def code(self) -> int:
        """1 where a claim contradicts its expectation; else 3 where runs were not fit to be
        counted; else 0: a pool promises to decide nothing."""
        if any(verdict.contradicts for verdict in self.verdicts):
            return CONTRADICTED
        return INCOMPLETE if any(verdict.left_out for verdict in self.verdicts) else 0


def put_together(folders: Sequence[Path], out: Path, files: Sequence[Path] = ()) -> None:
    """Pool results folders and pools into ``out``, a new folder or one of them.

    ``files``: TOML files of claims, in place of those that are shipped or plugged in. Raise
    UserError for what cannot be pooled; nothing is written then.
    """
    pool.write(out, pool.united(folders, _family(files)))


def judged(folder: Path, files: Sequence[Path] = ()) -> Judged:
    """Judge a pool. Raise UserError where it cannot be read, where it was edited, and where it is
    about other claims; ``files``: as for ``put_together``."""
    family = _family(files)
    members = pool.read(folder)
    pool.check(members, family)
    unequal = pool.disagreements(members, family)
    return Judged(members, environments(members), judge_pool(members, family), unequal)


def _family(files: Sequence[Path]) -> list[Claim]:
    return [*claims.read(files)] if files else [*claims.shipped(), *brought_claims()]
