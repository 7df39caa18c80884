"""From a question to advice: the nearest evidence of each option, ranked, and what is not known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from suite import datafiles, plugins
from suite.advising import background, evidence, ranking
from suite.advising.background import Signals, Theory
from suite.advising.distance import Distance, distances
from suite.advising.question import SETTINGS, Question
from suite.catalogue.frameworks import by_default
from suite.judging import intervals
from suite.judging.intervals import Interval
from suite.judging.summary import LEVEL
from suite.results.compressed import locate
from suite.results.tables import read_table
from suite.types import UserError, Value


@dataclass(frozen=True)
class Option:
    """One start, with the other choices that were left open, and the nearest stored evidence.

    ``group``: options of one group cannot be told apart; None where the evidence is too far, so
    that the answer is not known. ``decided_with``: how many seeds of each would tell
    it apart from the best of its group, if the shares stayed; None for the best itself, for equal
    shares, and beyond ``ranking.MOST``.
    """

    cell: Mapping[str, Value]
    """The axes of the stored cell."""
    learned: int
    n: int
    share: Interval
    """At 95 % (Clopper and Pearson)."""
    epochs: Interval
    """Epochs to 95 % of the training points: median and its 95 % interval; NaN where not stored,
    inf where most networks do not get there."""
    protocol: str
    """Epochs and batch size, in words."""
    sources: tuple[str, ...]
    """The folders and studies that the networks are from."""
    distances: tuple[Distance, ...]
    group: int | None = None
    decided_with: int | None = None
    signals: Signals | None = None
    theory: Theory | None = None
    code: str | None = None

    @property
    def known(self) -> bool:
        """Whether the evidence is near enough to answer the question."""
        return all(distance.near for distance in self.distances)

    @property
    def weight(self) -> float:
        """The sum of the distances, by which options that are too far are ordered."""
        return sum(distance.weight for distance in self.distances)

    def name(self, axes: Sequence[str]) -> str:
        """Return the values of some axes."""
        return ", ".join(str(self.cell[axis]) for axis in axes)


@dataclass(frozen=True)
class Ranking:
    """The options for one depth, width and data set: first those that are known, in their order,
    then the others, the nearest first."""

    setting: Mapping[str, Value]
    options: tuple[Option, ...]
    defaults: tuple[str, ...]
    """What the frameworks' default starts do, a sentence each."""

    @property
    def known(self) -> tuple[Option, ...]:
        """The options whose evidence answers the question."""
        return tuple(option for option in self.options if option.group is not None)

    @property
    def unknown(self) -> tuple[Option, ...]:
        """The options whose evidence is too far."""
        return tuple(option for option in self.options if option.group is None)


@dataclass(frozen=True)
class Advice:
    """The answer to a question, and the command that would measure it."""

    question: Question
    rankings: tuple[Ranking, ...]
    folders: tuple[str, ...]
    command: tuple[str, ...]
    """The words of the command, without ``suite``."""
    runs: int
    """The number of runs that the command would measure."""
    seconds: float
    """The seconds that it would take on one core."""
    notes: tuple[str, ...] = ()


def folders(given: Sequence[Path] = ()) -> tuple[list[Path], tuple[str, ...]]:
    """Return the folders that hold evidence, those that were named first, and notes for the
    user."""
    found = [*given, *evidence.users_folders()]
    reference = evidence.shipped()
    if reference is not None:
        found.append(reference)
        notes: tuple[str, ...] = ()
    else:
        notes = (
            "the package is installed without its reference results: only folders of results/ and"
            " --from count (a clone of the repository has the reference)",
        )
    return list(dict.fromkeys(map(_short, found))), notes


def _short(folder: Path) -> Path:
    """Return the path of a folder from here where it lies below, so that no folder is read as two
    and lines stay short."""
    whole, here = folder.resolve(), Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole


