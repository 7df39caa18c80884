"""Stacks of narrow networks: layers are traced, laid out with the members last, and compiled.

A product of 32 inputs and a kernel of 5 x 5 keeps a processor busy for less time than the call
costs, even in a batch of hundreds. With the members last in memory, everything that happens
between two layers is one loop over them, a vector of networks at a time. torch's own compiler
writes that loop from the modules that ``stack`` maps over the members too, and from their own
derivatives. This file decides how the arrays lie, and where a network is cut.

It is cut layer by layer, so that what is compiled, a second or two each, serves all depths, batches
and numbers of members: a hidden layer forward, with its activation's slope beside the value; a
dense layer of one shape backward; the output layer and the loss, both ways. torch keeps the
compiled form on the disk.

``usable`` says which tasks are trained in this way. All others, and all where there is no compiler,
are trained by ``stack``; a test compares the two.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._inductor.runtime.cache_dir_utils import cache_dir
from torch.func import functional_call, vmap
from torch.fx import GraphModule, Interpreter
from torch.fx.experimental.proxy_tensor import make_fx

from suite.frameworks import compiler
from suite.frameworks.torch.layers import Activation
from suite.frameworks.torch.rules import LOSSES
from suite.frameworks.torch.stack import Stack
from suite.frameworks.torch_batches import Data, correct
from suite.types import Array, TrainTask

WIDEST = 8
"""Units of a layer up to which this is faster: three times at 5 and 8, not at all at 16."""
WORTH = 20_000
"""Members times epochs times hidden layers from which compiling pays, if not for this stack alone
then for the next one with the same activation. Each takes some 120 µs less."""
_MEMBERS, _POINTS, _IN, _OUT = 83, 37, 7, 5
"""Sizes to trace with: all different, so that each becomes a separate symbol."""
_vjp: Callable[..., Any] = torch.func.vjp  # returns two values, or three with has_aux
_DENSE = nn.Linear(1, 1, device="meta")
"""A dense layer of any size: it computes with the weights that are passed to it."""
_aten = torch.ops.aten

Compiled = Callable[..., Sequence[Tensor]]
Shape = tuple[int, ...]
Passes = tuple[Tensor, Tensor, list[Tensor]]
"""Losses, logits and gradients."""


def usable(task: TrainTask) -> bool:
    """Return whether a task is trained here; the task alone decides, and whether there is a
    compiler.

    Only narrow networks of dense layers and activations, with one output, without clipping, and
    with enough work to pay for compiling.
    """
    model = task.architecture
    return (
        max(size for shape in model.shapes for size in shape) <= WIDEST
        and (model.normalization, model.dropout, model.residual) == ("none", 0.0, 0.0)
        and task.loss in ("binary", "squared")
        and task.clipping == "none"
        and len(task.labels) * task.record[-1] * model.depth >= WORTH
        and bool(compiler())
    )


class Narrow(Stack):
    """The K networks of a task while they are trained, with the members last in memory."""

    def __init__(self, task: TrainTask) -> None:
        super().__init__(task)
        self.batch, shapes = task.batch, task.architecture.shapes
        self.hidden = _hidden(task.architecture.activation, self.precision)
        self.backward = [_backward(*shape, self.precision) for shape in shapes[:-1]]
        self.output = _output(task.loss, self.precision)

    def _views(self, parts: Sequence[Tensor], shapes: Sequence[torch.Size]) -> list[Tensor]:
        """Return the parameters (K, ...) in the flat tensor, where they lie as (..., K)."""
        return [
            part.view(*shape, self.members).movedim(-1, 0)
            for part, shape in zip(parts, shapes, strict=True)
        ]

    def train(self, data: Data, order: Tensor, batch: int) -> None:
        """Train for one epoch, the points in the ``order`` (K, N) of each member."""
        inputs, labels = _ordered(*data, order)
        batch_losses, outputs = [], []
        for x, y in zip(torch.split(inputs, batch), torch.split(labels, batch), strict=True):
            losses, logits, gradients = self._step(x, y)
            self.flat.grad = torch.cat([gradient.reshape(-1) for gradient in gradients])
            self.optimizer.step()
            batch_losses.append(losses.numpy())
            outputs.append(logits)
        if self.schedule is not None:
            self.schedule.step()
        right = self.loss.right(torch.cat(outputs), labels).numpy()
        self.batches.add(np.stack(batch_losses), correct(right, batch))

    @torch.no_grad()
    def _step(self, x: Tensor, y: Tensor, back: bool = True) -> Passes:
        """Return losses (K,), logits (N, K) and the gradients (..., K) by each of ``names``.

        x (N, features, K), y (N, K). Without ``back`` there are no gradients.
        """
        values = [self.parameters[name].detach().movedim(0, -1) for name in self.names]
        layers = list(zip(values[::2], values[1::2], strict=True))
        entering, slopes = [], []
        for layer in layers[:-1]:
            entering.append(x)
            x, slope = self.hidden(*layer, x)
            slopes.append(slope)
        losses, logits, *gradients, gradient = self.output(*layers[-1], x, y)
        if not back:
            return losses, logits, []
        for backward, layer, before, slope in reversed(
            list(zip(self.backward, layers[:-1], entering, slopes, strict=True))
        ):
            *by_layer, gradient = backward(*layer, before, slope, gradient)
            gradients = [*by_layer, *gradients]
        return losses, logits, gradients

    def _measured(self, data: Data, heldout: Data, sample: Data) -> list[Array]:
        """Return what ``Stack._measured`` returns; a mean over all points is the mean of those of
        the batches, weighted by their size."""
        loss, logits, gradients = self._mean(data, sample is data)
        if sample is not data:
            _, _, gradients = self._mean(sample, True)
        heldout_loss, heldout_logits, _ = self._mean(heldout, False)
        first = [loss, logits.T, heldout_loss, heldout_logits.T]
        return [tensor.numpy() for tensor in (*first, *(g.movedim(-1, 0) for g in gradients))]

    def _mean(self, data: Data, back: bool) -> Passes:
        """Return what ``_step`` returns, for all points of a set: batch by batch, which stay in the
        cache."""
        inputs, labels = _last(*data)
        batches = zip(torch.split(inputs, self.batch), torch.split(labels, self.batch), strict=True)
        steps = [self._step(x, y, back) for x, y in batches]
        shares = [len(logits) / len(labels) for _, logits, _ in steps]

        def mean(values: Sequence[Tensor]) -> Tensor:
            return sum(
                (share * value for share, value in zip(shares, values, strict=True)),
                torch.zeros(()),
            )

        gradients = [mean(values) for values in zip(*(step[2] for step in steps), strict=True)]
        logits = torch.cat([step[1] for step in steps])
        return mean([step[0] for step in steps]), logits, gradients


def _ordered(inputs: Tensor, labels: Tensor, order: Tensor) -> Data:
    """Return inputs (K, N, features) and labels (K, N) as (N, features, K) and (N, K), the points
    of each member in its own order (K, N).

    Number by number, which is twice as fast as ``take`` and moving the axes.
    """
    members, points, features = inputs.shape
    rows = (order + points * torch.arange(members).unsqueeze(-1)).T.reshape(-1)

    def chosen(values: Tensor) -> Tensor:
        return values.reshape(-1).index_select(0, rows).view(-1, members)

    columns = [chosen(inputs[..., feature]) for feature in range(features)]
    return torch.stack(columns, 1), chosen(labels)


def _last(inputs: Tensor, labels: Tensor) -> Data:
    """Return inputs (K, N, features) and labels (K, N) as (N, features, K) and (N, K), copied."""
    return inputs.permute(1, 2, 0).contiguous(), labels.T.contiguous()


# --- what is compiled --------------------------------------------------------------------------


def _linear(kernel: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Apply torch's dense layer of one member: kernel (out, in), bias (out,), x (N, in)."""
    value: Tensor = functional_call(_DENSE, {"weight": kernel, "bias": bias}, (x,))
    return value


