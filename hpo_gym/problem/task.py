"""A task: a search space and a way to score. A task batch: `k` tasks of one kind, scored for many runs at once.

Score: higher is better; a task whose metric is a loss negates it at its own boundary.
"""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Keys, Mask, StateError, seeding, shown
from hpo_gym.problem.budget import BUDGET
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.objectives.objective import Objective
from hpo_gym.problem.shipped import ByName
from hpo_gym.problem.space import Points, SearchSpace
from hpo_gym.problem.trial import Query, Status, Trial

BEST, LAST = "best", "last"
"""Results of a run: its best trial, the last one, or the mean of all."""


class Evaluated(NamedTuple):
    """Outcomes of `n` evaluations, each `(n,)`.

    `score` is finite, or -inf where `status` is not OK: a run then has the worst score that it has seen (see `Runs`).
    """

    score: Floats
    cost: Floats
    status: NDArray[np.int8]


class ScoreScale(NamedTuple):
    """Mean and standard deviation of scores, and the lowest one."""

    mean: float
    sd: float
    floor: float


@dataclass(frozen=True, eq=False)
class Task(ByName, ABC):
    """A search space and a way to score.

    Attributes:
        name: Unique in its suite: the data set's name or id.
        family: Shared by data sets of one origin; no split divides a family.
        suite: Name of the suite, part of the key of noise.
        best: The best reachable score, NaN if unknown. Metrics and the training-only rewards read it, agents never do.
        worst: The score of normalised regret 1, NaN if unknown.
        fidelities: Available shares of a full evaluation, ascending; the last is 1.
        meta_features: Numbers that describe the data set; None where unknown.
    """

    name: str
    family: str
    suite: str
    space: SearchSpace
    best: float = math.nan
    worst: float = math.nan
    fidelities: tuple[float, ...] = (1.0,)
    meta_features: Mapping[str, float | None] = field(default_factory=dict)

    @abstractmethod
    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Score `n` canonical points ``(n, d)`` at fidelities ``(n,)``; `key` ``(n,)`` is the seed of the noise."""

    @property
    def bounded(self) -> bool:
        """Return whether the best and the worst score are known."""
        return math.isfinite(self.best) and math.isfinite(self.worst)

    @property
    def noisy(self) -> bool:
        """Return whether the score depends on the key."""
        return False

    @property
    def counts(self) -> str:
        """Return the result of a run: its "best" trial or the "last" one."""
        return BEST

    @property
    def env(self) -> Mapping[str, Any]:
        """Keywords that an env of such tasks has where it is given none: `budget`, `observer`, `codec`, `reward`."""
        return {}

    @property
    def budget(self) -> int:
        """Return the default budget of a run in full evaluations: that of `env`, else 33."""
        return int(self.env.get("budget", BUDGET))

    @property
    def cost_unit(self) -> float:
        """Mean cost of a configuration at full fidelity, in the task's own unit; NaN where no costs were measured.

        A budget in cost is counted in it (see `hpo_gym.problem.costs`).
        """
        return math.nan

    @property
    def least_costs(self) -> tuple[float, ...]:
        """Return the cost of the cheapest configuration at each of `fidelities`; empty without measured costs."""
        return ()

    @property
    def cumulative(self) -> bool:
        """Return whether one training passes through all fidelities, so that the cost of one includes the lower ones.

        A budget in cost can then charge the difference only (see `hpo_gym.problem.costs`).
        """
        return False

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Return the known quantities of a configuration beside its score and cost."""
        return ()

    def objectives_at(self, x: Points) -> Floats:
        """Return the values of `objectives` at canonical points ``(n, d)``, in their own units: ``(n, o)``."""
        return np.empty((len(x), 0))

    @property
    def exact(self) -> bool:
        """Return whether no run can beat `best`; otherwise it is the best found so far."""
        return True

    @property
    def score_scale(self) -> ScoreScale | None:
        """Return the scale of scores for tasks without stored evaluations; others take it from meta-train."""
        return None

    def noise_keys(self, instance: Keys, x: Points, fidelity: Floats) -> Keys:
        """Keys of the noise, ``(n,)``: a hash of suite, task, configuration, fidelity and instance."""
        return noise_keys(instance, x, fidelity, self)

    def noise_free(self, x: Points) -> Floats:
        """Return the score without noise at full fidelity, ``(n,)``, for reports."""
        one = np.ones(len(x))
        return self.evaluate(x, one, np.zeros(len(x), np.uint64)).score

    def test_scores(self, x: Points) -> Floats | None:
        """Scores on data that no choice has seen, at full fidelity, ``(n,)``: reports read them, optimizers never do.

        A failure has the worst of the task. None where not every configuration that can be chosen has one.
        """
        return None

    @property
    def test_range(self) -> tuple[float, float] | None:
        """The best and the worst test score of all configurations that can be chosen, or None as of `test_scores`."""
        return None

    @property
    def pool(self) -> Points | None:
        """All configurations that can be evaluated, ``(m, d)``, or None if unlimited."""
        return None

    @property
    def offered(self) -> Ints | None:
        """Return the row at each place where an agent chooses by place: see `PoolBatchView`."""
        return None

    @property
    def measured(self) -> Mask | None:
        """Return the rows of the pool measured on this task, ``(m,)``; None if all were."""
        return None

    @property
    def measured_pool(self) -> Points | None:
        """The rows of the pool that were measured, or None where there is no pool."""
        return self.pool if self.pool is None or self.measured is None else self.pool[self.measured]

    @property
    def starts(self) -> Points | None:
        """Initial designs ``(s, n, d)`` in the place of drawn ones of at most `n`: replicate `r` of a comparison has
        design ``r % s``. None: there are none."""
        return None

    @property
    def optimum_x(self) -> Points | None:
        """A canonical point of score `best`, ``(d,)``, or None where it is not known, or only by search of the pool."""
        return None

    @property
    def failed(self) -> float | None:
        """Return the score of a failure before any success of its run, the same for all tasks of a suite.

        None: it is that of the earlier tasks with a table, see `floor_of`, or else 0.
        """
        return None

    @property
    def prior_evaluations(self) -> int:
        """Return how many evenly spread points optimizers of other tasks may know where there is no table.

        None by default, since each is an evaluation; a class of tasks with free evaluations states a number.
        """
        return 0

    def evaluations(self) -> Evaluations:
        """Return the evaluations that optimizers of other tasks may know: its `prior_evaluations`, or a whole table."""
        x, none, status = self.space.spread(self.prior_evaluations), np.empty(0), np.empty(0, np.int8)
        out = Evaluated(none, none, status)
        if len(x):
            out = self.evaluate(x, np.ones(len(x)), np.zeros(len(x), np.uint64))
        score = finite_scores(out.score)
        return Evaluations(self.name, self.family, x, score, out.cost, out.status, meta_features=self.meta_features)

    def remembered(self) -> Evaluations:
        """Return `evaluations` as later tasks know them, with rows that were never candidates of this task."""
        return self.evaluations()

    def close(self) -> None:
        """End all processes of the task; later use starts them anew."""

    @classmethod
    def batch(cls, tasks: Sequence[Any], d: int) -> TaskBatch:
        """Put tasks of this class together for batch evaluation; `d` columns, at least those of each task."""
        return SeparateTasks(tasks, d)

    @property
    def together(self) -> object:
        """Tasks that have the same are evaluated by one batch of their class."""
        return type(self)

    @functools.cached_property
    def alone(self) -> TaskBatch:
        """The batch of this task alone."""
        return self.batch((self,), self.space.d)

    def level(self, fidelity: float) -> float:
        """Return the nearest fidelity that can be evaluated (of two equally near, the lower)."""
        return min(self.fidelities, key=lambda f: abs(f - fidelity))

    def run(self, config: Mapping[str, Any], fidelity: float = 1.0, seed: int = 0, *, failed: float = 0.0) -> Trial:
        """Evaluate one configuration.

        Args:
            config: One value for each active hyperparameter.
            fidelity: Share of a full evaluation, in (0, 1]; the nearest that the task has is used.
            seed: Seed of the noise; where there is none it changes nothing.
            failed: The score of a failure that has none of its own: the worst that the run has seen, by rights.

        Raises:
            InvalidValueError: The configuration is not in the search space, or the fidelity not in (0, 1].
        """
        query = Query(config, fidelity)
        x = self.space.to_unit(query.config)[None]
        level = self.level(query.fidelity)
        keys = self.noise_keys(np.array([seed % 2**64], np.uint64), x, np.array([level]))
        out = self.evaluate(x, np.array([level]), keys)
        query, score = Query(self.space.from_unit(x[0]), level), float(out.score[0])
        return Trial(
            query, failed if score == -math.inf else score, float(out.cost[0]), Status(int(out.status[0])),
            objectives=dict(zip((o.name for o in self.objectives), self.objectives_at(x)[0].tolist(), strict=True)),
        )  # fmt: skip


