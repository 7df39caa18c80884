"""How long activations take, forward and backward, as ratios within one process.

The calls alternate, so that whatever else the machine does affects all of them alike. Each
framework is measured in a process of its own, which has the settings of a worker.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from suite import frameworks
from suite.catalogue.frameworks import entry_of
from suite.measuring.environment import worker
from suite.plugins import Source, keep
from suite.probes.elementwise import Elementwise

POINTS = 2**18
"""The numbers of one call. They take a megabyte, which the caches of a processor hold."""
ROUNDS = 41
"""The calls of each activation. The first round, in which functions are loaded, does not count."""


@dataclass(frozen=True)
class Cost:
    """Nanoseconds for each number, forward and backward: medians over ``ROUNDS`` - 1 calls."""

    forward: float
    backward: float


def costs(
    framework: str, names: Sequence[str], sources: Sequence[Source] = ()
) -> Mapping[str, Cost]:
    """Return the cost of each activation in a framework, measured in a new process.

    ``sources``: the plugins that some of the activations come from.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _settle, (framework, tuple(sources))) as pool:
        return pool.submit(_measured, framework, tuple(names)).result()


def _settle(framework: str, sources: Sequence[Source]) -> None:
    keep(sources)
    os.environ.update(worker(entry_of(framework).process))  # the framework reads it at its import


def _measured(framework: str, names: Sequence[str]) -> Mapping[str, Cost]:
    probe = frameworks.load(framework).probe(Elementwise)
    points = np.random.default_rng(0).standard_normal(POINTS).astype(np.float32)
    rounds = [[probe.seconds(name, points) for name in names] for _ in range(ROUNDS)]
    middle = np.median(np.array(rounds[1:]), axis=0) / POINTS * 1e9
    return {name: Cost(*map(float, middle[place])) for place, name in enumerate(names)}
