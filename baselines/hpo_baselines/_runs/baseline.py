"""`Baseline`: shared parts of baselines. One rule: a run's choices depend on that run alone, asked singly or in a
batch."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import StateError, generator
from hpo_gym.env import Runs
from hpo_gym.optimize import Context
from hpo_gym.problem import Points, Query, SearchSpace, Trial, keys, pool_of

Choice = int | Points
"""A row of the run's pool, or a canonical point ``(d,)`` where it has none."""

R = TypeVar("R", bound="Run")

_PATIENCE = 1000  # proposals in a row that were all tried before, until the plan (or the space) counts as used up
_BLOCK = 64  # points that are looked up at once
_SMALL = 2048  # combinations


@functools.lru_cache(maxsize=32)
def all_points(space: SearchSpace) -> Points | None:
    """All configurations of a space of at most 2,048 combinations as canonical points, ``(m, d)``; None of a larger."""
    if space.size > _SMALL:
        return None
    levels = space.levels(max(2, *(int(h.size) for h in space.hyperparameters)))
    x = space.snap(np.stack([c.ravel() for c in np.meshgrid(*levels, indexing="ij")], 1))
    x = np.unique(x, axis=0)
    return x[space.legal(x)]


class Ground:
    """State shared by runs of one context.

    Attributes:
        pool: The pool, or None.
        available: Rows that may be proposed at all, ``(m,)``; none without a pool.
    """

    def __init__(self, context: Context) -> None:
        rows = context.pool if context.pool is not None else all_points(context.space)
        self.pool = None if rows is None else pool_of(context.space, rows)
        self.available = np.zeros(0, bool) if self.pool is None else self.pool.first(context.available)


