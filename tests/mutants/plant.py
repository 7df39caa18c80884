"""Plants a mistake in a copy of the tree, and runs the tests that must notice it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.mutants.mutant import Mutant
from tests.support import ROOT

COPIED = ("suite", "tests", "docs", "benchmarks", ".ci")
"""Folders that a copy has as files of its own; everything else of the tree is linked."""
LEFT_OUT = (".git", ".tox", ".venv", "build", "dist", "__pycache__")
SECONDS = 180
"""The time that the tests of one mistake may take: ten times what the slowest need here."""
_ENDS = {0: "survived", 1: "failure", 2: "import"}
"""The exit codes of pytest that say something about a mistake; any other is an error of the entry,
such as a test that does not exist."""


@dataclass(frozen=True)
class Outcome:
    """How the tests ended with a mistake: ``failure``, ``import``, ``timeout``, ``survived`` or
    ``error``, the last lines that they printed, and the seconds that they took."""

    end: str
    lines: str
    seconds: float


class Tree:
    """A copy of the tree in which one mistake after another is planted, and its worker."""

    def __init__(self, folder: Path, source: Path = ROOT) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for path in source.iterdir():
            if path.name in COPIED:
                shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
            elif path.name not in LEFT_OUT:
                (folder / path.name).symlink_to(path)
        self._stamp = int(time.time())
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.worker"],
            cwd=folder,
            env={**os.environ, **one, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.communicate()

    def test(self, tests: tuple[str, ...], seconds: float = SECONDS) -> Outcome:
        """Run tests in the copy as it is."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        started = time.monotonic()
        order = [seconds, "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
        self._worker.stdin.write(f"{json.dumps(order)}\n")
        self._worker.stdin.flush()
        code, output = json.loads(self._worker.stdout.readline())
        end = "timeout" if code is None else _ENDS.get(code, "error")
        if end == "import" and "during collection" not in output:
            end = "error"
        lines = "\n".join(output.splitlines()[-15:])
        return Outcome(end, lines, time.monotonic() - started)

    def plant(self, mutant: Mutant, seconds: float = SECONDS) -> Outcome:
        """Plant a mistake, run its tests, and take the mistake out again."""
        path = self.folder / mutant.file
        text = path.read_text(encoding="utf-8")
        try:
            self._write(path, mutant.applied(text))
            return self.test(mutant.tests, seconds)
        finally:
            self._write(path, text)

    def _write(self, path: Path, text: str) -> None:
        """Write a file and give it a time that it never had: Python takes compiled code for that
        of a source of the same size and second."""
        path.write_text(text, encoding="utf-8")
        self._stamp += 2
        os.utime(path, (self._stamp, self._stamp))
