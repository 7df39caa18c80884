"""Each purpose with its axes has its own stream: equal axes repeat it, other axes change it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from suite import seeds

AXES: dict[str, dict[str, int | str]] = {
    purpose: {
        axis: (f"a {axis}" if axis in {"initializer", "framework", "dataset", "cell"} else 3)
        for axis in axes
    }
    for purpose, axes in seeds.PURPOSES.items()
}


@pytest.mark.parametrize("purpose", seeds.PURPOSES)
def test_same_axes_same_stream(purpose: str) -> None:
    first, second = (seeds.generator(0, purpose, **AXES[purpose]) for _ in range(2))
    assert first.bytes(64) == second.bytes(64)
    assert seeds.integer(0, purpose, **AXES[purpose]) == seeds.integer(0, purpose, **AXES[purpose])


def test_streams_differ_by_root_purpose_and_every_axis() -> None:
    streams = [
        seeds.generator(root, purpose, **axes).bytes(16)
        for root in (0, 1)
        for purpose, axes in AXES.items()
    ]
    for purpose, axes in AXES.items():
        for axis, value in axes.items():
            other = {**axes, axis: 4 if isinstance(value, int) else f"{value}!"}
            streams.append(seeds.generator(0, purpose, **other).bytes(16))
    assert len(set(streams)) == len(streams)


def test_a_line_break_in_a_value_gives_another_stream() -> None:
    """The axes are hashed as lines of text: a value must not pass for another axis."""
    broken = seeds.generator(0, "train", seed=1, dataset="circles\ndataset=x")
    plain = seeds.generator(0, "train", seed=1, dataset="circles")
    assert broken.bytes(16) != plain.bytes(16)


@pytest.mark.parametrize("axes", [{}, {"seed": 0}, {"seed": 0, "dataset": "a", "more": 1}])
def test_an_axis_too_few_or_many_is_an_error(axes: dict[str, int | str]) -> None:
    with pytest.raises(ValueError, match="varies with"):
        seeds.generator(0, "train", **axes)


def test_integers_have_31_bits_and_fill_them() -> None:
    drawn = np.array([seeds.integer(0, "train", seed=i, dataset="circles") for i in range(4000)])
    assert drawn.min() >= 0
    assert drawn.max() < 2**31
    assert len(np.unique(drawn)) == len(drawn)
    # The mean of 4,000 uniform draws: five standard errors are 0.023 of the range.
    assert abs(drawn.mean() / 2**31 - 0.5) < 0.023


def test_seed_0_is_a_seed() -> None:
    zero = seeds.generator(0, "train", seed=0, dataset="circles").bytes(16)
    assert zero != seeds.generator(0, "train", seed=1, dataset="circles").bytes(16)


def test_the_docstring_table_states_the_axes_of_every_purpose() -> None:
    table: dict[str, tuple[str, ...]] = {}
    for line in str(seeds.__doc__).splitlines():
        if line.startswith("|") and not line.startswith(("| purpose", "| ---")):
            purposes, axes, _ = line.strip("| ").split(" | ")
            table |= dict.fromkeys(purposes.split(", "), tuple(axes.split(", ")))
    assert table == seeds.PURPOSES


def test_every_purpose_is_used() -> None:
    """An unknown purpose raises where it is used; a purpose left in the table is found here."""
    root = Path(str(seeds.__file__)).parent
    words: set[str] = set()
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "seeds.py" and "seeds." in text:
            constants = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant))
            words |= {node.value for node in constants if isinstance(node.value, str)}
    assert set(seeds.PURPOSES) <= words


def test_the_seed_of_a_framework_does_not_start_the_stream_of_numpy() -> None:
    """For the same axes NumPy gets all 256 bits and a framework 31: neither repeats the other."""
    axes: dict[str, int | str] = {"seed": 0, "dataset": "circles"}
    number = seeds.integer(0, "train", **axes)
    from_integer = np.random.default_rng(number).bytes(16)
    assert seeds.generator(0, "train", **axes).bytes(16) != from_integer
