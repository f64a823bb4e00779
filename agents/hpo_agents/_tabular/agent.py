"""Shared parts of agents with a Q table: training, acting one by one or in a batch, files."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_agents._tabular.designs import ALL, Design, Episodes
from hpo_agents._tabular.table import QTable
from hpo_agents._tabular.training import Plan, TableTraining
from hpo_baselines._runs.trained import Trained, check_like
from hpo_gym.base import Ints, StateError
from hpo_gym.env import Runs
from hpo_gym.optimize import Arrays, Context
from hpo_gym.problem import Query, Task, Trial

_PLAN = tuple(f.name for f in fields(Plan))


@dataclass(eq=False, repr=False, kw_only=True)
class QAgent(Trained):
    """Learning on a table; subclasses choose the design, and add its settings.

    A run is greedy: it takes the candidate of the highest value (of equals, the lowest) that is new to the run
    and can be evaluated, with pairs below `trust` updates last. Nothing is drawn, so the generator of a run is not
    read. If nothing new is left, the run ends.

    Args:
        steps: Trials of the training; None: 4,000,000 (some six seconds on AutoML).
        budget: Trials of a training episode.
        runs: Episodes side by side.
        reward: "regret_drop" (reads the oracle, of training tasks only), or a registered reward.
        gamma: Discount.
        alpha_min: Floor of the step size n^-0.7.
        epsilon_min: Share of random actions at the end of the training; it falls from 1 linearly.
        trust: Pairs with fewer updates are chosen last.

    Attributes:
        table: The learned table, None before `train` or `load`.
    """

    version = 1
    smoke: ClassVar[Mapping[str, Any]] = {"candidates": 16, "budget": 6, "steps": 2000, "gamma": 0.5}

    steps: int | None = Plan.steps
    budget: int = Plan.budget
    runs: int = Plan.runs
    reward: str = Plan.reward
    gamma: float = Plan.gamma
    alpha_min: float = Plan.alpha_min
    epsilon_min: float = Plan.epsilon_min
    trust: int = Plan.trust

    def __post_init__(self) -> None:
        self.table: QTable | None = None
        self._design: Design
        self._asked: Ints
        self._contexts: Sequence[Context] = ()
        self._acting: Episodes | None = None

    @abstractmethod
    def make_design(self) -> Design:
        """Return a new design from the settings."""

    @property
    def plan(self) -> Plan:
        """Return the training plan from the settings."""
        return Plan(**{name: getattr(self, name) for name in _PLAN})

    def learn(
        self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int | None
    ) -> None:
        """Many runs at once; of the tables at half, three quarters and the end of the training, the one with the least
        mean regret on `validation` is kept."""
        plan = self.plan if steps is None else replace(self.plan, steps=steps)
        design = self.make_design()
        design.fit(tasks, rng)
        self.table = TableTraining(design, plan).learn(tasks, validation, rng)
        self._design, self._acting = design, None
        self._space = max(tasks, key=lambda t: t.space.d).space

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run.

        Raises:
            StateError: Neither trained nor loaded.
            InvalidValueError: The space of the context is not the one trained on.
        """
        self._begin([context], context.space.d)

    def ask(self) -> Query | None:
        """Return the best new configuration; None if nothing new is left."""
        seen, context = self._ready(), self._contexts[0]
        self._choose(seen)
        if self._asked[0] < 0:
            return None
        at = seen.propose(self._asked)
        if at.ndim == 1:
            assert context.pool is not None
            at = context.pool[at]
        return Query(context.space.from_unit(at[0]))

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        seen = self._ready()
        x = self._contexts[0].space.to_unit(trial.config)[None]
        seen.tell(ALL, self._asked, x, np.array([trial.score]))
        self._asked = np.full(1, -1)

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` runs; raises as `reset`."""
        self._begin(contexts, max(c.space.d for c in contexts))

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], None]:
        """Return the next evaluation of each run; row -1, or a point of NaN, if nothing new is left."""
        seen = self._ready()
        self._catch_up(seen, runs)
        self._choose(seen)
        at = seen.propose(np.maximum(self._asked, 0))
        at = np.array(at, np.int64 if at.ndim == 1 else np.float64)
        at[self._asked < 0] = -1 if at.ndim == 1 else np.nan
        return at, None

    def _begin(self, contexts: Sequence[Context], d: int) -> None:
        self._needed(self.table, "reset")
        self._contexts = tuple(contexts)
        self._acting = self._design.act_on(contexts, d)
        self._asked, self._reported = np.full(len(contexts), -1), np.zeros(len(contexts), np.int64)

    def _ready(self) -> Episodes:
        if self._acting is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._acting

    def _choose(self, seen: Episodes) -> None:
        assert self.table is not None
        allowed = seen.allowed()
        a = self.table.greedy(seen.states(), allowed, self.plan.trust)
        self._asked = np.where(allowed.any(1), a, -1)

    def _catch_up(self, seen: Episodes, runs: Runs) -> None:
        """Tell the trials that the runs have had since the last call."""
        for new in runs.since(self._reported.copy()):
            x = runs.batch.points(runs.task[new.who], new.at)
            seen.tell(new.who, self._asked[new.who], x, new.score.astype(np.float64))
            self._asked[new.who] = -1
            self._reported[new.who] += 1

    # ------------------------------------------------------------------ files
    def arrays(self) -> Arrays:
        assert self.table is not None
        return {**self.table.to_arrays(), **self._design.to_arrays()}

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        assert self._space is not None
        self._design = self.make_design()
        self._design.from_arrays(self._space, arrays)
        self.table = _table(self, arrays)


def _table(agent: QAgent, arrays: Arrays) -> QTable:
    plan = agent.plan
    table = QTable(*agent._design.size(), gamma=plan.gamma, alpha_min=plan.alpha_min)
    wanted = table.to_arrays()
    check_like({name: arrays[name] for name in wanted}, wanted)
    table.from_arrays(arrays)
    return table
