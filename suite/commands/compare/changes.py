"""Compare two results folders, or each two values of an axis in one, and print what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from suite.catalogue.registry import unknown
from suite.commands.compare.restrictions import chosen_values, of_studies
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.comparing.compare_folders import Folder
    from suite.comparing.comparison import Comparison
    from suite.types import Value


def compare(
    first: Path,
    second: Path | None,
    by: str | None,
    sets: Sequence[str],
    rule: str,
    form: str,
    studies: Sequence[str] | None = None,
    missing: Sequence[str] = (),
) -> int:
    """Compare, print as ``form`` (text, json, markdown or csv) and return the exit code by
    ``rule``.

    ``by``: an axis and its values, as ``axis=x,y``, or the axis alone for all that the folder has;
    of more than two, each is compared with each. ``sets``: axes and the
    values to which both sides are restricted. ``studies``: those to which they are restricted; None
    for all. ``missing``: names of what B may lack, see ``allowed``. Raise UserError where a folder
    cannot be read, or a study, an axis, a value, the rule or a name is unknown.
    """
    from suite.comparing import show_comparison as show
    from suite.comparing.comparison import RULES
    from suite.results.checksums import warn
    from suite.results.folder import Results

    if rule not in RULES:
        raise unknown("rule", rule, RULES)
    found = comparisons_of(first, second, by, chosen_values(sets), studies, missing)
    for path in dict.fromkeys([first, first if second is None else second]):
        warn(path, Results(path).manifest())
    if form == "json":
        print(show.as_json(found[0], rule) if len(found) == 1 else show.all_as_json(found, rule))
    elif form == "csv":
        print(show.as_csv(found[0]) if len(found) == 1 else show.all_as_csv(found))
    else:
        shown = show.markdown if form == "markdown" else show.text
        print(
            *(["\n".join(show.overview(found))] if len(found) > 1 else []),
            *map(shown, found),
            sep="\n\n",
        )
    return max(comparison.exit_code(rule) for comparison in found)


def comparison_of(
    first: Path,
    second: Path | None,
    by: str | None,
    chosen: Mapping[str, Sequence[str]],
    studies: Sequence[str] | None,
    missing: Sequence[str],
) -> Comparison:
    """Return the comparison of two folders, or of two values of an axis in one folder.

    ``chosen``: axis -> the values to which both sides are restricted; for the rest see ``compare``.
    """
    found = comparisons_of(first, second, by, chosen, studies, missing)
    if len(found) != 1:
        sides = dict.fromkeys(side.partition(" in ")[0] for one in found for side in (one.a, one.b))
        raise UserError(f"--by {by} has more than two values, name two of them: {', '.join(sides)}")
    return found[0]


def comparisons_of(
    first: Path,
    second: Path | None,
    by: str | None,
    chosen: Mapping[str, Sequence[str]],
    studies: Sequence[str] | None,
    missing: Sequence[str],
) -> list[Comparison]:
    """Return the comparison of two folders, or those of each pair of values of an axis in one.

    Arguments and errors as in ``comparison_of``.
    """
    from suite.comparing import allowed
    from suite.comparing.compare_folders import (
        compare_folders,
        compare_values,
        measured,
        read_folder,
        restricted,
    )
    from suite.planning.axes import axis_values

    if (second is None) == (by is None):
        given = "neither was" if by is None else "both were"
        raise UserError(f"compare needs two folders, or one folder and --by AXIS; {given} given")
    whole = [read_folder(path) for path in (first, second) if path is not None]
    may_lack = allowed.parse(missing, measured(whole[0]), str(first))
    a, *others = (restricted(folder, chosen) for folder in of_studies(whole, studies))
    if others:
        return [compare_folders(a, others[0], may_lack)]
    axis, texts = axis_values(str(by), "--by")
    values = _values(a, axis.name, texts)
    return [compare_values(a, axis.name, x, y, may_lack) for x, y in combinations(values, 2)]


def _values(folder: Folder, axis: str, texts: Sequence[str]) -> list[Value]:
    """Return the values to compare: those that were given, or those that the folder has.

    Raise UserError where they are fewer than two, and for one that is named twice.
    """
    from suite.comparing.compare_folders import stored_value

    values = [stored_value(folder, axis, text) for text in texts] or folder.values(axis, least=2)
    for value in values:
        if values.count(value) > 1:
            raise UserError(f"--by {axis}: {value} is named twice; name two values")
    if len(values) < 2:
        names = ", ".join(map(str, folder.values(axis, least=2)))
        has = f"{folder.path} has {names}" if names else f"no study of {folder.path} has two values"
        raise UserError(f"--by {axis}: name two values, --by {axis}=X,Y; {has}")
    return values
