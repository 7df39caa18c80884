"""The values and protocols that cross files: what a cell, a stack, a task and a measurement are.

The way of one network through the suite: a ``Grid`` names it, ``suite.planning`` turns it into a
``Cell`` and, with a seed, into a ``Member`` of a ``Stack``; a ``Study`` measures the stack with a
``Framework`` and returns a ``Measurement``, which ``suite.results`` keeps as one shard and writes
out as CSV rows.

Everything here is immutable and free of any framework. Arrays at the border are NumPy arrays
whose leading axis (K) runs over the members of a stack; kernels are (fan_in, fan_out).
"""

from __future__ import annotations

import hashlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from suite.errors import INTERRUPTED as INTERRUPTED
from suite.errors import Unsupported as Unsupported
from suite.errors import UserError as UserError

Array = NDArray[Any]
Value = str | int | float
Layer = tuple[Array, Array]
"""Kernel and bias of one dense layer: (K, fan_in, fan_out) and (K, fan_out)."""
Weights = tuple[Layer, ...]
"""The layers of K networks, in order."""
Native = tuple[str | Callable[..., Any], dict[str, Any]]
"""A framework's own object and its keyword arguments. The object is named as "module:attribute",
or a function that a user's plugin gives."""

PROFILES = ("quick", "standard", "full")


class Status(StrEnum):
    """How a run ended. Files hold the value, as plain text."""

    OK = "ok"
    """It finished."""
    DIVERGED = "diverged"
    """A loss, weight or gradient became inf or NaN."""
    UNSUPPORTED = "unsupported"
    """The framework cannot do what the cell asks for."""
    FAILED = "failed"
    """The measurement raised an error."""
    MISSING = "missing"
    """It was expected and has no row; counted, but never written to a table of runs."""


STATUSES = tuple(status for status in Status if status is not Status.MISSING)
"""The statuses that a row of a table of runs may have."""
BLOCK = 20
"""The number of seeds in one stack. More seeds add stacks and leave earlier stacks as they are."""

P = TypeVar("P")
"""A Protocol of ``suite.probes``."""


# --- what is run -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One configuration, made by ``grids.make_cell``, which puts every value in canonical form.

    ``values`` has every axis of the study, in the order of the table of axes. ``identity`` has
    only the values that differ from the declared defaults, so that a new axis changes no existing
    identity (and no existing seed).
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
        """Return the value of an axis whose values are names."""
        return str(self[axis])

    def count(self, axis: str) -> int:
        """Return the value of an axis whose values are whole numbers."""
        return int(self[axis])


@dataclass(frozen=True)
class Member:
    """One run: a cell and a seed."""

    cell: Cell
    seed: int


@dataclass(frozen=True)
class Stack:
    """Runs that are computed together: the unit of scheduling, resuming and reproducibility.

    The members share one program (``shared``: the axes that have the same value for all of them)
    and differ in the study's ``within`` axes and in the seed. The members of a stack depend on
    the grid alone, never on the number of workers or on what was resumed.
    """

    study: str
    framework: str
    shared: tuple[tuple[str, Value], ...]
    members: tuple[Member, ...]

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits, the hash of the study and of every member."""
        text = "\n".join(f"{member.cell.identity} seed={member.seed}" for member in self.members)
        return hashlib.sha256(f"{self.study}\n{text}".encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """One line of text: the values that the members share, their seeds, their number."""
        shared = " ".join(f"{axis}={value}" for axis, value in self.shared)
        seeds = sorted({member.seed for member in self.members})
        return f"{self.study} {shared} seeds={seeds[0]}..{seeds[-1]} ({len(self.members)} runs)"


Axes = dict[str, tuple[Value, ...]]
"""The values of named axes, as a study writes them down for its grids."""


@dataclass(frozen=True)
class Grid:
    """Every combination of the values of the named axes, each with the seeds 0 .. seeds - 1.

    ``block`` is the number of seeds in one stack; a study uses the largest ``block`` of its grids.
    Narrow networks cost little compared with their program: two hundred of them take a third of
    the time in two stacks that they take in ten.
    """

    axes: Mapping[str, Sequence[Value]]
    seeds: int = BLOCK
    block: int = BLOCK


@dataclass(frozen=True)
class Cost:
    """The expected cost of a stack: seconds on one core, and bytes of memory at its peak."""

    seconds: float
    bytes: float


# --- what is measured --------------------------------------------------------------------------


@dataclass(frozen=True)
class TableSpec:
    """A table that a study writes: its metrics (names in ``suite.metrics``) and its coordinates.

    ``runs`` has no coordinates and one row per run. Any other table has one row for each
    combination of its coordinates, either for every run (``per="run"``) or for every cell, as
    median and quantiles over the seeds (``per="seeds"``). A table per run keeps only the seeds
    below ``seed_limit`` where rows for every seed would be too many to read; None keeps all.
    """

    name: str
    metrics: tuple[str, ...]
    coordinates: tuple[str, ...] = ()
    per: str = "run"
    seed_limit: int | None = None
    brought: tuple[str, ...] = ()
    """Further metrics, of networks on data that a user has brought. A CSV has their columns only
    where a run trains on such data."""

    @property
    def every(self) -> tuple[str, ...]:
        """All metrics, also those that need a user's data."""
        return (*self.metrics, *self.brought)


