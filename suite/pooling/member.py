"""What a pool keeps of a results folder: for each verdict the counts of its seeds, a block of seeds
at a time, with what the numbers depend on besides.

A member is one JSON file with a line for each verdict. Its name has its root seed and the first
digits of the SHA-256 of its bytes, so that the same folder gives the same file wherever it is
pooled, and an edited file no longer has its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from suite.claims.claim import Claim
from suite.judging.e_values import Tally, tally
from suite.judging.expected_runs import stored_plan, stored_runs
from suite.judging.intervals import scaled
from suite.judging.judge_claims import weigh
from suite.judging.per_seed import PerSeed, bounds_of
from suite.plugins.record import remembered
from suite.results.checksums import JUDGED, SUMS, altered
from suite.results.folder import Results
from suite.results.manifest import Manifest
from suite.types import BLOCK, Array, UserError

SCHEMA = 1
DIGITS = 16
"""Digits of the SHA-256 in the name of a member."""
MANY = 8
"""Different numbers among those of a block of seeds that are enough to tell copies by."""
_NOT_MEASURED = ("python", "pandas", "scipy", "scikit-learn")
"""Libraries that judge, draw or read, and do not measure."""
_MACHINE = ("system", "machine", "cpu", "blas", "compiler", "limits")
"""What numbers depend on in a machine, as the manifest names it."""

Count = Annotated[int, Meta(ge=0, le=2**53)]


class Row(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What the seeds of a folder say about a claim in one group: lists with a number for each
    block of seeds, in their order; a list that is empty stands for zeros."""

    claim: str
    group: str = ""
    text: str
    """The hash of everything that the claim says."""
    n: tuple[Count, ...] = ()
    below: tuple[Count, ...] = ()
    above: tuple[Count, ...] = ()
    counted: tuple[Count, ...] = ()
    values: tuple[tuple[float, ...], ...] = ()
    print: str = ""
    """Of a sampled claim: a hash of the numbers of the first block, in ascending order, by which
    copies under another root seed are found; empty where they may be equal by chance."""
    problem: str = ""
    """Why the numbers must not decide anything; there are no counts then."""

    @property
    def blocks(self) -> Iterator[tuple[int, Tally]]:
        """Each block that has seeds, with its position."""
        for position, n in enumerate(self.n):
            if n:
                below, above, counted = (
                    column[position] if column else 0
                    for column in (self.below, self.above, self.counted)
                )
                values = self.values[position] if self.values else ()
                yield position, Tally(n, below, above, counted, values)

    def __post_init__(self) -> None:
        """Raise ValueError for counts that no seeds can have."""
        for column in (self.below, self.above, self.counted, self.values):
            if column and len(column) != len(self.n):
                raise ValueError(f"claim {self.claim!r} has counts of {len(column)} blocks")
        for position, block in self.blocks:
            most = max(block.below + block.above, block.counted)
            if most > block.n or (self.values and len(block.values) != block.n):
                raise ValueError(f"claim {self.claim!r} has too many counts in block {position}")


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A results folder in a pool."""

    schema: int
    root_seed: int
    profile: str
    added: bool
    """Whether seeds were added until the claims were decided."""
    environment: Mapping[str, str]
    """What may make the numbers of one machine or version differ from those of another: the
    version of the suite, those of the libraries that measure, the machine, plugins and data."""
    tree_hash: str
    """A hash of the suite's code."""
    plans: Mapping[str, str]
    """Study -> the digest of its plan, which says which networks ran side by side."""
    sums: str
    """The SHA-256 of the sums of its tables of runs."""
    rows: tuple[Row, ...]


def encode(member: Member) -> bytes:
    """Return the bytes of a member's file."""
    head = msgspec.to_builtins(member)
    rows = [json.dumps(row, ensure_ascii=False) for row in head.pop("rows")]
    text = json.dumps(head, indent=1, ensure_ascii=False, sort_keys=True)
    listed = ",\n".join(rows)
    return f'{text[:-2]},\n "rows": [\n{listed}\n]}}\n'.encode()


def name(member: Member) -> str:
    """Return the name of a member's file."""
    return named(member.root_seed, encode(member))


def named(root: int, content: bytes) -> str:
    """Return the name of a file with this content."""
    return f"{root}-{hashlib.sha256(content).hexdigest()[:DIGITS]}.json"


class _Head(msgspec.Struct):
    schema: int


def decode(path: Path, content: bytes) -> Member:
    """Return the member in the content of a file. Raise UserError where there is none."""
    content = content.replace(b"\r\n", b"\n")  # Git may write other ends of lines on Windows
    try:
        schema = msgspec.json.decode(content, type=_Head).schema
        if schema != SCHEMA:
            raise UserError(f"{path}: schema is {schema}; this version reads schema {SCHEMA}")
        member = msgspec.json.decode(content, type=Member)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if path.name != named(member.root_seed, content):
        raise UserError(f"{path} was edited: its content is not that of its name")
    return member


