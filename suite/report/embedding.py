"""What the page carries besides its text: one style, one script, blocks of data, and the policy
that lets a browser run nothing else.

The script is the files ``SCRIPTS``, joined. A block of data is JSON, compressed, in a ``script``
element of a type that no browser runs; ``readData`` in page.js reads it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from suite.results.folder import replacing

HERE = Path(__file__).parent
LEVEL = 7
"""How hard the blocks of data are compressed: 9 takes three times as long to save a hundredth."""
_SIMPLE = {int, str, bool, type(None)}
"""The types that JSON has as they are."""
SCRIPTS = ("page.js", "filters.js", "board.js", "charts.js", "verdict.js", "explorer.js")
"""The files of the script, in the order in which they are joined; each uses those before it."""
STYLES = ("page.css", "board.css", "explorer.css")
"""The files of the style sheet, in the order in which they are joined."""


def templates() -> jinja2.Environment:
    """Return the environment of the templates in this folder, which escapes what it shows."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["quoted"] = quoted
    return environment


def quoted(text: str) -> Markup:
    """Return a text as the value of an attribute in double quotes.

    Jinja's own escaping is for every place of a page: it would make the figures, whose SVG is text,
    a third longer.
    """
    return Markup(text.replace("&", "&amp;").replace('"', "&quot;"))


def style() -> str:
    """Return the style sheet."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in STYLES)


def script(names: Sequence[str] = SCRIPTS) -> str:
    """Return the script: its files in one function, so that no name of theirs is global."""
    files = [HERE / name for name in names]
    parts = [path.read_text(encoding="utf-8") for path in files if path.exists()]
    return "\n".join(['(() => {\n"use strict";', *parts, "})();"])


def policy(style: str, script: str) -> str:
    """Return the content security policy of a page that carries this style and this script."""
    return (
        "default-src 'none'; img-src data: blob:;"
        f" style-src {_hash(style)}; script-src {_hash(script)}"
    )


LINKED_POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; style-src 'self'; script-src 'self';"
    " connect-src 'self'"
)
"""The policy of a page whose style, script and data are files beside it."""
FILES = "report"
"""The folder of these files, seen from the page."""


def write_files(
    folder: Path, style: str, script: str, data: Mapping[str, Any], name: str = "page"
) -> None:
    """Write what a linked page refers to into the folder ``FILES`` beside it.

    ``data``: name -> what the script reads under it. ``name``: the stem of style and script.
    """
    target = folder / FILES
    target.mkdir(parents=True, exist_ok=True)
    contents = {f"{name}.css": style.encode("utf-8"), f"{name}.js": script.encode("utf-8")}
    contents |= {f"{block}.json.gz": packed(value) for block, value in data.items()}
    for path, content in contents.items():
        with replacing(target / path, "wb") as file:
            file.write(content)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def packed(value: Any) -> bytes:
    """Return a value as compressed JSON; the same value gives the same bytes.

    JSON has no infinite numbers and no NaN: they become the strings inf and -inf, and null.
    """
    text = json.dumps(_plain(value), separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode("ascii"), compresslevel=LEVEL, mtime=0)


def block(value: Any) -> str:
    """Return the text of a block of data."""
    return base64.b64encode(packed(value)).decode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        # Most lists are long and need nothing: a look at the types is quick.
        kinds = set(map(type, value))
        if kinds <= _SIMPLE or (kinds == {float} and all(map(math.isfinite, value))):
            return value
        return [_plain(item) for item in value]
    return value
