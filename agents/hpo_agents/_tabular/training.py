"""Training of a Q table: many runs side by side, one update of the table at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_agents._policy.validate import mean_regret
from hpo_agents._tabular.designs import ALL, Design
from hpo_agents._tabular.table import QTable, epsilon_at
from hpo_gym.base import Floats, Ints, InvalidValueError, Mask, whole_fields
from hpo_gym.env import ALL_RUNS, REWARDS, Contexts, Judge, Runs, judge_of, make_part, view_of
from hpo_gym.problem import Task, TaskBatch, batch_of, scale_of

_CHECKED = (0.5, 0.75, 1.0)  # shares of the training after which the validation tasks are asked
USUAL_STEPS = 4_000_000
_LEAST_EPISODES = 40  # in a row, so that a short training sees its own policy change


@dataclass(frozen=True)
class Plan:
    """Plan of a training.

    Attributes:
        steps: Trials of the training; None for `USUAL_STEPS`.
        budget: Trials of an episode.
        runs: Episodes side by side, at most.
        reward: A registered reward.
        gamma: Discount.
        alpha_min: Floor of the step size n^-0.7.
        epsilon_min: Share of random actions at the end; it falls from 1 linearly.
        trust: When greedy, pairs with fewer updates are chosen last.
    """

    steps: int | None = None
    budget: int = 33
    runs: int = 1024
    reward: str = "regret_drop"
    gamma: float = 0.1
    alpha_min: float = 0.003
    epsilon_min: float = 0.1
    trust: int = 20

    def __post_init__(self) -> None:
        for name in ("gamma", "alpha_min", "epsilon_min"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                near = min(max(value, 0.0), 1.0)
                raise InvalidValueError(f"`0 <= {name} <= 1` must hold, got {value}; the nearest is {near}.")
        for name, least in (("steps", 0), ("budget", 1), ("runs", 1), ("trust", 0)):
            value = getattr(self, name)
            if not (name == "steps" and value is None):
                whole_fields(self, least, name)


@dataclass(frozen=True, eq=False)
class Step:
    """One trial of `n` runs side by side.

    Attributes:
        s, a, r: State, action and reward, each ``(n,)``.
        s_next: The next state, ``(n,)``.
        allowed: The available actions there, ``(n, actions)``; none only if the episode is over.
        over: Whether the episode ended with it, ``(n,)``.
        live: Whether the run took it at all, ``(n,)``; false if the episode was over before.
    """

    s: Ints
    a: Ints
    r: Floats
    s_next: Ints
    allowed: Mask
    over: Mask
    live: Mask

    @property
    def last(self) -> bool:
        """Return whether no run continues."""
        return not (self.live & ~self.over).any()

    def teach(self, table: QTable) -> None:
        """Move Q(s, a) towards r + gamma max_a' Q(s', a') in the runs that are live, towards r where they are over."""
        live = self.live
        if live.any():
            following = np.where(self.over, 0.0, table.best(self.s_next, self.allowed))
            table.update(self.s[live], self.a[live], self.r[live], following[live], self.over[live])


@dataclass(frozen=True)
class TableTraining:
    """Training of a table for a fitted design, by a plan."""

    design: Design
    plan: Plan

    def learn(self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator) -> QTable:
        """Train a table.

        Returns:
            The table at the end; with validation tasks, the one of three moments that has the least regret on them.
        """
        design, plan = self.design, self.plan
        table = QTable(*design.size(), gamma=plan.gamma, alpha_min=plan.alpha_min)
        space = max(tasks, key=lambda t: t.space.d).space
        batch = batch_of(tasks)
        contexts = Contexts(space, view_of(batch), float(plan.budget), scale_of(tasks), horizon=plan.budget)
        steps = USUAL_STEPS if plan.steps is None else plan.steps
        n = max(1, min(plan.runs, steps // (plan.budget * _LEAST_EPISODES)))
        episodes = steps // (n * plan.budget)
        checks = {max(1, round(episodes * share)) for share in _CHECKED} if validation else set()
        judge = judge_of(make_part(REWARDS, plan.reward), batch.tasks)
        course = _Episodes(design, contexts, judge, n)
        least, kept = np.inf, table
        for e in range(episodes):
            course.play(table, batch, rng, epsilon_at(e / episodes, last=plan.epsilon_min))
            if e + 1 in checks:
                regret = self._regret(table, validation)
                if regret <= least:
                    least, kept = regret, table.copy()
        return kept

    def _regret(self, table: QTable, tasks: Sequence[Task]) -> float:
        """`mean_regret` of greedy runs, one on each task."""
        design, plan = self.design, self.plan
        batch, k = batch_of(tasks), len(tasks)
        runs = Runs(batch, k, plan.budget, budget=float(plan.budget))
        runs.begin(ALL_RUNS, np.arange(k), np.zeros(k, np.uint64))
        seen = design.train_on(batch, np.arange(k))

        def step() -> None:
            a = table.greedy(seen.states(), seen.allowed(), plan.trust)
            runs.submit(seen.propose(a))
            seen.tell(ALL, a, None, runs.last)

        return mean_regret(tasks, runs, step)


@dataclass(frozen=True)
class _Episodes:
    """Episodes of `n` runs on tasks that are drawn."""

    design: Design
    contexts: Contexts
    judge: Judge
    n: int

    def play(self, table: QTable, batch: TaskBatch, rng: np.random.Generator, epsilon: float) -> None:
        """Play one episode, in which the table learns."""
        design, contexts, n = self.design, self.contexts, self.n
        task = rng.integers(len(batch.tasks), size=n)
        runs = Runs(batch, n, contexts.horizon, budget=contexts.budget, floor=contexts.scale.floor, view=contexts.batch)
        runs.begin(ALL_RUNS, task, rng.integers(0, 2**63, n).astype(np.uint64))
        seen = design.train_on(batch, task)
        s, allowed = seen.states(), seen.allowed()
        live: Mask = np.asarray(allowed.any(1))
        if not live.any():
            return
        a = table.explore(rng, s, allowed, epsilon)
        for t in range(contexts.horizon):
            runs.submit(seen.propose(a))
            seen.tell(ALL, a, None, runs.last)
            s_next, allowed = seen.states(), seen.allowed()
            over = np.full(n, t + 1 == contexts.horizon) | ~allowed.any(1)  # a run that has tried everything is over
            step = Step(s, a, self.judge(contexts, runs), s_next, allowed.copy(), over, live)
            step.teach(table)
            if step.last:
                return
            a, s, live = table.explore(rng, s_next, allowed, epsilon), s_next, live & ~over