def member_of(folder: Path, family: Sequence[Claim]) -> Member:
    """Return what a pool keeps of a results folder, judged on a family of claims.

    Raise UserError where it is not one, where it is not as the suite wrote it, where runs are
    missing that cannot be named, and where none of the claims is about its runs.
    """
    results = Results(folder)
    manifest = results.manifest()
    _check(folder, manifest)
    with remembered(manifest):
        plan = stored_plan(manifest, priced=False)
        runs = stored_runs(results, plan, plan.stacks)
        if runs.notes:
            raise UserError(f"{folder}: {runs.notes[0]}; pool it with the version that measured it")
        rows = [
            _row(claim, group, evidence.seeds, evidence.problem)
            for claim, group, evidence in weigh(family, runs.frames)
            if not evidence.absent
        ]
    if not rows:
        raise UserError(f"{folder} has no run that any of the claims is about")
    return Member(
        schema=SCHEMA,
        root_seed=manifest.root_seed,
        profile=manifest.profile,
        added=manifest.until_decided is not None,
        environment=_environment(manifest),
        tree_hash=manifest.tree_hash,
        plans={study: expected.hash for study, expected in manifest.expected.items()},
        sums=_sums(folder),
        rows=tuple(rows),
    )


def _environment(manifest: Manifest) -> dict[str, str]:
    """Return what may make the numbers of one folder differ from those of another."""
    place = {name: manifest.platform.get(name, "") for name in _MACHINE}
    if manifest.processors:
        place["cpu"] = ", ".join(sorted(manifest.processors))
    return {
        "suite": manifest.suite_version,
        **{name: text for name, text in manifest.versions.items() if name not in _NOT_MEASURED},
        **{name: text for name, text in place.items() if text},
        **{plugin.name: f"sha256 {plugin.sha256[:DIGITS]}" for plugin in manifest.plugins},
        **{data.name: f"sha256 {data.sha256[:DIGITS]}" for data in manifest.datasets},
    }


def _check(folder: Path, manifest: Manifest) -> None:
    """Raise UserError where a study's table is not as the suite wrote it. The tables that are made
    from them are not evidence, and are made again by every version that judges."""
    for kind, names in altered(folder, manifest).items():
        for name in names:
            if name not in JUDGED:
                raise UserError(
                    f"{folder} is not as the suite wrote it ({kind}: {name}), and so is no"
                    " evidence; finish its run, or measure it again"
                )


def _sums(folder: Path) -> str:
    """Return the SHA-256 of the sums of the tables of runs, which are the same in a packed folder,
    whatever was left out of it."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    runs = sorted(line for line in lines if line.endswith("/runs.csv"))
    return hashlib.sha256("\n".join(runs).encode()).hexdigest()


def _row(claim: Claim, group: str, seeds: PerSeed, problem: str) -> Row:
    problem = problem or _unfit(claim, seeds.value)
    if problem:
        return Row(claim=claim.id, group=group, text=claim.text_hash, problem=problem)
    blocks = [seeds.value[chosen] for chosen in _blocks(seeds.seed)]
    tallies = [tally(claim, numbers) for numbers in blocks]

    def column(field: str) -> tuple[int, ...]:
        found = tuple(getattr(each, field) for each in tallies)
        return found if any(found) else ()

    return Row(
        claim=claim.id,
        group=group,
        text=claim.text_hash,
        n=column("n"),
        below=column("below"),
        above=column("above"),
        counted=column("counted"),
        values=() if claim.bounds is None else tuple(each.values for each in tallies),
        print="" if claim.kind == "exact" else _print(blocks[0]),
    )


def _unfit(claim: Claim, numbers: Array) -> str:
    """Return why no bet can be placed on numbers that are otherwise fit; empty where one can."""
    if not len(numbers):
        return "no seed has all of its cells"
    if claim.bounds is not None and scaled(numbers, bounds_of(claim)) is None:
        return f"{claim.metric} leaves the declared bounds {list(claim.bounds)}"
    return ""


def _blocks(seeds: Array) -> list[Array]:
    """Return which of the seeds are in each block, up to the last one that has any."""
    position = seeds // BLOCK
    return [position == block for block in range(int(position.max()) + 1)]


def _print(numbers: Array) -> str:
    """Return a hash of numbers that are too many and too different to be equal by chance."""
    ordered = np.sort(numbers + 0.0)  # a negative zero is a zero
    if len(np.unique(ordered[np.isfinite(ordered)])) < MANY:
        return ""
    return hashlib.sha256(ordered.astype("<f8").tobytes()).hexdigest()[:12]
