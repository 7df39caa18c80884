"""Which framework stands between two others, so that one step changes the API and one the backend.

The API is what a user writes: layers, defaults, optimizers. The backend computes: kernels,
rounding, generators. Two frameworks that differ in both are compared through a third that shares
the API with the one and the backend with the other:

| from | through | to | first step | second step |
| --- | --- | --- | --- | --- |
| torch | Keras on torch | TensorFlow, which is Keras on TensorFlow | API | backend |
| TensorFlow | Keras on JAX | JAX, which is Flax and Optax on JAX | backend | API |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from suite.catalogue.frameworks import FRAMEWORKS

API: Final = "API"
BACKEND: Final = "backend"
Step = Literal["API", "backend"]
Parts = tuple[str, str]
"""The API and the backend of a framework."""


@dataclass(frozen=True)
class Chain:
    """Two frameworks, ``a`` and ``b``, and the one between them."""

    a: str
    middle: str
    b: str
    first: Step
    """What the step from ``a`` to ``middle`` changes; the step from there to ``b`` changes the
    other."""

    @property
    def second(self) -> Step:
        """What the step from ``middle`` to ``b`` changes."""
        return BACKEND if self.first == API else API


def known_parts() -> dict[str, Parts]:
    """Return framework -> its API and its backend, for those that the catalogue says this of."""
    return {entry.name: (entry.api, entry.backend) for entry in FRAMEWORKS if entry.api}


def between(a: str, b: str, parts: Mapping[str, Parts]) -> Chain | None:
    """Return the chain from ``a`` to ``b``, or None where no framework stands between them."""
    if a not in parts or b not in parts:
        return None
    (api_a, backend_a), (api_b, backend_b) = parts[a], parts[b]
    if api_a == api_b or backend_a == backend_b:
        return None
    by_parts = {found: name for name, found in parts.items()}
    if (api_b, backend_a) in by_parts:
        return Chain(a, by_parts[api_b, backend_a], b, API)
    if (api_a, backend_b) in by_parts:
        return Chain(a, by_parts[api_a, backend_b], b, BACKEND)
    return None


def possible(names: Iterable[str], parts: Mapping[str, Parts]) -> list[Chain]:
    """Return the chains between any two of the frameworks, in their order in ``parts``, whether
    those between them are among the ``names`` or not."""
    chosen = set(names)
    ordered = [name for name in parts if name in chosen]
    found = (between(a, b, parts) for a, b in combinations(ordered, 2))
    return [chain for chain in found if chain is not None]


def chains_of(names: Collection[str], parts: Mapping[str, Parts]) -> list[Chain]:
    """Return the chains that some frameworks make: those whose ends stand between no others."""
    every = possible(parts, parts)
    ends = set(names) - {chain.middle for chain in every}
    return [chain for chain in possible(ends, parts) if chain.middle in names]
