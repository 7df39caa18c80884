"""Judge and compare results folders: ``check``, ``compare`` and ``attribute``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suite.api.frames import with_units
from suite.api.words import Files, Folder, Values, listed, path, paths
from suite.comparing.attribution import Attribution
from suite.comparing.comparison import Comparison
from suite.judging import explained
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


class Explanation(explained.Explanation):
    """A claim with what a results folder says about it; ``print`` shows it as ``suite explain``.

    ``claim``: what is claimed. ``verdicts``: one for each group of cells; none without a folder.
    ``rows``: the runs behind them, with the ``side`` (of or versus) in front; None without a
    folder. ``command``: the command that measures these cells again. ``related``: claims about the
    same cells, or the same metric of its study, the closest first.

    >>> import suite
    >>> print(suite.explain("tanh-beats-sigmoid").related[0].id)
    relu-beats-sigmoid
    """

    def __str__(self) -> str:
        from suite.judging.show_explanation import text

        return text(self)


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
    from suite.pooling import is_pool

    if is_pool(path(folder)):
        raise UserError(f"{folder} is a pool; suite.pool judges it")
    checked = examine(path(folder), paths(claims))
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
    ``studies``: the studies to which they are restricted. ``allow_missing``: what B may lack: a
    metric, a study, an axis and value, a claim. Raises UserError where a folder cannot be read or a
    name is unknown.

    >>> import suite
    >>> quick = "results/reference/quick"
    >>> comparison = suite.compare(quick, by="framework", set={"weights": "shared"})
    >>> "same" in comparison.metrics["kind"].unique()
    True
    >>> suite.compare(quick, quick).exit_code("any")
    0
    """
    from suite.commands.compare.changes import comparison_of

    if by is not None and not isinstance(by, str):
        if len(by) != 1:
            raise UserError(f"by names {len(by)} axes; name one, with two values")
        ((axis, values),) = by.items()
        by = f"{axis}={','.join(map(str, listed(values)))}"
    return comparison_of(
        path(a),
        None if b is None else path(b),
        by,
        _values(set),
        None if studies is None else _names(studies),
        list(allow_missing),
    )


def attribute(
    folder: Folder,
    *,
    between: tuple[str, str] | None = None,
    set: Values | None = None,
    studies: Iterable[str] | None = None,
) -> Attribution:
    """Say of each difference between two frameworks whether the API or the backend makes it.

    The folder needs a third framework, which has the API of the one and the backend of the other,
    as ``keras_torch`` between torch and TensorFlow. ``between``: the two frameworks; None for all
    that have such a third. ``set``: axis -> the values to which the cells are restricted.
    ``studies``: the studies that are looked at. Raises UserError where the folder cannot be read, a
    framework is lacking or a name is unknown.

    >>> import suite
    >>> try:
    ...     suite.attribute("results/reference/quick")
    ... except suite.UserError as error:
    ...     print("keras_torch" in str(error))
    True
    """
    from suite.commands.compare.attribution import attribution_of

    by = "framework" if between is None else f"framework={','.join(between)}"
    return attribution_of(
        path(folder), None, by, _values(set), None if studies is None else _names(studies)
    )


def _values(given: Values | None) -> dict[str, tuple[str, ...]]:
    """Return axis -> values, as they are written."""
    return {axis: tuple(map(str, listed(values))) for axis, values in (given or {}).items()}


def _names(given: Iterable[str]) -> list[str]:
    """Return the names of studies; a text is one."""
    return [given] if isinstance(given, str) else list(given)


def explain(claim: str, folder: Folder | None = None, *, claims: Files = ()) -> Explanation:
    """Return a claim in full, with the rows behind its verdicts on a results folder.

    ``print`` shows what ``suite explain`` prints. ``claims``: TOML files in which the claim is
    looked up instead of among the shipped ones. Raises UserError for an unknown claim, with the
    nearest, and where the folder cannot be read.

    >>> import suite
    >>> explanation = suite.explain("tanh-beats-sigmoid", "results/reference/quick")
    >>> [verdict.verdict for verdict in explanation.verdicts]
    ['supported', 'supported']
    >>> explanation.rows.groupby("side")["heldout_accuracy"].median().round(1).to_dict()
    {'of': 1.0, 'versus': 0.7}
    >>> str(explanation.command)[:35]
    'suite run training --profile quick '
    """
    found = explained.explain(claim, None if folder is None else path(folder), paths(claims))
    if found.rows is not None:
        with_units(found.rows)
    return Explanation(**vars(found))
