"""What a claim's table may hold: keys, types, names and which keys go together.

``check`` turns a TOML table into the fields of ``suite.claims.Claim`` or raises a UserError that
begins with the key at fault; the caller adds the file and the claim.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from suite.catalogue.registry import unknown
from suite.planning.axes import AXES, canonical_value
from suite.studies import STUDIES
from suite.types import PROFILES, Study, UserError, Value

ESTIMANDS = ("value", "difference", "ratio", "ratio_to_prediction", "slope", "share")
CHOICES = {
    "estimand": ESTIMANDS,
    "reduce": ("mean", "median", "min", "max"),
    "centre": ("median", "mean"),
    "kind": ("sampled", "exact"),
    "expected": ("supported", "refuted", "open"),
    "decides": PROFILES,
}
_REQUIRED = (
    "id",
    "statement",
    "source",
    "study",
    "metric",
    "estimand",
    "of",
    "expected",
    "because",
    "decides",
)
_BANDS = ("floor", "ceiling", "band")


def check(table: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a claim, all but its file and hash. UserError: key, what is wrong, what is
    allowed, the nearest match."""
    for key, value in table.items():
        if key not in _TYPES:
            raise unknown("key", key, _TYPES)
        matches, form = _TYPES[key]
        if not matches(value):
            raise UserError(f"{key}: {value!r} is not {form}")
        if key in CHOICES and value not in CHOICES[key]:
            raise _at(key, unknown(key, value, CHOICES[key]))
    for key in _REQUIRED:
        if key not in table:
            raise UserError(f"{key}: is missing")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", table["id"]):
        raise UserError(f"id: {table['id']!r} is not in lower case with single hyphens")
    if table["study"] not in STUDIES:
        raise _at("study", unknown("study", table["study"], STUDIES.names))
    study = STUDIES[table["study"]]
    low, high = _band(table)
    fields = {key: table[key] for key in _PLAIN if key in table}
    _check_metrics(table, study)
    fields |= _selection(table, study)
    _check_together(table)
    exact = table.get("kind") == "exact"
    if exact or table["estimand"] == "share":
        fields["centre"] = "every" if exact else "share"
    if "bounds" in table:
        fields["bounds"] = tuple(map(float, table["bounds"]))
    return {**fields, "low": low, "high": high}


# --- types -------------------------------------------------------------------------------------


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_selector(value: object) -> bool:
    def fits(item: object) -> bool:
        return _is_text(item) or _is_number(item)

    return isinstance(value, dict) and all(
        fits(item) or (isinstance(item, list) and bool(item) and all(map(fits, item)))
        for item in value.values()
    )


_TEXT: tuple[Callable[[object], bool], str] = (_is_text, "a text that says something")
_NUMBER: tuple[Callable[[object], bool], str] = (_is_number, "a number")
_PAIR: tuple[Callable[[object], bool], str] = (_is_pair, "a pair of numbers [low, high]")
_SELECTOR: tuple[Callable[[object], bool], str] = (
    _is_selector,
    "a table of axes, each with a name, a number or a list of them",
)
_TYPES = {
    **dict.fromkeys(("id", "statement", "source", "study", "metric", "because"), _TEXT),
    **dict.fromkeys((*CHOICES, "prediction", "along"), _TEXT),
    **dict.fromkeys(("above", "below", "floor", "ceiling"), _NUMBER),
    **dict.fromkeys(("band", "bounds"), _PAIR),
    **dict.fromkeys(("of", "versus"), _SELECTOR),
    "each": (_is_names, "a list of axes"),
    "headline": (lambda value: isinstance(value, bool), "true or false"),
}
KEYS = tuple(_TYPES)
"""What a claim's table may hold."""
_PLAIN = tuple(key for key in _TYPES if key not in ("of", "versus", "each", "bounds", *_BANDS))


# --- rules -------------------------------------------------------------------------------------


def _at(key: str, error: UserError) -> UserError:
    return UserError(f"{key}: {error}")


def _band(table: Mapping[str, Any]) -> tuple[float, float]:
    given = [key for key in _BANDS if key in table]
    if len(given) != 1:
        raise UserError(f"{' and '.join(given) or 'band'}: give exactly one of {', '.join(_BANDS)}")
    key = given[0]
    value = table[key]
    low, high = {"floor": (value, math.inf), "ceiling": (-math.inf, value)}.get(key) or value
    if low > high:
        raise UserError(f"{key}: its low {low} exceeds its high {high}")
    if math.isinf(low) and math.isinf(high):
        raise UserError(f"{key}: {value!r} excludes nothing or everything; give a finite number")
    return float(low), float(high)


