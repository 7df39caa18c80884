"""The passport of an item: what its battery found, section by section, from a results folder.

A section has sentences and records, mappings from a heading to a value, which the terminal, a
Markdown file and a page show alike. Intervals of single cells are at 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from suite.assessing.battery import KINDS, Subject
from suite.assessing.cost import Cost
from suite.assessing.ranking import CONFIDENCE, Pair, Rank, rank
from suite.assessing.variance_map import variance_map
from suite.catalogue import activations, initializers
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.metrics.training import LEARNED
from suite.results.read_runs import read_runs
from suite.results.tables import read_table
from suite.text_tables import number
from suite.theory.gains import FixedPoint

Value = str | float | int
Record = Mapping[str, Value]


@dataclass(frozen=True)
class Section:
    """A part of a passport: its title, sentences, and records that all have the same headings."""

    title: str
    sentences: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Passport:
    """All that is known of an item after its battery, and where the rows are."""

    subject: Subject
    source: str
    folder: Path
    sections: tuple[Section, ...]

    @property
    def title(self) -> str:
        """The item and its kind, as a heading."""
        return f"{self.subject.name}: {self.subject.kind}"


def passport(
    subject: Subject,
    folder: Path,
    contract: Sequence[str] = (),
    costs: Mapping[str, Mapping[str, Cost]] | None = None,
) -> Passport:
    """Return the passport of an item from the folder of its battery.

    ``contract``: what the item's contract found, a sentence each. ``costs``: framework ->
    activation -> cost. Raises UserError for a table that is missing or cannot be read.
    """
    summary = read_table(folder / "summary.csv", ["study", "metric", "centre", "low", "high", "n"])
    sections = [_contract(contract)]
    if subject.kind == "activation":
        sections += [
            _theory(subject),
            _accuracy(subject, summary),
            _signals(subject, summary),
            *_training(subject, summary, folder),
            _cost(subject, costs or {}),
        ]
    elif subject.kind == "initializer":
        sections += [
            _law(subject, summary),
            _signals(subject, summary),
            *_training(subject, summary, folder),
        ]
    else:
        sections += [_rescued(subject, summary), _exactness(subject, summary)]
    sections.append(_unknown(subject))
    return Passport(subject, _source(subject), folder, tuple(sections))


def _source(subject: Subject) -> str:
    if subject.kind == "activation":
        return activations.resolve(subject.name).entry.source
    if subject.kind == "initializer":
        return initializers.resolve(subject.name).entry.source
    return NORMALIZATIONS[subject.name].source


def _contract(found: Sequence[str]) -> Section:
    said = tuple(found) or ("It passes in every framework: see docs/plugins.md for what it asks.",)
    return Section("Contract", said)


# --- activations -----------------------------------------------------------------------------


def _theory(subject: Subject) -> Section:
    """The fixed points of the variance map, beside those of the others."""
    records: list[Record] = []
    for name in subject.names:
        found = variance_map(activations.resolve(name))
        records.append(
            {
                "activation": name,
                "gain that maps q = 1 to 1": found.unit_gain,
                "response there": found.response,
                "gradient per layer, nats": math.log(found.chi) if found.chi > 0 else -math.inf,
                **{
                    f"fixed points with {rule}": _points(points)
                    for rule, points in found.points.items()
                },
            }
        )
    own = variance_map(activations.resolve(subject.name))
    return Section(
        "Theory: the map of the variance",
        (
            f"{subject.name}: {own.verdict}.",
            "q is the mean square of pre-activations in a wide layer. A fixed point attracts where"
            " the response, d ln q' / d ln q, is below 1.",
        ),
        tuple(records),
    )


def _points(points: Sequence[FixedPoint]) -> str:
    words = (
        f"{number(point.q)} ({'attracts' if point.response < 1 else 'repels'})" for point in points
    )
    return ", ".join(words) or "none"


def _accuracy(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = summary[(summary["study"] == "numerics") & (summary["formula"] == subject.name)]
    wanted = {
        "value_usual_ulps": "value, ulps from 1e-8 to 10",
        "slope_usual_ulps": "slope, ulps from 1e-8 to 10",
        "value_largest_lost": "largest value that is computed as 0",
        "slope_largest_lost": "largest slope that is computed as 0",
        "value_nonfinite": "value not finite from |x| on",
    }
    return Section(
        "Accuracy in single precision",
        ("Against the definition, at all exponents of the type; ulps are units in the last place.",),
        _wide(rows, ["framework"], wanted),
    )


def _wide(rows: pd.DataFrame, by: Sequence[str], wanted: Mapping[str, str]) -> tuple[Record, ...]:
    """Return a record for each cell with the centres of some metrics: metric -> heading."""
    records: list[Record] = []
    for key, group in rows.groupby(list(by), sort=False):
        centre = group.drop_duplicates("metric").set_index("metric")["centre"]
        found = {heading: float(centre[name]) for name, heading in wanted.items() if name in centre}
        if found:
            records.append({**dict(zip(by, map(str, key), strict=True)), **found})
    return tuple(records)


def _cost(subject: Subject, costs: Mapping[str, Mapping[str, Cost]]) -> Section:
    records: list[Record] = []
    for framework, measured in costs.items():
        own = measured[subject.name]
        for other in subject.names:
            records.append(
                {
                    "framework": framework,
                    "activation": other,
                    "forward, ns each": measured[other].forward,
                    "backward, ns each": measured[other].backward,
                    f"{subject.name}, times as long forward": own.forward
                    / measured[other].forward,
                    "backward": own.backward / measured[other].backward,
                }
            )
    return Section(
        "Cost",
        (
            "One call on 262,144 numbers in single precision, eagerly on one core; only the ratios"
            " mean something on another machine.",
        )
        if records
        else ("Not measured.",),
        tuple(records),
    )


# --- activations and initializers ------------------------------------------------------------


def _signals(subject: Subject, summary: pd.DataFrame) -> Section:
    axis = KINDS[subject.kind].axis
    other = "initializer" if axis == "activation" else "activation"
    rows = summary[(summary["study"] == "propagation") & (summary[axis] == subject.name)]
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
        _wide(rows, ["framework", other], wanted),
    )


def _training(subject: Subject, summary: pd.DataFrame, folder: Path) -> tuple[Section, Section]:
    axis = KINDS[subject.kind].axis
    other = "initializer" if axis == "activation" else "activation"
    rows = summary[
        (summary["study"] == "training")
        & (summary["metric"] == "learned_share")
        & (summary[axis] == subject.name)
    ]
    records: list[Record] = []
    for (framework, name), group in rows.groupby(["framework", other], sort=False):
        ordered = group.assign(depth=group["depth"].astype(int)).sort_values("depth")
        shares = {
            f"{depth} layers": _interval(centre, low, high)
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
                "most learn, surely, up to": f"{deep.max()} layers" if len(deep) else "none tried",
            }
        )
    trained = Section(
        "Training: share of networks that learn the two circles",
        (
            f"Networks of width 5, 100 epochs of Adam; learned: held-out accuracy of at least"
            f" {LEARNED:g}. Shares over 20 seeds with their 95 % interval.",
        ),
        tuple(records),
    )
    return trained, _ranks(subject, read_runs(folder, "training"))


def _interval(centre: float, low: float, high: float) -> str:
    return f"{number(centre)} [{number(low)}, {number(high)}]"


def _ranks(subject: Subject, runs: pd.DataFrame) -> Section:
    """The rank of the item at each depth, each item with the partner that suits it best."""
    axis = KINDS[subject.kind].axis
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
                "layers": int(depth),
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


def _scores(group: pd.DataFrame, axis: str, other: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return name -> (seeds,) accuracy with the best partner, and name -> that partner.

    A diverged network has an accuracy of 0; unsupported and failed runs are left out.
    """
    counted = group[group["status"].isin(("ok", "diverged"))]
    accuracy = counted["heldout_accuracy"].where(counted["status"] == "ok", 0.0)
    wide = counted.assign(accuracy=accuracy).pivot(
        index="seed", columns=[axis, other], values="accuracy"
    )
    scores: dict[str, np.ndarray] = {}
    partners: dict[str, str] = {}
    for name in dict.fromkeys(wide.columns.get_level_values(0)):
        table = wide[name].dropna(axis=1)
        if table.shape[1] == 0:
            continue
        learned = [(float((table[each] >= LEARNED).mean()), float(table[each].median())) for each in table]
        best = str(table.columns[max(range(len(learned)), key=learned.__getitem__)])
        scores[str(name)], partners[str(name)] = table[best].to_numpy(), best
    return scores, partners


