"""The kinds of kernels that layers have, and the fans that a rule of initialisation takes of them.

A rule such as Xavier's is derived for sums: the fan in is the number of products in one output, the
fan out the number of outputs that one input enters. These are the textbook's fans here; each gate
of a recurrent layer counts as a layer of its own, and so do query, key and value. A framework reads
its fans off the shape of the array in which it keeps a kernel, which is not always the same.
To add a kind, add an entry, and a line that makes the layer in each framework's ``kernels.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from suite.catalogue import initializers, scalings
from suite.catalogue.laws import Law, Normal, Orthogonal, Point, Uniform
from suite.catalogue.registry import Registry, of_keras

Fans = tuple[int, int]
"""The fan in and the fan out."""
Count = Callable[..., Fans]
"""The sizes of a shape -> the fans of its kernel."""
Start = Callable[..., Law]
"""The sizes of a shape -> the law from which a layer draws that is made without arguments."""


def _product(*sizes: int) -> int:
    return math.prod(sizes)


def _any(*sizes: int) -> bool:
    return True


@dataclass(frozen=True)
class Kernel:
    """One kind of kernel.

    ``sizes``: what the numbers of its shape mean. ``fans(*sizes)``: the textbook's fans.
    ``counted``: framework -> the fans that its initializers take, where they are others.
    ``starts`` and ``biases``: framework -> the law of the kernel and of the bias of a layer made
    without arguments, by its sizes and the counted fans, where they are not those of the
    framework's dense layer. ``entries(*sizes)``: the number of its entries. ``fits(*sizes)``:
    whether there is such a layer.
    """

    name: str
    meaning: str
    sizes: tuple[str, ...]
    fans: Count
    counted: Mapping[str, Count] = field(default_factory=dict)
    starts: Mapping[str, Start] = field(default_factory=dict)
    biases: Mapping[str, Start] = field(default_factory=dict)
    entries: Callable[..., int] = _product
    fits: Callable[..., bool] = _any

    def counted_fans(self, framework: str, *sizes: int) -> Fans:
        """Return the fans that a framework's initializers take of a kernel of these sizes."""
        return self.counted.get(framework, self.fans)(*sizes)

    def start(self, framework: str, *sizes: int) -> Law:
        """Return the law of the kernel of a layer that is made without arguments.

        Its variance is by the counted fans. UserError where none is declared for the framework.
        """
        if framework in self.starts:
            return self.starts[framework](*sizes)
        return initializers.resolve("default").law(framework)

    def bias(self, framework: str, *sizes: int) -> Law:
        """Return the law of the bias of a layer that is made without arguments, likewise."""
        if framework in self.biases:
            return self.biases[framework](*sizes)
        return initializers.resolve("default").bias_law(framework)


def _xavier(*sizes: int) -> Law:
    return Uniform(scalings.xavier())


def _orthogonal(*sizes: int) -> Law:
    return Orthogonal()


def _zero(*sizes: int) -> Law:
    return Point(0.0)


def _by_units(inputs: int, units: int) -> Law:
    """Return the law of every array of torch's recurrent layers: U(-1/sqrt(n), 1/sqrt(n)) with n
    units."""
    return Uniform(scalings.constant(1.0 / (3.0 * units)))


def _attention(
    name: str,
    meaning: str,
    fans: Count,
    entries: Callable[..., int],
    more: tuple[str, ...] = (),
    counted: Mapping[str, Count] | None = None,
    starts: Mapping[str, Start] | None = None,
) -> Kernel:
    return Kernel(
        name,
        meaning,
        ("units", "heads", *more),
        fans,
        counted=counted or {},
        starts={"torch": _xavier} if starts is None else starts,
        biases={"torch": _zero},
        entries=entries,
        fits=lambda units, heads, *others: units % heads == 0,
    )


def _recurrent(layer: str, gates: int) -> tuple[Kernel, Kernel]:
    """Return the kernels of a recurrent layer that keeps those of its gates in one array."""

    def by_inputs(inputs: int, units: int) -> Fans:
        return inputs, gates * units

    def by_units(inputs: int, units: int) -> Fans:
        return units, gates * units

    own: Mapping[str, Start] = {"torch": _by_units}
    bias: Mapping[str, Start] = of_keras({"torch": _by_units, "keras": _zero})
    title, sizes = layer.upper(), ("inputs", "units")
    return (
        Kernel(
            f"{layer}_input",
            f"the input kernel of a {title}, all gates in one array",
            sizes,
            lambda inputs, units: (inputs, units),
            counted=of_keras({"torch": by_inputs, "keras": by_inputs, "jax": by_inputs}),
            starts=own,
            biases=bias,
            entries=lambda inputs, units: gates * inputs * units,
        ),
        Kernel(
            f"{layer}_recurrent",
            f"the recurrent kernel of a {title}, all gates in one array",
            sizes,
            lambda inputs, units: (units, units),
            counted=of_keras({"torch": by_units, "keras": by_units, "jax": by_units}),
            starts={**own, **of_keras({"keras": _orthogonal, "jax": _orthogonal})},
            biases=bias,
            entries=lambda inputs, units: gates * units * units,
        ),
    )


