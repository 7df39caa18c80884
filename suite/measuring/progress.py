"""Progress of a run: a bar on a terminal, a line that is rewritten in a notebook, and a new line
now and then when piped."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from suite.measuring.executors import Result
from suite.planning.grids import Plan
from suite.terminal import printable, unfiltered
from suite.types import Stack

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

_EVERY = 15.0
"""The fewest seconds between two plain lines."""
_SHARE = 0.1
"""Plain lines come more and more rarely: after this share of the time since the start."""
_REWRITTEN = 0.5
"""Seconds between two states of a line that is rewritten."""
_SETTLED = 10.0
"""Before this many seconds the rate says nothing about the time that is left."""
_FAILURES = 10
"""The failed stacks that are named; the others are counted."""


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a line on standard error; when nobody reads it any more (a closed pipe), go on."""
    with contextlib.suppress(BrokenPipeError):
        print(printable(line), file=stream or sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Return a time in words, such as ``45 s``, ``12 min`` or ``2 h 5 min``."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Count:
    """What has been measured of some stacks, and how long the others will take.

    ``clock``: seconds, from any start.
    """

    def __init__(
        self, plan: Plan, stacks: list[Stack], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._started = clock()
        self.total = self._expected(stacks)
        self.done = 0.0
        self.planned = len(stacks)
        self.stacks = self.failed = self._networks = 0
        self._study = stacks[0].study if stacks else ""

    def _expected(self, stacks: list[Stack]) -> float:
        return sum(self._plan.costs[stack.key].seconds for stack in stacks)

    def add(self, result: Result) -> None:
        """Count one finished stack."""
        self.stacks += 1
        self.failed += bool(result.reason)
        self.done += self._expected([result.stack])
        self._networks += len(result.stack.members)
        self._study = result.stack.study

    @property
    def finished(self) -> bool:
        """Whether every stack has been counted."""
        return self.stacks == self.planned

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    @property
    def left(self) -> float | None:
        """The seconds that the other stacks will take, if these go on as expected from what the
        finished ones took; None where it is too early to say."""
        if self.finished or self.done <= 0 or self.elapsed < _SETTLED:
            return None
        return self.elapsed * (self.total - self.done) / self.done

    def words(self) -> str:
        """Return all of this on one line."""
        share = 1.0 if self.finished else self.done / max(self.total, 1e-9)
        parts = [
            f"{share:4.0%}  {self.stacks:,}/{self.planned:,} stacks",
            self._study,
            f"{self._networks / max(self.elapsed, 1e-9):,.0f} networks/s",
            duration(self.elapsed),
        ]
        if self.left is not None:
            parts[-1] += f", about {duration(self.left)} left"
        if self.failed:
            parts.append(f"! {self.failed:,} failed")
        return "  ".join(parts)


class Progress:
    """What a run shows on standard error while it measures: a count of finished stacks, weighted by
    their expected cost, the rate, the time that is left, and failures."""

    def __init__(
        self,
        plan: Plan,
        stacks: list[Stack],
        stream: TextIO | None = None,
        rewritten: bool = False,
    ) -> None:
        """``stacks``: in the order in which they are measured. ``rewritten``: show one line that
        is written again and again, as notebooks do, whatever the stream is."""
        self._stream = stream or sys.stderr
        self._rewritten = rewritten
        self._count = Count(plan, stacks)
        self._said = 0.0
        self._width = 0
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        if self._count.planned and not self._rewritten and self._stream.isatty():
            from rich.console import Console  # here: only a terminal needs it

            console = Console(file=unfiltered(self._stream))  # a bar moves the cursor
            if not console.is_dumb_terminal:
                self._bar = _bar(console, self._count)
                self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._width:
            print(file=self._stream, flush=True)

    def say(self, line: str) -> None:
        """Print a line, above the bar where there is one."""
        if self._bar is not None:
            from rich.text import Text

            self._bar.console.print(Text(printable(line)), soft_wrap=True)
            return
        if self._width:
            print(file=self._stream)
            self._width = 0
        say(line, self._stream)

    def __call__(self, result: Result) -> None:
        """Count one finished stack, or report one that is not finished yet."""
        if result.status == "retrying":
            self.say(f"{result.reason}: {result.stack.label}; it will be tried again")
            return
        self._count.add(result)
        if result.reason and result.status == "measured":  # the run itself reports the others
            if self._count.failed <= _FAILURES:
                self.say(f"failed: {result.stack.label}: {result.reason}")
            if self._count.failed == _FAILURES:
                self.say("further failures are counted, and stand in the tables with their reasons")
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._count.done)
            return
        elapsed = self._count.elapsed
        pause = _REWRITTEN if self._rewritten else max(_EVERY, _SHARE * elapsed)
        if elapsed - self._said >= pause or self._count.finished:
            self._said = elapsed
            self._write(self._count.words())

    def _write(self, words: str) -> None:
        if not self._rewritten:
            say(words, self._stream)
            return
        with contextlib.suppress(BrokenPipeError):
            print(f"\r{words.ljust(self._width)}", end="", file=self._stream, flush=True)
        self._width = len(words)


def _bar(console: Console, count: Count) -> Bar:
    """Return a bar that shows a count until it is stopped, and then disappears."""
    from rich.progress import BarColumn, ProgressColumn, Task
    from rich.progress import Progress as Bar
    from rich.table import Column
    from rich.text import Text

    class Words(ProgressColumn):
        """The count in words, with the time of this moment."""

        def render(self, task: Task) -> Text:
            return Text(count.words())

    bar = Bar(
        BarColumn(20),
        Words(Column(no_wrap=True)),
        console=console,
        transient=True,
        refresh_per_second=2,
        redirect_stdout=False,  # what others print is filtered already
        redirect_stderr=False,
    )
    bar.add_task("", total=count.total or 1.0)
    return bar
