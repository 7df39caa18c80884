"""From paired runs to what became of each metric in each cell from A to B; see ``kinds``.

A change is significant as follows. If nothing changed, A and B are exchangeable: they share their
draws and differ by rounding that training amplifies, or they draw anew. Then each pair that differs
is as likely to lie above as below. The two-sided sign test of that assumes independent seeds (all
that is random varies with the seed, see ``seeds``) and nothing about the law of the values.

The p-values of all comparisons of two folders are judged together, at a false discovery rate of 5 %
(Benjamini and Hochberg 1995): where nothing changed, there is at least one false alarm with a
probability of 5 %. That is proved for independent and for positively dependent comparisons
(Benjamini and Yekutieli 2001). Cells that share draws are dependent; a simulation in the tests
shows that the rate holds for them. A comparison with fewer than 6 pairs that differ cannot be
significant on its own and is left out of the family. That does not bias the others, since the
number of pairs that differ says nothing about their direction.

A sign test cannot see a law that became wider on both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from suite.comparing.kinds import (
    CHANGED,
    IMPROVED,
    METRIC_KINDS,
    MISSING,
    NEW,
    NOT_COMPARABLE,
    SAME,
    UNCLEAR,
    WORSENED,
)
from suite.comparing.paired_runs import COLUMNS as PAIRED
from suite.comparing.paired_runs import COUNTS, FINISHED, pair
from suite.judging.intervals import seeds_needed
from suite.types import Array

RATE = 0.05
"""The false discovery rate."""
LEAST = seeds_needed(level=1 - RATE)
"""The fewest differing pairs with which a sign test can be significant: 2 / 2^6 < 0.05."""
COLUMNS = (
    "kind",
    "study",
    "cell",
    "metric",
    "unit",
    "a",
    "b",
    "difference",
    "low",
    "high",
    "n",
    "above",
    "below",
    "p",
    "adjusted",
    "size",
    "lost_runs",
    "lost_failed",
    "lost_values",
    "reason",
)


def metric_changes(
    runs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    redefined: Collection[str] = (),
    certain: bool = False,
) -> pd.DataFrame:
    """Return what became of each cell and metric, with ``COLUMNS``: the most serious kind first,
    and inside a kind the largest difference.

    ``runs``: study -> its runs in A and in B, as ``paired_runs.pair`` takes them, where the columns
    are explained too; ``adjusted`` is the p-value after Benjamini and Hochberg. ``redefined``:
    metrics that A and B define differently. ``certain``: a difference is a change where a cell has
    one seed in both, because its study planned one draw, and both folders have the same.
    """
    parts = [pair(study, a, b, redefined) for study, (a, b) in runs.items()]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*PAIRED])
    rows[[*COUNTS]] = rows[[*COUNTS]].astype(np.float64).fillna(0).astype(int)
    kind, adjusted = _kinds(rows, certain)
    rows = rows.assign(kind=kind, adjusted=adjusted)
    reasons = np.full(len(rows), "", dtype=object)
    speaking = np.flatnonzero(_speaking(rows))
    reasons[speaking] = [_reason(dict(row)) for row in rows.iloc[speaking].to_dict("records")]
    rows["reason"] = reasons
    rows["order"] = rows["kind"].map(METRIC_KINDS.index)
    rows["large"] = -rows["size"].astype(np.float64)
    rows = rows.sort_values(["order", "large", "p"], kind="stable", ignore_index=True)
    return rows[[*COLUMNS]]


def _kinds(rows: pd.DataFrame, certain: bool) -> tuple[Array, Array]:
    """Return (rows,) the kind of each and its adjusted p-value, NaN outside the family."""
    columns = ("above", "below", "p", "low", "high", "tolerance", "seeds_a", "seeds_b")
    above, below, p, low, high, tolerance, seeds_a, seeds_b = (
        rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in columns
    )
    settled = (rows["kind"] != "").to_numpy()
    compared = ~settled & (rows["n"] > 0).to_numpy()
    differing = np.where(compared, above + below, 0)
    single = compared & certain & (seeds_a == 1) & (seeds_b == 1)
    family = (differing >= LEAST) & ~single
    adjusted = np.full(len(rows), np.nan)
    if family.any():
        # Here, because scipy.stats takes half a second to import, and every page imports this file.
        from scipy.stats import false_discovery_control

        adjusted[family] = false_discovery_control(p[family])
    significant = (adjusted <= RATE) | (single & (differing > 0))
    tolerated = (low >= -tolerance) & (high <= tolerance)
    tolerated &= (rows["metric"] != FINISHED.name).to_numpy()  # its median hides a changed share
    direction = rows["direction"].to_numpy()
    better = np.where(direction == "higher", above > below, below > above)
    change = np.where(direction == "neither", CHANGED, np.where(better, IMPROVED, WORSENED))
    same = compared & ((differing == 0) | tolerated)
    conditions = [settled, significant, same]
    kinds = np.select(conditions, [rows["kind"].to_numpy(), change, SAME], UNCLEAR)
    return kinds, adjusted


def _speaking(rows: pd.DataFrame) -> Array:
    """Return (rows,) which may have a reason; most have none."""
    seeds = np.maximum(rows["seeds_a"], rows["seeds_b"])
    counts = rows[["failed_a", "failed_b", "nan_a", "nan_b", "lost_values"]]
    return np.asarray(
        (rows["reason"].fillna("") != "")
        | rows["kind"].isin([MISSING, UNCLEAR])
        | ((rows["kind"] == SAME) & (rows["above"] + rows["below"] > 0))
        | (rows["shared"] < seeds)
        | (counts > 0).any(axis=1)
    )


def _reason(row: Mapping[Any, Any]) -> str:
    """Return why a row is unclear or not comparable, and what its pairs lack."""
    reasons = [row["reason"]] if row["reason"] else []
    kind = row["kind"]
    if kind == MISSING:
        lost = {"failed": row["lost_failed"], "empty": row["lost_values"]}
        reasons += [f"{count} {what} in B" for what, count in lost.items() if count]
    if kind in (MISSING, NEW, NOT_COMPARABLE):
        return "; ".join(reasons)
    differing = row["above"] + row["below"]
    pairs = f"{differing} of {row['n']} pairs differ"
    if kind == UNCLEAR and not row["n"]:
        reasons.append("no seed was measured in both")
    elif kind == UNCLEAR and differing < LEAST:
        reasons.append(f"{pairs}, too few for a direction")
    elif kind == UNCLEAR:
        reasons.append(f"p {row['p']:.2g}, adjusted for all comparisons {row['adjusted']:.2g}")
    elif kind == SAME and differing:
        reasons.append(f"{pairs}, but the median difference is within the tolerance")
    seeds = max(row["seeds_a"], row["seeds_b"])
    if row["shared"] < seeds:
        reasons.append(f"{row['shared']} of {seeds} seeds are in both")
    for side in "ab":
        if row[f"failed_{side}"]:
            reasons.append(f"{row[f'failed_{side}']} failed in {side.upper()}")
        if row[f"nan_{side}"]:
            reasons.append(f"NaN only in {side.upper()}: {row[f'nan_{side}']}")
    if row["lost_values"]:
        reasons.append(f"{row['lost_values']} empty in B")
    return "; ".join(reasons)
