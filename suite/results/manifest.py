"""What each key of a manifest holds, so that one edited by hand is refused and named.

A manifest is written by ``environment`` and read by every command that takes a results folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from suite.planning.axes import LARGEST

Form = Any
"""A type or None; ``[form]``, a list of it; ``{"": form}``, a table of it; a range of whole
numbers; or a tuple of what is allowed."""

_NAMES = {"": str}
_NUMBER = range(2**63)
_PLANNED = dict.fromkeys(("cells", "runs", "stacks"), _NUMBER)
"""What ``expected`` says of a study in numbers; the rest is text."""
_FOLDER = re.compile(r"[a-z0-9_]+", re.ASCII)
"""The name of a study. It is that of a folder too, which must not lie elsewhere."""

REQUIRED: Mapping[str, Form] = {
    "command": [str],
    "profile": str,
    "studies": [str],
    "frameworks": [str],
    "overrides": {"": [(str, int, float)]},
    "seeds": (range(1, LARGEST + 1), None),
    "root_seed": _NUMBER,
    "expected": {"": {"": (_NUMBER, str)}},
    "versions": _NAMES,
    "platform": _NAMES,
}
OPTIONAL: Mapping[str, Form] = {
    "suite_version": str,
    "cores": (_NUMBER, None),
    "threads": _NUMBER,
    "tree_hash": str,
    "determinism": _NAMES,
    "git": {"": (str, bool, None)},
    "packages": [str],
    "definitions": (_NAMES, None),
    "left_out": [str],
}
"""Keys that a manifest of another version may lack."""


def damaged(manifest: Mapping[str, Any]) -> str | None:
    """The first key that does not hold what it should, or None."""
    for key, form in REQUIRED.items():
        if key not in manifest or not _fits(manifest[key], form):
            return key
    if not all(map(_FOLDER.fullmatch, manifest["studies"])) or _repeats(manifest["studies"]):
        return "studies"
    for study, planned in manifest["expected"].items():
        right = all(_fits(value, _PLANNED.get(name, str)) for name, value in planned.items())
        if not right or not {"runs", "hash"} <= set(planned) or not _FOLDER.fullmatch(study):
            return "expected"
    present = {key: form for key, form in OPTIONAL.items() if key in manifest}
    return next((key for key, form in present.items() if not _fits(manifest[key], form)), None)


def _repeats(names: list[str]) -> bool:
    return len(set(names)) < len(names)


def _fits(value: Any, form: Form) -> bool:
    if isinstance(form, tuple):
        return any(_fits(value, one) for one in form)
    if form is None:
        return value is None
    if isinstance(form, range):
        return type(value) is int and value in form  # True is no number here
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(one, form[0]) for one in value)
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return False
        return all(_fits(one, str) and _fits(inner, form[""]) for one, inner in value.items())
    return type(value) is form and (form is not str or _is_text(value))


def _is_text(value: str) -> bool:
    """Whether a text can be written: half of a pair of surrogates cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
