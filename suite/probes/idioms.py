"""Ways to write and to call a network, for the study ``idioms``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from suite.types import Array


class Starts(Protocol):
    """Ways to start a network."""

    def initialise(self, idiom: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
        """Return the kernels, (fan_in, fan_out) each, of a network that an idiom starts.

        They follow Xavier's uniform rule (Glorot and Bengio 2010); ``shapes``: (fan_in, fan_out) of
        each. Raises UserError for an idiom that the framework does not have.
        """
        ...


class Mechanisms(Starts, Protocol):
    """Ways to start a network and to call a layer, and printed code."""

    def compare(self, layer_kind: str, inputs: Array, seed: int) -> tuple[Array, Array, int, int]:
        """Return the outputs of calling a layer and of calling its forward method, and how many
        hooks or losses each of the two calls ran or registered.

        ``layer_kind``: ``dense`` or ``norm`` (batch norm while training). Inputs and outputs
        (samples, features). Raises UserError for another kind.
        """
        ...

    def attempt(self, case: str) -> tuple[float, str]:
        """Run a mechanism of printed code; return the share that it finds, and its error.

        The share is NaN where it looks for nothing. The error is ``Type: message``, empty where the
        code runs; the message ends before the first object that it names, because names and values
        change from process to process. Raises UserError for an unknown case.
        """
        ...
