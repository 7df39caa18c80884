"""What may reach a terminal: text that was read from a file is shown, never obeyed."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but for the tab and the new line, with those that turn the direction of
writing or break a line."""


def printable(text: str) -> str:
    """Return a text with each control character written out: the escape as ``\\x1b``."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def one_line(message: object) -> str:
    """Return a message on one line without control characters, whatever it quotes."""
    return printable(" ".join(str(message).split()))


class _Filter:
    """A text stream that passes on what is ``printable``."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        self.stream.write(printable(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def filtered_output() -> Iterator[None]:
    """Let no control character through to standard output and standard error in this block."""
    out, error = (cast(TextIO, _Filter(stream)) for stream in (sys.stdout, sys.stderr))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        yield


def unfiltered(stream: TextIO) -> TextIO:
    """Return the stream behind a filter, for a progress bar, which moves the cursor itself."""
    return stream.stream if isinstance(stream, _Filter) else stream


_STYLES = {"!": "bold red", "?": "yellow"}
"""The sign at the start of a line -> its colour on a terminal that has some. Every colour has a
sign, so that nothing is told by colour alone."""


def show(lines: Iterable[str]) -> None:
    """Print lines on standard output, in the colour of their sign where that is a terminal.

    Nothing is coloured on a dumb terminal, with NO_COLOR set, or in a pipe.
    """
    if not sys.stdout.isatty():
        print("\n".join(lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=unfiltered(sys.stdout))
    for line in lines:
        # A Text, unlike a string, is never read as markup.
        console.print(Text(printable(line), _STYLES.get(line[:1], "")), soft_wrap=True)
