"""The expected cost of a stack: seconds on one core, and bytes of memory at the peak.

The rates of each framework are declared in ``suite.catalogue.frameworks``.
"""

from __future__ import annotations

from suite.catalogue.datasets import DATASETS
from suite.catalogue.frameworks import entry_of
from suite.types import Architecture, Cell, Cost, Stack

WORKER = 1.5e9
"""Resident bytes of a worker that has loaded torch and TensorFlow (0.9e9) and built some dozens of
programs, parts of which both frameworks keep. Workers are reused by all studies of a run, so every
study that runs in a framework counts from here."""
_CIRCLES = 1000
"""The training points of the networks to which the rates of training were fitted."""
NUMPY_WORKER = 4e8
"""Resident bytes of a worker in a run of studies that use NumPy, SciPy and scikit-learn alone."""


LARGEST = 1e9
"""Bytes of the largest stack that trains, apart from its worker: above it, a stack has fewer
members. No stack of the profiles reaches it."""
_FITTED = 5
"""The width of the networks to which the rates of training were fitted."""


def training(
    stack: Stack, points: int, epochs: int, records: int, features: int = 2, outputs: int = 1
) -> Cost:
    """Estimate the cost of training a stack, with ``records`` snapshots.

    ``points``: the training points of a network, of ``features`` inputs each. A snapshot takes
    about as long as an epoch. Its memory is bounded, because the engines take the members in
    pieces; data, logits and weights of all members come on top.
    """
    first, size = stack.members[0].cell, len(stack.members)
    depth, width = first.count("depth"), first.count("width")
    rate = entry_of(stack.framework).rates.training
    longer = max(1.0, points / _CIRCLES)
    seconds = rate.start.at(depth) + longer * (epochs + records) * (
        rate.epoch.at(depth) + size * rate.member.at(depth)
    )
    compiled = rate.compiled
    widest = max(width, features, outputs)
    if compiled and widest <= compiled.width and size * epochs * depth >= compiled.work:
        seconds /= compiled.speedup
    # What wider layers take on top: a product and its two derivatives.
    wider = _entries(first, features, outputs) - Architecture(2, _FITTED, depth, 1, "").entries
    seconds += max(0, wider) * 6 * points * size * (epochs + records) / rate.operations
    piece = 2**22 * 4 * 8  # one piece of a snapshot, forward and backward
    member = _member_bytes(first, points, records, features, outputs)
    return Cost(seconds, WORKER + piece + size * member)


def most_members(cell: Cell, points: int, records: int, features: int = 2, outputs: int = 1) -> int:
    """Return how many networks of a cell's program fit into a stack of ``LARGEST`` bytes."""
    return max(1, int(LARGEST / _member_bytes(cell, points, records, features, outputs)))


def on_dataset(stack: Stack, epochs: int, records: int) -> Cost:
    """Return ``training`` on the data set that the cells of a stack name."""
    data = DATASETS[stack.members[0].cell.text("dataset")]
    return training(stack, data.points, epochs, records, data.features, data.outputs)


def most_on_dataset(cell: Cell, records: int) -> int:
    """Return ``most_members`` on the data set that a cell names."""
    data = DATASETS[cell.text("dataset")]
    return most_members(cell, data.points, records, data.features, data.outputs)


def _entries(cell: Cell, features: int, outputs: int) -> int:
    return Architecture(features, cell.count("width"), cell.count("depth"), outputs, "").entries


def _member_bytes(cell: Cell, points: int, records: int, features: int, outputs: int) -> int:
    """Return the bytes of one network: inputs of both parts, gathered batches and the copies of the
    frameworks, five times the training part; labels, order, logits; weights and gradients of each
    snapshot, and some twenty copies of the weights while torch trains. Both were measured."""
    data = points * 4 * (5 * features + 11 + outputs)
    return data + _entries(cell, features, outputs) * 4 * (20 + 2 * records)


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