def _rank(found: Rank, items: int) -> str:
    if found.best == found.worst:
        return f"{found.best} of {items}"
    return f"{found.best} to {found.worst} of {items}"


def _difference(pair: Pair) -> str:
    found = pair.difference
    text = _interval(found.estimate, found.low, found.high)
    if found.low > 0 or found.high < 0:
        return text
    return f"{text} ({pair.seeds:,} seeds)" if pair.seeds else f"{text} (alike)"


# --- initializers and normalizations ---------------------------------------------------------


def _law(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = summary[
        (summary["study"] == "initializers") & (summary["initializer"] == subject.name)
    ]
    wanted = {
        "kernel_variance": "variance",
        "kernel_variance_ratio": "over what LeCun's rule would give",
        "kernel_kurtosis": "excess kurtosis",
        "forward_gain": "forward gain",
    }
    return Section(
        "Law of the kernels",
        ("Medians over 20 seeds, by kind and shape of the kernel.",),
        _wide(rows, ["framework", "layer_kind", "shape"], wanted),
    )


def _rescued(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = summary[
        (summary["study"] == "rescue") & (summary["normalization"].isin(subject.names))
    ]
    wanted = {"heldout_accuracy": "held-out accuracy", "train_loss": "training loss"}
    return Section(
        "Training from a start that fails without normalization",
        ("Medians over 20 seeds.",),
        _wide(rows, ["framework", "dataset", "normalization"], wanted),
    )


def _exactness(subject: Subject, summary: pd.DataFrame) -> Section:
    rows = summary[
        (summary["study"] == "normalization") & (summary["normalization"] == subject.name)
    ]
    names = [name for name in dict.fromkeys(rows["metric"]) if name.endswith("_error")]
    return Section(
        "Layers against the definition",
        ("Largest deviations, by kind of layer.",),
        _wide(rows, ["framework", *[a for a in ("layer_kind", "shape") if a in rows]], dict(zip(names, names, strict=True))),
    )


_LIMITS: Mapping[str, Callable[[Subject], str]] = {
    "activation": lambda s: (
        "Nothing here is about other data than two circles, networks wider than 5 units in training,"
        " other optimizers than Adam at one learning rate, convolutions, attention, or speed on a GPU."
        f" suite run training --set activation={s.name} --set width=64 --set optimizer=sgd,rmsprop"
        " measures more."
    ),
    "initializer": lambda s: (
        "Nothing here is about other data than two circles, wider networks in training, other"
        " optimizers than Adam at one learning rate, or other layers than those of the table."
    ),
    "normalization": lambda s: (
        "Nothing here is about large batches, convolutions, or starts that train without it."
    ),
}


def _unknown(subject: Subject) -> Section:
    return Section("What is not known", (_LIMITS[subject.kind](subject),))
