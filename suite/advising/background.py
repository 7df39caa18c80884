"""What is known of a start before any training: measured signals, theory, and how to write it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from suite.catalogue import activations, initializers
from suite.catalogue.registry import of_keras, target
from suite.judging.intervals import Interval
from suite.judging.summary import medians
from suite.theory import mean_field
from suite.types import Native, Unsupported, UserError

HEALTHY = 100.0
"""The factor within which the mean squares of signal and gradient must stay over all layers: a
tenth or ten times the size, beyond which the first and the last layer learn at other rates."""
_OWNERS = of_keras({"torch": "torch's", "keras": "Keras'", "jax": "Flax'"})


@dataclass(frozen=True)
class Signals:
    """The measured change of mean squares per layer at initialisation, in nats: median and interval
    over the seeds of the study propagation, at the depth and width that it was measured with."""

    forward: Interval
    backward: Interval
    depth: int
    width: int


@dataclass(frozen=True)
class Theory:
    """What mean-field theory says of a start: mean squares of the signal at the last layer and of
    the gradient at the first, for inputs and a cotangent of mean square 1, without biases."""

    signal: float
    gradient: float
    weight: float
    """fan_in times the variance of a kernel's entries."""

    @property
    def opinion(self) -> str:
        """What becomes of signal and gradient, in words."""
        fates = [fate(self.signal), fate(self.gradient)]
        if fates[0] == fates[1]:
            return f"signal and gradient {fates[0]}" if fates[0] else "keeps signal and gradient"
        names = zip(("signal", "gradient"), fates, strict=True)
        verbs = {"explode": "explodes", "vanish": "vanishes"}
        return ", ".join(f"{name} {verbs[found]}" for name, found in names if found)


def fate(square: float) -> str:
    """Return what happens to a mean square of 1 that ends as ``square``: "" where it keeps its
    size."""
    if not math.isfinite(square) or square > HEALTHY:
        return "explode"
    return "vanish" if square < 1 / HEALTHY else ""


def signals(
    table: pd.DataFrame, framework: str, activation: str, initializer: str
) -> Signals | None:
    """Return the signals that ``table``, propagation/runs.csv, has of a start; None: it has none.

    Of several depths and widths, the one with the most runs counts.
    """
    if table.empty:
        return None
    rows = table[
        (table["framework"] == framework)
        & (table["activation"] == activation)
        & (table["initializer"] == initializer)
        & (table["weights"] == "native")
        & (table["status"] == "ok")
    ]
    if rows.empty:
        return None
    # In ascending order, so that of equal numbers the smaller sizes count.
    sizes = Counter(sorted(zip(rows["depth"].astype(int), rows["width"].astype(int), strict=True)))
    depth, width = max(sizes, key=lambda size: sizes[size])
    rows = rows[(rows["depth"] == depth) & (rows["width"] == width)]
    return Signals(
        interval(rows["forward_slope"].to_numpy(float)),
        interval(rows["backward_slope"].to_numpy(float)),
        depth,
        width,
    )


def interval(values: np.typing.NDArray[np.float64]) -> Interval:
    """Return the median and its interval at 95 %, as the summary has them."""
    row = medians(values, np.zeros(len(values), dtype=int), 1)
    return Interval(
        float(row["centre"][0]), float(row["low"][0]), float(row["high"][0]), len(values)
    )


@np.errstate(all="ignore")  # an overflow or underflow is the answer
def theory(
    activation: str, initializer: str, framework: str, depth: int, width: int
) -> Theory | None:
    """Return the prediction for square layers; None where no law is declared."""
    try:
        law = initializers.resolve(initializer).law(framework)
    except UserError:
        return None
    variance = law.variance(width, width)
    prediction = mean_field.predict(
        activations.resolve(activation),
        [(width, width)] * depth,
        [variance] * depth,
        [0.0] * depth,
        orthogonal=initializer.partition("(")[0] == "orthogonal",
    )
    return Theory(
        float(prediction.activation_square[-1]),
        float(prediction.gradient_square[0]),
        variance * width,
    )


def code(framework: str, activation: str, initializer: str, width: int) -> str | None:
    """Return the line that makes a layer with this start in a framework; None where it has none.

    The names are those of the catalogue's native objects.
    """
    try:
        native = initializers.resolve(initializer).native(framework)
        resolved = activations.resolve(activation)
        function = resolved.native(framework)
    except Unsupported:
        return None
    if framework not in _LAYERS:
        return None
    # Without a parameter of the catalogue, the framework's own arguments are what is measured.
    own = not resolved.parameters or not function[1]
    written = _named(function) if own else f"lambda x: {_call(function, 'x')}"
    return _LAYERS[framework](width, native, written)


def _torch(width: int, native: Native | None, activation: str) -> str:
    layer = f"layer = torch.nn.Linear({width}, {width})"
    return layer if native is None else f"{_call(native, 'layer.weight')}; {_ZERO}"


def _keras(width: int, native: Native | None, activation: str) -> str:
    words = [str(width), f"activation={activation}"]
    words += [] if native is None else [f"kernel_initializer={_call(native)}"]
    return f"keras.layers.Dense({', '.join(words)})"


def _flax(width: int, native: Native | None, activation: str) -> str:
    words = [str(width), str(width)]
    words += [] if native is None else [f"kernel_init={_call(native)}"]
    return f"flax.nnx.Linear({', '.join(words)}, rngs=flax.nnx.Rngs(0))"


_LAYERS: Mapping[str, Callable[[int, Native | None, str], str]] = of_keras(
    {"torch": _torch, "keras": _keras, "jax": _flax}
)
"""Framework -> the function that writes a layer from its width, its initializer (None: the layer's
own) and its activation, in the framework's words."""


_ZERO = "torch.nn.init.zeros_(layer.bias)"
"""What the catalogue does in torch with the biases of a named start; Keras' layers do it by
themselves."""


def _named(native: Native) -> str:
    return target(native).replace(":", ".")


def _call(native: Native, *first: str) -> str:
    _, arguments = native
    words = [*first, *(f"{name}={value!r}" for name, value in arguments.items())]
    return f"{_named(native)}({', '.join(words)})"


def default_flaw(activation: str, framework: str, depth: int, width: int) -> str | None:
    """Return what a framework's default start does, in a sentence; None where no law is known."""
    found = theory(activation, "default", framework, depth, width)
    if found is None:
        return None
    layers = f"{depth} layer{'s' * (depth != 1)} of {width}"
    sizes = f"{found.signal:.1e} of the signal's and {found.gradient:.1e} of the gradient's"
    return (
        f"{_OWNERS.get(framework, framework)} default draws {activation} layers with variance"
        f" {found.weight:.3g} / fan_in: by theory {sizes} mean square are left after {layers}"
        f" ({found.opinion})."
    )
