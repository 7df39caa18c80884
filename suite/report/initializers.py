"""The page's section on the study initializers: variances, shapes, and what a layer's fans do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.initializers import INITIALIZERS, UNSET
from suite.report.common.drawing import (
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    catalogued,
    drawn_from,
    part,
    seeds_in,
)
from suite.report.common.styles import GREY, INK, coloured, framework_styles
from suite.studies.initializers import KINDS

GAINS = ("64x64", "256x16", "16x256", "512x8", "8x512")
SHOWN = "he_normal"
NOTES = {
    "transposed": "A transposed convolution is compared with the rule that counts the input"
    " channels in its fan in.",
    "truncated": "A truncated normal is compared with the standard deviation that its user gives"
    " it, whatever the framework cuts off.",
}
"""Kind of layer -> what its points are compared with, where that is not plain."""


def parts(tables: Tables) -> list[Part]:
    """Return variance ratios with intervals, the density of one initializer, gains by fans."""
    needed = ("study", "metric", "centre", "low", "high", "n")
    bins = ("bin", "n")
    return [
        part(
            "What the frameworks draw",
            drawn_from(tables, "summary.csv", needed, "the variances of the draws", variances),
            drawn_from(tables, "summary.csv", needed, "the variances of other kernels", kinds),
            drawn_from(tables, "initializers/densities.csv", bins, "densities of draws", density),
            drawn_from(tables, "summary.csv", needed, "the gains of Xavier's rule", gains),
        )
    ]


def _metric(summary: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of a metric of the study that have a number."""
    rows = summary[(summary["study"] == "initializers") & (summary["metric"] == metric)]
    rows = _plain(rows[rows["centre"].notna()])
    if rows.empty:
        raise NotDrawn(f"No figure of {metric}: the run did not measure it.")
    return rows


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of cells that name no initializer of the bias; older tables have no such
    axis."""
    return rows[rows["bias"] == UNSET] if "bias" in rows else rows


def variances(summary: pd.DataFrame) -> Drawing:
    """Draw measured over declared variance: initializers down, frameworks side by side."""
    rows = _metric(summary, "kernel_variance_ratio")
    rows = rows[~rows["shape"].isin(GAINS) & ~rows["layer_kind"].isin(KINDS)]
    if rows.empty:
        raise NotDrawn("No figure of the variances: the run has none of the shapes shown.")
    kinds = rows["layer_kind"] + " " + rows["shape"]
    colours = coloured(kinds)
    names = catalogued(rows["initializer"].unique(), INITIALIZERS)
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(1.6 + 4.2 * len(frameworks), 1.3 + 0.33 * len(names)), layout="constrained"
    )
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        axes.axvline(1, color=INK, lw=0.8)
        axes.axvspan(0.99, 1.01, color=GREY, alpha=0.2, lw=0)
        for place, (kind, colour) in enumerate(colours.items()):
            line = rows[(rows["framework"] == framework) & (kinds == kind)]
            y = [
                names.index(name) + (place - (len(colours) - 1) / 2) * 0.15
                for name in line["initializer"]
            ]
            spread = np.abs(line[["low", "high"]].to_numpy(float).T - line["centre"].to_numpy())
            axes.errorbar(line["centre"], y, xerr=spread, fmt="o", color=colour, ms=3.5, lw=1.3)
        axes.set_title(framework, loc="left")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("measured over declared variance (ratio)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, marker="o", lw=0, ms=4, label=kind)
        for kind, colour in colours.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    notes = "".join(f" {note}" for kind, note in NOTES.items() if kind in set(rows["layer_kind"]))
    return Drawing(
        "initializer_variances",
        "Variance of the draws over the declared variance, by initializer",
        "Mean square of a drawn kernel over the variance that its initializer declares, by the"
        f" framework's own layer; median over the seeds, with its 95 % interval;"
        f" {seeds_in(rows['n'])}. Grey: within 1 %. No units.{notes}",
        figure,
        (
            "conv-variances",
            "transposed-fan-is-input",
            "transposed-fan-is-output",
            "truncated-normal-std",
            "truncated-normal-torch",
        ),
        rows=rows,
    )


def kinds(summary: pd.DataFrame) -> Drawing:
    """Draw the variance of each kind of kernel over that of the textbook's fans, by initializer."""
    rows = _metric(summary, "kernel_variance_ratio")
    rows = rows[rows["layer_kind"].isin(KINDS)]
    if rows.empty:
        raise NotDrawn("No figure of other kernels: the run has none of them.")
    names = [kind for kind in KINDS if kind in set(rows["layer_kind"])]
    colours = coloured(catalogued(rows["initializer"].unique(), INITIALIZERS))
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(1.8 + 3.6 * len(frameworks), 1.3 + 0.3 * len(names)), layout="constrained"
    )
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        axes.axvline(1, color=INK, lw=0.8)
        for place, (initializer, colour) in enumerate(colours.items()):
            line = rows[(rows["framework"] == framework) & (rows["initializer"] == initializer)]
            shift = (place - (len(colours) - 1) / 2) * 0.15
            y = [names.index(kind) + shift for kind in line["layer_kind"]]
            axes.plot(line["centre"], y, "o", color=colour, ms=4, label=initializer)
        axes.set_xscale("log")
        axes.set_title(framework, loc="left")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("measured variance over that by the textbook's fans (ratio)", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "initializer_kinds",
        "Variance of the kernels of attention, recurrent and other layers over the textbook's",
        "Mean square of a drawn kernel over the variance that its initializer's rule gives by the"
        " number of products in one output and of outputs that one input enters, by the framework's"
        f" own layer; median over {seeds_in(rows['n'])}, logarithmic axis. At 1 the framework"
        " counts these fans; elsewhere it reads others off the array in which it keeps the kernel.",
        figure,
        (
            "keras-attention-xavier",
            "torch-attention-packed-half",
            "depthwise-fan-keras",
            "grouped-fan-out-counts-all-groups",
            "keras-lstm-gates-orthogonal",
        ),
        rows=rows,
    )


