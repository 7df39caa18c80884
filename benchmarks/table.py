"""Make the table of ``tox -e rivals`` from its benchmark.json alone.

``python -m benchmarks.table FILE`` prints it and writes table.md beside the file. Times are medians
over the rounds. A ratio compares two contestants within each round, and its median over the
rounds is shown with the smallest and the largest: a cause that slows the machine down for a while
slows down both. Building a program (warm-up, tracing, compilation) has columns of its own.
With ``--cpu`` times are seconds of the processor, for a file from a machine that had other work to
do: a contestant computes in one thread, so that they are close to what it would take alone.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TITLES = {
    "circles": "Two circles: 4 hidden layers of 5, tanh, 1,000 points in batches of 32, RMSprop",
    "shallow": "Two circles, one hidden layer of 5, tanh, 1,000 points in batches of 32, RMSprop",
    "digits": "Digits: 4 hidden layers of 64, tanh, 1,280 images in batches of 32, RMSprop",
}
NOTES = {
    "circles": "The loop by hand records nothing and is the floor of what such a program can take.",
    "shallow": "ParallelMLPs' networks share their points and the order of them, as in its paper;"
    " the engine's have their own.",
}
WIDE = {"lecture": "6 layers of 4,096", "propagation": "50 layers of 256"}
LAST, FLOOR = ", last epoch recorded alone", "draws and products alone"


@dataclass(frozen=True)
class Row:
    """A contestant on one or on all cores. ``ms``: turn -> milliseconds per network and epoch."""

    name: str
    many: bool
    facts: dict[str, Any]
    ms: dict[int, float]

    @property
    def median(self) -> float:
        """The median over the turns."""
        return statistics.median(self.ms.values())


def rows(stored: dict[str, Any], cpu: bool) -> dict[str, list[Row]]:
    """Return the rows of each work, in the order of their turns. ``cpu``: by the processor's
    seconds."""
    by_work: dict[str, dict[tuple[str, bool], Row]] = {}
    for entry in stored["benchmarks"]:
        facts = entry["extra_info"]
        name, many = facts["contestant"], facts["many"]
        row = by_work.setdefault(facts["work"], {}).setdefault(
            (name, many), Row(name, many, facts, {})
        )
        share = facts["networks"] * facts["epochs"]
        seconds = max(facts["cpu_s"]) if cpu else entry["stats"]["median"]
        seconds -= facts["compile_s"]
        row.ms[facts["turn"]] = 1000 * seconds / share
    return {work: list(entries.values()) for work, entries in by_work.items()}


def ratios(row: Row, other: Row) -> list[float]:
    """Return the ratio of two rows in each turn that both had."""
    return [row.ms[turn] / other.ms[turn] for turn in row.ms if turn in other.ms]


def number(value: float) -> str:
    """Format a number with three significant digits."""
    digits = f"{value:.3g}"
    return f"{float(digits):,.0f}" if "e" in digits or abs(value) >= 100 else digits


def spread(values: Sequence[float]) -> str:
    """Format the median, with the smallest and the largest value."""
    if len(values) == 1:
        return number(values[0])
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{number(middle)} ({number(low)} to {number(high)})"


def lines(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table: the first column to the left, the others to the right."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *body)]


def versus(row: Row, others: Sequence[Row]) -> str:
    """Return how many times as long a row takes as each row that it is compared with, on as many
    processes."""
    against = [
        other
        for name in row.facts["against"]
        for other in others
        if (other.name, other.many) == (name, row.many)
    ]
    if len(against) == 1:
        return spread(ratios(row, against[0]))
    return ", ".join(
        f"{spread(ratios(row, other))} {other.name.removeprefix('suite, ')}" for other in against
    )


def trained(entries: Sequence[Row]) -> list[str]:
    """Return the table of one training work."""

    def cells(row: Row) -> Sequence[str]:
        facts = row.facts
        start = [facts.get(key) for key in ("first_s", "further_s")]
        quality = [
            f"{statistics.median(facts[key]):.3f}" if facts[key] else ""
            for key in ("accuracy", "loss")
        ]
        setting = facts.get("setting")
        return (
            f"{row.name} ({setting})" if setting else row.name,
            str(facts["processes"]),
            f"{facts['networks']:,}",
            number(row.median),
            versus(row, entries),
            *("" if value is None else f"{value:.1f}" for value in start),
            *quality,
        )

    head = (
        "",
        "processes",
        "networks",
        "ms per network and epoch",
        "times the suite's",
        "start-up of the first, s",
        "of each further, s",
        "accuracy",
        "loss",
    )
    return lines(head, (cells(row) for row in entries if LAST not in row.name))


def recording(entries: Sequence[Row]) -> list[str]:
    """Return the table of what snapshots cost."""
    pairs = [
        (row, other)
        for other in entries
        for row in entries
        if other.name == row.name + LAST and not row.many
    ]
    head = ("", "ms with 8 snapshots", "with the last alone", "what recording adds, %")
    return lines(
        head,
        (
            (
                row.name,
                number(row.median),
                number(other.median),
                spread([100 * (ratio - 1) for ratio in ratios(row, other)]),
            )
            for row, other in pairs
        ),
    )


def wide(by_work: dict[str, list[Row]]) -> list[str]:
    """Return the table of the studies of wide layers beside their floor."""
    body = []
    for work, title in WIDE.items():
        entries = by_work.get(work, [])
        for floor in entries:
            for row in entries:
                if floor.name.startswith(FLOOR) and row.name in floor.facts["against"]:
                    share = [100 * ratio for ratio in ratios(floor, row)]
                    body.append(
                        (
                            f"{title}: {row.name}",
                            str(row.facts["networks"]),
                            number(row.median),
                            number(floor.median),
                            spread(share),
                        )
                    )
    head = ("", "runs", "ms a run", "draws and products alone, ms", "share of their speed, %")
    return lines(head, body)


def kept(stored: dict[str, Any]) -> float:
    """Return the share of its time in which a process had a core, median over all rounds."""
    return float(
        statistics.median(
            max(entry["extra_info"]["cpu_s"]) / entry["stats"]["median"]
            for entry in stored["benchmarks"]
        )
    )


def table(stored: dict[str, Any], cpu: bool = False) -> str:
    """Return all sections, as Markdown."""
    by_work = rows(stored, cpu)
    machine = stored["machine_info"]
    versions = machine.get("versions", {})
    names = ("torch", "tensorflow-cpu", "keras", "jax", "numba")
    shown = [f"{name} {versions[name]}" for name in names if name in versions]
    turns = max(len(row.ms) for entries in by_work.values() for row in entries)
    parts = [
        f"{machine['cpu'].get('brand_raw', 'unknown processor')}, {machine.get('cores')} cores;"
        f" {', '.join(shown)}. {turns} alternating rounds: median (smallest to largest),"
        f" {'seconds of the processor' if cpu else 'seconds of the clock'}; while timed, a process"
        f" had a core for {100 * kept(stored):.0f} % of the time."
    ]
    for work, title in TITLES.items():
        if work in by_work:
            epochs = max(row.facts["epochs"] for row in by_work[work])
            parts += [f"**{title}, {epochs} epochs**", "\n".join(trained(by_work[work]))]
            if work in NOTES:
                parts.append(NOTES[work])
    if any(LAST in row.name for row in by_work.get("circles", [])):
        parts += ["**Recording, two circles**", "\n".join(recording(by_work["circles"]))]
    if any(work in by_work for work in WIDE):
        parts += ["**Wide layers at initialisation**", "\n".join(wide(by_work))]
    return "\n\n".join(parts) + "\n"


def main(path: Path, *options: str) -> None:
    """Print the table of a file and write it beside the file."""
    text = table(json.loads(path.read_text(encoding="utf-8")), cpu="--cpu" in options)
    path.with_name("table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
