"""The page: everything that a results folder says, in one file that opens without a network.

Only the folder is read; no framework is imported and nothing is measured. The same folder gives
the same bytes. Where a table is missing, a sentence takes the place of its figures.
"""

from __future__ import annotations

import base64
import functools
import importlib
import multiprocessing
import pkgutil
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from suite import plugins
from suite.discovery import show_findings
from suite.discovery.findings import unexplained
from suite.discovery.kinds import COLUMNS as FINDING_COLUMNS
from suite.discovery.kinds import FINDINGS
from suite.judging.verdicts import CLAIMS, Verdict, read_verdicts
from suite.plugins.record import Absent, remembered
from suite.processes import without_script
from suite.report.common import verdict_words
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, png, style
from suite.report.common.numbers import band, interval, number
from suite.report.common.run_status import status_counts
from suite.report.common.timings import COLUMNS, timings
from suite.report.common.verdict_blocks import Block, by_study, headline
from suite.results.compressed import locate
from suite.results.folder import Results, replacing
from suite.results.manifest import Manifest
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import Status

_HERE = Path(__file__).parent
PARTS: Mapping[str, Callable[[Tables], list[Part]]] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}").parts
    for module in pkgutil.iter_modules(__path__)
    if module.name != "common"
}
"""Study -> its figures: the function ``parts`` of the file that bears the study's name."""
_CIRCUMSTANCES = {
    "--out": True,
    "--jobs": True,
    "--executor": True,
    "--timeout": True,
    "--no-report": False,
}
"""Options that do not change what a run measures -> whether a value follows the option."""
_WORTH = 6
"""The fewest studies for which other processes save more time than their start takes."""


_LISTED = 50
"""The unexplained findings that the page lists."""


@dataclass(frozen=True)
class Picture:
    """A figure for the page: a PNG at twice its size on screen, and the claims that it shows."""

    title: str
    caption: str
    claims: Sequence[str]
    data: str
    width: int
    height: int


@dataclass(frozen=True)
class Section:
    """A part of the page with figures, and a sentence for each one that is not drawn."""

    title: str
    folded: bool
    pictures: Sequence[Picture]
    absent: Sequence[str]


@dataclass(frozen=True)
class Chapter:
    """What the page says about one study that was run: its figures, then its claims."""

    study: str
    question: str
    sections: Sequence[Section]
    judged: Sequence[Block]
    others: Sequence[Block]


def write_report(folder: Path, jobs: int = 1) -> Path:
    """Write ``report.html`` and ``figures/*.png`` of a results folder; return the page's path.

    ``jobs``: the number of processes that draw, a study at a time; the bytes do not depend on it.
    The page is replaced in one step, so that a reader never sees half of one. Raise UserError when
    the folder has no manifest or one of its tables cannot be read.
    """
    manifest = Results(folder).manifest()
    with remembered(manifest):
        return _write(folder, manifest, jobs)


def _write(folder: Path, manifest: Manifest, jobs: int) -> Path:
    rows = _verdicts(folder)
    claims = by_study(rows or [], manifest.studies)
    every = list(chain.from_iterable(claims.values()))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    studies = list(manifest.studies)
    tables = {study: _runs(folder, study) for study in {*studies, *manifest.expected}}
    timed = _table(folder, "timings.csv", *COLUMNS)
    sections = _sections(folder, manifest, jobs)
    maps = sections["training"].pop(0) if "training" in sections else None
    environment.filters |= {"number": number, "band": band}
    page = environment.from_string((_HERE / "page.html").read_text(encoding="utf-8"))
    html = page.render(
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # part of the package
        manifest=manifest,
        command=_command(manifest.command),
        counts=verdict_words.counts(rows or []),
        overall=verdict_words.overall(rows or []),
        chapters=[_chapter(study, sections, claims) for study in studies],
        unrun=[block for study in claims if study not in studies for block in claims[study]],
        judged=rows is not None,
        headline=headline(every),
        odd=[block for block in every if block.odd],
        blocks={block.head.claim: block for block in every},
        not_judged=verdict_words.Label("not-judged", "not judged"),
        interval=interval,
        words=verdict_words,
        maps=maps,
        beyond=_beyond(folder),
        runs=status_counts(tables, manifest),
        statuses=tuple(Status),
        environment=_environment(manifest),
        timings=None if timed is None else timings(timed),
    )
    path = folder / "report.html"
    with replacing(path) as file:
        file.write(html)
    return path


def _command(command: Sequence[str]) -> str:
    """Return the command that measures the same again, without ``_CIRCUMSTANCES``."""
    kept = []
    words = iter(command)
    for word in words:
        option, joined, _ = word.partition("=")
        if option not in _CIRCUMSTANCES:
            kept.append(word)
        elif _CIRCUMSTANCES[option] and not joined:
            next(words, None)
    return shlex.join(kept)


def _verdicts(folder: Path) -> list[Verdict] | None:
    """Return the verdicts of a folder, or None where it was not judged."""
    return None if locate(folder / CLAIMS) is None else read_verdicts(folder)


