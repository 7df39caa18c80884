"""Probes: what single studies ask of a framework beyond the verbs of ``suite.types.Framework``.

There is one file a topic, and in it a Protocol whose docstrings are the contract of each function.
A framework implements a topic in the module of the same name in its folder ``probes/``; where it
has a part of a topic, it implements a smaller Protocol of the file. Arrays are NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Callable


def topic(protocol: type) -> str:
    """Return the topic of a Protocol: the name of the file that it is declared in."""
    return protocol.__module__.rpartition(".")[2]


def name(function: Callable[..., object]) -> str:
    """Return the name of a Protocol's function as "topic.function"; gaps are declared under it."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
