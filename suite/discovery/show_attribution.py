"""An attribution as people and programs read it: tables, Markdown, JSON and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from suite import text_tables
from suite.comparing.attribution import KINDS, NAMES, NOT_SPLIT, UNDECIDED, Attribution
from suite.comparing.chains import Chain
from suite.discovery.whose import Subject, subjects
from suite.judging.show_verdicts import plain
from suite.text_tables import number

SHOWN = 12
"""At most this many subjects, and differences, of a chain are shown; CSV and JSON have all."""
_HEAD = ("what differs", "whose doing", "differences", "the other frameworks")


def text(found: Attribution) -> str:
    """Return the attribution as lines that fit the terminal."""
    lines: list[str] = []
    for title, head, rows, more in _tables(found):
        lines += [*([""] if lines else []), *text_tables.wrapped(title)]
        if rows:
            below = head[-1] == "cell"
            table = text_tables.columns(
                [head, *rows], text_tables.width() - 2, (3, 0) if not below else (1,), below
            )
            lines += [f"  {line}" for line in table]
        if more:
            lines.append(f"  and {more:,} more (--csv and --json have all)")
    if found.notes:
        lines.append("")
    for note in found.notes:
        lines += text_tables.wrapped(note)
    return "\n".join(lines)


def markdown(found: Attribution) -> str:
    """Return the same for a pull request comment, with folded tables."""
    lines: list[str] = []
    for title, head, rows, more in _tables(found):
        if not rows:
            lines += ["", f"**{text_tables.escape(title)}**"]
            continue
        also = f", {more:,} more not shown" if more else ""
        lines += ["", f"<details><summary>{title}{also}</summary>", ""]
        lines += text_tables.markdown([head, *rows])
        lines += ["", "</details>"]
    lines += ["", *(f"- {text_tables.escape(note)}" for note in found.notes)]
    return "\n".join(lines).strip()


_Table = tuple[str, tuple[str, ...], list[tuple[str, ...]], int]
"""A title, a head, the rows below it and how many are not shown."""


def _tables(found: Attribution) -> Iterator[_Table]:
    """Yield, of each chain, the subjects and the largest differences that have a name."""
    every = subjects(found)
    for chain in found.chains:
        rows = found.rows[(found.rows["a"] == chain.a) & (found.rows["b"] == chain.b)]
        counts = {kind: int((rows["whose"] == kind).sum()) for kind in KINDS}
        ours = [one for one in every if one.chain == chain]
        yield (
            f"{in_words(chain)}: {differences(len(rows))}{', ' * bool(len(rows))}{counted(counts)}",
            _HEAD,
            [subject_row(one) for one in ours[:SHOWN]],
            max(len(ours) - SHOWN, 0),
        )
        named = rows[rows["whose"].isin(NAMES)].sort_values("size", ascending=False, kind="stable")
        if len(named):
            yield (
                f"the largest that have a name, {chain.a} against {chain.b}",
                (
                    "whose",
                    "study and metric",
                    chain.a,
                    chain.middle,
                    chain.b,
                    "API",
                    "backend",
                    "n",
                    "cell",
                ),
                [_difference(row) for row in named.head(SHOWN).to_dict("records")],
                max(len(named) - SHOWN, 0),
            )


def in_words(chain: Chain) -> str:
    """Return what the two steps of a chain are."""
    return f"{chain.a} -> {chain.middle} ({chain.first}) -> {chain.b} ({chain.second})"


def differences(count: int) -> str:
    """Return a number of differences in words."""
    return f"{count:,} difference{'s' * (count != 1)}"


def counted(counts: Mapping[str, int]) -> str:
    """Return how many rows have which name, as ``API 3, undecided 1``; kinds without rows are left
    out."""
    return ", ".join(f"{kind} {counts[kind]:,}" for kind in KINDS if counts[kind])


def subject_row(one: Subject) -> tuple[str, ...]:
    """Return what differs, whose doing it is, its counts, and what the other frameworks do."""
    others = ", ".join(f"{word} {count:,}" for word, count in one.others.items())
    unnamed = UNDECIDED if one.counts[UNDECIDED] else NOT_SPLIT
    return one.name, one.whose or unnamed, counted(one.counts), others


def _difference(row: Mapping[Any, Any]) -> tuple[str, ...]:
    values = (number(row[name]) for name in ("a_value", "middle_value", "b_value"))
    parts = (
        f"{number(row[name])} [{number(row[f'{name}_low'])}, {number(row[f'{name}_high'])}]"
        for name in ("api", "backend")
    )
    cell = "; ".join(part for part in (row["cell"], row["others"]) if part)
    metric = f"{row['study']} {row['metric']}"
    return (row["whose"], metric, *values, *parts, str(row["n"]), cell)


def as_json(found: Attribution) -> str:
    """Return all of it; an unknown or infinite number is null."""
    content = {
        "chains": [
            {
                "a": chain.a,
                "middle": chain.middle,
                "b": chain.b,
                "first": chain.first,
                "second": chain.second,
            }
            for chain in found.chains
        ],
        "compared": found.asked,
        "subjects": [_subject(one) for one in subjects(found)],
        "differences": _records(found),
        "notes": found.notes,
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _subject(one: Subject) -> dict[str, object]:
    return {
        "a": one.chain.a,
        "b": one.chain.b,
        "subject": one.name,
        "whose": one.whose,
        "differences": dict(one.counts),
        "others": dict(one.others),
    }


def _records(found: Attribution) -> Sequence[dict[str, object]]:
    return [
        {str(key): plain(value) for key, value in row.items()}
        for row in found.rows.to_dict("records")
    ]


def as_csv(found: Attribution) -> str:
    """Return a row for each difference; an empty field is unknown."""
    return found.rows.to_csv(index=False, lineterminator="\n").rstrip("\n")
