"""Which cells the battery of an item measures: one plan, so that one run has them all.

The item stands beside others of its kind that users know, under the same conditions and seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.catalogue import activations, initializers
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.initializers import INITIALIZERS
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import Registry, unknown
from suite.planning import grids
from suite.planning.grids import Plan, Selection
from suite.studies import STUDIES
from suite.types import UserError, Value

STARTS = ("default", "xavier_uniform", "he_normal", "orthogonal")
"""The initializers that an activation is trained with."""
DEPTHS = (4, 8, 16)
"""The numbers of hidden layers that are trained."""
SIGNALS = ("default", "xavier_normal", "he_normal", "lecun_normal", "orthogonal")
"""The initializers through which an activation's signals go, as in the study ``propagation``."""


@dataclass(frozen=True)
class Kind:
    """A kind of item that can be assessed.

    ``axis``: the axis whose value the item is; ``against``: what it is compared with unless the
    user names others; ``studies``: the studies of its battery.
    """

    axis: str
    against: tuple[str, ...]
    studies: tuple[str, ...]


KINDS: Mapping[str, Kind] = {
    "activation": Kind(
        "activation",
        ("relu", "gelu", "tanh"),
        ("training", "propagation", "curves", "numerics"),
    ),
    "initializer": Kind(
        "initializer",
        ("default", "he_normal", "xavier_uniform"),
        ("training", "propagation", "initializers"),
    ),
    "normalization": Kind("normalization", ("none", "batch", "layer"), ("rescue", "normalized")),
}
_CATALOGUES: Mapping[str, Registry[Any]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "normalization": NORMALIZATIONS,
}


@dataclass(frozen=True)
class Subject:
    """An item to assess: its kind, its canonical name, and those that it is compared with."""

    kind: str
    name: str
    against: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The item and the others, the item first."""
        return (self.name, *self.against)


def subject(name: str, against: Sequence[str] | None = None) -> Subject:
    """Return the item that a name means, of whatever kind, and what it is compared with.

    Raises UserError for a name that no catalogue has, and for one to compare with that is not of
    the item's kind.
    """
    kind = _kind(name)
    canonical = _canonical(kind, name)
    others = KINDS[kind].against if against is None else tuple(against)
    compared = tuple(dict.fromkeys(_canonical(kind, other) for other in others))
    compared = tuple(other for other in compared if other != canonical)
    if not compared:
        raise UserError(f"--against names nothing but {canonical!r} itself; name another {kind}")
    return Subject(kind, canonical, compared)


def _kind(name: str) -> str:
    entry = name.partition("(")[0].strip()
    for kind, catalogue in _CATALOGUES.items():
        if entry in catalogue:
            return kind
    raise unknown(
        "activation, initializer or normalization",
        name,
        [each for catalogue in _CATALOGUES.values() for each in catalogue.every],
    )


def _canonical(kind: str, name: str) -> str:
    if kind == "activation":
        return activations.canonical(name)
    if kind == "initializer":
        return initializers.canonical(name)
    return NORMALIZATIONS[name].name


def plan(chosen: Subject, frameworks: Sequence[str], root: int = 0) -> Plan:
    """Return the plan of an item's battery in some frameworks."""
    studies = [STUDIES[name] for name in KINDS[chosen.kind].studies]
    selection = Selection("quick", tuple(frameworks), _values(chosen), root=root)
    return grids.plan(studies, selection)


def _values(chosen: Subject) -> Mapping[str, tuple[Value, ...]]:
    """Return the values of the axes of each study, as ``Selection`` takes them."""
    trained: Mapping[str, tuple[Value, ...]] = {
        "training.depth": DEPTHS,
        "training.optimizer": ("adam",),
        "training.weights": ("native",),
    }
    if chosen.kind == "activation":
        return {
            **trained,
            "activation": chosen.names,
            "numerics.formula": chosen.names,
            "training.initializer": STARTS,
            "propagation.initializer": SIGNALS,
        }
    if chosen.kind == "initializer":
        return {
            **trained,
            "initializer": chosen.names,
            "training.activation": ("relu", "gelu", "tanh"),
            "propagation.activation": ("linear", "relu", "gelu", "tanh"),
        }
    return {"normalization": chosen.names}
