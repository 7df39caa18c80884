"""Take over stored stacks of other results folders (``suite run --reuse DIR``).

A stored stack is taken over where measuring it again would give the same bits: it has the same key
(its study, and the cell and the seed of every member), and its folder has the same root seed, code,
versions, machine and flags, as far as the stack's framework depends on them. Whole stacks alone are
taken over, because the members of a stack are computed together and may round differently in
another composition. The shards are copied as they are, so that the tables made from them are those
of a fresh run.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from suite.catalogue.frameworks import entry_of
from suite.datafiles.record import mentioned
from suite.judging.expected_runs import stored_plan
from suite.measuring import environment
from suite.planning.grids import Plan
from suite.plugins.record import used
from suite.results.folder import Results
from suite.results.manifest import BroughtDataset, Manifest, Reused
from suite.results.shards import DAMAGED, read_shard
from suite.types import Member, Stack, Status, UserError


@dataclass(frozen=True)
class Source:
    """A results folder from which stacks are taken over, with its manifest."""

    results: Results
    manifest: Manifest
    differences: Mapping[str, str]
    """Framework -> how what its numbers depend on differs from this run; empty where nothing
    does."""
    plugins: Mapping[str, str]
    """Plugin or data file of this run -> how its source differs; only those that differ."""
    processor: str = ""
    """That of this machine; stacks that were measured on another are not taken over."""

    @property
    def name(self) -> str:
        """The folder as the user named it, in UTF-8."""
        return os.fsencode(self.results.folder).decode("utf-8", "backslashreplace")


def sources(
    folders: Sequence[Path], plan: Plan, manifest: Manifest, results: Results
) -> list[Source]:
    """Return the folders from which a run of ``manifest`` into ``results`` takes over stacks.

    Raises UserError, which names the folder, where it is not a results folder, its manifest is
    damaged, it is the folder of the run itself, it has no shards, or nothing in it can fit: then
    the message names what differs.
    """
    return [_source(folder, plan, manifest, results) for folder in dict.fromkeys(folders)]


def _source(folder: Path, plan: Plan, manifest: Manifest, results: Results) -> Source:
    if folder.resolve() == results.folder.resolve():
        raise UserError(
            f"--reuse {folder} is the folder of this run, which takes up its own stacks anyway;"
            " choose another folder with --out"
        )
    source = Results(folder)
    stored = source.manifest()
    if not any((folder / "shards").glob("*.npz")):
        raise UserError(
            f"--reuse {folder}: it has no stored stacks (shards/*.npz), only tables, if any; name"
            " the folder that suite run wrote, not a packed one"
        )
    frameworks = dict.fromkeys(s.framework for stacks in plan.stacks.values() for s in stacks)
    differences = {name: _difference(stored, manifest, name) for name in frameworks}
    if all(differences.values()):
        raise UserError(f"--reuse {folder}: nothing in it fits: {next(iter(differences.values()))}")
    processor = manifest.platform.get("cpu", "")
    return Source(source, stored, differences, _other_versions(stored, manifest), processor)


def _other_versions(stored: Manifest, wanted: Manifest) -> dict[str, str]:
    """Return the plugins and data files of a run that are others in a stored run, or that it
    lacks."""
    old, new = (
        {plugin.name: plugin.sha256[:12] for plugin in manifest.plugins}
        | {data.name: _version(data) for data in manifest.datasets}
        for manifest in (stored, wanted)
    )
    return {
        name: f"its sha256 was {old.get(name, 'not recorded')} and is now {sha}"
        for name, sha in new.items()
        if old.get(name) != sha
    }


def _version(data: BroughtDataset) -> str:
    """Return the hash of a data file with its options, which decide what is learned too."""
    return f"{data.sha256[:12]} {data.options}".rstrip()


def _difference(stored: Manifest, wanted: Manifest, framework: str) -> str:
    """Return the first difference in what the numbers of a framework depend on; empty if none."""
    old, new = (_dependencies(manifest, framework) for manifest in (stored, wanted))
    for key, value in new.items():
        if old.get(key) != value:
            return f"{key} was {old.get(key, 'not recorded')} and is now {value}"
    return ""


def _dependencies(manifest: Manifest, framework: str) -> dict[str, str]:
    """Return what the numbers of a framework depend on besides the stack, by key of a manifest."""
    relevant: dict[str, Mapping[str, str]] = {
        "versions": manifest.versions,
        "platform": manifest.platform,
        "determinism": manifest.determinism,
    }
    if not entry_of(framework).compiles:
        relevant["platform"] = {k: v for k, v in manifest.platform.items() if k != "compiler"}
    needed = {
        "versions": environment.versions((framework,)),
        "determinism": environment.determinism((framework,)),
    }
    values = {"root_seed": str(manifest.root_seed), "code (tree_hash)": manifest.tree_hash}
    for key, pairs in relevant.items():
        for name in needed.get(key, pairs):
            values[f"{key} of {name}"] = repr(pairs.get(name, "absent"))
    return values


def take_over(plan: Plan, results: Results, chosen: Sequence[Source]) -> Iterator[str]:
    """Copy the shards that fit into a run's folder, and record them in its manifest; yield one
    line for each source, which says how many stacks were taken over, how many not, and why.

    A stack of several sources is taken from the first of them. A stack that this run has measured
    stays. One that an earlier, interrupted attempt copied counts as taken over, which its bytes
    show: they hold the times that measuring took.
    """
    stacks = [stack for of_study in plan.stacks.values() for stack in of_study]
    for source in chosen:
        outcomes: Counter[str] = Counter()
        left: list[Stack] = []
        planned = _planned_members(source)
        try:
            for stack in stacks:
                outcome = _take(stack, source, results) or _why_absent(stack, planned)
                outcomes[outcome] += 1
                if outcome != _TAKEN:
                    left.append(stack)
        finally:  # also where a full disk or the user ends it
            _record(results, source, outcomes[_TAKEN])
        stacks = left
        others = ", ".join(f"{n} {why}" for why, n in outcomes.most_common() if why != _TAKEN)
        more = f"; not taken over: {others}" if others else ""
        yield f"{source.name}: {outcomes[_TAKEN]} stacks taken over{more}"


_TAKEN = "taken over"


def _take(stack: Stack, source: Source, results: Results) -> str:
    """Copy the shard of one stack; return what happened, or nothing where it is not stored."""
    if difference := source.differences[stack.framework]:
        return f"of {stack.framework} ({difference})"
    for kind, names in (("plugin", used([stack])), ("data file", mentioned([stack]))):
        for name in names:
            if difference := source.plugins.get(name, ""):
                return f"of the {kind} {name} ({difference})"
    try:
        content = source.results.read_bytes(stack)
        shard = read_shard(io.BytesIO(content), stack)
    except FileNotFoundError:
        return ""
    except DAMAGED:
        return "damaged there"
    if Status.FAILED in shard.status:
        return "failed there"
    if (other := shard.timings.get("processor", source.processor)) != source.processor:
        return f"measured on another processor ({other})"
    if results.finished(stack):
        with suppress(OSError):
            if results.read_bytes(stack) == content:
                return _TAKEN
        return "stored here already"
    results.write_shard(stack, content)
    return _TAKEN


def _planned_members(source: Source) -> set[tuple[str, Member]]:
    """Return the runs that a folder was to have; none where this version cannot plan it."""
    try:
        plan = stored_plan(source.manifest)
    except UserError:
        return set()
    return {
        (study, member)
        for study, stacks in plan.stacks.items()
        for stack in stacks
        for member in stack.members
    }


def _why_absent(stack: Stack, planned: set[tuple[str, Member]]) -> str:
    """Return why a folder does not have a stack."""
    if any((stack.study, member) in planned for member in stack.members):
        return "of other members there, or not finished"
    return "not run there"


def _record(results: Results, source: Source, count: int) -> None:
    """Write into the manifest of a run how many of its stacks come from a source."""
    manifest = results.manifest()
    entry = Reused(
        folder=source.name,
        commit=source.manifest.git.commit,
        dirty=source.manifest.git.dirty,
        stacks=count,
    )
    others = [reused for reused in manifest.reused if reused.folder != entry.folder]
    results.write_manifest(replace(manifest, reused=(*others, entry)))
