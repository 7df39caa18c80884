"""The table of frameworks, and how one is loaded: nothing is imported before it is asked for.

What a framework must be told to give the same bits twice stands here as well, as data, so that
the manifest of a run records what its workers are told.

To add a framework, add its file beside this one, a line here, its extra in pyproject.toml, and
its native objects in the catalogues of activations, initializers and optimizers.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import pkgutil
import shlex
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from suite.catalogue import registry
from suite.types import Framework, UserError

THREADS = 1
"""Of every worker: processes, not threads, fill the cores, and batched kernels on small matrices
do not gain from threads."""


@dataclass(frozen=True)
class Entry:
    """One framework: its class as "module:attribute", the packages it imports, its extra."""

    name: str
    target: str
    packages: tuple[str, ...]
    extra: str | None
    """What to install, as in ``init-suite[torch]``; None for what every installation has."""
    flags: Mapping[str, bool | int | None] = field(default_factory=dict)
    """Settings of the process, set when the framework is loaded: "module.attribute" -> the value,
    or the argument where the attribute is a function (None: it takes none)."""

    @property
    def installed(self) -> bool:
        """Whether the packages are there, without importing them."""
        return all(importlib.util.find_spec(package) is not None for package in self.packages)

    def require(self) -> None:
        """Raises UserError, with the command that installs the framework, when it is missing."""
        if not self.installed:
            raise UserError(
                f"framework {self.name!r} is not installed;"
                f" pip install 'init-suite[{self.extra}]' (installed: {', '.join(installed())})"
            )

    def settle(self) -> None:
        """Import the framework and set its flags, for the whole process."""
        for name, value in self.flags.items():
            module, _, attribute = name.rpartition(".")
            home = importlib.import_module(module)
            found = getattr(home, attribute)
            if callable(found):
                found(*([] if value is None else [value]))
            else:
                setattr(home, attribute, value)


FRAMEWORKS = registry.Registry(
    "framework",
    [
        Entry("numpy", "suite.frameworks.numpy:Numpy", ("numpy",), None),
        Entry(
            "torch",
            "suite.frameworks.torch:Torch",
            ("torch",),
            "torch",
            {
                "torch.use_deterministic_algorithms": True,
                "torch.utils.deterministic.fill_uninitialized_memory": False,
                "torch.set_num_threads": THREADS,
            },
        ),
        Entry(
            "tensorflow",
            "suite.frameworks.tensorflow:TensorFlow",
            ("tensorflow", "keras"),
            "tensorflow",
            {"tensorflow.config.experimental.enable_op_determinism": None},
        ),
    ],
)


def installed() -> tuple[str, ...]:
    """The names of the frameworks that can be loaded here, without importing them."""
    return tuple(entry.name for entry in FRAMEWORKS if entry.installed)


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
                check=True, capture_output=True, timeout=60,
            )  # fmt: skip
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
