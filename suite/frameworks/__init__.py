"""Loads a framework by name, finds its probes, and finds the C++ compiler that torch would use.

To add a framework, add its folder beside this file, an entry in ``suite.catalogue.frameworks``,
its extra in pyproject.toml, and its native objects in the catalogues.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import shlex
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from suite.catalogue import registry
from suite.catalogue.frameworks import FRAMEWORKS
from suite.types import Framework


def load(name: str) -> Framework:
    """Import a framework and make it ready: its flags are set for the whole process.

    Raises UserError for an unknown name, and for a framework that is not installed, with the
    command that installs it. A framework that is there and fails to import raises its own error.
    """
    entry = FRAMEWORKS[name]
    entry.require()
    module, attribute = entry.target.split(":")
    framework = cast(Framework, getattr(importlib.import_module(module), attribute)())
    entry.settle()  # after the import: the framework's home imports it without its chatter
    return framework


@functools.cache
def compiler() -> str:
    """The C++ compiler that torch would call, in its own words, or nothing where none works.

    Tried by compiling an extension of Python: without Python's headers torch cannot use it either.
    ``CXX`` names another one, as everywhere; ``CXX=none`` is a way to do without.
    """
    words = [*shlex.split(os.environ.get("CXX", "g++")), "-shared", "-fPIC"]
    include = f"-I{sysconfig.get_path('include')}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "tried.cpp"
        source.write_text("#include <Python.h>\n#include <cmath>\n")
        try:
            subprocess.run(
                [*words, include, str(source), "-o", str(source.with_suffix(".so"))],
                check=True,
                capture_output=True,
                timeout=60,
            )
            told = subprocess.run([words[0], "--version"], capture_output=True, text=True)
        except (OSError, subprocess.SubprocessError):
            return ""
    return next(iter(told.stdout.splitlines()), words[0])


def probe(framework: str, name: str) -> Callable[..., Any]:
    """The probe ``topic.function`` of a framework: a public function of its ``probes/topic.py``.

    Raises UserError for a topic or function that the framework does not have.
    """
    topic, _, function = name.partition(".")
    package = importlib.import_module(f"suite.frameworks.{framework}.probes")
    topics = [module.name for module in pkgutil.iter_modules(package.__path__)]
    if topic not in topics:
        raise registry.unknown(f"topic of probes in {framework}", topic, topics)
    module = importlib.import_module(f"{package.__name__}.{topic}")
    own = [
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    if function not in own:
        raise registry.unknown(f"probe {topic!r} in {framework}", function, own)
    return cast(Callable[..., Any], getattr(module, function))
