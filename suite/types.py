"""The values and protocols that cross files: what a cell, a stack, a task and a measurement are.

One network's way through the suite: a ``Grid`` names it, ``grids`` turns it into a ``Cell`` and,
with a seed, into a ``Member`` of a ``Stack``; a ``Study`` measures the stack with a ``Framework``
and returns a ``Measurement``, which ``store`` keeps as one shard and writes out as CSV rows.

Everything here is immutable and free of any framework. Arrays at the border are NumPy arrays
whose leading axis (K) runs over the members of a stack; kernels are (fan_in, fan_out).
"""

from __future__ import annotations

import hashlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Value = str | int | float
Layer = tuple[Array, Array]
"""Kernel and bias of one dense layer: (K, fan_in, fan_out) and (K, fan_out)."""
Weights = tuple[Layer, ...]
Native = tuple[str, dict[str, Any]]
"""A framework's own object by name, as "module:attribute", and the keyword arguments to give it."""

PROFILES = ("quick", "standard", "full")
STATUSES = ("ok", "diverged", "unsupported", "failed")
"""ok: finished; diverged: a loss, weight or gradient became inf or NaN; unsupported: the
framework cannot do what the cell asks; failed: the measurement raised an error."""
BLOCK = 20
"""Seeds in one stack. More seeds add blocks and never recompose the blocks before them."""


INTERRUPTED = 130
"""The exit code of a shell for what Ctrl-C ended."""


class UserError(Exception):
    """Wrong usage: the message names what was given, what is allowed and the nearest match.

    The command line prints the message on one line and exits with code 2.
    """


