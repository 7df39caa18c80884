"""Advice as text for a terminal, as Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from suite.advising.advise import Advice, Option, Ranking
from suite.advising.distance import DEPTH, WIDTH
from suite.judging.intervals import Interval
from suite.judging.show_verdicts import plain
from suite.text_tables import columns, escape, number, width, wrapped

RULE = (
    "Evidence answers a question with the same activation, framework, optimizer, data set,"
    f" normalization and residual connections, a depth within a factor of {DEPTH:g} and a width"
    f" within a factor of {WIDTH:g}; farther away, the answer is not known."
)
_HEADER = ("rank", "start", "learned", "of", "95 %", "epochs", "needs", "signals", "theory")
_LEGEND = (
    "rank: starts of equal rank cannot be told apart (Fisher's exact test against the best of the"
    " rank); needs: how many seeds of each would tell it apart from that one, if the shares stayed;"
    " epochs: to 95 % of the training points, median and 95 % interval; signals: measured"
    " change of the mean squares per layer at initialisation, forward / backward, in nats; theory:"
    " for the depth and width in question."
)
COMMAND = "suite "
"""How the line of the command begins."""
MOST = 12
"""The starts of a table, and those that are too far, that the text shows."""


def text(advice: Advice) -> str:
    """Return the advice as text for a terminal; the command stands on one line."""
    result = []
    for line in _lines(advice, markdown=False):
        whole = len(line) <= width() or line.startswith((" ", COMMAND))
        result += [line] if whole else wrapped(line)
    return "\n".join(result)


def markdown(advice: Advice) -> str:
    """Return the advice as Markdown."""
    return "\n".join(_lines(advice, markdown=True))


def as_json(advice: Advice) -> str:
    """Return the advice as JSON; what is not finite is null."""
    content = dataclasses.asdict(advice)
    for ranking, made in zip(content["rankings"], advice.rankings, strict=True):
        for row, option in zip(ranking["options"], made.options, strict=True):
            row["known"] = option.known
            row["opinion"] = option.theory.opinion if option.theory else None
    content["rule"] = RULE
    content["command"] = shlex.join(["suite", *advice.command])
    return json.dumps(_plain(content), indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return plain(value)


def _lines(advice: Advice, markdown: bool) -> Iterator[str]:
    yield f"{'## ' if markdown else ''}Which start? {advice.question}"
    for ranking in advice.rankings:
        yield ""
        yield from _ranking(advice, ranking, markdown)
    yield ""
    yield RULE
    for note in advice.notes:
        yield f"Note: {note}."
    yield f"Evidence: {', '.join(advice.folders) or 'none'}"
    minutes = math.ceil(advice.seconds / 60)
    time = f"{minutes} minute{'s' * (minutes > 1)}"
    yield f"To measure it ({advice.runs:,} runs, some {time} of one core):"
    quote = "`" * markdown
    yield f"{quote}{COMMAND}{shlex.join(advice.command)}{quote}"


def _ranking(advice: Advice, ranking: Ranking, markdown: bool) -> Iterator[str]:
    free = [axis for axis in ranking.setting if axis not in advice.question.given]
    if free:
        values = ", ".join(f"{axis} {ranking.setting[axis]}" for axis in free)
        yield f"{'### ' if markdown else ''}{values}"
    known, axes = ranking.known, advice.question.open
    if known:
        rows = [_HEADER, *(_row(option, axes) for option in known[:MOST])]
        yield from _table(rows, markdown)
        yield _LEGEND + _measured_at(known)
        if len(known) > MOST:
            yield f"{len(known) - MOST} more are in --json."
        yield from _sources(known[:MOST], axes)
        yield ""
        yield from _code(known, axes, markdown)
    else:
        yield "Not known: no stored evidence is near enough."
    yield from ranking.defaults
    unknown = ranking.unknown
    if unknown:
        yield ""
        yield "Not known, with the nearest evidence:" if known else "The nearest evidence:"
        rows = [("start", "learned", "of", "95 %", "theory", "how far")]
        for option in unknown[:MOST]:
            _, start, learned, of, interval, *_, theory = _row(option, axes)
            rows.append((start, learned, of, interval, theory, _far(option)))
        yield from _table(rows, markdown)
        if len(unknown) > MOST:
            yield f"{len(unknown) - MOST} more are in --json."


def _measured_at(options: Sequence[Option]) -> str:
    """Return the depths and widths at which the signals were measured."""
    sizes = sorted({(o.signals.depth, o.signals.width) for o in options if o.signals is not None})
    if not sizes:
        return ""
    return f" The signals are those of {' and '.join(f'{d} layers of {w}' for d, w in sizes)}."


def _table(rows: Sequence[Sequence[str]], markdown: bool) -> Iterator[str]:
    if not markdown:
        yield from columns(rows, breakable=[len(rows[0]) - 1, len(rows[0]) - 2])
        return
    head, *body = rows
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in body:
        yield f"| {' | '.join(escape(cell) for cell in row)} |"


def _row(option: Option, axes: Sequence[str]) -> tuple[str, ...]:
    signals = option.signals
    return (
        "" if option.group is None else str(option.group),
        option.name(axes),
        f"{option.learned}",
        f"{option.n}",
        f"[{option.share.low:.2f}, {option.share.high:.2f}]",
        _epochs(option.epochs),
        "" if option.decided_with is None else str(option.decided_with),
        ""
        if signals is None
        else f"{signals.forward.estimate:+.2f} / {signals.backward.estimate:+.2f}",
        option.theory.opinion if option.theory else "",
    )


def _epochs(interval: Interval) -> str:
    if math.isnan(interval.estimate):
        return "not stored"
    if math.isinf(interval.estimate):
        return "never"
    return f"{number(interval.estimate)} [{number(interval.low)}, {number(interval.high)}]"


def _far(option: Option) -> str:
    return "; ".join(map(str, option.distances))


def _sources(options: Sequence[Option], axes: Sequence[str]) -> Iterator[str]:
    """Yield what the evidence is, once for all starts that share it."""
    described: dict[str, list[str]] = {}
    for option in options:
        away = _far(option) or "exactly what was asked"
        words = f"{', '.join(option.sources)} ({option.protocol}): {away}"
        described.setdefault(words, []).append(option.name(axes))
    for words, names in described.items():
        yield f"Evidence for {'all' if len(described) == 1 else '; '.join(names)}: {words}."


def _code(known: Sequence[Option], axes: Sequence[str], markdown: bool) -> Iterator[str]:
    best = [option for option in known if option.group == 1 and option.code is not None]
    if len(best) > 1:
        yield f"{len(best)} starts share rank 1: the evidence does not say which is best."
    lines = dict.fromkeys(str(option.code) for option in best[:MOST])
    yield from (f"    {line}" for line in lines)
