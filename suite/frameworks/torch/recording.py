"""A step of a stack, recorded once as a list of torch's operations and played again for each batch.

Mapping a network over its members and building the graph for its gradient take Python and torch's
dispatcher longer than most operations on small arrays take. Both give the same list of operations
for every batch of one size. So the first batch is followed by ``make_fx``, and the others run that
list: the same kernels on the same numbers in the same order, and the results are equal bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

Step = Callable[..., list[Tensor]]
"""Takes tensors and returns tensors; it may write into those it takes."""

WORTH = 300
"""Steps from which recording pays: it takes as long as 100 to 250 steps gain."""
_aten = torch.ops.aten


def recorded(step: Step, *examples: Tensor) -> Step:
    """Return a step that does to tensors of the examples' shapes what ``step`` does.

    What the step writes into its arguments is written in each run, into the examples too. The
    results carry no gradients.
    """
    graph = make_fx(step)(*examples)
    for node in list(graph.graph.nodes):
        # A dense layer's product is multiplied by one, which changes no number.
        by_one = node.target is _aten.mul.Scalar and node.args[1] == 1
        if by_one or node.target is _aten.detach.default:
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    play: Step = torch.no_grad()(graph.forward)
    return play
