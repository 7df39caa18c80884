"""``report.html``: everything that a results folder says, in one file that opens without a network.

Only the folder is read; no framework is imported and nothing is measured. The same folder gives
the same bytes. Where a table is missing, a sentence takes the place of its figures.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from suite.discovery.show_findings import NOT_COVERED
from suite.judging.expected_runs import stored_plan
from suite.judging.judge_folder import ADDED, judge_run
from suite.judging.verdicts import CLAIMS, Verdict, read_verdicts
from suite.plugins.record import remembered
from suite.processes import DRAWING, collecting_seldom, helpers, others
from suite.report import board, embedding
from suite.report.attribution import attributed
from suite.report.common import verdict_words
from suite.report.common.numbers import band, interval, number
from suite.report.common.run_status import incomplete, status_counts
from suite.report.common.timings import COLUMNS, timings
from suite.report.common.verdict_blocks import Block, by_study, headline
from suite.report.evidence import behind
from suite.report.explorer import explorer
from suite.report.figures import Section, sections, table
from suite.report.findings import beyond, lost
from suite.results.compressed import locate
from suite.results.folder import Results, replacing
from suite.results.manifest import Manifest
from suite.results.tables import reading_once
from suite.studies import STUDIES
from suite.types import Status, UserError

_CIRCUMSTANCES = {
    "--out": True,
    "--jobs": True,
    "--executor": True,
    "--timeout": True,
    "--no-report": False,
}
"""Options that do not change what a run measures -> whether a value follows the option."""


@dataclass(frozen=True)
class Chapter:
    """What the page says about one study that was run: its figures, and how many verdicts of which
    kind the board has on it."""

    study: str
    question: str
    sections: Sequence[Section]
    counts: str


def write_report(
    folder: Path,
    jobs: int = 1,
    out: Path | None = None,
    linked: bool = False,
    files: Sequence[Path] = (),
    pool: ProcessPoolExecutor | None = None,
) -> Path:
    """Write ``report.html`` and ``figures/`` of a results folder; return the page's path.

    They are written into ``out``, where it is given, and the results folder stays as it is.
    ``linked``: style, script, figures and rows are files beside the page, for servers that forbid
    inline content. ``files``: the page is about the claims of these files, which are judged, in
    place of the verdicts of the folder.

    ``jobs``: the number of processes that draw, a study at a time; the bytes do not depend on it.
    ``pool``: such processes besides this one, where they were started already.
    The page is replaced in one step, so that a reader never sees half of one. Raise UserError when
    the folder has no manifest, one of its tables or files of claims cannot be read, or a page about
    ``files`` would replace that of the folder.
    """
    manifest = Results(folder).manifest()
    if files and (out is None or out.resolve() == folder.resolve()):
        raise UserError(
            f"--claims: {folder / 'report.html'} is about the verdicts of the folder; choose"
            " another place with --out"
        )
    with remembered(manifest), collecting_seldom():
        if pool is not None:
            return _write(folder, manifest, pool, out or folder, linked, files)
        with helpers(others(jobs, manifest.studies), DRAWING) as started:
            return _write(folder, manifest, started, out or folder, linked, files)


def _write(
    folder: Path,
    manifest: Manifest,
    pool: ProcessPoolExecutor | None,
    out: Path,
    linked: bool,
    files: Sequence[Path],
) -> Path:
    rows = _own_verdicts(folder, manifest, files) if files else _verdicts(folder)
    with sections(folder, manifest, pool, linked=linked, out=out) as drawn, reading_once():
        return _assembled(folder, manifest, rows, drawn, out, linked, files)


def _assembled(
    folder: Path,
    manifest: Manifest,
    rows: list[Verdict] | None,
    figures: Callable[[], dict[str, list[Section]]],
    out: Path,
    linked: bool,
    files: Sequence[Path],
) -> Path:
    """Write the page around its figures, for which it asks when all else is there."""
    claims = by_study(rows or [], manifest.studies)
    every = list(chain.from_iterable(claims.values()))
    environment = embedding.templates()
    studies = list(manifest.studies)
    tables = {
        study: _runs(folder, study) for study in dict.fromkeys([*studies, *manifest.expected])
    }
    runs = status_counts(tables, manifest)
    timed = table(folder, "timings.csv", *COLUMNS)
    environment.filters |= {"number": number, "band": band}
    style, script = embedding.style(), embedding.script()
    evidence = behind(Results(folder), manifest, rows or [], files)
    board_rows = board.rows(every)
    explored = explorer(folder, manifest)
    names = [study["name"] for study in explored["studies"]]
    found, gone = None if files else beyond(folder, names), lost(tables, names)
    data: dict[str, object] = {  # name -> what the script reads under it
        **{f"rows-{study}": of_study for study, of_study in evidence.studies.items()},
        **({"explorer": explored} if explored["studies"] else {}),
    }
    # The board works without them, where a browser reads no files of a disk.
    if linked:
        embedding.write_files(out, style, script, data)
    blocks = {} if linked else {name: embedding.block(value) for name, value in data.items()}
    drawn = figures()
    shown = {study: list(parts) for study, parts in drawn.items()}
    maps = drawn["training"].pop(0) if "training" in drawn else None
    verdicts = embedding.block(board.data(board_rows, evidence, shown))
    html = environment.get_template("page.html").render(
        # Both are parts of the package, and hold nothing of the folder.
        style=Markup(style),
        script=Markup(script),
        policy=embedding.LINKED_POLICY if linked else embedding.policy(style, script),
        files=embedding.FILES if linked else "",
        linked_data=list(data) if linked else [],
        data={"verdicts": verdicts, **blocks},
        manifest=manifest,
        added=None if manifest.until_decided is None else ADDED,
        not_covered=NOT_COVERED,
        command=_command(manifest.command),
        own_claims=[file.name for file in files],
        counts=verdict_words.counts(rows or []),
        overall=verdict_words.overall(rows or []),
        chapters=[_chapter(study, drawn, claims) for study in studies],
        board=board_rows,
        judged=rows is not None,
        headline=headline(every),
        odd=[block for block in every if block.odd],
        blocks={block.head.claim: block for block in every},
        not_judged=verdict_words.Label("not-judged", "not judged"),
        interval=interval,
        words=verdict_words,
        address=board.address,
        maps=maps,
        explored=bool(explored["studies"]),
        beyond=found,
        attributed=[] if files else attributed(folder, names),
        lost=gone,
        runs=runs,
        incomplete=incomplete(runs),
        statuses=tuple(Status),
        environment=_environment(manifest),
        timings=None if timed is None else timings(timed),
    )
    path = out / "report.html"
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


def _own_verdicts(folder: Path, manifest: Manifest, files: Sequence[Path]) -> list[Verdict]:
    """Return the verdicts on the claims of a user's files."""
    plan = stored_plan(manifest, priced=False)
    return judge_run(Results(folder), plan, files).verdicts


def _runs(folder: Path, study: str) -> pd.DataFrame | None:
    """Return the runs of a study, or None where the folder lacks them."""
    needed = ("framework", "seed", "heldout_accuracy") if study == "training" else ()
    return table(folder, f"{study}/runs.csv", "status", "reason", *needed)


def _chapter(
    study: str, sections: Mapping[str, list[Section]], claims: Mapping[str, list[Block]]
) -> Chapter:
    verdicts = [row for block in claims.get(study, []) for row in block.rows]
    return Chapter(
        study,
        STUDIES[study].question if study in STUDIES else "",
        sections.get(study, []),
        verdict_words.counts(verdicts) if verdicts else "",
    )


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
