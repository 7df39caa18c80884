"""A plugin of the suite: an activation, an initializer that looks at data, a data set, two claims.

It is one file, so that ``suite run --plugin examples/serpent.py`` takes it as it is; installed as a
package, its items are found by their names alone. See docs/reference/plugins.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import suite
from suite.catalogue.laws import Orthogonal
from suite.claims import claims_text

Array = NDArray[np.float64]


# --- an activation with a parameter ------------------------------------------------------------


def _slope(x: Array, a: float) -> Array:
    return 1.0 + np.sin(2.0 * a * x)


@suite.activation(source="Ziyin, Hartwig and Ueda 2020 (arXiv:2006.08195)", slope=_slope)
def snake(x: Array, a: float = 1.0) -> Array:
    """Return x + sin(a x)^2 / a. Both frameworks run this formula with their own operations."""
    return x + np.sin(a * x) ** 2 / a


# --- an initializer that looks at a batch of data ----------------------------------------------


def unit_variance(
    kernels: list[Array],
    inputs: Array,
    forward: Callable[[list[Array]], list[Array]],
    variance: float,
) -> list[Array]:
    """Return the kernels, each scaled so that its pre-activations have variance ``variance``.

    Layer by layer from the first, because a layer's inputs depend on the layers below it.
    """
    kernels = list(kernels)
    for place in range(len(kernels)):
        found = float(forward(kernels)[place].var())
        if found > 0.0:
            kernels[place] = kernels[place] * np.sqrt(variance / found)
    return kernels


LSUV = suite.Initializer(
    name="lsuv",
    source="Mishkin and Matas 2015 (arXiv:1511.06422)",
    law=lambda variance: Orthogonal(),
    native=lambda variance: suite.natives(
        torch="torch.nn.init:orthogonal_", tensorflow="keras.initializers:Orthogonal"
    ),
    parameters={"variance": 1.0},
    adjust=unit_variance,
)


# --- a data set --------------------------------------------------------------------------------

POINTS = 600


def spirals(root: int, seed: int, split: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return points of two spiral arms, (600, 2), and which arm each is on, (600,): 0 or 1."""
    rng = np.random.default_rng([root, seed, ("train", "heldout").index(split)])
    labels = np.arange(POINTS) % 2
    turn = rng.uniform(0.25, 1.0, POINTS)
    angle = 2.0 * np.pi * turn + np.pi * labels
    points = 1.5 * turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points += rng.normal(0.0, 0.05, points.shape)
    order = rng.permutation(POINTS)
    return points[order].astype(np.float32), labels[order].astype(np.float32)


SPIRALS = suite.Dataset(
    name="spirals",
    source="two arms of an Archimedean spiral, three quarters of a turn each, noise 0.05",
    draw=spirals,
    title="two spirals",
    features=2,
    points=POINTS,
)


# --- what is claimed of them -------------------------------------------------------------------

CLAIMS = claims_text("""
study = "propagation"

[[claim]]
id        = "snake-grows-slowly"
statement = "With LeCun's start the mean square of snake grows slowly, by 2 to 10 % a layer on \
average over fifty layers."
source    = "the integral of snake(x)^2 over a normal density"
metric    = "forward_slope"
estimand  = "value"
of = { activation = "serpent:snake", initializer = "lecun_normal", depth = 50, width = 256 }
each      = ["framework"]
band      = [0.02, 0.1]
expected  = "supported"
because   = "E snake(x)^2 = q + 3/8 - exp(-2q)/2 + exp(-8q)/8 for x ~ N(0, q): 3/8 is added in \
each layer, so that 50 layers take q from 1 to about 20, and ln(20) / 50 = 0.06."
decides   = "standard"

[[claim]]
id        = "lsuv-starts-snake"
study     = "training"
statement = "On the spirals, four layers of snake started by LSUV end at most 0.05 of held-out \
accuracy below those started by He's rule."
source    = "Mishkin and Matas 2015 (arXiv:1511.06422)"
metric    = "heldout_accuracy"
estimand  = "difference"
of        = { activation = "serpent:snake", initializer = "serpent:lsuv", depth = 4, width = 16, \
dataset = "serpent:spirals", weights = "native" }
versus    = { activation = "serpent:snake", initializer = "he_normal", depth = 4, width = 16, \
dataset = "serpent:spirals", weights = "native" }
each      = ["framework"]
floor     = -0.05
expected  = "open"
because   = "Both starts pass signals through four layers; whether the data make a difference is \
to be found out."
decides   = "standard"
""")
