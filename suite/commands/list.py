"""``suite list``: show what a run can be made of, one line for each entry."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from suite.catalogue.registry import Entry, Registry, written
from suite.commands.arguments import add_datasets, add_plugins, one_of

if TYPE_CHECKING:
    from suite.catalogue import frameworks

SUMMARY = "show what there is to choose from"
KINDS = (
    "studies",
    "activations",
    "initializers",
    "normalizations",
    "frameworks",
    "optimizers",
    "datasets",
    "axes",
    "metrics",
    "claims",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "kind",
        nargs="?",
        metavar="KIND",
        type=one_of("kind", lambda: KINDS),
        help=f"{', '.join(KINDS[:-1])} or {KINDS[-1]} (default: all of them)",
    )
    add_plugins(parser)
    add_datasets(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(parsed: argparse.Namespace) -> int:
    """Print the entries of one kind or of all."""
    from suite.text_tables import columns

    content = {kind: listing(kind) for kind in KINDS if parsed.kind in (None, kind)}
    if parsed.json:
        print(json.dumps(content, indent=1))
        return 0
    for kind, entries in content.items():
        rows = [(f"  {entry['name']}", entry["meaning"]) for entry in entries]
        print("\n".join([kind, *columns(rows)]))
    return 0


def listing(kind: str) -> list[dict[str, str]]:
    """Return the entries of a kind, each with a name and a meaning."""
    return [{"name": name, "meaning": meaning} for name, meaning in _entries(kind)]


def _entries(kind: str) -> Iterable[tuple[str, str]]:
    from suite import claims
    from suite.catalogue.activations import ACTIVATIONS
    from suite.catalogue.datasets import DATASETS
    from suite.catalogue.frameworks import FRAMEWORKS
    from suite.catalogue.initializers import INITIALIZERS
    from suite.catalogue.normalizations import NORMALIZATIONS
    from suite.catalogue.optimizers import OPTIMIZERS
    from suite.metrics import METRICS
    from suite.planning.axes import AXES
    from suite.studies import STUDIES

    catalogues: dict[str, Registry[Any]] = {
        "activations": ACTIVATIONS,
        "initializers": INITIALIZERS,
        "normalizations": NORMALIZATIONS,
        "optimizers": OPTIMIZERS,
        "datasets": DATASETS,
    }
    if kind in catalogues:
        found = catalogues[kind]
        return [(_form(entry), _source(entry)) for entry in (*found, *found.brought)]
    if kind == "studies":
        return [(study.name, study.question) for study in (*STUDIES, *STUDIES.brought)]
    if kind == "frameworks":
        return [(entry.name, _framework(entry)) for entry in (*FRAMEWORKS, *FRAMEWORKS.brought)]
    if kind == "axes":
        return [(axis.name, axis.meaning) for axis in AXES]
    if kind == "metrics":
        return [
            (metric.name, f"{metric.meaning} [{metric.unit}]")
            for metric in (*METRICS, *METRICS.brought)
        ]
    return [(claim.id, claim.statement) for claim in claims.shipped()]


def _source(entry: Any) -> str:
    """Return the source of an entry, and whether its slope is from finite differences."""
    differences = getattr(entry, "slope_from", "") == "finite differences"
    return f"{entry.source} (slope from finite differences)" if differences else str(entry.source)


def _form(entry: Entry) -> str:
    """Return a name with its parameters and their defaults, as in ``leaky_relu(slope=0.01)``."""
    parameters: Mapping[str, float | str | None] = getattr(entry, "parameters", {})
    inside = ", ".join(
        parameter if default is None else f"{parameter}={written(default)}"
        for parameter, default in parameters.items()
    )
    return f"{entry.name}({inside})" if inside else entry.name


def _framework(entry: frameworks.Entry) -> str:
    state = "installed" if entry.installed else "not installed"
    return state if entry.extra else f"{state}; the float64 oracle"
