"""What two runs depended on and differ in: versions, machine, code, and what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from suite.results.manifest import Manifest

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
"""Keys of a manifest, in the order in which their differences are shown."""


def environment_changes(a: Manifest, b: Manifest) -> list[tuple[str, str, str]]:
    """Return what differs between two manifests: key, value in A, value in B; an absent value is
    empty. A package that ``versions`` names is not listed again under ``packages``."""
    values_a, values_b = (_flattened(manifest) for manifest in (a, b))
    keys = dict.fromkeys([*values_a, *values_b])
    versions = {_package(key) for key in keys if key.startswith("versions.")}
    return [
        (key, values_a.get(key, ""), values_b.get(key, ""))
        for key in keys
        if values_a.get(key, "") != values_b.get(key, "")
        and not (key.startswith("packages.") and _package(key) in versions)
    ]


def _flattened(manifest: Manifest) -> dict[str, str]:
    """Return the keys of a manifest that say what its run depended on, as text."""
    values = manifest.values()
    return dict(_flatten({key: values[key] for key in _KEYS}))


def _flatten(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested tables as ``outer.inner``, and the list of packages as a table."""
    if key == "packages" and value:
        value = dict(text.partition("==")[::2] for text in value)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, f"{key}.{name}" if key else name)
    elif value is not None:
        yield key, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _package(key: str) -> str:
    """Return the normalized name of the package in a key."""
    return re.sub("[-_.]+", "-", key.partition(".")[2]).lower()
