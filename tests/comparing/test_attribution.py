"""Whose doing a difference is, where the truth is planted: names, numbers, and how often a name is
wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from suite.comparing import attribution as module
from suite.comparing.attribution import COLUMNS, Attribution, attribution
from suite.comparing.chains import API, BACKEND, Chain, between, chains_of, possible
from suite.comparing.links import SideBySide
from suite.metrics import METRICS
from suite.types import Array

A, MIDDLE, B, OTHER = "left", "between", "right", "aside"
CHAIN = Chain(A, MIDDLE, B, API)
METRIC = METRICS["heldout_accuracy"]
MARGIN = METRIC.tolerance
SEEDS = 20
FRAMEWORKS = (A, MIDDLE, B, OTHER)

Values = Mapping[str, Array | Sequence[float] | float]
"""Framework -> its value at each seed, or at all."""


def runs(cells: Sequence[Values], seeds: int = SEEDS, metric: str = METRIC.name) -> pd.DataFrame:
    """Return the runs of cells that differ in their depth; a seed that a framework lacks is NaN in
    ``cells`` and has no run."""
    rows = []
    for depth, cell in enumerate(cells, 1):
        for framework, values in cell.items():
            column = np.broadcast_to(np.asarray(values, dtype=float), seeds)
            rows += [
                (framework, depth, seed, "ok", "", value)
                for seed, value in enumerate(column)
                if not np.isnan(value)
            ]
    head = ["framework", "depth", "seed", "status", "reason", metric]
    return pd.DataFrame(rows, columns=head)


def split(
    cells: Sequence[Values],
    chain: Chain = CHAIN,
    planned: bool = False,
    seeds: int = SEEDS,
    metric: str = METRIC.name,
) -> Attribution:
    return attribution(
        {"training": runs(cells, seeds, metric)}, [chain], FRAMEWORKS, planned=planned
    )


def names(found: Attribution) -> dict[int, str]:
    """Return the depth of each cell that has a row -> its name."""
    depths = found.rows["cell"].str.extract(r"depth=(\d+)")[0].fillna("4").astype(int)
    return dict(zip(depths, found.rows["whose"], strict=True))


def row(cell: Values, **keys: object) -> pd.Series:
    found = split([cell], **keys)  # type: ignore[arg-type]
    assert len(found.rows) == 1
    return found.rows.iloc[0]


def base(rng: int = 0) -> Array:
    return np.random.default_rng(rng).uniform(0.6, 0.8, SEEDS)


PLANTED: list[tuple[str, tuple[float, float, float]]] = [
    ("API", (0, 0.1, 0.1)),
    ("API", (0, -0.1, -0.1 + MARGIN / 2)),
    ("backend", (0, 0, 0.1)),
    ("backend", (0, MARGIN / 2, 0.1)),
    ("both", (0, 0.1, 0.2)),
    ("both", (0, 0.1, -0.1)),
    ("neither alone", (0, 0.8 * MARGIN, 1.6 * MARGIN)),
]


@pytest.mark.parametrize(("name", "shifts"), PLANTED)
def test_the_planted_truth_is_named(name: str, shifts: tuple[float, float, float]) -> None:
    a, middle, b = (base() + shift for shift in shifts)
    found = row({A: a, MIDDLE: middle, B: b})
    assert found["whose"] == name
    assert found["total"] == pytest.approx(shifts[2] - shifts[0])
    assert found["api"] == pytest.approx(shifts[1] - shifts[0])
    assert found["backend"] == pytest.approx(shifts[2] - shifts[1])
    assert found["remainder"] == pytest.approx(0, abs=1e-12)
    assert found["a_value"] == pytest.approx(np.median(a))
    assert (found["n"], found["margin"]) == (SEEDS, MARGIN)


def test_no_difference_has_no_row() -> None:
    found = split([{A: base(), MIDDLE: base(), B: base()}, {A: 0.5, MIDDLE: 0.9, B: 0.5}])
    assert found.rows.empty
    assert list(found.rows.columns) == [*COLUMNS]
    assert found.asked == 4  # two cells, the metric and the share of runs that end well


def test_a_step_that_nobody_can_see_is_no_step_that_is_shown_to_be_none() -> None:
    """Both Kerases scatter by ten margins around the same value: 20 seeds cannot say that they are
    equal, and so the difference has no name."""
    noise = np.random.default_rng(1).normal(0, 10 * MARGIN, (2, SEEDS))
    found = row({A: 0.5, MIDDLE: 0.9 + noise[0], B: 0.9 + noise[1]})
    assert found["whose"] == "undecided"
    assert found["reason"].startswith("API differs; backend unclear (+")
    assert math.isnan(found["adjusted"])
    assert found["api_low"] <= found["api"] <= found["api_high"]


def test_the_step_that_comes_first_may_be_the_backend() -> None:
    turned = Chain(A, MIDDLE, B, BACKEND)
    cell = {A: base(), MIDDLE: base() + 0.1, B: base() + 0.1}
    found = row(cell, chain=turned)
    assert (found["whose"], found["backend"]) == ("backend", pytest.approx(0.1))
    assert found["api"] == 0


def test_infinite_values_are_data() -> None:
    slow = base() + 20
    never = [math.inf] * SEEDS
    metric = "first_epoch_95"
    api = row({A: slow, MIDDLE: never, B: never}, metric=metric)
    assert (api["whose"], api["api"], api["backend"]) == ("API", math.inf, 0)
    assert (api["total"], api["remainder"], api["b_value"]) == (math.inf, 0, math.inf)
    assert api["margin"] == METRICS[metric].tolerance  # not that of an infinite size
    both = row({A: never, MIDDLE: slow, B: slow + 9}, metric=metric)
    assert (both["whose"], both["api"]) == ("both", -math.inf)
    nan = row({A: slow, MIDDLE: slow, B: never}, metric=metric)
    assert nan["whose"] == "backend"


def test_ties_and_a_few_different_seeds() -> None:
    """A step in which two of twenty seeds differ is shown to be none; not one in which ten do, on
    both sides, nor one in which five do, all downwards, too few for the sign test."""
    a = np.zeros(SEEDS)
    few, some = a + 0.5, a + 0.5
    few = np.where(np.arange(SEEDS) < 2, [0.4, 0.6] * 10, few)
    some = np.where(np.arange(SEEDS) < 10, [0.4, 0.6] * 10, some)
    down = np.where(np.arange(SEEDS) < 5, 0.4, a + 0.5)
    found = split([{A: a, MIDDLE: a + 0.5, B: b} for b in (few, some, down)])
    assert names(found) == {1: "API", 2: "undecided", 3: "undecided"}


def test_missing_seeds_leave_all_three() -> None:
    """A seed counts where all three frameworks have it, so that the split is exact for each."""
    hole = np.where(np.arange(SEEDS) < 5, math.nan, 0.0)
    found = row({A: base(), MIDDLE: base() + 0.1 + hole, B: base() + 0.1})
    assert (found["whose"], found["n"]) == ("API", SEEDS - 5)
    assert found["a_value"] == pytest.approx(np.median(base()[5:]))
    assert found["a_value"] != pytest.approx(np.median(base()))
    hole = np.where(np.arange(SEEDS) < 17, math.nan, 0.0)
    few = row({A: base(), MIDDLE: base() + hole, B: 0.1})
    assert (few["whose"], few["n"]) == ("undecided", 3)
    assert few["reason"] == "3 seeds in all three; a name needs 6"


def test_without_the_framework_between_there_is_no_split() -> None:
    found = row({A: base(), B: base() + 0.1})
    assert (found["whose"], found["total"]) == ("not split", pytest.approx(0.1))
    assert found["reason"] == f"no seed was measured in {A}, {MIDDLE} and {B}"
    assert math.isnan(found["api"])
    assert math.isnan(found["middle_value"])


def test_a_single_planned_draw_is_compared_as_a_number() -> None:
    cell = {A: 0.5, MIDDLE: 0.7, B: 0.7, OTHER: 0.5}
    found = row(cell, planned=True, seeds=1)
    assert (found["whose"], found["n"], found["others"]) == ("API", 1, f"{OTHER} as {A}")
    assert (found["api_low"], found["api_high"]) == (found["api"], found["api"])
    assert split([cell], seeds=1).rows.empty  # one seed of many says nothing


def test_the_share_of_runs_that_end_is_equal_only_where_every_run_is() -> None:
    frame = runs([{A: 0.5, MIDDLE: 0.5, B: 0.5}])
    lost = (frame["framework"] != A) & (frame["seed"] < 15)
    frame["status"] = np.where(lost, "failed", "ok")
    one_more = (frame["framework"] == B) & (frame["seed"] == 16)
    for bad, name in ((False, "API"), (one_more, "undecided")):
        frame["status"] = np.where(bad, "failed", frame["status"])
        found = attribution({"training": frame}, [CHAIN], FRAMEWORKS, planned=False)
        share = found.rows[found.rows["metric"] == "ok_share"]
        assert list(share["whose"]) == [name]


def test_what_the_others_do() -> None:
    cells = [
        {A: base(), MIDDLE: base() + 0.1, B: base() + 0.1, OTHER: base() + shift}
        for shift in (0, 0.1, 0.3)
    ]
    found = split(cells).rows.sort_values("other_values")
    assert list(found["others"]) == [f"{OTHER} as {A}", f"{OTHER} as {B}", f"{OTHER} as neither"]


def test_order_and_names_do_not_matter() -> None:
    """Rows in another order, and frameworks under other names, give the same numbers."""
    rng = np.random.default_rng(3)
    cells = [
        {name: base(index) + rng.normal(0, 0.05, SEEDS) for name in FRAMEWORKS}
        | {A: base(index) + 0.1}
        for index in range(6)
    ]
    frame = runs(cells)
    first = attribution({"training": frame}, [CHAIN], FRAMEWORKS, planned=False).rows
    order = rng.permutation(len(frame))
    turned = frame.iloc[order].reset_index(drop=True)
    second = attribution({"training": turned}, [CHAIN], FRAMEWORKS[::-1], planned=False).rows
    by = ["cell", "metric"]
    pd.testing.assert_frame_equal(
        first.sort_values(by, ignore_index=True), second.sort_values(by, ignore_index=True)
    )
    other = dict(zip(FRAMEWORKS, ("z", "a", "m", "b"), strict=True))
    renamed = frame.assign(framework=frame["framework"].map(other))
    chain = Chain(other[A], other[MIDDLE], other[B], API)
    third = attribution({"training": renamed}, [chain], list(other.values()), planned=False).rows
    numbers = ["whose", "total", "total_low", "api", "api_high", "backend", "n", "adjusted"]
    pd.testing.assert_frame_equal(first[numbers], third[numbers])
    assert len(first)


def test_read_from_the_other_end() -> None:
    """From B to A the names are the same and the numbers have the other sign."""
    cells = [
        {A: base(), MIDDLE: base() + 0.1, B: base() + 0.1},
        {A: base(), MIDDLE: base() + 0.1, B: base() + 0.4},
    ]
    there, back = split(cells).rows, split(cells, Chain(B, MIDDLE, A, BACKEND)).rows
    by = ["cell"]
    there, back = (rows.sort_values(by, ignore_index=True) for rows in (there, back))
    assert list(there["whose"]) == list(back["whose"]) == ["API", "both"]
    for column in ("total", "api", "backend"):
        assert there[column].to_numpy() == pytest.approx(-back[column].to_numpy())


# --- how often a name is wrong ------------------------------------------------------------------

_TRUE = ({""}, {"API"}, {"both"}, {"API"}, {"backend"})
"""The names that are right, by the kind of a cell; "" for none."""
_CELLS = 80


def world(seed: int) -> list[Values]:
    """Return cells of each kind: nothing, the API alone and the same kernels, the API and a small
    step of the backend, the API and new draws of one law, the backend alone and new draws."""
    rng = np.random.default_rng(seed)

    def draw(shift: float = 0.0, spread: float = 3 * MARGIN) -> Array:
        return np.asarray(0.5 + shift + rng.normal(0, spread, SEEDS))

    cells: list[Values] = []
    for _ in range(_CELLS):
        keras = draw(0.2)
        cells += [
            {A: draw(), MIDDLE: draw(), B: draw()},
            {A: draw(), MIDDLE: keras, B: keras + rng.normal(0, MARGIN / 10, SEEDS)},
            {A: draw(), MIDDLE: draw(0.2), B: draw(0.2 + 1.5 * MARGIN)},
            {A: draw(), MIDDLE: draw(0.2), B: draw(0.2)},
            {A: draw(), MIDDLE: draw(), B: draw(0.2)},
        ]
    return cells


def wrong(found: Attribution) -> tuple[int, int]:
    """Return how many names are wrong, and how many there are."""
    given = {depth: name for depth, name in names(found).items() if name in module.NAMES}
    false = [name not in _TRUE[(depth - 1) % len(_TRUE)] for depth, name in given.items()]
    return sum(false), len(false)


def share_of_wrong(worlds: int = 12) -> float:
    """Return the mean share of wrong names over some worlds."""
    counts = [wrong(split(world(seed))) for seed in range(worlds)]
    assert all(total >= _CELLS * 0.9 for _, total in counts)
    return float(np.mean([false / max(total, 1) for false, total in counts]))


def test_at_most_one_name_in_twenty_is_wrong() -> None:
    """Some 1,000 names: a share of 5 % would be measured to about 0.7 %."""
    assert share_of_wrong() <= 0.05


def silent(link: Callable[..., object]) -> Callable[..., object]:
    """Return the mistake that takes absence of significance for equality."""

    def mistaken(*given: object) -> object:
        found = link(*given)
        equal = np.where(found.p_differ > 0.05, 0.0, 1.0)  # type: ignore[attr-defined]
        return type(found)(found.n, found.above, found.below, found.p_differ, equal)  # type: ignore[attr-defined,call-arg]

    return mistaken


def wide(margin: Callable[..., Array]) -> Callable[..., Array]:
    """Return the mistake of a margin that is five times too wide."""
    return lambda *given: 5 * margin(*given)


@pytest.mark.parametrize(("name", "mistake"), [("link", silent), ("margin", wide)])
def test_the_simulation_catches_a_careless_rule(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    mistake: Callable[[Callable[..., object]], Callable[..., object]],
) -> None:
    monkeypatch.setattr(SideBySide, name, mistake(getattr(SideBySide, name)))
    assert share_of_wrong(2) > 0.1


def test_intervals_miss_no_more_often_than_they_say() -> None:
    """Of the rows that are shown because they differ, the intervals of the API's step hold the true
    step of 0.2 at their level, although the rows were chosen by the data."""
    missed = total = 0
    for seed in range(6):
        rows = split(world(seed)).rows
        depths = rows["cell"].str.extract(r"depth=(\d+)")[0].fillna("4").astype(int)
        ours = rows[depths.sub(1).mod(len(_TRUE)).isin((1, 2, 3))]
        missed += int(((ours["api_low"] > 0.2) | (ours["api_high"] < 0.2)).sum())
        total += len(ours)
    assert total > 1000
    assert missed / total <= 1 - rows["level"].min() + 0.01


# --- chains -----------------------------------------------------------------------------------

PARTS = {
    "torch": ("torch", "torch"),
    "tensorflow": ("keras", "tensorflow"),
    "jax": ("flax", "jax"),
    "keras_torch": ("keras", "torch"),
    "keras_jax": ("keras", "jax"),
}


def test_chains() -> None:
    torch = Chain("torch", "keras_torch", "tensorflow", API)
    jax = Chain("tensorflow", "keras_jax", "jax", BACKEND)
    assert (torch.second, jax.second) == (BACKEND, API)
    assert chains_of(PARTS, PARTS) == [torch, jax]
    assert chains_of(["tensorflow", "keras_torch", "torch"], PARTS) == [torch]
    assert chains_of(["torch", "tensorflow", "jax"], PARTS) == []
    assert chains_of(["keras_torch", "keras_jax", "numpy"], PARTS) == []
    assert possible(["jax", "torch", "tensorflow"], PARTS) == [torch, jax]
    assert between("torch", "jax", PARTS) is None
    assert between("torch", "keras_torch", PARTS) is None
    assert between("numpy", "torch", PARTS) is None
    assert between("torch", "keras_jax", PARTS) == Chain("torch", "keras_torch", "keras_jax", API)
