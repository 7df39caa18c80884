"""A page for each study with its claims: statement, source, reason, verdicts, figure, command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docs.generators.pages import ROOT, code, plain, save, table
from suite.claims import shipped
from suite.claims.claim import Claim
from suite.judging.verdicts import NOT_JUDGED, Verdict, read_verdicts
from suite.report import figures as drawn
from suite.report.common import numbers, verdict_words
from suite.report.common.drawing import style
from suite.report.common.images import paint
from suite.studies import STUDIES

REFERENCE = "results/reference/standard"
LEAD = f"""\
# Claims

Every claim of the suite, with its verdicts on the committed run `{REFERENCE}`.
[How claims are judged](/explanation/judging.md) says how to read them, and
[all verdicts](/reference/verdicts.md) has them in one table.

"""


@dataclass(frozen=True)
class Shown:
    """A figure: its file, its title and its caption."""

    file: str
    title: str
    caption: str


def write(folder: Path) -> None:
    """Write a page for each study with claims, their index, and the figures that show them."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in read_verdicts(ROOT / REFERENCE):
        verdicts[verdict.claim].append(verdict)
    claims: dict[str, list[Claim]] = defaultdict(list)
    for claim in shipped():
        claims[claim.study].append(claim)
    figures = _figures(folder)
    for study, of_study in claims.items():
        save(folder / f"{study}.md", _page(study, of_study, verdicts, figures))
    save(folder / "index.md", LEAD + _index(claims, verdicts))


def _figures(folder: Path) -> Mapping[str, Shown]:
    """Draw the figures that name claims; return claim -> the first figure that names it."""
    shown: dict[str, Shown] = {}
    for drawing in drawn.drawings(ROOT / REFERENCE):
        fresh = [name for name in drawing.claims if name not in shown]
        if not fresh:
            continue
        with style():
            painted = paint(drawing.figure)
        path = folder / "figures" / f"{drawing.name}.{painted.ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != painted.file:
            path.write_bytes(painted.file)
        shown |= dict.fromkeys(fresh, Shown(path.name, drawing.title, drawing.caption))
    return shown


def _index(claims: Mapping[str, Sequence[Claim]], verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    rows = []
    for study, of_study in claims.items():
        judged = [verdict for claim in of_study for verdict in verdicts[claim.id]]
        kinds = [verdict_words.label(verdict).text for verdict in judged]
        counted = "; ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        question = plain(STUDIES[study].question)
        rows.append((f"[{study}]({study}.md)", question, str(len(of_study)), counted))
    pages = "\n".join(claims)
    head = ("study", "question", "claims", "verdicts")
    return f"{table(head, rows)}\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"


def _page(
    study: str,
    claims: Iterable[Claim],
    verdicts: Mapping[str, Sequence[Verdict]],
    figures: Mapping[str, Shown],
) -> str:
    parts = [f"# {study}\n\n{plain(STUDIES[study].question)}\n"]
    first: dict[str, str] = {}  # figure -> the claim under which it is shown
    for claim in claims:
        parts.append(_claim(claim, verdicts[claim.id]))
        figure = figures.get(claim.id)
        if figure is not None:
            parts.append(_figure(figure, claim, first.setdefault(figure.file, claim.id)))
        parts.append(_command(claim, verdicts[claim.id]))
    return "\n".join(parts)


def _claim(claim: Claim, verdicts: Sequence[Verdict]) -> str:
    facts = [
        ("Source", plain(claim.source)),
        ("Why", plain(claim.because)),
        ("Quantity", f"{code(claim.metric)}, {claim.estimand.replace('_', ' ')}"),
        ("Expected", f"{claim.expected}, decided by the profile {claim.decides}"),
    ]
    listed = "\n".join(f"- **{name}:** {text}" for name, text in facts if text)
    judged = [verdict for verdict in verdicts if verdict.verdict != NOT_JUDGED]
    if judged:
        head = ("in", "verdict", "estimate and interval", "band", "seeds")
        answer = table(head, map(_row, judged))
    else:
        answer = "Not judged on the committed run.\n"
    return f"## {claim.id}\n\n{plain(claim.statement)}\n\n{listed}\n\n{answer}"


def _row(verdict: Verdict) -> tuple[str, ...]:
    estimate = numbers.number(verdict.estimate)
    interval = numbers.interval(verdict.low, verdict.high)
    return (
        plain(verdict_words.group(verdict.group)) or "all cells",
        plain(verdict_words.label(verdict).text),
        plain(f"{estimate} {interval}".strip()),
        plain(numbers.band(verdict.band)),
        str(verdict.n),
    )


def _figure(figure: Shown, claim: Claim, place: str) -> str:
    title = plain(figure.title)
    if place != claim.id:
        return f"Figure: [{title}](#{place})\n"
    return f"![{title}](figures/{figure.file})\n\n**{title}** {plain(figure.caption)}\n"


def _command(claim: Claim, verdicts: Sequence[Verdict]) -> str:
    folder = f" {REFERENCE}" if verdicts else ""
    return f"```\nsuite explain {claim.id}{folder}\n```\n"