class Run:
    """One run: its trials, and its remaining choices.

    A small finite space is treated as a pool of all its configurations.

    Attributes:
        pool: The pool, or None.
        open: Rows that may still be proposed, ``(m,)``.
        x, score: Reported points and scores so far, the initial design first.
        cost: Their costs, if the method asks for them (see `Baseline`), else NaN.
        plan: See `follow`.
        stream: The random configurations of the run's instance, drawn on demand: of a pool all available rows in random
            order, else points of the space without end. All methods take their random trials from it, the next untried
            one, so in one cell they begin alike (see `Context.starts`).
    """

    def __init__(self, context: Context, rng: np.random.Generator, ground: Ground | None = None) -> None:
        self.context, self.rng, self.space = context, rng, context.space
        ground = Ground(context) if ground is None else ground
        self.pool, self.available = ground.pool, ground.available
        self.open = self.available.copy()
        self.x: list[Points] = []
        self.score: list[float] = []
        self.cost: list[float] = []
        self.plan: Iterator[Choice] | None = None
        self._seen: set[bytes] = set()
        self.stream = self._random()

    # ------------------------------------------------------------------ what happened
    def reported(self, x: Points, score: float, *, cost: float = np.nan) -> None:
        """Learn the score of a canonical point ``(d,)``."""
        if self.pool is None:
            self.learn(x, score, key=keys(x[None])[0], cost=cost)
        else:
            self.learn(x, score, row=self.pool.row(x), cost=cost)

    def learn(self, x: Points, score: float, *, row: int = -1, key: bytes = b"", cost: float = np.nan) -> None:
        """Record a trial like `reported`, of a point with a known row (-1 for none) or, without a pool, a known key."""
        self.x.append(x)
        self.score.append(score)
        self.cost.append(cost)
        if self.pool is None:
            self._seen.add(key)
        elif row >= 0:
            self._close(row)

    def _close(self, row: int) -> None:
        assert self.pool is not None
        if self.pool.distinct:
            self.open[row] = False
        else:
            self.open[self.pool.group == self.pool.group[row]] = False

    # ------------------------------------------------------------------ what comes next
    def point(self, choice: Choice) -> Points:
        """Return the canonical point of a choice, ``(d,)``."""
        if isinstance(choice, int):
            assert self.pool is not None
            return np.asarray(self.pool.x[choice])
        return choice

    def exact(self, x: Points) -> int:
        """Return the row equal to the canonical point `x` ``(d,)``: one that may be proposed, if any is; else -1."""
        assert self.pool is not None
        row = self.pool.row(x)
        if row >= 0 and not self.pool.distinct:
            same = np.flatnonzero(self.available & (self.pool.group == row))
            row = int(same[0]) if same.size else row
        return row

    def choices(self, x: Points) -> list[Choice]:
        """Return canonical points ``(n, d)`` as choices, looked up at once: their rows, if those may be proposed."""
        if self.pool is None:
            return list(x)
        rows = self.pool.exact(x) if self.pool.distinct else np.array([self.exact(point) for point in x], np.int64)
        rows = np.where((rows >= 0) & self.available[rows], rows, -1)
        return [point if row < 0 else row for point, row in zip(x, rows.tolist(), strict=True)]

    def known(self, x: Points) -> Iterator[Choice]:
        """Yield `choices` one after the other, looked up on demand."""
        for i in range(0, len(x), _BLOCK):
            yield from self.choices(x[i : i + _BLOCK])

    def nearest(self, x: Points) -> int:
        """Return the nearest row that may still be proposed, -1 if none is left."""
        assert self.pool is not None
        row = self.exact(x)
        return row if row >= 0 and self.open[row] else int(self.pool.nearest(x[None], self.open)[0])

    def take(self, choice: Choice) -> Choice | None:
        """Claim a choice; None where it was tried before.

        In a pool, a point that is no available row stands for the nearest row that is left.
        """
        if self.pool is None:
            assert not isinstance(choice, int)
            key = keys(choice[None])[0]
            if key in self._seen:
                return None
            self._seen.add(key)
            return choice
        row = choice if isinstance(choice, int) else self.exact(choice)
        if not isinstance(choice, int) and (row < 0 or not self.available[row]):
            row = self.nearest(choice)
        if row < 0 or not self.open[row]:
            return None
        self._close(row)
        return row

    def take_exact(self, x: Points) -> Choice | None:
        """Claim a canonical point itself; None where it was tried before or cannot be had."""
        row = -1 if self.pool is None else self.exact(x)
        return self.take(x if self.pool is None else row) if self.pool is None or row >= 0 else None

    def uniform(self) -> Choice | None:
        """Claim the next of `stream` that was not tried; None where none is left."""
        for misses, proposal in enumerate(self.stream):
            choice = self.take(proposal)
            if choice is not None:
                return choice
            if self.pool is None and misses >= _PATIENCE:
                break
        return None

    def _random(self) -> Iterator[Choice]:
        seed = self.context.starts
        rng = generator(int(self.rng.integers(2**63)) if seed is None else seed)
        if self.pool is not None:
            yield from map(int, rng.permutation(self.available.nonzero()[0]))
            return
        block = int(np.clip(np.ceil(self.context.budget), 1, 256))
        while True:
            yield from self.space.sample(rng, block)

    def follow(self, plan: Callable[[Run], Iterator[Choice]]) -> Choice | None:
        """Claim the next untried choice of the run's plan, made at the first call; once used up, `uniform`."""
        self.plan = plan(self) if self.plan is None else self.plan
        for misses, proposal in enumerate(self.plan):
            choice = self.take(proposal)
            if choice is not None:
                return choice
            if misses >= _PATIENCE:
                self.plan = iter(())
                break
        return self.uniform()


class Baseline(ABC):
    """An optimizer that chooses for any number of runs at once; asking for one is a batch of one.

    Its class states ``priced = True`` if its runs need the costs of their trials.
    """

    priced: ClassVar[bool] = False
    _runs: Sequence[Run] = ()

    @abstractmethod
    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next evaluation of each run; None if nothing is left to try."""

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a new run; every random choice of the run is drawn from `rng`."""
        self.reset_batch([context], [rng])

    def ask(self) -> Query | None:
        """Return the next query, or None if all has been tried."""
        run = self._only()
        (choice,) = self.choose([run])
        return None if choice is None else Query(run.space.from_unit(run.point(choice)))

    def tell(self, trial: Trial) -> None:
        """Learn the outcome; also of given points, before the first `ask`."""
        run = self._only()
        run.reported(
            run.space.to_unit(trial.config), float(trial.score), cost=float(trial.cost) if self.priced else np.nan
        )

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""
        grounds = grounds_of(contexts)
        self._runs = [Run(c, rng, grounds[c]) for c, rng in zip(contexts, rngs, strict=True)]

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Return the next evaluation of each run; -1 or a point of NaN if all has been tried."""
        if runs.n != len(self._runs):
            raise StateError(f"Call `reset_batch` with {runs.n} contexts before `ask_batch`, got {len(self._runs)}.")
        rows = runs.tabular and all(run.context.pool is not None for run in self._runs)
        _learn(self._runs, runs, rows, self.priced)
        choices = self.choose(self._runs)
        if rows:
            return np.array([-1 if c is None else c for c in choices], np.int64), None
        x = np.full((runs.n, runs.d), np.nan)
        for i, (run, choice) in enumerate(zip(self._runs, choices, strict=True)):
            if choice is not None:
                x[i] = 0.5
                x[i, : run.space.d] = run.point(choice)
        return x, None

    def _only(self) -> Run:
        if len(self._runs) != 1:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._runs[0]


class Planned(Baseline):
    """A baseline without regard to scores: each run follows a plan, without repeats, and ends at random."""

    @abstractmethod
    def plan(self, run: Run) -> Iterator[Choice]:
        """Return the configurations to try, best first; made at the run's first choice. Repeats are skipped."""

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the next of each run's plan."""
        return [run.follow(self.plan) for run in runs]


