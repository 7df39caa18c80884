"""The page's section on the study products: growth and spectrum beside the exact law."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables, seeds_in

FACTORS, SCALE = 101, 1.0
WIDTHS = (1, 2, 4, 32)
SPECTRA = (4, 8, 16, 32)
BAND = 1.6449
"""Standard deviations of a Gaussian between its median and its 95 % quantile."""
DASHES = (0, (4, 4))


def parts(tables: Tables) -> list[Part]:
    """Growth of the norm, and the spectrum of exponents."""
    found = [tables("products/growth.csv", "n"), tables("products/spectrum.csv", "n")]
    drawn = [
        partial(draw, table)
        for draw, table in zip((growth, spectrum), found, strict=True)
        if table is not None
    ]
    return [
        Part(
            "Products of Gaussian matrices: growth and spectrum",
            drawn,
            "products/growth.csv is not there: no figure of growing products.",
        )
    ]


def _rows(table: pd.DataFrame, metric: str, widths: tuple[int, ...]) -> pd.DataFrame:
    """The rows of the widths that are there, at the scale and the number of factors shown."""
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
    """ln(norm) against the number of factors with the exact line and band, a panel for each n."""
    rows = _rows(table, "log_norm", WIDTHS)
    widths = sorted(rows["width"].unique())
    figure = Figure(figsize=(1.0 + 2.35 * len(widths), 2.9), layout="constrained")
    panels = figure.subplots(1, len(widths), sharex=True, squeeze=False)[0]
    for width, axes, colour in zip(widths, panels, COLOURS, strict=False):
        line = rows[rows["width"] == width].sort_values("factor")
        x = line["factor"]
        axes.axhline(0, color="#999999", lw=0.8)
        axes.fill_between(
            x, line["log_norm_low"], line["log_norm_high"], color=colour, alpha=0.25, lw=0
        )
        axes.plot(x, line["log_norm"], color=colour, lw=2)
        for side, thickness in ((0, 1.1), (-BAND, 0.7), (BAND, 0.7)):
            exact = line["log_norm_predicted"] + side * line["log_norm_sd_predicted"]
            axes.plot(x, exact, color=INK, lw=thickness, ls=DASHES)
        rate = line["log_norm_predicted"].iloc[0] / x.iloc[0]
        axes.set_title(f"{width} × {width}: {rate:+.3f} per factor".replace("-", "−"), loc="left")
    figure.supxlabel("factors", fontsize=9)
    figure.supylabel("ln(norm) of the first column (nats)", fontsize=9)
    figure.legend(handles=_handles("#777777"), loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "products_growth",
        "Products of N(0, 1) matrices: 1 × 1 vanishes, the median of larger ones grows",
        "ln(norm) of the first column of a product of independent matrices with N(0, 1) entries,"
        f" in nats, against the number of factors; {seeds_in(rows['n'])}. Line: median over the"
        " products; band: their 5 % and 95 % quantiles. Dashed: the exact mean, with its exact"
        f" growth above each panel (nats), and {BAND:.3g} exact standard deviations to both sides:"
        " the 5 and 95 % of a normal distribution, from which short products and 1 × 1 differ. Each"
        " panel has its own vertical axis. Double precision, rescaled after every factor.",
        figure,
    )


def spectrum(table: pd.DataFrame) -> Drawing:
    """Measured exponents with their spread over the seeds, and the exact ones as a line."""
    rows = _rows(table, "exponent", SPECTRA)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes: Axes = figure.subplots()
    widths = sorted(rows["width"].unique())
    for width, colour in zip(widths, COLOURS, strict=False):
        line = rows[rows["width"] == width].sort_values("index")
        x = line["index"] / width
        spread = np.abs(line[["exponent_low", "exponent_high"]].sub(line["exponent"], axis=0))
        axes.errorbar(x, line["exponent"], spread.to_numpy().T, fmt="o", ms=3.5, lw=1, color=colour)
        axes.plot(x, line["exponent_predicted"], color=INK, lw=0.9, ls=DASHES)
    axes.axhline(0, color="#999999", lw=0.8)
    axes.set_xlabel("place in the spectrum, k / n")
    axes.set_ylabel("exponent (nats per factor)")
    handles = [
        Line2D([], [], color=colour, marker="o", ls="", ms=4, label=f"{width} × {width}")
        for width, colour in zip(widths, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=DASHES, label="exact"))
    axes.legend(handles=handles, frameon=False)
    return Drawing(
        "products_spectrum",
        "Every exponent lies on the exact spectrum, and the last is the same for all n",
        f"Lyapunov exponents of products of {FACTORS} matrices with N(0, 1) entries, by QR, from"
        " the largest (left) to the last (right). Point: median over the products; bar: their 5 %"
        f" and 95 % quantiles; {seeds_in(rows['n'])}. Dashed: ½(ln 2 + ψ((n − k + 1)/2)), exact for"
        " every number of factors.",
        figure,
    )


def _handles(colour: str) -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=colour, lw=2, label="median"),
        Patch(color=colour, alpha=0.25, lw=0, label="5 to 95 %"),
        Line2D([], [], color=INK, lw=1.1, ls=DASHES, label=f"exact: mean, ± {BAND:.3g} sd"),
    ]
