"""Runs of an optimizer: one at a time by ask and tell, or many at once; only `submit` spends budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, real, seeding, shown, whole
from hpo_gym.env import ALL_RUNS, Runs, Transition
from hpo_gym.optimize.fitting import check_onward
from hpo_gym.optimize.forms import optimizer_of
from hpo_gym.optimize.in_flight import Desk, check_in_flight
from hpo_gym.optimize.protocol import BatchOptimizer, Context, Optimizer
from hpo_gym.problem import (
    FULL,
    MOST,
    Budget,
    Evaluations,
    History,
    PoolBatch,
    PoolBatchView,
    Query,
    Refusal,
    Task,
    Trial,
    batch_of,
    check_task,
    floor_for,
    nearest_levels,
)
from hpo_gym.system import one_blas_thread

_TOLD = np.dtype(np.float64)  # a float, whatever the type of a table


class Run:
    """A run in the making by ask and tell: `Transition` of one run, whose trials are told.

    Args:
        context: Facts about the task, its budget among them; or that budget alone, in full evaluations.
        floor: The score of a failure before any success.

    Attributes:
        n_init: Size of the initial design.
        floor: As given.
        seconds: Time that the optimizer took for each suggestion, ask and tell together.
    """

    def __init__(
        self, task: Task, context: Context | float, instance: int, n_init: int = 0, floor: float = 0.0
    ) -> None:
        self.task, self.n_init, self.floor, self.seconds = task, n_init, floor, list[float]()
        batch, levels = task.alone, task.fidelities
        if n_init and batch.signals:
            raise InvalidValueError(
                f"`n_init` must be 0 on {task.suite!r}, whose trials go on from each other, got {n_init}."
            )
        known = context if isinstance(context, Context) else Context.of(task, context)
        self._unit, self._limit, self._instance = known.unit, known.limit, np.array([instance % 2**64], np.uint64)
        self._pool = batch if isinstance(batch, PoolBatch) else None
        # full evaluations of a table need no columns; the first trial of another kind asks for them
        plain = self._pool is not None and known.unit is None and float(known.limit.amount).is_integer()
        self._begin(FULL if plain else levels)
        self.trials = list(self._runs.view(0)) if n_init else []

    def _begin(self, levels: tuple[float, ...]) -> None:
        """Begin the run with the initial design, with room for trials at these fidelities."""
        limit, batch = self._limit, self.task.alone
        self._runs = Runs(
            batch, 1, limit.horizon(levels) + self.n_init, budget=limit.amount, fidelity=len(levels) > 1,
            floor=self.floor, units=None if self._unit is None else np.array([self._unit]),
            continued=np.array([True]) if limit.checkpoints else None, dtype=_TOLD,
        )  # fmt: skip
        self._turn = Transition(batch, self._runs, levels, self.n_init)
        self._turn.start(ALL_RUNS, np.zeros(1, np.int64), self._instance)

    def _admit_levels(self) -> None:
        """Begin anew with room for all fidelities, and repeat the trials, which were full evaluations of rows."""
        rows = self._runs.of_one(self._runs.at)[self.n_init :].tolist()
        self._begin(self.task.fidelities)
        for row in rows:
            self._turn.submit(np.array([row]), np.ones(1), None)

    @property
    def tabular(self) -> bool:
        """Whether a table answers."""
        return self._pool is not None

    @property
    def signals(self) -> dict[str, float]:
        """Return the current signals of the run, by name, if trials build on each other."""
        names = self._runs.batch.signals
        return dict(zip(names, self._runs.signals[0].tolist(), strict=True)) if names else {}

    @property
    def spent(self) -> float:
        """Budget used, in its unit."""
        return float(np.asarray(self._runs.spent).item())

    @property
    def over(self) -> bool:
        """Whether the budget left pays for no evaluation; of one in cost, whether it is spent, or no trial has room."""
        return bool(self._turn.over.item(0))

    def submit(self, query: Query) -> Trial:
        """Evaluate a query; an unaffordable fidelity is lowered to an affordable one.

        With a budget in cost, a trial beyond the rest of the budget is cut. A `Refusal` is not evaluated: it costs a
        full evaluation, or a unit of a budget in cost, as far as there is one left.
        """
        if not isinstance(query, Query):
            raise InvalidValueError(f"`ask` must return a Query or None, got {type(query).__name__}: {query!r:.80}.")
        refused, level = isinstance(query, Refusal), self.task.level(query.fidelity)
        if (refused or level < 1.0) and len(self.task.fidelities) > 1 and "fidelity" not in self._runs:
            self._admit_levels()
        turn, runs = self._turn, self._runs
        at_level = np.array([level]) if "fidelity" in runs else None
        if refused:
            turn.submit(np.zeros_like(runs.at[0]), at_level, None, np.ones(1, bool))
        elif self._pool is None:
            x = self.task.space.to_unit(query.config)[None]
            turn.submit(turn.batch.place(runs.task, x), at_level, None)
        else:
            row = self._pool.row_of(0, query.config)
            if runs.scalar:
                runs.submit_one(row)
            else:
                turn.submit(np.array([row]), at_level, None)
        ended = turn.ended()
        if not ended.none:
            turn.finish(ended)
        trial = runs.last_trial(0)
        if refused:
            trial = replace(trial, query=replace(query, fidelity=trial.fidelity))
        self.trials.append(trial)
        return trial


def rollout(
    optimizer: object,
    task: Task,
    budget: float | None = None,
    *,
    seed: int = 0,
    prior: Sequence[Evaluations] = (),
    n_init: int = 0,
    budget_cost: float | None = None,
    checkpoints: bool = False,
    workers: int = 1,
) -> History:
    """Let an optimizer tune one task.

    Args:
        optimizer: In any form (`hpo_gym.optimize.forms`); one with `reset`, `ask` and `tell` is not copied.
        budget: In full evaluations; without either budget, the task's own: 24 on `Trainings`, else 33.
        seed: Seed of the task instance and of the optimizer's choices.
        prior: Earlier tasks that the optimizer may know, such as ``suite.prior()``.
        n_init: Size of the initial design: evaluated first, reported to the optimizer and free of charge.
        budget_cost: Instead of `budget`, a budget in cost, in (0, 1e6] mean costs of a full evaluation of the task: a
            trial beyond the rest of the budget is cut (status TIMEOUT), and is the last.
        checkpoints: With `budget_cost`, whether a trial pays the difference to the cost of the highest lower fidelity
            of an earlier success of the same configuration, at least 0; only for tasks with one training through all
            fidelities (`Task.cumulative`).
        workers: Trials in flight, by simulated workers; see `hpo_gym.optimize.in_flight`. Not beside `checkpoints`.

    Raises:
        InvalidValueError: The optimizer proposes a point outside the search space; or costs of the task were not
            measured, or `budget_cost` pays for no trial; or `checkpoints` save nothing.
        SplitError: `prior` holds a relative of the task.
    """
    run, context, instance = begun(
        task, budget, seed=seed, prior=prior, n_init=n_init, budget_cost=budget_cost, checkpoints=checkpoints
    )
    chosen = optimizer_of(optimizer)
    check_in_flight("workers", workers, [task], checkpoints=context.checkpoints)
    rng = choices_of(chosen, instance)
    if workers > 1:
        return Desk(chosen, run, context, rng).fly(workers)
    run_one(chosen, run, context, rng)
    return History(tuple(run.trials), run.n_init)


def begun(
    task: Task, budget: float | None = None, *, seed: int = 0, prior: Sequence[Evaluations] = (), n_init: int = 0,
    budget_cost: float | None = None, checkpoints: bool = False,
) -> tuple[Run, Context, int]:  # fmt: skip
    """Return a run, the facts for its optimizer, and the instance seed: all of `rollout` but the optimizer."""
    check_task(task)
    if not isinstance(prior, Iterable) or not all(isinstance(earlier, Evaluations) for earlier in prior):
        raise InvalidValueError(f"`prior` must hold `Evaluations`, such as `suite.prior()`, got {shown(prior)}.")
    if budget_cost is None and checkpoints is False:
        limit = Budget(float(task.budget) if budget is None else real("budget", budget, 0.0, MOST, above=True))
    else:
        limit = Budget.of(budget, budget_cost, checkpoints)
    limit.kept_on([task])
    seed, n_init = whole("seed", seed, 0, 2**64 - 1), whole("n_init", n_init, 0, MOST)
    limit.units([task])
    instance = seeding.instance_seed(task.suite, task.name, "rollout", seed)
    context = Context.of(task, limit, prior, starts=seeding.starts_seed(instance))
    run = Run(task, context, instance, n_init, floor_for(task, prior))
    return run, replace(context, signals=run.signals) if run.signals else context, instance


def choices_of(optimizer: Optimizer, instance: int) -> np.random.Generator:
    """Return the generator of an optimizer's choices in a rollout."""
    return seeding.generator(seeding.optimizer_seed(instance, type(optimizer).__name__, {}))


