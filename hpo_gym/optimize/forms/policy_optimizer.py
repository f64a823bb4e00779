"""`PolicyOptimizer`: a policy that was trained on the env, used through ask and tell on any objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Never

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Keys, StateError, finite, shown
from hpo_gym.env import (
    ALL_RUNS,
    CODECS,
    OBSERVERS,
    SCORES,
    Codec,
    Contexts,
    Observer,
    Part,
    Runs,
    make_part,
    make_runs,
    view_of,
)
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem import (
    FULL,
    SPENT,
    Evaluated,
    Points,
    PoolBatch,
    Query,
    Scale,
    SearchSpace,
    Task,
    TaskBatch,
    Trial,
    horizon,
    mean_log_costs,
    most_trials,
    over,
    pool_of,
)

Policy = Callable[[Any, np.random.Generator], Any]
"""From one observation to one action."""


class PolicyOptimizer:
    """Choose by a policy, with the same observations as in the env.

    Args:
        policy: From an observation (of one run, without a batch axis) and a generator to an action.
        observer, codec: As in `gym.make`, from the policy's training.
        scale: The meta-train statistics of the policy's training.
        space: The search space of the policy's training, if wider than a run's own: further columns are inactive.
    """

    version = 1

    def __init__(
        self,
        policy: Policy,
        observer: Part | Observer = "last",
        codec: Part | Codec = "box",
        *,
        scores: str = "raw",
        scale: Scale | None = None,
        space: SearchSpace | None = None,
    ) -> None:
        if not callable(policy):
            rule = "must be a function of an observation and a generator that returns an action"
            raise InvalidValueError(f"`policy` {rule}, got {shown(policy)}.")
        self.policy, self.space = policy, space
        served = SCORES.get(scores)()
        seen: Observer = observer if isinstance(observer, Observer) else make_part(OBSERVERS, observer, served=served)
        self.observer, self.codec = seen, make_part(CODECS, codec)
        self.scale = scale or Scale()
        self._runs: Runs | None = None

    @property
    def remembers(self) -> tuple[str, ...]:
        """Return the measurements that its observer shows."""
        return self.observer.remembers

    @property
    def reads(self) -> tuple[str, ...] | None:
        """Return the signals that its observer shows; None: all."""
        return self.observer.reads

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run; the instance of the run (candidate draws) is drawn from `rng`."""
        space = self.space or context.space
        self._batch = _Told(context, space.d) if context.pool is None else _ToldPool(context, space.d)
        candidates = getattr(self.codec, "candidates", None) or self.observer.candidates
        self._contexts = Contexts(
            space, view_of(self._batch), context.budget, self.scale, candidates, fidelities=tuple(context.fidelities),
            in_cost=context.unit is not None, earlier_costs=_earlier_costs(context),
            continued=np.ones(1, bool) if context.checkpoints else None,
        )  # fmt: skip
        self._units = None if context.unit is None else np.array([context.unit])
        self._rng, self._given, self._seen = rng, list[Trial](), context.signals
        self._instance = rng.integers(0, 2**63, 1).astype(np.uint64)
        self._asked = False
        self._runs = self._begin()

    def ask(self) -> Query | None:
        """Return the policy's next query; None when it stops or the budget is spent."""
        runs = self._ready()
        self._asked = True
        least = self._contexts.fidelities[0] if self._units is None else SPENT
        if over(float(np.max(self._contexts.budget - runs.spent)), least):
            return None
        obs = self.observer(self._contexts, runs)
        one = {k: v[0] for k, v in obs.items()} if isinstance(obs, dict) else obs[0]
        action = np.asarray(self.policy(one, self._rng))[None]
        at, fidelity, stop = self.codec.decode(self._contexts, runs, action)
        if stop is not None and stop[0]:
            return None
        return Query(self._batch.config(0, at[0]), 1.0 if fidelity is None else float(fidelity[0]))

    @property
    def runs(self) -> Runs:
        """The run so far, as observers and codecs read it."""
        return self._ready()

    def spaces(self) -> tuple[gym.Space[Any], gym.Space[Any]]:
        """Observation and action space of a run, after `reset`."""
        self._ready()
        return self.observer.space(self._contexts), self.codec.space(self._contexts)

    def masks(self) -> NDArray[np.bool_]:
        """Return the sensible actions now, ``(a,)``, without configurations tried before; for discrete actions."""
        return np.asarray(self.codec.masks(self._contexts, self._ready(), untried=True)[0])

    def tell(self, trial: Trial) -> None:
        """Record an outcome; outcomes before the first `ask` are the initial design."""
        runs = self._ready()
        if self._asked:
            self._record(runs, trial)
        else:
            self._given.append(trial)
            self._runs = self._begin()

    def _record(self, runs: Runs, trial: Trial) -> None:
        space = runs.batch.tasks[0].space
        at = runs.batch.place(runs.task, space.to_unit(trial.config)[None])
        outcome = Evaluated(np.array([trial.score]), np.array([trial.cost]), np.array([int(trial.status)], np.int8))
        fidelity = np.array([trial.fidelity]) if self.codec.fidelity else None
        if "signals" in runs:
            runs.signals = self._batch.seen(trial.signals)
        runs.record(at, outcome.score, outcome, fidelity)

    def _begin(self) -> Runs:
        """Begin a new run in the same instance; all outcomes so far become its initial design, free of charge."""
        if self._units is None:
            most = horizon(self._contexts.budget, self._contexts.fidelities if self.codec.fidelity else FULL)
        else:
            most = most_trials(self._contexts.budget, self._contexts.fidelities)
        self._contexts = replace(self._contexts, n_init=len(self._given), horizon=most + len(self._given))
        keep = ("cost", "status") if self.observer.outcomes else ()  # no look-up gives them
        runs = make_runs(self._batch, 1, self._contexts, self.observer, self.codec, units=self._units, keep=keep)
        runs.begin(ALL_RUNS, np.zeros(1, np.int64), self._instance)
        if "signals" in runs:
            runs.signals = self._batch.seen(self._seen)
        for trial in self._given:
            self._record(runs, trial)
        runs.refund()
        return runs

    def _ready(self) -> Runs:
        if self._runs is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._runs


