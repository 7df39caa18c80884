"""Links of the pages that leave ``docs``, and names of claims, as links inside of the site.

A page links to ``../../results/README.md`` or ``../../CONTRIBUTING.md``, which readers of the
repository follow. On the site the first is a generated page, and so is the second; a file that is
no page is named without a link.
"""

from __future__ import annotations

import functools
import os.path
import re
from pathlib import Path
from typing import Any

from docutils import nodes

from suite.claims import shipped

PAGES = {
    "CONTRIBUTING.md": "/generated/contributing.md",
    "SECURITY.md": "/generated/security.md",
    "results/README.md": "/generated/columns.md",
    "README.md": "/tutorial/first_run.md",
}
"""File of the repository -> its page on the site."""
HEADINGS = {"README.md": {"installing": "install"}}
"""File -> its heading -> the heading of the page."""
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


def mended(text: str, folder: Path) -> str:
    """Return a page with its links to files outside of ``docs`` replaced.

    ``folder``: the folder of the page, from the root of the repository.
    """

    def replaced(found: re.Match[str]) -> str:
        words, target = found.groups()
        name, mark, heading = target.partition("#")
        if not name or re.match("[a-z]+:", target):
            return found[0]
        path = os.path.normpath(folder / name).replace(os.sep, "/")
        inside = path.removeprefix("docs/")
        if inside != path:
            return f"[{words}](/{inside}{mark}{heading})"
        if path not in PAGES:
            return words
        heading = HEADINGS.get(path, {}).get(heading, heading)
        return f"[{words}]({PAGES[path]}{mark}{heading})"

    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(replaced, part) for part in parts)


def _read(app: Any, page: str, source: list[str]) -> None:
    if not page.startswith("generated/"):
        source[0] = mended(source[0], Path("docs", page).parent)


@functools.cache
def _studies() -> dict[str, str]:
    """Return the study of each claim."""
    return {claim.id: claim.study for claim in shipped()}


def _name_claims(app: Any, tree: nodes.document, page: str) -> None:
    """Make a link of each piece of code that is the name of a claim."""
    studies = _studies()
    for literal in list(tree.findall(nodes.literal)):
        name = literal.astext()
        if name not in studies or isinstance(literal.parent, nodes.reference | nodes.title):
            continue
        place = app.builder.get_relative_uri(page, f"generated/claims/{studies[name]}")
        link = nodes.reference("", "", refuri=f"{place}#{name}", internal=True)
        literal.replace_self(link)
        link += literal


def setup(app: Any) -> None:
    """Have Sphinx mend each page that it reads, and link the names of claims."""
    app.connect("source-read", _read)
    app.connect("doctree-resolved", _name_claims)