@dataclass(frozen=True)
class Table:
    """The values measured on one stack for one ``TableSpec``.

    ``coordinates`` maps a name to its values (n,), in the order of the spec; they are the same for
    all members. ``columns`` maps a metric to an array of shape K, the number of members, by the
    lengths of the coordinates. A metric that was not measured on this stack is left out and
    becomes an empty field; NaN is a result.
    """

    name: str
    coordinates: Mapping[str, Array]
    columns: Mapping[str, Array]


@dataclass(frozen=True)
class Measurement:
    """The result of one stack: a status and a reason (empty when ok) per member, and tables."""

    status: Sequence[Status]
    reason: Sequence[str]
    tables: Sequence[Table]


# --- what a framework does ---------------------------------------------------------------------


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron: ``depth`` hidden layers of ``width``, then a linear output layer.

    A hidden layer consists of a dense layer, normalization (``none``, ``batch`` or ``layer``), the
    activation, and dropout (``dropout`` is the probability of dropping a unit). With ``residual``
    r other than 0, hidden layers from the second on return x + r f(x) in place of f(x) (He, Zhang,
    Ren and Sun 2016).
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
        """The (fan_in, fan_out) of each of the depth + 1 dense layers, in order."""
        sizes = [self.inputs, *[self.width] * self.depth, self.outputs]
        return tuple(itertools.pairwise(sizes))

    @property
    def entries(self) -> int:
        """The number of entries of all kernels and biases of the dense layers."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.shapes)


@dataclass(frozen=True)
class TrainTask:
    """The training of K networks, each on its own data in its own batch order.

    The loss is the framework's own, averaged over each batch (a shorter last batch is used too):
    ``binary`` cross-entropy on one logit, ``categorical`` cross-entropy on a logit per class, or
    the ``squared`` error of one output. ``settings`` is ``common`` (every hyperparameter as in
    ``suite.catalogue.optimizers``, the same in every framework) or ``default`` (the framework's
    own).
    """

    architecture: Architecture
    optimizer: str
    settings: str
    weights: Weights
    """The weights from which training starts."""
    inputs: Array
    """(K, N, features) float32."""
    labels: Array
    """(K, N) float32: 0 or 1, the index of the class, or the target of ``squared``."""
    heldout_inputs: Array
    heldout_labels: Array
    order: Callable[[int], Array]
    """Maps an epoch (from 1) to (K, N) whole numbers, the order in which it visits the points."""
    batch: int
    record: tuple[int, ...]
    """The epochs after which a snapshot is taken, ascending; 0 is before training. Training ends
    with the last of them."""
    noise: Sequence[int] = field(default=())
    """(K,) a 31-bit seed per member for the randomness inside the network (dropout masks)."""
    loss: str = "binary"
    clipping: str = "none"
    """How the framework's own function clips each member's gradient before a step; see
    ``suite.catalogue.optimizers.CLIPPING``."""
    schedule: str = "constant"
    """How the learning rate changes with the epochs; see
    ``suite.catalogue.optimizers.SCHEDULES``."""
    precision: str = "single"
    """``single`` or ``double``: the precision of weights, data and the whole computation."""
    gradients_on: str = "all"
    """The points on which a snapshot's gradients are computed: ``all``, the whole training set, or
    ``batch``, the first batch of the epoch that follows the snapshot."""


@dataclass(frozen=True)
class Snapshot:
    """The K networks after ``epoch`` epochs, and the batches since the previous snapshot."""

    epoch: int
    weights: Weights
    gradients: Weights
    """The gradients of the mean loss over ``task.gradients_on`` (batch statistics, no dropout)."""
    loss: Array
    """(K,) on the training set, in inference mode, by the framework's own loss."""
    heldout_loss: Array
    """(K,) the same loss on the held-out set."""
    logits: Array
    """(K, N) on the training set, in inference mode; (K, N, classes) with categorical loss."""
    heldout_logits: Array
    """The same on the held-out set."""
    batch_loss: Array
    """(steps, K) the loss of each batch before its update, since the previous snapshot."""
    batch_correct: Array
    """(steps, K) the number of points of each batch that are classified correctly (the sign of the
    logit, or the largest logit) before its update; zeros with squared loss."""


