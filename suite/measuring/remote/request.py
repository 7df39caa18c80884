"""What the driver sends to a worker of an engine, and what it gets back: plain values, which any
version of the suite can read.
"""

from __future__ import annotations

import hashlib
import pickle
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypedDict

from suite.catalogue.frameworks import FRAMEWORKS
from suite.measuring.environment import setting, worker
from suite.measuring.executors import Job


class Contents(TypedDict):
    """What a worker gets once and keeps: all that the stacks of a job share."""

    setting: Mapping[str, str]
    """What a worker must have in common with the run; see ``environment.setting``."""
    frameworks: tuple[str, ...]
    environments: Mapping[str, Mapping[str, str]]
    """Kind of process that measures -> its environment variables."""
    job: bytes
    """The pickled ``Job``, with the plugins and the data files of the user. It is read where the
    code is known to be the same."""


class Request(TypedDict):
    """One stack for a worker."""

    token: str
    """The name of the contents, which may have come with an earlier request."""
    contents: Contents | None
    key: str
    """The key of the stack."""
    process: str
    """The kind of process that measures it."""
    stack: bytes
    """The pickled ``Stack``."""
    timeout: float
    fresh: bool
    """Whether a new process is to measure it, because an earlier attempt was lost."""


class Answer(TypedDict):
    """What became of a request."""

    state: Literal["measured", "lost", "needs", "refused"]
    """``needs``: the worker does not have the contents yet. ``refused``: it differs from the run in
    what the bits depend on."""
    key: str
    reason: str
    """That of the first failed run of a measured stack, or how the process was lost, or what
    differs."""
    shard: bytes
    sha256: str
    """The hash of the shard, 64 hexadecimal digits."""


def contents_of(job: Job) -> Contents:
    """Return what the workers must have for a job."""
    return Contents(
        setting=setting(job.frameworks),
        frameworks=job.frameworks,
        environments={
            process: worker(process)
            for process in dict.fromkeys(FRAMEWORKS[name].process for name in FRAMEWORKS.every)
        },
        job=pickle.dumps(replace(job, folder=Path())),
    )


def token_of(contents: Contents) -> str:
    """Return a name for some contents, another one in each run: a run that ends tells the workers
    to end what measures for it, and must not end what measures for another."""
    digest = hashlib.sha256()
    for table in (contents["setting"], *contents["environments"].values()):
        digest.update(repr(sorted(table.items())).encode())
    digest.update(contents["job"])
    return f"{digest.hexdigest()[:16]}-{secrets.token_hex(4)}"


def checksum(content: bytes) -> str:
    """Return the hash of a shard, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
