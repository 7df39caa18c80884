"""Load a framework by name, find its probes, and find the C++ compiler that torch would call.

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

from suite import probes
from suite.catalogue import registry
from suite.catalogue.frameworks import FRAMEWORKS
from suite.types import Framework, P, Unsupported


def load(name: str) -> Framework:
    """Import a framework and make it ready: its flags are set for the whole process.

    Raises UserError for an unknown name, and for a framework that is not installed, with the
    command that installs it. A framework that is installed and fails to import raises its own
    error.
    """
    entry = FRAMEWORKS[name]
    entry.require()
    made = registry.named(entry.target) if isinstance(entry.target, str) else entry.target
    framework = cast(Framework, made())
    if registry.SEPARATOR in name:
        framework.name = name  # a plugin's own code calls it by its bare name
    entry.settle()  # after the import: the framework's home imports it without its messages
    return framework


@functools.cache
def compiler() -> str:
    """Return the first line of ``--version`` of the C++ compiler that torch would call.

    Empty where none works. It is tried on an extension of Python: without Python's headers torch
    cannot use it either. The variable ``CXX`` names another one, as everywhere; ``CXX=none`` is a
    way to do without.
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
            version = subprocess.run([words[0], "--version"], capture_output=True, text=True)
        except (OSError, subprocess.SubprocessError):
            return ""
    return next(iter(version.stdout.splitlines()), words[0])


def probe(framework: str, topic: type[P]) -> P:
    """Return a framework's measurements of a topic: the functions of its ``probes/TOPIC.py``, or
    of the file that it shares with others.

    Raises UserError for a topic that the framework does not have. A function that it does not have
    raises UserError when it is looked up. Both raise Unsupported where the entry of the framework
    declares a gap.
    """
    return cast(P, _Probes(framework, probes.topic(topic)))


class _Probes:
    """The measurements of one topic in a framework."""

    def __init__(self, framework: str, topic: str) -> None:
        self._framework, self._topic = framework, topic
        self._functions = _functions(framework, topic)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in self._functions:
            return self._functions[name]
        if reason := FRAMEWORKS[self._framework].gap([f"{self._topic}.{name}"]):
            raise Unsupported(reason)
        raise registry.unknown(f"probe {self._topic!r} in {self._framework}", name, self._functions)


@functools.cache
def _functions(framework: str, topic: str) -> dict[str, Callable[..., Any]]:
    """Return the public functions of a framework's module of probes, by name: its own, or the one
    that it shares with others.

    Empty where there is no such module and the framework declares a gap in the topic. Raises
    UserError where it declares none.
    """
    entry = FRAMEWORKS[framework]
    topics: dict[str, str] = {}
    for package in (f"suite.frameworks.{framework}.probes", entry.shared_probes):
        if package:
            path = importlib.import_module(package).__path__
            found = {module.name: package for module in pkgutil.iter_modules(path)}
            topics = found | topics
    if topic not in topics:
        if any(gap.startswith(f"{topic}.") for gap in entry.gaps):
            return {}
        raise registry.unknown(f"topic of probes in {framework}", topic, topics)
    module = importlib.import_module(f"{topics[topic]}.{topic}")
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    }
