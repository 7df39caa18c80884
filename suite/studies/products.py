"""The growth of products of Gaussian matrices, compared with the exact law.

A product of ``depth`` matrices of ``width`` x ``width`` with independent N(0, ``scale``^2) entries
is a linear network at initialisation. Everything is computed in double precision and in a form
that neither overflows nor loses small singular values; the product is also computed in single
precision, to see where that overflows.
"""

from __future__ import annotations

import math

import numpy as np

from suite import seeds
from suite.studies.common import costs
from suite.studies.common.measurements import completed
from suite.theory import products as theory
from suite.types import (
    BLOCK,
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    Table,
    TableSpec,
)

FACTORS = 101
"""The number of factors: a matrix and 100 more, as in the published demonstration."""
ROUNDS = 2
"""The number of QR passes back and forth: with s2/s1 below 0.5, two make ln(s2/s1) exact to three
digits."""
LARGEST = math.log(float(np.finfo(np.float32).max))
SMALLEST = math.log(float(np.finfo(np.float32).smallest_subnormal))


class Products(Study):
    """Products of 101 matrices by width, and of 250 by scale; only NumPy is needed."""

    name = "products"
    position = 120
    question = (
        "Does a product of Gaussian matrices explode, how fast, and at which scale does it not?"
    )
    source = "stability notes; Newman 1986; Forrester 2013"
    frameworks = ("numpy",)
    axes = ("framework", "depth", "width", "scale")
    within = ("scale",)
    tables = (
        TableSpec(
            "runs",
            (
                "top_exponent",
                "top_exponent_predicted",
                "top_exponent_error",
                "last_exponent",
                "last_exponent_predicted",
                "last_exponent_error",
                "mean_exponent",
                "mean_exponent_predicted",
                "mean_exponent_error",
                "spectrum_slope",
                "critical_scale",
                "critical_scale_predicted",
                "log_norm_score",
                "largest_entry",
                "singular_gap",
                "singular_gap_predicted",
                "overflow_factor",
                "overflow_factor_predicted",
                "underflow_factor",
                "underflow_factor_predicted",
            ),
        ),
        TableSpec("spectrum", ("exponent", "exponent_predicted"), ("index",), per="seeds"),
        TableSpec(
            "growth",
            ("log_norm", "log_norm_predicted", "log_norm_sd_predicted"),
            ("factor",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (_grid((1, 2, 4), seeds=10 * BLOCK),)
        if profile == "quick":
            return quick
        # The standard deviation of a product's top exponent is 1.1 (n = 1) to 0.13 (n = 32) over
        # the root of the number of factors, and the interval of a median reaches 5 of them over
        # the root of the number of seeds to either side.
        critical = [
            _grid((n,), scale=round(theory.critical_scale(n), 6), seeds=count)
            for n, count in ((4, 1000), (32, 400))
        ]
        standard = (
            _grid((1, 2, 3, 4, 8, 16, 32), seeds=10 * BLOCK),
            *quick,
            _grid((2, 3, 4), seeds=1000),
            _grid((1, 8, 16, 32), seeds=400),
            *critical,
            _grid((4,), scale=0.5, seeds=400),
            Grid({"depth": (250,), "width": (4,), "scale": (0.25, 1.0, 2.0)}, 300),
        )
        if profile == "standard":
            return standard
        return (
            _grid((1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64), seeds=10 * BLOCK),
            *standard,
            _grid((1, 2, 3, 4), seeds=4000),
        )

    def unsupported(self, cell: Cell) -> str | None:
        if float(cell["scale"]) <= 0:
            return "a product has a finite logarithm only for a scale above zero"
        return None

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        drawn = np.stack([factors(member, lab.root) for member in stack.members])
        scales = np.array([float(member.cell["scale"]) for member in stack.members])
        columns, tables = observe(drawn, scales)
        return completed(len(stack.members), Table("runs", {}, columns), *tables)

    def cost(self, stack: Stack) -> Cost:
        entries = sum(m.cell.count("depth") * m.cell.count("width") ** 2 for m in stack.members)
        passes = sum(m.cell.count("depth") for m in stack.members)
        seconds = 0.01 + 1e-5 * passes + 1.2e-7 * entries
        return Cost(seconds, costs.NUMPY_WORKER + 6 * 8.0 * entries)


def _grid(widths: tuple[int, ...], scale: float = 1.0, seeds: int = BLOCK) -> Grid:
    return Grid({"depth": (FACTORS,), "width": widths, "scale": (scale,)}, seeds)


def factors(member: Member, root: int) -> Array:
    """Draw the matrices, (depth, width, width); a longer product begins with the same ones."""
    depth, width = member.cell.count("depth"), member.cell.count("width")
    scale = float(member.cell["scale"])
    rng = seeds.generator(root, "factors", seed=member.seed, width=width, scale=repr(scale))
    return scale * rng.standard_normal((depth, width, width))


def observe(drawn: Array, scales: Array) -> tuple[dict[str, Array], tuple[Table, Table]]:
    """Return the columns of ``runs``, (K,) each, and the tables ``spectrum`` and ``growth``.

    ``drawn``: (K, depth, n, n), the first factor first; ``scales``: the scales of the entries,
    (K,).
    """
    depth, n = drawn.shape[1:3]
    logs, left = through(drawn, np.broadcast_to(np.eye(n), (len(drawn), n, n)))
    measured = logs.mean(axis=1)
    exact = np.array([theory.exponents(n, scale) for scale in scales])
    count = np.arange(1, depth + 1)
    log_norm = logs[..., 0].cumsum(axis=1)
    log_norm_exact = count * exact[:, :1]
    spread = np.sqrt(count * theory.variances(n)[0])
    overflow, underflow = single_precision(drawn)
    columns = {
        **_beside("top_exponent", measured[:, 0], exact[:, 0]),
        **_beside("last_exponent", measured[:, -1], exact[:, -1]),
        **_beside("mean_exponent", measured.mean(axis=1), exact.mean(axis=1)),
        "critical_scale": scales * np.exp(-measured[:, 0]),
        "critical_scale_predicted": np.full(len(drawn), theory.critical_scale(n)),
        "log_norm_score": (log_norm - log_norm_exact)[:, -1] / spread[-1],
        "largest_entry": largest_entry(drawn),
        "overflow_factor": overflow,
        "overflow_factor_predicted": _until(LARGEST, exact),
        "underflow_factor": underflow,
        "underflow_factor_predicted": _until(SMALLEST, exact),
    }
    if n > 1:  # with n = 1 there is only one exponent and one singular value
        centred = exact - exact.mean(axis=1, keepdims=True)
        columns["spectrum_slope"] = (centred * measured).sum(axis=1) / (centred**2).sum(axis=1)
        singular = log_singular_values(drawn, left)
        columns["singular_gap"] = singular[:, 1] - singular[:, 0]
        columns["singular_gap_predicted"] = depth * (exact[:, 1] - exact[:, 0])
    spectrum = {"exponent": measured, "exponent_predicted": exact}
    growth = {
        "log_norm": log_norm,
        "log_norm_predicted": log_norm_exact,
        "log_norm_sd_predicted": np.tile(spread, (len(drawn), 1)),
    }
    return columns, (
        Table("spectrum", {"index": np.arange(1, n + 1)}, spectrum),
        Table("growth", {"factor": count}, growth),
    )


def _beside(name: str, measured: Array, exact: Array) -> dict[str, Array]:
    return {name: measured, f"{name}_predicted": exact, f"{name}_error": measured - exact}


def _until(size: float, exact: Array) -> Array:
    return np.array([theory.factors_until(size, float(rates[0])) for rates in exact])


def through(drawn: Array, basis: Array) -> tuple[Array, Array]:
    """Send an orthonormal basis through the factors, and make it orthonormal after each.

    ``drawn``: (K, depth, n, n); ``basis``: (K, n, n). Returns ln|R_kk| of each step, (K, depth, n),
    and the last basis. Starting from the unit matrix, the sum of the first column is the ln(norm)
    of the product's first column.
    """
    steps = []
    for position in range(drawn.shape[1]):
        basis, triangle = np.linalg.qr(drawn[:, position] @ basis)
        steps.append(np.log(np.abs(np.diagonal(triangle, axis1=1, axis2=2))))
    return np.stack(steps, axis=1), basis


def log_singular_values(drawn: Array, left: Array) -> Array:
    """Return the logarithms of the product's singular values, (K, n), descending.

    ``left``: the basis to which the factors carry the unit matrix. Passes back through the
    transposed factors and forward again are subspace iteration (Stewart 1997): no product is ever
    formed, so a singular value 1e-40 times the first is as exact as the first.
    """
    back = drawn[:, ::-1].swapaxes(-1, -2)
    for _ in range(ROUNDS):
        _, right = through(back, left)
        logs, left = through(drawn, right)
    return np.asarray(logs.sum(axis=1))


def largest_entry(drawn: Array) -> Array:
    """Return log10 of the largest absolute entry of the product, (K,); rescaled at each factor."""
    product = np.broadcast_to(np.eye(drawn.shape[2]), drawn[:, 0].shape)
    total = np.zeros(len(drawn))
    for position in range(drawn.shape[1]):
        product = drawn[:, position] @ product
        largest = np.abs(product).max(axis=(1, 2))
        product = product / largest[:, None, None]
        total += np.log10(largest)
    return total


def single_precision(drawn: Array) -> tuple[Array, Array]:
    """Return the number of factors until the product in float32 has an entry that is not finite,
    and until it is zero throughout, (K,) each; inf where that does not happen."""
    product = np.broadcast_to(np.eye(drawn.shape[2], dtype=np.float32), drawn[:, 0].shape)
    overflow, underflow = np.full((2, len(drawn)), np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for position in range(drawn.shape[1]):
            product = drawn[:, position].astype(np.float32) @ product
            infinite = ~np.isfinite(product).all(axis=(1, 2))
            zero = (product == 0).all(axis=(1, 2))
            overflow = np.where(infinite, np.minimum(overflow, position + 1), overflow)
            underflow = np.where(zero, np.minimum(underflow, position + 1), underflow)
    return overflow, underflow


STUDY = Products()
