"""Put results folders together, and judge them together: ``pool``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from suite.api.words import Files, Folder, path, paths

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Pool:
    """Several results folders judged together.

    ``folder``: the pool. ``verdicts``: a row for each claim and group, with the verdicts
    ``on_average`` and ``everywhere``, the seeds ``n``, how many of them lie ``below`` and ``above``
    the band, and decimal logarithms of the e-values for and against the claim; 4.6 decides.
    ``environments``: a letter for each, with what it consists of. ``unequal``: a sentence for each
    two folders that should be equal to the last bit, and are not. ``exit_code``: that of ``suite
    check``.

    >>> import suite
    >>> pool = suite.pool("results/reference/quick", out=folder / "evidence")
    >>> pool.exit_code, list(pool.environments), pool.unequal
    (0, ['A'], ())
    """

    folder: Path
    verdicts: pd.DataFrame = field(repr=False)
    environments: Mapping[str, Mapping[str, str]]
    unequal: tuple[str, ...]
    exit_code: int


def pool(*folders: Folder, out: Folder | None = None, claims: Files = ()) -> Pool:
    """Put results folders and pools together into one pool, and judge it.

    ``out``: where the pool is written, a new folder or one of the pools that are given; it may be
    left out where a single pool is given, which is judged. ``claims``: TOML files whose claims are
    pooled in place of the shipped ones. Raises UserError where a folder cannot be pooled: it was
    edited, or is a copy of another one under another root seed.

    >>> import suite
    >>> pool = suite.pool("results/reference/quick", out=folder / "evidence")
    >>> int((pool.verdicts["on_average"] == "refuted").sum())
    6
    >>> again = suite.pool("results/reference/gate", pool.folder, out=pool.folder)
    >>> len(again.verdicts) > len(pool.verdicts)
    True
    >>> suite.pool(pool.folder).verdicts.equals(again.verdicts)
    True
    """
    import pandas as pd

    from suite.pooling import is_pool
    from suite.pooling.judge_folder import judged, put_together
    from suite.pooling.judge_pool import as_row
    from suite.types import UserError

    given = [path(folder) for folder in folders]
    if out is not None:
        target = path(out)
        put_together(given, target, paths(claims))
    elif len(given) == 1 and is_pool(given[0]):
        target = given[0]
    else:
        raise UserError("pool() needs out, where the pool is written, unless one pool is given")
    found = judged(target, paths(claims))
    frame = pd.DataFrame([as_row(verdict) for verdict in found.verdicts])
    return Pool(target, frame, found.environments.in_full, tuple(found.unequal), found.code)
