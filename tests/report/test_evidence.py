"""What stands behind the verdicts of a page: the command of each runs its cells."""

from __future__ import annotations

import shlex

import pytest

from suite.commands.main import parser
from suite.commands.selection import selected_plan
from suite.judging.verdicts import group_fields, read_verdicts
from suite.report.evidence import behind
from suite.results.folder import Results
from tests.support import ROOT

STANDARD = ROOT / "results" / "reference" / "standard"


@pytest.mark.parametrize(
    ("study", "axes"),
    [
        ("fluctuation", {"framework", "width", "depth"}),
        ("normalization", {"framework", "layer_kind"}),
        ("symmetry", {"framework", "optimizer", "precision"}),
        ("shift", {"case"}),
    ],
)
def test_the_command_of_a_verdict_runs_the_cells_of_its_rows_alone(
    study: str, axes: set[str]
) -> None:
    results = Results(STANDARD)
    verdicts = [verdict for verdict in read_verdicts(STANDARD) if verdict.study == study]
    assert axes in [{*group_fields(verdict.group)} for verdict in verdicts]
    found = behind(results, results.manifest(), verdicts)
    stored = found.studies[study]
    commands, measured = set(), set()
    for verdict in verdicts:
        sides = stored["verdicts"][verdict.name]["sides"]
        cells = {tuple(map(str, stored["cells"][cell])) for side in sides for cell in side}
        command, others = found.commands[verdict.name].values()
        (stacks,) = selected_plan(parser().parse_args(shlex.split(command)[1:])).stacks.values()
        planned = {
            tuple(str(value) for _, value in member.cell.values)
            for stack in stacks
            for member in stack.members
        }
        assert planned >= cells
        assert len(planned) - len(cells) == others
        commands.add(command)
        measured.add(frozenset(cells))
    assert len(commands) == len(measured)
