"""``suite compare DIR --by framework --attribute``: whose doing each difference is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from suite.commands.compare.restrictions import chosen_values, of_studies
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.comparing.attribution import Attribution
    from suite.comparing.chains import Chain
    from suite.comparing.compare_folders import Folder
    from suite.results.manifest import Manifest

_OWN = ("--frameworks", "--out", "--jobs")
"""Options of a run that are not repeated in the command which measures more frameworks."""


def attribute(
    first: Path,
    second: Path | None,
    by: str | None,
    sets: Sequence[str],
    form: str,
    studies: Sequence[str] | None = None,
) -> int:
    """Print whose doing the differences between the frameworks of a folder are, as ``form`` (text,
    json, markdown or csv), and return 0.

    Arguments and errors as in ``attribution_of``; ``sets`` as the option has them.
    """
    from suite.discovery import show_attribution
    from suite.results.checksums import warn
    from suite.results.folder import Results

    found = attribution_of(first, second, by, chosen_values(sets), studies)
    warn(first, Results(first).manifest())
    shown = {
        "json": show_attribution.as_json,
        "csv": show_attribution.as_csv,
        "markdown": show_attribution.markdown,
        "text": show_attribution.text,
    }
    print(shown[form](found))
    return 0


def attribution_of(
    first: Path,
    second: Path | None,
    by: str | None,
    chosen: Mapping[str, Sequence[str]],
    studies: Sequence[str] | None,
) -> Attribution:
    """Return whose doing the differences between the frameworks of a folder are.

    ``by``: "framework", or "framework=A,B" for two of them. ``chosen``: axis -> the values to which
    the cells are restricted. ``studies``: those that are looked at; None for all. Raise UserError
    where there is a ``second`` folder, ``by`` names another axis, a framework that would have to
    stand between two others was not measured, or a name is unknown.
    """
    from suite.comparing.compare_folders import read_folder, restricted
    from suite.discovery.whose import whose
    from suite.planning.axes import axis_values

    if second is not None:
        raise UserError(
            f"--attribute looks at the frameworks of one folder; {first} and {second} were given"
        )
    if by is None:
        raise UserError("--attribute needs --by framework, or --by framework=A,B")
    axis, names = axis_values(by, "--by")
    if axis.name != "framework":
        raise UserError(
            f"--attribute splits differences between frameworks; --by {axis.name} was given,"
            " write --by framework"
        )
    if "framework" in chosen:
        raise UserError("--attribute needs all the frameworks: leave --set framework=... out")
    folder = read_folder(first)
    chains = _chains(folder, names)
    [restricted_to] = of_studies([folder], studies)
    runs = restricted(restricted_to, chosen).runs
    return whose(runs, folder.manifest.seeds is None, chains)


def _chains(folder: Folder, names: Sequence[str]) -> list[Chain]:
    """Return the chains between the frameworks that were named, or all that a folder has.

    Raise UserError where there is none, with the command that measures what is lacking.
    """
    from suite.catalogue.registry import unknown
    from suite.comparing.chains import between, chains_of, known_parts
    from suite.discovery.whose import lacking, stored_frameworks

    parts = known_parts()
    stored = stored_frameworks(folder.runs)
    if not names:
        if found := chains_of(stored, parts):
            return found
        if wanting := lacking(stored):
            raise _lacks(folder, wanting[:1], stored)
        has = ", ".join(map(str, folder.values("framework"))) or "none"
        raise UserError(
            f"--attribute needs two frameworks and the one between them, as torch, keras_torch and"
            f" tensorflow; {folder.path} has {has}"
        )
    for name in names:
        if name not in stored:
            raise unknown(f"framework of {folder.path}", name, stored)
    if len(set(names)) != 2 or len(names) != 2:
        raise UserError(f"--by framework={','.join(names)}: name two frameworks")
    chain = between(names[0], names[1], parts)
    if chain is None:
        raise UserError(_why_not(names[0], names[1]))
    if chain.middle not in stored:
        raise _lacks(folder, [chain], stored)
    return [chain]


def _why_not(a: str, b: str) -> str:
    from suite.comparing.chains import known_parts

    (api_a, backend_a), (api_b, backend_b) = known_parts()[a], known_parts()[b]
    if backend_a == backend_b:
        return f"{a} and {b} have the same backend: what --by framework={a},{b} shows is the API's"
    if api_a == api_b:
        return f"{a} and {b} have the same API: what --by framework={a},{b} shows is the backend's"
    return f"no framework of the suite has the API of {a} or {b} and the backend of the other"


def _lacks(folder: Folder, chains: Sequence[Chain], stored: Sequence[str]) -> UserError:
    """Return the error that names the frameworks between others which a folder lacks."""
    middles = [chain.middle for chain in chains]
    ends = f"{chains[0].a} and {chains[0].b}"
    command = _command(folder.manifest, [*stored, *middles])
    return UserError(
        f"{folder.path} lacks {', '.join(middles)}, which stands between {ends};"
        f" measure them together: {command}"
    )


def _command(manifest: Manifest, frameworks: Sequence[str]) -> str:
    """Return the command of a run with other frameworks, for another folder."""
    words = list(manifest.command)
    kept: list[str] = []
    skip = False
    for word in words:
        option, joined, _ = word.partition("=")
        if skip:
            skip = False
        elif option in _OWN:
            skip = not joined
        else:
            kept.append(word)
    if kept[:2] != ["suite", "run"]:
        kept = ["suite", "run", *manifest.studies, "--profile", manifest.profile]
    return shlex.join([*kept, "--frameworks", ",".join(frameworks)])
