"""What agents with a Q table have in common: training on many runs at once, acting one by one or in a batch, files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_agents.q_designs import ALL, Design, Episodes
from hpo_agents.q_table import QTable, epsilon_at
from hpo_agents.saved import read_agent, write_agent
from hpo_gym.contexts import Contexts
from hpo_gym.errors import InvalidValueError, SplitError, StateError
from hpo_gym.kernel import make_part
from hpo_gym.optimizer import Context
from hpo_gym.rewards import REWARDS, Reward
from hpo_gym.runs import Runs
from hpo_gym.space import SearchSpace
from hpo_gym.suite import scale_of
from hpo_gym.table_files import blame
from hpo_gym.task import Floats, Ints, Task, bank_of
from hpo_gym.trial import Query, Trial

_CHECKED = (0.5, 0.75, 1.0)  # shares of the training after which the validation tasks are asked
_LEAST_EPISODES = 40  # in a row, so that short trainings see their own policy change


class QAgent(ABC):
    """Q-learning on a table; subclasses say which design, and how it is set.

    A run is greedy: of the candidates or moves that are new to the run and can be evaluated, the one of the highest
    value (of equals, the lowest), those with fewer than `trust` updates last. Nothing is drawn, so the generator of a
    run is not read. Where nothing new is left, the run ends.

    Attributes:
        design: What states and actions stand for.
        table: What was learned, None before `train` or `load`.
        seen: Families that it was trained, or chosen by validation, on.
    """

    version = 1
    name: str
    steps: int
    gamma: float
    alpha_min: float
    epsilon_min: float
    reward: str
    budget: int
    runs: int
    trust: int
    _seen: frozenset[str] = frozenset()
    _suites: tuple[str, ...] = ()
    _space: SearchSpace | None = None
    _acting: Episodes | None = None
    table: QTable | None = None
    design: Design

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Arguments of the constructor, as JSON."""

    @abstractmethod
    def make_design(self) -> Design:
        """A new design, as set."""

    @property
    def seen(self) -> frozenset[str]:
        """Families of the tasks that it was trained (or chosen by validation) on."""
        return self._seen

    # ------------------------------------------------------------------ training
    def train(
        self,
        tasks: Sequence[Task],
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
    ) -> None:
        """Learn from `tasks`, many runs at once; of the table at half, three quarters and the end of the training, the
        one with the least mean regret on `validation` is kept.

        Args:
            tasks: Meta-train tasks.
            rng: Everything random is drawn from it.
            validation: Held-out tasks; none of a family in `tasks`.
            steps: At most so many trials; default `self.steps`.

        Raises:
            InvalidValueError: No tasks, or tasks whose search spaces do not share their columns.
            SplitError: A family stands in both.
        """
        tasks, validation = list(tasks), list(validation)
        if not tasks:
            raise InvalidValueError("At least one task is needed to train on, got none.")
        seen, held = ({t.family for t in part} for part in (tasks, validation))
        if seen & held:
            raise SplitError(f"A family must be trained or validated on, not both, got {sorted(seen & held)}.")
        self.design = self.make_design()
        self.design.fit(tasks, rng)
        self._acting = None
        table = QTable(*self.design.size(), gamma=self.gamma, alpha_min=self.alpha_min)
        self.table = self._learn(table, tasks, validation, rng, self.steps if steps is None else steps)
        self._seen, self._suites = frozenset(seen | held), tuple(sorted({t.suite for t in tasks}))
        self._space = max(tasks, key=lambda t: t.space.d).space

    def _learn(
        self, table: QTable, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator, steps: int
    ) -> QTable:
        bank = bank_of(tasks)
        space = max(tasks, key=lambda t: t.space.d).space
        contexts = Contexts(space, bank, float(self.budget), scale_of(tasks), horizon=self.budget)
        n = max(1, min(self.runs, steps // (self.budget * _LEAST_EPISODES)))
        episodes = steps // (n * self.budget)
        checks = {max(1, round(episodes * share)) for share in _CHECKED} if validation and episodes else set()
        reward, best, kept = make_reward(self.reward), np.inf, table
        for e in range(episodes):
            self._episode(table, contexts, reward, rng, n, epsilon_at(e / episodes, last=self.epsilon_min))
            if e + 1 in checks:
                loss = self._loss(table, validation)
                if loss <= best:
                    best, kept = loss, table.copy()
        return kept

    def _episode(
        self, table: QTable, contexts: Contexts, reward: Reward, rng: np.random.Generator, n: int, epsilon: float
    ) -> None:
        """One episode of `n` runs, side by side, on tasks that are drawn."""
        task = rng.integers(len(contexts.bank.tasks), size=n)
        runs = Runs(contexts.bank, n, self.budget, budget=float(self.budget))
        runs.begin(None, task, rng.integers(0, 2**63, n).astype(np.uint64))
        seen = self.design.train_on(contexts.bank, task)
        s, allowed = seen.states(), seen.allowed()
        live = np.ones(n, bool)
        for t in range(self.budget):
            live &= allowed.any(1)  # a run that has tried everything is over
            a = table.explore(rng, s, allowed, epsilon)
            runs.submit(seen.propose(a))
            seen.tell(ALL, a, None, runs.last)
            r = reward(contexts, runs)
            s_next, allowed = seen.states(), seen.allowed()
            table.grow(self.design.size()[0])
            over = np.full(n, t + 1 == self.budget) | ~allowed.any(1)
            following = np.where(over, 0.0, table.best(s_next, allowed))
            table.update(s[live], a[live], r[live], following[live], over[live])
            s = s_next

    def _loss(self, table: QTable, tasks: Sequence[Task]) -> float:
        """Mean normalised regret over tasks and trials, greedily."""
        bank, task = bank_of(tasks, None), np.arange(len(tasks))
        runs = Runs(bank, len(tasks), self.budget, budget=float(self.budget))
        runs.begin(None, task, np.zeros(len(tasks), np.uint64))
        seen = self.design.train_on(bank, task)
        best, worst = (np.array([getattr(t, name) for t in tasks]) for name in ("best", "worst"))
        loss = 0.0
        for _ in range(self.budget):
            a = table.greedy(seen.states(), seen.allowed(), self.trust)
            runs.submit(seen.propose(a))
            seen.tell(ALL, a, None, runs.last)
            loss += float(_regret(best, worst, runs.best).mean())
        return loss / self.budget

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run.

        Raises:
            StateError: Neither trained nor loaded.
            InvalidValueError: The space of the context is not the one trained on.
        """
        self._begin([context], context.space.d)
        self._space_now = context.space

    def ask(self) -> Query | None:
        """The best new configuration; None where nothing new is left."""
        self._choose(self._ready())
        action = int(self._asked[0])
        if action < 0:
            return None
        at = self._ready().propose(self._asked)[0]
        x = self._contexts[0].pool[at] if np.ndim(at) == 0 else at  # type: ignore[index]
        return Query(self._space_now.from_unit(x))

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        x = self._space_now.to_unit(trial.config)[None]
        self._ready().tell(ALL, self._asked, x, np.array([trial.score]))
        self._asked = np.full(1, -1)

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` runs; raises as `reset`."""
        self._begin(contexts, max(c.space.d for c in contexts))

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], None]:
        """What each run evaluates next; row -1, or a point of NaN, where nothing new is left."""
        seen = self._ready()
        self._catch_up(seen, runs)
        self._choose(seen)
        at = seen.propose(np.maximum(self._asked, 0))
        at = at.astype(np.float64 if at.ndim == 2 else np.int64)
        at[self._asked < 0] = np.nan if at.ndim == 2 else -1
        return at, None

    def _begin(self, contexts: Sequence[Context], d: int) -> None:
        if self.table is None:
            raise StateError(f"{type(self).__name__} must be trained or loaded before it is reset.")
        self._contexts = list(contexts)
        self._acting = self.design.act_on(contexts, d)
        self._asked, self._told = np.full(len(contexts), -1), np.zeros(len(contexts), np.int64)

    def _ready(self) -> Episodes:
        if self._acting is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._acting

    def _choose(self, seen: Episodes) -> None:
        assert self.table is not None
        allowed = seen.allowed()
        a = self.table.greedy(seen.states(), allowed, self.trust)
        self._asked = np.where(allowed.any(1), a, -1)

    def _catch_up(self, seen: Episodes, runs: Runs) -> None:
        """Tell the trials that the runs have had since the last call."""
        t, start = (np.broadcast_to(v, runs.n) for v in (runs.t, runs.start))
        while (which := np.flatnonzero(self._told < t)).size:
            slot = (start[which] + self._told[which]) % runs.h
            x = runs.bank.points(runs.task[which], runs.at[slot, which])
            seen.tell(which, self._asked[which], x, runs.score[slot, which].astype(np.float64))
            self._asked[which] = -1
            self._told[which] += 1

    # ------------------------------------------------------------------ files
    def save(self, folder: Path) -> None:
        """Write `agent.json` and `arrays.npz`.

        Raises:
            StateError: Neither trained nor loaded.
        """
        if self.table is None or self._space is None:
            raise StateError(f"{type(self).__name__} must be trained or loaded before it is saved.")
        about = {
            "version": self.version,
            "settings": self.settings(),
            "suites": list(self._suites),
            "seen": sorted(self._seen),
            "space": self._space.to_json(),
            "pool": self.design.pool,
        }
        write_agent(folder, self.name, about, {"q": self.table.q, "n": self.table.n, **self.design.to_arrays()})

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; its settings take the place of this agent's.

        Raises:
            DamagedDataError: A file is missing, damaged, or not of this agent and version.
        """
        about, arrays = read_agent(folder, self.name)
        with blame(Path(folder)):
            if about["version"] != self.version:
                raise InvalidValueError(f"`version` must be {self.version}, got {about['version']!r}.")
            other = type(self)(**about["settings"])
            other.design, space = other.make_design(), SearchSpace(about["space"])
            other.design.from_arrays(space, str(about["pool"]), arrays)
            other.table = QTable(*other.design.size(), gamma=other.gamma, alpha_min=other.alpha_min)
            for name in ("q", "n"):
                found, wanted = arrays[name], getattr(other.table, name)
                if found.shape != wanted.shape or found.dtype != wanted.dtype or not np.isfinite(found).all():
                    raise InvalidValueError(f"`{name}` must be finite {wanted.dtype} {wanted.shape}, got {found.shape}.")
                setattr(other.table, name, found)
            seen, suites = frozenset(map(str, about["seen"])), tuple(map(str, about["suites"]))
        self.__dict__.update(other.__dict__)
        self._seen, self._suites, self._space, self._acting = seen, suites, space, None


class RegretDrop(Reward):
    """By how much the trial lowers the normalised regret, which is 1 before the first; for training splits only."""

    training_only = True

    def __call__(self, contexts: Contexts, runs: Runs) -> Floats:
        best, worst = contexts.best[runs.task], contexts.worst[runs.task]
        return _regret(best, worst, runs.previous) - _regret(best, worst, runs.best)


def _regret(best: Floats, worst: Floats, score: NDArray[Any]) -> Floats:
    return np.clip((best - score) / np.where(best > worst, best - worst, 1.0), 0.0, 1.0)


def make_reward(name: str) -> Reward:
    """The reward of a name: "regret_drop", or one that is registered."""
    made: Reward = RegretDrop() if name == "regret_drop" else make_part(REWARDS, name)
    return made


def check_settings(agent: QAgent) -> None:
    """Refuse settings out of their range."""
    for name, low, high in (("gamma", 0.0, 1.0), ("alpha_min", 0.0, 1.0), ("epsilon_min", 0.0, 1.0)):
        value = getattr(agent, name)
        if not low <= value <= high:
            raise InvalidValueError(f"`{low:g} <= {name} <= {high:g}` must hold, got {value}.")
    for name, least in (("steps", 0), ("budget", 1), ("runs", 1), ("trust", 0)):
        value = getattr(agent, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InvalidValueError(f"`{name}` must be an integer >= {least}, got {value!r}.")


def as_settings(agent: QAgent, names: Sequence[str]) -> Mapping[str, Any]:
    """The named attributes."""
    return {name: getattr(agent, name) for name in names}
