"""How a run describes the machine and the installed packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.measuring import environment

CPU = ("torch==2.13.0+cpu",)
CUDA_BY_VERSION = ("torch==2.13.0+cu130",)
CUDA_BY_PACKAGES = ("torch==2.13.0 nvidia-cublas", "nvidia-cublas==13.1", "nvidia-cudnn==9.2")
GPU_OF_ANOTHER = ("torch==2.13.0", "nvidia-cublas==13.1")
"""NVIDIA's library is there for another program: torch does not require it."""


def install(folder: Path, packages: tuple[str, ...]) -> None:
    """Write the metadata of packages, each "name==version", with what it requires after a space."""
    for package in packages:
        named, *required = package.split()
        name, _, version = named.partition("==")
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {other}" for other in required]
        (info / "METADATA").write_text("\n".join(lines) + "\n\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("packages", "says"),
    [
        (CPU, None),
        (GPU_OF_ANOTHER, None),
        (CUDA_BY_VERSION, "torch 2.13.0+cu130 is a CUDA build"),
        (CUDA_BY_PACKAGES, "torch 2.13.0 is a CUDA build: 2 packages of NVIDIA lie unused"),
    ],
)
def test_a_cuda_build_of_torch_is_named(
    packages: tuple[str, ...], says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, packages)
    monkeypatch.syspath_prepend(str(tmp_path))
    lines = environment.unused_cuda_builds(("torch",))
    assert len(lines) == (says is not None)
    assert all(str(says) in line for line in lines)
    assert environment.unused_cuda_builds(("numpy",)) == []
