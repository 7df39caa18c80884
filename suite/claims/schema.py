"""The rules for the table of a claim: keys, types, names, and which keys go together.

``check`` turns a TOML table into the fields of ``suite.claims.claim.Claim`` or raises a UserError
that begins with the key at fault; the caller adds the file and the claim. Keys and types are those
of the class; only the three ways to write a band are added here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from suite.catalogue.registry import unknown
from suite.claims.band import Band
from suite.claims.claim import Claim, Selector
from suite.planning.axes import AXES, Named, canonical_value, named_by
from suite.studies import STUDIES
from suite.types import PROFILES, Study, UserError, Value


def check(table: Mapping[str, Any], named: Named = named_by) -> dict[str, Any]:
    """Return the fields of a claim, except for its file and hash.

    ``named`` is as in ``canonical_value``. Raise UserError with the key, what is wrong, what is
    allowed and the nearest match.
    """
    for key, value in table.items():
        _check_form(key, value)
    for key in _REQUIRED:
        if key not in table:
            raise UserError(f"{key}: is missing")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", table["id"]):
        raise UserError(f"id: {table['id']!r} is not in lower case with single hyphens")
    if table["study"] not in STUDIES:
        raise _at("study", unknown("study", table["study"], STUDIES.every))
    study = STUDIES[table["study"]]
    checked = {key: value for key, value in table.items() if key not in BANDS}
    checked["band"] = _band(table)
    _check_metrics(table, study)
    checked |= _selection(table, study, named)
    _check_together(table)
    if table.get("kind") == "exact" or table["estimand"] == "worst":
        checked["centre"] = "every"
    elif table["estimand"] == "share":
        checked["centre"] = "share"
    if "bounds" in table:
        checked["bounds"] = tuple(map(float, table["bounds"]))
    return checked


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


_FORMS: Mapping[Any, tuple[Callable[[object], bool], str]] = {
    str: (_is_text, "a non-empty string"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    float: (_is_number, "a number"),
    tuple[float, float]: (_is_pair, "a pair of numbers [low, high]"),
    tuple[str, ...]: (_is_names, "a list of axes"),
    Selector: (_is_selector, "a table of axes, each with a name, a number or a list of them"),
}
"""Type of a field of ``Claim`` -> whether a TOML value fits it, and what it must be, in words."""


def _types() -> dict[str, Any]:
    """Return key -> type for each key that the table of a claim may hold."""
    computed = ("file", "text_hash", "band")
    hints = {key: hint for key, hint in get_type_hints(Claim).items() if key not in computed}
    return hints | {"floor": float, "ceiling": float, "band": tuple[float, float]}


def _without_none(hint: Any) -> Any:
    """Return the type of a field that may be None where it is not."""
    if get_origin(hint) is Literal:
        return hint
    given = [kind for kind in get_args(hint) if kind is not NoneType]
    return given[0] if NoneType in get_args(hint) else hint


_TYPES = {key: _without_none(hint) for key, hint in _types().items()}
KEYS = tuple(_TYPES)
"""The keys that the table of a claim may hold."""
BANDS = ("floor", "ceiling", "band")
"""The keys of which one states the band."""
CHOICES: Mapping[str, Sequence[str]] = {
    **{key: get_args(hint) for key, hint in _TYPES.items() if get_origin(hint) is Literal},
    "centre": ("median", "mean"),  # the others follow from the estimand and the kind
    "decides": PROFILES,
}
"""Key -> the names that it may hold."""
_REQUIRED = tuple(
    field.name
    for field in fields(Claim)
    if field.name in _TYPES and field.default is MISSING and field.name != "band"
)


def _check_form(key: str, value: object) -> None:
    if key not in _TYPES:
        raise unknown("key", key, KEYS)
    fits, form = _FORMS[str if key in CHOICES else _TYPES[key]]
    if not fits(value):
        raise UserError(f"{key}: must be {form}, not {value!r}")
    if key in CHOICES and value not in CHOICES[key]:
        raise _at(key, unknown(key, value, CHOICES[key]))


# --- rules -------------------------------------------------------------------------------------


def _at(key: str, error: UserError) -> UserError:
    return UserError(f"{key}: {error}")


def _band(table: Mapping[str, Any]) -> Band:
    given = [key for key in BANDS if key in table]
    if len(given) != 1:
        raise UserError(f"{' and '.join(given) or 'band'}: give exactly one of {', '.join(BANDS)}")
    key = given[0]
    value = table[key]
    if key == "floor":
        low, high = value, math.inf
    elif key == "ceiling":
        low, high = -math.inf, value
    else:
        low, high = value
    if low > high:
        raise UserError(f"{key}: its low {low} exceeds its high {high}")
    if math.isinf(low) and math.isinf(high):
        raise UserError(f"{key}: {value!r} excludes nothing or everything; give a finite number")
    return Band(float(low), float(high))


def _check_metrics(table: Mapping[str, Any], study: Study) -> None:
    measured = next(spec.every for spec in study.tables if spec.name == "runs")
    for key in ("metric", "prediction"):
        if key in table and table[key] not in measured:
            raise _at(key, unknown(f"metric of study {study.name!r}", table[key], measured))


def _selection(table: Mapping[str, Any], study: Study, named: Named) -> dict[str, Any]:
    """Return ``of``, ``versus`` and ``each`` in canonical form, fully stated."""
    each = tuple(table.get("each", ()))
    for position, axis in enumerate(each):
        _check_axis("each", axis, study)
        if axis in each[:position]:
            raise UserError(f"each: names {axis!r} twice")
    selection: dict[str, Any] = {"each": each}
    for side in ("of", "versus"):
        if side not in table:
            continue
        selector = {
            axis: _values(side, axis, given, study, named) for axis, given in table[side].items()
        }
        for axis in study.axes:
            if axis not in selector and axis not in each and AXES[axis].default is None:
                raise UserError(f"{side}: names no {axis}; give a value, or put it into each")
        _check_reduce(side, selector, table)
        selection[side] = selector
    for axis in each:
        if axis in table.get("versus", {}):
            raise UserError(f"versus: names {axis!r}, which is in each: both sides share it")
    return selection


def _check_axis(key: str, axis: str, study: Study) -> None:
    if axis not in study.axes:
        raise _at(key, unknown(f"axis of study {study.name!r}", axis, study.axes))


def _values(side: str, axis: str, given: Any, study: Study, named: Named) -> tuple[Value, ...]:
    _check_axis(side, axis, study)
    items: list[Value] = given if isinstance(given, list) else [given]
    try:
        return tuple(dict.fromkeys(_canonical(axis, item, study, named) for item in items))
    except UserError as error:
        raise _at(f"{side}.{axis}", error) from error


def _canonical(axis: str, item: Value, study: Study, named: Named) -> Value:
    """Return a value in canonical form; any name passes for a framework.

    A claim about a framework that this installation does not know is not judged, which is no
    reason to refuse the others.
    """
    if axis == "framework" and isinstance(item, str):
        return item.strip()
    return canonical_value(axis, item, study, named)


def _check_reduce(
    side: str, selector: Mapping[str, tuple[Value, ...]], table: Mapping[str, Any]
) -> None:
    split = (*table.get("each", ()), table.get("along"))
    several = [axis for axis, values in selector.items() if len(values) > 1 and axis not in split]
    if several and "reduce" not in table:
        allowed = ", ".join(CHOICES["reduce"])
        raise UserError(
            f"reduce: is missing, and {side} selects several cells for each seed, which differ in"
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
    """Check the keys that an estimand needs, and those that would have no effect."""
    estimand = table["estimand"]
    for key, needs, may in (
        ("versus", ("difference", "ratio"), ("share",)),
        ("prediction", ("ratio_to_prediction",), ()),
        ("along", ("slope",), ()),
        ("rate", ("worst",), ()),
    ):
        if estimand in needs and key not in table:
            raise UserError(f"{key}: is missing; the estimand {estimand} needs it")
        if key in table and estimand not in (*needs, *may):
            raise UserError(f"{key}: has no meaning where the estimand is {estimand}")
    condition = [key for key in ("above", "below") if key in table]
    if (estimand == "share") != bool(condition):
        raise UserError("above, below: a share needs one or both; other estimands take neither")
    if estimand == "share" and ("centre" in table or table.get("kind") == "exact"):
        raise UserError("centre, kind: a share of seeds has no other centre and is sampled")
    if estimand == "worst":
        if "centre" in table or table.get("kind") == "exact":
            raise UserError("centre, kind: a worst is about every seed and is sampled")
        if not 0 < table["rate"] < 1:
            raise UserError(f"rate: {table['rate']} is not a share between 0 and 1")
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
