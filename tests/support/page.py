"""The page as a browser sees it: every tag with its attributes, and all text."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs


def claim_of(address: str) -> str:
    """Return the claim that an address of the page opens; empty where it opens none."""
    return parse_qs(address.removeprefix("#")).get("claim", [""])[0]


class Page(HTMLParser):
    """``tags``: each with its attributes. ``headings``: of sections. ``titles``, ``captions``: of
    figures. ``shown``: the claims below figures, each with what is said about it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self.headings: list[str] = []
        self.titles: list[str] = []
        self.captions: list[str] = []
        self.shown: list[tuple[str, str]] = []
        self.blocks: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = "".join(self._texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        if "figure" in self._open and tag in ("h3", "h4", "figcaption"):
            (self.captions if tag == "figcaption" else self.titles).append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append("")
        if "figure" in self._open and tag == "li":
            self.shown.append(("", ""))
        if {"figure", "li"} <= {*self._open} and tag == "a":
            self.shown[-1] = claim_of(dict(attrs)["href"] or ""), ""

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("script", "style"):
            if self._open[-1] == "script" and (name := self.tags[-1][1].get("id")):
                self.blocks[name.removeprefix("data-")] = data
            return  # no reader sees it
        self._texts.append(data)
        if self._open and self._open[-1] in ("h1", "h2", "h3") and "figure" not in self._open:
            self.headings[-1] += data
        if "figure" in self._open:
            if self._open[-1] in ("h3", "h4"):
                self.titles[-1] += data
            elif self._open[-1] == "code" and "li" in self._open:
                self.shown[-1] = data, ""
            elif "li" in self._open:
                claim, words = self.shown[-1]
                self.shown[-1] = claim, words + data
            elif "figcaption" in self._open:
                self.captions[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._texts.append(" ")
        while self._open and self._open.pop() != tag:
            pass

    def data(self, name: str) -> Any:
        """Return what the script of the page reads under a name."""
        return json.loads(gzip.decompress(base64.b64decode(self.blocks[name])))

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute, in the order of the page."""
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]