def _field(height: int, width: int, inputs: int, outputs: int) -> Fans:
    return height * width * inputs, height * width * outputs


def _exchanged(height: int, width: int, inputs: int, outputs: int) -> Fans:
    return height * width * outputs, height * width * inputs


def _grouped(height: int, width: int, inputs: int, outputs: int, groups: int) -> Fans:
    """Return the fans by the array: the inputs of one group, but the outputs of all."""
    return _field(height, width, inputs // groups, outputs)


_DENSE = ("inputs", "outputs")
_FIELD = ("height", "width", "channels in", "channels out")

KERNELS = Registry(
    "kind of layer",
    [
        Kernel("dense", "a dense layer", _DENSE, lambda inputs, outputs: (inputs, outputs)),
        Kernel("convolution", "a convolution", _FIELD, _field),
        Kernel(
            "transposed",
            "a transposed convolution",
            _FIELD,
            _field,
            counted=of_keras({"torch": _exchanged, "keras": _exchanged}),
        ),
        Kernel(
            "truncated",
            "a dense layer that is filled by the framework's truncated normal",
            _DENSE,
            lambda inputs, outputs: (inputs, outputs),
        ),
        Kernel(
            "depthwise",
            "a depthwise convolution, one filter a channel",
            ("height", "width", "channels"),
            lambda height, width, channels: (height * width, height * width),
            counted=of_keras(
                {
                    "torch": lambda height, width, channels: (
                        height * width,
                        height * width * channels,
                    ),
                    "jax": lambda height, width, channels: (
                        height * width,
                        height * width * channels,
                    ),
                    "keras": lambda height, width, channels: (
                        height * width * channels,
                        height * width,
                    ),
                }
            ),
        ),
        Kernel(
            "grouped",
            "a convolution in groups of channels",
            (*_FIELD, "groups"),
            lambda height, width, inputs, outputs, groups: _field(
                height, width, inputs // groups, outputs // groups
            ),
            counted=of_keras({"torch": _grouped, "keras": _grouped, "jax": _grouped}),
            entries=lambda height, width, inputs, outputs, groups: (
                height * width * inputs * outputs // groups
            ),
            fits=lambda height, width, inputs, outputs, groups: (
                inputs % groups == outputs % groups == 0
            ),
        ),
        _attention(
            "attention_query",
            "the query kernel of attention that keeps query, key and value apart",
            lambda units, heads: (units, units),
            lambda units, heads: units * units,
        ),
        _attention(
            "attention_key",
            "its key kernel, with keys of another size",
            lambda units, heads, keys: (keys, units),
            lambda units, heads, keys: keys * units,
            more=("size of the keys",),
        ),
        _attention(
            "attention_packed",
            "the kernels of query, key and value in one array",
            lambda units, heads: (units, units),
            lambda units, heads: 3 * units * units,
            counted={"torch": lambda units, heads: (units, 3 * units)},
        ),
        _attention(
            "attention_output",
            "the output kernel of attention",
            lambda units, heads: (units, units),
            lambda units, heads: units * units,
            starts={},
        ),
        Kernel(
            "einsum",
            "a dense layer of units into heads, written as a sum over named axes",
            ("units", "heads", "size of a head"),
            lambda units, heads, size: (units, heads * size),
            # Flax takes the last two axes for inputs and outputs, and the first for a field.
            counted={"jax": lambda units, heads, size: (units * heads, units * size)},
        ),
        # One input of an embedding is 1 and all others are 0: a sum of one product.
        Kernel(
            "embedding",
            "an embedding",
            ("entries", "size"),
            lambda entries, size: (1, size),
            counted=of_keras(
                {
                    "torch": lambda entries, size: (size, entries),
                    "keras": lambda entries, size: (entries, size),
                    "jax": lambda entries, size: (entries, size),
                }
            ),
            starts=of_keras(
                {
                    "torch": lambda *sizes: Normal(scalings.constant(1.0)),
                    "keras": lambda *sizes: Uniform(scalings.constant(0.05**2 / 3.0)),
                    "jax": lambda entries, size: Normal(scalings.constant(1.0 / size)),
                }
            ),
        ),
        *_recurrent("lstm", 4),
        *_recurrent("gru", 3),
    ],
)
