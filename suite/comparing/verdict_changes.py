"""What else changed between two results folders: their environments and their verdicts.

Verdicts are those of the stored ``claims.csv``. A claim and its group:

| kind | when |
| --- | --- |
| same | the same verdict in A and B |
| changed | supported in one, refuted in the other |
| lost | decided in A; in B undecided or not judged |
| decided | undecided in A, decided in B |
| missing, new | judged in A alone, in B alone |
| not comparable | its text has changed: another band, say |

What neither has judged is no row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from suite.judging.verdicts import NOT_JUDGED, REFUTED, SUPPORTED
from suite.results.manifest import Manifest

SAME, CHANGED, LOST, DECIDED = "same", "changed", "lost", "decided"
MISSING, NEW, NOT_COMPARABLE = "missing", "new", "not comparable"
KINDS = (CHANGED, LOST, DECIDED, NOT_COMPARABLE, MISSING, NEW, SAME)
_KEYS = (
    "versions",
    "packages",
    "platform",
    "cores",
    "threads",
    "determinism",
    "suite_version",
    "git",
    "tree_hash",
    "root_seed",
    "profile",
    "seeds",
    "overrides",
    "frameworks",
)
_SIDE = ("verdict", "estimate", "low", "high", "n", "reason", "text_hash")
COLUMNS = (
    "kind",
    "claim",
    "group",
    "study",
    *(f"{name}_{side}" for side in "ab" for name in _SIDE),
)


def environment(a: Manifest, b: Manifest) -> list[tuple[str, str, str]]:
    """What two runs depended on and differ in: key, in A, in B; empty: not there."""
    values = [manifest.values() for manifest in (a, b)]
    sides = [dict(_flat({key: side[key] for key in _KEYS})) for side in values]
    keys = dict.fromkeys([*sides[0], *sides[1]])
    pairs = [(key, *(side.get(key, "") for side in sides)) for key in keys]
    told = {_package(key) for key in keys if key.startswith("versions.")}
    return [
        (key, old, new)
        for key, old, new in pairs
        if old != new and not (key.startswith("packages.") and _package(key) in told)
    ]


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Nested tables as ``outer.inner``; the list of packages as a table."""
    if key == "packages" and value:
        value = dict(text.partition("==")[::2] for text in value)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else name)
    elif value is not None:
        yield key, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _package(key: str) -> str:
    """The name of a package, however it is written."""
    return re.sub("[-_.]+", "-", key.partition(".")[2]).lower()


def compare_claims(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """What became of each verdict: ``COLUMNS``, the gravest kind first.

    ``a``, ``b``: rows of claims.csv, where a pair of claim and group stands once. A claim that
    was not judged as a whole stands for all its groups in the other.
    """
    sides = [
        {(row["claim"], row["group"]): row for row in side.to_dict("records")} for side in (a, b)
    ]
    keys = dict.fromkeys([*sides[0], *sides[1]])
    rows = [_row(key, *(_judged(side, key) for side in sides)) for key in keys]
    table = pd.DataFrame([row for row in rows if row["kind"]], columns=[*COLUMNS])
    order = table["kind"].map(KINDS.index)
    return table.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _judged(side: Mapping[tuple[str, str], Any], key: tuple[str, str]) -> Mapping[str, Any]:
    """The row of a claim and group, or of the whole claim where that was not judged."""
    whole = side.get((key[0], ""), {})
    return side.get(key) or (whole if whole.get("verdict") == NOT_JUDGED else {})


def _row(key: tuple[str, str], a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        f"{name}_{side}": row.get(name)
        for side, row in zip("ab", (a, b), strict=True)
        for name in _SIDE
    }
    study = (a or b)["study"]
    return {"kind": _kind(a, b), "claim": key[0], "group": key[1], "study": study, **values}


def _kind(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """The kind of a claim; empty where neither has judged it."""
    old, new = a.get("verdict", NOT_JUDGED), b.get("verdict", NOT_JUDGED)
    was, is_ = (verdict in (SUPPORTED, REFUTED) for verdict in (old, new))
    if old == new == NOT_JUDGED:
        return ""
    if NOT_JUDGED not in (old, new) and a["text_hash"] != b["text_hash"]:
        return NOT_COMPARABLE
    if old == new:
        return SAME
    if was and is_:
        return CHANGED
    if was:
        return LOST if b else MISSING
    if new == NOT_JUDGED or old == NOT_JUDGED:
        return MISSING if new == NOT_JUDGED else NEW
    return DECIDED
