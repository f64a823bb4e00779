"""Designs: the meaning of a Q table's states; its actions are candidates.

A `Design` is fitted once to the meta-train tasks; its `Episodes` are `n` runs as the table sees them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_agents._candidates.chosen import Candidates, choose_candidates
from hpo_gym.base import Floats, Ints, InvalidValueError, Mask
from hpo_gym.optimize import Context
from hpo_gym.problem import Points, PoolBatch, SearchSpace, Task, TaskBatch

Arrays = Mapping[str, NDArray[Any]]
Which = slice | Ints
ALL = slice(None)


class Design(ABC):
    """The meaning of a table's states and actions: actions are candidates.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.candidates: Candidates | None = None

    @property
    def ready(self) -> Candidates:
        assert self.candidates is not None
        return self.candidates

    def fit(self, tasks: Sequence[Task], rng: np.random.Generator) -> None:
        """Fit the design to the meta-train tasks."""
        self.candidates = choose_candidates(tasks, self.count, rng)

    def train_on(self, batch: TaskBatch, task: Ints) -> Episodes:
        """Begin a run on each of `task` ``(n,)``, places in the batch."""
        c = self.ready
        if c.rows is not None and isinstance(batch, PoolBatch) and batch.one_pool:
            good = batch.measured[:, c.rows][task]
            good[~good.any(1)] = True
            return Episodes(self, good, c.rows)
        x = c.points_on(max(batch.tasks, key=lambda t: t.space.d).space)
        return Episodes(self, np.ones((len(task), len(c.x)), bool), x, batch, task)

    def act_on(self, contexts: Sequence[Context], d: int) -> Episodes:
        """Begin a run in each context; `d` columns of the points told and proposed."""
        c = self.ready
        good = np.stack([c.open_on(context) for context in contexts])
        if all(context.pool is not None for context in contexts):
            return Episodes(self, good, np.stack([c.rows_in(context) for context in contexts]))
        widest = max(contexts, key=lambda context: context.space.d)
        return Episodes(self, good, c.points_on(widest.space)[:, :d])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted content as arrays."""
        c = self.ready
        return {"x": c.x} | ({} if c.rows is None else {"rows": c.rows})

    def from_arrays(self, space: SearchSpace, arrays: Arrays) -> None:
        """Load the output of `to_arrays`."""
        x, rows = arrays["x"], arrays.get("rows")
        if x.dtype != np.float64 or x.ndim != 2 or x.shape[1] != space.d:
            raise InvalidValueError(f"`x` must be float64 (c, {space.d}), got {x.dtype} {x.shape}.")
        if rows is not None and (rows.dtype != np.int64 or rows.shape != x.shape[:1] or rows.min() < 0):
            raise InvalidValueError(f"`rows` must be int64 ({len(x)},), not negative, got {rows.dtype} {rows.shape}.")
        self.candidates = Candidates(space, x, rows)

    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Return the number of states and of actions."""

    @abstractmethod
    def states_of(self, episodes: Episodes) -> Ints:
        """Return the state of each run, ``(n,)``."""


class Episodes:
    """Runs that try candidates.

    Args:
        design: Determines the state of a run.
        good: Mask of candidates that can be evaluated, ``(n, c)``.
        at: Their places: rows of a shared pool ``(c,)`` or of each run's ``(n, c)``, or points ``(c, d)``.
        batch, task: The evaluations in training.

    Attributes:
        left: Mask of new candidates that can be evaluated, ``(n, c)``.
        last: The last candidate, or `c` before the first and after another configuration, ``(n,)``.
        asked: Number of proposed candidates, ``(n,)``.
        best: Highest score so far, ``(n,)``.
    """

    def __init__(
        self,
        design: Design,
        good: Mask,
        at: NDArray[Any],
        batch: TaskBatch | None = None,
        task: Ints | None = None,
    ) -> None:
        n = len(good)
        self.design, self.at, self.batch, self.task = design, at, batch, task
        self.own = at.ndim == 2 and at.dtype.kind == "i"
        self.left = good.copy()
        self.last = np.full(n, good.shape[1])
        self.asked = np.zeros(n, np.int64)
        self.best = np.full(n, -np.inf)

    def states(self) -> Ints:
        """Return the state of each run, ``(n,)``."""
        return self.design.states_of(self)

    def allowed(self) -> Mask:
        """Return the actions that propose something new, ``(n, actions)``."""
        return self.left

    def propose(self, action: Ints) -> NDArray[Any]:
        """Return the evaluated configurations of actions ``(n,)``: rows ``(n,)`` or points ``(n, d)``."""
        at = np.asarray(self.at[np.arange(len(action)), action] if self.own else self.at[action])
        return at if self.batch is None or self.task is None else self.batch.place(self.task, at)

    def tell(self, which: Which, action: Ints, x: Points | None, score: Floats) -> None:
        """Learn the last trial of some runs.

        Args:
            which: The `b` runs.
            action: Their actions, -1 for the initial design, ``(b,)``.
            x: The evaluated points, ``(b, d)``; None if the actions proposed them.
            score: ``(b,)``.
        """
        runs = np.arange(len(self.last))[which]
        ours = action >= 0
        if not ours.all():
            assert x is not None
            action = action.copy()
            action[~ours] = self.design.ready.match(x[~ours])
        known = action < self.left.shape[1]
        self.left[runs[known], action[known]] = False
        if self.own:  # one row may stand for several candidates
            rows = self.at[runs[known]]
            self.left[runs[known]] &= rows != rows[np.arange(len(rows)), action[known]][:, None]
        self.last[runs] = action
        self.asked[runs] += ours
        self.best[runs] = np.maximum(self.best[runs], score)


class Following(Design):
    """State: the current configuration; action: the next one. One more state stands for the start."""

    def size(self) -> tuple[int, int]:
        c = len(self.ready.x)
        return c + 1, c

    def states_of(self, episodes: Episodes) -> Ints:
        return episodes.last.copy()


class Timed(Design):
    """State: how many trials were asked for, and the bucket of the incumbent's score; action: a candidate.

    Args:
        count: Candidates.
        horizon: Trials that are told apart; later ones are like the last.
        buckets: How many. Their bounds are quantiles, over the meta-train tasks, of a task's best score among the
            candidates; a run without a score is in the lowest.
    """

    def __init__(self, count: int, horizon: int, buckets: int) -> None:
        super().__init__(count)
        if buckets < 1:
            raise InvalidValueError(f"`buckets >= 1` must hold, got {buckets}.")
        self.horizon, self.buckets = horizon, buckets
        self.edges: Floats = np.zeros(0)

    def fit(self, tasks: Sequence[Task], rng: np.random.Generator) -> None:
        super().fit(tasks, rng)
        if self.buckets > 1:
            best = [t.noise_free(self.ready.points_on(t.space)).max() for t in tasks]
            self.edges = np.quantile(best, np.linspace(0, 1, self.buckets + 1)[1:-1])

    def size(self) -> tuple[int, int]:
        return self.horizon * self.buckets, len(self.ready.x)

    def states_of(self, episodes: Episodes) -> Ints:
        t = np.minimum(episodes.asked, self.horizon - 1)
        return t * self.buckets + np.searchsorted(self.edges, episodes.best)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return super().to_arrays() | {"edges": self.edges}

    def from_arrays(self, space: SearchSpace, arrays: Arrays) -> None:
        super().from_arrays(space, arrays)
        self.edges = arrays["edges"]
        if self.edges.shape != (self.buckets - 1,):
            raise InvalidValueError(f"`edges` must be ({self.buckets - 1},), got {self.edges.shape}.")
