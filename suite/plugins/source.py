"""Where a plugin comes from: a file, whose content travels with it, or a module that is installed.

Nothing is imported here. A file's content goes to the workers, which need no disk in common with
the process that read it; a module must be installed where they run, and its hash is compared.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from suite.catalogue.frameworks import FRAMEWORKS
from suite.errors import UserError

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""The form of the name of a plugin."""
FILE = "file"
"""The prefix of data files, as in ``file:table``."""
LARGEST = 10 * 2**20
"""The largest size of a plugin's file in bytes; anything larger is not source code."""


@dataclass(frozen=True)
class Source:
    """A plugin as the user brought it.

    ``name`` is the prefix of its items. ``content`` has the bytes of a file; it is None for an
    installed module, which is then imported under the name ``origin``.
    """

    name: str
    origin: str
    """The file or the module, as the user named it."""
    sha256: str
    """64 hexadecimal digits: the hash of the file, or of all source files of the module."""
    content: bytes | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """The plugin in words, as errors call it."""
        return f"plugin {self.name!r} ({self.origin})"


def find(given: str) -> Source:
    """Return the plugin that is in a file or an installed module.

    Raises UserError where there is none, where it cannot be read, and where its name is not in
    the form of ``NAME`` or is taken by a framework or by the suite.
    """
    path = Path(given)
    if path.suffix == ".py" or os.sep in given or path.is_file():
        return _from_file(given, path)
    return from_module(given)


def _from_file(given: str, path: Path) -> Source:
    if path.is_dir():
        raise UserError(
            f"--plugin {given} is a folder; name a file in it, or install it as a package and name"
            " its module"
        )
    if path.suffix != ".py":
        raise UserError(f"--plugin {given} is not a Python file, whose name ends in .py")
    name = _named(given, path.stem)
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"--plugin {given} has more than {LARGEST // 2**20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"--plugin {given} cannot be read: {error.strerror}") from error
    return Source(name, given, hashlib.sha256(content).hexdigest(), content)


def from_module(given: str) -> Source:
    """Return the plugin that is in an installed module. UserError where there is no such module."""
    if not all(part.isidentifier() for part in given.split(".")):
        raise UserError(f"--plugin {given!r} is neither a Python file nor the name of a module")
    name = _named(given, given.rpartition(".")[2])
    return Source(name, given, module_hash(given))


def module_hash(module: str) -> str:
    """Return the hash of the source files of an installed module, 64 hexadecimal digits.

    For a package these are all its Python and TOML files, with their names. UserError where there
    is no such module, or where it has no Python source.
    """
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(module)
    except Exception:  # a parent package may raise anything when it is imported
        spec = None
    if spec is None:
        here = Path(f"{module}.py")
        hint = f"; there is a file: --plugin {here}" if here.is_file() else ""
        raise UserError(f"--plugin {module}: no such file, and no such module is installed{hint}")
    digest = hashlib.sha256()
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in {".py", ".toml"}):
            digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    if not folders:
        if not spec.has_location or not str(spec.origin).endswith(".py"):
            raise UserError(f"--plugin {module}: the module has no Python source")
        digest.update(Path(str(spec.origin)).read_bytes())
    return digest.hexdigest()


def _named(given: str, name: str) -> str:
    """Return the name of a plugin. UserError where it has another form or is taken."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"--plugin {given}: {name!r} is not the name of a plugin, which has lower-case letters,"
            " digits and _, a letter first; rename the file"
        )
    packages = (package for entry in FRAMEWORKS for package in entry.packages)
    taken = tuple(dict.fromkeys((*FRAMEWORKS.names, *packages, "suite", FILE)))
    if name in taken:
        raise UserError(
            f"--plugin {given}: the name {name!r} is taken ({', '.join(taken)}); rename the file"
        )
    return name
