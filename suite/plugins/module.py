"""Import the module of a plugin: a file from its bytes, under a name of its own.

Whatever goes wrong in the plugin's code becomes a UserError of one line, with the place in the
plugin where it happened.
"""

from __future__ import annotations

import importlib
import linecache
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from suite.errors import UserError
from suite.plugins.source import Source, module_hash
from suite.terminal import printable

SLOW = 10.0
"""The seconds after which a line says that a plugin is still being imported."""
_IMPORTED: dict[str, str] = {}
"""Installed module -> the hash of the source that this process has imported."""


def imported(source: Source) -> ModuleType:
    """Return the module of a plugin.

    That of a file is imported anew each time; an installed one is imported again where its source
    has changed since. Raises UserError where its code fails, where it needs a package that is not
    installed, and where an installed module is not the version that the source names.
    """
    with _explained(source), _noticed(source):
        return _from_bytes(source) if source.content is not None else _installed(source)


def _from_bytes(source: Source) -> ModuleType:
    assert source.content is not None
    module = ModuleType(f"suite_plugin_{source.name}_{source.sha256[:12]}")
    module.__file__ = source.origin
    # Dataclasses look up the module of a class by its name, and compilers of the frameworks the
    # source of a function; the file itself may have changed, or may not be on this machine.
    sys.modules[module.__name__] = module
    lines = source.content.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[source.origin] = (len(source.content), None, lines, source.origin)
    try:
        exec(compile(source.content, source.origin, "exec", dont_inherit=True), vars(module))
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _installed(source: Source) -> ModuleType:
    found = module_hash(source.origin)
    if found != source.sha256:
        raise UserError(
            f"{source.label} is another version here: its sha256 is {found[:12]}, not"
            f" {source.sha256[:12]}"
        )
    if _IMPORTED.get(source.origin, found) != found:
        for name in [*sys.modules]:
            if name == source.origin or name.startswith(f"{source.origin}."):
                del sys.modules[name]
    module = importlib.import_module(source.origin)
    _IMPORTED[source.origin] = found
    return module


@contextmanager
def _noticed(source: Source) -> Iterator[None]:
    """Say on standard error that a plugin is still being imported, once it takes ``SLOW``
    seconds. Nothing else would show what a command waits for."""
    line = f"suite: still importing the {source.label}; Ctrl-C ends it"
    timer = threading.Timer(SLOW, print, [printable(line)], {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _explained(source: Source) -> Iterator[None]:
    """Turn an error of the plugin's code into one line that says where it happened."""
    try:
        yield
    except (UserError, SystemExit, Exception) as error:
        if isinstance(error, UserError) and source.label in str(error):
            raise
        raise UserError(f"{source.label}: {_place(source, error)}{_words(error)}") from error


def _words(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return (
            f"it imports {error.name!r}, which is not installed (a plugin of several files is a"
            " package: install it and name its module)"
        )
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, SystemExit):
        return "it ends the program (SystemExit)"
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _place(source: Source, error: BaseException) -> str:
    """Return the line of the plugin's own file at which an error arose; empty where it has none."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: " if error.lineno else ""
    files = {source.origin, str(getattr(sys.modules.get(source.origin), "__file__", ""))}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    return f"line {frames[-1].lineno}: " if frames else ""
