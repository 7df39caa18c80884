"""Judge the claims on a stored results folder, and write the verdicts into one.

No framework is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from suite import claims
from suite.claims.cells import check_cells
from suite.judging import show_verdicts, verdicts
from suite.judging.expected_runs import cells_of, stored_runs
from suite.judging.judge_claims import judge
from suite.judging.plain_numbers import Plain, plain_numbers
from suite.judging.rules import FIXED, rule_of
from suite.judging.verdicts import CLAIMS, Verdict
from suite.planning.grids import Plan
from suite.plugins import brought_claims
from suite.plugins.record import remembered, studies_without_plugin
from suite.results.checksums import renew
from suite.results.folder import Results
from suite.results.manifest import Manifest
from suite.studies import STUDIES

if TYPE_CHECKING:
    import pandas as pd


ADDED = (
    "seeds were added until the claims were decided; the intervals hold at every look, and so are"
    " wider than those of a run whose seeds were fixed beforehand"
)
"""What is said of a run until decided wherever its verdicts are shown."""


@dataclass(frozen=True)
class Judged:
    """A stored run with its verdicts: study -> runs, and the exit code of ``check``."""

    runs: dict[str, pd.DataFrame]
    verdicts: list[Verdict]
    code: int
    plain: Plain
    """What the runs behind a contradiction say in plain terms."""
    notes: tuple[str, ...] = ()
    """What limits the judgement: a sentence for each study that is not judged for want of a plugin,
    and for each that lacks runs which cannot be named."""
    added: bool = False
    """Whether seeds were added until the claims were decided."""


def judge_run(results: Results, plan: Plan, files: Sequence[Path] = ()) -> Judged:
    """Judge a stored run; ``plan``: what was expected of it.

    Judge the shipped claims and those of the loaded plugins on all studies of the run; or the
    claims of a user's ``files`` alone, on the studies that they are about. A run
    whose grid or seeds the user chose promised to decide nothing. Raise UserError for a table or a
    file of claims that cannot be read, and for a user's claim about cells that cannot exist.
    """
    manifest = results.manifest()
    with remembered(manifest):
        return _judged(results, plan, manifest, files)


def _judged(results: Results, plan: Plan, manifest: Manifest, files: Sequence[Path]) -> Judged:
    family = claims.read(files) if files else (*claims.shipped(), *brought_claims())
    lost = (f"not judged: {words}" for words in studies_without_plugin(manifest).values())
    studies = [name for name in plan.stacks if not files or name in {c.study for c in family}]
    runs = stored_runs(results, plan, studies)
    if files:
        stored = {name: cells_of(runs.frames[name], STUDIES[name].axes) for name in studies}
        check_cells(family, stored)
    chosen = manifest.seeds is not None or manifest.overrides
    rule = rule_of(manifest)
    judged = judge(family, runs.frames, None if chosen else manifest.profile, rule)
    code = verdicts.exit_code(judged, runs.lost)
    plain = plain_numbers(family, judged, runs.frames)
    added = rule is not FIXED
    notes = (*lost, *runs.notes, *([ADDED] if added else []))
    return Judged(runs.frames, judged, code, plain, notes, added)


def write_verdicts(results: Results, judged: Sequence[Verdict], asked: bool = False) -> None:
    """Write claims.csv and junit.xml into a folder, and the checksum where it has checksums.

    ``asked``: see ``show_verdicts.junit``. Raise UserError where the folder cannot be written.
    """
    results.make()
    results.write_frame(CLAIMS, verdicts.to_frame(judged))
    renew(results, CLAIMS)
    results.write_text("junit.xml", show_verdicts.junit(judged, asked))
