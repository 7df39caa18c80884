"""What the generators share: where the repository is, Markdown, and writing a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTE = "% Made when the site is built. Changes are lost.\n\n"
"""The first line of a generated page: a comment in MyST."""


def save(path: Path, text: str) -> None:
    """Write a page unless it is there already, so that Sphinx reads again only what changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"{NOTE}{text.rstrip()}\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def plain(text: str) -> str:
    """Return Markdown that shows a text as it is, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|$#~@^])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Return Markdown that shows a text as code, in a table too."""
    return f"`{text}`".replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; its fields are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
