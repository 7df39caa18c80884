"""Where networks start: decides how the initial weights of one dense layer are drawn.

``weights=shared``: drawn once in NumPy by the suite's own law, the same in every framework.
``weights=native``: drawn by the framework's own initializer, from a seed of the suite's. Neither
depends on the activation, the optimizer or the stack, so that cells may share their draws.
"""

from __future__ import annotations

import numpy as np

from suite import seeds
from suite.catalogue import initializers
from suite.types import Array, Framework, Lab, Layer, Member, UserError, Weights

NO_LAW = "default is the framework's own start: it has no law to draw shared weights from"


def initial_layer(
    framework: Framework, root: int, member: Member, layer: int, fan_in: int, fan_out: int
) -> Layer:
    """``draw_layer`` for a member: its cell's axes ``initializer`` and ``weights``, its seed."""
    cell = member.cell
    return draw_layer(
        framework,
        root,
        cell.text("initializer"),
        cell.text("weights"),
        member.seed,
        layer,
        fan_in,
        fan_out,
    )


def draw_layer(
    framework: Framework,
    root: int,
    initializer: str,
    weights: str,
    seed: int,
    layer: int,
    fan_in: int,
    fan_out: int,
) -> Layer:
    """Kernel (fan_in, fan_out) and bias (fan_out,), float32, of layer ``layer`` (from 1).

    A named initializer leaves the bias at zero; ``default`` leaves it to the framework's layer.
    Raises UserError for ``default`` on shared weights: it has no law of its own.
    """
    axes: dict[str, int | str] = {
        "seed": seed,
        "layer": layer,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "initializer": initializer,
    }
    if weights == "native":
        own = seeds.integer(root, "native", **axes, framework=framework.name)
        kernel, bias = framework.draw(initializer, fan_in, fan_out, own)
        return single(kernel), single(bias)
    law = initializers.resolve(initializer)
    if not law.shared:
        raise UserError(f"initializer {initializer!r}: {NO_LAW}; use weights=native")
    kernel = law.draw(seeds.generator(root, "weights", **axes), fan_in, fan_out)
    return single(kernel), np.zeros(fan_out, dtype=np.float32)


def native_layers(member: Member, lab: Lab) -> Weights:
    """The layers of a network of equal widths without an output layer, the framework's own draws.

    For cells without the axis ``weights``.
    """
    width, initializer = member.cell.count("width"), member.cell.text("initializer")
    return tuple(
        draw_layer(lab.framework, lab.root, initializer, "native", member.seed, layer, width, width)
        for layer in range(1, member.cell.count("depth") + 1)
    )


@np.errstate(over="ignore")  # a scale beyond float32 is a diverged run, not a warning
def single(values: Array) -> Array:
    """The values in float32, without a copy where they are already."""
    return values.astype(np.float32, copy=False)
