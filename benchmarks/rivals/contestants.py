"""The contestants of each work, and why one is left out on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass

RUNNERS = "benchmarks.rivals.runners"
TORCH, TENSORFLOW = "benchmarks.rivals.with_torch", "benchmarks.rivals.with_tensorflow"
TRAINED, WIDE = ("circles", "digits"), ("lecture", "propagation")


@dataclass(frozen=True)
class Contestant:
    """One row of the table.

    ``target``: its runner, as "module:attribute"; ``arguments``: those of the runner, after the
    number of its process and the work. ``against``: the names of the contestants whose time its own
    is divided by, on as many processes. ``many``: whether it also runs as one process per core.
    ``needs``: packages.
    """

    name: str
    target: str
    arguments: tuple[object, ...]
    against: tuple[str, ...]
    needs: tuple[str, ...]
    many: bool = True
    engine: bool = False
    compiler: bool = False

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        for package in self.needs:
            if importlib.util.find_spec(package) is None:
                return f"{package} is not installed"
        if self.compiler and shutil.which(os.environ.get("CXX", "g++")) is None:
            return "torch.compile needs a C++ compiler, and there is none"
        return None


ENGINES = {"torch": "suite, torch", "tensorflow": "suite, TensorFlow"}
PACKAGES = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras")}


def _alone(module: str, framework: str, name: str, **more: bool) -> Contestant:
    return Contestant(
        name, f"{RUNNERS}:Alone", (module, name), (ENGINES[framework],), PACKAGES[framework], **more
    )


def _suite(framework: str, runner: str) -> Contestant:
    return Contestant(
        ENGINES[framework],
        f"{RUNNERS}:{runner}",
        (framework,),
        (),
        PACKAGES[framework],
        many=runner == "Engine",
        engine=True,
    )


def _last(framework: str) -> Contestant:
    return Contestant(
        f"{ENGINES[framework]}, last epoch recorded alone",
        f"{RUNNERS}:Engine",
        (framework, True),
        (ENGINES[framework],),
        PACKAGES[framework],
        many=False,
        engine=True,
    )


def _floor(framework: str) -> Contestant:
    return Contestant(
        f"draws and products alone, {ENGINES[framework].removeprefix('suite, ')}",
        f"{RUNNERS}:Floor",
        (framework,),
        (ENGINES[framework],),
        PACKAGES[framework],
        many=False,
    )


def contestants(work: str) -> list[Contestant]:
    """Return the contestants of a work, in the order of their turns and of the table."""
    if work in WIDE:
        return [entry for name in ENGINES for entry in (_suite(name, "Wide"), _floor(name))]
    return [
        *(_suite(name, "Engine") for name in ENGINES),
        *(_last(name) for name in ENGINES if work == "circles"),
        _alone(TORCH, "torch", "torch loop"),
        _alone(TORCH, "torch", "torch loop, foreach=True", many=False),
        _alone(TORCH, "torch", "torch.compile", compiler=True),
        _alone(TENSORFLOW, "tensorflow", "Keras fit"),
        _alone(TENSORFLOW, "tensorflow", "Keras fit, steps_per_execution", many=False),
        _alone(TENSORFLOW, "tensorflow", "GradientTape, eager"),
        _alone(TENSORFLOW, "tensorflow", "GradientTape in tf.function", many=False),
        Contestant(
            "JAX, vmap and scan", f"{RUNNERS}:Together", (), tuple(ENGINES.values()), ("jax",)
        ),
    ]
