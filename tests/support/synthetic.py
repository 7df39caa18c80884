"""A results folder invented from a seed: the tables that a run writes, without running anything.

The numbers follow the shapes of real ones (chance level at depth, geometric growth per layer) so
that a page made from them can be looked at. ``python -m tests.support.synthetic DIR`` writes one of
the size of a standard run. ``test_synthetic.py`` compares its form with that of a real folder.
"""

from __future__ import annotations

import csv
import itertools
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suite.frameworks.timing import STAGES
from suite.judging.intervals import LEVEL
from suite.judging.summary import COUNTED
from suite.judging.verdicts import COLUMNS
from suite.results.manifest import MANIFEST, Expected, Git, Manifest, encode
from suite.studies import STUDIES

FRAMEWORKS = ("torch", "tensorflow")
SEEDS = 20
METRICS = ("activation_mean_square", "gradient_mean_square")
PREDICTED = "_predicted"
STAGE_SECONDS = {"measure": 61.5, "judge": 1.5, "report": 7.7}


@dataclass(frozen=True)
class Size:
    """The size of the invented run: its training grid, and the layers of its propagation."""

    activations: tuple[str, ...]
    initializers: tuple[str, ...]
    depths: tuple[int, ...]
    layers: int


STANDARD = Size(
    ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softsign"),
    (
        "default",
        "normal(0.05)",
        "normal(1)",
        "xavier_uniform",
        "xavier_normal",
        "he_uniform",
        "he_normal",
        "lecun_normal",
        "orthogonal",
    ),
    (1, 4, 16),
    50,
)
SMALL = Size(("sigmoid", "tanh", "relu"), ("normal(1)", "xavier_normal"), (1, 4), 5)
AXES = STUDIES["training"].axes
CLAIM = COLUMNS


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with Unix line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def claim(**fields: object) -> list[object]:
    """Return a row of claims.csv; a field that is not given has a plain value."""
    plain: dict[str, object] = {
        "claim": "tanh-beats-sigmoid",
        "group": "framework=torch",
        "study": "training",
        "statement": "Four hidden layers of 5 with N(0, 1) weights: tanh learns the two circles,"
        " sigmoid does not.",
        "metric": "heldout_accuracy",
        "estimand": "difference",
        "centre": "median",
        "verdict": "supported",
        "expected": "supported",
        "as_expected": True,
        "estimate": 0.371,
        "low": 0.28,
        "high": 0.463,
        "level": LEVEL,
        "band_low": 0.1,
        "band_high": math.inf,
        "n": 20,
        "diverged": 0,
        "failed": 0,
        "missing": 0,
        "pair_correlation": 0.12,
        "margin": 9.5,
        "headline": True,
        "decides": "quick",
        "promised": True,
        "reason": "",
        "because": "sigmoid's slope is at most 1/4",
        "source": "tutorial",
        "text_hash": "0123456789ab",
    }
    row = plain | fields
    return [row[name] for name in CLAIM]


def claims() -> list[list[object]]:
    """Return one row of each kind that the page distinguishes."""
    return [
        claim(),
        claim(group="framework=tensorflow", estimate=0.402, low=0.31, high=0.49),
        claim(
            claim="sigmoid-worse-with-depth",
            group="",
            verdict="undecided",
            as_expected="",
            estimate=-0.04,
            low=-math.inf,
            high=0.02,
            band_low=-math.inf,
            band_high=0.0,
            n=20,
            reason="the interval lies partly inside and partly outside the band",
        ),
        claim(
            claim="relu-beats-tanh",
            verdict="refuted",
            as_expected=False,
            estimate=-0.012,
            low=-0.05,
            high=0.01,
            band_low=0.05,
            diverged=2,
            missing=1,
        ),
        claim(
            claim="relu-beats-tanh",
            group="framework=tensorflow",
            verdict="refuted",
            expected="refuted",
            estimate=-0.02,
            low=-0.06,
            high=0.008,
            band_low=0.05,
        ),
        claim(
            claim="steps-agree",
            study="parity",
            metric="step_error",
            estimand="value",
            estimate=3.1e-7,
            low=1.2e-7,
            high=8.8e-7,
            band_low=-math.inf,
            band_high=1e-4,
            statement="From the same weights the first five SGD steps agree to rounding.",
            source="documentation of both frameworks",
        ),
        claim(
            claim="he-preserves-relu",
            study="propagation",
            verdict="not judged",
            estimate="",
            low="",
            high="",
            n=0,
            margin="",
            as_expected="",
            metric="activation_mean_square",
            estimand="slope",
            band_low=-0.01,
            band_high=0.01,
            reason="the study propagation was not run in this profile",
            source="He et al. 2015",
        ),
    ]


def results(folder: Path, size: Size = SMALL) -> Path:
    """Write a whole results folder, and return it. The same call writes the same bytes."""
    rng = np.random.default_rng(7)
    cells = [
        (framework, activation, initializer, depth, 5, "rmsprop", "native", "common", "circles")
        for framework, activation, depth, initializer in itertools.product(
            FRAMEWORKS, size.activations, size.depths, size.initializers
        )
    ]
    write(folder / "claims.csv", CLAIM, claims())
    _training(folder, cells, rng)
    _propagation(folder, size.layers, rng)
    _timings(folder)
    manifest = Manifest(
        suite_version="0.1.0",
        profile="standard",
        root_seed=0,
        command=(
            "suite",
            "run",
            "--jobs=2",
            "--set",
            "activation=leaky_relu(0.3)",
            "--out",
            "my results",
            "--no-report",
        ),
        studies=("training", "propagation"),
        frameworks=FRAMEWORKS,
        overrides={"activation": ("leaky_relu(0.3)",)},
        seeds=None,
        versions={"python": "3.11.9", "torch": "2.13.0", "keras": "3.15.1"},
        platform={"system": "Linux", "cpu": "a CPU"},
        threads=1,
        git=Git(commit="1234abcd" * 5, dirty=False),
        tree_hash="00ff" * 4,
        expected={
            "training": Expected(
                cells=len(cells), runs=SEEDS * len(cells), stacks=len(cells), hash="aa" * 8
            ),
            "propagation": Expected(cells=1, runs=SEEDS, stacks=1, hash="bb" * 8),
        },
    )
    (folder / MANIFEST).write_text(encode(manifest.values()), encoding="utf-8")
    return folder


