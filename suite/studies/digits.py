"""Networks on 1,797 handwritten digits, to see whether the verdicts from two circles carry over.

Multilayer perceptrons of width 48 with 2 to 30 hidden layers and a small convolutional network are
trained for ten epochs (three with convolutions) in batches of 32 with categorical cross-entropy.
The seed of a network determines its split into training and held-out images, its start and its
batch order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import datasets
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.optimizers import OPTIMIZERS
from suite.probes.convolution import Convolutions
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.protocol import (
    BATCH,
    accuracy,
    batch_order,
    divergences,
    first_true,
    network,
    seeded_task,
)
from suite.studies.common.starts import draw_layer, stacked, without_law
from suite.types import (
    BLOCK,
    Array,
    Axes,
    Cell,
    Cost,
    Grid,
    Lab,
    Layer,
    Measurement,
    Stack,
    Study,
    Table,
    TableSpec,
    float64,
)

WIDTH, CLASSES, SIDE = 48, 10, 8
EPOCHS = {"dense": 10, "convolution": 3}
"""The number of epochs by kind of layer: 400 and 120 steps."""
FILTERS = 8
"""The number of channels of each convolution."""
HALF, WINDOW = 0.5, 10
"""The loss that counts as half learned, and the number of batches over which it is averaged:
guessing has a loss of ln 10."""

SUITED = {"sigmoid": "xavier_normal", "tanh": "xavier_normal", "relu": "he_normal"}
"""The initializer that theory recommends for each activation."""


class Digits(Study):
    """Dense and convolutional networks with suited and unsuited initializers on the digits."""

    name = "digits"
    position = 220
    question = "Do the verdicts from two circles carry over to handwritten digits?"
    source = (
        "the stability notes; He, Zhang, Ren and Sun 2015; Saxe, McClelland and Ganguli 2014;"
        " data: Alpaydin and Kaynak 1998"
    )
    axes = (
        "framework",
        "activation",
        "initializer",
        "depth",
        "width",
        "optimizer",
        "weights",
        "settings",
        "layer_kind",
    )
    everywhere = ("depth", "width")
    within = ("initializer", "weights")
    tables = (
        TableSpec(
            "runs",
            (
                "digit_loss",
                "heldout_digit_loss",
                "digit_accuracy",
                "heldout_digit_accuracy",
                "first_step_half",
                "diverged_step",
            ),
        ),
        TableSpec("losses", ("running_loss",), coordinates=("step",), per="seeds"),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (
            *(_suited((2, 10), ("adam",), name) for name in SUITED),
            _dense(
                ("relu",),
                ("he_normal",),
                (2,),
                ("sgd", "adam"),
                settings=("default",),
                weights=("shared",),
            ),
        )
        if profile == "quick":
            return quick
        standard = (
            *(_suited((2, 10, 30), ("adam",), name) for name in SUITED),
            *quick,
            # Twice the seeds where the networks of one cell differ widely.
            *(_suited((2,), ("sgd",), name, 2 * BLOCK) for name in ("tanh", "relu")),
            _suited((30,), ("adam",), "tanh", 2 * BLOCK),
            _dense(
                ("relu",),
                ("he_normal",),
                (2,),
                ("rmsprop",),
                settings=("default",),
                weights=("shared",),
                seeds=2 * BLOCK,
            ),
            _dense(("relu",), ("default",), (2, 30), ("adam",)),
            _dense(("relu",), ("default",), (10,), ("adam",), seeds=2 * BLOCK),
            _dense(("relu",), ("he_normal", "xavier_normal"), (30,), ("adam",), seeds=2 * BLOCK),
            # The best rate falls with the depth (Saxe et al. 2014): two rates for the shallow
            # networks, one for the deep ones.
            _dense(("linear",), LINEAR, (2,), SHALLOW_RATES),
            _dense(("linear",), LINEAR, (30,), DEEP_RATES),
            *(_convolutional(name) for name in ("sigmoid", "relu")),
        )
        if profile == "standard":
            return standard
        every = tuple(dict.fromkeys((*SUITED.values(), "default", "orthogonal", "lecun_normal")))
        return (
            _dense(
                ACTIVATIONS.names,
                every,
                (2, 10, 30),
                OPTIMIZERS.names,
                seeds=2 * BLOCK,
            ),
            *standard,
            _dense(("linear",), LINEAR, (2, 10, 30), (*SHALLOW_RATES, *DEEP_RATES)),
            _convolutional("tanh"),
        )

    def unsupported(self, cell: Cell) -> str | None:
        if cell["layer_kind"] == "convolution" and (
            cell["weights"] != "native" or cell["settings"] != "common"
        ):
            return "the convolutional network has native weights and common settings"
        return without_law(cell)

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        convolution = cell["layer_kind"] == "convolution"
        return (Convolutions.draw, Convolutions.train) if convolution else ()

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        if stack.members[0].cell["layer_kind"] == "convolution":
            return _convolutions(stack, lab)
        first = stack.members[0].cell
        epochs = EPOCHS["dense"]
        task = seeded_task(stack, lab, (0, epochs), network(first, "digits"), "digits")
        snapshots = list(lab.framework.train(task))
        last = snapshots[-1]
        columns, running = _columns(
            last.batch_loss, last.logits, task.labels, last.heldout_logits, task.heldout_labels
        )
        return measurement(
            divergences(snapshots, columns["diverged_step"]),
            (Table("runs", {}, columns), running),
        )

    def cost(self, stack: Stack) -> Cost:
        first = stack.members[0].cell
        if first["layer_kind"] == "convolution":
            wider = (first.count("width") / FILTERS) ** 2
            layer = 0.07 * max(1.0, wider) * first.count("depth")
            return Cost(2.0 + layer * len(stack.members), costs.WORKER)
        data = datasets.DATASETS["digits"]
        return costs.training(stack, data.points, EPOCHS["dense"], 2, data.features, data.outputs)

    def most_members(self, cell: Cell) -> int:
        data = datasets.DATASETS["digits"]
        return costs.most_members(cell, data.points, 2, data.features, data.outputs)


LINEAR = ("xavier_normal", "orthogonal")
SHALLOW_RATES = ("sgd(0.1)", "sgd(0.3)")
DEEP_RATES = ("sgd(0.01)",)


def _dense(
    activations: tuple[str, ...],
    initial: tuple[str, ...],
    depths: tuple[int, ...],
    optimizers: tuple[str, ...],
    seeds: int = BLOCK,
    **more: tuple[str, ...],
) -> Grid:
    axes: Axes = {
        "layer_kind": ("dense",),
        "activation": activations,
        "initializer": initial,
        "depth": depths,
        "width": (WIDTH,),
        "optimizer": optimizers,
        **more,
    }
    return Grid(axes, seeds)


def _suited(
    depths: tuple[int, ...], optimizers: tuple[str, ...], activation: str, seeds: int = BLOCK
) -> Grid:
    return _dense((activation,), (SUITED[activation],), depths, optimizers, seeds)


def _convolutional(activation: str) -> Grid:
    grid = _suited((6,), ("adam",), activation)
    return Grid({**grid.axes, "layer_kind": ("convolution",), "width": (FILTERS,)}, grid.seeds)


def _columns(
    batch_loss: Array, logits: Array, labels: Array, heldout_logits: Array, heldout_labels: Array
) -> tuple[dict[str, Array], Table]:
    """Return the columns of ``runs`` and the table of running losses.

    ``batch_loss``: (steps, K).
    """
    running = running_mean(batch_loss, WINDOW)
    columns = {
        "digit_loss": cross_entropy(logits, labels),
        "heldout_digit_loss": cross_entropy(heldout_logits, heldout_labels),
        "digit_accuracy": accuracy(logits, labels),
        "heldout_digit_accuracy": accuracy(heldout_logits, heldout_labels),
        "first_step_half": first_true(running <= HALF) + WINDOW - 1,
        "diverged_step": first_true(~np.isfinite(batch_loss)),
    }
    steps = np.arange(WINDOW, len(batch_loss) + 1, WINDOW)
    table = Table("losses", {"step": steps}, {"running_loss": running[::WINDOW].T})
    return columns, table


@np.errstate(over="ignore", invalid="ignore")
def running_mean(values: Array, window: int) -> Array:
    """Return the mean of every ``window`` successive rows: (steps, K) -> (steps - window + 1,
    K)."""
    views = np.lib.stride_tricks.sliding_window_view(float64(values), window, axis=0)
    mean: Array = views.mean(axis=-1)
    return mean


@np.errstate(over="ignore", invalid="ignore")
def cross_entropy(logits: Array, labels: Array) -> Array:
    """Return the mean categorical cross-entropy in nats, (K,).

    ``logits``: (K, N, classes); ``labels``: (K, N).
    """
    shifted = float64(logits) - float64(logits).max(axis=2, keepdims=True)
    right = np.take_along_axis(shifted, labels.astype(int)[..., None], axis=2)[..., 0]
    loss: Array = (np.log(np.exp(shifted).sum(axis=2)) - right).mean(axis=1)
    return loss


# --- convolutions ------------------------------------------------------------------------------


def _convolutions(stack: Stack, lab: Lab) -> Measurement:
    """Train the members of a stack one after another in the framework's plain training loop."""
    cell = stack.members[0].cell
    samples = [
        tuple(datasets.digits(lab.root, member.seed, split) for split in datasets.SPLITS)
        for member in stack.members
    ]
    (x, y), (heldout, heldout_y) = (
        tuple(np.stack(arrays) for arrays in zip(*split, strict=True))
        for split in zip(*samples, strict=True)
    )
    order = np.array(
        [
            [batch_order(lab.root, member.seed, epoch, x.shape[1]) for member in stack.members]
            for epoch in range(1, EPOCHS["convolution"] + 1)
        ]
    )
    weights = stacked(
        _convolutional_start(lab, member.cell, member.seed) for member in stack.members
    )

    def images(flat: Array) -> Array:
        return flat.reshape(*flat.shape[:2], SIDE, SIDE)

    batch_loss, logits, heldout_logits = lab.framework.probe(Convolutions).train(
        cell.text("activation"),
        cell.text("optimizer"),
        weights,
        images(x),
        y,
        images(heldout),
        order,
        BATCH,
    )
    columns, running = _columns(batch_loss, logits, y, heldout_logits, heldout_y)
    finite = [
        bool(np.isfinite(batch_loss[:, i]).all() and np.isfinite(logits[i]).all())
        for i in range(len(stack.members))
    ]
    return measurement(
        reasons(finite, "a loss or logit became inf or NaN"),
        (Table("runs", {}, columns), running),
    )


def _convolutional_start(lab: Lab, cell: Cell, seed: int) -> list[Layer]:
    """Draw the layers as the framework starts them: ``depth`` convolutions and the output layer."""
    initializer, filters, depth = cell.text("initializer"), cell.count("width"), cell.count("depth")
    draw = lab.framework.probe(Convolutions).draw
    layers: list[Layer] = []
    for place in range(1, depth + 1):
        channels = 1 if place == 1 else filters
        native_seed = seeds.integer(
            lab.root,
            "native",
            seed=seed,
            layer=place,
            fan_in=9 * channels,
            fan_out=9 * filters,
            initializer=initializer,
            framework=lab.framework.name,
        )
        layers.append(draw(initializer, channels, filters, native_seed))
    output = draw_layer(
        lab.framework, lab.root, initializer, "native", seed, depth + 1, SIDE**2 * filters, CLASSES
    )
    return [*layers, output]


STUDY = Digits()
