"""The networks that advice rests on: each counts once, and only where it is what is asked for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from suite.advising import evidence
from suite.types import UserError
from tests.advising.folders import folder, rows


def counts(*folders: Path) -> list[tuple[int, int]]:
    """Return learned and all networks of each cell and protocol."""
    table = evidence.read(folders)
    parts = table.groupby([*evidence.AXIS, "epochs", "batch"], sort=False)["learned"]
    return [(int(part.sum()), len(part)) for _, part in parts]


def test_a_network_that_two_folders_or_two_studies_have_counts_once(tmp_path: Path) -> None:
    table = rows([0.99, 0.5])
    first = folder(tmp_path / "a", practice=table, training=table.drop(columns="case"))
    assert counts(first) == [(1, 2)]
    assert counts(first, folder(tmp_path / "b", practice=table)) == [(1, 2)]


def test_networks_of_another_root_seed_are_others(tmp_path: Path) -> None:
    table = rows([0.99, 0.5])
    folders = [folder(tmp_path / str(root), root, practice=table) for root in (0, 7)]
    assert counts(*folders) == [(2, 4)]


def test_other_protocols_are_not_pooled(tmp_path: Path) -> None:
    plain = rows([0.99, 0.5], clipping="none", schedule="constant", scale=1.0)
    assert counts(folder(tmp_path / "a", practice=rows([0.5]), remedies=plain)) == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    "changed",
    [
        {"weights": "shared"},
        {"settings": "default"},
        {"case": "chosen"},
        {"status": "failed"},
        {"status": "unsupported"},
        {"scale": 2.0},
        {"clipping": "norm(1)"},
    ],
    ids=str,
)
def test_what_nobody_asked_for_is_no_evidence(changed: dict[str, str], tmp_path: Path) -> None:
    both = pd.concat([rows([0.5]).assign(scale=1.0, clipping="none"), rows([0.99] * 3, **changed)])
    both = both.fillna({"scale": 1.0, "clipping": "none"})
    assert counts(folder(tmp_path / "a", practice=both)) == [(0, 1)]


def test_a_network_learns_at_the_accuracy_of_its_data_set(tmp_path: Path) -> None:
    tables = [rows([0.95, 0.949, 0.9]), rows([0.9, 0.899], dataset="digits")]
    assert counts(folder(tmp_path / "a", practice=pd.concat(tables))) == [(1, 3), (1, 2)]


def test_a_diverged_network_did_not_learn(tmp_path: Path) -> None:
    assert counts(folder(tmp_path / "a", practice=rows([0.99], status="diverged"))) == [(0, 1)]


def test_a_data_set_without_a_threshold_is_left_out(tmp_path: Path) -> None:
    both = pd.concat([rows([0.99], dataset="file:mine"), rows([0.99])])
    assert counts(folder(tmp_path / "a", practice=both)) == [(1, 1)]


def test_a_folder_without_a_manifest_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not a results folder: it has no manifest\.json"):
        evidence.read([tmp_path])


def test_a_users_folders_are_those_with_a_manifest(tmp_path: Path) -> None:
    made = [folder(tmp_path / name, practice=rows([0.99])) for name in ("b", "a")]
    (tmp_path / "notes").mkdir()
    assert evidence.users_folders(tmp_path) == tuple(sorted(made))