# --- what is run -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One configuration. Made by ``grids.make_cell``, which puts every value in canonical form.

    ``values`` holds every axis of the study, in the order of the axes table. ``identity`` holds
    only what differs from the axes' declared defaults, so that a new axis changes no old
    identity (and no old seed).
    """

    study: str
    values: tuple[tuple[str, Value], ...]
    identity: str

    def __getitem__(self, axis: str) -> Value:
        for name, value in self.values:
            if name == axis:
                return value
        raise KeyError(f"{axis} is not an axis of {self.study}")

    def text(self, axis: str) -> str:
        """The value of an axis that holds names."""
        return str(self[axis])

    def count(self, axis: str) -> int:
        """The value of an axis that holds whole numbers."""
        return int(self[axis])


@dataclass(frozen=True)
class Member:
    """One run to be: a cell and a seed."""

    cell: Cell
    seed: int


@dataclass(frozen=True)
class Stack:
    """The runs that are computed together: the unit of scheduling, resuming and reproducibility.

    The members share one program (``shared``, the axes that are equal for all of them) and
    differ in the study's ``within`` axes and in the seed. Which members a stack has depends on
    the grid alone, never on the number of workers or on what was resumed.
    """

    study: str
    framework: str
    shared: tuple[tuple[str, Value], ...]
    members: tuple[Member, ...]

    @property
    def key(self) -> str:
        """16 hexadecimal digits that name the stack by all that it holds."""
        text = "\n".join(f"{member.cell.identity} seed={member.seed}" for member in self.members)
        return hashlib.sha256(f"{self.study}\n{text}".encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """A line for people: what the members share, and how many they are."""
        shared = " ".join(f"{axis}={value}" for axis, value in self.shared)
        seeds = sorted({member.seed for member in self.members})
        return f"{self.study} {shared} seeds={seeds[0]}..{seeds[-1]} ({len(self.members)} runs)"


@dataclass(frozen=True)
class Grid:
    """Every combination of the values of named axes, each with seeds 0 .. seeds - 1.

    ``block``: seeds in one stack (the largest of a study's grids). Narrow networks cost little
    beside their program: two hundred of them in two stacks take a third of the time of ten.
    """

    axes: Mapping[str, Sequence[Value]]
    seeds: int = BLOCK
    block: int = BLOCK


@dataclass(frozen=True)
class Cost:
    """What a stack is expected to take: seconds on one core and bytes at its peak."""

    seconds: float
    bytes: float


# --- what is measured --------------------------------------------------------------------------


@dataclass(frozen=True)
class TableSpec:
    """A table that a study writes: its coordinates and its metrics (names of the registry).

    ``runs`` has no coordinates and one row a run. Another table has one row for each
    combination of its coordinates, either for every run (``per="run"``) or for every cell, as
    median and quantiles over the seeds (``per="seeds"``). ``most``: a table of runs holds the
    seeds below it alone (None: all), where rows for every seed would be too many to read.
    """

    name: str
    metrics: tuple[str, ...]
    coordinates: tuple[str, ...] = ()
    per: str = "run"
    most: int | None = None


@dataclass(frozen=True)
class Table:
    """Measured values of one stack for one ``TableSpec``.

    ``coordinates``: name -> (n,) in the order of the spec; the same for all members.
    ``columns``: metric -> (K, *lengths of the coordinates). A metric that was not measured on
    this stack is left out and becomes an empty field; NaN is a result.
    """

    name: str
    coordinates: Mapping[str, Array]
    columns: Mapping[str, Array]


@dataclass(frozen=True)
class Measurement:
    """All that one stack gave: a status and a reason (empty when ok) per member, and tables."""

    status: Sequence[str]
    reason: Sequence[str]
    tables: Sequence[Table]


# --- what a framework is asked for -------------------------------------------------------------


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron: ``depth`` hidden layers of ``width``, then a linear output layer.

    A hidden layer is dense, normalization (``none``, ``batch`` or ``layer``), activation,
    dropout (the probability of dropping a unit). With ``residual`` r other than 0, hidden layers
    from the second on give x + r f(x) in place of f(x) (He, Zhang, Ren and Sun 2016).
    """

    inputs: int
    width: int
    depth: int
    outputs: int
    activation: str
    normalization: str = "none"
    dropout: float = 0.0
    residual: float = 0.0

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(fan_in, fan_out) of each dense layer, in order; depth + 1 of them."""
        sizes = [self.inputs, *[self.width] * self.depth, self.outputs]
        return tuple(itertools.pairwise(sizes))


@dataclass(frozen=True)
class TrainTask:
    """Train K networks, each on its own data in its own batch order.

    The framework's own loss, averaged over each batch (the last, shorter batch is used too):
    ``binary`` cross-entropy on one logit, ``categorical`` cross-entropy on a logit per class, or
    the ``squared`` error of one output. ``settings`` is ``common`` (every hyper-parameter as in
    ``optimizers``, equal in every framework) or ``default`` (the framework's own).
    """

    architecture: Architecture
    optimizer: str
    settings: str
    weights: Weights
    """Where training starts."""
    inputs: Array
    """(K, N, features) float32."""
    labels: Array
    """(K, N) float32: 0 or 1, the number of the class, or the target of ``squared``."""
    heldout_inputs: Array
    heldout_labels: Array
    order: Callable[[int], Array]
    """Epoch (from 1) -> (K, N) whole numbers: the order in which the points are seen."""
    batch: int
    record: tuple[int, ...]
    """Epochs after which a snapshot is taken, ascending; 0 is before training. Training ends
    with the last."""
    noise: Sequence[int] = field(default=())
    """(K,) a 31-bit seed per member for what is random inside the network (dropout masks)."""
    loss: str = "binary"
    clipping: str = "none"
    """Of each member's gradient before a step, by the framework's own function; see
    ``optimizers.CLIPPING``."""
    schedule: str = "constant"
    """Of the learning rate, in epochs; see ``optimizers.SCHEDULES``."""
    precision: str = "single"
    """``single`` or ``double``: of weights, data and all that is computed."""
    gradients_on: str = "all"
    """What a snapshot's gradients are taken on: ``all``, the whole training set, or ``batch``,
    the first batch of the epoch that follows it."""


@dataclass(frozen=True)
class Snapshot:
    """The K networks after ``epoch`` epochs, and the batches since the snapshot before."""

    epoch: int
    weights: Weights
    gradients: Weights
    """Of the mean loss over ``task.gradients_on`` (batch statistics, no dropout)."""
    loss: Array
    """(K,) on the training set, in inference mode, by the framework's own loss."""
    heldout_loss: Array
    logits: Array
    """(K, N) on the training set, in inference mode; (K, N, classes) with categorical loss."""
    heldout_logits: Array
    batch_loss: Array
    """(steps, K) loss of each batch before its update, since the snapshot before."""
    batch_correct: Array
    """(steps, K) points of each batch on the right side, or whose class has the largest logit,
    before its update; zeros with squared loss."""


@dataclass(frozen=True)
class Propagation:
    """One network at initialisation, layer by layer: each ``depth`` arrays (samples, width)."""

    preactivation: Sequence[Array]
    activation: Sequence[Array]
    gradient: Sequence[Array]
    """Derivative of sum(cotangent * last activation) by the pre-activation of each layer."""


class Framework(Protocol):
    """Turns tasks into NumPy arrays with a framework's own layers, initializers, optimizers."""

    name: str

    def __hash__(self) -> int:
        """A framework is a key of what is cached by it."""
        ...

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Value and slope of an activation, in the precision of ``points``, same shape."""
        ...

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Kernel (fan_in, fan_out) and bias (fan_out,) of one dense layer as the framework
        starts it. A named initializer sets the kernel and leaves the bias at zero; ``default``
        leaves both to the framework's layer. ``seed`` is a 31-bit whole number."""
        ...

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[Propagation]:
        """Forward and backward through a network for each name of an activation, in this order,
        without an output layer.

        They share weights (no leading axis here, all layers equally wide), inputs (samples,
        features) and cotangent (samples, width). No network may change another's numbers."""
        ...

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train, and yield a snapshot at each epoch of ``task.record``."""
        ...

    def probe(self, name: str) -> Callable[..., Any]:
        """A measurement of a single study that is none of these verbs: ``topic.function``, the
        function of the file ``probes/topic.py`` beside the framework, with NumPy arrays at its
        border. Raises UserError for a name that the framework does not have."""
        ...


@dataclass(frozen=True)
class Lab:
    """What a study measures with: a framework, the NumPy oracle, and the root seed."""

    framework: Framework
    oracle: Framework
    root: int


class Study(ABC):
    """A question: its cells per profile, its metrics, how it is measured, its source.

    A study is a subclass with one instance, ``STUDY``, in the file of its name. What has a
    default below may be left out.
    """

    name: str
    question: str
    source: str
    axes: tuple[str, ...]
    """The fields of its cells, in the order of ``suite.planning.axes.AXES``."""
    within: tuple[str, ...]
    """The axes that vary inside one stack; the others are its program."""
    tables: tuple[TableSpec, ...]
    frameworks: tuple[str, ...] = ()
    """The frameworks it always runs in, whichever are selected; empty: the selected ones."""
    position: int = 1000
    """Where it stands in tables and on the page; studies of equal position follow their names."""
    headline: bool = False
    """Whether the profile quick runs it when no study is named."""

    @abstractmethod
    def grids(self, profile: str) -> tuple[Grid, ...]:
        """The grids of a profile, the frameworks left out; each profile contains the smaller."""

    def unsupported(self, cell: Cell) -> str | None:
        """Why a cell cannot be measured, or None. Known without any framework."""
        return None

    @abstractmethod
    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        """Measure the supported members of a stack (the runner leaves out the others)."""

    @abstractmethod
    def cost(self, stack: Stack) -> Cost:
        """What the stack is expected to take, from its sizes."""


def float64(values: Array) -> Array:
    """The values in double precision, in which all statistics are computed."""
    return np.asarray(values, dtype=np.float64)
