"""The initial weights of one dense layer: how they are drawn, and from which seed.

With ``weights=shared`` they are drawn once in NumPy from the suite's declared law and are the same
in every framework; with ``weights=native`` the framework's own initializer draws them from a seed
of the suite. Neither depends on the activation, the optimizer or the stack, so that cells may share
their draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from suite import seeds
from suite.catalogue import initializers
from suite.types import Array, Cell, Framework, Lab, Layer, Member, UserError, Weights

NO_LAW = "default is the framework's own start: it has no law to draw shared weights from"
"""The reason for which a cell with the initializer ``default`` and shared weights is
unsupported."""


def initial_layer(
    framework: Framework, root: int, member: Member, layer: int, fan_in: int, fan_out: int
) -> Layer:
    """Draw a layer by the axes ``initializer`` and ``weights`` of a member's cell, and its seed."""
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
    """Draw the kernel (fan_in, fan_out) and bias (fan_out,), float32, of layer ``layer`` (from 1).

    A named initializer leaves the bias at zero; ``default`` leaves it to the framework's layer.
    Raises UserError for ``default`` with shared weights, because no law is declared for it.
    """
    axes: dict[str, int | str] = {
        "seed": seed,
        "layer": layer,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "initializer": initializer,
    }
    if weights == "native":
        native_seed = seeds.integer(root, "native", **axes, framework=framework.name)
        kernel, bias = framework.draw(initializer, fan_in, fan_out, native_seed)
        return single(kernel), single(bias)
    law = initializers.resolve(initializer)
    if not law.shared:
        raise UserError(f"initializer {initializer!r}: {NO_LAW}; use weights=native")
    kernel = law.draw(seeds.generator(root, "weights", **axes), fan_in, fan_out)
    return single(kernel), np.zeros(fan_out, dtype=np.float32)


def without_law(cell: Cell) -> str | None:
    """Return why a cell's weights cannot be shared, where its initializer has no law; or None."""
    name = cell.text("initializer")
    if cell["weights"] != "shared" or initializers.resolve(name).shared:
        return None
    return NO_LAW if name == "default" else f"{name} has no law to draw shared weights from"


def stacked(networks: Iterable[Sequence[Layer]]) -> Weights:
    """Return the layers of K networks as one stack, whose arrays have the leading axis K."""
    return tuple(
        (np.stack([kernel for kernel, _ in layers]), np.stack([bias for _, bias in layers]))
        for layers in zip(*networks, strict=True)
    )


def native_layers(member: Member, lab: Lab) -> Weights:
    """Draw native layers for a network of equal widths without an output layer.

    This is for studies whose cells have no axis ``weights``.
    """
    width, initializer = member.cell.count("width"), member.cell.text("initializer")
    return tuple(
        draw_layer(lab.framework, lab.root, initializer, "native", member.seed, layer, width, width)
        for layer in range(1, member.cell.count("depth") + 1)
    )


@np.errstate(over="ignore")  # a scale beyond float32 is a diverged run, not a mistake
def single(values: Array) -> Array:
    """Return the values in float32, without a copy if they are already."""
    return values.astype(np.float32, copy=False)
