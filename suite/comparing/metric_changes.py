"""From paired runs to what changed: decides for each cell and metric what became of it from A to B.

| kind | when |
| --- | --- |
| worsened, improved | significantly more pairs are apart in one direction than in the other |
| changed | the same, where the metric has no better direction |
| same | no pair is apart, or the interval of the median difference lies inside the tolerance |
| unclear | pairs are apart, and neither can be said |
| missing, new | the cell, or the metric in it, is in A alone, in B alone |
| not comparable | the metric has another definition or is unknown, an axis cannot be filled in |

Significant: if nothing changed, A and B are exchangeable, whether they share their draws and part
by rounding that training amplifies, or draw anew. Of the pairs that are apart, each then is as
likely to lie above as below. The two-sided sign test of that assumes independent seeds (all that is
random varies with the seed, see ``seeds``) and no law.
The p-values of all comparisons of two folders are held together against a false discovery rate of
5 % (Benjamini and Hochberg 1995): where nothing changed, one false alarm or more has a chance of
5 %. That is proved for independent and for positively dependent comparisons (Benjamini and
Yekutieli 2001); cells that share draws err alike, and the tests show by simulation that it holds.
A comparison with fewer than 6 pairs apart cannot be significant even alone and is left out of the
family: how many are apart says nothing of their direction.

What a sign test cannot see is a law that widened to both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from suite.comparing.paired_runs import COLUMNS as PAIRED
from suite.comparing.paired_runs import COUNTS, FINISHED, MISSING, NEW, NOT_COMPARABLE, pair
from suite.judging.intervals import seeds_needed
from suite.types import Array

WORSENED, IMPROVED, CHANGED, UNCLEAR, SAME = "worsened", "improved", "changed", "unclear", "same"
KINDS = (WORSENED, CHANGED, IMPROVED, UNCLEAR, NOT_COMPARABLE, MISSING, NEW, SAME)
RATE = 0.05
LEAST = seeds_needed(level=1 - RATE)
"""Pairs apart with which a sign test can be significant: 2 / 2^6 < 0.05."""
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
    "reason",
)


def compare(
    runs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    redefined: Collection[str] = (),
    certain: bool = False,
) -> pd.DataFrame:
    """What became of each cell and metric: ``COLUMNS``, the largest differences of a kind first.

    ``runs``: study -> its runs in A and in B, as ``pairs.pair`` takes them; it explains the columns
    too. ``adjusted``: the p-value after Benjamini and Hochberg. ``redefined``: metrics that A and B
    do not define alike. ``certain``: where a cell has one seed in both, its study planned no more
    since one draw shows all, and the draw is the same: a difference is a change.
    """
    parts = [pair(study, a, b, redefined) for study, (a, b) in runs.items()]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*PAIRED])
    rows[[*COUNTS]] = rows[[*COUNTS]].astype(np.float64).fillna(0).astype(int)
    kind, adjusted = _kinds(rows, certain)
    rows = rows.assign(kind=kind, adjusted=adjusted)
    rows["reason"] = [_reason(dict(row)) for row in rows.to_dict("records")]
    rows["order"] = rows["kind"].map(KINDS.index)
    rows["large"] = -rows["size"].astype(np.float64)
    rows = rows.sort_values(["order", "large", "p"], kind="stable", ignore_index=True)
    return rows[[*COLUMNS]]


def _kinds(rows: pd.DataFrame, certain: bool) -> tuple[Array, Array]:
    """(rows,) the kind of each and its adjusted p-value, NaN outside the family."""
    columns = ("above", "below", "p", "low", "high", "tolerance", "seeds_a", "seeds_b")
    above, below, p, low, high, tolerance, seeds_a, seeds_b = (
        rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in columns
    )
    open_ = (rows["kind"] == "").to_numpy() & (rows["n"] > 0).to_numpy()
    apart = np.where(open_, above + below, 0)
    single = open_ & certain & (seeds_a == 1) & (seeds_b == 1)
    family = (apart >= LEAST) & ~single
    adjusted = np.full(len(rows), np.nan)
    if family.any():
        adjusted[family] = false_discovery_control(p[family])
    found = (adjusted <= RATE) | (single & (apart > 0))
    inside = (low >= -tolerance) & (high <= tolerance)
    inside &= (rows["metric"] != FINISHED.name).to_numpy()  # a median says nothing of a share
    direction = rows["direction"].to_numpy()
    better = np.where(direction == "higher", above > below, below > above)
    change = np.where(direction == "neither", CHANGED, np.where(better, IMPROVED, WORSENED))
    kinds = np.select(
        [~open_ & (rows["kind"] != "").to_numpy(), found, open_ & (apart == 0), open_ & inside],
        [rows["kind"].to_numpy(), change, SAME, SAME],
        UNCLEAR,
    )
    return kinds, adjusted


def _reason(row: Mapping[Any, Any]) -> str:
    """Why a row is unclear or not comparable, and what its pairs lack."""
    told = [row["reason"]] if row["reason"] else []
    kind = row["kind"]
    if kind in (MISSING, NEW, NOT_COMPARABLE):
        return "; ".join(told)
    apart = row["above"] + row["below"]
    if kind == UNCLEAR and not row["n"]:
        told.append("no seed was measured in both")
    elif kind == UNCLEAR and apart < LEAST:
        told.append(f"{apart} of {row['n']} pairs apart, too few to tell a direction")
    elif kind == UNCLEAR:
        told.append(f"p {row['p']:.2g}, among all comparisons {row['adjusted']:.2g}")
    elif kind == SAME and apart:
        told.append(f"{apart} of {row['n']} pairs apart, the median difference is not")
    most = max(row["seeds_a"], row["seeds_b"])
    if row["shared"] < most:
        told.append(f"{row['shared']} of {most} seeds are in both")
    for side in "ab":
        if row[f"failed_{side}"]:
            told.append(f"{row[f'failed_{side}']} failed in {side.upper()}")
        if row[f"nan_{side}"]:
            told.append(f"NaN in {side.upper()} alone: {row[f'nan_{side}']}")
    return "; ".join(told)
