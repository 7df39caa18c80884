"""The lecture's six layers of 4,096 units: histograms and numbers, forward and backward.

The measurement is that of ``propagation``; what differs is what is written down. A wide layer
knows fan_in Var(W) alone, so 1,024 units with twice the standard deviation stand for the 4,096
of the lecture at a sixteenth of the price.
"""

from __future__ import annotations

import numpy as np

from suite.studies.common.signals import Columns, Scratch
from suite.studies.propagation import Propagation, predict
from suite.types import BLOCK, Array, Cell, Grid, LayerSignals, TableSpec, Value, float64

DEPTH = 6
_BINS = np.arange(-40, 41)
_ACTIVATION_BIN, _GRADIENT_BIN = 0.05, 0.1


class Lecture(Propagation):
    """The lecture's experiment; ``suite.types.Study`` says what each part means."""

    name = "lecture"
    position = 40
    headline = False
    question = "What do six layers of 4,096 units do to signals and gradients, as in the lecture?"
    source = "lecture notes; Glorot and Bengio 2010; He, Zhang, Ren and Sun 2015"
    tables: tuple[TableSpec, ...] = (
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
        # The gradient's rate with the larger start and all of relu fluctuate most: more seeds.
        more = _most("normal(0.1)", 1024, 3 * BLOCK)
        # A network of 4,096 draws a hundred million numbers: few seeds show it, 20 decide.
        if profile == "standard":
            return (*quick, *more, *_cases("normal(0.01)", "normal(0.05)", 4096, 2))
        wide = _cases("normal(0.01)", "normal(0.05)", 4096, BLOCK)
        narrow = _cases("normal(0.04)", "normal(0.2)", 256, BLOCK)
        return (*quick, *more, *wide, *_most("normal(0.05)", 4096, 3 * BLOCK), *narrow)

    def observed(
        self, cell: Cell, signal: LayerSignals, inputs: Array, scratch: Scratch
    ) -> Columns:
        """All columns of one run, the theory's among them. inputs: (samples, width)."""
        common, expected = super().observed(cell, signal, inputs, scratch), predict(cell)
        after, gradient = (
            np.stack(each, dtype=np.float64) for each in (signal.activation, signal.gradient)
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
            # The cotangents are independent, so that nothing but each input's own term remains.
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
    """The five networks of the lecture, at a width."""
    pairs = (
        (("tanh",), small),
        (("tanh",), large),
        (("tanh", "relu"), "xavier_normal"),
        (("relu",), "he_normal"),
    )
    return tuple(Grid(_case(names, initial, width), seeds) for names, initial in pairs)


def _most(large: str, width: int, seeds: int) -> tuple[Grid, ...]:
    """The networks that differ most from each other, with more seeds."""
    return (
        Grid(_case(("tanh",), large, width), seeds),
        Grid(_case(("relu",), "xavier_normal", width), seeds),
        Grid(_case(("relu",), "he_normal", width), seeds),
    )


def _case(names: tuple[str, ...], initial: str, width: int) -> dict[str, tuple[Value, ...]]:
    return {
        "activation": names,
        "initializer": (initial,),
        "depth": (DEPTH,),
        "width": (width,),
    }


def kernel_gradient(before: Array, gradient: Array) -> Array:
    """Root mean square of the gradient by the kernel of each layer, (depth,).

    ``before``: what enters each layer, (depth, samples, fan_in); ``gradient``: by its
    pre-activations, (depth, samples, fan_out). The gradient by the kernel is the sum over the
    samples of the outer products h g^T; its square norm is the sum over pairs of samples of
    (h . h')(g . g'), which never makes a matrix of the kernel's size.
    """
    entering = np.einsum("lsu,ltu->lst", before, before, optimize=True)
    leaving = np.einsum("lsu,ltu->lst", gradient, gradient, optimize=True)
    square = np.einsum("lst,lst->l", entering, leaving)
    return np.asarray(np.sqrt(square / (before.shape[-1] * gradient.shape[-1])))


def shares(values: Array, width: float) -> Array:
    """Share of the values of each layer in each bin: (depth, samples, units) -> (depth, bins).

    NaN where a layer is not finite.
    """
    reach = _BINS[-1]
    finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    number = np.clip(np.rint(finite / width), -reach, reach).astype(np.int64) + reach
    found = np.array([np.bincount(layer.ravel(), minlength=len(_BINS)) for layer in number])
    result: Array = found / values[0].size
    result[~np.isfinite(values).all(axis=(1, 2))] = np.nan
    return result


STUDY = Lecture()
