"""One network at a time, trained step by step with a loss and an optimizer of Keras.

On JAX a step is one compiled program of the model's ``stateless_call`` and of the optimizer's
``stateless_apply``; torch goes operation by operation, and the optimizer changes its variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from suite.frameworks.keras.differentiate import compiled, numbers, pulled, tensor
from suite.frameworks.keras.library import keras
from suite.types import Array

Tensor = Any


class Trainer:
    """Variables and an optimizer, which ``start`` puts back to their start.

    ``loss(values, *batch)``: a function of the variables' values.
    """

    def __init__(
        self, variables: Sequence[Any], optimizer: Any, loss: Callable[..., Tensor]
    ) -> None:
        self.variables, self.optimizer, self._loss = list(variables), optimizer, loss
        optimizer.build(self.variables)
        self._fresh = [numbers(variable.value).copy() for variable in optimizer.variables]
        self._jax = keras.config.backend() == "jax"
        self._compiled = compiled(self._stepped if self._jax else self._slopes)
        self._state: tuple[list[Tensor], list[Tensor]] = ([], [])

    def start(self, values: Sequence[Array]) -> None:
        """Begin with these values, and with an optimizer that has made no step."""
        if self._jax:
            self._state = ([tensor(v) for v in values], [tensor(v) for v in self._fresh])
            return
        for variables, given in (
            (self.variables, values),
            (self.optimizer.variables, self._fresh),
        ):
            for variable, value in zip(variables, given, strict=True):
                variable.assign(value)

    @property
    def values(self) -> list[Tensor]:
        """The values of the variables; on torch a step changes them."""
        return self._state[0] if self._jax else [variable.value for variable in self.variables]

    def step(self, *batch: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Make a step; return the loss and the gradients before it."""
        if self._jax:
            self._state, loss, gradients = self._compiled(self._state, batch)
            return loss, gradients
        loss, gradients = self._compiled(self.values, batch)
        self.optimizer.apply(gradients, self.variables)
        return loss, gradients

    def _slopes(self, values: Sequence[Tensor], batch: Sequence[Tensor]) -> Any:
        return pulled(lambda *own: self._loss(own, *batch), values)

    def _stepped(self, state: Any, batch: Sequence[Tensor]) -> Any:
        values, memory = state
        loss, gradients = self._slopes(values, batch)
        after = self.optimizer.stateless_apply(memory, gradients, values)
        return after, loss, gradients
