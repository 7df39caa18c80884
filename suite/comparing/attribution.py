"""Split each difference between two frameworks into what the API does and what the backend does.

A chain (``chains``) goes from one framework to the other by two steps, one of which changes only
the API and one only the backend. For every seed the split is exact:

    b - a  =  (middle - a)  +  (b - middle)

A difference is named where three things are decided about it at once:

| name | b against a | step of the API | step of the backend |
| --- | --- | --- | --- |
| API | differ | differs | is none |
| backend | differ | is none | differs |
| both | differ | differs | differs |
| neither alone | differ | is none | is none: two small steps add up |

*Differ* is the two-sided sign test over the seeds. *Is none* is never the absence of
significance: the median difference is shown to lie within the metric's tolerance, by two one-sided
tests of order statistics (TOST). The p-value of a name is the largest of its three (an
intersection-union test; Berger 1982, Technometrics 24, 295), so that it needs no correction inside
of a row. The names of all rows that were asked for are judged together at a false discovery rate of
5 % (Benjamini and Hochberg 1995): of the names that are given, one in twenty may be wrong. Every
other difference is undecided, and its row says which step is unclear.

The intervals shown are those of the median over the seeds, at a level that allows for the choice of
the rows (Benjamini and Yekutieli 2005, JASA 100, 71): 1 - 0.05 R / m for R rows of m comparisons.
Medians of sums are not sums of medians, so a row names the remainder as well. It is 0 where one of
the steps is 0 for every seed.

Where a cell has a single planned draw, whatever its study computes is a number without chance, and
is compared as such.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from suite.comparing.chains import API, BACKEND, Chain
from suite.comparing.links import Link, SideBySide, side_by_side
from suite.comparing.metric_changes import LEAST, RATE
from suite.judging.summary import medians
from suite.text_tables import number
from suite.types import Array

BOTH: Final = "both"
NEITHER: Final = "neither alone"
UNDECIDED: Final = "undecided"
NOT_SPLIT: Final = "not split"
NAMES = (API, BACKEND, BOTH, NEITHER)
"""What a difference can be named."""
KINDS = (*NAMES, UNDECIDED, NOT_SPLIT)
ATTRIBUTION = "attribution.csv"
COLUMNS = (
    "whose",
    "subject",
    "study",
    "cell",
    "metric",
    "unit",
    "a",
    "a_value",
    "middle",
    "middle_value",
    "b",
    "b_value",
    "total",
    "total_low",
    "total_high",
    "api",
    "api_low",
    "api_high",
    "backend",
    "backend_low",
    "backend_high",
    "remainder",
    "margin",
    "n",
    "level",
    "adjusted",
    "size",
    "others",
    "other_values",
    "reason",
)
"""Columns of ``attribution.csv``. ``suite.results.dictionary`` explains each."""


@dataclass(frozen=True)
class Attribution:
    """The differences between the ends of some chains, and whose doing each is."""

    chains: Sequence[Chain]
    rows: pd.DataFrame
    """A row for each cell and metric in which the ends of a chain differ, with ``COLUMNS``."""
    asked: int
    """The comparisons of a cell and a metric from which the rows come."""
    notes: tuple[str, ...] = ()
    """What limits the attribution, in sentences."""


@dataclass(frozen=True)
class _Asked:
    """The three links of a chain in one metric of a study, and the places behind them."""

    data: SideBySide
    chain: Chain
    places: Array
    """(places,) booleans: of the cells that can be split, where all three frameworks measured; of
    the others, where both ends did. Whether the ends differ is asked of every seed of theirs."""
    split: Array
    """(cells,) whether the cell can be split: a seed has all three."""
    single: Array
    """(cells,) whether one planned draw says everything."""
    margin: Array
    total: Link
    first: Link
    second: Link

    @property
    def links(self) -> tuple[Link, Link, Link]:
        """Those of the whole, of the API and of the backend."""
        if self.chain.first == API:
            return self.total, self.first, self.second
        return self.total, self.second, self.first


def attribution(
    runs: Mapping[str, pd.DataFrame],
    chains: Sequence[Chain],
    frameworks: Collection[str],
    planned: bool,
) -> Attribution:
    """Return whose doing the differences between the ends of some chains are.

    ``runs``: study -> its runs. ``frameworks``: those that are looked at, the chains' among them;
    what the others do is said beside each name. ``planned``: a cell with one seed has it because
    its study plans one draw. The order of the runs and of the frameworks does not matter.
    """
    asked = [
        one
        for chain in chains
        for data in side_by_side(runs, frameworks)
        if {chain.a, chain.b} <= data.values.keys()
        for one in _asked(data, chain, planned)
    ]
    if not asked:
        return Attribution(chains, pd.DataFrame(columns=[*COLUMNS]), 0)
    levels = _Levels(asked)
    rows = [row for one in asked for row in _rows(one, levels)]
    table = pd.DataFrame(rows, columns=[*COLUMNS])
    order = table.assign(kind=table["whose"].map(KINDS.index), large=-table["size"])
    order = order.sort_values(["kind", "large"], kind="stable")
    compared = sum(int((one.total.n > 0).sum()) for one in asked)
    return Attribution(chains, table.loc[order.index].reset_index(drop=True), compared)


def _asked(data: SideBySide, chain: Chain, planned: bool) -> list[_Asked]:
    """Return what is asked of a metric; nothing where no cell has it from both ends."""
    a, middle, b = chain.a, chain.middle, chain.b
    ends = data.together([a, b])
    nowhere = np.zeros_like(ends)
    all_three = data.together([a, middle, b]) if middle in data.values else nowhere
    if not ends.any():
        return []
    split = data.count(all_three) > 0
    places = np.where(split[data.cell], all_three, ends)
    present = [data.measured[name] for name in (a, middle, b) if name in data.measured]
    most = np.max([data.count(one) for one in present], axis=0)
    single = np.asarray(planned & (most == 1))
    known = [name for name in (a, middle, b) if name in data.values]
    margin = data.margin(known, places)
    total = data.link(a, b, ends, margin, single)
    if middle in data.values:
        steps = [(a, middle), (middle, b)]
        first, second = (data.link(*step, all_three, margin, single) for step in steps)
    else:
        nothing = np.zeros(data.cells)
        first = second = Link(nothing, nothing, nothing, nothing + 1, nothing + 1)
    return [_Asked(data, chain, places, split, single, margin, total, first, second)]


class _Levels:
    """What is decided together: the largest p-value of a link that counts, for which rows there are
    and for their names, and the level of the intervals."""

    def __init__(self, asked: Sequence[_Asked]) -> None:
        # Here, because scipy.stats takes half a second to import.
        from scipy.stats import false_discovery_control

        enough = [(one.total.n >= LEAST) & ~one.single for one in asked]
        differ = np.concatenate(
            [
                one.total.p_differ[chosen & (one.total.above + one.total.below >= LEAST)]
                for one, chosen in zip(asked, enough, strict=True)
            ]
        )
        named = np.concatenate(
            [np.concatenate([p[_enough(one)] for p in _of_names(one).values()]) for one in asked]
        )
        self.adjusted_names: Array = false_discovery_control(named) if len(named) else named
        adjusted = false_discovery_control(differ) if len(differ) else differ
        self.differ = _largest(differ, adjusted)
        """The largest p-value with which the ends of a chain differ."""
        self.named = _largest(named, self.adjusted_names)
        """The largest p-value with which a difference gets its name."""
        self.step = max(self.named, RATE / max(len(named), 1))
        """The largest p-value with which a step counts as decided where a row says why it has no
        name."""
        self._named_p = named
        family = sum(map(int, map(np.sum, enough)))
        rows = sum(
            int((chosen & self.listed(one)).sum())
            for one, chosen in zip(asked, enough, strict=True)
        )
        self.level = 1 - RATE * rows / family if rows else 1 - RATE
        """The level of the intervals."""
        share = int((self.adjusted_names <= RATE).sum()) / max(len(named), 1)
        self.follow = RATE * share
        """The level of what is asked of the rows that have got a name (Benjamini and Bogomolov
        2014, JRSS B 76, 297)."""

    def listed(self, one: _Asked) -> Array:
        """Return (cells,) whether the ends of the chain differ."""
        enough = one.total.n >= LEAST
        by_name = np.min([*_of_names(one).values()], axis=0) <= self.named
        significant = enough & ((one.total.p_differ <= self.differ) | (_enough(one) & by_name))
        return np.asarray(np.where(one.single, one.total.p_differ == 0, significant))

    def adjusted(self, p: float) -> float:
        """Return the p-value of a name after Benjamini and Hochberg."""
        same = self._named_p == p
        return float(self.adjusted_names[same][0]) if same.any() else math.nan


def _enough(one: _Asked) -> Array:
    """Return (cells,) whether a difference can have a name that is not without chance."""
    return one.split & (one.first.n >= LEAST) & ~one.single


def _largest(p: Array, adjusted: Array) -> float:
    """Return the largest p-value that is significant after the correction; -1 without one."""
    return float(p[adjusted <= RATE].max(initial=-1.0))


def _of_names(one: _Asked) -> dict[str, Array]:
    """Return name -> (cells,) its p-value: the largest of the three that it takes."""
    total, api, backend = one.links
    parts = {
        API: (api.p_differ, backend.p_equal),
        BACKEND: (api.p_equal, backend.p_differ),
        BOTH: (api.p_differ, backend.p_differ),
        NEITHER: (api.p_equal, backend.p_equal),
    }
    return {name: np.max([total.p_differ, *pair], axis=0) for name, pair in parts.items()}


def _rows(one: _Asked, levels: _Levels) -> list[dict[str, Any]]:
    """Return a row for each cell in which the ends of a chain differ."""
    listed = levels.listed(one)
    if not listed.any():
        return []
    data, chain = one.data, one.chain
    names = _of_names(one)
    values = {
        name: data.middle(name, one.places) if name in data.values else np.full(data.cells, np.nan)
        for name in (chain.a, chain.middle, chain.b)
    }
    steps = {"total": (chain.a, chain.b)}
    steps[_column(chain.first)] = chain.a, chain.middle
    steps[_column(chain.second)] = chain.middle, chain.b
    intervals = {
        column: _interval(one, step, levels.level)
        for column, step in steps.items()
        if chain.middle in data.values or column == "total"
    }
    size = _size(one)
    beside = _beside(one, levels)
    rows = []
    for cell in map(int, np.flatnonzero(listed)):
        single = bool(one.single[cell])
        limit = 0.0 if single else levels.named
        given = [name for name in NAMES if names[name][cell] <= limit and one.split[cell]]
        whose = given[0] if given else UNDECIDED if one.split[cell] else NOT_SPLIT
        row: dict[str, Any] = {
            "whose": whose,
            "subject": "",
            "study": data.study,
            "cell": data.names[cell],
            "metric": data.metric.name,
            "unit": data.metric.unit,
            "a": chain.a,
            "a_value": values[chain.a][cell],
            "middle": chain.middle,
            "middle_value": values[chain.middle][cell] if one.split[cell] else math.nan,
            "b": chain.b,
            "b_value": values[chain.b][cell],
            "margin": one.margin[cell],
            "n": int((one.first if one.split[cell] else one.total).n[cell]),
            "level": math.nan if single else levels.level,
            "adjusted": math.nan
            if single or not given
            else levels.adjusted(float(names[whose][cell])),
            "size": size[cell],
            "others": beside(cell)[0] if given else "",
            "other_values": beside(cell)[1],
            "reason": _reason(one, cell, levels.step) if not given else "",
        }
        for column in ("total", "api", "backend"):
            known = column in intervals and (one.split[cell] or column == "total")
            triple = [float(part[cell]) for part in intervals[column]] if known else [math.nan] * 3
            if single and known:
                triple[1:] = triple[0], triple[0]
            row |= zip((column, f"{column}_low", f"{column}_high"), triple, strict=True)
        row["remainder"] = _remainder(row["total"], row["api"], row["backend"])
        rows.append(row)
    return rows


def _column(step: str) -> str:
    return step.lower()


def _interval(one: _Asked, step: tuple[str, str], level: float) -> tuple[Array, Array, Array]:
    """Return the median of a step's difference over the seeds and its interval, (cells,) each."""
    difference = one.data.differences(*step)[one.places]
    found = medians(difference, one.data.cell[one.places], one.data.cells, level)
    return found["centre"], found["low"], found["high"]