def run_one(optimizer: Optimizer, run: Run, context: Context, rng: np.random.Generator) -> None:
    """Drive one run to its end; refuse an optimizer that learns from tables where trials go on from each other.

    On a table, linear algebra has one thread for the whole run: a model that limits it at each trial takes 15 us more.
    """
    with one_blas_thread() if run.tabular else nullcontext():  # an objective in this process keeps the user's setting
        for _ in turns(optimizer, run, context, rng):
            pass


def turns(optimizer: Optimizer, run: Run, context: Context, rng: np.random.Generator) -> Iterator[Trial]:
    """Yield `run_one` a trial at a time: each once it was reported to the optimizer."""
    if run.signals:
        check_onward(optimizer, run.task)
    clock = time.perf_counter
    optimizer.reset(replace(context, signals=run.signals) if run.signals else context, rng)
    for trial in run.trials:
        optimizer.tell(trial)
    while not run.over:
        start = clock()
        query = optimizer.ask()
        asked = clock()
        if query is None:
            return
        trial = run.submit(query)
        submitted = clock()
        optimizer.tell(trial)
        run.seconds.append(asked - start + clock() - submitted)
        yield trial


def run_batch(
    optimizer: BatchOptimizer,
    tasks: Sequence[Task],
    instances: Sequence[int],
    contexts: Sequence[Context],
    rngs: Sequence[np.random.Generator],
    *,
    budget: float | Budget,
    n_init: int,
    floor: float = 0.0,
    watch: Callable[[float], None] = lambda seconds: None,
) -> Runs:
    """Drive `n` runs on tasks of one search space, each to the same end as `run_one` would.

    Args:
        floor: The score of a failure before any success of its run.
        watch: Called with the seconds per suggestion of each step.
    """
    unique = list(dict.fromkeys(tasks))
    if batch_of(unique[:1]).signals:
        check_onward(optimizer, unique[0])
    place = {task: j for j, task in enumerate(unique)}
    batch, n, levels = batch_of(unique), len(tasks), unique[0].fidelities
    limit, multi = budget if isinstance(budget, Budget) else Budget(budget), len(levels) > 1
    runs = Runs(
        batch, n, limit.horizon(levels) + n_init, budget=float(limit.amount), fidelity=multi, floor=floor,
        units=limit.units(unique),
        continued=limit.kept_on(unique) if any(task.cumulative for task in unique) else None,
    )  # fmt: skip
    turn = Transition(batch, runs, levels, n_init)
    turn.start(ALL_RUNS, np.array([place[t] for t in tasks]), np.array(instances, np.uint64))
    optimizer.reset_batch(contexts, rngs)
    while not turn.over.all():
        start = time.perf_counter()
        chosen, fidelity = optimizer.ask_batch(runs)
        watch((time.perf_counter() - start) / n)
        at, stop, refused = placed(runs, np.asarray(chosen))
        idle = turn.over | stop
        if idle.all():
            break
        level = None
        if multi:
            level = np.ones(n) if fidelity is None else np.asarray(levels)[nearest_levels(levels, fidelity)]
        turn.submit(at, level, idle if idle.any() else None, refused)
        ended = turn.ended()
        if not ended.none:
            turn.finish(ended)
    return runs


REFUSED = -2
"""Row of a refused proposal, see `Refusal`; as a point it is infinity."""


def placed(runs: Runs, chosen: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Return the evaluated configurations of proposals; the runs without any left: row -1, or a point of NaN; and those
    whose proposal is refused, None where none is."""
    batch, refused = runs.batch, None
    if chosen.dtype.kind in "iu":
        stop = chosen < 0
        if not isinstance(batch, PoolBatchView) or (chosen >= batch.m).any():
            raise InvalidValueError(f"Rows must lie in [0, {batch.m - 1}] of a pool, got up to {int(chosen.max())}.")
        at = batch.measured_rows(runs.task, np.where(stop, batch.measured.argmax(1)[runs.task], chosen))
        if stop.any():
            refused = chosen == REFUSED
    else:
        if chosen.shape != (runs.n, runs.d):
            raise InvalidValueError(f"Points must have shape ({runs.n}, {runs.d}), got {chosen.shape}.")
        stop = ~np.isfinite(chosen).any(1)
        at = batch.place(runs.task, np.where(stop[:, None], 0.5, chosen))
        if stop.any():
            refused = np.isinf(chosen).all(1)
    if refused is None or not refused.any():
        return at, stop, None
    return at, stop & ~refused, refused
