"""What does each framework's normalization layer compute, by default and when it is asked?

Batch, layer and instance normalization, one layer at a time and in double precision: outputs,
gradients, running statistics and inference against the NumPy definition; what the defaults are; and
what a layer does to the scale of the kernel before it. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue.normalizations import LAYERS
from suite.probes.normalization import NormalizationDefinition, NormalizationLayers
from suite.types import (
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    Table,
    TableSpec,
    float64,
)

KINDS = LAYERS.names
OTHER = {
    kind: next(name for name in KINDS if name != kind and name.endswith(kind.partition("_")[2]))
    for kind in KINDS
}
"""The kind of layer that takes values of the same form and averages other axes."""
STATISTICS = {entry.name: entry.definition.axes for entry in LAYERS}
"""Axes of one group of values: a mean and a variance are taken over them."""
DENSE, CONVOLUTION = (64, 10), (8, 6, 5, 4)
"""Shapes of the values: (N, D) and (N, H, W, C)."""
SCALES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
BATCHES = 3
FACTOR = 7.0
NO_EPSILON = 1e-30
"""torch refuses 0; beside a variance of double precision this is none."""


class Normalization(Study):
    """Single layers; ``suite.types.Study`` says what each member means."""

    name = "normalization"
    position = 170
    question = "What do the frameworks' normalization layers average, add, keep and ignore?"
    source = (
        "Ioffe and Szegedy 2015; Ba, Kiros and Hinton 2016; Ulyanov, Vedaldi and Lempitsky 2016;"
        " lecture notes, batch normalization"
    )
    axes = ("framework", "settings", "scale", "layer_kind")
    within = ("scale",)
    tables: tuple[TableSpec, ...] = (
        TableSpec(
            "runs",
            (
                "normalised_value_error",
                "normalised_gradient_error",
                "other_axes_gap",
                "normalised_mean",
                "normalised_std",
                "normalised_std_predicted",
                "normalised_std_error",
                "layer_epsilon",
                "trainable_per_feature",
                "momentum_argument",
                "kept_share",
                "momentum_gap",
                "running_biased_error",
                "running_unbiased_error",
                "mode_gap",
                "inference_error",
                "rescaled_output_gap",
                "rescaled_gradient_factor",
            ),
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        # Identities: one draw shows them, and more draws show nothing else.
        return (
            Grid(
                {"layer_kind": KINDS, "settings": ("common", "default"), "scale": SCALES},
                seeds=10 if profile == "full" else 1,
            ),
        )

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        layers = NormalizationLayers
        return (layers.defaults, layers.layer, layers.running, layers.rescaled)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        rows = [_measured(member, lab) for member in stack.members]
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        count = len(rows)
        return Measurement(["ok"] * count, [""] * count, (Table("runs", {}, columns),))

    def cost(self, stack: Stack) -> Cost:
        return Cost(0.1 * len(stack.members), 1.1e9)


def _measured(member: Member, lab: Lab) -> dict[str, float]:
    """The columns of one run."""
    kind, settings = member.cell.text("layer_kind"), member.cell.text("settings")
    scale = float(member.cell["scale"])
    rng = seeds.generator(lab.root, "normalization", seed=member.seed, layer_kind=kind)
    shape = DENSE if kind.endswith("dense") else CONVOLUTION
    batches = scale * rng.standard_normal((BATCHES, *shape))
    gamma, beta = rng.standard_normal((2, shape[-1]))
    cotangent = rng.standard_normal(shape)
    given = LAYERS[kind].values(settings).get("epsilon")
    written = lab.framework.probe(NormalizationLayers).defaults(kind)
    epsilon = written["epsilon"] if given is None else given
    columns = {"layer_epsilon": epsilon, "trainable_per_feature": written["parameters"]}
    columns |= _against_definition(lab, kind, batches[0], gamma, beta, given, epsilon, cotangent)
    columns |= _standardised(lab, kind, batches[0], given, epsilon)
    columns |= _modes(lab, kind, batches, settings, given, epsilon)
    if settings == "default" and "kept_share" in columns:
        columns["momentum_argument"] = written["momentum"]
        columns["momentum_gap"] = columns["kept_share"] - written["momentum"]
    return columns | _rescaled(lab, kind, batches[0], rng)


def _against_definition(
    lab: Lab,
    kind: str,
    values: Array,
    gamma: Array,
    beta: Array,
    given: float | None,
    epsilon: float,
    cotangent: Array,
) -> dict[str, float]:
    own = lab.framework.probe(NormalizationLayers).layer(
        kind, values, gamma, beta, given, cotangent
    )
    defined = lab.oracle.probe(NormalizationDefinition).layer
    right = defined(kind, values, gamma, beta, epsilon, cotangent)
    other = defined(OTHER[kind], values, gamma, beta, epsilon, cotangent)
    # Gradients grow as the values shrink: they are compared at the size of the largest.
    gaps = [_gap(a, b) / max(1.0, np.abs(b).max()) for a, b in zip(own, right, strict=True)]
    return {
        "normalised_value_error": _gap(own[0], right[0]),
        "normalised_gradient_error": max(gaps[1:]),
        "other_axes_gap": _gap(own[0], other[0]),
    }


def _standardised(
    lab: Lab, kind: str, values: Array, given: float | None, epsilon: float
) -> dict[str, float]:
    features, axes = values.shape[-1], STATISTICS[kind]
    flat = np.ones(features), np.zeros(features)
    layer = lab.framework.probe(NormalizationLayers).layer
    outputs, *_ = layer(kind, values, *flat, given, values)
    variance, deviation = values.var(axis=axes), outputs.std(axis=axes)
    predicted = np.sqrt(variance / (variance + epsilon))
    return {
        "normalised_mean": float(np.abs(outputs.mean(axis=axes)).max()),
        "normalised_std": float(np.median(deviation)),
        "normalised_std_predicted": float(np.median(predicted)),
        "normalised_std_error": float(np.abs(deviation / predicted - 1).max()),
    }


def _modes(
    lab: Lab, kind: str, batches: Array, settings: str, given: float | None, epsilon: float
) -> dict[str, float]:
    """Training against inference, and the moving averages where the layer keeps them."""
    asked = LAYERS[kind].values(settings).get("momentum")
    own = lab.framework.probe(NormalizationLayers).running
    mean, variance, trained, inferred = own(kind, batches, asked, given)
    columns = {"mode_gap": _gap(trained, inferred)}
    if not len(mean):
        return columns
    # After one batch the mean is (1 - kept) times that of the batch, since it starts at 0.
    first = own(kind, batches[:1], asked, given)[0]
    axes = STATISTICS[kind]
    kept = float(np.median(1 - first / batches[0].mean(axis=axes)))
    defined = lab.oracle.probe(NormalizationDefinition).averages
    for name, unbiased in (("running_biased_error", False), ("running_unbiased_error", True)):
        columns[name] = _gap(variance / defined(kind, batches, kept, unbiased)[1], 1.0)
    expected = (batches[-1] - mean) / np.sqrt(variance + epsilon)
    return columns | {"kept_share": kept, "inference_error": _gap(inferred, expected)}


def _rescaled(lab: Lab, kind: str, values: Array, rng: Any) -> dict[str, float]:
    """A kernel before the layer, and the same kernel times ``FACTOR``."""
    features = values.shape[-1]
    window = () if values.ndim == 2 else (2, 3)
    kernel = rng.standard_normal((*window, features, 6))
    form = [size - w + 1 for size, w in zip(values.shape[1:-1], window, strict=True)]
    cotangent = rng.standard_normal((len(values), *form, 6))
    probe = lab.framework.probe(NormalizationLayers).rescaled
    outputs, gradient = probe(kind, values, kernel, NO_EPSILON, cotangent)
    larger, smaller = probe(kind, values, FACTOR * kernel, NO_EPSILON, cotangent)
    norms = [float(np.sqrt((float64(values) ** 2).sum())) for values in (smaller, gradient)]
    return {
        "rescaled_output_gap": _gap(larger, outputs) / float(np.abs(outputs).max()),
        "rescaled_gradient_factor": norms[0] / norms[1],
    }


def _gap(a: Array, b: Array | float) -> float:
    return float(np.abs(float64(a) - b).max())


STUDY = Normalization()
