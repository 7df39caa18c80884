"""What stacks are expected to take: seconds on one core and bytes at the peak.

For ``plan``, for the ETA, and for starting with the longest. The rates were fitted on one x86-64
core; read them as ratios. A framework without rates of its own is taken for torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from suite.types import Cost, Stack

_PROCESS = 1.5e9
"""Resident bytes of a worker that has loaded torch and TensorFlow (0.9e9) and been through some
dozens of programs, of which both keep something."""
WIDEST, WORTH, FASTER = 8, 60_000, 3.0
"""Where torch compiles narrow networks, as ``frameworks.torch.narrow`` decides it (width; members
times epochs times hidden layers), and how many times as fast it is there."""


@dataclass(frozen=True)
class Line:
    """A cost that grows with depth: a constant, and what each hidden layer adds."""

    constant: float
    layer: float

    def at(self, depth: int) -> float:
        """The cost at a depth."""
        return self.constant + depth * self.layer


@dataclass(frozen=True)
class Training:
    """Seconds: to start a program, for an epoch of it, and for a member in an epoch."""

    start: Line
    epoch: Line
    member: Line


@dataclass(frozen=True)
class Propagation:
    """Seconds: for a program, for a drawn entry of a kernel (other and orthogonal initializers),
    and for a value of a run (depth x inputs x width: both passes and all statistics)."""

    program: float
    entry: float
    orthogonal: float
    value: float


# Stacks of 40 to 512 networks of width 5 with 1, 4 and 16 hidden layers.
_TRAINING = {
    "torch": Training(Line(0.2, 0.0), Line(0.013, 0.007), Line(110e-6, 35e-6)),
    "tensorflow": Training(Line(1.2, 0.1), Line(0.002, 0.003), Line(50e-6, 45e-6)),
    "numpy": Training(Line(0.0, 0.0), Line(0.01, 0.01), Line(300e-6, 100e-6)),
}
# Networks of width 256 and 512 with 50 layers.
_PROPAGATION = {
    "torch": Propagation(0.0, 8e-9, 45e-9, 4e-8),
    "tensorflow": Propagation(0.25, 25e-9, 70e-9, 3e-8),
    "numpy": Propagation(0.0, 12e-9, 60e-9, 1.0e-7),
}


def training(stack: Stack, points: int, epochs: int, records: int) -> Cost:
    """Training a stack of narrow networks.

    A snapshot costs about as much as an epoch. Its memory is bounded by the engines' pieces of
    members; data, logits and weights of all members come on top.
    """
    if not stack.members:
        return Cost(0.0, _PROCESS)
    first, size = stack.members[0].cell, len(stack.members)
    depth, width = first.count("depth"), first.count("width")
    rate = _TRAINING.get(stack.framework, _TRAINING["torch"])
    seconds = rate.start.at(depth) + (epochs + records) * (
        rate.epoch.at(depth) + size * rate.member.at(depth)
    )
    if stack.framework == "torch" and width <= WIDEST and size * epochs * depth >= WORTH:
        seconds /= FASTER
    data = size * points * 4 * 16  # inputs, labels, order, logits, gathered batches
    piece = 2**22 * 4 * 8  # one piece of a snapshot, forward and backward
    weights = size * width * (width + 1) * (depth + 1) * 4 * (6 + 2 * records)
    return Cost(seconds, _PROCESS + data + piece + weights)


def propagation(stack: Stack, inputs: int, columns: int) -> Cost:
    """Sending a batch through wide networks, one at a time; ``columns``: kept per layer."""
    if not stack.members:
        return Cost(0.0, _PROCESS)
    first, size = stack.members[0].cell, len(stack.members)
    width, depth = first.count("width"), first.count("depth")
    rate = _PROPAGATION.get(stack.framework, _PROPAGATION["torch"])
    entry = rate.orthogonal if first["initializer"] == "orthogonal" else rate.entry
    kernels, values = depth * width**2, depth * inputs * width
    draws = len({member.seed for member in stack.members})
    programs = len({member.cell for member in stack.members})
    seconds = programs * rate.program + draws * kernels * entry + size * values * rate.value
    # The kernels, a second copy inside the framework, the values of a seed's networks side by side
    # in both passes, and one run's in double precision; then what the tables keep.
    kept = size * depth * columns * 8 * 2
    together = values * (size / draws * 8 * 4 + 4 * 8)
    return Cost(seconds, _PROCESS + 2 * kernels * 4 + together + kept)