def _timings(folder: Path) -> None:
    """Write the seconds of each stage of the run, then of five stacks."""
    stack = ("study", "stack", "label", "expected_seconds", "process_peak_bytes", "processor")
    columns = (*stack, *STAGES)
    empty = [""] * len(columns)
    stages = [(name, seconds, *empty) for name, seconds in STAGE_SECONDS.items()]
    spent = [0.1] * len(STAGES)
    stacks = [
        (
            *("stack", 3.5 * i + 1, "training", f"{i:016x}", f"training depth={i}"),
            *(3 * i, 9e8, "an invented processor", *spent),
        )
        for i in range(5)
    ]
    write(folder / "timings.csv", ("stage", "seconds", *columns), [*stages, *stacks])


def _training(
    folder: Path,
    cells: Sequence[tuple[str, str, str, int, int, str, str, str, str]],
    rng: np.random.Generator,
) -> None:
    summary, runs, layers = [], [], []
    for cell in cells:
        _, activation, initializer, depth, *_ = cell
        bad = (activation == "sigmoid") + (initializer == "normal(1)") * 0.4 + (depth > 4) * 0.6
        accuracy = min(0.99, max(0.5, 1.0 - 0.2 * bad * math.log2(depth + 1) * rng.random()))
        diverged = int(activation == "relu" and depth > 4 and initializer == "normal(1)") * 12
        if (activation, initializer, depth) == ("tanh", "normal(1)", 1):
            continue  # a cell that was not run
        for metric, unit, value in (
            ("heldout_accuracy", "share", accuracy),
            ("train_loss", "nats", math.inf if diverged else (1 - accuracy) * 1.3),
        ):
            summary.append(
                [
                    "training",
                    *cell,
                    metric,
                    unit,
                    value,
                    value - 0.1,
                    value + 0.1,
                    SEEDS,
                    SEEDS - diverged,
                    diverged,
                    0,
                    0,
                    0,
                ]
            )
        for seed in range(SEEDS):
            where = f"a loss became inf or NaN (the loss of batch {seed + 10} first)"
            state = ("diverged", where) if seed < diverged else ("ok", "")
            runs.append([*cell, seed, *state, min(1.0, accuracy + (seed - 9.5) / 100)])
        fall = {"sigmoid": 0.2, "tanh": 0.8}.get(activation, 1.0)
        for epoch, layer in itertools.product((0, 1, 2, 5, 10, 20, 50, 100), range(1, depth + 2)):
            rms = 0.1 * fall ** (depth + 1 - layer) / (1 + 0.1 * epoch)
            layers.append([*cell, epoch, layer, SEEDS, rms, rms / 2, rms * 2])
    numbers = ("centre", "low", "high", "n", *COUNTED)
    write(folder / "summary.csv", ("study", *AXES, "metric", "unit", *numbers), summary)
    write(
        folder / "training" / "runs.csv",
        (*AXES, "seed", "status", "reason", "heldout_accuracy"),
        runs,
    )
    names = [f"gradient_rms{end}" for end in ("", "_low", "_high")]
    write(folder / "training" / "layers.csv", (*AXES, "epoch", "layer", "n", *names), layers)


def _propagation(folder: Path, depth: int, rng: np.random.Generator) -> None:
    rows = []
    gains = {"xavier_normal": 1.0, "he_normal": 2.0, "normal(0.01)": 0.0256, "default": 1 / 3}
    shares = {"linear": 1.0, "tanh": 0.95, "relu": 0.5, "sigmoid": 0.3}
    for framework, (activation, share), (initializer, gain), width in itertools.product(
        FRAMEWORKS, shares.items(), gains.items(), (256, 512)
    ):
        forward, backward = rng.normal(0, 0.02, (2, depth)).cumsum(axis=1)
        for layer in range(1, depth + 1):
            theory, back = (gain * share) ** layer, (gain * share) ** (depth - layer)
            row: list[object] = [framework, activation, initializer, depth, width, "native"]
            row += [layer, SEEDS]
            for value, noise, exact in (
                (theory, forward[layer - 1], theory),
                (back, backward[-layer], back),
            ):
                middle = value * math.exp(noise)
                spread = 0.03 * math.sqrt(layer)
                row += [middle, middle * (1 - spread), middle * (1 + spread)]
                row += [exact] * 3
            rows.append(row)
    names = [
        f"{metric}{kind}{end}"
        for metric in METRICS
        for kind in ("", PREDICTED)
        for end in ("", "_low", "_high")
    ]
    write(
        folder / "propagation" / "layers.csv",
        (
            "framework",
            "activation",
            "initializer",
            "depth",
            "width",
            "weights",
            "layer",
            "n",
            *names,
        ),
        rows,
    )
    lost = ("failed", "the worker ran out of memory")
    state = [["torch", seed, *(lost if seed == 3 else ("ok", ""))] for seed in range(SEEDS - 1)]
    write(folder / "propagation" / "runs.csv", ("framework", "seed", "status", "reason"), state)


if __name__ == "__main__":
    results(Path(sys.argv[1]), STANDARD)
