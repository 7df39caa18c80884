"""Plan and run: ``plan`` and ``run``, as the commands of these names."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from suite.api.stored import Results
from suite.api.words import Files, Folder, Values, listed_files, names, parsed, path, paths, sets
from suite.commands.main import datasets_of, plugins_of
from suite.planning import grids
from suite.types import Stack

if TYPE_CHECKING:
    import pandas as pd

    from suite.commands.run.pipeline import Shown


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    >>> import suite
    >>> suite.plan("training", profile="quick", seeds=2, frameworks="torch")
    Plan(training: 12 cells, 24 runs)
    """

    studies: tuple[str, ...]
    jobs: int
    _plan: grids.Plan = field(repr=False)

    @property
    def sizes(self) -> pd.DataFrame:
        """A row for each study: its cells, runs, stacks, seconds on one core, and bytes at the
        peak of its largest stack."""
        import pandas as pd

        counts = [{"study": name, **self._plan.count(name)} for name in self.studies]
        frame = pd.DataFrame(counts)
        frame.attrs["units"] = {"seconds": "s", "bytes": "bytes"}
        return frame

    @property
    def seconds(self) -> float:
        """The expected seconds on ``jobs`` processes."""
        return self._plan.shortest(self.jobs)

    def cells(self, study: str) -> pd.DataFrame:
        """Return a row for each cell of a study: its axes, and its number of seeds.

        >>> import suite
        >>> plan = suite.plan("training", set={"activation": "gelu", "depth": [4, 16]}, seeds=3)
        >>> set(plan.cells("training")["activation"]), set(plan.cells("training")["seeds"])
        ({'gelu'}, {3})
        """
        import pandas as pd

        seeds: dict[Any, int] = {}
        for stack in self._plan.stacks[study]:
            for member in stack.members:
                seeds[member.cell] = seeds.get(member.cell, 0) + 1
        return pd.DataFrame([{**dict(cell.values), "seeds": n} for cell, n in seeds.items()])

    def margins(self, folder: Folder, *, claims: Files = ()) -> pd.DataFrame:
        """Return how clearly this plan would decide each claim, judging by a stored run.

        A row for each verdict to come: ``margin`` in standard errors at ``seeds`` seeds, and
        ``needed``, the seeds that would decide it. ``attrs["left_out"]`` maps a reason to the
        number of claims that have no margin for that reason. ``claims``: files of your own claims.
        Raises UserError where the folder has no verdicts.

        >>> import suite
        >>> plan = suite.plan("training", profile="quick", frameworks=["torch", "tensorflow"])
        >>> {"claim", "margin", "needed"} < {*plan.margins("results/reference/quick")}
        True
        """
        import pandas as pd

        from suite.judging.projected_margins import Margin, project

        projected = project(self._plan, path(folder), paths(claims))
        frame = pd.DataFrame(
            [vars(margin) for margin in projected.margins], columns=[*Margin.__annotations__]
        )
        frame.attrs["left_out"] = dict(projected.left_out)
        frame.attrs["units"] = {"margin": "standard errors"}
        return frame

    def __repr__(self) -> str:
        parts = []
        for name in self.studies:
            count = self._plan.count(name)
            parts.append(f"{name}: {count['cells']} cells, {count['runs']} runs")
        return f"Plan({'; '.join(parts)})"


def plan(
    *studies: str,
    profile: str = "standard",
    set: Values | None = None,
    seeds: int | None = None,
    until_decided: bool = False,
    max_seeds: int | None = None,
    frameworks: str | Iterable[str] | None = None,
    root: int = 0,
    jobs: int | None = None,
    plugins: Files = (),
    datasets: str | Iterable[str] = (),
) -> Plan:
    """Return what ``run`` would do with the same arguments. Nothing runs.

    Raises UserError as ``run`` does; a framework need not be installed.

    >>> import suite
    >>> suite.plan("training", set={"activation": "tanh"}, frameworks="torch").sizes["cells"].sum()
    np.int64(18)
    """
    from suite.commands import arguments, selection

    given = parsed(
        "plan",
        *studies,
        profile=profile,
        set=sets(set),
        seeds=seeds,
        until_decided=until_decided,
        max_seeds=max_seeds,
        frameworks=names(frameworks),
        root=root,
        jobs=jobs,
        plugin=listed_files(plugins),
        dataset=listed_files(datasets),
    )
    with plugins_of(given), datasets_of(given):
        chosen = selection.selected_plan(given)
    return Plan(tuple(chosen.stacks), arguments.jobs(given), chosen)


