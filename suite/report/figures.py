"""The figures of the page: drawn study by study, stored in ``figures/``, and ready to be shown."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd

from suite import plugins
from suite.catalogue.registry import unknown
from suite.judging.naming_command import Namer
from suite.plugins.record import Absent, remembered
from suite.processes import collecting_seldom, without_script
from suite.report.common.alternatives import describe
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, style
from suite.report.common.images import paint, png
from suite.report.reproduction import drawing_command, measuring_command, namer_of
from suite.results.compressed import locate
from suite.results.folder import Results, replacing
from suite.results.manifest import Manifest
from suite.results.tables import read_table
from suite.studies import STUDIES

PARTS: Mapping[str, Callable[[Tables], list[Part]]] = {
    module.name: importlib.import_module(f"suite.report.{module.name}").parts
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if module.name in STUDIES
}
"""Study -> its figures: the function ``parts`` of the file that bears the study's name."""
FIGURES = "figures"
"""The folder of the figures, seen from the results folder."""
_LONG = ("training", "lecture", "tutorial", "numerics", "propagation")
"""The studies whose figures take longest."""


@dataclass(frozen=True)
class Picture:
    """A figure for the page, with the claims that it shows.

    ``name``: that of its file, and of its address on the page. ``alternative``: what is to be seen,
    in words. ``source``: what its ``img`` shows, a data URL or the address of the file. ``width``,
    ``height``: on screen, in CSS pixels. ``drawing``, ``measuring``: the commands that make just
    this figure from a results folder, and its rows from nothing.
    """

    name: str
    title: str
    caption: str
    alternative: str
    claims: Sequence[str]
    source: str
    width: int
    height: int
    drawing: str
    measuring: str


@dataclass(frozen=True)
class Section:
    """A part of the page with figures, and a sentence for each one that is not drawn."""

    title: str
    folded: bool
    pictures: Sequence[Picture]
    absent: Sequence[str]


def table(folder: Path, path: str, *required: str) -> pd.DataFrame | None:
    """Return a table of a folder, plain or compressed, or None where the folder lacks it."""
    return None if locate(folder / path) is None else read_table(folder / path, required)


@dataclass(frozen=True)
class Request:
    """Which figures a page needs: those of the results in ``folder``, their files in ``target``.

    ``linked``: the pictures refer to these files instead of carrying their bytes.
    """

    folder: Path
    target: Path
    manifest: Manifest
    linked: bool


@contextmanager
def sections(
    folder: Path,
    manifest: Manifest,
    pool: ProcessPoolExecutor | None,
    linked: bool = False,
    out: Path | None = None,
) -> Iterator[Callable[[], dict[str, list[Section]]]]:
    """Draw the figures, and write them to ``figures/``, while the block does something else.

    Yield what waits for them, draws what nobody has begun, and returns study -> its sections.
    ``pool``: other processes that draw. ``linked``: as in ``Request``. ``out``: the folder in which
    ``figures/`` lies, where it is not the results folder.
    """
    request = Request(folder, (out or folder) / FIGURES, manifest, linked)
    request.target.mkdir(parents=True, exist_ok=True)
    drawn = [study for study in manifest.studies if study in PARTS]
    if pool is None:
        yield lambda: {study: _of_study(request, study) for study in drawn}
        return
    # The longest first: this process takes the short ones at the end, and nobody waits long.
    order = sorted(drawn, key=lambda study: study not in _LONG)
    draw = partial(_drawn_elsewhere, request, plugins.sources())
    with without_script():
        begun = {study: pool.submit(draw, study) for study in order}
    yield partial(_finished, request, begun, drawn)


def _finished(
    request: Request, begun: Mapping[str, Future[list[Section]]], drawn: Sequence[str]
) -> dict[str, list[Section]]:
    """Draw the studies that no other process has begun, from the last on, and wait for others."""
    here = {
        study: _of_study(request, study) for study in reversed([*begun]) if begun[study].cancel()
    }
    return {study: here.get(study) or begun[study].result() for study in drawn}


