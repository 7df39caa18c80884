"""The page's section on the study products: growth and spectrum beside the exact law."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from suite.report.common.drawing import (
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    drawn_from,
    part,
    plain_band,
    seeds_in,
)
from suite.report.common.styles import GREY, coloured

FACTORS, SCALE = 101, 1.0
WIDTHS = (1, 2, 4, 32)
SPECTRA = (4, 8, 16, 32)
BAND = 1.6449
"""Standard deviations of a Gaussian between its median and its 95 % quantile."""


def parts(tables: Tables) -> list[Part]:
    """Return growth of the norm, and the spectrum of exponents."""
    return [
        part(
            "Products of Gaussian matrices: growth and spectrum",
            drawn_from(tables, "products/growth.csv", ("n",), "growing products", growth),
            drawn_from(
                tables, "products/spectrum.csv", ("n",), "the spectrum of products", spectrum
            ),
        )
    ]


def _rows(table: pd.DataFrame, metric: str, widths: tuple[int, ...]) -> pd.DataFrame:
    """Return the rows of those widths, at the scale and the number of factors shown."""
    if metric not in table:
        raise NotDrawn(f"No figure of products: the run did not measure {metric}.")
    rows = table[(table["scale"] == SCALE) & (table["depth"] == FACTORS)]
    rows = rows[rows["width"].isin(widths)]
    if rows.empty:
        raise NotDrawn(
            f"No figure of {metric} in products: the run has none of {FACTORS} factors at the"
            f" scale {SCALE:g}, {', '.join(map(str, widths))} rows and columns."
        )
    return rows


def growth(table: pd.DataFrame) -> Drawing:
    """Draw ln(norm) by the number of factors with the exact line and band, a panel for each n."""
    rows = _rows(table, "log_norm", WIDTHS)
    widths = sorted(rows["width"].unique())
    figure = Figure(figsize=(1.0 + 2.35 * len(widths), 2.9), layout="constrained")
    panels = figure.subplots(1, len(widths), sharex=True, squeeze=False)[0]
    for (width, colour), axes in zip(coloured(widths).items(), panels, strict=True):
        line = rows[rows["width"] == width].sort_values("factor")
        x = line["factor"]
        axes.axhline(0, color=GREY, lw=0.8)
        plain_band(axes, line, "factor", "log_norm", colour, 0.25)
        for side, thickness in ((0, 1.1), (-BAND, 0.7), (BAND, 0.7)):
            exact = line["log_norm_predicted"] + side * line["log_norm_sd_predicted"]
            axes.plot(x, exact, **{**THEORY, "lw": thickness})
        rate = line["log_norm_predicted"].iloc[0] / x.iloc[0]
        axes.set_title(f"{width} × {width}: {rate:+.3f} per factor".replace("-", "−"), loc="left")
    figure.supxlabel("factors", fontsize=9)
    figure.supylabel("ln(norm) of the first column (nats)", fontsize=9)
    figure.legend(handles=_handles("#777777"), loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "products_growth",
        "Norm of products of N(0, 1) matrices by number of factors",
        "ln(norm) of the first column of a product of independent matrices with N(0, 1) entries,"
        f" in nats, against the number of factors; {seeds_in(rows['n'])}. Line: median over the"
        " products; band: their 5 % and 95 % quantiles. Dashed: the exact mean, with its exact"
        f" growth above each panel (nats), and {BAND:.3g} exact standard deviations to both sides:"
        " the 5 and 95 % of a normal distribution, which ln(norm) approaches with more factors and"
        " larger matrices. Each panel has its own vertical axis. Double precision, rescaled after"
        " every factor.",
        figure,
        (
            "gauss-product-sign",
            "gauss-product-sign-from-two",
            "gauss-product-log-normal",
            "lyapunov-spectrum",
        ),
        rows=rows,
    )


def spectrum(table: pd.DataFrame) -> Drawing:
    """Draw the measured exponents with their spread over the seeds, and the exact ones beside."""
    rows = _rows(table, "exponent", SPECTRA)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes: Axes = figure.subplots()
    widths = coloured(sorted(rows["width"].unique()))
    for width, colour in widths.items():
        line = rows[rows["width"] == width].sort_values("index")
        x = line["index"] / width
        spread = np.abs(line[["exponent_low", "exponent_high"]].sub(line["exponent"], axis=0))
        axes.errorbar(x, line["exponent"], spread.to_numpy().T, fmt="o", ms=3.5, lw=1, color=colour)
        axes.plot(x, line["exponent_predicted"], **THEORY)
    axes.axhline(0, color=GREY, lw=0.8)
    axes.set_xlabel("place in the spectrum, k / n (share)")
    axes.set_ylabel("exponent (nats per factor)")
    handles = [
        Line2D([], [], color=colour, marker="o", ls="", ms=4, label=f"{width} × {width}")
        for width, colour in widths.items()
    ]
    handles.append(Line2D([], [], label="exact", **THEORY))
    axes.legend(handles=handles, frameon=False)
    return Drawing(
        "products_spectrum",
        "Lyapunov exponents of products of N(0, 1) matrices, by place in the spectrum",
        f"Lyapunov exponents of products of {FACTORS} matrices with N(0, 1) entries, by QR, from"
        " the largest (left) to the last (right). Point: median over the products; bar: their 5 %"
        f" and 95 % quantiles; {seeds_in(rows['n'])}. Dashed: ½(ln 2 + ψ((n − k + 1)/2)), exact for"
        " every number of factors.",
        figure,
        ("lyapunov-spectrum-shape", "lyapunov-spectrum-last", "lyapunov-spectrum-mean"),
        rows=rows,
    )


def _handles(colour: str) -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=colour, lw=2, label="median"),
        Patch(color=colour, alpha=0.25, lw=0, label="5 to 95 %"),
        Line2D([], [], label=f"exact: mean, ± {BAND:.3g} sd", **THEORY),
    ]