def run(
    *studies: str,
    profile: str = "standard",
    set: Values | None = None,
    seeds: int | None = None,
    until_decided: bool = False,
    max_seeds: int | None = None,
    frameworks: str | Iterable[str] | None = None,
    root: int = 0,
    jobs: int | None = None,
    plugins: Files = (),
    datasets: str | Iterable[str] = (),
    out: Folder | None = None,
    reuse: Files = (),
    timeout: int | None = None,
    executor: str | None = None,
    scheduler: str | None = None,
    config: Folder | None = None,
    skip_broken: bool = False,
    report: bool = False,
    progress: bool | None = None,
) -> Results:
    """Measure, summarise and judge, and return the results.

    ``studies``: names of studies; none: all, or with the profile quick the headline studies.
    ``profile``: quick, standard or full. ``set``: axis -> the value or values that run (see
    docs/reference/commands.md). ``seeds``: the number of seeds of every cell. ``until_decided``:
    add seeds, at most ``max_seeds``, until what the profile promises is decided. ``frameworks``:
    those to measure, else torch and tensorflow, where installed. ``root``: the root seed. ``jobs``:
    worker processes. ``plugins``: files or installed modules with items of your own, which are then
    named as in ``my:snake``. ``datasets``: files of data, as ``"table.csv,label=species"``.
    ``out``: the results folder, else one in ``results/``. ``reuse``: folders whose stored stacks
    are taken over. ``timeout``: seconds after which a worker is taken to hang. ``executor``: what
    measures, as a name or ``MODULE:FACTORY``; ``scheduler`` and ``config`` are for ``dask`` and
    ``parsl``. ``skip_broken``: whether items of your own that break their contract are left out.
    ``report``: whether to draw the page as well. ``progress``: whether to show the progress; None:
    in a notebook only.

    The same call again resumes what was interrupted. A script needs no ``if __name__ ==
    "__main__"``: workers do not import it. Raises UserError for wrong arguments and a folder that
    contains another run, and OSError where something cannot be stored.

    >>> import suite
    >>> results = suite.run(
    ...     "weighting", profile="quick", seeds=2, frameworks="numpy", jobs=1, out=folder / "first"
    ... )
    >>> results.runs("weighting")["status"].unique().tolist()
    ['ok']
    """
    from suite.commands import run as command

    given = parsed(
        "run",
        *studies,
        profile=profile,
        set=sets(set),
        seeds=seeds,
        until_decided=until_decided,
        max_seeds=max_seeds,
        frameworks=names(frameworks),
        root=root,
        jobs=jobs,
        plugin=listed_files(plugins),
        dataset=listed_files(datasets),
        out=out,
        reuse=listed_files(reuse),
        timeout=timeout,
        executor=executor,
        scheduler=scheduler,
        config=config,
        skip_broken=skip_broken,
        no_report=not report,
    )
    told = shown(in_notebook() if progress is None else progress)
    with plugins_of(given), datasets_of(given):
        return Results(command.measured(given, told).results.folder)


def shown(progress: bool) -> Shown:
    """Return how a run shows itself: with its progress alone, or not at all."""
    from suite.commands.run.pipeline import Shown
    from suite.measuring.progress import Progress

    if not progress:
        return Shown(lambda line: None, _quiet)
    # In a notebook the standard error is not a terminal, and what is shown is a line of text.
    return Shown(lambda line: None, partial(Progress, rewritten=not sys.stderr.isatty()))


def _quiet(plan: grids.Plan, stacks: Sequence[Stack]) -> contextlib.nullcontext[Any]:
    return contextlib.nullcontext(lambda result: None)


def in_notebook() -> bool:
    """Return whether this is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"
