"""An executor is one new file: each is added to a copy of the tree that is otherwise the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

INLINE = '''
"""Measures in this process, one stack after the other."""

from suite.measuring.measure_stack import measure_and_store


class Inline:
    def __init__(self, job, workers):
        self.job, self.stacks = job, []

    def submit(self, stack, timeout):
        self.stacks.append(stack)

    def results(self):
        print("inline", len(self.stacks))
        return (measure_and_store(self.job, stack) for stack in self.stacks)

    def close(self):
        pass


EXECUTOR = Inline
'''
POOLED = '''
"""Measures in processes that cannot reach the results folder, as the workers of a cluster do."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from suite.measuring.environment import WORKER
from suite.measuring.executors import Job, Result
from suite.measuring.measure_stack import measure_and_return


def settle():
    os.environ.update(WORKER)


class Pooled:
    def __init__(self, job, workers):
        self.job = Job(Path("/no/such/folder"), job.root)
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(workers, context, settle)
        self.futures = {}

    def submit(self, stack, timeout):
        self.futures[self.pool.submit(measure_and_return, self.job, stack)] = stack

    def results(self):
        print("pooled", len(self.futures))
        for future in as_completed(self.futures):
            error = future.exception()
            stack = self.futures[future]
            yield future.result() if error is None else Result(stack, str(error), "lost")

    def close(self):
        self.pool.shutdown(cancel_futures=True)


EXECUTOR = Pooled
'''
ABSENT = "import suite_no_such_package\n"
RUN = [
    "run",
    "products",
    "--profile",
    "quick",
    "--frameworks",
    "numpy",
    "--seeds",
    "22",
    "--set",
    "depth=1,2,4,8",
    "--set",
    "width=4,8",
    "--jobs",
    "2",
    "--no-report",
]
"""Sixteen stacks of a study that needs no framework."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with three more files, each of them an executor."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "suite", copy / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in (("inline", INLINE), ("pooled", POOLED), ("absent", ABSENT)):
        (copy / "suite" / "measuring" / "executors" / f"{name}.py").write_text(text)
    return copy


def suite(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line of the copy."""
    return subprocess.run(
        [sys.executable, "-m", "suite", *words],
        env={**os.environ, "PYTHONPATH": str(tree)},
        cwd=tree,
        capture_output=True,
        text=True,
    )


def tables(folder: Path) -> dict[str, bytes]:
    """Return the content of every table of a results folder except the timings."""
    paths = (path for path in folder.rglob("*.csv") if path.name != "timings.csv")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def expected(tree: Path) -> dict[str, bytes]:
    """The tables of a run on the local executor."""
    folder = tree / "results-local"
    assert suite(tree, *RUN, "--out", str(folder)).returncode == 0
    assert {"products/runs.csv", "summary.csv", "claims.csv"} <= set(tables(folder))
    return tables(folder)


@pytest.mark.parametrize("name", ["inline", "pooled"])
def test_a_new_file_is_an_executor_with_the_same_results(
    name: str, tree: Path, expected: dict[str, bytes]
) -> None:
    folder = tree / f"results-{name}"
    done = suite(tree, *RUN, "--executor", name, "--out", str(folder))
    assert done.returncode == 0, done.stderr
    assert f"{name} 16\n" in done.stdout  # it was this executor, with all the stacks
    assert tables(folder) == expected


def test_an_unknown_executor_is_one_line_with_the_nearest(tree: Path) -> None:
    done = suite(tree, *RUN, "--executor", "inlne")
    assert done.returncode == 2
    assert done.stderr == (
        "suite: unknown executor 'inlne'; did you mean 'inline'?"
        " (allowed: absent, dask, inline, local, parsl, pooled)\n"
    )
    words = " ".join(suite(tree, "run", "--help").stdout.split())
    assert "inline, local, parsl, pooled" in words


def test_an_executor_whose_package_is_not_installed_is_one_line(tree: Path) -> None:
    done = suite(tree, *RUN, "--executor", "absent", "--out", str(tree / "absent"))
    assert done.returncode == 2
    *_, line = done.stderr.splitlines()
    assert line == (
        "suite: executor 'absent' needs the package 'suite_no_such_package', which is not installed"
    )
