"""The column dictionary of a results folder, from the registries: ``results/README.md``.

Regenerate the committed copy with ``python -m suite.results.dictionary > results/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from suite.catalogue.registry import number
from suite.metrics import METRICS, Metric
from suite.planning.axes import AXES
from suite.results.tables import HIGH, LOW
from suite.studies import STUDIES
from suite.types import Study, TableSpec

_FILES = """\
# What a results folder holds

| file | holds |
| --- | --- |
| `manifest.json` | what the run depended on: command, plan and its hash, versions, machine, code, root seed, unit and definition of each metric |
| `STUDY/runs.csv` | a row for each run: the cell's fields, `seed`, `status`, `reason`, the metrics |
| `STUDY/*.csv` | the study's other tables, below |
| `summary.csv` | a row for each cell and metric: `centre`, the median over seeds, with its 95 % order-statistics interval `low` .. `high`; `n` seeds behind it; counts of runs by status |
| `claims.csv` | a row for each verdict: what was claimed, the estimate with its interval at the constant `level`, the band, the runs that were lost |
| `junit.xml` | the verdicts as test cases, for continuous integration |
| `sha256sums.txt` | of the studies' tables, `summary.csv` and `claims.csv`, as the suite wrote them, for `sha256sum -c`; every command that reads the tables tells of those that differ |
| `timings.csv` | seconds of each stage of the run; then of each stack its seconds and peak memory, and how its worker spent them: `start` of the process, `import` of a framework, `draw`, `compile` (to build, trace or compile a program), `train`, `record` (snapshots of training), `propagate`, `probe`, `statistics` (these, data, and what a study computes in NumPy), `write` (the shard of the stack before) |
| `report.html`, `figures/` | the page and its pictures |
| `shards/` | one file for each finished stack, from which the tables can be written again |

`suite pack` makes a folder to publish: its tables are gzip-compressed (`.csv.gz`), and `left_out` in the manifest
names those that it does not hold.

An empty field was not measured; `nan` and `inf` are results. Floats are written as the shortest
decimal that reads back as the same bits. Tables with one row per cell hold, for each metric, the
median over the ok seeds under the metric's name, and its quantiles as `NAME_low` ({low:.0%}) and
`NAME_high` ({high:.0%}); `n` counts those seeds. A diverged run counts with the metric's worst value in summary and claims; `as measured`: divergence does not touch the metric.
"""  # noqa: E501 - the rows of a Markdown table cannot be broken


_STATUSES = {
    "ok": "the run ended and everything it measured is finite",
    "diverged": "a loss, weight or gradient (or signal) became inf or NaN; the reason says where",
    "unsupported": "the combination does not exist, such as `default` with shared weights",
    "failed": "the measurement raised an error; running again tries it again",
    "missing": "expected and not there; stands in the counts, never in runs.csv",
}
_VERDICT = {
    "claim": "its id in `suite/claims/`; `group`: the cells of `each` that the row speaks of",
    "group": "",
    "study": "whose runs.csv it was judged on, and the `statement` in words",
    "statement": "",
    "metric": "what is measured; `estimand`: value, difference, ratio, ratio_to_prediction, slope"
    " or share; `centre`: over the seeds",
    "estimand": "",
    "centre": "",
    "verdict": "supported (the interval lies inside the band), refuted (apart from it), undecided"
    " (neither, or runs are lost) or not judged (the folder lacks the study or the cells)",
    "expected": "supported or refuted, set beforehand; open: to be found out",
    "as_expected": "whether a decided verdict is the expected one; empty where that has no answer",
    "estimate": "with its interval `low` .. `high` at the confidence `level`; in the metric's unit"
    " (of a ratio: 1; of a slope: per unit of the axis)",
    "low": "",
    "high": "",
    "level": "",
    "band_low": "the band of the claim, `band_low` .. `band_high`; inf: open on that side",
    "band_high": "",
    "n": "seeds behind the interval",
    "diverged": "runs lost to it, on both sides together; likewise `failed` and `missing`",
    "failed": "",
    "missing": "",
    "pair_correlation": "Spearman's, between the two sides of a pair; near 0, pairing by seed"
    " bought nothing",
    "margin": "from the estimate to the nearest edge of the band, in standard errors (the half of"
    " the interval towards it, divided by 4.06): 4.06 decides",
    "headline": "whether it is one of the most telling, shown first",
    "decides": "the smallest profile that decides the claim; `promised`: whether this run should",
    "promised": "",
    "reason": "why undecided or not judged",
    "because": "why the verdict is expected; `source`: where the claim stands",
    "source": "",
    "text_hash": "of the claim's whole text: an edited band shows",
}
"""A meaning for each field of a verdict; an empty one is explained in the field before."""


def column_dictionary() -> str:
    """The dictionary as Markdown: files, axes, tables of each study, metrics."""
    parts = [
        _FILES.format(low=LOW, high=HIGH),
        "## Cell fields\n",
        _table(
            ("field", "meaning", "default"),
            [
                (axis.name, axis.meaning, "" if axis.default is None else axis.default)
                for axis in AXES
            ],
        ),
        "## Tables\n",
        *(_study(study) for study in STUDIES),
        "## Statuses\n",
        _table(("status", "meaning"), [(f"`{name}`", text) for name, text in _STATUSES.items()]),
        "## Columns of claims.csv\n",
        _table(
            ("column", "meaning"), [(f"`{name}`", text) for name, text in _VERDICT.items() if text]
        ),
        "## Metrics\n",
        _table(
            ("metric", "unit", "better", "worst", "tolerance", "meaning"), map(_metric, METRICS)
        ),
    ]
    return "\n".join(parts)


def _study(study: Study) -> str:
    return f"### {study.name}\n\n{study.question} Source: {study.source}.\n\n" + _table(
        ("table", "a row for each", "metrics"), [_spec(spec) for spec in study.tables]
    )


def _spec(spec: TableSpec) -> tuple[str, str, str]:
    unit = "run" if spec.per == "run" else "cell"
    row = ", ".join([unit, *spec.coordinates])
    return f"`{spec.name}.csv`", row, ", ".join(f"`{name}`" for name in spec.metrics)


def _metric(metric: Metric) -> tuple[str, ...]:
    if metric.worst is None:
        worst = "as measured"
    else:
        worst = "" if metric.uncountable else number(metric.worst)
    better = "" if metric.direction == "neither" else metric.direction
    return (
        f"`{metric.name}`",
        metric.unit,
        better,
        worst,
        number(metric.tolerance),
        metric.meaning,
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


if __name__ == "__main__":
    print(column_dictionary(), end="")
