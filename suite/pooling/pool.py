"""The pool: a folder of members, and a list of them.

Pools are united by uniting their members, so that the order and the grouping in which folders are
pooled leave no trace. A member that was edited, removed or slipped in is noticed, and so is a
folder that is a copy of another one under a root seed of its own. Folders that should be equal to
the last bit, and are not, are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from suite.claims.claim import Claim
from suite.judging.duplicate_seeds import some
from suite.pooling import LIST, is_pool
from suite.pooling.member import SCHEMA, Member, Row, decode, encode, member_of, name
from suite.results.folder import replacing
from suite.types import UserError

MEMBERS = "members"

Members = Mapping[str, Member]
"""The name of a member's file -> the member, in the order of the names."""


def read(folder: Path) -> Members:
    """Return the members of a pool.

    Raise UserError where it cannot be read, where a member was edited, is missing or is not listed,
    and where there is none.
    """
    path = folder / LIST
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        schema, names = listed["schema"], listed["members"]
        if not (isinstance(names, list) and all(map(_is_name, names))):
            raise TypeError("its members are not a list of file names")
    except KeyError as error:
        raise UserError(f"{path} cannot be read: it has no key {error}") from error
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if schema != SCHEMA:
        raise UserError(f"{path}: schema is {schema}; this version reads schema {SCHEMA}")
    if not names:
        raise UserError(
            f"{folder} is an empty pool; add a folder: suite pool DIR {folder} --out {folder}"
        )
    stored = {file.name for file in (folder / MEMBERS).glob("*.json")}
    if lost := set(names) - stored:
        raise UserError(f"{folder} was edited: it lacks {MEMBERS}/{min(lost)}")
    if unknown := stored - set(names):
        raise UserError(
            f"{folder} was edited, or adding to it was interrupted: {LIST} does not list"
            f" {MEMBERS}/{min(unknown)}; remove that file, and add its folder again"
        )
    return {one: _read(folder / MEMBERS / one) for one in sorted(names)}


def _is_name(word: object) -> bool:
    return isinstance(word, str) and bool(word) and Path(word).name == word


def _read(path: Path) -> Member:
    try:
        return decode(path, path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def write(folder: Path, members: Members) -> None:
    """Write a pool, or add members to one. Raise UserError where the folder is something else, or a
    pool with members that would be lost."""
    try:
        if is_pool(folder):
            lost = set(read(folder)) - set(members)
            if lost:
                raise UserError(
                    f"--out {folder} is a pool that was not given, and would lose"
                    f" {MEMBERS}/{min(lost)}; to add to it, name it too: suite pool {folder} ..."
                    f" --out {folder}"
                )
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"--out {folder} exists and is not a pool; choose a new folder")
        (folder / MEMBERS).mkdir(parents=True, exist_ok=True)
        for file, member in members.items():
            with replacing(folder / MEMBERS / file, "wb") as stream:
                stream.write(encode(member))
        listed = {"schema": SCHEMA, "members": sorted(members)}
        with replacing(folder / LIST) as stream:
            stream.write(json.dumps(listed, indent=1) + "\n")
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}") from error


def united(folders: Sequence[Path], family: Sequence[Claim]) -> dict[str, Member]:
    """Return the members of results folders and pools, each once.

    Raise UserError for what cannot be pooled: see ``member.member_of``, ``read`` and ``check``.
    """
    found: dict[str, Member] = {}
    for folder in folders:
        if is_pool(folder):
            found |= read(folder)
        else:
            member = member_of(folder, family)
            found[name(member)] = member
    members = dict(sorted(found.items()))
    check(members, family)
    return members


def check(members: Members, family: Sequence[Claim]) -> None:
    """Raise UserError where members are about other texts of the claims than the family has, and
    where two of them are one run under two root seeds."""
    texts = {claim.id: claim.text_hash for claim in family}
    for file, member in members.items():
        for row in member.rows:
            if texts.get(row.claim) != row.text:
                found = texts.get(row.claim)
                known = f"whose text here is {found}" if found else "which is not known here"
                raise UserError(
                    f"{file} is about other claims: it has text {row.text} of {row.claim!r},"
                    f" {known}; name its file with --claims, or pool its folder again"
                )
    _no_copies(members.values())


def _no_copies(members: Iterable[Member]) -> None:
    roots: dict[tuple[str, str, str], int] = {}
    for member in members:
        for row in member.rows:
            if not row.print:
                continue
            root = roots.setdefault((row.claim, row.group, row.print), member.root_seed)
            if root != member.root_seed:
                raise UserError(
                    f"root seeds {root} and {member.root_seed} have the same numbers, to the last"
                    f" bit, for claim {row.claim!r}: one of the folders is a copy"
                )


def disagreements(members: Members, family: Sequence[Claim]) -> list[str]:
    """Return a sentence for each two members that should have the same numbers to the last bit, and
    have not: one of them was doctored, or something that no manifest names moved it.

    They are those with one root seed, environment, code and plan of a study.
    """
    studies = {claim.id: claim.study for claim in family}
    first: dict[tuple[object, ...], tuple[str, Row]] = {}
    found: dict[tuple[str, str], list[str]] = {}
    for file, member in members.items():
        environment = tuple(sorted(member.environment.items()))
        for row in member.rows:
            plan = member.plans.get(studies[row.claim])
            key = (member.root_seed, environment, member.tree_hash, plan, row.claim, row.group)
            other, known = first.setdefault(key, (file, row))
            if row != known and not (row.problem or known.problem):
                found.setdefault((other, file), []).append(row.claim)
    return [
        f"{one} and {other} have one root seed, environment, code and plan, and not the same"
        f" numbers for {some(list(dict.fromkeys(ids)))}"
        for (one, other), ids in found.items()
    ]
