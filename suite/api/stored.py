"""Read a results folder: ``load`` and the values that it returns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from suite.api.frames import with_units
from suite.api.words import Folder
from suite.api.words import path as path_of
from suite.catalogue.registry import unknown
from suite.results.compressed import locate, tables_in
from suite.results.folder import Results as Files
from suite.results.manifest import Manifest
from suite.types import UserError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawn


def load(folder: Folder) -> Results:
    """Return what a results folder holds, one that ``run`` made or a packed one.

    Its tables are read when they are asked for. Warns where a table is not as the suite wrote it.
    Raises UserError where the folder is not a results folder.

    >>> import suite
    >>> results = suite.load("results/reference/quick")
    >>> "training" in results.studies
    True
    """
    from suite.results.checksums import altered

    results = Results(path_of(folder))
    changes = altered(results.folder, results.manifest)
    if changes:
        parts = "; ".join(f"{kind}: {', '.join(names[:3])}" for kind, names in changes.items())
        warnings.warn(f"{folder} is not as the suite wrote it ({parts})", stacklevel=2)
    return results


@dataclass(frozen=True)
class Figure:
    """A figure of a results folder, which a notebook shows by itself.

    ``caption`` says what is drawn: the quantity, its unit, the conditions. ``claims``: the claims
    whose verdicts belong to it. ``png``: the image file. ``figure``: the figure of matplotlib, to
    be changed or saved in another form.

    >>> import suite
    >>> figure = suite.load("results/reference/quick").figure("activation_mean_square")
    >>> figure.png[1:4]
    b'PNG'
    """

    name: str
    title: str
    caption: str
    claims: tuple[str, ...]
    png: bytes = field(repr=False)
    figure: Drawn = field(repr=False, compare=False)

    def save(self, path: Folder) -> Path:
        """Write the PNG file and return its path."""
        target = Path(path)
        target.write_bytes(self.png)
        return target

    def _repr_png_(self) -> bytes:
        return self.png


@dataclass(frozen=True)
class Results:
    """What a results folder holds; each method reads its table and returns a new data frame.

    ``attrs["units"]`` of a frame maps its columns to their units; a column that it does not name
    is a name, a count or an axis. A field that was not measured is NaN.

    >>> import suite
    >>> results = suite.load("results/reference/quick")
    >>> results
    Results('results/reference/quick': profile quick, studies training, ...)
    """

    folder: Path

    @property
    def manifest(self) -> Manifest:
        """What was planned, and what the numbers depend on: versions, machine, seeds, command.

        >>> import suite
        >>> suite.load("results/reference/quick").manifest.root_seed
        0
        """
        return Files(self.folder).manifest()

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies that were run, in the order of the page."""
        return self.manifest.studies

    @property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        """Study -> its tables.

        >>> import suite
        >>> suite.load("results/reference/quick").tables["training"]
        ('layers', 'runs')
        """
        return {
            study: tuple(name.removesuffix(".csv") for name in tables_in(self.folder / study))
            for study in self.studies
        }

    def runs(self, study: str) -> pd.DataFrame:
        """Return one row for each run of a study: its axes, the seed, the status, the metrics.

        Raises UserError for a study that the folder does not have.

        >>> import suite
        >>> runs = suite.load("results/reference/quick").runs("training")
        >>> runs.groupby("activation")["heldout_accuracy"].median().round(2).to_dict()["tanh"]
        0.99
        >>> runs.attrs["units"]["heldout_loss"]
        'nats'
        """
        from suite.results.read_runs import read_runs

        self._check(study)
        return with_units(read_runs(self.folder, study))

    def table(self, study: str, name: str) -> pd.DataFrame:
        """Return a table of a study.

        Each row belongs to a run, or to all seeds of a cell: then a metric is their median, and
        ``_low`` and ``_high`` are quantiles. Raises UserError for an unknown study or table.

        >>> import suite
        >>> layers = suite.load("results/reference/quick").table("propagation", "layers")
        >>> {"layer", "activation_mean_square", "activation_mean_square_high"} < {*layers}
        True
        """
        from suite.results.tables import read_table

        self._check(study)
        if name == "runs":
            return self.runs(study)
        if name not in self.tables[study]:
            raise unknown(f"table of {study} in {self.folder}", name, self.tables[study])
        return with_units(read_table(self.folder / study / f"{name}.csv"))

    def layers(self, study: str) -> pd.DataFrame:
        """Return the table ``layers`` of a study: what was measured in each layer.

        >>> import suite
        >>> suite.load("results/reference/quick").layers("training")["layer"].max()
        np.int64(5)
        """
        return self.table(study, "layers")

    def summary(self, study: str | None = None) -> pd.DataFrame:
        """Return one row for each cell and metric: median, 95 % interval, number of seeds.

        ``study``: its cells alone, with its axes; None: all studies, where an axis that a study
        lacks is empty. ``centre``, ``low`` and ``high`` have the unit of the column ``unit``.

        >>> import suite
        >>> summary = suite.load("results/reference/quick").summary("training")
        >>> accuracy = summary[summary["metric"] == "heldout_accuracy"]
        >>> accuracy[["centre", "low", "high"]].max().to_list()
        [0.993, 0.991, 0.996]
        """
        from suite.planning.axes import AXES
        from suite.results.tables import read_table

        frame = read_table(self.folder / "summary.csv")
        if study is None:
            return with_units(frame)
        self._check(study)
        rows = frame[frame["study"] == study].reset_index(drop=True)
        absent = [a for a in AXES.names if a in rows and (rows[a].isna() | (rows[a] == "")).all()]
        return with_units(rows.drop(columns=absent))

    def verdicts(self) -> pd.DataFrame:
        """Return one row for each stored verdict; ``check`` judges again.

        ``estimate``, ``low``, ``high`` and the band are in the unit of the metric, or of a ratio.
        Raises UserError where the folder has not been judged.

        >>> import suite
        >>> verdicts = suite.load("results/reference/quick").verdicts()
        >>> set(verdicts["verdict"]) <= {"supported", "refuted", "undecided", "not judged"}
        True
        """
        from suite.judging.verdicts import read_verdicts, to_frame

        return to_frame(read_verdicts(self.folder))

    def findings(self) -> pd.DataFrame:
        """Return what the rows show without any claim: differences and surprises, the largest
        first.

        They are read from the folder where it has a table of them, and computed now where it has
        none.

        >>> import suite
        >>> list(suite.load("results/reference/quick").findings().columns[:3])
        ['kind', 'study', 'table']
        """
        from suite.commands.check import examine
        from suite.discovery.kinds import FINDINGS
        from suite.results.tables import read_table

        if locate(self.folder / FINDINGS) is not None:
            return read_table(self.folder / FINDINGS)
        found = examine(self.folder).findings
        assert found is not None  # it is None only beside claims of a user's own
        return found

    def figure(self, name: str) -> Figure:
        """Draw a figure of the page by its name, the stem of its file in ``figures/``.

        Nothing is written. Raises UserError for a name that the folder cannot draw.

        >>> import suite
        >>> suite.load("results/reference/quick").figure("activation_mean_square").title
        'Forward: mean square of the activations by layer'
        """
        from suite.report.figures import figures

        [(drawing, image)] = figures(self.folder, [name])
        return Figure(name, drawing.title, drawing.caption, drawing.claims, image, drawing.figure)

    def _check(self, study: str) -> None:
        if study not in self.studies:
            raise unknown(f"study of {self.folder}", study, self.studies)
        if locate(self.folder / study / "runs.csv") is None:
            raise UserError(f"{self.folder} has no runs of {study} yet: the run did not finish")

    def __repr__(self) -> str:
        return (
            f"Results({str(self.folder)!r}: profile {self.manifest.profile}, studies"
            f" {', '.join(self.studies)})"
        )
