"""The page's section on the study rescue: failing starts, trained with normalization."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common import learning
from suite.report.common.captions import dataset_title, of_one_width, on_one_dataset
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part, seeds_in
from suite.report.normalized import normalization_colours
from suite.studies.rescue import EPOCHS


def parts(tables: Tables) -> list[Part]:
    """Return the share of networks that learn, by start and normalization."""
    columns = ("normalization", "status", "heldout_accuracy")
    shows = "starts with normalization"
    return [
        part(
            "With RMSprop, which starts learn with normalization?",
            drawn_from(tables, "rescue/runs.csv", columns, shows, rescued),
        )
    ]


def rescued(trained: pd.DataFrame) -> Drawing:
    """Draw the share of seeds that learn, by start and normalization."""
    rows = trained[trained["status"].isin(["ok", "diverged"])]
    rows, dataset = on_one_dataset(rows)
    rows, width = of_one_width(rows, 5)
    if rows.empty:
        raise NotDrawn("No figure of starts with normalization: no network was trained.")
    learned = learning.learned(rows, dataset)
    starts = ["activation", "initializer", "depth"]
    shares = (
        rows.assign(learned=learned)
        .groupby(["framework", *starts, "normalization"])["learned"]
        .agg(["mean", "size"])
        .reset_index()
    )
    names = list(dict.fromkeys(shares[starts].itertuples(index=False, name=None)))
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(2.4 + 3.6 * len(frameworks), 1.3 + 0.42 * len(names)), layout="constrained"
    )
    grid = figure.subplots(1, len(frameworks), sharey=True, squeeze=False)[0]
    colours = normalization_colours(shares["normalization"])
    height = 0.8 / len(colours)
    for framework, axes in zip(frameworks, grid, strict=True):
        for position, (name, colour) in enumerate(colours.items()):
            chosen = (shares["framework"] == framework) & (shares["normalization"] == name)
            bars = shares[chosen]
            places = [
                names.index(start) for start in bars[starts].itertuples(index=False, name=None)
            ]
            heights = np.array(places) + (position - (len(colours) - 1) / 2) * height
            axes.barh(heights, bars["mean"], height * 0.9, color=colour)
            # A bar of length 0 is a result too.
            axes.plot(bars["mean"], heights, "o", color=colour, ms=3.5, clip_on=False)
        axes.set_title(framework, loc="left")
        axes.set_xlim(0, 1)
        axes.grid(visible=False, axis="y")
    grid[0].set_yticks(range(len(names)), [f"{a}, {i}, depth {d}" for a, i, d in names])
    grid[0].invert_yaxis()
    figure.supxlabel("share of networks that learn", fontsize=9)
    handles = [Line2D([], [], color=colour, lw=5, label=name) for name, colour in colours.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "normalization_rescues",
        f"Share of networks that learn, by start and normalization: width {width}, RMSprop",
        f"Share of networks {learning.criterion(dataset)}: {dataset_title(dataset)}, networks of"
        f" width {width}, {EPOCHS} epochs of RMSprop with"
        " learning rate 0.001 in batches of 32; normalization with epsilon 1e-5 and momentum 0.9;"
        f" each framework's own draw of the kernels. {seeds_in(shares['size'])} a bar; a diverged"
        " run has not learned. A dot at 0 is a share of 0; where there is no dot,"
        " nothing was measured.",
        figure,
        (
            "bn-rescues-small-scale",
            "ln-rescues-small-scale",
            "bn-rescues-deep-sigmoid",
            "ln-rescues-deep-sigmoid",
            "bn-harmless-on-good-start",
        ),
        rows=rows,
    )