@functools.cache
def _hidden(activation: str, precision: torch.dtype) -> Compiled:
    """Return a function of kernel, bias and x: the value of a hidden layer, and the slope of its
    activation there."""
    module = Activation(activation)

    def hidden(*layer: Tensor) -> tuple[Tensor, Tensor]:
        value, back = _vjp(module, _linear(*layer))
        # An activation acts on each value alone: a cotangent of ones gives the slopes.
        return value, back(torch.ones_like(value))[0]

    return _compiled(hidden, precision, *_layer(_IN, _OUT))


@functools.cache
def _backward(fan_in: int, fan_out: int, precision: torch.dtype) -> Compiled:
    """Return a function of kernel, bias, x, slope and the gradient by a hidden layer's value: the
    gradients by its kernel, bias and x.

    It is compiled for one shape: sums of known length become one expression, twice as fast.
    """

    def backward(*arguments: Tensor) -> tuple[Tensor, ...]:
        *layer, slope, gradient = arguments
        _, back = _vjp(_linear, *layer)
        by: tuple[Tensor, ...] = back(gradient * slope)
        return by

    of_layer, outputs = _layer(fan_in, fan_out), (_POINTS, fan_out)
    return _compiled(backward, precision, *of_layer, outputs, outputs, sizes=(fan_in, fan_out))