def _drawn_elsewhere(
    request: Request, sources: Sequence[plugins.Source], study: str
) -> list[Section]:
    """Draw the figures of one study in another process."""
    plugins.keep(sources)
    with remembered(request.manifest), collecting_seldom():
        return _of_study(request, study)


def _of_study(request: Request, study: str) -> list[Section]:
    """Draw the figures of one study."""
    namer = namer_of(request.manifest)
    with style():
        parts = PARTS[study](_reader(request.folder))
        return [_section(request, study, part, namer) for part in parts]


def _reader(folder: Path) -> Tables:
    """Return what reads the tables of a folder, each once."""

    @functools.cache
    def tables(path: str, *required: str) -> pd.DataFrame | None:
        return table(folder, path, *required)

    return tables


def drawings(folder: Path) -> Iterator[Drawing]:
    """Draw the figures of a results folder one after another.

    Nothing is written. Raise UserError when the folder has no manifest or a table cannot be read.
    """
    tables, manifest = _reader(folder), Results(folder).manifest()
    for study in manifest.studies:
        with remembered(manifest):
            parts = PARTS[study](tables) if study in PARTS else []
        for draw in chain.from_iterable(part.draw for part in parts):
            try:
                # Not around the yield: the user's settings are back between figures.
                with remembered(manifest), style():
                    drawing = draw()
            except (NotDrawn, Absent):
                continue
            yield drawing


def figures(folder: Path, names: Sequence[str]) -> list[tuple[Drawing, bytes]]:
    """Draw some figures of a results folder; return each with its PNG file.

    Nothing is written. Raise UserError for a name that the folder cannot draw, and as ``drawings``
    does.
    """
    found: dict[str, tuple[Drawing, bytes]] = {}
    seen = []
    for drawing in drawings(folder):
        seen.append(drawing.name)
        if drawing.name in names:
            with style():
                found[drawing.name] = drawing, png(drawing.figure)
        if len(found) == len({*names}):
            return [found[name] for name in dict.fromkeys(names)]
    raise unknown(f"figure of {folder}", next(n for n in names if n not in found), seen)


def write_figures(folder: Path, names: Sequence[str], out: Path | None = None) -> list[Path]:
    """Draw some figures of a results folder, write them to ``figures/`` of ``out``, or of the
    folder itself, and return their paths.

    Raise UserError, before anything is written, for a name that the folder cannot draw.
    """
    found = figures(folder, names)
    target = (out or folder) / FIGURES
    target.mkdir(parents=True, exist_ok=True)
    for drawing, image in found:
        with replacing(target / f"{drawing.name}.png", "wb") as file:
            file.write(image)
    return [target / f"{drawing.name}.png" for drawing, _ in found]


def _section(request: Request, study: str, part: Part, namer: Namer) -> Section:
    """Draw a part's figures and write their files."""
    pictures, sentences = [], list(part.absent)
    for draw in part.draw:
        try:
            drawing = draw()
        except (NotDrawn, Absent) as reason:
            sentences.append(str(reason))
            continue
        pictures.append(_picture(request, study, drawing, namer))
    return Section(part.title, part.folded, pictures, sentences)


def _picture(request: Request, study: str, drawing: Drawing, namer: Namer) -> Picture:
    """Paint a figure, write its file, and return what the page shows of it."""
    painted = paint(drawing.figure)
    file_name = f"{drawing.name}.{painted.ending}"
    with replacing(request.target / file_name, "wb") as file:
        file.write(painted.file)
    width, height = (round(96 * inches) for inches in drawing.figure.get_size_inches())
    return Picture(
        name=drawing.name,
        title=drawing.title,
        caption=drawing.caption,
        alternative=f"{drawing.title}. {describe(drawing.figure)}",
        claims=drawing.claims,
        source=f"{FIGURES}/{file_name}" if request.linked else painted.url,
        width=width,
        height=height,
        drawing=drawing_command(drawing.name, request.manifest),
        measuring=measuring_command(study, drawing.rows, request.manifest, namer),
    )
