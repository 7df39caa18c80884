"""Damage stored tables as a person, a full disk or a bad copy does."""

from __future__ import annotations

from pathlib import Path


def harm(path: Path, damage: str) -> None:
    """Damage a table that has at least three lines."""
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    if damage == "removed":
        path.unlink()
        return
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "emptied": b"",
            "edited": b"".join([lines[0], lines[1].replace(b"\n", b"1\n"), *lines[2:]]),
            "binary": b"\x00\xff\n" * 9,
            "lines lost": b"".join(lines[:-2]),
            "a line twice": b"".join([*lines, lines[-1]]),
            "a word": b"".join([lines[0], lines[1].replace(b"\n", b"x\n"), *lines[2:]]),
        }[damage]
    )
