"""``suite list``: show what a run can be made of, one line for each entry."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from suite.catalogue.registry import Entry, Registry, nearest, written
from suite.commands.arguments import add_datasets, add_plugins
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.catalogue import frameworks

SUMMARY = "show what there is to choose from, or what has a name"
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
"""What is listed, in this order."""
MORE = ("columns",)
"""What is listed when it is asked for: the columns of the tables beside axes and metrics."""
_ONWARD = {
    "studies": "suite plan {name}",
    "activations": "suite assess {name}",
    "initializers": "suite assess {name}",
    "normalizations": "suite assess {name}",
    "optimizers": "suite plan training --set optimizer={name}",
    "datasets": "suite plan training --set dataset={name}",
    "claims": "suite explain {name} DIR",
}
"""Kind -> the command that says more about one of its entries."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "kind",
        nargs="?",
        metavar="KIND_OR_NAME",
        help=f"{', '.join(KINDS)} or {', '.join(MORE)}; or the name of an entry, whatever its kind"
        " (default: all kinds)",
    )
    add_plugins(parser)
    add_datasets(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(parsed: argparse.Namespace) -> int:
    """Print the entries of one kind or of all, or those that have a name."""
    from suite.text_tables import columns

    everything = parsed.kind is None or parsed.kind in (*KINDS, *MORE)
    content = (
        {kind: listing(kind) for kind in (*KINDS, *MORE) if kind == (parsed.kind or kind)}
        if everything
        else named(parsed.kind)
    )
    if parsed.kind is None:
        content = {kind: content[kind] for kind in KINDS}
    if parsed.json:
        print(json.dumps(content, indent=1))
        return 0
    for kind, entries in content.items():
        rows = [(f"  {entry['name']}", entry["meaning"]) for entry in entries]
        # In a pipe each entry stays on its line, for grep.
        breakable = (1,) if sys.stdout.isatty() else ()
        print("\n".join([kind, *columns(rows, breakable=breakable)]))
        if not everything and kind in _ONWARD:
            name = _bare(entries[0]["name"])
            print(f"  more: {_ONWARD[kind].format(name=name)}")
    return 0


def named(name: str) -> dict[str, list[dict[str, str]]]:
    """Return what has a name: kind -> its entries. UserError, with the nearest, where nothing has.

    A name stands for itself with any parameters.
    """
    every = {kind: listing(kind) for kind in (*KINDS, *MORE)}
    found = {
        kind: [entry for entry in entries if name in (entry["name"], _bare(entry["name"]))]
        for kind, entries in every.items()
    }
    found = {kind: entries for kind, entries in found.items() if entries}
    if not found:
        names = [_bare(entry["name"]) for entries in every.values() for entry in entries]
        hint = nearest(name, [*KINDS, *MORE, *names])
        raise UserError(f"nothing has the name {name!r}{hint}; suite list shows all names")
    return found


def _bare(name: str) -> str:
    """Return a name without its parameters."""
    return name.partition("(")[0]


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
    from suite.results.dictionary import other_columns
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
    if kind == "columns":
        return list(other_columns().items())
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
