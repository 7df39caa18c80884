"""Measures one stack, in whatever process this runs: the work of a worker.

A stack that raises becomes failed runs, with the reason in their rows. To see what happens inside,
call ``measure`` with a stack of your own in a debugger.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path

from suite import datafiles, frameworks, plugins
from suite.frameworks.timing import Timed, clock
from suite.measuring.environment import processor
from suite.measuring.executors import Job, Result
from suite.planning.grids import supported
from suite.results.check_measurement import check_measurement
from suite.results.folder import Results
from suite.results.shards import save_shard
from suite.studies import STUDIES
from suite.types import Framework, Lab, Measurement, Stack, Status, Unsupported, UserError


@functools.cache
def _load(name: str) -> Framework:
    """Load a framework once per process: what is cached by the framework object stays valid."""
    with clock("import"):
        return Timed(frameworks.load(name))


def measure(stack: Stack, root: int) -> tuple[Measurement, list[int]]:
    """Measure one stack in this process, and return the positions of the members measured.

    Members that the study or a declared gap excludes get the status ``unsupported`` and the reason.
    So do all others when the framework raises Unsupported; another error makes them ``failed``, and
    so does a measurement that is not what the study declares.

    Nothing is written and no process is started, so a debugger can step into the study and the
    framework. Choose a stack as ``suite run`` would:

    >>> from suite.planning import grids
    >>> from suite.studies import STUDIES
    >>> study = STUDIES["propagation"]
    >>> texts = ["activation=tanh", "initializer=he_normal", "depth=4", "width=8"]
    >>> chosen = grids.parse_overrides(texts, [study])
    >>> stack, *others = grids.stacks(study, grids.Selection("quick", ("numpy",), chosen, seeds=2))
    >>> len(stack.members)
    2
    >>> measurement, positions = measure(stack, root=0)
    >>> [str(status) for status in measurement.status]
    ['ok', 'ok']
    >>> [table.name for table in measurement.tables]
    ['runs', 'layers', 'histograms']
    >>> measurement.tables[0].columns["forward_slope"].shape
    (2,)
    """
    study = STUDIES[stack.study]
    part, reasons = supported(study, stack)
    measurement = Measurement([], [], ())
    if part.members:
        try:
            lab = Lab(_load(stack.framework), _load("numpy"), root)
            with clock("statistics"):
                measurement = study.measure(part, lab)
            check_measurement(study, measurement, len(part.members), len(part.members))
        except Unsupported as gap:
            count = len(part.members)
            measurement = Measurement([Status.UNSUPPORTED] * count, [str(gap)] * count, ())
        except Exception as error:  # whatever is raised becomes rows with the reason
            measurement = _failed(len(part.members), error_line(error))
    return _with_unsupported(measurement, reasons)


def measure_and_store(job: Job, stack: Stack) -> Result:
    """Measure one stack and write its shard into the results folder."""
    if reason := _without_plugins(job):
        return Result(stack, reason, "lost")
    measurement, measured, timings = _timed(job, stack)
    try:
        with clock("write"):
            Results(job.folder).write(STUDIES[stack.study], stack, measurement, measured, timings)
    except OSError as error:
        return Result(stack, error_line(error), "not stored")
    return Result(stack, _first_failure(measurement), resident_bytes=resident_bytes())


def measure_and_return(job: Job, stack: Stack) -> Result:
    """Measure one stack and return the content of its shard, for a worker that cannot reach the
    results folder."""
    if reason := _without_plugins(job):
        return Result(stack, reason, "lost")
    measurement, measured, timings = _timed(job, stack)
    file = io.BytesIO()
    with clock("write"):
        save_shard(file, STUDIES[stack.study], stack, measurement, measured, timings)
    return Result(stack, _first_failure(measurement), shard=file.getvalue())


def give_up(results: Results, stack: Stack, reason: str) -> Result:
    """Store a stack as failed, for a reason that is not the framework's."""
    _, reasons = supported(STUDIES[stack.study], stack)
    measurement, _ = _with_unsupported(_failed(reasons.count(None), reason), reasons)
    try:
        results.write(STUDIES[stack.study], stack, measurement, [], {})
    except OSError as error:
        return Result(stack, error_line(error), "not stored")
    return Result(stack, _first_failure(measurement))


def _without_plugins(job: Job) -> str:
    """Load what the user has brought into this process; return why that failed, or nothing."""
    try:
        with clock("import"):
            plugins.keep(job.sources)
            datafiles.keep(job.data)
    except UserError as error:
        return f"the worker cannot load it: {error}"
    return ""


def _timed(job: Job, stack: Stack) -> tuple[Measurement, list[int], dict[str, float | str]]:
    """Measure one stack; also return the timings that its shard carries, and the processor.

    A shard cannot time its own write, so it carries that of the worker's previous one.
    """
    started = time.perf_counter()
    measurement, measured = measure(stack, job.root)
    seconds = time.perf_counter() - started
    timings: dict[str, float | str] = {
        "seconds": seconds,
        "process_peak_bytes": _peak_bytes(),
        "processor": processor(),
        **clock.take(),
    }
    return measurement, measured, timings


def _first_failure(measurement: Measurement) -> str:
    """Return the reason of the first failed run, or nothing where none failed."""
    rows = zip(measurement.status, measurement.reason, strict=True)
    return next((reason for status, reason in rows if status == Status.FAILED), "")


def _failed(count: int, reason: str) -> Measurement:
    return Measurement([Status.FAILED] * count, [reason] * count, ())


def _with_unsupported(
    measured: Measurement, reasons: Sequence[str | None]
) -> tuple[Measurement, list[int]]:
    """Turn a measurement of the supported members into one of all members, and return the
    positions of those measured.

    ``reasons`` has for each member why it is not supported, or None.
    """
    kept = [index for index, reason in enumerate(reasons) if reason is None]
    status = [Status.UNSUPPORTED] * len(reasons)
    reason = [text or "" for text in reasons]
    for row, index in enumerate(kept):
        status[index], reason[index] = measured.status[row], measured.reason[row]
    return Measurement(status, reason, measured.tables), kept if measured.tables else []


def error_line(error: BaseException) -> str:
    """Return an error as one line of bounded length."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def _peak_bytes() -> float:
    """Return the largest memory of this process so far.

    Where ``/proc`` does not say, ``getrusage`` does, but its figure is never below the size of
    the process that started this one. NaN where neither is there.
    """
    if found := _in_status("VmHWM:"):
        return found
    try:
        import resource
    except ImportError:  # Windows has no such module
        return math.nan
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def resident_bytes() -> float:
    """Return the memory of this process now; where ``/proc`` does not say, the largest so far."""
    return _in_status("VmRSS:") or _peak_bytes()


def _in_status(field: str) -> float:
    """Return a size in ``/proc/self/status``; 0 where the system has no such file."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024.0
    return 0.0
