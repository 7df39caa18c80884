"""The table of frameworks: what each one imports, what installs it, and how its process is set up.

Nothing is imported before it is asked for. What a framework must be told to give the same bits
twice stands here as data, so that the manifest of a run records what its workers are told.
``suite.frameworks`` loads a framework.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from suite.catalogue import registry
from suite.types import UserError

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