def _remainder(total: float, api: float, backend: float) -> float:
    """Return what the medians of the steps leave of the median of the whole."""
    parts = api + backend
    return 0.0 if math.isclose(total, parts) else total - parts


def _size(one: _Asked) -> Array:
    """Return (cells,) the median difference in units of the margin or of the first framework's
    interquartile range, whichever is larger."""
    data, places = one.data, one.places
    by_cell = pd.Series(data.values[one.chain.a][places]).groupby(data.cell[places])
    spread = (by_cell.quantile(0.75) - by_cell.quantile(0.25)).reindex(range(data.cells))
    unit = np.fmax(spread.replace([np.inf, -np.inf], np.nan).to_numpy(), one.margin)
    middle = _interval(one, (one.chain.a, one.chain.b), 1 - RATE)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(middle == 0, 0.0, np.abs(middle) / unit))


def _beside(one: _Asked, levels: _Levels) -> Callable[[int], tuple[str, str]]:
    """Return a function from a cell to what the other frameworks do in it, and to their medians.

    Each is as one end of the chain where it is shown to equal it and to differ from the other end;
    as neither, where it differs from both. Three answers about each are asked at once.
    """
    data, chain = one.data, one.chain
    others = sorted(data.values.keys() - {chain.a, chain.middle, chain.b})
    limit = levels.follow / max(3 * len(others), 1)
    found: dict[str, tuple[Array, dict[str, Array], Array]] = {}
    for name in others:
        places = one.places & data.together([chain.a, chain.b, name]) & data.measured[name]
        to_a, to_b = (
            data.link(name, end, places, one.margin, one.single) for end in (chain.a, chain.b)
        )
        p = {
            f"as {chain.a}": np.maximum(to_a.p_equal, to_b.p_differ),
            f"as {chain.b}": np.maximum(to_b.p_equal, to_a.p_differ),
            "as neither": np.maximum(to_a.p_differ, to_b.p_differ),
        }
        found[name] = data.middle(name, places), p, data.count(places)

    def words(cell: int) -> tuple[str, str]:
        said, medians_of = [], []
        for name, (middle, p, n) in found.items():
            if not n[cell]:
                continue
            at = 0.0 if one.single[cell] else limit
            fitting = [word for word, values in p.items() if values[cell] <= at]
            said.append(f"{name} {fitting[0] if fitting else 'unclear'}")
            medians_of.append(f"{name} {number(middle[cell])}")
        return "; ".join(said), "; ".join(medians_of)

    return words


def _reason(one: _Asked, cell: int, limit: float) -> str:
    """Return why a difference has no name."""
    chain = one.chain
    if not one.split[cell]:
        return f"no seed was measured in {chain.a}, {chain.middle} and {chain.b}"
    n = int(one.first.n[cell])
    if n < LEAST and not one.single[cell]:
        return f"{n} seeds in all three; a name needs {LEAST}"
    unclear = []
    steps = ((chain.first, one.first), (chain.second, one.second))
    for step, link in steps:
        if link.p_differ[cell] > limit and link.p_equal[cell] > limit:
            differ = f"+{int(link.above[cell])} -{int(link.below[cell])} of {n}"
            unclear.append(f"{step} unclear ({differ} differ)")
        else:
            word = "differs" if link.p_differ[cell] <= limit else "is none"
            unclear.append(f"{step} {word}")
    return "; ".join(unclear)
