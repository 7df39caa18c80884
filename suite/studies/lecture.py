"""The lecture's network of six layers of 4,096 units: histograms and numbers in both directions.

The measurement is that of ``propagation``, with other tables. A wide layer depends on fan_in Var(W)
alone, so 1,024 units with twice the standard deviation stand for the lecture's 4,096 at a sixteenth
of the cost.
"""

from __future__ import annotations

import numpy as np

from suite.studies.common.signals import Columns, Scratch
from suite.studies.propagation import Propagation, predict
from suite.types import BLOCK, Array, Axes, Cell, Grid, LayerSignals, TableSpec, float64

DEPTH = 6
_BINS = np.arange(-40, 41)
_ACTIVATION_BIN, _GRADIENT_BIN = 0.05, 0.1


class Lecture(Propagation):
    """The lecture's five networks: tanh with small and large weights and with Xavier's, relu with
    Xavier's and with He's."""

    name = "lecture"
    position = 40
    headline = False
    question = "What do six layers of 4,096 units do to signals and gradients, as in the lecture?"
    source = "lecture notes; Glorot and Bengio 2010; He, Zhang, Ren and Sun 2015"
    everywhere = ("depth", "width")
    tables = (
        TableSpec(
            "runs",
            (
                "std_error",
                "forward_slope",
                "forward_slope_error",
                "backward_slope",
                "backward_slope_predicted",
                "backward_slope_error",
                "kernel_gradient_ratio",
                "saturated_share",
                "zero_share",
            ),
        ),
        TableSpec(
            "layers",
            (
                "activation_std",
                "activation_std_predicted",
                "activation_mean_square",
                "activation_mean_square_predicted",
                "saturated_share",
                "gradient_mean_square",
                "gradient_mean_square_predicted",
                "kernel_gradient",
                "kernel_gradient_predicted",
            ),
            coordinates=("layer",),
            per="seeds",
        ),
        TableSpec(
            "histograms",
            ("activation_share", "gradient_share"),
            coordinates=("layer", "bin"),
            per="seeds",
        ),
    )
    bins: Array = _BINS

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = _cases("normal(0.02)", "normal(0.1)", 1024, BLOCK)
        if profile == "quick":
            return quick
        # The gradient's rate with the larger weights and all of relu fluctuate most: more seeds.
        more = _noisiest("normal(0.1)", 1024, 3 * BLOCK)
        # A network of 4,096 units draws a hundred million numbers: two seeds show it, 20 decide.
        if profile == "standard":
            return (*quick, *more, *_cases("normal(0.01)", "normal(0.05)", 4096, 2))
        wide = _cases("normal(0.01)", "normal(0.05)", 4096, BLOCK)
        narrow = _cases("normal(0.04)", "normal(0.2)", 256, BLOCK)
        return (*quick, *more, *wide, *_noisiest("normal(0.05)", 4096, 3 * BLOCK), *narrow)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")  # inf and NaN are results
    def observed(
        self, cell: Cell, signal: LayerSignals, inputs: Array, scratch: Scratch
    ) -> Columns:
        """Return all columns of one run, predictions included. ``inputs``: (samples, width)."""
        common, expected = super().observed(cell, signal, inputs, scratch), predict(cell)
        after, gradient = (
            np.stack(layers, dtype=np.float64) for layers in (signal.activation, signal.gradient)
        )
        before = np.concatenate([float64(inputs)[None], after[:-1]])
        before_square = np.append(1.0, expected.activation_square[:-1])
        deviation = np.sqrt(common["layers"]["activation_variance"])
        deviation_expected = np.sqrt(expected.activation_variance)
        by_kernel = kernel_gradient(before, gradient)
        layers = {
            **common["layers"],
            "activation_std": deviation,
            "activation_std_predicted": deviation_expected,
            "kernel_gradient": by_kernel,
            # The cotangents are independent, so that the products of different inputs vanish.
            "kernel_gradient_predicted": np.sqrt(
                len(inputs) * before_square * expected.gradient_square
            ),
        }
        runs = {
            **common["runs"],
            "std_error": np.abs(np.log(deviation / deviation_expected)).max(),
            "kernel_gradient_ratio": by_kernel[0] / by_kernel[-1],
        }
        histograms = {
            "activation_share": shares(after, _ACTIVATION_BIN),
            "gradient_share": shares(gradient, _GRADIENT_BIN),
        }
        return {"runs": runs, "layers": layers, "histograms": histograms}


def _cases(small: str, large: str, width: int, seeds: int) -> tuple[Grid, ...]:
    """Return the grids of the lecture's five networks at a width."""
    pairs = (
        (("tanh",), small),
        (("tanh",), large),
        (("tanh", "relu"), "xavier_normal"),
        (("relu",), "he_normal"),
    )
    return tuple(Grid(_case(names, initial, width), seeds) for names, initial in pairs)


def _noisiest(large: str, width: int, seeds: int) -> tuple[Grid, ...]:
    """Return the grids of the networks that fluctuate most."""
    return (
        Grid(_case(("tanh",), large, width), seeds),
        Grid(_case(("relu",), "xavier_normal", width), seeds),
        Grid(_case(("relu",), "he_normal", width), seeds),
    )


def _case(names: tuple[str, ...], initial: str, width: int) -> Axes:
    return {
        "activation": names,
        "initializer": (initial,),
        "depth": (DEPTH,),
        "width": (width,),
    }


def kernel_gradient(before: Array, gradient: Array) -> Array:
    """Return the root mean square of the gradient with respect to each layer's kernel, (depth,).

    ``before``: the inputs of each layer, (depth, samples, fan_in); ``gradient``: the gradients with
    respect to its pre-activations, (depth, samples, fan_out). The gradient with respect to the
    kernel is the sum over the samples of the outer products h g^T; its square norm is the sum over
    pairs of samples of (h . h')(g . g'), which needs no matrix of the kernel's size.
    """
    entering = np.einsum("lsu,ltu->lst", before, before, optimize=True)
    leaving = np.einsum("lsu,ltu->lst", gradient, gradient, optimize=True)
    square = np.einsum("lst,lst->l", entering, leaving)
    return np.asarray(np.sqrt(square / (before.shape[-1] * gradient.shape[-1])))


def shares(values: Array, width: float) -> Array:
    """Return the share of each layer's values in each bin: (depth, samples, units) -> (depth,
    bins).

    NaN where a layer is not finite.
    """
    reach = _BINS[-1]
    finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    bins = np.clip(np.rint(finite / width), -reach, reach).astype(np.int64) + reach
    counts = np.array([np.bincount(layer.ravel(), minlength=len(_BINS)) for layer in bins])
    result: Array = counts / values[0].size
    result[~np.isfinite(values).all(axis=(1, 2))] = np.nan
    return result


STUDY = Lecture()
