"""Runs through real engines, whose scheduler and workers are processes of their own: one worker is
killed under load, and the tables have the bytes of a local run. ``tox -e cluster`` runs this.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import engines

pytestmark = pytest.mark.cluster
STUDIES = (
    *("run", "products", "propagation", "--profile", "quick", "--frameworks", "numpy"),
    *("--set", "products.depth=1,2,4,8", "--set", "products.width=4,8"),
    *("--set", "propagation.activation=my:snake,tanh", "--set", "propagation.width=4"),
    *("--seeds", "22", "--no-report"),
)
"""Some stacks of studies that need no framework, with an activation of the user's own."""
PLUGIN = """
import numpy as np
from suite.catalogue.activations import Activation


SNAKE = Activation(
    name="snake",
    source="Ziyin, Hartwig and Ueda 2020 (arXiv:2006.08195)",
    value=lambda x: x + np.sin(x) ** 2,
    slope=lambda x: 1 + np.sin(2 * x),
)
"""


def done(folder: Path, *words: str, **more: str) -> tuple[int, str]:
    """Run a command of the suite; return its exit code and what it said."""
    process = engines.suite(folder, *words, **more)
    output, error = process.communicate(timeout=engines.LIMIT)
    return process.returncode, error if process.returncode else output


def tables(folder: Path) -> dict[str, bytes]:
    """Return the content of every table except the timings."""
    paths = (path for path in folder.rglob("*.csv") if path.name != "timings.csv")
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    assert {"propagation/runs.csv", "products/runs.csv", "summary.csv"} <= set(found)
    return found


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    plugin = tmp_path_factory.mktemp("plugin") / "my.py"
    plugin.write_text(PLUGIN)
    return (*STUDIES, "--plugin", str(plugin))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, command: tuple[str, ...]) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("local")
    assert done(folder, *command, "--out", "out", "--jobs", "2")[0] == 0
    return tables(folder / "out")


def killed_under_load(
    folder: Path, command: tuple[str, ...], victim: Callable[[int], list[int]]
) -> tuple[int, str]:
    """Run a command, and kill one process once some stacks are stored; return its exit code and
    what it said. ``victim`` finds it, given the process of the command."""
    process = engines.suite(folder, *command, "--out", "out")
    limit = time.monotonic() + engines.LIMIT
    while len([*(folder / "out" / "shards").glob("*.npz")]) < 3:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < limit
        time.sleep(0.05)
    os.kill(victim(process.pid)[0], signal.SIGKILL)
    _, error = process.communicate(timeout=engines.LIMIT)
    return process.returncode, error


def test_dask_with_a_worker_killed(
    tmp_path: Path, command: tuple[str, ...], local: dict[str, bytes]
) -> None:
    with engines.dask(tmp_path, workers=2, nanny=False) as cluster:
        words = (*command, "--executor", "dask", "--scheduler", str(cluster.file))
        code, error = killed_under_load(tmp_path, words, lambda _: [cluster.workers[0].pid])
        assert code == 0, error
        assert tables(tmp_path / "out") == local
        # What measured ends with the run, while the cluster lives on.
        limit = time.monotonic() + 60
        while engines.below(cluster.workers[1].pid, "remote.child") and time.monotonic() < limit:
            time.sleep(0.1)
        assert engines.below(cluster.workers[1].pid, "remote.child") == []
        assert cluster.workers[1].poll() is None


def test_dask_with_the_child_of_a_worker_killed(
    tmp_path: Path, command: tuple[str, ...], local: dict[str, bytes]
) -> None:
    with engines.dask(tmp_path, workers=2) as cluster:
        words = (*command, "--executor", "dask", "--scheduler", str(cluster.file))
        code, error = killed_under_load(
            tmp_path, words, lambda _: engines.below(cluster.workers[0].pid, "remote.child")
        )
        assert code == 0, error
        assert tables(tmp_path / "out") == local


def test_dask_whose_scheduler_goes_away(
    tmp_path: Path, command: tuple[str, ...], local: dict[str, bytes]
) -> None:
    with engines.dask(tmp_path, workers=1) as cluster:
        words = (*command, "--executor", "dask", "--scheduler", str(cluster.file))
        code, error = killed_under_load(tmp_path, words, lambda _: [cluster.scheduler.pid])
    assert code == 3
    *_, line, _ = error.splitlines()
    assert "Resume with:" in line
    assert "the Dask scheduler at" in line
    assert len([*(tmp_path / "out" / "shards").glob("*.npz")]) >= 3
    assert done(tmp_path, *command, "--out", "out")[0] == 0
    assert tables(tmp_path / "out") == local