def finite_scores(score: Floats) -> Floats:
    """Scores of a task ``(m,)`` that may all be known, as of an earlier one: a failure has the worst of the others."""
    lost = np.isneginf(score)
    return np.where(lost, score[~lost].min(initial=0.0 if lost.all() else np.inf), score) if lost.any() else score


def noise_keys(instance: Keys, x: Points, fidelity: Floats, task: Task) -> Keys:
    """Key of the noise of each evaluation, ``(n,)``: a hash of suite, task, configuration, fidelity and instance."""
    keys = seeding.mix(instance, seeding.key("noise", task.suite, task.name))
    for column in (*np.rint(x.T * 2.0**32).astype(np.uint64), np.rint(fidelity * 2.0**32).astype(np.uint64)):
        keys = seeding.mix(keys, column)
    return keys


class Known(Protocol):
    """Facts about a task known before any evaluation; a `Task` has more."""

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def space(self) -> SearchSpace: ...
    @property
    def meta_features(self) -> Mapping[str, float | None]: ...


class TaskBatchView(ByName, ABC):
    """Known facts about `k` tasks, and their evaluable configurations: no score, and no bound on their best.

    An evaluable configuration is `at`: rows of a pool ``(n,)``, or points ``(n, d)``.

    Attributes:
        tasks: Known facts about each; a run's `task` is a position in this sequence.
        d: Columns of points, at least those of each task.
        m: Rows of the pool, 0 without one.
        signals: Names of the signals of a run beside its scores; empty if trials do not build on each other.
        objectives: Quantities of a configuration beside its score and cost, the same for all tasks.
    """

    tasks: Sequence[Known]
    d: int
    m: int = 0
    signals: tuple[str, ...] = ()
    objectives: tuple[Objective, ...] = ()

    @abstractmethod
    def place(self, task: Ints, x: Points) -> NDArray[Any]:
        """Return the evaluated configurations of proposals ``(n, d)``: nearest measured rows ``(n,)``, or points."""

    @abstractmethod
    def points(self, task: Ints, at: NDArray[Any]) -> Points:
        """Return the points in the unit cube ``(n, d)`` of evaluated configurations."""


