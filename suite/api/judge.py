"""Judge and compare results folders: ``check`` and ``compare``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from suite.api.words import Files, Folder, Values, listed, paths
from suite.comparing.comparison import Comparison
from suite.types import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Check:
    """The verdicts on a results folder, judged now.

    ``verdicts``: as ``Results.verdicts`` returns them. ``exit_code``: that of ``suite check``.
    ``findings``: as ``Results.findings`` returns them; None beside claims of your own. ``notes``:
    what limits the judgement, in sentences.

    >>> import suite
    >>> check = suite.check("results/reference/quick")
    >>> check.exit_code
    0
    """

    verdicts: pd.DataFrame = field(repr=False)
    findings: pd.DataFrame | None = field(repr=False)
    notes: tuple[str, ...]
    exit_code: int


def check(folder: Folder, *, claims: Files = ()) -> Check:
    """Judge a results folder again.

    ``claims``: TOML files whose claims are judged in place of the shipped ones, as a family of
    their own. Raises UserError where the folder or a file cannot be read, and for a claim about
    cells that cannot exist.

    >>> import suite
    >>> verdicts = suite.check("results/reference/quick").verdicts
    >>> bool((verdicts["as_expected"] == False).any())
    False
    """
    from suite.commands.check import examine
    from suite.judging.verdicts import to_frame

    checked = examine(Path(folder), paths(claims))
    lacking = (checked.lacking,) if checked.lacking else ()
    notes = (*checked.judged.notes, *lacking)
    return Check(to_frame(checked.judged.verdicts), checked.findings, notes, checked.code)


def compare(
    a: Folder,
    b: Folder | None = None,
    *,
    by: str | Values | None = None,
    set: Values | None = None,
    studies: Iterable[str] | None = None,
    allow_missing: Iterable[str] = (),
) -> Comparison:
    """Compare two results folders, or two values of an axis in one.

    ``by``: an axis with its two values, as ``{"framework": ("torch", "tensorflow")}``, or the axis
    alone where the folder has two. ``set``: axis -> the values to which both sides are restricted.
    ``studies``: those to which they are restricted. ``allow_missing``: what B may lack: a metric,
    a study, an axis and value, a claim. Raises UserError where a folder cannot be read or a name is
    unknown.

    >>> import suite
    >>> quick = "results/reference/quick"
    >>> comparison = suite.compare(quick, by="framework", set={"weights": "shared"})
    >>> "same" in comparison.metrics["kind"].unique()
    True
    >>> suite.compare(quick, quick).exit_code("any")
    0
    """
    from suite.commands.compare import comparison_of

    if isinstance(studies, str):
        studies = [studies]
    if by is not None and not isinstance(by, str):
        if len(by) != 1:
            raise UserError(f"by names {len(by)} axes; name one, with two values")
        ((axis, values),) = by.items()
        by = f"{axis}={','.join(map(str, listed(values)))}"
    chosen = {axis: tuple(map(str, listed(values))) for axis, values in (set or {}).items()}
    return comparison_of(
        Path(a),
        None if b is None else Path(b),
        by,
        chosen,
        None if studies is None else list(studies),
        list(allow_missing),
    )
