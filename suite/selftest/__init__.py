"""``suite selftest``: is the judging able to say no, and silent where nothing is wrong?

Two halves of the same seeds must not be found different (``control``), and each of a list of
planted defects must turn the claim that is named for it (``defects``). The oracle stands in for
the frameworks, so that none is needed; studies, tables, claims and judge are the real ones.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable

from suite.judging.show_verdicts import estimate
from suite.judging.verdicts import Verdict
from suite.selftest.control import Control, controls
from suite.selftest.defects import DEFECTS, Outcome, plant

FAILED = 1
"""The exit code when a defect was not caught or a control was not silent."""
WIDTH = 120


def run(as_json: bool) -> int:
    """Plant everything and print what caught it, line by line as it is found; the exit code."""
    silent = controls()
    if as_json:
        outcomes = [plant(defect) for defect in DEFECTS]
        code = _code(silent, outcomes)
        print(json.dumps(_content(silent, outcomes, code), indent=1, allow_nan=False))
        return code
    print("two halves of the same seeds: differences found")
    for control in silent:
        print(_control_line(control))
    print("\nplanted defects, and the claim that each turns")
    outcomes = []
    for defect in DEFECTS:
        outcomes.append(plant(defect))
        print(_outcome_lines(outcomes[-1]), flush=True)
    caught, passed = sum(one.caught for one in outcomes), sum(one.passed for one in silent)
    print(
        f"\n{caught} of {len(outcomes)} defects caught, {passed} of {len(silent)} controls passed"
    )
    return _code(silent, outcomes)


def _code(silent: Iterable[Control], outcomes: Iterable[Outcome]) -> int:
    fine = all(one.passed for one in silent) and all(one.caught for one in outcomes)
    return 0 if fine else FAILED


def _control_line(control: Control) -> str:
    allowed = f"at most {control.most}" if not control.least else f"at least {control.least}"
    return (
        f"{'  ' if control.passed else '! '}{control.what:<32}{100 * control.level:>7g} %"
        f"{control.found:>6} of {control.repetitions:<6,}({allowed})"
    )


def _outcome_lines(outcome: Outcome) -> str:
    """The defect, what it consists in, and the claim's two verdicts."""
    defect, before, after = outcome.defect, outcome.before, outcome.after
    mark = "  " if outcome.caught else "! "
    found = f"{before.verdict} -> {after.verdict}: {_seen(after)}"
    if not outcome.caught:
        found += f"; expected to turn into {defect.verdict} {defect.says}".rstrip()
    lines = [f"{mark}{defect.name}: {defect.size}", f"    {before.name}: {found}"]
    return "\n".join(
        part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent="      ")
    )


def _seen(verdict: Verdict) -> str:
    return verdict.reason or f"{estimate(verdict)}, band {verdict.band}"


def _content(
    silent: Iterable[Control], outcomes: Iterable[Outcome], code: int
) -> dict[str, object]:
    return {
        "exit_code": code,
        "controls": [{**vars(one), "passed": one.passed} for one in silent],
        "defects": [
            {
                "name": one.defect.name,
                "size": one.defect.size,
                "claim": one.before.claim,
                "group": one.before.group,
                "without": one.before.verdict,
                "with": one.after.verdict,
                "seen": _seen(one.after),
                "caught": one.caught,
            }
            for one in outcomes
        ],
    }
