"""Results of a comparison, as its user has them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hpo_gym.base import InvalidValueError, unknown
from hpo_gym.bench import frames
from hpo_gym.bench.origin import MADE
from hpo_gym.bench.plan import BenchPlan, opened
from hpo_gym.bench.single_runs import read_run, single_runs
from hpo_gym.bench.summaries import Findings
from hpo_gym.system import Store, write_files

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Names = str | Sequence[str]


@dataclass(frozen=True, repr=False)
class Results(Findings):
    """Findings of `benchmark`, its tables and its figures."""

    folder: Path = field(kw_only=True)

    @classmethod
    def of(cls, plan: BenchPlan, store: Store) -> Results:
        """Return the stored results of a plan; a missing cell counts as failed."""
        found = plan.findings(store)
        return cls(**vars(found), folder=plan.folder)

    @classmethod
    def of_shard(cls, plan: BenchPlan, store: Store) -> Results:
        """Return the results of a shard before its merge: the messages of failed cells."""
        return cls({"suites": {}}, {}, {}, plan.failures(store), folder=plan.folder)

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read a stored comparison, finished or not, from its trials; nothing is written.

        Raises:
            InvalidValueError: The folder holds none.
            DamagedDataError: It is damaged, or its suites have other data now.
        """
        with opened(Path(folder)) as (plan, store):
            return cls.of(plan, store)

    @property
    def failed_cells(self) -> int:
        """Return the number of failed cells."""
        return sum(o["failed_cells"] for s in self.data["suites"].values() for o in s["optimizers"].values())

    def to_frame(self) -> pd.DataFrame:
        """One row per suite and optimizer; means, with `_low` and `_high` for the intervals, NaN where there is none.

        Where `score` is "test", columns that begin with `validation_` hold the same of the validation score.
        """
        import pandas as pd

        lines = (
            {"suite": suite, "optimizer": name, "score": part["score"], **frames.flat(summary)}
            for suite, part in self.data["suites"].items()
            for name, summary in part["optimizers"].items()
        )
        return pd.DataFrame({key: math.nan if v is None else v for key, v in line.items()} for line in lines)

    def runs(self) -> pd.DataFrame:
        """One row per run; see `hpo_gym.bench.frames.runs`."""
        return frames.runs(self.curves, self.validation)

    def tasks(self) -> pd.DataFrame:
        """One row per task and optimizer, means over the replicates; see `hpo_gym.bench.frames.tasks`."""
        return frames.tasks(self.runs())

    def trials(self) -> pd.DataFrame:
        """One row per trial, from the store in `folder`; see `hpo_gym.bench.frames.trials`."""
        with opened(self.folder) as (plan, store):
            return frames.trials(plan, store)

    def hypervolume(self, objectives: Sequence[str]) -> pd.DataFrame:
        """One row per run, from the store in `folder`: the share of the front's hypervolume that it lacks, at the end
        (`hypervolume_regret`) and on average (`hypervolume_auc`); see `hpo_gym.bench.hypervolume`.

        Raises:
            UnknownNameError: A task has no such objective.
            InvalidValueError: A suite has no table.
        """
        from hpo_gym.bench.hypervolume import hypervolume_frame

        with opened(self.folder) as (plan, store):
            return hypervolume_frame(plan, store, objectives)

    def to_markdown(self, *, timings: bool = True) -> str:
        """Return the tables of all suites."""
        from hpo_gym.bench.report.tables import markdown_text

        return markdown_text(self.data, timings=timings)

    def to_latex(self, *, timings: bool = False) -> str:
        """Return a table of each suite, for the package `booktabs`."""
        from hpo_gym.bench.report.tables import latex_text

        return latex_text(self.data, timings=timings)

    def plot_regret(
        self, suite: str | None = None, *, highlight: Names | None = None, path: str | Path | None = None
    ) -> Figure:
        """Mean regret over trials with its intervals, on a logarithmic axis.

        The axis ends at half the lowest mean, at 1e-4 at the least: bands that go lower are cut there.

        Args:
            suite: May be left out where there is one.
            highlight: Optimizers that have a colour, a label and a band; the others are grey lines. None: the controls
                and the six with the best mean rank of the AUC. The fewer they are, the stronger is each band.
            path: Where to save the figure as well: .png, .svg or .pdf, the same bytes every time.

        Raises:
            UnknownNameError: There is no such suite or optimizer.
            InvalidValueError: `highlight` is empty, or names more than twelve beside the controls.
        """
        return self._drawn("regret", suite, highlight, path)

    def plot_ranks(
        self, suite: str | None = None, *, highlight: Names | None = None, path: str | Path | None = None
    ) -> Figure:
        """Mean ranks over trials; arguments as of `plot_regret`."""
        return self._drawn("ranks", suite, highlight, path)

    def plot_profile(
        self, suite: str | None = None, *, highlight: Names | None = None, path: str | Path | None = None
    ) -> Figure:
        """Plot the share of tasks with an AUC of at most tau; arguments as in `plot_regret`."""
        return self._drawn("profile", suite, highlight, path)

    def plot_task(
        self, task: str, suite: str | None = None, *, highlight: Names | None = None, path: str | Path | None = None
    ) -> Figure:
        """Regret over trials on one task; other arguments as of `plot_regret`.

        Raises:
            UnknownNameError: It is no task of the suite.
        """
        name = self._suite(suite)
        if task not in self.curves[name][0].tasks:
            raise unknown(f"task in the results of {name}", task, self.curves[name][0].tasks)
        return self._drawn("regret", name, highlight, path, task)

    def plot_run(
        self, task: str, optimizer: str, replicate: int = 0, suite: str | None = None, *, path: str | Path | None = None
    ) -> Figure:
        """Plot one run: above the scores in order, below the configurations; other arguments as in `plot_regret`.

        Raises:
            UnknownNameError: There is no such task or optimizer.
            InvalidValueError: There is no such run, or it failed.
        """
        from hpo_gym.bench.report.run_figure import draw_run
        from hpo_gym.bench.report.style import shown

        name = self._suite(suite)
        by_optimizer = {c.optimizer: c for c in self.curves[name]}
        tasks = self.curves[name][0].tasks
        for kind, given, known in (("task", task, tasks), ("optimizer", optimizer, by_optimizer)):
            if given not in known:
                raise unknown(f"{kind} in the results of {name}", given, known)
        with opened(self.folder) as (plan, store):
            run = read_run(plan, store, by_optimizer[optimizer], task, replicate)
            axes = next(s for s in plan.suites.values() if s.name == name).task(task).space.hyperparameters
        if run is None:
            raise InvalidValueError(f"`replicate` must be of a run that is done, got {replicate!r}.")
        return shown(draw_run(run, axes, f"{name}, {task}: {optimizer}"), path)

    def _drawn(
        self, kind: str, suite: str | None, highlight: Names | None, path: str | Path | None, task: str = ""
    ) -> Figure:
        from hpo_gym.bench.report.figures import draw
        from hpo_gym.bench.report.style import highlighted, shown, styles

        curves = self.curves[self._suite(suite)]
        look = styles(self.curves, None if highlight is None else highlighted(highlight, curves))
        drawn = [c.of_task(task) for c in curves] if task else curves
        return shown(draw(drawn, look, (kind,), task)[kind], path)

    def _suite(self, name: str | None) -> str:
        if name is None and len(self.curves) == 1:
            return next(iter(self.curves))
        if name not in self.curves:
            raise unknown("suite in these results", name, self.curves)
        return str(name)

    def __repr__(self) -> str:
        sizes = [f"{name} ({part['n_tasks']} tasks)" for name, part in self.data["suites"].items()]
        failed = f", {self.failed_cells} cells failed" if self.failed_cells else ""
        if not self.curves:
            return f"Results(a shard, {len(self.errors)} cells failed; {self.folder})"
        count = len(next(iter(self.curves.values())))
        return f"Results({count} optimizers on {', '.join(sizes)}{failed}; {self.folder})"

    def _repr_html_(self) -> str:
        """In a notebook: the best first, by suite."""
        frame = self.to_frame().sort_values(["suite", "auc"])
        columns = ["suite", "optimizer", "auc", "group", "gain", "p_holm", "failed_cells"]
        return str(frame[columns].to_html(index=False, float_format=lambda v: f"{v:.4g}", na_rep="", escape=True))

    def write(self, *, timings: bool = True, report: bool = True) -> None:
        """Write results.json and the report.

        Args:
            timings: Whether to show measured times and the origin of the runs.
        """
        data = self.data if timings else {k: v for k, v in self.data.items() if k != "timings"}
        write_files(self.folder, {"results.json": f"{json.dumps(data, indent=1, sort_keys=True)}\n".encode()})
        if not report:
            return
        from hpo_gym.bench.report import Beside, write_report

        with opened(self.folder) as (plan, store):
            runs, made = single_runs(plan, store, self.curves), json.loads(store.meta_get(MADE) or "{}")
            words, trainings = {e.name: e.word for e in plan.entrants}, max(e.trainings for e in plan.entrants)
        beside = Beside(runs, self.failed_trials, made, words, trainings, times=self.times)
        write_report(self.folder, self.data, self.curves, beside=beside, timings=timings)
