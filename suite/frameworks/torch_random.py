"""Random numbers of torch's global generator, for all frameworks that run on torch.

torch's layers draw from the global generator only, so everything random happens inside a forked
and seeded one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Start the global generator of the CPU from a seed in the block, and restore it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed GPUs as well
        yield


def mask_seed(noise: Sequence[int], epoch: int) -> int:
    """Return the 31-bit seed of a stack's dropout masks in one epoch, from its members' seeds.

    ``vmap`` draws for a whole stack from one generator. So each member has masks of its own,
    and which they are depends on the members that it is stacked with.
    """
    text = ",".join(str(number) for number in (epoch, *noise))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") & 0x7FFFFFFF