@functools.cache
def _output(loss: str, precision: torch.dtype) -> Compiled:
    """Return a function of kernel, bias, x and labels: loss, logits, and the gradients by kernel,
    bias and x."""
    mean = LOSSES[loss].mean

    def output(*arguments: Tensor) -> tuple[Tensor, ...]:
        *layer, labels = arguments

        def forward(*layer: Tensor) -> tuple[Tensor, Tensor]:
            logits = _linear(*layer).squeeze(-1)
            return mean(logits, labels), logits

        value, back, logits = _vjp(forward, *layer, has_aux=True)
        return value, logits, *back(torch.ones_like(value))

    return _compiled(output, precision, *_layer(_IN, 1), (_POINTS,))


def _layer(fan_in: int, fan_out: int) -> tuple[Shape, Shape, Shape]:
    """Return the shapes of one member's kernel, bias and x."""
    return (fan_out, fan_in), (fan_out,), (_POINTS, fan_in)


def _compiled(
    function: Callable[..., tuple[Tensor, ...]],
    precision: torch.dtype,
    *shapes: Shape,
    sizes: tuple[int, ...] = (1,),
) -> Compiled:
    """Compile a function of one member for all members: contiguous arrays (..., K).

    ``shapes``: those of one member's arguments. The compiled function takes arrays of any size,
    except for ``sizes``, which are fixed.
    """
    examples = [torch.zeros(*shape, _MEMBERS, dtype=precision) for shape in shapes]
    mapped = make_fx(vmap(function, in_dims=-1, out_dims=-1), tracing_mode="symbolic")(*examples)

    def turned(*arguments: Tensor) -> list[Tensor]:
        for argument, shape in zip(arguments, shapes, strict=True):
            for symbol, size in zip(argument.shape[:-1], shape, strict=True):
                if size in sizes and symbol != size:  # a comparison turns a symbol into that number
                    raise AssertionError(f"traced with {symbol}, not {size}")
        results = _MembersLast(mapped, arguments[0].shape[-1]).run(*arguments)
        return [value.contiguous() for value in results]

    graph = make_fx(turned, tracing_mode="symbolic")(*examples)
    symbolic = [node.meta["val"] for node in graph.graph.find_nodes(op="placeholder")]
    # Not ``torch.compile``: its work around a call takes longer than the call.
    return without_broken_files(lambda: torch._inductor.compile(graph, symbolic))


def without_broken_files(compiled: Callable[[], Compiled]) -> Compiled:
    """Return what is compiled, after removing libraries in torch's cache that cannot be loaded.

    A process that is killed while the linker writes leaves a part of a file, which torch does not
    write anew: all later processes would fail on it. Raises ImportError for the same file again,
    and for one outside the cache, which stays.
    """
    cache = Path(cache_dir())
    removed: set[str] = set()
    while True:
        try:
            return compiled()
        except ImportError as error:
            known = error.path is None or error.path in removed
            if known or not Path(str(error.path)).is_relative_to(cache):
                raise
            removed.add(str(error.path))
            Path(str(error.path)).unlink(missing_ok=True)


class _MembersLast(Interpreter):
    """Runs a graph that ``vmap`` made, with the members first, on arrays with the members last.

    Entry by entry nothing changes. The compiler lays an intermediate array out in the order of
    its axes, and only along the last one are there enough networks to fill the vectors of a
    processor. A product of matrices becomes an explicit sum of products: a loop over members has no
    other order to take it in.
    """

    def __init__(self, graph: GraphModule, members: Any) -> None:
        super().__init__(graph)
        self.members = members

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation on arrays with the members first; the result has the same form."""
        arrays = [value for value in args if isinstance(value, Tensor) and value.dim()]
        if target is _aten.bmm.default:
            left, right = (value.movedim(0, -1) for value in arrays)
            return (left.unsqueeze(2) * right.unsqueeze(0)).sum(1).movedim(-1, 0)
        if not self._members_lead(arrays):
            return super().call_function(target, args, kwargs)
        if torch.Tag.pointwise in target.tags:
            moved = [v.movedim(0, -1) if isinstance(v, Tensor) and v.dim() else v for v in args]
            return target(*moved, **kwargs).movedim(-1, 0)
        if target in (_aten.sum.dim_IntList, _aten.mean.dim):
            (array,), (_, axes, *rest) = arrays, args
            inner = [axis % array.dim() - 1 for axis in axes]
            if min(inner) >= 0:
                return target(array.movedim(0, -1), inner, *rest, **kwargs).movedim(-1, 0)
        return super().call_function(target, args, kwargs)

    def _members_lead(self, arrays: Sequence[Tensor]) -> bool:
        """Return whether all arrays have the same number of axes, more than one, members first."""
        return bool(arrays) and all(
            1 < array.dim() == arrays[0].dim() and array.shape[0] == self.members
            for array in arrays
        )
