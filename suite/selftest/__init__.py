"""``suite selftest``: can the judging say no, and is it silent where nothing is wrong?

It has three parts: no difference may be found between two halves of the same seeds (``control``),
also by somebody who looks after every seed and stops at the worst moment (``watch``), and each of a
list of planted defects must change the verdict of the claim that is named for it (``defects``). The
oracle stands in for the frameworks, so that none is needed; studies, tables, claims and judge are
the real ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from suite import text_tables
from suite.judging.show_verdicts import estimate
from suite.judging.verdicts import Verdict
from suite.selftest.control import Control, controls
from suite.selftest.defects import DEFECTS, Outcome, plant
from suite.selftest.watch import SEEDS, watches

FAILED = 1
"""The exit code when a defect was not caught or a control was not silent."""


def run(as_json: bool) -> int:
    """Plant every defect, print what caught it as soon as it is known, and return the exit code."""
    apart, watched = controls(), watches()
    tried = [*apart, *watched]
    planted = [defect for defect in DEFECTS if not defect.unknown]
    if as_json:
        outcomes = [plant(defect) for defect in planted]
        print(json.dumps(_content(tried, outcomes), indent=1, allow_nan=False))
        return _code(tried, outcomes)
    print("\n".join(_control_lines("two halves of the same seeds", apart)))
    print("\n".join(["", *_control_lines(f"true claims watched up to {SEEDS} seeds", watched)]))
    print("\nplanted defects, each with the claim that must see it")
    outcomes = []
    for defect in planted:
        outcomes.append(plant(defect))
        print(_outcome_lines(outcomes[-1]), flush=True)
    for reason, count in Counter(defect.unknown for defect in DEFECTS if defect.unknown).items():
        print(f"\n{count} defects were not planted: {reason}")
    print(
        f"\n{sum(outcome.caught for outcome in outcomes)} of {len(outcomes)} defects caught,"
        f" {sum(control.passed for control in tried)} of {len(tried)} controls passed"
    )
    return _code(tried, outcomes)


def _code(tried: Iterable[Control], outcomes: Iterable[Outcome]) -> int:
    passed = all(control.passed for control in tried)
    return 0 if passed and all(outcome.caught for outcome in outcomes) else FAILED


def _control_lines(what: str, tried: Iterable[Control]) -> list[str]:
    head = (f"  {what}", "level", "differences found", "allowed")
    rows = [
        (
            f"{'  ' if control.passed else '! '}{control.name}",
            f"{100 * control.level:g} %",
            f"{control.differences} of {control.repetitions:,}",
            f"at least {control.least}" if control.least else f"at most {control.most}",
        )
        for control in tried
    ]
    return text_tables.columns([head, *rows])


def _outcome_lines(outcome: Outcome) -> str:
    """Return the defect, its size, and the claim's two verdicts, as wrapped lines."""
    defect, before, after = outcome.defect, outcome.before, outcome.after
    mark = "  " if outcome.caught else "! "
    change = f"{before.verdict} -> {after.verdict}: {_seen(after)}"
    if not outcome.caught:
        change += f"; expected to turn into {defect.verdict} {defect.says}".rstrip()
    lines = [f"{mark}{defect.name}: {defect.size}", f"    {before.name}: {change}"]
    return "\n".join(part for line in lines for part in text_tables.wrapped(line, hanging=6))


def _seen(verdict: Verdict) -> str:
    return verdict.reason or f"{estimate(verdict)}, band {verdict.band}"


def _content(tried: Iterable[Control], outcomes: Iterable[Outcome]) -> dict[str, object]:
    return {
        "exit_code": _code(tried, outcomes),
        "controls": [{**vars(control), "passed": control.passed} for control in tried],
        "defects": [
            {
                "name": outcome.defect.name,
                "size": outcome.defect.size,
                "claim": outcome.before.claim,
                "group": outcome.before.group,
                "without": outcome.before.verdict,
                "with": outcome.after.verdict,
                "seen": _seen(outcome.after),
                "caught": outcome.caught,
            }
            for outcome in outcomes
        ],
    }
