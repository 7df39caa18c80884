"""The column dictionary of a results folder, made from the registries: ``results/README.md``.

Regenerate the committed copy with ``python -m suite.results.dictionary > results/README.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from suite.catalogue.registry import number
from suite.metrics import METRICS, SHARES, Metric
from suite.metrics.metric import DENORMAL, ROUNDING
from suite.planning.axes import AXES
from suite.results.tables import HIGH, LOW
from suite.studies import STUDIES
from suite.types import Status, Study, TableSpec

_FILES = """\
# What is in a results folder

| file | content |
| --- | --- |
| `manifest.json` | what was planned, and what the numbers depend on: the command, the plan and its hash, versions, machine, code, root seed, and the unit and definition of each metric |
| `STUDY/runs.csv` | one row for each run: the fields of its cell, `seed`, `status`, `reason` and the metrics |
| `STUDY/*.csv` | the study's other tables, listed below |
| `summary.csv` | one row for each cell and metric: `centre`, the median over the seeds, with its 95 % order-statistics interval from `low` to `high`; `n`, the number of seeds behind it; the number of runs with each status. Of a share listed below, `centre` is the share and its interval that of Clopper and Pearson |
| `claims.csv` | one row for each verdict: the claim, the estimate with its interval at the constant `level`, the band, and the number of lost runs |
| `findings.csv` | what the rows show without any claim: each cell and metric in which frameworks differ or a measurement differs from its prediction, and the claims that explain it |
| `attribution.csv` | where the run has a framework between two others: each difference between those two, split into what the API and what the backend does |
| `junit.xml` | the verdicts as test cases, for continuous integration |
| `sha256sums.txt` | SHA-256 sums of the studies' tables, `summary.csv` and `claims.csv` as the suite wrote them, in the form that `sha256sum -c` reads; every command that reads the tables warns of those that differ |
| `timings.csv` | the seconds of each stage of the run; then, for each stack, its seconds, its peak memory, the `processor` that it was measured on and the seconds that its worker spent in each stage: `start` of the process, `import` of a framework, `draw`, `compile` (building, tracing or compiling a program), `train`, `record` (snapshots of training), `propagate`, `probe`, `statistics` (also data, and whatever a study computes in NumPy), `write` (the previous stack's shard) |
| `report.html`, `figures/` | the page and its figures |
| `shards/` | one file for each finished stack, from which the tables can be written again |

`suite pack` makes a folder for publication: its tables are gzip-compressed (`.csv.gz`), and `left_out` in the manifest
names those that were not included.

An empty field was not measured; `nan` and `inf` are results. Floats are written as the shortest
decimal that reads back as the same bits. Tables with one row per cell have, for each metric, the
median over the ok seeds under the metric's name, and its quantiles as `NAME_low` ({low:.0%}) and
`NAME_high` ({high:.0%}); `n` counts those seeds. In the summary and in claims, a diverged run counts with the metric's
worst value; `as measured` means that divergence does not affect the metric.
"""  # noqa: E501 - the rows of a Markdown table cannot be broken


_STATUSES: Mapping[str, str] = {
    Status.OK: "the run ended, and everything it measured is finite",
    Status.DIVERGED: "a loss, weight, gradient or signal became inf or NaN; the reason says where",
    Status.UNSUPPORTED: "the combination does not exist, such as `default` with shared weights",
    Status.FAILED: "the measurement raised an error; running again repeats the attempt",
    Status.MISSING: "the run was expected but has no row; it appears in counts, never in runs.csv",
}
_VERDICT = {
    "claim": "the claim's id in `suite/claims/`",
    "group": "the cells that the row is about: a value for each axis of the claim's `each`",
    "study": "the study whose runs.csv was judged",
    "statement": "the claim in words",
    "metric": "what is measured",
    "estimand": "value, difference, ratio, ratio_to_prediction, slope, share or worst",
    "centre": "what is taken over the seeds: median, mean, share or every",
    "verdict": "supported (the interval lies inside the band), refuted (it lies outside), undecided"
    " (neither, or runs are lost) or not judged (the folder lacks the study or the cells)",
    "expected": "supported or refuted, fixed before the run; open where there is no expectation",
    "as_expected": "whether a decided verdict is the expected one; otherwise empty",
    "estimate": "in the metric's unit; 1 for a ratio, per unit of the axis for a slope",
    "low": "the lower end of the interval; of exact and worst claims, the smallest number",
    "high": "its upper end; of exact and worst claims, the largest number",
    "level": "the confidence level of the interval; empty for exact claims",
    "band_low": "the lower edge of the claim's band; -inf where it has none",
    "band_high": "the upper edge; inf where it has none",
    "n": "the number of seeds behind the interval",
    "diverged": "the number of diverged runs, on both sides together",
    "failed": "the number of failed runs",
    "missing": "the number of missing runs",
    "pair_correlation": "Spearman's correlation between the two sides of a pair; near 0, pairing by"
    " seed gained nothing",
    "margin": "the distance from the estimate to the nearest edge of the band, in standard errors"
    " (half of the interval towards that edge, divided by 4.06); 4.06 decides",
    "headline": "whether the claim is one of the most telling, which are shown first",
    "decides": "the smallest profile that decides the claim",
    "promised": "whether this run was one that should decide it",
    "reason": "why it is undecided or not judged",
    "because": "why the verdict is expected",
    "source": "where the claim was made",
    "text_hash": "a hash of the claim's whole text, which shows an edited band",
}


_FINDING = {
    "kind": "frameworks (two of them differ), prediction (the measurement differs from its"
    " prediction or definition) or execution (a compiled program differs from an eager one)",
    "study": "the study",
    "table": "the table that shows it: runs, or one over layers, steps or another coordinate",
    "cell": "the fields of the cell that differ from their defaults",
    "at": "the place of the largest difference in a table over layers or steps, and at how many"
    " more places there is one",
    "metric": "what is measured",
    "unit": "its unit",
    "a": "one side: a framework, an execution, or the prediction",
    "a_value": "its median over the seeds",
    "b": "the other side",
    "b_value": "its median over the seeds",
    "difference": "the median over the seeds of b - a; of a table over layers or steps, b_value -"
    " a_value",
    "n": "the number of seeds",
    "adjusted": "the p-value after Benjamini and Hochberg; empty for a study of a single draw",
    "size": "the difference in units of the tolerance or of the spread over the seeds, whichever is"
    " larger",
    "explained_by": "the claims that explain it, as expected in this folder, or after `not judged:`"
    " those that it cannot judge; `prediction` where the predictions of two frameworks differ and"
    " both are met; `stated error` where the difference is within the error that an explanation"
    " states; `open question` where it was looked into; otherwise empty",
}
"""Column of findings.csv -> its meaning."""
_SPLIT = "attribution.csv"
_ATTRIBUTED = {
    "whose": "API, backend, both, neither alone (two steps within the margin add up), undecided, or"
    " not split (no seed was measured in all three frameworks)",
    "subject": "what differs, in a few words; empty where no explanation is about it",
    "study": "the study",
    "cell": "the fields of the cell that differ from their defaults",
    "metric": "what is measured",
    "unit": "its unit",
    "a": "one of the two frameworks that differ",
    "a_value": "its median over the seeds",
    "middle": "the framework with the API of the one and the backend of the other",
    "middle_value": "its median over the seeds",
    "b": "the other of the two",
    "b_value": "its median over the seeds",
    "total": "the median over the seeds of b - a",
    "total_low": "the lower end of its interval",
    "total_high": "the upper end",
    "api": "the median over the seeds of the step that changes the API alone",
    "api_low": "the lower end of its interval",
    "api_high": "the upper end",
    "backend": "the median over the seeds of the step that changes the backend alone",
    "backend_low": "the lower end of its interval",
    "backend_high": "the upper end",
    "remainder": "total - api - backend: what the medians of the two steps leave of that of their"
    " sum, which is exact for each seed",
    "margin": "the largest difference that counts as none: the metric's tolerance",
    "n": "the seeds that all three frameworks have",
    "level": "the level of the intervals, which allows for the choice of the rows; empty for a"
    " single planned draw",
    "adjusted": "the p-value of the name after Benjamini and Hochberg; empty without a name, and"
    " for a single planned draw",
    "size": "total in units of the margin or of the spread of a over the seeds, whichever is"
    " larger",
    "others": "what other frameworks do: as a, as b, as neither, or unclear",
    "other_values": "their medians over the seeds",
    "reason": "why the difference has no name",
}
"""Column of attribution.csv -> its meaning."""


def column_dictionary() -> str:
    """Return the dictionary as Markdown: files, axes, tables of each study, metrics."""
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
        _meanings("status", _STATUSES),
        "## Columns of claims.csv\n",
        _meanings("column", _VERDICT),
        "## Columns of findings.csv\n",
        _meanings("column", _FINDING),
        f"## Columns of {_SPLIT}\n",
        _meanings("column", _ATTRIBUTED),
        "## Metrics\n",
        _table(
            ("metric", "unit", "better", "worst", "tolerance", "meaning"), map(_metric, METRICS)
        ),
        "## Shares in summary.csv\n",
        _table(
            ("metric", "studies", "meaning"),
            [(f"`{share.name}`", ", ".join(share.studies), share.meaning) for share in SHARES],
        ),
    ]
    return "\n".join(parts)


def other_columns() -> dict[str, str]:
    """Return the columns of tables that are neither axes nor metrics -> what they hold."""
    coordinates: dict[str, list[str]] = {}
    for study in STUDIES:
        for spec in study.tables:
            for name in spec.coordinates:
                coordinates.setdefault(name, []).append(f"{study.name}/{spec.name}.csv")
    meanings = {name: f"a coordinate of {', '.join(where)}" for name, where in coordinates.items()}
    tables = (("claims.csv", _VERDICT), ("findings.csv", _FINDING), (_SPLIT, _ATTRIBUTED))
    for table, columns in tables:
        for name, meaning in columns.items():
            text = f"in {table}: {meaning}"
            meanings[name] = f"{meanings[name]}; {text}" if name in meanings else text
    statuses = {name: f"a status of a run: {meaning}" for name, meaning in _STATUSES.items()}
    shares = {share.name: f"in summary.csv: {share.meaning}" for share in SHARES}
    return {**meanings, **shares, **statuses}


def _meanings(kind: str, meanings: Mapping[str, str]) -> str:
    rows = [(f"`{name}`", text) for name, text in meanings.items()]
    return _table((kind, "meaning"), rows)


def _study(study: Study) -> str:
    return f"### {study.name}\n\n{study.question} Source: {study.source}.\n\n" + _table(
        ("table", "one row for each", "metrics"), [_spec(spec) for spec in study.tables]
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
        _tolerance(metric),
        metric.meaning,
    )


def _tolerance(metric: Metric) -> str:
    """Return what two results may differ by; the rounding that every metric has goes unsaid."""
    if math.isinf(metric.tolerance):
        return "any"
    absolute = number(metric.tolerance)
    if metric.relative == ROUNDING:
        return absolute
    share = f"{100 * metric.relative:g} %"
    return share if metric.tolerance <= DENORMAL else f"{absolute} or {share}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    lines = [[str(cell).replace("|", "\\|") for cell in line] for line in cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(column_dictionary(), end="")