def _check_metrics(table: Mapping[str, Any], study: Study) -> None:
    measured = next(spec.metrics for spec in study.tables if spec.name == "runs")
    for key in ("metric", "prediction"):
        if key in table and table[key] not in measured:
            raise _at(key, unknown(f"metric of study {study.name!r}", table[key], measured))


def _selection(table: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """``of``, ``versus`` and ``each`` in canonical form, fully stated."""
    each = tuple(table.get("each", ()))
    for position, axis in enumerate(each):
        _check_axis("each", axis, study)
        if axis in each[:position]:
            raise UserError(f"each: names {axis!r} twice")
    fields: dict[str, Any] = {"each": each}
    for side in ("of", "versus"):
        if side not in table:
            continue
        selector = {axis: _values(side, axis, given, study) for axis, given in table[side].items()}
        for axis in study.axes:
            if axis not in selector and axis not in each and AXES[axis].default is None:
                raise UserError(f"{side}: names no {axis}; give a value, or put it into each")
        _check_reduce(side, selector, table)
        fields[side] = selector
    for axis in each:
        if axis in table.get("versus", {}):
            raise UserError(f"versus: names {axis!r}, which stands in each: both sides share it")
    return fields


def _check_axis(key: str, axis: str, study: Study) -> None:
    if axis not in study.axes:
        raise _at(key, unknown(f"axis of study {study.name!r}", axis, study.axes))


def _values(side: str, axis: str, given: Any, study: Study) -> tuple[Value, ...]:
    _check_axis(side, axis, study)
    items: list[Value] = given if isinstance(given, list) else [given]
    try:
        return tuple(dict.fromkeys(canonical_value(axis, item, study) for item in items))
    except UserError as error:
        raise _at(f"{side}.{axis}", error) from error


def _check_reduce(
    side: str, selector: Mapping[str, tuple[Value, ...]], table: Mapping[str, Any]
) -> None:
    apart = (*table.get("each", ()), table.get("along"))
    several = [axis for axis, values in selector.items() if len(values) > 1 and axis not in apart]
    if several and "reduce" not in table:
        allowed = ", ".join(CHOICES["reduce"])
        raise UserError(
            f"reduce: is missing, and {side} selects several cells a seed, along"
            f" {', '.join(several)} (allowed: {allowed})"
        )
    along = table.get("along")
    if along is not None:
        _check_along(along, selector)


def _check_along(along: str, of: Mapping[str, tuple[Value, ...]]) -> None:
    values = of.get(along, ())
    if len(values) < 2 or not all(isinstance(value, int | float) for value in values):
        raise UserError(f"along: a slope needs two numbers or more on the axis {along!r} of `of`")


def _check_together(table: Mapping[str, Any]) -> None:
    """Keys that an estimand needs, and keys that would have no effect."""
    estimand = table["estimand"]
    for key, needs, may in (
        ("versus", ("difference", "ratio"), ("share",)),
        ("prediction", ("ratio_to_prediction",), ()),
        ("along", ("slope",), ()),
    ):
        if estimand in needs and key not in table:
            raise UserError(f"{key}: is missing, and the estimand is {estimand}")
        if key in table and estimand not in (*needs, *may):
            raise UserError(f"{key}: has no meaning where the estimand is {estimand}")
    condition = [key for key in ("above", "below") if key in table]
    if (estimand == "share") != bool(condition):
        raise UserError("above, below: a share needs one or both; other estimands take none")
    if estimand == "share" and ("centre" in table or table.get("kind") == "exact"):
        raise UserError("centre, kind: a share of seeds has no other centre and is sampled")
    if "centre" in table and table.get("kind") == "exact":
        raise UserError("centre: an exact claim is about every single seed")
    is_mean = table.get("centre") == "mean"
    if is_mean != ("bounds" in table) or (is_mean and estimand not in ("value", "difference")):
        raise UserError(
            "bounds: go with centre = 'mean', which needs them, of a value or a difference"
        )
    if is_mean:
        low, high = table["bounds"]
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UserError(f"bounds: {[low, high]} are not two finite numbers in ascending order")
