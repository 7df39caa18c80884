"""The verdicts on a pool as people and programs read them: a board, a table, Markdown, JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from suite import text_tables
from suite.judging.duplicate_seeds import some
from suite.judging.show_verdicts import plain
from suite.judging.verdicts import REFUTED, SUPPORTED, UNDECIDED, group_fields
from suite.pooling.judge_folder import Judged
from suite.pooling.judge_pool import Pooled, as_row

DECISIONS = (SUPPORTED, REFUTED, UNDECIDED)
_HEAD = ("", "claim", "in", "on average", "everywhere", "expected", "seeds", "outside", "roots")
ONE_LOOK = "exact tests, which unlike the verdicts hold for one look"
"""What is said wherever differences between environments are told."""


def summary(pool: Judged) -> list[str]:
    """Return what was pooled, and how many verdicts of each kind there are."""
    known = pool.environments
    roots = sorted({member.root_seed for member in pool.members.values()})
    rows = [
        ("", *DECISIONS),
        *(
            (what, *(str(count[one]) for one in DECISIONS))
            for what, count in counts(pool.verdicts).items()
        ),
    ]
    places = {letter: own for letter, own in known.letters.items() if own}
    return [
        f"{number_of(len(pool.members), 'folder')}, {number_of(len(roots), 'root seed')}"
        f" ({some(roots, 12)}), {number_of(len(known.letters), 'environment')}",
        *text_tables.wrapped(words(known.common)),
        *(
            line
            for letter, own in places.items()
            for line in text_tables.wrapped(f"{letter}: {words(own)}")
        ),
        "",
        *text_tables.columns(rows, right=range(1, 4)),
    ]


def counts(verdicts: Sequence[Pooled]) -> dict[str, Counter[str]]:
    """Return how many verdicts of each kind the two questions have."""
    return {
        "on average": Counter(verdict.on_average for verdict in verdicts),
        "in every environment": Counter(verdict.everywhere for verdict in verdicts),
    }


def number_of(count: int, thing: str) -> str:
    """Return ``1 folder``, ``2 folders``."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def words(environment: Mapping[str, str]) -> str:
    """Return an environment, or a part of one, on one line."""
    return ", ".join(f"{name} {text}" for name, text in environment.items())


def trouble(pool: Judged) -> list[str]:
    """Return a sentence for each contradiction, for folders that should be equal and are not, for
    each claim about which the environments differ, and for what was left out."""
    odd = [f"! {contradiction(verdict)}" for verdict in pool.verdicts if verdict.contradicts]
    unequal = [f"! {sentence}" for sentence in pool.unequal]
    apart = [
        f"~ {verdict.name}: environments differ, p = {verdict.differs.p:.2g}: {verdict.differs}"
        for verdict in pool.verdicts
        if verdict.differs is not None and verdict.heterogeneous
    ]
    found = f"claims about which environments differ: {len(apart)} ({ONE_LOOK})"
    several = len(pool.environments.letters) > 1
    left = left_out(pool)
    return [*odd, *unequal, *([found] if several else []), *apart, *([left] if left else [])]


def left_out(pool: Judged) -> str:
    """Return how many verdicts some folder says nothing about; empty for none."""
    lost = sum(verdict.left_out > 0 for verdict in pool.verdicts)
    if not lost:
        return ""
    return f"{number_of(lost, 'verdict')} without folders that lack runs or have unusable ones"


def contradiction(verdict: Pooled) -> str:
    """Return one sentence about a verdict that is not the expected one."""
    return (
        f"{verdict.name}: {verdict.on_average} on average, {verdict.everywhere} in every"
        f" environment, but expected {verdict.expected}: {verdict.statement}"
    )


def board(pool: Judged) -> list[str]:
    """Return the summary, and what is not as it should be."""
    lines = [line for text in trouble(pool) for line in text_tables.wrapped(text)]
    return [*summary(pool), *([""] if lines else []), *lines]


def rows(verdicts: Sequence[Pooled]) -> list[tuple[str, ...]]:
    """Return the table of the verdicts, with its head."""
    return [_HEAD, *map(_row, verdicts)]


def _row(verdict: Pooled) -> tuple[str, ...]:
    outside = str(verdict.below + verdict.above)
    return (
        "!" if verdict.contradicts else "~" if verdict.heterogeneous else "",
        verdict.claim,
        " ".join(group_fields(verdict.group).values()),
        verdict.on_average,
        verdict.everywhere,
        verdict.expected,
        str(verdict.n),
        f"{verdict.counted} counted" if verdict.centre == "share" else outside,
        str(verdict.roots),
    )


def as_json(pool: Judged, shown: Sequence[Pooled]) -> str:
    """Return the folders, the environments, the verdicts that are shown and the exit code."""
    known = pool.environments
    content = {
        "exit_code": pool.code,
        "folders": {
            file: {"root_seed": member.root_seed, "environment": known.letter(member)}
            for file, member in pool.members.items()
        },
        "environments": known.in_full,
        "unequal": pool.unequal,
        "claims": [
            {key: plain(value) for key, value in as_row(verdict).items()} for verdict in shown
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False)
