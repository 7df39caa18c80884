"""From a thousand networks to a hundred thousand, cost grows in proportion and memory not at all.

Prints a table, and draws it into ``results/soak/growth.png``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import pytest

pytestmark = pytest.mark.soak

FRAMEWORKS = ("torch", "tensorflow")
NETWORKS = (1_000, 3_000, 10_000, 30_000, 100_000)
Rows = dict[str, list[dict[str, float]]]


@pytest.fixture(scope="module")
def growth(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The output of ``growth.py`` for each size, in a fresh process for each framework."""
    measured: Rows = {framework: [] for framework in FRAMEWORKS}
    for networks in NETWORKS:
        folder = tmp_path_factory.mktemp("growth")
        running = {
            framework: subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("growth.py")),
                    framework,
                    str(networks),
                    str(folder / framework),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for framework in FRAMEWORKS
        }
        for framework, process in running.items():
            output, _ = process.communicate()
            assert process.returncode == 0, framework
            measured[framework].append(json.loads(output.splitlines()[-1]))
    return measured


def test_cost_grows_in_proportion(growth: Rows) -> None:
    show(growth)
    for rows in growth.values():
        few, many = rows[-3], rows[-1]
        # A quadratic cost would be ten times as much for each network. The seconds are those of the
        # processor, since others may use the machine at the same time.
        for key in ("seconds", "bytes"):
            assert many[key] / many["networks"] < 2 * few[key] / few["networks"], key


def test_memory_stays_flat(growth: Rows) -> None:
    """A worker caches 32,768 starts of narrow layers and 4,096 batch orders, which 16,000 of these
    networks fill. Beyond that, keeping 3 kB of each network would fail: three times what is stored
    of one."""
    for rows in growth.values():
        more = rows[-1]["networks"] - rows[-2]["networks"]
        assert rows[-1]["peak_bytes"] - rows[-2]["peak_bytes"] < 3000 * more


def show(growth: Rows) -> None:
    """Print a table, and draw the figure."""
    print("\nframework networks stacks seconds ms/network compiling peak MB stored MB")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for framework, rows in growth.items():
        for row in rows:
            each = 1000 * row["seconds"] / row["networks"]
            print(
                f"{framework:10} {row['networks']:8,.0f} {row['stacks']:6.0f} {row['seconds']:8.1f}"
                f" {each:10.2f} {row['compile_seconds']:8.1f} {row['peak_bytes'] / 1e6:7.0f}"
                f" {row['bytes'] / 1e6:9.1f}"
            )
        networks = [row["networks"] for row in rows]
        left.loglog(networks, [row["seconds"] for row in rows], "o-", label=framework)
        right.semilogx(networks, [row["peak_bytes"] / 1e6 for row in rows], "o-", label=framework)
    left.set(xlabel="networks", ylabel="seconds of one core")
    right.set(xlabel="networks", ylabel="peak memory, MB", ylim=(0, None))
    left.legend(frameon=False)
    folder = Path("results") / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "growth.png", dpi=150)
    plt.close(figure)
