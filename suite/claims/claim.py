"""A claim as a value: what it says about which cells, and what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from suite.claims.band import Band
from suite.types import Value

Selector = Mapping[str, tuple[Value, ...]]
"""Axis -> canonical values; selects the cells that have one of the values on each of the axes."""
Estimand = Literal["value", "difference", "ratio", "ratio_to_prediction", "slope", "share", "worst"]
Reduction = Literal["mean", "median", "min", "max"]
Centre = Literal["median", "mean", "share", "every"]
Kind = Literal["sampled", "exact"]
Expectation = Literal["supported", "refuted", "open"]


@dataclass(frozen=True)
class Claim:
    """A quantity, a band, a source, the expected verdict and the reason for it.

    Each seed gives one number: the metric (or its ratio to ``prediction``) reduced over the cells
    of ``of``, or its least-squares slope along an axis; with ``versus``, the difference or ratio
    of the two sides. The interval of ``centre`` over the seeds is compared with ``band``. One seed
    outside the band refutes a ``worst``.
    """

    id: str
    statement: str
    source: str
    study: str
    metric: str
    estimand: Estimand
    of: Selector
    band: Band
    expected: Expectation
    """The verdict that theory or the literature predicts; open: none, so no verdict contradicts
    the claim."""
    because: str
    """Why that verdict is expected and where the band comes from, written before the run."""
    decides: str
    """The smallest profile that decides the claim."""
    file: str
    text_hash: str
    """12 hexadecimal digits of the SHA-256 of everything the claim says."""
    versus: Selector | None = None
    each: tuple[str, ...] = ()
    """Axes with a verdict of its own for each value."""
    reduce: Reduction | None = None
    """How the cells of one seed become one number."""
    centre: Centre = "median"
    """What the interval is about: the median or the mean over the seeds; ``share`` where the
    estimand is one; ``every`` seed where the kind is exact or the estimand ``worst``."""
    bounds: tuple[float, float] | None = None
    """The smallest and the largest value that the metric can take; a mean has an interval only
    where they are known."""
    kind: Kind = "sampled"
    """sampled: an interval at the level of the suite. exact: an identity whose tolerance is the
    band, in which the number of every single seed must lie."""
    prediction: str | None = None
    """The metric that holds the predicted value."""
    along: str | None = None
    """The axis of a slope."""
    above: float | None = None
    """A share counts the seeds whose number is strictly above ``above`` and strictly below
    ``below``."""
    below: float | None = None
    rate: float | None = None
    """The largest share of draws outside the band that a ``worst`` tolerates: with no draw outside,
    the claim is supported once the exact interval of that count excludes a larger share."""
    headline: bool = False
    """Whether it is one of the most telling claims, which are shown first."""
