"""The study ``products``: closed forms, the algebra of small singular values, the figures."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import polygamma, psi

from suite.frameworks.numpy import Numpy
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.report import products as page
from suite.report.common.drawing import Drawing, NotDrawn
from suite.studies.products import (
    LARGEST,
    SMALLEST,
    Products,
    factors,
    largest_entry,
    log_singular_values,
    observe,
    single_precision,
    through,
)
from suite.theory import products as theory
from suite.types import Array, Lab, Measurement, Member, Stack, Table, Value

RNG = np.random.default_rng(5)


def stack_of(width: int, scales: tuple[float, ...] = (1.0,), seeds: int = 20) -> Stack:
    selection = grids.Selection(
        "quick", ("numpy",), {"width": (width,), "depth": (30,), "scale": scales}, seeds
    )
    (stack,) = grids.stacks(Products(), selection)
    return stack


def measure(stack: Stack, root: int = 0) -> Measurement:
    return Products().measure(stack, Lab(Numpy(), Numpy(), root))


# --- theory -------------------------------------------------------------------------------------


def test_psi_at_half_integers_is_that_of_scipy() -> None:
    """The sums of a few dozen terms are off by a few units in the last place."""
    for n in range(1, 130):
        assert theory.psi_half(n) == pytest.approx(psi(n / 2), abs=1e-13)
        assert theory.psi_prime_half(n) == pytest.approx(polygamma(1, n / 2), abs=1e-13)


def test_exponents_and_variances_are_moments_of_log_chi() -> None:
    """With 200,000 draws the standard error of the most variable exponent is 0.0025."""
    drawn = RNG.standard_normal((200_000, 4))
    for k, free in enumerate((4, 3, 2, 1)):
        log = np.log(np.linalg.norm(drawn[:, :free], axis=1))
        assert log.mean() == pytest.approx(theory.exponents(4)[k], abs=0.01)
        assert log.var() == pytest.approx(theory.variances(4)[k], rel=0.03)
    assert theory.exponents(4, 3.0) - theory.exponents(4) == pytest.approx(math.log(3))


def test_the_critical_scale_has_no_growth() -> None:
    for n in (1, 4, 32):
        assert theory.exponents(n, theory.critical_scale(n))[0] == pytest.approx(0, abs=1e-14)
    assert theory.critical_scale(1000) * math.sqrt(1000) == pytest.approx(1, abs=1e-3)


def test_a_product_never_reaches_a_size_away_from_which_it_moves() -> None:
    assert theory.factors_until(88.0, 0.5) == 176
    assert theory.factors_until(-88.0, 0.5) == math.inf
    assert theory.factors_until(88.0, 0.0) == math.inf


# --- algebra ------------------------------------------------------------------------------------


def product(drawn: Array) -> Array:
    """Multiply (depth, n, n) factors the plain way, with the first one rightmost."""
    result = np.eye(drawn.shape[1])
    for factor in drawn:
        result = factor @ result
    return result


def test_the_first_column_of_logs_is_the_norm_of_a_column() -> None:
    drawn = RNG.standard_normal((3, 12, 4, 4))
    logs, _ = through(drawn, np.broadcast_to(np.eye(4), (3, 4, 4)))
    for member in range(3):
        whole = product(drawn[member])
        column = np.log(np.linalg.norm(whole[:, 0]))
        assert logs[member, :, 0].sum() == pytest.approx(column, rel=1e-12)
        determinant = np.linalg.slogdet(drawn[member])[1].sum()
        assert logs[member].sum() == pytest.approx(determinant, rel=1e-12)
        assert largest_entry(drawn)[member] == pytest.approx(np.log10(np.abs(whole).max()))


def test_singular_values_agree_with_those_of_a_short_product() -> None:
    """With ten factors s4/s1 is near 1e-6, which the product itself resolves to ten digits; the
    passes converge by the square of the ratio of neighbouring singular values."""
    drawn = RNG.standard_normal((5, 10, 4, 4))
    _, left = through(drawn, np.broadcast_to(np.eye(4), (5, 4, 4)))
    logs = log_singular_values(drawn, left)
    direct = [np.log(np.linalg.svd(product(member), compute_uv=False)) for member in drawn]
    separated = np.diff(direct, axis=1).max(axis=1) < math.log(0.5)
    assert separated.sum() >= 2
    assert logs[separated] == pytest.approx(np.array(direct)[separated], abs=2e-3)


def test_singular_values_are_resolved_below_double_precision() -> None:
    """The product of fifty matrices diag(1, 1e-3) between rotations has s2/s1 = 1e-150."""
    rotations = [np.linalg.qr(RNG.standard_normal((2, 2)))[0] for _ in range(51)]
    drawn = np.stack([rotations[i + 1] @ np.diag([1, 1e-3]) @ rotations[i].T for i in range(50)])[
        None
    ]
    _, left = through(drawn, np.eye(2)[None])
    assert log_singular_values(drawn, left)[0] == pytest.approx([0, -150 * math.log(10)], abs=1e-6)


def test_overflow_and_underflow_of_single_precision_are_counted() -> None:
    drawn = np.full((3, 200, 1, 1), 1.0)
    drawn[0], drawn[1] = 2.0, 0.5
    overflow, underflow = single_precision(drawn)
    assert overflow.tolist() == [128, math.inf, math.inf]
    assert underflow.tolist() == [math.inf, 150, math.inf]  # 2^-149 is the smallest number
    assert math.exp(LARGEST - 88) == pytest.approx(2.0**128 / math.exp(88))
    assert pytest.approx(-149 * math.log(2)) == SMALLEST


# --- the study ----------------------------------------------------------------------------------


def column(measurement: Measurement, metric: str, table: str = "runs") -> Array:
    return next(t for t in measurement.tables if t.name == table).columns[metric]


@pytest.mark.parametrize("width", [1, 2, 8])
def test_a_run_follows_the_exact_law_and_shows_a_wrong_one(width: int) -> None:
    """With 20 products of 30 factors the mean of an exponent has a standard error of at most
    1.11 / sqrt(600) = 0.045. The wrong law has the fan n instead of n - k + 1, or a scale that is
    20 % too large (ln 1.2 = 0.18)."""
    measurement = measure(stack_of(width))
    for metric in ("top_exponent_error", "last_exponent_error", "mean_exponent_error"):
        assert abs(column(measurement, metric).mean()) < 0.15
    planted = np.stack([factors(member, 0) for member in stack_of(width).members]) * 1.2
    wrong, _ = observe(planted, np.ones(20))
    assert wrong["mean_exponent_error"].mean() > 0.05
    if width == 8:
        last = column(measurement, "last_exponent")
        assert abs(last.mean() - theory.exponents(8)[0]) > 1


def test_a_product_of_numbers_has_no_second_singular_value() -> None:
    assert "singular_gap" not in measure(stack_of(1)).tables[0].columns
    assert (column(measure(stack_of(2)), "singular_gap") < 0).all()


def test_scales_have_their_own_draws_and_longer_products_the_same_first_factors() -> None:
    first = stack_of(2, (0.5, 2.0), seeds=1).members
    small, large = (factors(member, 0) for member in first)
    assert not np.allclose(small / 0.5, large / 2.0)
    cells = [
        make_cell(Products(), {"framework": "numpy", "width": 2, "depth": d, "scale": 2.0})
        for d in (10, 30)
    ]
    short, long = (factors(Member(cell, 0), 0) for cell in cells)
    assert np.array_equal(short, long[:10])
    assert not np.array_equal(factors(first[0], 0), factors(first[0], 1))


def test_a_scale_of_zero_is_not_measured() -> None:
    values: dict[str, Value] = {"framework": "numpy", "width": 2, "depth": 3, "scale": 0.0}
    assert Products().unsupported(make_cell(Products(), values)) is not None


# --- figures ------------------------------------------------------------------------------------


def frame(table: Table, width: int) -> pd.DataFrame:
    """Return a table of one cell as a run writes it."""
    ((name, places),) = table.coordinates.items()
    data: dict[str, object] = {"depth": 101, "width": width, "scale": 1.0, name: places, "n": 20}
    for metric, values in table.columns.items():
        for end, share in (("", 0.5), ("_low", 0.05), ("_high", 0.95)):
            data[metric + end] = np.quantile(values, share, axis=0)
    return pd.DataFrame(data)


@pytest.mark.parametrize(("draw", "position"), [(page.growth, 2), (page.spectrum, 1)])
def test_figures_show_the_table_and_name_what_is_missing(
    draw: Callable[[pd.DataFrame], Drawing], position: int
) -> None:
    rows = frame(measure(stack_of(4)).tables[position], 4)
    drawing = draw(rows)
    assert "n = 20 seeds" in drawing.caption
    metric = "log_norm" if position == 2 else "exponent"
    drawn = [np.asarray(line.get_ydata()) for line in drawing.figure.axes[0].lines]
    assert any(np.array_equal(y, rows[metric]) for y in drawn)
    assert any(np.array_equal(y, rows[f"{metric}_predicted"]) for y in drawn)
    with pytest.raises(NotDrawn, match="did not measure"):
        draw(rows.drop(columns=metric))
    with pytest.raises(NotDrawn, match="has none"):
        draw(rows.assign(scale=2.0))
