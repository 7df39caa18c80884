"""What two runs depended on and differ in: versions, machine, code, and what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from suite.catalogue.frameworks import FRAMEWORKS
from suite.results.manifest import Manifest

_KEYS = (
    "versions",
    "platform",
    "processors",
    "threads",
    "determinism",
    "suite_version",
    "git",
    "tree_hash",
    "plugins",
    "datasets",
    "root_seed",
    "profile",
    "seeds",
    "overrides",
    "frameworks",
    "cores",
    "packages",
)
"""Keys of a manifest, in the order in which their differences are shown."""
_FIRST = (
    ("versions.python",),
    tuple(
        f"versions.{package}" for entry in FRAMEWORKS if entry.extra for package in entry.packages
    ),
)
"""The interpreter and then the frameworks come before the other versions."""
_REST = ("cores", "packages")
"""Keys that move no number: packages that no measurement uses, and how many cores shared it."""


def environment_changes(a: Manifest, b: Manifest) -> list[tuple[str, str, str]]:
    """Return what differs between two manifests: key, value in A, value in B; an absent value is
    empty.

    What can move a number comes first. A package that ``versions`` names is not listed again under
    ``packages``.
    """
    recorded = bool(a.processors or b.processors)
    values_a, values_b = (_flattened(manifest, recorded) for manifest in (a, b))
    keys = sorted(dict.fromkeys([*values_a, *values_b]), key=_place)
    versions = {_package(key) for key in keys if key.startswith("versions.")}
    return [
        (key, values_a.get(key, ""), values_b.get(key, ""))
        for key in keys
        if values_a.get(key, "") != values_b.get(key, "")
        and not (key.startswith("packages.") and _package(key) in versions)
    ]


def can_move_a_number(key: str) -> bool:
    """Return whether a difference in this key can move a measured number."""
    return key.partition(".")[0] not in _REST


def _place(key: str) -> tuple[int, int]:
    first = next((n for n, start in enumerate(_FIRST) if key.startswith(start)), len(_FIRST))
    return _KEYS.index(key.partition(".")[0]), first


def _flattened(manifest: Manifest, processors: bool) -> dict[str, str]:
    """Return the keys of a manifest that say what its run depended on, as text.

    ``processors``: whether those of the workers are told, which a run on one machine does not
    record.
    """
    values = manifest.values()
    values["processors"] = None
    if processors:
        values["processors"] = manifest.processors_in_words or manifest.platform.get("cpu")
    values["plugins"] = {plugin.name: plugin.sha256 for plugin in manifest.plugins}
    values["datasets"] = {data.name: data.sha256 for data in manifest.datasets}
    if manifest.until_decided is not None:
        values["seeds"] = f"until decided, at most {manifest.until_decided.most}"
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
