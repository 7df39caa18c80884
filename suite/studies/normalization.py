"""The normalization layers of each framework, one at a time, with default and common settings.

Batch, layer and instance normalization are compared in double precision with the NumPy definition:
outputs, gradients, running statistics and inference. The study also measures the defaults, and the
effect of a layer on the scale of the kernel before it. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue.frameworks import entry_of
from suite.catalogue.normalizations import LAYERS
from suite.probes.normalization import NormalizationDefinition, NormalizationLayers
from suite.studies.common import costs
from suite.studies.common.measurements import columns, completed
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
"""Kind -> another kind that takes values of the same shape and averages over other axes."""
STATISTICS = {entry.name: entry.definition.axes for entry in LAYERS}
"""Kind -> the axes over which the mean and variance of a group are computed."""
DENSE, CONVOLUTION = (64, 10), (8, 6, 5, 4)
"""The shapes of the values: (N, D) and (N, H, W, C)."""
SCALES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
BATCHES = 3
FACTOR = 7.0
NO_EPSILON = 1e-30
"""An epsilon that is negligible in double precision: torch refuses 0."""


class Normalization(Study):
    """Single layers on values of several scales, with default and with common settings."""

    name = "normalization"
    position = 170
    gate = True
    question = "What do the frameworks' normalization layers average, add, keep and ignore?"
    source = (
        "Ioffe and Szegedy 2015; Ba, Kiros and Hinton 2016; Ulyanov, Vedaldi and Lempitsky 2016;"
        " lecture notes, batch normalization"
    )
    axes = ("framework", "settings", "scale", "layer_kind")
    within = ("scale",)
    tables = (
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
        # These are identities: one draw shows them as well as many.
        return (
            Grid(
                {"layer_kind": KINDS, "settings": ("common", "default"), "scale": SCALES},
                seeds=10 if profile == "full" else 1,
            ),
        )

    def unsupported(self, cell: Cell) -> str | None:
        # The identities are compared in double precision.
        return entry_of(cell.text("framework")).gap(["precision.double"])

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        layers = NormalizationLayers
        return (layers.defaults, layers.layer, layers.running, layers.rescaled)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        rows = [_measured(member, lab) for member in stack.members]
        return completed(len(rows), Table("runs", {}, columns(rows)))

    def cost(self, stack: Stack) -> Cost:
        return Cost(0.1 * len(stack.members), costs.WORKER)


def _measured(member: Member, lab: Lab) -> dict[str, float]:
    """Return the columns of one run."""
    kind, settings = member.cell.text("layer_kind"), member.cell.text("settings")
    scale = float(member.cell["scale"])
    rng = seeds.generator(lab.root, "normalization", seed=member.seed, layer_kind=kind)
    shape = DENSE if kind.endswith("dense") else CONVOLUTION
    batches = scale * rng.standard_normal((BATCHES, *shape))
    gamma, beta = rng.standard_normal((2, shape[-1]))
    cotangent = rng.standard_normal(shape)
    chosen = LAYERS[kind].values(settings).get("epsilon")
    defaults = lab.framework.probe(NormalizationLayers).defaults(kind)
    epsilon = defaults["epsilon"] if chosen is None else chosen
    row = {"layer_epsilon": epsilon, "trainable_per_feature": defaults["parameters"]}
    row |= _against_definition(lab, kind, batches[0], gamma, beta, chosen, epsilon, cotangent)
    row |= _standardised(lab, kind, batches[0], chosen, epsilon)
    row |= _modes(lab, kind, batches, settings, chosen, epsilon)
    if settings == "default" and "kept_share" in row:
        row["momentum_argument"] = defaults["momentum"]
        row["momentum_gap"] = row["kept_share"] - defaults["momentum"]
    return row | _rescaled(lab, kind, batches[0], rng)


def _against_definition(
    lab: Lab,
    kind: str,
    values: Array,
    gamma: Array,
    beta: Array,
    chosen: float | None,
    epsilon: float,
    cotangent: Array,
) -> dict[str, float]:
    layer = lab.framework.probe(NormalizationLayers).layer
    definition = lab.oracle.probe(NormalizationDefinition).layer
    measured = layer(kind, values, gamma, beta, chosen, cotangent)
    exact = definition(kind, values, gamma, beta, epsilon, cotangent)
    other = definition(OTHER[kind], values, gamma, beta, epsilon, cotangent)
    # Gradients grow as the values shrink, so their errors are relative to the largest.
    gaps = [_gap(a, b) / max(1.0, np.abs(b).max()) for a, b in zip(measured, exact, strict=True)]
    return {
        "normalised_value_error": _gap(measured[0], exact[0]),
        "normalised_gradient_error": max(gaps[1:]),
        "other_axes_gap": _gap(measured[0], other[0]),
    }


def _standardised(
    lab: Lab, kind: str, values: Array, chosen: float | None, epsilon: float
) -> dict[str, float]:
    features, axes = values.shape[-1], STATISTICS[kind]
    gamma, beta = np.ones(features), np.zeros(features)
    layer = lab.framework.probe(NormalizationLayers).layer
    outputs, *_ = layer(kind, values, gamma, beta, chosen, values)
    variance, deviation = values.var(axis=axes), outputs.std(axis=axes)
    predicted = np.sqrt(variance / (variance + epsilon))
    return {
        "normalised_mean": float(np.abs(outputs.mean(axis=axes)).max()),
        "normalised_std": float(np.median(deviation)),
        "normalised_std_predicted": float(np.median(predicted)),
        "normalised_std_error": float(np.abs(deviation / predicted - 1).max()),
    }


def _modes(
    lab: Lab, kind: str, batches: Array, settings: str, chosen: float | None, epsilon: float
) -> dict[str, float]:
    """Compare training with inference mode, and the running statistics if the layer has any."""
    momentum = LAYERS[kind].values(settings).get("momentum")
    running = lab.framework.probe(NormalizationLayers).running
    mean, variance, trained, inferred = running(kind, batches, momentum, chosen)
    row = {"mode_gap": _gap(trained, inferred)}
    if not len(mean):
        return row
    # After one batch the mean is (1 - kept) times that of the batch, since it starts at 0.
    first = running(kind, batches[:1], momentum, chosen)[0]
    axes = STATISTICS[kind]
    kept = float(np.median(1 - first / batches[0].mean(axis=axes)))
    definition = lab.oracle.probe(NormalizationDefinition).averages
    for name, unbiased in (("running_biased_error", False), ("running_unbiased_error", True)):
        row[name] = _gap(variance / definition(kind, batches, kept, unbiased)[1], 1.0)
    expected = (batches[-1] - mean) / np.sqrt(variance + epsilon)
    return row | {"kept_share": kept, "inference_error": _gap(inferred, expected)}


def _rescaled(lab: Lab, kind: str, values: Array, rng: np.random.Generator) -> dict[str, float]:
    """Compare the layer behind a kernel with the layer behind that kernel times ``FACTOR``."""
    features = values.shape[-1]
    window = () if values.ndim == 2 else (2, 3)
    kernel = rng.standard_normal((*window, features, 6))
    places = [size - w + 1 for size, w in zip(values.shape[1:-1], window, strict=True)]
    cotangent = rng.standard_normal((len(values), *places, 6))
    probe = lab.framework.probe(NormalizationLayers).rescaled
    outputs, gradient = probe(kind, values, kernel, NO_EPSILON, cotangent)
    scaled_outputs, scaled_gradient = probe(kind, values, FACTOR * kernel, NO_EPSILON, cotangent)
    scaled_norm, norm = (
        float(np.sqrt((float64(array) ** 2).sum())) for array in (scaled_gradient, gradient)
    )
    return {
        "rescaled_output_gap": _gap(scaled_outputs, outputs) / float(np.abs(outputs).max()),
        "rescaled_gradient_factor": scaled_norm / norm,
    }


def _gap(a: Array, b: Array | float) -> float:
    """Return the largest |a - b|."""
    return float(np.abs(float64(a) - b).max())


STUDY = Normalization()
