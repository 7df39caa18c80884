"""The runner ``shared`` of tox.ini: environments that name one ``env_dir`` are installed once.

tox keeps each environment for itself: one that finds in its folder what another name has made
removes it and installs everything again, and nothing keeps a second tox from doing so while the
first runs a command there. The frameworks take a gigabyte, so the environments here share a
folder. Its record leaves out which environment wrote it, one tox at a time installs, and a folder
is removed only when no command runs in it any more. tox decides what is out of date.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tox.plugin import impl
from tox.tox_env.api import ToxEnv
from tox.tox_env.info import Info
from tox.tox_env.python.virtual_env.runner import VirtualEnvRunner
from tox.tox_env.register import ToxEnvRegister

if sys.platform == "win32":
    # Nothing of the kind is there: two commands of tox must not install at the same time.
    EXCLUSIVE = SHARED = AT_ONCE = 0

    def _flock(descriptor: int, kind: int) -> None:
        pass

else:
    from fcntl import LOCK_EX as EXCLUSIVE
    from fcntl import LOCK_NB as AT_ONCE
    from fcntl import LOCK_SH as SHARED
    from fcntl import flock as _flock


class _Record(Info):
    """tox's record of what a folder holds, with one name for all environments that share it."""

    def compare(self, value: Any, section: str, sub_section: str | None = None) -> Any:
        if section == ToxEnv.__name__:
            value = {**value, "name": Shared.id()}
        return super().compare(value, section, sub_section)


@contextmanager
def _locked(path: Path, kind: int, reason: str) -> Iterator[None]:
    """Hold a lock on a file, ``EXCLUSIVE`` or ``SHARED`` with others; say why where it waits.

    The system releases the lock when the process ends, however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _flock(descriptor, kind | AT_ONCE)
        except BlockingIOError:
            logging.warning("waiting: %s", reason)
            _flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


class Shared(VirtualEnvRunner):
    """A virtualenv whose folder other environments may use as well."""

    _in_use: ExitStack | None = None

    @staticmethod
    def id() -> str:
        return "shared"

    @property
    def cache(self) -> Info:
        return _Record(self.env_dir)

    def setup(self) -> None:
        if self._in_use is None:
            with self._lock("install", EXCLUSIVE, f"another tox installs into {self.env_dir}"):
                super().setup()
                self._in_use = ExitStack()
                self._in_use.enter_context(self._lock("use", SHARED, ""))

    def _clean(self, transitive: bool = False) -> None:
        reason = f"another tox uses {self.env_dir}, which is to be replaced"
        with self._lock("use", EXCLUSIVE, reason):
            super()._clean(transitive)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            if self._in_use is not None:
                self._in_use.close()

    def _lock(self, purpose: str, kind: int, reason: str) -> AbstractContextManager[None]:
        """Lock a file beside the folder: in it, it would be removed with what it protects."""
        return _locked(self.env_dir.with_name(f"{self.env_dir.name}.{purpose}.lock"), kind, reason)


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    """Make the runner known to tox."""
    register.add_run_env(Shared)