@dataclass(frozen=True)
class LayerSignals:
    """The signals of one network at initialisation: per layer, arrays of (samples, width)."""

    preactivation: Sequence[Array]
    activation: Sequence[Array]
    gradient: Sequence[Array]
    """The derivative of sum(cotangent * last activation) with respect to each layer's
    pre-activation."""


class Framework(Protocol):
    """A framework, which turns tasks into NumPy arrays with its own layers and optimizers."""

    name: str

    def __hash__(self) -> int:
        """Allow a framework as the key of a cache."""
        ...

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Return the value and the slope of an activation at ``points``, in their precision and
        shape."""
        ...

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Return the kernel (fan_in, fan_out) and bias (fan_out,) with which the framework starts
        one dense layer.

        A named initializer sets the kernel and leaves the bias at zero; ``default`` leaves both to
        the framework's layer. ``seed`` is a 31-bit whole number."""
        ...

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Return the signals of one network for each activation in ``names``, in that order.

        The networks have no output layer. They share their weights (here without a leading axis,
        and all layers equally wide), inputs (samples, features) and cotangent (samples, width). No
        network may change another's numbers."""
        ...

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train, and yield a snapshot at each epoch of ``task.record``."""
        ...

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, a Protocol of ``suite.probes``: what only one study
        needs.

        Raises UserError for a topic that the framework does not have. A function that it does not
        have raises UserError when it is looked up, and Unsupported where a gap is declared."""
        ...


@dataclass(frozen=True)
class Lab:
    """The means of a measurement: a framework, the NumPy oracle, and the root seed."""

    framework: Framework
    oracle: Framework
    root: int


class Study(ABC):
    """A question with its source: the cells of each profile, the metrics, and the measurement.

    A study is a subclass with one instance, ``STUDY``, in the file of its name. Members that have
    a default below may be left out.
    """

    name: str
    question: str
    source: str
    axes: tuple[str, ...]
    """The fields of the study's cells, in the order of ``suite.planning.axes.AXES``."""
    within: tuple[str, ...] = ()
    """The axes that vary inside one stack; the others determine its program."""
    tables: tuple[TableSpec, ...]
    everywhere: tuple[str, ...] = ()
    """Axes whose values ``--set`` replaces in every grid: see ``suite.planning.parts``."""
    subject: tuple[str, ...] = ("activation", "initializer")
    """Axes, beside the local ones, that make up what a cell is about; the others are conditions,
    which cells of later grids share with the first where ``--set`` does not name them."""
    frameworks: tuple[str, ...] = ()
    """The frameworks in which the study always runs; when empty, those that the user selects."""
    position: int = 1000
    """The place of the study in tables and on the page; equal positions are ordered by name."""
    headline: bool = False
    """Whether the profile quick runs the study when no study is named."""
    gate: bool = False
    """Whether the upgrade gate runs the study: see ``suite.studies.GATE``."""

    starts_on_data: bool = False
    """Whether it draws its starts where the training data is at hand, so that an initializer may
    look at them (``Initializer.adjust``)."""

    @abstractmethod
    def grids(self, profile: str) -> tuple[Grid, ...]:
        """Return the grids of a profile, without frameworks; each profile contains the smaller
        ones."""

    def unsupported(self, cell: Cell) -> str | None:
        """Return why a cell cannot be measured, or None; decided without loading a framework."""
        return None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        """Return the functions of ``suite.probes`` that measuring a cell needs of its framework; a
        framework that declares one of them as a gap leaves the cell ``unsupported``."""
        return ()

    @abstractmethod
    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        """Measure the members of a stack, all of them supported: the runner drops the others."""

    def most_members(self, cell: Cell) -> int | None:
        """Return the most members of a stack with the program of a cell; None: as many as its grid
        has in a block of seeds.

        It depends on the cell alone, because the members of a stack do."""
        return None

    @abstractmethod
    def cost(self, stack: Stack) -> Cost:
        """Estimate the cost of a stack, which has at least one member, from its sizes."""


def float64(values: Array) -> Array:
    """Return the values in double precision, in which all statistics are computed."""
    return np.asarray(values, dtype=np.float64)