def claim_nearest(runs: Sequence[Run], x: Points) -> list[Choice | None]:
    """Claim the untried row nearest to each canonical point ``(n, d)``; without a pool, a random configuration."""
    out: list[Choice | None] = [None] * len(runs)
    pools: dict[int, list[int]] = {}
    for i, run in enumerate(runs):
        if run.pool is None:
            out[i] = run.uniform()
        else:
            pools.setdefault(id(run.pool), []).append(i)
    for members in pools.values():
        pool = runs[members[0]].pool
        assert pool is not None
        rows = pool.nearest(x[members], np.stack([runs[i].open for i in members])).tolist()
        for i, row in zip(members, rows, strict=True):
            out[i] = runs[i].take(row) if row >= 0 else None
    return out


def grounds_of(contexts: Sequence[Context]) -> dict[Context, Ground]:
    """Return the shared state of the runs of each context; contexts of one space and pool share one."""
    made: dict[tuple[SearchSpace, int, int], Ground] = {}
    out: dict[Context, Ground] = {}
    for context in contexts:
        same = context.space, id(context.pool), id(context.available)
        if same not in made:
            made[same] = Ground(context)
        out[context] = made[same]
    return out


class New(NamedTuple):
    """A trial that is new to a run: canonical point, row or key (see `Run.learn`), score, fidelity; cost, or NaN."""

    x: Points
    row: int
    key: bytes
    score: float
    fidelity: float
    cost: float


def news(mine: Sequence[R], runs: Runs, rows: bool, costs: bool = False) -> Iterator[tuple[R, New]]:
    """Return the new trials of each run, looked up at once.

    Args:
        rows: Trials are rows of the runs' own pools.
        costs: Whether to include costs.
    """
    for new in runs.since(np.array([len(run.score) for run in mine]), costs=costs):
        who, score, fidelity = [mine[i] for i in new.who.tolist()], new.score.tolist(), new.fidelity.tolist()
        cost = [np.nan] * len(who) if new.cost is None else new.cost.tolist()
        if rows:
            for run, row, s, f, c in zip(who, new.at.tolist(), score, fidelity, cost, strict=True):
                assert run.pool is not None
                yield run, New(run.pool.x[row], row, b"", s, f, c)
        else:
            x = runs.batch.points(runs.task[new.who], new.at)
            for run, point, row, key, s, f, c in zip(who, *_found(who, x), score, fidelity, cost, strict=True):
                yield run, New(point, row, key, s, f, c)


def _found(who: Sequence[Run], x: Points) -> tuple[list[Points], list[int], list[bytes]]:
    """Points ``(n, d)`` as canonical ones of each run's space, with their rows or keys."""
    points, rows, names = list(x), [-1] * len(x), [b""] * len(x)
    groups: dict[tuple[SearchSpace, int], list[int]] = {}
    for i, run in enumerate(who):
        groups.setdefault((run.space, id(run.pool)), []).append(i)
    for (space, _), members in groups.items():
        own, pool = space.snap(x[members, : space.d]), who[members[0]].pool
        found = keys(own) if pool is None else pool.exact(own).tolist()
        for i, point, one in zip(members, own, found, strict=True):
            points[i] = point
            if pool is None:
                names[i] = one
            else:
                rows[i] = one
    return points, rows, names


def _learn(mine: Sequence[Run], runs: Runs, rows: bool, costs: bool) -> None:
    """Tell each run the trials that are new to it; `rows`: they are rows of the runs' own pools."""
    for run, new in news(mine, runs, rows, costs):
        run.learn(new.x, new.score, row=new.row, key=new.key, cost=new.cost)