def _beyond(folder: Path) -> Mapping[str, object] | None:
    """Return the counts of findings and the largest unexplained ones; None without findings.csv."""
    table = _table(folder, FINDINGS, *FINDING_COLUMNS)
    if table is None:
        return None
    table = table.fillna({"explained_by": "", "at": "", "cell": ""})
    rows = unexplained(table).head(_LISTED).to_dict("records")
    return {"counts": show_findings.counts(table), "rows": rows}


def _runs(folder: Path, study: str) -> pd.DataFrame | None:
    """Return the runs of a study, or None where the folder lacks them."""
    needed = ("framework", "seed", "heldout_accuracy") if study == "training" else ()
    return _table(folder, f"{study}/runs.csv", "status", "reason", *needed)


def _table(folder: Path, path: str, *required: str) -> pd.DataFrame | None:
    """Return a table of a folder, plain or compressed, or None where the folder lacks it."""
    return None if locate(folder / path) is None else read_table(folder / path, required)


# --- figures -----------------------------------------------------------------------------------


def _chapter(
    study: str, sections: Mapping[str, list[Section]], claims: Mapping[str, list[Block]]
) -> Chapter:
    of_study = claims.get(study, [])
    return Chapter(
        study,
        STUDIES[study].question if study in STUDIES else "",
        sections.get(study, []),
        [block for block in of_study if block.judged],
        [block for block in of_study if not block.judged],
    )


def _sections(folder: Path, manifest: Manifest, jobs: int) -> dict[str, list[Section]]:
    """Draw the figures, write them to ``figures/`` and return study -> its sections."""
    drawn = [study for study in manifest.studies if study in PARTS]
    (folder / "figures").mkdir(exist_ok=True)
    if jobs == 1 or len(drawn) < _WORTH:
        return {study: _of_study(folder, study) for study in drawn}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn) as executor:
        draw = partial(_drawn_elsewhere, folder, manifest, plugins.sources())
        with without_script():
            sections = executor.map(draw, drawn)
        return dict(zip(drawn, sections, strict=True))


def _drawn_elsewhere(
    folder: Path, manifest: Manifest, sources: Sequence[plugins.Source], study: str
) -> list[Section]:
    """Draw the figures of one study in another process."""
    plugins.keep(sources)
    with remembered(manifest):
        return _of_study(folder, study)


def _of_study(folder: Path, study: str) -> list[Section]:
    """Draw the figures of one study."""

    @functools.cache
    def tables(path: str, *required: str) -> pd.DataFrame | None:
        return _table(folder, path, *required)

    with style():
        return [_section(folder / "figures", part) for part in PARTS[study](tables)]


def drawings(folder: Path) -> Iterator[tuple[Drawing, bytes]]:
    """Draw the figures of a results folder one after another, and yield each with its PNG file.

    Nothing is written. Raise UserError when the folder has no manifest or a table cannot be read.
    """

    @functools.cache
    def tables(path: str, *required: str) -> pd.DataFrame | None:
        return _table(folder, path, *required)

    manifest = Results(folder).manifest()
    for study in manifest.studies:
        with remembered(manifest):
            parts = PARTS[study](tables) if study in PARTS else []
        for draw in chain.from_iterable(part.draw for part in parts):
            try:
                with (
                    remembered(manifest),
                    style(),
                ):  # not around the yield: the user's settings are back between figures
                    drawing = draw()
                    image = png(drawing.figure)
            except NotDrawn:
                continue
            yield drawing, image


def _section(target: Path, part: Part) -> Section:
    """Draw a part's figures and write them to ``target``."""
    pictures, sentences = [], list(part.absent)
    for draw in part.draw:
        try:
            drawing = draw()
        except (NotDrawn, Absent) as reason:
            sentences.append(str(reason))
            continue
        image = png(drawing.figure)
        with replacing(target / f"{drawing.name}.png", "wb") as file:
            file.write(image)
        width, height = (round(96 * inches) for inches in drawing.figure.get_size_inches())
        data = base64.b64encode(image).decode("ascii")
        pictures.append(
            Picture(drawing.title, drawing.caption, drawing.claims, data, width, height)
        )
    return Section(part.title, part.folded, pictures, sentences)


def _environment(manifest: Manifest) -> dict[str, str]:
    """Return what the run depended on, name -> text, as far as the manifest says it."""

    def listed(values: Mapping[str, str]) -> str:
        return ", ".join(f"{name} {value}" for name, value in values.items())

    git = manifest.git
    changed = ", with uncommitted changes" if git.dirty else ""
    facts = {
        "versions": listed(manifest.versions),
        "platform": listed(manifest.platform),
        "threads per process": "" if manifest.threads is None else str(manifest.threads),
        "git commit": f"{git.commit}{changed}" if git.commit else "",
        "hash of the suite's code": manifest.tree_hash,
        "root seed": str(manifest.root_seed),
        "schema": str(manifest.schema),
    }
    return {name: text for name, text in facts.items() if text}
