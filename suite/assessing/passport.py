"""The passport of an item: what its battery found, section by section, from a results folder.

A section has sentences and records, mappings from a heading to a value, which the terminal, a
Markdown file and a page show alike. Intervals of single cells are at 95 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from suite.assessing import activation_sections, network_sections, other_sections
from suite.assessing.battery import Subject
from suite.assessing.cost import Cost
from suite.assessing.section import Section
from suite.catalogue import activations, initializers
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import SEPARATOR
from suite.results.read_runs import read_runs
from suite.results.tables import read_table

_COLUMNS = ("study", "metric", "centre", "low", "high", "n")
_LIMITS = {
    "activation": "Nothing here is about other data than the two circles, trained networks wider"
    " than 5 units, other optimizers than Adam at one learning rate, convolutions, attention, or"
    " the speed on a GPU.",
    "initializer": "Nothing here is about other data than the two circles, trained networks wider"
    " than 5 units, other optimizers than Adam at one learning rate, or other layers than those of"
    " the table.",
    "normalization": "Nothing here is about large batches, convolutions, or starts that train"
    " without it.",
}
"""Kind -> what its battery does not see."""


@dataclass(frozen=True)
class Passport:
    """What the battery found out about an item, and where the rows are."""

    subject: Subject
    source: str
    folder: Path
    sections: tuple[Section, ...]
    lost: bool = False
    """Whether runs of the battery failed."""

    @property
    def title(self) -> str:
        """The item and its kind, as a heading."""
        return f"{self.subject.name}: {self.subject.kind}"


def passport(
    subject: Subject,
    folder: Path,
    costs: Mapping[str, Mapping[str, Cost]] | None = None,
    lost: bool = False,
) -> Passport:
    """Return the passport of an item from the folder of its battery.

    ``costs``: framework -> activation -> cost. ``lost``: whether runs failed. Raises UserError for
    a table that is missing or cannot be read.
    """
    summary = read_table(folder / "summary.csv", _COLUMNS)
    sections = [_contract(subject), _where(subject, folder)]
    if subject.kind == "activation":
        sections += [
            activation_sections.theory(subject),
            activation_sections.accuracy(subject, summary),
            network_sections.signals(subject, summary),
            *network_sections.training(subject, summary, folder),
            activation_sections.cost(subject, costs or {}),
        ]
    elif subject.kind == "initializer":
        sections += [
            other_sections.law(subject, summary),
            network_sections.signals(subject, summary),
            *network_sections.training(subject, summary, folder),
        ]
    else:
        sections += [
            other_sections.rescued(subject, summary),
            other_sections.deep(subject, summary),
        ]
    sections.append(Section("What is not known", (_LIMITS[subject.kind],)))
    return Passport(subject, _source(subject), folder, tuple(sections), lost)


def _contract(subject: Subject) -> Section:
    """Say what the item is held to; one that breaks its contract has no passport."""
    if SEPARATOR in subject.name:
        words = (
            "It keeps its contract in every framework that was measured: value and slope are the"
            " definition's, types and shapes are kept, nothing is remembered from call to call"
            if subject.kind == "activation"
            else "It keeps its contract in every framework that was measured"
        )
        return Section("Contract", (f"{words} (docs/reference/plugins.md).",))
    return Section("Contract", ("It is the suite's own, and held to its definition by tests.",))


def _where(subject: Subject, folder: Path) -> Section:
    """Name the cells that were not measured, with the reason: a framework may lack the item."""
    missing: dict[tuple[str, str], int] = {}
    for path in sorted(folder.glob("*/runs.csv")):
        runs = read_runs(folder, path.parent.name)
        lacking = runs[runs["status"].isin(("unsupported", "failed"))]
        for framework, reason in zip(lacking["framework"], lacking["reason"], strict=True):
            missing[framework, reason] = missing.get((framework, reason), 0) + 1
    return Section(
        "Runs",
        () if missing else ("All runs of the battery have a result.",),
        tuple(
            {"framework": framework, "runs without a result": count, "reason": reason}
            for (framework, reason), count in missing.items()
        ),
    )


def _source(subject: Subject) -> str:
    """Return the source that the item's entry names."""
    if subject.kind == "activation":
        return activations.resolve(subject.name).entry.source
    if subject.kind == "initializer":
        return initializers.resolve(subject.name).entry.source
    return NORMALIZATIONS[subject.name].source
