"""The kinds of kernels of ``suite.catalogue.kernels``, in torch's own layers.

torch keeps a kernel as (outputs, inputs, ...). Dense layers and plain convolutions are made in
``probes/initializers.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

Made = tuple[Tensor, Tensor]
"""The kernel of a fresh layer, and its biases in one vector (empty where it has none)."""


def _convolution(channels: int, outputs: int, field: tuple[int, int], groups: int) -> Made:
    layer = nn.Conv2d(channels, outputs, field, groups=groups)
    assert layer.bias is not None
    return layer.weight, layer.bias


def _attention(part: str, units: int, heads: int, keys: int | None = None) -> Made:
    """Make attention; with keys of another size than the units, torch keeps its kernels apart."""
    layer = nn.MultiheadAttention(units, heads, kdim=keys, vdim=keys)
    output = part == "out_proj.weight"
    bias = layer.get_parameter("out_proj.bias" if output else "in_proj_bias")
    return layer.get_parameter(part), bias


def _embedding(entries: int, size: int) -> Made:
    return nn.Embedding(entries, size).weight, torch.empty(0)


def _lstm(part: str, inputs: int, units: int) -> Made:
    """Make an LSTM; its biases are without those of the forget gate, the second of four."""
    layer = nn.LSTM(inputs, units)
    sides = [layer.get_parameter(f"bias_{side}_l0") for side in ("ih", "hh")]
    gates = [side[start:end] for side in sides for start, end in ((0, units), (2 * units, None))]
    return layer.get_parameter(part), torch.cat(gates)


def _gru(part: str, inputs: int, units: int) -> Made:
    layer = nn.GRU(inputs, units)
    sides = (layer.get_parameter("bias_ih_l0"), layer.get_parameter("bias_hh_l0"))
    return layer.get_parameter(part), torch.cat(sides)


MADE: Mapping[str, Callable[..., Made]] = {
    "depthwise": lambda height, width, channels: _convolution(
        channels, channels, (height, width), channels
    ),
    "grouped": lambda height, width, inputs, outputs, groups: _convolution(
        inputs, outputs, (height, width), groups
    ),
    "attention_query": lambda units, heads: _attention(
        "q_proj_weight", units, heads, keys=units + 1
    ),
    "attention_key": lambda units, heads, keys: _attention("k_proj_weight", units, heads, keys),
    "attention_packed": lambda units, heads: _attention("in_proj_weight", units, heads),
    "attention_output": lambda units, heads: _attention("out_proj.weight", units, heads),
    "embedding": _embedding,
    "lstm_input": lambda inputs, units: _lstm("weight_ih_l0", inputs, units),
    "lstm_recurrent": lambda inputs, units: _lstm("weight_hh_l0", inputs, units),
    "gru_input": lambda inputs, units: _gru("weight_ih_l0", inputs, units),
    "gru_recurrent": lambda inputs, units: _gru("weight_hh_l0", inputs, units),
}
"""Kind of kernel -> a function of its sizes that makes the layer."""
