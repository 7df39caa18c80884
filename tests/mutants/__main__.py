"""Plants every mistake of the list, and fails where one is not noticed.

First the tests are run without a mistake: tests that are red anyway would notice anything.
"""

from __future__ import annotations

import argparse
import contextlib
import queue
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.mutant import Mutant, chosen, load
from tests.mutants.plant import Outcome, Tree

Trees = queue.SimpleQueue[Tree]
"""The copies that no mistake is planted in at the moment."""


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if every chosen mistake is noticed, 1 if one is not, 2 if an entry is wrong."""
    parser = argparse.ArgumentParser(prog="tox -e mutants --", description=__doc__)
    parser.add_argument("-k", default="", metavar="TEXT", help="only names and files with TEXT")
    parser.add_argument("-n", type=int, default=2, metavar="N", help="how many at a time (2)")
    given = parser.parse_args(arguments)
    try:
        mutants = chosen(load(), given.k)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if not mutants:
        print(f"no mistake has {given.k!r} in its name or file", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-")))
        trees: Trees = queue.SimpleQueue()
        for number in range(given.n):
            trees.put(stack.enter_context(Tree(folder / str(number))))
        pool = stack.enter_context(ThreadPoolExecutor(given.n))
        selections = sorted({mutant.tests for mutant in mutants})
        plain = pool.map(lambda tests: _test(trees, tests), selections)
        green = [_green(*pair) for pair in zip(selections, plain, strict=True)]
        if not all(green):
            return 2
        outcomes = pool.map(lambda mutant: _planted(trees, mutant), mutants)
        wrong = [
            mutant
            for mutant, outcome in zip(mutants, outcomes, strict=True)
            if not _noticed(mutant, outcome)
        ]
    print(f"{len(mutants) - len(wrong)} of {len(mutants)} planted mistakes were noticed")
    for mutant in wrong:
        print(f"not noticed: {mutant.name} ({mutant.file}): {mutant.reason}")
    return 1 if wrong else 0


def _test(trees: Trees, tests: tuple[str, ...]) -> Outcome:
    tree = trees.get()
    try:
        return tree.test(tests)
    finally:
        trees.put(tree)


def _planted(trees: Trees, mutant: Mutant) -> Outcome:
    tree = trees.get()
    try:
        return tree.plant(mutant)
    except ValueError as error:
        return Outcome("error", str(error), 0.0)
    finally:
        trees.put(tree)


def _green(tests: tuple[str, ...], outcome: Outcome) -> bool:
    """Return whether tests are green without a mistake; print what they say where they are not."""
    if outcome.end != "survived":
        print(f"{' '.join(tests)}: red without a mistake\n{outcome.lines}", flush=True)
    return outcome.end == "survived"


def _noticed(mutant: Mutant, outcome: Outcome) -> bool:
    """Print how a mistake ended, and return whether it was noticed in the way its entry says."""
    print(f"{outcome.end:8s} {outcome.seconds:5.1f} s  {mutant.name}", flush=True)
    if outcome.end not in (mutant.by, "survived"):
        print(f"  expected: {mutant.by}\n{outcome.lines}", flush=True)
    return outcome.end == mutant.by


if __name__ == "__main__":
    sys.exit(main())
