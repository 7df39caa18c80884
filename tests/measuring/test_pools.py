"""What ``--executor MODULE:FACTORY`` may name, and which options go with which executor."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from concurrent.futures import Executor as Pool
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from suite.commands import main as cli
from suite.errors import UserError
from suite.measuring import executors
from suite.measuring.executors import Job
from suite.measuring.executors.local import Local
from suite.measuring.remote.driver import Driver
from suite.measuring.remote.pools import starts

JOB = Job(Path("/no/such/folder"), 0, frameworks=("numpy",))


def of_workers(workers: int) -> Pool:
    return ThreadPoolExecutor(workers)


def of_nothing(prefix: str = "suite") -> Pool:
    return ThreadPoolExecutor(3, thread_name_prefix=prefix)


@pytest.mark.parametrize(
    ("factory", "workers"), [(ThreadPoolExecutor, 5), (of_workers, 5), (of_nothing, 3)]
)
def test_a_factory_gives_a_pool_of_futures(factory: Callable[..., Pool], workers: int) -> None:
    executor = starts("my:factory", factory)(JOB, 5)
    assert isinstance(executor, Driver)
    pool = executor._engine.pool
    assert isinstance(pool, ThreadPoolExecutor)
    assert (pool._max_workers, executor._engine.workers()) == (workers, 5)
    executor.close()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(os.getpid)


def test_an_executor_of_the_suite_stays_what_it_is() -> None:
    executor = starts("suite:Local", Local)(JOB, 2)
    assert isinstance(executor, Local)


def failing(job: Job, workers: int) -> Any:
    raise OSError("no such\nqueue")


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (failing, "executor 'my:factory' does not start: OSError: no such queue"),
        (dict, "executor 'my:factory' does not start: TypeError: "),
        (lambda: 3, "executor 'my:factory' is a int, which is not a concurrent.futures.Executor"),
    ],
)
def test_what_is_no_executor_is_one_line(factory: Callable[..., Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        starts("my:factory", factory)(JOB, 2)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--scheduler", "tcp://10.0.0.1:8786"],
            "--scheduler is not for --executor local; --executor dask --scheduler ADDRESS names a"
            " Dask scheduler",
        ),
        (
            ["--executor", "concurrent.futures:ThreadPoolExecutor", "--config", "site.py"],
            "--config is not for --executor concurrent.futures:ThreadPoolExecutor; --executor parsl"
            " --config FILE names a Python file with a parsl.Config",
        ),
    ],
)
def test_an_option_of_another_executor_is_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "products", *words]) == 2
    assert capsys.readouterr().err == f"suite: {line}\n"


def test_a_package_that_is_not_installed_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'distributed'", name="distributed")

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(UserError, match=r"installed; pip install 'init-suite\[dask\]'"):
        executors.find("dask", scheduler="tcp://10.0.0.1:8786")


def test_a_package_announces_an_executor_by_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "our_site.py").write_text(
        "from concurrent.futures import ThreadPoolExecutor\n\n\n"
        "def pool(workers):\n    return ThreadPoolExecutor(workers)\n"
    )
    info = tmp_path / "our_site-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-site\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[suite.executors]\nours = our_site:pool\ngone = our_site:queue\n"
    )
    executor = executors.find("ours")(JOB, 3)
    assert isinstance(executor, Driver)
    executor.close()
    with pytest.raises(UserError, match="entry point 'our_site:queue' cannot be loaded"):
        executors.find("gone")
    with pytest.raises(UserError, match=r"unknown executor 'our'; did you mean 'ours'\?"):
        executors.find("our")
