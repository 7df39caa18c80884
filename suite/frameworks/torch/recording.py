"""A step of a stack, recorded once as a list of torch's operations and played for each batch.

Mapping a network over its members and building the graph for its gradient take Python and torch's
dispatcher longer than most operations on small arrays take. Both give the same list of operations
for every batch of one size. So ``make_fx`` follows the step once, without computing anything, and
each batch runs that list: the same kernels on the same numbers in the same order. The results are
equal bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.experimental.proxy_tensor import make_fx

Step = Callable[..., list[Tensor]]
"""Takes tensors and returns tensors; it may write into those it takes."""

WORTH = 300
"""Steps from which recording pays: it takes as long as 100 to 250 steps gain."""
_aten = torch.ops.aten
_VIEWS = (_aten.view.default, _aten._unsafe_view.default, _aten.expand.default)


def recorded(step: Step, *examples: Tensor) -> Step:
    """Return a step that does to tensors what ``step`` does to the examples, of the same shapes.

    The results carry no gradients. Where torch cannot follow the step, because an activation of a
    user's is itself compiled, say, it is the step itself.
    """
    follow = make_fx(step, tracing_mode="fake", _allow_non_fake_inputs=True)
    try:
        traced = follow(*examples)
    except RuntimeError:
        return step
    for node in traced.graph.nodes:
        if _idle(node):
            node.replace_all_uses_with(node.all_input_nodes[0])
            traced.graph.erase_node(node)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    play: Step = torch.no_grad()(traced.forward)
    return play


def _idle(node: Node) -> bool:
    """Return whether an operation gives back what it takes.

    Mapping leaves many of them: the product of a dense layer is multiplied by one, and arrays are
    viewed in the shape that they have.
    """
    if node.target is _aten.mul.Scalar:
        return bool(node.args[1] == 1)
    if node.target in _VIEWS:
        before, after = node.all_input_nodes[0].meta["val"], node.meta["val"]
        return bool((before.shape, before.stride()) == (after.shape, after.stride()))
    return node.target is _aten.detach.default
