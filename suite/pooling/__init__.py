"""Several results folders as one body of evidence: counts and hashes, small enough to be kept.

``member`` makes of a results folder what a pool keeps of it, ``pool`` is the folder of members,
``judge_pool`` judges each claim on all of them together, ``heterogeneity`` asks whether machines
and versions differ, and ``show_pool`` prints it.
"""

from __future__ import annotations

from pathlib import Path

LIST = "pool.json"
"""The name of the list, by which a pool is known."""


def is_pool(folder: Path) -> bool:
    """Return whether a folder is a pool."""
    return (folder / LIST).is_file()
