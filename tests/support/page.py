"""The page as a browser would see it: every tag with its attributes, and all text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """``tags``: each with its attributes. ``titles``, ``captions``: those of the figures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.titles: list[str] = []
        self.captions: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        if "figure" in self._open and tag in ("h3", "figcaption"):
            (self.titles if tag == "h3" else self.captions).append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if "figure" in self._open:
            if self._open[-1] == "h3":
                self.titles[-1] += data
            elif "figcaption" in self._open:
                self.captions[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.text += " " if tag in ("td", "th") else ""
        while self._open and self._open.pop() != tag:
            pass

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute, in the order of the page."""
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]