def density(densities: pd.DataFrame) -> Drawing:
    """Draw the entries of one initializer's dense kernels in each framework, with its law."""
    if "kernel_density" not in densities:
        raise NotDrawn("No figure of a density: the run did not measure it.")
    rows = densities[(densities["initializer"] == SHOWN) & (densities["layer_kind"] == "dense")]
    rows = _plain(rows[rows["kernel_density"].notna()])
    if rows.empty:
        raise NotDrawn(f"No figure of a density: the run has no dense {SHOWN}.")
    shape = rows["shape"].iloc[0]
    rows = rows[rows["shape"] == shape]
    figure = Figure(figsize=(8.6, 3.0), layout="constrained")
    whole, tail = figure.subplots(1, 2)
    for framework, style in framework_styles(rows["framework"]).items():
        line = rows[rows["framework"] == framework].sort_values("bin")
        for axes in (whole, tail):
            axes.step(
                line["bin"],
                line["kernel_density"],
                where="mid",
                color=style.colour,
                lw=2.2,
                label=framework,
            )
            axes.step(line["bin"], line["kernel_density_predicted"], where="mid", **THEORY)
    whole.set(xlim=(-4, 4), ylim=(0, None))
    whole.set_title("the whole law", loc="left")
    tail.set(xlim=(1.5, 3.5), ylim=(0, 0.14))
    tail.set_title("its tail", loc="left")
    handles, labels = whole.get_legend_handles_labels()
    handles.append(Line2D([], [], **THEORY))
    figure.legend(
        handles, [*labels, "declared law"], loc="outside upper center", ncols=3, frameon=False
    )
    figure.supxlabel("entry of the kernel (declared standard deviations)", fontsize=9)
    figure.supylabel("density (per standard deviation)", fontsize=9)
    return Drawing(
        "initializer_density",
        f"Density of the entries of {SHOWN} by framework, and the declared laws",
        f"Density of the entries of dense {shape} kernels drawn by {SHOWN}, in bins of an eighth of"
        f" a standard deviation; median over {seeds_in(rows['n'])}. Dashed: the laws that the"
        " catalogue declares; one that is truncated at two standard deviations and widened to the"
        " same variance ends at 2.27 of the remaining ones.",
        figure,
        ("draws-follow-declared-law", "he-normal-differs-keras-torch", "he-normal-keras-distance"),
        rows=rows,
    )


def gains(summary: pd.DataFrame) -> Drawing:
    """Draw what one linear layer with Xavier's rule does to a mean square, by its fans."""
    figure = Figure(figsize=(8.6, 3.2), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    share = np.linspace(0.0, 1.0, 101)
    counts = []
    for axes, (way, curve, title) in zip(
        panels,
        (("forward", 2 * share, "forward"), ("backward", 2 * (1 - share), "backward")),
        strict=True,
    ):
        rows = _metric(summary, f"{way}_gain")
        rows = rows[(rows["initializer"] == "xavier_normal") & rows["shape"].isin(GAINS)]
        if rows.empty:
            raise NotDrawn("No figure of Xavier's gains: the run has none of their shapes.")
        counts.append(rows["n"])
        axes.plot(share, curve, **THEORY)
        axes.axhline(1, color=GREY, lw=0.8)
        for framework, style in framework_styles(rows["framework"]).items():
            line = rows[rows["framework"] == framework]
            fans = line["shape"].str.split("x", expand=True).astype(float)
            spread = np.abs(line[["low", "high"]].to_numpy(float).T - line["centre"].to_numpy())
            axes.errorbar(
                fans[0] / (fans[0] + fans[1]) + 0.008 * style.shift,
                line["centre"],
                yerr=spread,
                fmt="o",
                color=style.colour,
                ms=4,
                label=framework,
            )
        axes.set_title(title, loc="left")
    panels[0].set(xlim=(-0.03, 1.03), ylim=(-0.08, 2.1))
    handles, labels = panels[0].get_legend_handles_labels()
    handles.append(Line2D([], [], **THEORY))
    figure.legend(
        handles,
        [*labels, "fan_in Var(W), fan_out Var(W)"],
        loc="outside upper center",
        ncols=3,
        frameon=False,
    )
    figure.supxlabel("fan_in / (fan_in + fan_out) (share)", fontsize=9)
    figure.supylabel("mean square, out over in (ratio)", fontsize=9)
    return Drawing(
        "xavier_gains",
        "Gain of one linear layer with Xavier's rule, by its fans",
        "Mean square of the outputs of one linear layer over that of its Gaussian inputs (forward),"
        " and of the gradient by its inputs over that by its outputs (backward), xavier_normal,"
        f" {', '.join(GAINS)} units; median over the seeds with its 95 % interval;"
        f" {seeds_in(pd.concat(counts))}. The frameworks stand beside each other for legibility.",
        figure,
        ("xavier-indep-of-fans", "xavier-gradient-indep-of-fans"),
        rows=rows,
    )
