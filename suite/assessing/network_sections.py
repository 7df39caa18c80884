"""The sections of a passport that are about networks: signals at their start, and training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from suite.assessing.battery import Subject
from suite.assessing.ranking import CONFIDENCE, Pair, Rank, rank
from suite.assessing.section import Record, Section, by_cell, interval, rows_of
from suite.metrics.training import LEARNED
from suite.results.read_runs import read_runs
from suite.types import Array


def signals(subject: Subject, summary: pd.DataFrame) -> Section:
    """Return how signals and gradients change per layer at initialisation, beside theory."""
    axis = subject.kind
    other = "initializer" if axis == "activation" else "activation"
    rows = rows_of(summary, "propagation", **{axis: subject.name})
    wanted = {
        "forward_slope": "forward",
        "forward_slope_predicted": "forward, theory",
        "backward_slope": "backward",
        "backward_slope_predicted": "backward, theory",
        "spread_slope": "spread between inputs",
    }
    return Section(
        "Signals through 50 layers of 256 units, at initialisation",
        (
            "Medians over 20 seeds, in nats per layer: the change of the logarithm of a mean"
            " square, of the activations forward and of the gradient backward. 0 keeps it; -0.69"
            " halves it.",
        ),
        by_cell(rows, ["framework", other], wanted),
    )


def training(subject: Subject, summary: pd.DataFrame, folder: Path) -> tuple[Section, Section]:
    """Return which networks learn with the item, and its rank among the others."""
    axis = subject.kind
    other = "initializer" if axis == "activation" else "activation"
    rows = rows_of(summary, "training", metric="learned_share", **{axis: subject.name})
    records: list[Record] = []
    for (framework, name), group in rows.groupby(["framework", other], sort=False):
        ordered = group.assign(depth=group["depth"].astype(int)).sort_values("depth")
        shares = {
            f"{depth} layers": interval(centre, low, high)
            for depth, centre, low, high in ordered[["depth", "centre", "low", "high"]].itertuples(
                index=False
            )
        }
        deep = ordered[ordered["low"] > 0.5]["depth"]
        records.append(
            {
                "framework": str(framework),
                other: str(name),
                **shares,
                "most learn up to": f"{deep.max()} layers" if len(deep) else "none tried",
            }
        )
    trained = Section(
        "Training: share of networks that learn the two circles",
        (
            f"Networks of width 5, 100 epochs of Adam; learned: held-out accuracy of at least"
            f" {LEARNED:g}. Shares over 20 seeds with their 95 % interval; most learn where it lies"
            " above a half.",
        ),
        tuple(records),
    )
    return trained, _ranks(subject, read_runs(folder, "training"))


def _ranks(subject: Subject, runs: pd.DataFrame) -> Section:
    """Return the rank of the item at each depth, each item with the partner that suits it best."""
    axis = subject.kind
    other = "initializer" if axis == "activation" else "activation"
    cells = list(runs.groupby(["framework", "depth"], sort=True))
    comparisons = len(cells) * len(subject.against)
    records: list[Record] = []
    for (framework, depth), group in cells:
        scores, partners = _scores(group, axis, other)
        if set(subject.names) - set(scores):
            continue  # a framework that lacks one of them
        found = rank(subject.name, {name: scores[name] for name in subject.names}, comparisons)
        records.append(
            {
                "framework": str(framework),
                "layers": int(str(depth)),
                "rank": _rank(found, len(subject.names)),
                f"its {other}": partners[subject.name],
                **{
                    f"accuracy above {name}": _difference(found.pairs[name])
                    for name in subject.against
                },
            }
        )
    return Section(
        f"Rank among {len(subject.names)}",
        (
            f"By held-out accuracy, seed by seed on the same data, each with the {other} with which"
            f" most of its networks learn (chosen on the same seeds, which flatters all alike). All"
            f" intervals of the table hold together with {CONFIDENCE:.0%} confidence. Where one"
            " contains 0 the rank is not decided; in brackets, the seeds that would decide it.",
        ),
        tuple(records),
    )


def _scores(group: pd.DataFrame, axis: str, other: str) -> tuple[dict[str, Array], dict[str, str]]:
    """Return name -> (seeds,) accuracy with the best partner, and name -> that partner.

    A diverged network has an accuracy of 0; unsupported and failed runs are left out.
    """
    counted = group[group["status"].isin(("ok", "diverged"))]
    accuracy = counted["heldout_accuracy"].where(counted["status"] == "ok", 0.0)
    wide = counted.assign(accuracy=accuracy).pivot(
        index="seed", columns=[axis, other], values="accuracy"
    )
    scores: dict[str, Array] = {}
    partners: dict[str, str] = {}
    for name in dict.fromkeys(wide.columns.get_level_values(0)):
        table = wide[name].dropna(axis=1)
        if table.shape[1] == 0:
            continue
        learned = [
            (float((table[each] >= LEARNED).mean()), float(table[each].median())) for each in table
        ]
        best = str(table.columns[max(range(len(learned)), key=learned.__getitem__)])
        scores[str(name)], partners[str(name)] = table[best].to_numpy(), best
    return scores, partners


def _rank(found: Rank, items: int) -> str:
    if found.best == found.worst:
        return f"{found.best} of {items}"
    return f"{found.best} to {found.worst} of {items}"


def _difference(pair: Pair) -> str:
    found = pair.difference
    text = interval(found.estimate, found.low, found.high)
    if found.low > 0 or found.high < 0:
        return text
    return f"{text} ({pair.seeds:,} seeds)" if pair.seeds else f"{text} (alike)"
