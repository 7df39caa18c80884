"""The page of a pool: the two verdicts on each claim, who contributed, and where environments
differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from suite.judging.verdicts import Ruling
from suite.pooling import is_pool
from suite.pooling.judge_folder import Judged, judged
from suite.pooling.judge_pool import Pooled
from suite.pooling.show_pool import DECISIONS, counts, left_out, number_of, words
from suite.report import embedding
from suite.report.common import verdict_words
from suite.report.common.numbers import number
from suite.results.folder import replacing
from suite.results.manifest import MANIFEST
from suite.types import UserError

SCRIPTS = ("page.js", "filters.js")
"""The files of the script of this page."""
NAME = "pool"
"""The stem of the page's files."""
PAGE = "report.html"
"""The name of the page in its folder."""


def write_pooled(
    folder: Path, out: Path | None = None, linked: bool = False, files: Sequence[Path] = ()
) -> Path:
    """Write the page of a pool into it, or into ``out``, and return the path.

    ``linked``: style and script are files beside the page. ``files``: TOML files with the claims of
    the pool, in place of the shipped ones. Raise UserError where the pool cannot be judged, and
    where ``out`` is a results folder or another pool, which have pages of their own.
    """
    found = judged(folder, files)
    target = folder if out is None else out
    if (target / MANIFEST).exists() or (is_pool(target) and target.resolve() != folder.resolve()):
        raise UserError(f"{target} is a results folder or another pool; give another with --out")
    html = page(found, folder, linked)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if linked:
            embedding.write_files(target, embedding.style(), embedding.script(SCRIPTS), {}, NAME)
        with replacing(target / PAGE) as file:
            file.write(html)
    except OSError as error:
        raise UserError(f"cannot write to {target}: {error.strerror}") from error
    return target / PAGE


def page(pool: Judged, folder: Path, linked: bool = False) -> str:
    """Return the page of a judged pool."""
    environment = embedding.templates()
    environment.filters |= {"number": number}
    style, script = embedding.style(), embedding.script(SCRIPTS)
    return environment.get_template("pooled.html").render(
        # Both are parts of the package, and hold nothing of the pool.
        style=Markup(style),
        script=Markup(script),
        policy=embedding.LINKED_POLICY if linked else embedding.policy(style, script),
        files=f"{embedding.FILES}/{NAME}" if linked else "",
        command=f"suite check {folder}",
        lead=_lead(pool),
        counts=counts(pool.verdicts),
        decisions=DECISIONS,
        pool=pool,
        common=words(pool.environments.common),
        label=_label,
        group=verdict_words.group,
        outside=_outside,
        odd=[verdict for verdict in pool.verdicts if verdict.contradicts],
        apart=[verdict for verdict in pool.verdicts if verdict.heterogeneous],
        left_out=left_out(pool),
    )


def _lead(pool: Judged) -> str:
    roots = len({member.root_seed for member in pool.members.values()})
    return (
        f"{number_of(len(pool.members), 'folder')}, {number_of(roots, 'root seed')},"
        f" {number_of(len(pool.environments.letters), 'environment')}:"
        f" {number_of(len(pool.verdicts), 'verdict')}"
    )


def _label(ruling: Ruling, expected: str) -> verdict_words.Label:
    """Return one of the two verdicts on a claim in a few words."""
    if ruling == "undecided":
        return verdict_words.Label("undecided", ruling)
    if expected == "open":
        return verdict_words.Label("open", f"open: {ruling}")
    if ruling == expected:
        return verdict_words.Label("expected", f"as expected: {ruling}")
    return verdict_words.Label("unexpected", f"unexpected: {ruling}")


def _outside(verdict: Pooled) -> str:
    """Return how many seeds lie on which side of the band."""
    if verdict.centre == "share":
        return f"{verdict.counted} counted"
    sides = {"below": verdict.below, "above": verdict.above}
    listed = ", ".join(f"{count} {side} the band" for side, count in sides.items() if count)
    return listed or "none outside the band"