class PoolBatchView(TaskBatchView):
    """`TaskBatchView` of tasks with a pool: their configurations are its `m` rows, measured on a task or not.

    Attributes:
        measured: Rows measured on each task, ``(k, m)``.
        complete: Whether all were.
        one_pool: Whether all tasks share one pool.
        offered: The row at each place where an agent chooses by place, ``(m,)``, or ``(k, m)`` by task; None: row 0
            is at place 0 and so on. The rows of a shared pool that ships are offered in an order by key: as stored,
            the default configuration is first, and a policy that counts knows it.
    """

    measured: Mask
    complete: bool
    one_pool: bool
    offered: Ints | None = None

    def rows_at(self, task: Ints, places: Ints) -> Ints:
        """Return the rows at places, ``(n,)``."""
        rows = self.offered
        return places if rows is None else rows.take(places) if rows.ndim == 1 else rows[task, places]

    def places_of(self, task: Ints, rows: Ints) -> Ints:
        """Return the places of rows, ``(n,)``: the inverse of `rows_at`."""
        places = self._places_of_rows
        return rows if places is None else places.take(rows) if places.ndim == 1 else places[task, rows]

    def by_place(self, task: Ints, by_row: NDArray[Any]) -> NDArray[Any]:
        """Return values of rows ``(n, m)`` by place."""
        rows = self.offered
        if rows is None:
            return by_row
        return by_row[:, rows] if rows.ndim == 1 else np.take_along_axis(by_row, rows[task], 1)

    @functools.cached_property
    def _places_of_rows(self) -> Ints | None:
        return None if self.offered is None else np.argsort(self.offered, axis=-1)

    @abstractmethod
    def measured_rows(self, task: Ints, rows: Ints) -> Ints:
        """Return the rows themselves if measured, else the nearest measured rows of the task, ``(n,)``."""

    def measured_row(self, task: int, row: int) -> int:
        """Return `measured_rows` for one row."""
        return int(self.measured_rows(np.array([task]), np.array([row])).item())

    @abstractmethod
    def nearest(self, task: Ints, x: Points) -> Ints:
        """Return the nearest rows, measured or not, of canonical points ``(n, d)``."""

    @functools.cached_property
    def measured_first(self) -> tuple[Ints, Ints]:
        """Return the rows of each task, measured ones first, ``(k, m)``, and the number of measured ones, ``(k,)``."""
        return np.argsort(~self.measured, axis=1, kind="stable"), self.measured.sum(1)


