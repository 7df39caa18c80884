"""What ``suite list`` shows: the registries, one line an entry. Imports nothing slow."""

from __future__ import annotations

from suite import claims
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.datasets import DATASETS
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.initializers import INITIALIZERS
from suite.catalogue.optimizers import OPTIMIZERS
from suite.catalogue.registry import Entry, number
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.studies import STUDIES


def _form(entry: Entry) -> str:
    """A name with its parameters and their defaults, as in ``leaky_relu(slope=0.01)``."""
    parameters = getattr(entry, "parameters", {})
    inside = ", ".join(
        parameter if default is None else f"{parameter}={number(default)}"
        for parameter, default in parameters.items()
    )
    return f"{entry.name}({inside})" if inside else entry.name


def listing(kind: str) -> list[dict[str, str]]:
    """The entries of a kind, each with a name and a meaning."""
    if kind == "studies":
        return [{"name": study.name, "meaning": study.question} for study in STUDIES]
    if kind == "activations":
        return [{"name": _form(entry), "meaning": entry.source} for entry in ACTIVATIONS]
    if kind == "initializers":
        return [{"name": _form(entry), "meaning": entry.source} for entry in INITIALIZERS]
    if kind == "optimizers":
        return [{"name": _form(entry), "meaning": entry.source} for entry in OPTIMIZERS]
    if kind == "datasets":
        return [{"name": entry.name, "meaning": entry.source} for entry in DATASETS]
    if kind == "frameworks":
        return [
            {
                "name": entry.name,
                "meaning": ("installed" if entry.installed else "not installed")
                + ("" if entry.extra else "; the float64 oracle"),
            }
            for entry in FRAMEWORKS
        ]
    if kind == "axes":
        return [{"name": axis.name, "meaning": axis.meaning} for axis in AXES]
    if kind == "metrics":
        return [{"name": m.name, "meaning": f"{m.meaning} [{m.unit}]"} for m in METRICS]
    return [{"name": claim.id, "meaning": claim.statement} for claim in claims.shipped()]
