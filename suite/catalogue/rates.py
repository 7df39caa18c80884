"""Cost rates: how many seconds of one core a framework takes for each kind of work.

For ``plan``, for the ETA, and for starting with the longest stack. The rates were fitted on one
x86-64 core; read them as ratios. The defaults are torch's rates, and a framework whose entry
declares no rates is planned with them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ByDepth:
    """Seconds that grow with depth: a constant, and what each hidden layer adds."""

    constant: float
    layer: float

    def at(self, depth: int) -> float:
        """Return the seconds at a depth."""
        return self.constant + depth * self.layer


@dataclass(frozen=True)
class CompiledTraining:
    """Where a framework compiles narrow networks, and how many times as fast they train there.

    ``width``: the widest layer. ``work``: the least members times epochs times hidden layers.
    """

    width: int
    work: int
    speedup: float


@dataclass(frozen=True)
class TrainingRates:
    """Seconds to start a program, for an epoch of it, and for a member in an epoch.

    Fitted to stacks of 40 to 512 networks of width 5 with 1, 4 and 16 hidden layers.
    """

    start: ByDepth = ByDepth(0.2, 0.0)
    epoch: ByDepth = ByDepth(0.013, 0.007)
    member: ByDepth = ByDepth(110e-6, 35e-6)
    operations: float = 2e10
    """Multiplications and additions in a second, in the products of wider layers."""
    compiled: CompiledTraining | None = None


@dataclass(frozen=True)
class PropagationRates:
    """Seconds for a program, for a drawn entry of a kernel (other and orthogonal initializers),
    and for a value of a run (depth x inputs x width: both passes and all statistics).

    Fitted to networks of width 256 and 512 with 50 layers.
    """

    program: float = 0.0
    entry: float = 8e-9
    orthogonal: float = 45e-9
    value: float = 4e-8


@dataclass(frozen=True)
class LayerRates:
    """Seconds of the study ``normalized``: for a drawn entry of a kernel, and to trace a layer."""

    entry: float = 9e-9
    traced: float = 0.0


@dataclass(frozen=True)
class ShiftRates:
    """Seconds of the study ``internal_shift``: for a program, and for a network in it."""

    program: float = 0.0
    network: float = 0.03


@dataclass(frozen=True)
class Rates:
    """All rates of a framework. ``fit``: seconds to train one network of the tutorial by itself."""

    training: TrainingRates = TrainingRates()
    propagation: PropagationRates = PropagationRates()
    layers: LayerRates = LayerRates()
    shift: ShiftRates = ShiftRates()
    fit: float = 0.3
