"""Show a passport as text for a terminal, as Markdown, as a page, or as values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from suite.assessing.passport import Passport
from suite.assessing.section import Section, Value
from suite.text_tables import columns, markdown, number, width, wrapped

_HERE = Path(__file__).parent


def text(passport: Passport) -> str:
    """Return the passport as lines for a terminal."""
    lines = [passport.title, passport.source, ""]
    for section in passport.sections:
        lines.append(section.title)
        for sentence in section.sentences:
            lines += wrapped(sentence, hanging=0, indent=2)
        rows = _rows(section)
        if rows:
            lines += [
                f"  {line}" for line in columns(rows, width() - 2, breakable=range(len(rows[0])))
            ]
        lines.append("")
    return "\n".join([*lines, f"rows in {passport.folder}"])


def markdown_text(passport: Passport) -> str:
    """Return the passport as Markdown."""
    lines = [f"# {passport.title}", "", passport.source, ""]
    for section in passport.sections:
        lines += [f"## {section.title}", "", *section.sentences, ""]
        rows = _rows(section)
        lines += [*markdown(rows), ""] if rows else []
    return "\n".join([*lines, f"Rows: `{passport.folder}`", ""])


def page(passport: Passport, figures: Mapping[str, str]) -> str:
    """Return the passport as one HTML file. ``figures``: caption -> the PNG in base 64."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((_HERE / "passport.html").read_text("utf-8"))
    sections = [
        {"title": each.title, "sentences": each.sentences, "rows": _rows(each)}
        for each in passport.sections
    ]
    return template.render(passport=passport, sections=sections, figures=figures)


def values(passport: Passport) -> dict[str, Any]:
    """Return the passport as values that JSON can hold; numbers are not rounded, and infinities
    and NaN are text."""
    return {
        "item": passport.subject.name,
        "kind": passport.subject.kind,
        "against": list(passport.subject.against),
        "source": passport.source,
        "folder": str(passport.folder),
        "sections": [
            {
                "title": section.title,
                "sentences": list(section.sentences),
                "records": [
                    {key: _plain(value) for key, value in record.items()}
                    for record in section.records
                ],
            }
            for section in passport.sections
        ],
    }


def _plain(value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _rows(section: Section) -> list[Sequence[str]]:
    """Return a header and the records of a section as text; nothing without records."""
    if not section.records:
        return []
    headings = list(dict.fromkeys(key for record in section.records for key in record))
    body = [[_shown(record.get(key, "")) for key in headings] for record in section.records]
    return [headings, *body]


def _shown(value: Value) -> str:
    return number(value) if isinstance(value, float) else str(value)
