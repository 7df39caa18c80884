"""The kernels that every idiom of starting a network should give, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.catalogue import initializers
from suite.types import Array


def initialise(idiom: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Draw Xavier's uniform law, float64, whatever the idiom."""
    rng = np.random.default_rng(seed)
    return [initializers.resolve("xavier_uniform").draw(rng, *shape) for shape in shapes]
