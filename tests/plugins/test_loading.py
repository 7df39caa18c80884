"""A plugin's items are in the catalogues for the length of a block, and no longer."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from suite import plugins
from suite.catalogue import activations
from suite.catalogue.activations import ACTIVATIONS
from suite.planning.axes import canonical_value
from suite.types import UserError
from tests.support.plugins import SNAKE, write


def test_an_item_is_found_by_its_full_name_inside_the_block_alone(tmp_path: Path) -> None:
    names = ACTIVATIONS.names
    source = plugins.find(str(write(tmp_path)))
    with plugins.loaded([source]):
        assert canonical_value("activation", "my:snake( .5 )") == "my:snake(0.5)"
        assert canonical_value("activation", "my:snake(1)") == "my:snake"
        value = activations.resolve("my:snake(2)").value(np.array([0.3]))
        assert value == pytest.approx(0.3 + math.sin(0.6) ** 2 / 2)
        assert ACTIVATIONS.names == names == tuple(entry.name for entry in ACTIVATIONS)
        assert ACTIVATIONS.every == (*names, "my:snake")
    assert "my:snake" not in ACTIVATIONS
    with pytest.raises(UserError, match="no plugin 'my' has it: bring the plugin with --plugin"):
        activations.resolve("my:snake(2)")


def test_an_unknown_name_says_how_ones_own_is_brought() -> None:
    with pytest.raises(UserError, match=r"unknown activation 'snake'.*bring your own with --plug"):
        canonical_value("activation", "snake")
    with pytest.raises(UserError, match=r"unknown dataset 'spirals'.*bring your own with --plug"):
        canonical_value("dataset", "spirals")


def test_another_version_is_never_served_from_a_cache(tmp_path: Path) -> None:
    path = write(tmp_path)
    points = np.linspace(-1.0, 1.0, 5)
    with plugins.loaded([plugins.find(str(path))]):
        first = activations.resolve("my:snake").value(points)
    write(tmp_path, SNAKE.replace("x + np.sin", "2 * x + np.sin"))
    with plugins.loaded([plugins.find(str(path))]):
        assert activations.resolve("my:snake").value(points) == pytest.approx(first + points)


def test_a_version_cannot_be_loaded_beside_another(tmp_path: Path) -> None:
    first = plugins.find(str(write(tmp_path)))
    second = plugins.find(str(write(tmp_path, SNAKE + "\nMORE = 1\n")))
    with plugins.loaded([first]):
        with plugins.loaded([first]):
            pass
        assert "my:snake" in ACTIVATIONS, "the inner block must leave it to the outer one"
        with (
            pytest.raises(UserError, match="another version of it is loaded"),
            plugins.loaded([second]),
        ):
            pass
        assert plugins.sources() == (first,)


def test_a_file_is_loaded_from_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path)
    source = pickle.loads(pickle.dumps(plugins.find(str(path))))
    path.unlink()
    with plugins.loaded([source]):
        assert "my:snake" in ACTIVATIONS


def test_an_object_that_refuses_to_be_asked_is_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probes raise an error of their own for an attribute that they lack."""

    class Refuses:
        def __getattr__(self, name: str) -> object:
            raise UserError(f"unknown probe {name!r}")

    monkeypatch.setattr(activations, "asked", Refuses(), raising=False)
    with plugins.loaded([plugins.find(str(write(tmp_path)))]):
        pass
    assert "my:snake" not in ACTIVATIONS
    assert plugins.active() == ()