def _earlier_costs(context: Context) -> NDArray[np.float32] | None:
    """Return the cost of each row of the pool on earlier tasks, ``(1, m)``, for a budget in cost; see `Contexts`."""
    if context.unit is None or context.pool is None:
        return None
    pool = context.pool
    same = [e for e in context.prior if e.x is pool or np.array_equal(e.x, pool, equal_nan=True)]
    return mean_log_costs(same, len(pool))[None]


class _ReportedTask(Task):
    """A task that is not ours to evaluate."""

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        raise StateError("Scores of this run are told, not evaluated.")


class _Told(TaskBatch):
    """One task with reported scores: its whole space, shown with `d` columns."""

    def __init__(self, context: Context, d: int) -> None:
        self.space, self.d, self.signals = context.space, d, tuple(context.signals)
        nan, levels = float("nan"), tuple(context.fidelities)
        self.tasks = (_ReportedTask("told", "told", "", self.space, nan, nan, levels, context.meta_features),)

    def place(self, task: Ints, x: Points) -> NDArray[Any]:
        return self._wide(self.space.snap(x[:, : self.space.d]))

    def evaluate(self, base: Ints, at: NDArray[Any], fidelity: Floats | None, instance: Keys) -> Never:
        raise StateError("Scores of this run are told, not evaluated.")

    def points(self, task: Ints, at: NDArray[Any]) -> Points:
        return self._wide(np.asarray(at, np.float64))

    def outcome(self, base: Ints, at: NDArray[Any] | None, fidelity: Floats | None) -> tuple[Floats, NDArray[np.int8]]:
        return np.zeros(len(base)), np.zeros(len(base), np.int8)

    def config(self, task: int, at: int | NDArray[Any]) -> dict[str, Any]:
        return self.space.from_unit(np.asarray(at)[: self.space.d])

    def seen(self, signals: Mapping[str, float]) -> NDArray[np.float32]:
        """Return the signals of the run, ``(1, s)``, from numbers by name."""
        if set(signals) != set(self.signals):
            raise InvalidValueError(f"`trial.signals` must be {sorted(self.signals)}, got {sorted(signals)}.")
        wrong = [name for name in self.signals if finite(signals[name]) is None]
        if wrong:
            raise InvalidValueError(
                f"`trial.signals[{wrong[0]!r}]` must be a finite number, got {signals[wrong[0]]!r}."
            )
        return np.array([[signals[name] for name in self.signals]], np.float32)

    def _wide(self, x: Points) -> Points:
        """Return points with all columns; columns outside the run's space are .5."""
        lacking = self.d - x.shape[-1]
        return np.concatenate([x, np.full((*x.shape[:-1], lacking), 0.5)], -1) if lacking > 0 else x


class _ToldPool(_Told, PoolBatch):
    """One task with reported scores: the pool of its context."""

    one_pool = True

    def __init__(self, context: Context, d: int) -> None:
        super().__init__(context, d)
        self.pool = np.asarray(context.pool, np.float64)
        self.m, self.offered = len(self.pool), context.offered
        self.there = np.ones(self.m, bool) if context.available is None else np.asarray(context.available, bool)
        self.measured, self.complete = self.there[None], bool(self.there.all())

    def place(self, task: Ints, x: Points) -> Ints:
        return pool_of(self.space, self.pool).nearest(self.space.snap(x[:, : self.space.d]), self.there)

    def nearest(self, task: Ints, x: Points) -> Ints:
        return pool_of(self.space, self.pool).nearest(x, np.ones(self.m, bool))

    def measured_rows(self, task: Ints, rows: Ints) -> Ints:
        return np.where(self.there[rows], rows, self.place(task, self.pool[rows]))

    @property
    def scores(self) -> Never:
        raise StateError("Scores of this run are told, not evaluated.")

    def points(self, task: Ints, at: Ints) -> Points:
        return self._wide(self.pool[at])

    def config(self, task: int, at: int | NDArray[Any]) -> dict[str, Any]:
        return self.space.from_unit(self.pool[at])
