"""The passport of an item: ``assess``, as the command of this name."""

from __future__ import annotations

from collections.abc import Iterable

from suite.api.measure import in_notebook, shown
from suite.api.words import Files, Folder, listed_files, names, parsed
from suite.assessing.passport import Passport
from suite.commands.main import plugins_of


def assess(
    item: str,
    *,
    against: str | Iterable[str] | None = None,
    frameworks: str | Iterable[str] | None = None,
    plugins: Files = (),
    jobs: int | None = None,
    out: Folder | None = None,
    progress: bool | None = None,
) -> Passport:
    """Put one activation, initializer or normalization through a battery; return its passport.

    ``item``: a name of the catalogues, ``my.py:snake``, or ``my:snake`` with ``plugins``.
    ``against``: others of its kind. ``frameworks``, ``jobs``, ``out`` and ``progress`` as for
    ``run``. A passport has ``sections``, each with a title, sentences and records, in the units
    that the headings name; it lies in its ``folder`` as passport.md, passport.json, passport.html.

    Raises UserError for an unknown item and for one from outside that breaks its contract.

    >>> import suite
    >>> suite.assess("gleu")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    suite.errors.UserError: unknown activation, initializer or normalization 'gleu'; did you mean...
    """
    from suite.commands import assess as command

    given = parsed(
        "assess",
        item,
        against=names(against),
        frameworks=names(frameworks),
        plugin=listed_files(plugins),
        jobs=jobs,
        out=out,
    )
    with plugins_of(given):
        return command.assessed(given, shown(in_notebook() if progress is None else progress))