def advise(question: Question, given: Sequence[Path] = ()) -> Advice:
    """Answer a question from stored runs: ``given`` folders, those in ./results, the reference.

    Raises UserError where a folder that was named is not a results folder, or a table of a folder
    cannot be read.
    """
    chosen, notes = folders(given)
    rows = evidence.read(chosen)
    measured = _propagation(chosen)
    rankings = []
    for setting in _settings(question, rows):
        asked = replace(question, **setting)
        options = _ranked(list(_options(asked, rows)))
        options = [_with_background(option, asked, measured) for option in options]
        rankings.append(Ranking(setting, tuple(options), tuple(_defaults(asked, options))))
    if not any(ranking.options for ranking in rankings):
        notes += (f"no stored network has the activation {question.activation}",)
    words = command(question)
    names = tuple(map(str, chosen))
    return Advice(question, tuple(rankings), names, words, *expected(words), notes)


def _settings(question: Question, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the depths, widths and data sets to rank for: the ones asked for, or all stored."""
    free = [axis for axis in SETTINGS if axis not in question.given]
    fixed: dict[str, Any] = {
        axis: question.given[axis] for axis in SETTINGS if axis in question.given
    }
    if not free or rows.empty:
        return [fixed]
    alike = rows
    if question.activation is not None:
        alike = rows[rows["activation"] == question.activation]
    if alike.empty:
        return [fixed]
    near = alike[(alike["residual"] != 0) == question.residual]
    for axis, value in question.given.items():
        if axis not in ("depth", "width"):
            near = near[near[axis] == value]
    found = (alike if near.empty else near)[free].drop_duplicates().sort_values(free)
    values = found.itertuples(index=False, name=None)
    return [{**fixed, **dict(zip(free, combination, strict=True))} for combination in values]


def _options(question: Question, rows: pd.DataFrame) -> Iterator[Option]:
    """Yield each option with the evidence that is nearest: near before far, then the smaller
    distance, then the more networks."""
    candidates: dict[tuple[Value, ...], list[Option]] = {}
    for values, part in rows.groupby([*evidence.AXIS, "epochs", "batch"], sort=False):
        cell: dict[str, Any] = dict(zip(evidence.AXIS, values, strict=False))
        away = distances(question, cell)
        if away is None:
            continue
        key: tuple[Value, ...] = tuple(cell[axis] for axis in question.open)
        candidates.setdefault(key, []).append(_option(cell, part, away))
    for found in candidates.values():
        yield min(found, key=lambda option: (not option.known, option.weight, -option.n))


def _option(cell: Mapping[str, Value], part: pd.DataFrame, away: tuple[Distance, ...]) -> Option:
    learned, n = int(part["learned"].sum()), len(part)
    epochs, batch = int(part["epochs"].iloc[0]), int(part["batch"].iloc[0])
    pairs = part[["folder", "study"]].drop_duplicates().itertuples(index=False, name=None)
    whole = {axis: int(cell[axis]) for axis in ("depth", "width")}
    return Option(
        {**cell, **whole},
        learned,
        n,
        intervals.share(learned, n, LEVEL),
        background.interval(part["epoch"].to_numpy(float)),
        f"{epochs} epochs, batches of {batch}",
        tuple(f"{folder}: {study}" for folder, study in pairs),
        away,
    )


def _ranked(options: list[Option]) -> list[Option]:
    """Put options in order and into groups."""

    def order(option: Option) -> tuple[float, float]:
        epochs = option.epochs.estimate
        return -option.share.estimate, epochs if epochs == epochs else float("inf")

    known = sorted((option for option in options if option.known), key=order)
    counts = [(option.learned, option.n) for option in known]
    result: list[Option] = []
    for option, group in zip(known, ranking.groups(counts), strict=True):
        best = next((other for other in result if other.group == group), None)
        needed = None
        if best is not None:
            pair = (best.learned, best.n), (option.learned, option.n)
            needed = ranking.seeds_needed(*pair, len(known))
        result.append(replace(option, group=group, decided_with=needed))
    far = (option for option in options if not option.known)
    return result + sorted(far, key=lambda option: (option.weight, *order(option)))


def _with_background(option: Option, asked: Question, measured: pd.DataFrame) -> Option:
    """Return an option with signals, theory and code, for the depth and width asked for."""
    names = {axis: str(option.cell[axis]) for axis in ("activation", "framework", "initializer")}
    depth, width = (int(asked.given.get(axis, option.cell[axis])) for axis in ("depth", "width"))
    framework = asked.framework or names["framework"]
    start = names["activation"], names["initializer"]
    written = replace(option, code=background.code(framework, *start, width))
    if not _plain(asked):
        return written
    return replace(
        written,
        signals=background.signals(measured, framework, *start),
        theory=background.theory(*start, framework, depth, width),
    )


def _plain(asked: Question) -> bool:
    """Return whether networks are plain: theory and the study propagation are about no others."""
    return asked.normalization == "none" and not asked.residual


def _defaults(asked: Question, options: Sequence[Option]) -> Iterator[str]:
    """Yield what the default start of each framework does, for each activation in question."""
    depth, width = asked.depth, asked.width
    if depth is None or width is None or not _plain(asked):
        return
    frameworks = [asked.framework] if asked.framework else [e.name for e in by_default()]
    names = {str(option.cell["activation"]) for option in options}
    names |= {asked.activation} if asked.activation else set()
    for activation, framework in itertools.product(sorted(names), frameworks):
        if sentence := background.default_flaw(activation, framework, depth, width):
            yield sentence


def _propagation(chosen: Sequence[Path]) -> pd.DataFrame:
    """Return propagation/runs.csv of the first folder that has it; empty where none has."""
    for folder in chosen:
        path = folder / "propagation" / "runs.csv"
        if locate(path) is not None:
            return read_table(path, ("forward_slope", "backward_slope"))
    return pd.DataFrame()


SEEDS = 40
"""The seeds of the command. At 95 %, a share of all or none of them has an interval of width
0.09."""
_STAND_IN: Mapping[str, tuple[str, ...]] = {
    "initializer": ("default", "he_normal", "orthogonal", "xavier_uniform"),
    "activation": ("gelu", "relu", "tanh"),
    "optimizer": ("adam", "rmsprop", "sgd"),
    "normalization": ("none", "batch", "layer"),
    "depth": ("16",),
    "width": ("64",),
    "dataset": ("circles",),
}
"""Axis -> what the command measures where the question leaves it open."""


def command(question: Question, out: str = "results/advice") -> tuple[str, ...]:
    """Return the words of the command that would measure a question, without ``suite``."""
    words = ["run", "practice", "--seeds", str(SEEDS), "--out", out]
    for axis in ("activation", "initializer", *SETTINGS[:2], "optimizer", "dataset"):
        words += ["--set", f"{axis}={_values(question, axis)}"]
    words += ["--set", f"normalization={_values(question, 'normalization')}"]
    words += ["--set", f"residual={int(question.residual)}", "--set", "case=given"]
    if question.framework:
        words += ["--frameworks", question.framework]
    for plugin in plugins.active():
        words += ["--plugin", plugin.source.origin]
    for file in datafiles.files():
        words += ["--dataset", ",".join(filter(None, (file.origin, file.options)))]
    return tuple(words)


def _values(question: Question, axis: str) -> str:
    given = question.given.get(axis)
    return ",".join(_STAND_IN[axis]) if given is None else str(given)


def expected(words: Sequence[str]) -> tuple[int, float]:
    """Return the runs of such a command and its seconds of one core, as ``suite plan`` says.

    Raises UserError where the command names something that is not known.
    """
    from suite.planning import grids
    from suite.studies import STUDIES

    sets = [value for key, value in itertools.pairwise(words) if key == "--set"]
    named = dict(itertools.pairwise(words))
    usual = tuple(entry.name for entry in by_default())
    frameworks = (named["--frameworks"],) if "--frameworks" in named else usual
    study = STUDIES["practice"]
    chosen = grids.Selection(
        "standard", frameworks, grids.parse_overrides(sets, [study]), int(named["--seeds"])
    )
    count = grids.plan([study], chosen).count("practice")
    if not count["runs"]:
        raise UserError("the command would measure nothing")
    return int(count["runs"]), float(count["seconds"])
