"""The figures of the page: drawn study by study, stored in ``figures/``, and ready to be shown."""

from __future__ import annotations

import base64
import functools
import importlib
import multiprocessing
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd

from suite import plugins
from suite.plugins.record import Absent, remembered
from suite.processes import without_script
from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, png, style
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
_WORTH = 6
"""The fewest studies for which other processes save more time than their start takes."""


@dataclass(frozen=True)
class Picture:
    """A figure for the page, with the claims that it shows.

    ``name``: that of its file, and of its address on the page. ``source``: what its ``img`` shows,
    a data URL or the address of the file. ``width``, ``height``: on screen, in CSS pixels.
    """

    name: str
    title: str
    caption: str
    claims: Sequence[str]
    source: str
    width: int
    height: int


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


def sections(
    folder: Path, manifest: Manifest, jobs: int, linked: bool = False
) -> dict[str, list[Section]]:
    """Draw the figures, write them to ``figures/`` and return study -> its sections.

    ``linked``: the pictures refer to these files instead of carrying their bytes.
    """
    drawn = [study for study in manifest.studies if study in PARTS]
    (folder / FIGURES).mkdir(exist_ok=True)
    if jobs == 1 or len(drawn) < _WORTH:
        return {study: _of_study(folder, study, linked) for study in drawn}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn) as executor:
        draw = partial(_drawn_elsewhere, folder, manifest, plugins.sources(), linked)
        with without_script():
            found = executor.map(draw, drawn)
        return dict(zip(drawn, found, strict=True))


def _drawn_elsewhere(
    folder: Path, manifest: Manifest, sources: Sequence[plugins.Source], linked: bool, study: str
) -> list[Section]:
    """Draw the figures of one study in another process."""
    plugins.keep(sources)
    with remembered(manifest):
        return _of_study(folder, study, linked)


def _of_study(folder: Path, study: str, linked: bool) -> list[Section]:
    """Draw the figures of one study."""

    @functools.cache
    def tables(path: str, *required: str) -> pd.DataFrame | None:
        return table(folder, path, *required)

    with style():
        return [_section(folder / FIGURES, part, linked) for part in PARTS[study](tables)]


def drawings(folder: Path) -> Iterator[tuple[Drawing, bytes]]:
    """Draw the figures of a results folder one after another, and yield each with its PNG file.

    Nothing is written. Raise UserError when the folder has no manifest or a table cannot be read.
    """

    @functools.cache
    def tables(path: str, *required: str) -> pd.DataFrame | None:
        return table(folder, path, *required)

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


def _section(target: Path, part: Part, linked: bool) -> Section:
    """Draw a part's figures and write them to ``target``."""
    pictures, sentences = [], list(part.absent)
    for draw in part.draw:
        try:
            drawing = draw()
        except (NotDrawn, Absent) as reason:
            sentences.append(str(reason))
            continue
        image = png(drawing.figure)
        file_name = f"{drawing.name}.png"
        with replacing(target / file_name, "wb") as file:
            file.write(image)
        width, height = (round(96 * inches) for inches in drawing.figure.get_size_inches())
        data = f"data:image/png;base64,{base64.b64encode(image).decode('ascii')}"
        source = f"{FIGURES}/{file_name}" if linked else data
        pictures.append(
            Picture(
                drawing.name,
                drawing.title,
                drawing.caption,
                drawing.claims,
                source,
                width,
                height,
            )
        )
    return Section(part.title, part.folded, pictures, sentences)