class TaskBatch(TaskBatchView):
    """`k` tasks evaluated for many runs at once.

    In a table, cost and status of `at` are looked up when asked for; elsewhere `evaluate` gives them.

    Attributes:
        fallible: Whether a trial can fail.
    """

    tasks: Sequence[Task]
    fallible: bool = True
    dtype: np.dtype[Any] = np.dtype(np.float64)
    _named: tuple[Ints, NDArray[Any]] | None = None  # tasks of runs, and their names

    @functools.cached_property
    def _names(self) -> NDArray[Any]:
        return np.array([task.name for task in self.tasks], object)

    def names(self, task: Ints) -> NDArray[Any]:
        """Return the names of runs' tasks, ``(n,)`` strings, read-only; the same array for the same array `task`."""
        named = self._named
        if named is None or named[0] is not task:
            named = self._named = task, self._names[task]
            named[1].flags.writeable = False
        return named[1]

    def base(self, task: Ints) -> Ints:
        """Per-run task data for `evaluate`, ``(n,)``, computed once per episode."""
        return task

    @abstractmethod
    def evaluate(
        self, base: Ints, at: NDArray[Any], fidelity: Floats | None, instance: Keys
    ) -> tuple[NDArray[Any], Evaluated | None]:
        """Scores ``(n,)``, and the whole outcome where it cannot be looked up."""

    def outcome(self, base: Ints, at: NDArray[Any] | None, fidelity: Floats | None) -> tuple[Floats, NDArray[np.int8]]:
        """Cost and status, fresh, each ``(n,)``, of evaluations that can be looked up.

        Args:
            base: Per-run task data; of tasks in one table, the flat place itself where `at` is None.
        """
        raise StateError("Cost and status of these tasks are given by `evaluate`, and looked up nowhere.")

    def further(self, base: Ints, at: NDArray[Any] | None) -> Floats:
        """Return the values of `objectives` of evaluations, ``(n, o)``, in their own units, as `outcome` takes them."""
        return np.empty((len(base), 0))

    def outcome_of(self, task: int, at: int | NDArray[Any], fidelity: float) -> tuple[float, int]:
        """Cost and status of one evaluation that can be looked up."""
        cost, status = self.outcome(self.base(np.array([task])), np.asarray(at)[None], np.array([fidelity]))
        return float(cost[0]), int(status[0])

    def close(self) -> None:
        """End all processes of the tasks."""
        for task in self.tasks:
            task.close()

    def config(self, task: int, at: int | NDArray[Any]) -> dict[str, Any]:
        """Return the configuration of one evaluation, a new dictionary."""
        space = self.tasks[task].space
        return space.from_unit(self.points(np.array([task]), np.asarray(at)[None])[0, : space.d])


class PlainTable(NamedTuple):
    """Full evaluations of `k` tasks with `m` rows as flat arrays.

    Attributes:
        shown: Rows in [-1, 1], with their scores behind where `scores` is empty, ``(k m, d + 3)``; of one pool without
            scores ``(m, d + 3)``.
        scores, stride: Scores by the flat place times `stride`, plus ``stride - 1``.
    """

    shown: NDArray[np.float32]
    scores: NDArray[np.float32]
    stride: int


class PoolBatch(TaskBatch, PoolBatchView):
    """Tasks with a pool, and its scores."""

    @property
    @abstractmethod
    def scores(self) -> NDArray[Any]:
        """True scores at full fidelity, ``(k, m)``; anything finite where not measured."""

    def row_of(self, task: int, config: Mapping[str, Any]) -> int:
        """Return the row that answers a configuration."""
        return int(self.place(np.array([task]), self.tasks[task].space.to_unit(config)[None]).item())

    def score_of(self, base: int, row: int, instance: Keys) -> float:
        """Return the score of one full evaluation, as `evaluate`, without arrays if possible; `instance`: ``(1,)``."""
        return float(self.evaluate(np.array([base]), np.array([row]), None, instance)[0].item())

    @property
    def signed(self) -> NDArray[np.float32] | None:
        """The pool in [-1, 1], ``(m, d)`` for one, ``(k, m, d)`` for a pool per task; None: not at hand."""
        return None

    @property
    def fused(self) -> NDArray[np.float32] | None:
        """By the flat place ``(k m, d + 3)``: row in [-1, 1], score, two free columns; None: not at hand."""
        return None

    @property
    def plain(self) -> PlainTable | None:
        """The pool as flat arrays, for compiled look-ups; None: not at hand, or scores are drawn or in float64."""
        return None

    @property
    def frames(self) -> NDArray[np.float32] | None:
        """Rows in [-1, 1] and three free columns: ``(m, d + 3)`` or by the flat place ``(k m, d + 3)``, or None."""
        return None