def test_parsl_with_a_worker_killed(
    tmp_path: Path, command: tuple[str, ...], local: dict[str, bytes]
) -> None:
    config = engines.parsl_config(tmp_path)
    words = (*command, "--executor", "parsl", "--config", str(config))
    code, error = killed_under_load(tmp_path, words, lambda _: parsl_workers(tmp_path))
    assert code == 0, error
    assert tables(tmp_path / "out") == local


def test_parsl_whose_interchange_goes_away(
    tmp_path: Path, command: tuple[str, ...], local: dict[str, bytes]
) -> None:
    config = engines.parsl_config(tmp_path)
    words = (*command, "--executor", "parsl", "--config", str(config))
    code, error = killed_under_load(tmp_path, words, lambda run: engines.below(run, "interchange"))
    assert code == 3
    assert "the interchange of Parsl's executor 'here' has ended; what is finished is" in error
    assert done(tmp_path, *words, "--out", "out")[0] == 0
    assert tables(tmp_path / "out") == local


UNTIL = (
    *("run", "products", "--profile", "quick", "--frameworks", "numpy", "--no-report"),
    *("--until-decided", "--max-seeds", "100"),
)
"""Three rounds: 20 seeds decide one of two promised claims, and two further blocks the other."""


@pytest.mark.parametrize("engine", ["dask", "parsl"])
def test_seeds_until_decided_come_through_an_engine(tmp_path: Path, engine: str) -> None:
    """The engine is started anew for each round."""
    local = tmp_path / "local"
    local.mkdir()
    assert done(local, *UNTIL, "--out", "out", "--jobs", "2")[0] == 0
    with engines.dask(tmp_path, workers=2) as cluster:
        given = {
            "dask": ("--scheduler", str(cluster.file)),
            "parsl": ("--config", str(engines.parsl_config(tmp_path))),
        }
        process = engines.suite(
            tmp_path, *UNTIL, "--executor", engine, *given[engine], "--out", "out"
        )
        _, error = process.communicate(timeout=engines.LIMIT)
    assert process.returncode == 0, error
    assert error.count("look: ") == 3
    found = [
        {path.name: path.read_bytes() for path in (folder / "out" / "products").glob("*.csv")}
        for folder in (tmp_path, local)
    ]
    assert found[0] == found[1]
    assert "runs.csv" in found[0]


def parsl_workers(folder: Path) -> list[int]:
    """Return the processes of Parsl that call ``measure``: those above the suite's children."""
    children = engines.below(engines.manager_of_parsl(folder), "remote.child")
    return [
        int(Path(f"/proc/{n}/stat").read_text().rpartition(")")[2].split()[1]) for n in children
    ]


def test_a_worker_that_differs_is_refused_by_name(tmp_path: Path, command: tuple[str, ...]) -> None:
    with engines.dask(tmp_path, workers=1) as cluster:
        words = (*command, "--executor", "dask", "--scheduler", str(cluster.file), "--out", "out")
        code, error = done(tmp_path, *words, OPENBLAS_CORETYPE="Haswell")
        assert code == 2
        *_, line = error.splitlines()
        assert f"the worker on {socket.gethostname()} " in line
        assert "has platform.limits '' and the run 'OPENBLAS_CORETYPE=Haswell'" in line


def test_an_address_where_nobody_listens_is_one_line(tmp_path: Path) -> None:
    address = engines.unused_address()
    quick = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    words = ("run", "products", "--executor", "dask", "--scheduler", address)
    code, error = done(tmp_path, *words, **quick)
    assert code == 2
    assert len(error.splitlines()) == 1
    assert f"--scheduler {address}: no Dask scheduler answers there" in error


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nonsense", "is not an address like tcp://10.0.0.1:8786 (ValueError: missing port number"),
        ("far://10.0.0.1:8786", "is not an address like tcp://10.0.0.1:8786 (ValueError: unknown"),
        ("absent.json", "cannot be read: No such file or directory"),
        ("text.json", "holds no address"),
    ],
)
def test_an_address_that_is_none_is_one_line(tmp_path: Path, given: str, words: str) -> None:
    (tmp_path / "text.json").write_text("[1]")
    code, error = done(tmp_path, "run", "products", "--executor", "dask", "--scheduler", given)
    assert code == 2
    assert len(error.splitlines()) == 1
    assert f"--scheduler {given} {words}" in error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("config = 3\n", "has no parsl.Config; one is needed"),
        ("import nothing_of_this_name\n", "line 1: ModuleNotFoundError"),
        ("def (\n", "SyntaxError"),
        (None, "no such file"),
    ],
)
def test_a_config_that_is_no_config_is_one_line(
    tmp_path: Path, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "my_site.py").write_text(text)
    code, error = done(tmp_path, "run", "products", "--executor", "parsl", "--config", "my_site.py")
    assert code == 2
    assert len(error.splitlines()) == 1
    assert "--config my_site.py" in error
    assert words in error
