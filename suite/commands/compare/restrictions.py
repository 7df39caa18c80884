"""The parts of a folder to which a comparison is restricted: ``--studies`` and ``--set``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from suite.catalogue.registry import unknown
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.comparing.compare_folders import Folder


def of_studies(folders: Sequence[Folder], studies: Sequence[str] | None) -> list[Folder]:
    """Return folders restricted to some studies. Raise UserError for a study that none has."""
    from suite.comparing.compare_folders import only_studies

    if studies is None:
        return list(folders)
    known = dict.fromkeys(study for folder in folders for study in folder.runs)
    for study in studies:
        if study not in known:
            raise unknown("study of these folders", study, known)
    if not studies:
        raise UserError(f"--studies names none; allowed: {', '.join(known)}")
    return [only_studies(folder, studies) for folder in folders]


def chosen_values(sets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return axis -> values, as they were written, from the values of ``--set``."""
    from suite.planning.axes import axis_values

    chosen: dict[str, tuple[str, ...]] = {}
    for given in sets:
        axis, values = axis_values(given, "--set")
        if axis.name in chosen:
            raise UserError(
                f"--set names the axis {axis.name!r} twice; give all its values at once"
            )
        if not values:
            raise UserError(f"--set {given!r} is not of the form AXIS=VALUE,VALUE")
        chosen[axis.name] = values
    return chosen
