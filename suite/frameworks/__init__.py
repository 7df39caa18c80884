"""The table of frameworks, and how one is loaded: nothing is imported before it is asked for.

To add a framework, add its file beside this one, a line here, its extra in pyproject.toml, and
its native objects in the catalogues of activations, initializers and optimizers.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from suite import registry
from suite.types import Framework, UserError


@dataclass(frozen=True)
class Entry:
    """One framework: its class as "module:attribute", the packages it imports, its extra."""

    name: str
    target: str
    packages: tuple[str, ...]
    extra: str | None
    """What to install, as in ``init-suite[torch]``; None for what every installation has."""

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


FRAMEWORKS = registry.Registry(
    "framework",
    [
        Entry("numpy", "suite.frameworks.numpy:Numpy", ("numpy",), None),
        Entry("torch", "suite.frameworks.torch:Torch", ("torch",), "torch"),
        Entry(
            "tensorflow",
            "suite.frameworks.tensorflow:TensorFlow",
            ("tensorflow", "keras"),
            "tensorflow",
        ),
    ],
)


def installed() -> tuple[str, ...]:
    """The names of the frameworks that can be loaded here, without importing them."""
    return tuple(entry.name for entry in FRAMEWORKS if entry.installed)


def load(name: str) -> Framework:
    """Import a framework and make it ready.

    Raises UserError for an unknown name, and for a framework that is not installed, with the
    command that installs it. A framework that is there and fails to import raises its own error.
    """
    entry = FRAMEWORKS[name]
    entry.require()
    module, attribute = entry.target.split(":")
    return cast(Framework, getattr(importlib.import_module(module), attribute)())


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
