"""Progress of a run: a bar with an ETA on a terminal, plain lines when piped."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from suite.measuring.executors import Result
from suite.planning.grids import Plan
from suite.terminal import printable, unfiltered
from suite.types import Stack

if TYPE_CHECKING:
    from tqdm import tqdm

_EVERY = 15.0
"""Seconds between two plain lines."""


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a line on standard error; when nobody reads it any more (a closed pipe), go on."""
    with contextlib.suppress(BrokenPipeError):
        print(printable(line), file=stream or sys.stderr, flush=True)


class Progress:
    """A count of finished stacks on standard error, weighted by their expected cost."""

    def __init__(
        self,
        plan: Plan,
        stacks: list[Stack],
        stream: TextIO | None = None,
        bar: type[tqdm[Any]] | None = None,
    ) -> None:
        """``bar``: the class of a bar that is shown whatever the stream is."""
        self._stream = stream or sys.stderr
        self._kind = bar
        self._terminal = unfiltered(self._stream)  # a bar moves the cursor
        self._plan = plan
        self._total = sum(plan.costs[stack.key].seconds for stack in stacks)
        self._count = len(stacks)
        self._done = 0.0
        self._stacks = 0
        self._started = self._said = time.monotonic()
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Progress:
        kind = self._kind
        if kind is None and self._stream.isatty():
            from tqdm import tqdm as kind  # here: only a terminal needs it
        if kind is not None and self._count:
            form = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]"
            self._bar = kind(
                total=self._total, file=self._terminal, bar_format=form, leave=False, mininterval=0
            )
            self._bar.set_description_str(f"0/{self._count} stacks")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def say(self, line: str) -> None:
        """Print a line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(printable(line), file=self._terminal)
        else:
            say(line, self._stream)

    def __call__(self, result: Result) -> None:
        """Count one finished stack, or report one that is not finished yet."""
        stack = result.stack
        if result.status == "retrying":
            self.say(f"{result.reason}: {stack.label}; it will be tried again")
            return
        cost = self._plan.costs[stack.key].seconds
        self._done += cost
        self._stacks += 1
        if result.reason and result.status == "measured":  # the run itself reports the others
            self.say(f"failed: {stack.label}: {result.reason}")
        if self._bar is not None:
            self._bar.set_description_str(f"{self._stacks}/{self._count} stacks", refresh=False)
            self._bar.update(cost)
            return
        now = time.monotonic()
        if now - self._said >= _EVERY or self._stacks == self._count:
            self._said = now
            elapsed = now - self._started
            left = elapsed * (self._total - self._done) / max(self._done, 1e-9)
            share = self._done / max(self._total, 1e-9)
            self.say(
                f"{share:4.0%}  {self._stacks}/{self._count} stacks"
                f"  {elapsed:.0f} s elapsed, about {max(left, 0):.0f} s left"
            )
