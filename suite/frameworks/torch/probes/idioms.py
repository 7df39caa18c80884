"""Idioms of torch code, and how printed code ends today: each mechanism in a few lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from suite.catalogue import registry
from suite.frameworks.torch.layers import seeded, tensor
from suite.types import Array


def initialise(idiom: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Start a network in a loop over ``modules()`` (``init_loop``) or by ``apply`` with a function
    (``init_apply``). Both draw from the global generator, started from ``seed``."""

    def start(module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)

    with seeded(seed):
        dense = [nn.Linear(*shape) for shape in shapes]
        network = nn.Sequential(*(part for layer in dense for part in (layer, nn.ReLU())))
        if idiom == "init_loop":
            for module in network.modules():
                start(module)
        elif idiom == "init_apply":
            network.apply(start)
        else:
            raise registry.unknown("idiom", idiom, ("init_loop", "init_apply"))
    return [layer.weight.detach().numpy().T for layer in dense]


def compare(layer_kind: str, inputs: Array, seed: int) -> tuple[Array, Array, int, int]:
    """Call ``layer(x)`` and ``layer.forward(x)``; count how often a forward hook runs in each."""
    features = inputs.shape[1]
    makes: Mapping[str, Callable[[], nn.Module]] = {
        "dense": lambda: nn.Linear(features, features),
        "norm": lambda: nn.BatchNorm1d(features),
    }
    if layer_kind not in makes:
        raise registry.unknown("kind of layer", layer_kind, makes)
    with seeded(seed):
        layer = makes[layer_kind]()
    ran: list[str] = []
    layer.register_forward_hook(lambda *_: ran.append("hook"))
    called = layer(tensor(inputs)).detach().numpy()
    by_call = len(ran)
    forwarded = layer.forward(tensor(inputs)).detach().numpy()
    return called, forwarded, by_call, len(ran) - by_call


def attempt(case: str) -> tuple[float, str]:
    """Run a mechanism of printed code, the global generator seeded."""
    if case not in _CASES:
        raise registry.unknown("case", case, _CASES)
    try:
        with seeded(0):
            return _CASES[case](), ""
    except (AttributeError, TypeError, ValueError) as error:  # what printed code ends with
        return math.nan, f"{type(error).__name__}: {str(error).partition(' <')[0]}"


class _Net(nn.Module):
    """A network whose ``forward`` uses a layer of the given name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.used = name

    def forward(self, x: Tensor) -> Any:
        return getattr(self, self.used)(x)


def _asks(name: str) -> float:
    _Net(name)(torch.ones(1, 2))
    return math.nan


def _object(method: str) -> float:
    """Call an object whose class has one method of this name."""
    made: Any = type("A", (), {method: lambda self: None})()
    made()
    return math.nan


def _second_model(renew: bool) -> float:
    """Return whether a second model moves, by the optimizer of the first or by one of its own."""
    first, second = nn.Linear(2, 1), nn.Linear(2, 1)
    optimizer = torch.optim.RMSprop(first.parameters())
    if renew:
        optimizer = torch.optim.RMSprop(second.parameters())
    before = second.weight.detach().clone()
    second(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return float((second.weight != before).any())


def _loop_for_other_layers() -> float:
    """Return the share of linear kernels that a loop for convolutions and norms draws again."""
    network = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    before = [layer.weight.detach().clone() for layer in network if isinstance(layer, nn.Linear)]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.ones_(module.weight)
    after = [layer.weight for layer in network if isinstance(layer, nn.Linear)]
    moved = [bool((a != b).any()) for a, b in zip(after, before, strict=True)]
    return sum(moved) / len(moved)


def _children_first() -> float:
    """Return the share of modules that ``apply`` visits after all of their children."""
    network = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 2))
    order: list[nn.Module] = []
    network.apply(order.append)
    late = [
        all(order.index(child) < place for child in module.children())
        for place, module in enumerate(order)
    ]
    return sum(late) / len(late)


def _unbuilt(call: bool) -> float:
    """Apply a layer that does not know its inputs yet."""
    layer = nn.LazyLinear(2)
    layer(torch.ones(1, 2)) if call else layer.forward(torch.ones(1, 2))
    return math.nan


_CASES: Mapping[str, Callable[[], float]] = {
    "net_lost_layer": lambda: _asks("layer1"),
    "net_own_layer": lambda: _asks("layer"),
    "object_call": lambda: _object("call"),
    "object_dunder_call": lambda: _object("__call__"),
    "optimizer_reused": lambda: _second_model(renew=False),
    "optimizer_renewed": lambda: _second_model(renew=True),
    "loop_other_layers": _loop_for_other_layers,
    "apply_order": _children_first,
    "unbuilt_forward": lambda: _unbuilt(call=False),
    "unbuilt_call": lambda: _unbuilt(call=True),
}
