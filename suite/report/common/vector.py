"""A figure as a small SVG file, for an ``img`` of the page.

matplotlib writes every coordinate with six digits, and the look of every mark anew. Here they are
rounded to a tenth of a point, written as steps from one vertex to the next, and each look is said
once. Text stays text: DejaVu Sans where it is installed, else Verdana, which is as wide.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_FONTS = "'DejaVu Sans',Verdana,sans-serif"
_TOKEN = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NUMBER = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"[\w.-]+(?=\)?$)")
"""The name in ``NAME``, ``#NAME`` and ``url(#NAME)``."""
_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "suite", "svg.image_inline": True}
Element = ElementTree.Element


def svg(figure: Figure) -> bytes:
    """Return a figure as an SVG file without a date: the same figure, the same bytes."""
    buffer = io.BytesIO()
    with rc_context(_SETTINGS):
        # Figure.savefig would draw everything twice, to let a layout settle that is settled here.
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    return small(buffer.getvalue())


def small(file: bytes) -> bytes:
    """Return an SVG file of matplotlib that shows the same in fewer bytes."""
    root = ElementTree.fromstring(file)
    for metadata in root.findall(f"{_SVG}metadata"):
        root.remove(metadata)
    names: dict[str, str] = {}
    _plain(root, names)
    _flat(root)
    looks = Counter(element.attrib["style"] for element in root.iter() if "style" in element.attrib)
    classes = {look: f"c{place:x}" for place, (look, _) in enumerate(looks.most_common())}
    for element in root.iter():
        if look := element.attrib.pop("style", ""):
            element.set("class", classes[look])
    rules = "".join(f".{name}{{{look}}}" for look, name in classes.items())
    for style in root.iter(f"{_SVG}style"):
        style.text = f"{style.text or ''}text{{font-family:{_FONTS}}}{rules}"
    ElementTree.register_namespace("", _SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode").encode("utf-8")


def _plain(element: Element, names: dict[str, str]) -> None:
    """Shorten what one element and those inside it say of themselves."""
    tag = element.tag.removeprefix(_SVG)
    given = element.attrib
    if tag == "g":
        given.pop("id", None)
    if tag != "text" and tag != "tspan":
        element.text = (element.text or "").strip() or None
    element.tail = None
    if _HREF in given:
        given["href"] = given.pop(_HREF)
    for key in ("id", "href", "clip-path"):
        if key in given:
            given[key] = _REFERENCE.sub(lambda found: _name(found[0], names), given[key])
    if given.get("transform", "").startswith("rotate(-0 "):
        del given["transform"]
    if "d" in given:
        given["d"] = "".join(_steps(given["d"]))
    for key in ("x", "y", "width", "height", "transform", "points"):
        if key in given and tag != "svg":
            given[key] = _NUMBER.sub(lambda found: _tenths(float(found[0])), given[key])
    if "style" in given:
        look = re.sub(r"font-family: [^;]*;? ?", "", given["style"])
        look = re.sub(r"(?<=url\(#)[\w.-]+", lambda found: _name(found[0], names), look)
        given["style"] = re.sub(r"\s*([:;,])\s*", r"\1", look)
    for child in element:
        _plain(child, names)


def _name(given: str, names: dict[str, str]) -> str:
    """Return a short name for one of matplotlib's, which are hashes."""
    return names.setdefault(given, f"i{len(names):x}")


def _flat(element: Element) -> None:
    """Put the content of groups that say nothing in the place of the groups."""
    children: list[Element] = []
    for child in element:
        _flat(child)
        bare = child.tag == f"{_SVG}g" and not child.attrib
        children += list(child) if bare else [child]
    element[:] = children


@lru_cache(maxsize=2**16)
def _tenths(value: float, digits: int = 1) -> str:
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _steps(path: str) -> Iterator[str]:
    """Yield the pieces of a path, its straight lines as steps in whole tenths of a point.

    Each step goes between rounded places, so that the rounding does not add up. Small paths, such
    as markers, keep two digits.
    """
    words = _TOKEN.findall(path)
    numbers = [abs(float(word)) for word in words if not word.isalpha()]
    digits = 2 if max(numbers, default=0.0) < 12 else 1
    scale = 10**digits
    here = (0, 0)
    place, command = 0, ""
    stepping = False
    while place < len(words):
        if words[place].isalpha():
            command = words[place]
            place += 1
            stepping = False
            if command in "zZ":
                yield "z"
                continue
        count = {"M": 2, "L": 2, "Q": 4, "C": 6}[command]
        ends = [round(float(word) * scale) for word in words[place : place + count]]
        place += count
        if command == "L":
            step = (ends[0] - here[0], ends[1] - here[1])
            yield _joined(step, scale, digits, "" if stepping else "l")
            stepping = True
        else:
            yield _joined(ends, scale, digits, command)
            stepping = False
        here = (ends[-2], ends[-1])


def _joined(values: tuple[int, ...] | list[int], scale: int, digits: int, letter: str) -> str:
    text = letter
    for value in values:
        word = _tenths(value / scale, digits)
        text += word if word.startswith("-") or text[-1:].isalpha() else f" {word}"
    return text
