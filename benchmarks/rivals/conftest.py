"""The options of the comparison, and the facts about the machine that its file contains."""

from __future__ import annotations

from typing import Any

import pytest

from suite.measuring import environment
from suite.planning import grids


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rivals")
    group.addoption("--turns", type=int, default=3, help="rounds of every contestant")
    group.addoption(
        "--processes",
        type=int,
        default=grids.default_jobs(),
        help="of a row with one process per core; fewer where memory is short",
    )


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Add the versions for the table, and remove the name of the host."""
    machine_info.pop("node", None)
    names = environment.versions(("torch", "tensorflow"))
    machine_info["versions"] = names | {
        name: environment_version(name) for name in ("jax", "numba")
    }
    machine_info["cores"] = grids.default_jobs()


def environment_version(package: str) -> str:
    """Return the installed version, or ``absent``."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
