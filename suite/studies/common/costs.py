"""The expected cost of a stack: seconds on one core, and bytes of memory at the peak.

The rates of each framework are declared in ``suite.catalogue.frameworks``.
"""

from __future__ import annotations

from suite.catalogue.frameworks import entry_of
from suite.types import Cost, Stack

WORKER = 1.5e9
"""Resident bytes of a worker that has loaded torch and TensorFlow (0.9e9) and built some dozens of
programs, parts of which both frameworks keep. Workers are reused by all studies of a run, so every
study that runs in a framework counts from here."""
NUMPY_WORKER = 4e8
"""Resident bytes of a worker in a run of studies that use NumPy, SciPy and scikit-learn alone."""


def training(stack: Stack, points: int, epochs: int, records: int, features: int = 2) -> Cost:
    """Estimate the cost of training a stack of narrow networks, with ``records`` snapshots.

    ``points``: the training points of a network, of ``features`` inputs each. A snapshot takes
    about as long as an epoch. Its memory is bounded, because the engines take the members in
    pieces; data, logits and weights of all members come on top.
    """
    first, size = stack.members[0].cell, len(stack.members)
    depth, width = first.count("depth"), first.count("width")
    rate = entry_of(stack.framework).rates.training
    seconds = rate.start.at(depth) + (epochs + records) * (
        rate.epoch.at(depth) + size * rate.member.at(depth)
    )
    compiled = rate.compiled
    if compiled and width <= compiled.width and size * epochs * depth >= compiled.work:
        seconds /= compiled.speedup
    # Inputs and gathered batches; labels, order, logits.
    data = size * points * 4 * (2 * features + 12)
    piece = 2**22 * 4 * 8  # one piece of a snapshot, forward and backward
    weights = size * width * (width + 1) * (depth + 1) * 4 * (6 + 2 * records)
    return Cost(seconds, WORKER + data + piece + weights)


def propagation(stack: Stack, inputs: int, columns: int) -> Cost:
    """Estimate the cost of sending a batch of ``inputs`` through wide networks, one at a time.

    ``columns``: the numbers that the tables keep per layer.
    """
    first, size = stack.members[0].cell, len(stack.members)
    width, depth = first.count("width"), first.count("depth")
    rate = entry_of(stack.framework).rates.propagation
    entry = rate.orthogonal if str(first["initializer"]).startswith("orthogonal") else rate.entry
    kernels, values = depth * width**2, depth * inputs * width
    draws = len({member.seed for member in stack.members})
    programs = len({member.cell for member in stack.members})
    seconds = programs * rate.program + draws * kernels * entry + size * values * rate.value
    # The kernels, a second copy inside the framework, the values of a seed's networks side by side
    # in both passes, and one run's in double precision; then the numbers that the tables keep.
    kept = size * depth * columns * 8 * 2
    together = values * (size / draws * 8 * 4 + 4 * 8)
    return Cost(seconds, WORKER + 2 * kernels * 4 + together + kept)
