"""What agents with a Q table have in common: training, acting one by one or in a batch, files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_agents._tabular.designs import ALL, Design, Episodes
from hpo_agents._tabular.rules import Rule
from hpo_agents._tabular.table import Values
from hpo_agents._tabular.training import Plan, greedy, learn
from hpo_gym.errors import InvalidValueError, SplitError, StateError, blame
from hpo_gym.learning.saved import read_saved, write_saved
from hpo_gym.optimizer import Context
from hpo_gym.space import SearchSpace
from hpo_gym.state.runs import Runs
from hpo_gym.task import Ints, Task
from hpo_gym.trial import Query, Trial

_PLAN = tuple(f.name for f in fields(Plan))


class QAgent(ABC):
    """Learning on a table; subclasses say which design and rule, and store the settings, those of `Plan` among them.

    A run is greedy: of the candidates or moves that are new to the run and can be evaluated, the one of the highest
    value (of equals, the lowest), those with fewer than `trust` updates last. Nothing is drawn, so the generator of a
    run is not read. Where nothing new is left, the run ends.

    Attributes:
        name: The registered name.
        own: Settings of the subclass besides those of `Plan`.
        table: What was learned, None before `train` or `load`.
    """

    version = 1
    smoke: ClassVar[Mapping[str, Any]] = {"candidates": 16, "budget": 6, "steps": 2000, "gamma": 0.5}
    name: str
    own: tuple[str, ...]
    table: Values | None = None
    _design: Design
    _asked: Ints
    _seen: frozenset[str] = frozenset()
    _suites: tuple[str, ...] = ()
    _space: SearchSpace | None = None
    _contexts: Sequence[Context] = ()
    _acting: Episodes | None = None

    @abstractmethod
    def make_design(self) -> Design:
        """A new design, as the settings say."""

    @abstractmethod
    def make_rule(self) -> Rule[Any]:
        """How the table learns, as the settings say."""

    @property
    def plan(self) -> Plan:
        """How to train, as the settings say."""
        return Plan(**{name: getattr(self, name) for name in _PLAN})

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of the constructor, plain JSON."""
        return {name: getattr(self, name) for name in (*self.own, *_PLAN)}

    @property
    def seen(self) -> frozenset[str]:
        """Families of the tasks that it was trained (or chosen by validation) on."""
        return self._seen

    def train(
        self,
        tasks: Sequence[Task],
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
    ) -> None:
        """Learn from `tasks`, many runs at once; of the tables at half, three quarters and the end of the training, the
        one with the least mean regret on `validation` is kept.

        Args:
            tasks: Meta-train tasks.
            rng: Everything random is drawn from it.
            validation: Held-out tasks; none of a family in `tasks`.
            steps: At most so many trials; default the setting.

        Raises:
            InvalidValueError: No tasks, tasks whose spaces do not share their columns, or a setting out of its range.
            SplitError: A family stands in both.
        """
        tasks, validation = list(tasks), list(validation)
        if not tasks:
            raise InvalidValueError("At least one task is needed to train on, got none.")
        seen, held = ({t.family for t in part} for part in (tasks, validation))
        if seen & held:
            raise SplitError(f"A family must be trained or validated on, not both, got {sorted(seen & held)}.")
        plan = self.plan if steps is None else replace(self.plan, steps=steps)
        design = self.make_design()
        design.fit(tasks, rng)
        self.table = learn(design, self.make_rule(), tasks, validation, rng, plan)
        self._design, self._acting = design, None
        self._seen, self._suites = frozenset(seen | held), tuple(sorted({t.suite for t in tasks}))
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
        """The best new configuration; None where nothing new is left."""
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
        """What each run evaluates next; row -1, or a point of NaN, where nothing new is left."""
        seen = self._ready()
        self._catch_up(seen, runs)
        self._choose(seen)
        at = seen.propose(np.maximum(self._asked, 0))
        at = np.array(at, np.int64 if at.ndim == 1 else np.float64)
        at[self._asked < 0] = -1 if at.ndim == 1 else np.nan
        return at, None

    def _begin(self, contexts: Sequence[Context], d: int) -> None:
        if self.table is None:
            raise StateError(f"A {self.name!r} agent must be trained or loaded before it is reset.")
        self._contexts = tuple(contexts)
        self._acting = self._design.act_on(contexts, d)
        self._asked, self._told = np.full(len(contexts), -1), np.zeros(len(contexts), np.int64)

    def _ready(self) -> Episodes:
        if self._acting is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._acting

    def _choose(self, seen: Episodes) -> None:
        assert self.table is not None
        allowed = seen.allowed()
        a = greedy(self._design, self.table, seen.states(), allowed, self.plan.trust)
        self._asked = np.where(allowed.any(1), a, -1)

    def _catch_up(self, seen: Episodes, runs: Runs) -> None:
        """Tell the trials that the runs have had since the last call."""
        for new in runs.since(self._told.copy()):
            x = runs.bank.points(runs.task[new.who], new.at)
            seen.tell(new.who, self._asked[new.who], x, new.score.astype(np.float64))
            self._asked[new.who] = -1
            self._told[new.who] += 1

    # ------------------------------------------------------------------ files
    def save(self, folder: Path) -> None:
        """Write `optimizer.json` and `arrays.npz`.

        Raises:
            StateError: Neither trained nor loaded.
        """
        if self.table is None or self._space is None:
            raise StateError(f"A {self.name!r} agent must be trained or loaded before it is saved.")
        about = {
            "version": self.version,
            "settings": self.settings,
            "suites": list(self._suites),
            "seen": sorted(self._seen),
            "space": self._space.to_json(),
        }
        arrays = {**self.table.to_arrays(self._design.size()[0]), **self._design.to_arrays()}
        write_saved(folder, self.name, about, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; its settings take the place of this agent's.

        Raises:
            DamagedDataError: A file is missing, damaged, or not of this agent and version.
        """
        about, arrays = read_saved(folder, self.name, self.version)
        with blame(Path(folder)):
            other = type(self)(**about["settings"])
            other._design, other._space = other.make_design(), SearchSpace(about["space"])
            other._design.from_arrays(other._space, arrays)
            other.table = _table(other, arrays)
            other._seen, other._suites = frozenset(about["seen"]), tuple(about["suites"])
        self._acting = None
        self.__dict__.update(other.__dict__)


def _table(agent: QAgent, arrays: dict[str, NDArray[Any]]) -> Values:
    plan = agent.plan
    table: Values = agent.make_rule().make_table(*agent._design.size(), gamma=plan.gamma, alpha_min=plan.alpha_min)
    for name, wanted in table.to_arrays().items():
        found = arrays[name]
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype) or not np.isfinite(found).all():
            raise InvalidValueError(
                f"`{name}` must be finite, {wanted.dtype} {wanted.shape}, got {found.dtype} {found.shape}."
            )
    table.from_arrays(arrays)
    return table
