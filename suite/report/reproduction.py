"""The commands that make one figure: from a results folder, and from nothing."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator

import pandas as pd

from suite.judging.naming_command import Namer
from suite.planning.axes import AXES, make_cell
from suite.planning.grids import Selection
from suite.results.manifest import Manifest
from suite.studies import STUDIES
from suite.types import Cell, Study, UserError, Value

_BROUGHT = ("--plugin", "--dataset")
"""Options of a run that name what its user brought: each is followed by a value."""


def drawing_command(name: str, manifest: Manifest) -> str:
    """Return the command that draws a figure of a results folder, here called DIR, with the plugins
    that its run named."""
    brought = _brought(manifest.command, ("--plugin",))
    return shlex.join(["suite", "report", "DIR", "--figure", name, *brought])


def namer_of(manifest: Manifest) -> Namer:
    """Return what names the commands of cells of a run."""
    selection = Selection(
        manifest.profile,
        manifest.frameworks,
        manifest.overrides,
        manifest.seeds,
        manifest.root_seed,
    )
    return Namer(selection, manifest.seeds)


def measuring_command(
    study: str, rows: pd.DataFrame | None, manifest: Manifest, namer: Namer | None = None
) -> str:
    """Return the command that measures the rows of a figure as the run of a manifest did, with as
    few other cells as ``--set`` can leave out.

    ``rows`` has the axes of the study as columns; without them the command measures all that the
    run measured of the study. ``namer``: that of the manifest, where many commands are asked for.
    """
    brought = list(_brought(manifest.command))
    if rows is not None and study in STUDIES and manifest.frameworks:
        try:
            cells = list(_cells(STUDIES[study], rows))
            command = (namer or namer_of(manifest)).command(STUDIES[study], cells)
        except UserError:  # a value that this version does not know
            command = None
        if command is not None:
            return " ".join([command.text, *map(shlex.quote, brought)])
    words = ["suite", "run", study, "--profile", manifest.profile]
    for axis, values in manifest.overrides.items():
        owner, _, name = axis.rpartition(".")
        if owner in ("", study) and (study not in STUDIES or name in STUDIES[study].axes):
            words += ["--set", f"{name}={','.join(map(str, values))}"]
    if manifest.seeds is not None:
        words += ["--seeds", str(manifest.seeds)]
    if manifest.root_seed:
        words += ["--root", str(manifest.root_seed)]
    return shlex.join([*words, *brought])


def _brought(command: tuple[str, ...], options: Collection[str] = _BROUGHT) -> Iterator[str]:
    """Yield those of some options that a run was given, each with its value."""
    words = iter(command)
    for word in words:
        option, joined, _ = word.partition("=")
        if option in options:
            yield word
            if not joined:
                yield from (value for value in [next(words, None)] if value is not None)


def _cells(study: Study, rows: pd.DataFrame) -> Iterator[Cell]:
    """Yield the cells of some rows, each once. Raises UserError for a value that no axis has."""
    axes = [axis for axis in study.axes if axis in rows]
    for values in rows[axes].drop_duplicates().itertuples(index=False, name=None):
        given: dict[str, Value] = {}
        for axis, value in zip(axes, values, strict=True):
            if value is None or value != value or value == "":
                continue  # older tables leave out an axis that they do not have
            whole = isinstance(value, float) and value.is_integer()
            given[axis] = AXES[axis].parse(int(value) if whole else value)
        yield make_cell(study, given)