@overload
def pooled(batch: TaskBatch) -> PoolBatch: ...
@overload
def pooled(batch: TaskBatchView) -> PoolBatchView: ...
def pooled(batch: TaskBatchView) -> PoolBatchView:
    """Return a task batch, or its view, typed as one with a pool; raise `InvalidValueError` without one."""
    if not isinstance(batch, PoolBatchView):
        raise InvalidValueError("Rows can be drawn only from tasks with a pool of configurations, such as tables.")
    return batch


class TaskProgress(ABC):
    """State of `n` runs of tasks whose trials build on each other, such as the epochs of one training.

    Attributes:
        signals: Signals of each run, ``(n, s)``, all finite; replaced on change, never written.
    """

    signals: NDArray[np.float32]

    @abstractmethod
    def begin(self, which: Ints | None, task: Ints, instance: Keys) -> None:
        """Begin anew on `task` in instance `instance`, for all runs (None) or those at `which`."""

    @abstractmethod
    def advance(self, at: Points, idle: Mask | None) -> Evaluated:
        """Run one trial of each run except idle ones; arguments of idle runs are ignored."""

    @abstractmethod
    def save(self, i: int) -> dict[str, NDArray[Any]]:
        """All that run `i` is, by name, but for its task: fresh arrays."""

    @abstractmethod
    def load(self, i: int, saved: Mapping[str, NDArray[Any]]) -> None:
        """Turn run `i` into a saved one on the same task; `saved` has the names, types and shapes of `like`."""

    def like(self, i: int, saved: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Arrays with the names, types and shapes that run `i` would load of such a run: those of its own, or others.

        Others where shapes depend on the instance, which is in `saved`; nothing else of it is to be relied on.
        """
        return self.save(i)


class ProgressBatch(TaskBatch):
    """Tasks whose trials build on each other: each `Runs` holds a `TaskProgress` of its own."""

    @abstractmethod
    def progress(self, n: int, horizon: int) -> TaskProgress:
        """Room for `n` runs of at most `horizon` trials."""

    @abstractmethod
    def identity(self, task: int) -> str:
        """Return a hash of everything behind the course of a run; a snapshot with another hash is refused."""


class SeparateTasks(TaskBatch):
    """Tasks of any kind, evaluated one task at a time; spaces of fewer columns are padded by inactive ones."""

    def __init__(self, tasks: Sequence[Task], d: int) -> None:
        self.tasks = tuple(tasks)
        self.d = d

    def place(self, task: Ints, x: Points) -> Points:
        out = np.full((len(x), self.d), 0.5)
        for j, chosen in self._groups(task):
            space = self.tasks[j].space
            out[chosen, : space.d] = space.snap(x[chosen, : space.d])
        return out

    def evaluate(self, base: Ints, at: Points, fidelity: Floats | None, instance: Keys) -> tuple[Floats, Evaluated]:
        n = len(at)
        out = Evaluated(np.empty(n), np.empty(n), np.empty(n, np.int8))
        share = np.ones(n) if fidelity is None else fidelity
        for j, chosen in self._groups(base):
            t = self.tasks[j]
            x, f = at[chosen, : t.space.d], share[chosen]
            keys = t.noise_keys(instance[chosen], x, f) if t.noisy else instance[chosen]
            part = t.evaluate(x, f, keys)
            out.score[chosen], out.cost[chosen], out.status[chosen] = part
        return out.score, out

    def points(self, task: Ints, at: Points) -> Points:
        return at

    def _groups(self, task: Ints) -> list[tuple[int, Ints]]:
        order = np.argsort(task, kind="stable")
        which, start = np.unique(task[order], return_index=True)
        return list(zip(which.tolist(), np.split(order, start[1:]), strict=True))


def filled(n: int, value: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a fresh array ``(n,)`` of one value; NumPy's `full` and `ones` take three times as long."""
    out = np.empty(n, dtype)
    out.fill(value)
    return out


def check_task(task: object) -> None:
    """Refuse anything but a task, such as the name of a suite."""
    if not isinstance(task, Task):
        near = "`load_suite('SVM').tasks('test')[0]`"
        raise InvalidValueError(f"`task` must be a task, such as {near}, got {shown(task)}.")
