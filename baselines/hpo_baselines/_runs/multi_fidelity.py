"""`MultiFidelity`: shared parts of baselines that also choose a fidelity. A configuration only returns at a higher one.

A repeat is the same configuration at the same fidelity: neither it nor a lower fidelity of the same is ever proposed.
A proposal costs its fidelity, in full evaluations, also after a lower one of the same configuration. With a budget in
cost, it takes its cost, predicted (`Prices`) until it is paid; if trainings continue, only its cost beyond the lower
one.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Choice, Ground, Run, grounds_of, news
from hpo_baselines._runs.cheap_first import cheap_first
from hpo_baselines._runs.prices import Prices
from hpo_gym.base import StateError
from hpo_gym.env import Runs
from hpo_gym.optimize import Context
from hpo_gym.problem import COST, FIDELITY, Points, Query, Trial, keys, over, payable, pays
from hpo_gym.system import one_blas_thread

_ROUNDING = 1e-9  # of a logarithm

Ask = tuple[Choice, int]
"""A configuration, claimed when it is new, and the position of its fidelity among the run's levels."""


@dataclass(eq=False)
class Tried:
    """A proposed configuration, or one of the initial design.

    Attributes:
        choice: The choice to propose it (again); None if it is no available row of the pool.
        level: The highest level of a proposal or report.
        scores: Reported scores, by level.
    """

    choice: Choice | None
    x: Points
    level: int = -1
    scores: dict[int, float] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[int, float]:
        """The highest level with a score, and that score: more is better."""
        level = max(self.scores, default=-1)
        return level, self.scores.get(level, -np.inf)

    def score_from(self, level: int) -> float | None:
        """Return the score at the lowest reported level from `level` on; None without one."""
        reached = min((at for at in self.scores if at >= level), default=-1)
        return self.scores.get(reached)


class FidelityRun(Run):
    """One run: its trials by fidelity, and its remaining affordable choices.

    Attributes:
        levels: The fidelities, ascending.
        prices: Expected costs of trials, for a budget in cost; else None.
        mean: Cost of a trial at each level, in units of the budget: the fidelity, or its mean price.
        top: Position of the highest affordable level with the whole budget: that of a full evaluation, as a rule.
        spent: Spending of the run's own trials, in units of the budget; reports before the first choice are the initial
            design.
        tried: By configuration, in the order of the first trial.
        reported_at: Reports, by level, in that order.
        memory: For the method that chooses.
    """

    def __init__(self, context: Context, rng: np.random.Generator, ground: Ground | None = None) -> None:
        super().__init__(context, rng, ground)
        self.levels = tuple(context.fidelities)
        self.prices = None if context.unit is None else Prices(self)
        self.mean = self.levels if self.prices is None else tuple(self.prices.mean.tolist())
        if self.prices is not None:
            self.stream = cheap_first(self, self.stream)
        self.spent = 0.0
        self.top = max(self.payable, 0)
        self.tried: dict[bytes, Tried] = {}
        self._of_row: dict[int, Tried] = {}  # those of rows, which so need no key again
        self.reported_at: dict[int, list[Tried]] = {}
        self.memory: object = None
        self._asks: Iterator[Ask] | None = None
        self._held: Ask | None = None
        self._reached = False  # whether the run has asked for a full evaluation

    @property
    def payable(self) -> int:
        """Return the position of the highest affordable level, -1 if none is.

        It is the highest of all for a budget in cost: the cost of a trial is known when it is paid.
        """
        if self.context.unit is not None:
            return len(self.levels) - 1
        return payable(self.levels, self.context.budget - self.spent)

    # ------------------------------------------------------------------ what happened
    def reported(self, x: Points, score: float, fidelity: float = 1.0, *, cost: float = np.nan) -> None:
        """Learn the score of a canonical point ``(d,)`` at a fidelity, and its cost."""
        super().reported(x, score, cost=cost)
        self.note(self.entry(x), score, fidelity, cost=cost)

    def note(self, one: Tried, score: float, fidelity: float, *, cost: float = np.nan) -> None:
        """Keep the score of a configuration by its fidelity."""
        level = int(np.abs(np.subtract(self.levels, fidelity)).argmin())
        one.level = max(one.level, level)
        if level not in one.scores:
            self.reported_at.setdefault(level, []).append(one)
        one.scores[level] = score
        charge = fidelity
        if self.prices is not None:
            charge = self.prices.charge(one.x, level, cost)
        if self._asks is not None:
            self.spent += charge

    def entry(self, choice: Choice) -> Tried:
        """Return the entry of a configuration; a new one at its first appearance."""
        if not isinstance(choice, int):
            return self.entry_of(choice, keys(choice[None])[0])
        one = self._of_row.get(choice)
        if one is None:
            x = self.point(choice)
            one = self._of_row[choice] = self.entry_of(x, keys(x[None])[0])
        return one

    def entry_of(self, x: Points, key: bytes) -> Tried:
        """Return `entry` of a point with a known key."""
        if key not in self.tried:
            self.tried[key] = Tried(self._again(x), x)
        return self.tried[key]

    def _again(self, x: Points) -> Choice | None:
        if self.pool is None:
            return x
        row = self.exact(x)
        return row if row >= 0 and self.available[row] else None

    def best(self, choices: Sequence[Choice], level: int) -> list[Choice]:
        """Return those of some configurations with a score at a level, best first; of equals, the earliest."""
        known = [(c, self.score_of(self.entry(c), level)) for c in choices]
        return [c for c, _ in sorted(((c, s) for c, s in known if s is not None), key=lambda one: -one[1])]

    def score_of(self, one: Tried, level: int) -> float | None:
        """Return the score of a configuration in a rung, None if it is not in it.

        With a budget in cost, a configuration that began further up is in the rungs below, by its first score.
        """
        return one.scores.get(level) if self.prices is None else one.score_from(level)

    def rung(self, level: int) -> list[tuple[Tried, float]]:
        """Return the configurations of a rung with their scores, in the order of reports; see `score_of`."""
        there = self.reported_at.get(level, []) if self.prices is None else self.tried.values()
        scored = ((one, self.score_of(one, level)) for one in there)
        return [(one, score) for one, score in scored if score is not None]

    def stopped(self, level: int) -> Tried | None:
        """Return, of the configurations not proposed at a level or above, the best at the highest level reached.

        With a budget in cost, of those expected to fit in the rest, if any is.
        """
        there = [t for t in self.tried.values() if t.level < level and t.choice is not None]
        if self.prices is not None:
            there = self._fitting(there, level) or there
        return max(there, key=lambda t: t.standing, default=None)

    def _fitting(self, some: Sequence[Tried], level: int) -> list[Tried]:
        """Return the configurations expected to fit in the rest of the budget at a level."""
        assert self.prices is not None
        price = self.mean[level] * self.prices.share([t.choice for t in some if t.choice is not None])
        return [t for t, p in zip(some, price.tolist(), strict=True) if pays(self.context.budget - self.spent, p)]

    # ------------------------------------------------------------------ what comes next
    def ladder(self, eta: int) -> tuple[int, ...]:
        """Return positions, ascending, of the levels whose trials cost nearest to 1, 1 / eta, 1 / eta^2, .. of the
        last; the last one is always among them, also if a lower level costs as much.
        """
        return (*rungs(self.mean[: self.top + 1], eta)[:-1], self.top)

    def start(self, choice: Choice, at: Sequence[int]) -> int:
        """Return the first of ascending levels for a new configuration: the lowest, or, with a budget in cost, the
        highest at which it is expected to cost no more than the mean configuration at the lowest.
        """
        return at[0] if self.prices is None else self.prices.start(choice, at)

    def follow_asks(self, plan: Callable[[FidelityRun], Iterator[Ask]]) -> Ask | None:
        """Return the next ask of the run's plan, made at the first call; once that or the budget ends, `_last`."""
        if self._asks is None:
            self._asks = plan(self)
        held, self._held = self._held, None
        ask = next((a for a in itertools.chain([held] if held else [], self._asks) if self._new(a)), None)
        if ask is None or ask[1] > self.payable:
            self._asks = self._last(ask)
            ask = next(self._asks, None)
        elif self._needs_rest(ask):
            self._held, best = ask, self.stopped(self.top)
            if best is None or best.choice is None:
                ask, self._held = (ask[0], self.top), None
            else:
                ask = (best.choice, self.top)
        if ask is not None:
            self.entry(ask[0]).level = ask[1]
            self._reached = self._reached or ask[1] >= self.top
        return ask

    def _new(self, ask: Ask) -> bool:
        return self.entry(ask[0]).level < ask[1]

    def _needs_rest(self, ask: Ask) -> bool:
        """Return whether an ask would use up the budget of the one full evaluation of each run."""
        if self._reached or ask[1] >= self.top:
            return False
        price, full = self.levels[ask[1]], self.levels[self.top]
        if self.prices is not None:
            best = self.stopped(self.top)
            price = self.prices.of(ask[0], ask[1])
            full = self.prices.of(ask[0] if best is None or best.choice is None else best.choice, self.top)
        return over(self.context.budget - self.spent - price, full)

    def _last(self, ask: Ask | None) -> Iterator[Ask]:
        """Spend the rest of a finished plan: the best stopped ones, in full; then new ones; then the remainder."""
        if ask is not None and self.entry(ask[0]).level < 0 <= self.payable:
            yield ask[0], self.payable
        while (level := self.payable) >= 0:
            best = self.stopped(level)
            choice = None if level == self.top and best is not None else self.uniform()
            if choice is None and (best is None or best.choice is None):
                return
            yield (best.choice if choice is None else choice), level  # type: ignore[misc,union-attr]


class MultiFidelity(ABC):
    """An optimizer that chooses configurations and fidelities, for any number of runs; one is a batch of one.

    With any method, the budget of one full evaluation is reserved until there was one: it goes to the best at the
    highest fidelity tried. The unused end of a budget goes to the best stopped configurations, in full; a remainder
    below a full evaluation, to new configurations at the highest affordable fidelity. Once each configuration was tried
    in full, `ask` returns None.

    **In cost**: with a budget in cost, the resource is the cost of trials, not their fidelity, counted as charged; time
    is among the resources that "Hyperband" (Li et al., JMLR 18, 2018) names.

    - Rungs are the fidelities whose trials cost nearest to 1, 1 / eta, 1 / eta^2, .. units, by the mean costs of the
      earlier tasks (`Prices`): a ninth of the data may take a half of the time.
    - A new configuration begins at the highest rung at which it is expected to cost no more than the mean one at the
      first, so cheap ones get further. In the rungs below it stands with its first score.
    - Random configurations come as those of `random-cheapest`.
    - Of the stopped ones, only those expected to fit in the rest are evaluated in full, if any is.
    """

    remembers: ClassVar[tuple[str, ...]] = (FIDELITY, COST)
    _runs: Sequence[FidelityRun] = ()

    @abstractmethod
    def plan(self, run: FidelityRun) -> Iterator[Ask]:
        """Yield the asks of a run, one after the other; begun at its first choice, and continued once that is
        reported."""

    def check(self) -> None:  # noqa: B027 - not all methods have settings
        """Refuse settings out of range."""

    @one_blas_thread()
    def choose(self, runs: Sequence[FidelityRun]) -> list[Ask | None]:
        """Claim the next evaluation of each run; None if nothing is left to try."""
        self.check()
        return [run.follow_asks(self.plan) for run in runs]

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a new run; every random choice of the run is drawn from `rng`."""
        self.reset_batch([context], [rng])

    def ask(self) -> Query | None:
        """Return the next query, or None if all has been tried."""
        run = self._only()
        (ask,) = self.choose([run])
        return None if ask is None else Query(run.space.from_unit(run.point(ask[0])), run.levels[ask[1]])

    def tell(self, trial: Trial) -> None:
        """Learn the outcome; also of given points, before the first `ask`."""
        run = self._only()
        run.reported(run.space.to_unit(trial.config), float(trial.score), float(trial.fidelity), cost=float(trial.cost))

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""
        grounds = grounds_of(contexts)
        self._runs = [FidelityRun(c, rng, grounds[c]) for c, rng in zip(contexts, rngs, strict=True)]

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Return the next evaluation of each run, with its fidelity; -1 or a point of NaN if all has been tried."""
        if runs.n != len(self._runs):
            raise StateError(f"Call `reset_batch` with {runs.n} contexts before `ask_batch`, got {len(self._runs)}.")
        rows = runs.tabular and all(run.context.pool is not None for run in self._runs)
        _learn(self._runs, runs, rows)
        asks = self.choose(self._runs)
        levels = [1.0 if a is None else r.levels[a[1]] for r, a in zip(self._runs, asks, strict=True)]
        fidelity = np.array(levels) if "fidelity" in runs else None
        if rows:
            return np.array([-1 if a is None else a[0] for a in asks], np.int64), fidelity
        x = np.full((runs.n, runs.d), np.nan)
        for i, (run, ask) in enumerate(zip(self._runs, asks, strict=True)):
            if ask is not None:
                x[i] = 0.5
                x[i, : run.space.d] = run.point(ask[0])
        return x, fidelity

    def _only(self) -> FidelityRun:
        if len(self._runs) != 1:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._runs[0]


def _learn(mine: Sequence[FidelityRun], runs: Runs, rows: bool) -> None:
    """Tell each run the trials that are new to it; `rows`: they are rows of the runs' own pools."""
    for run, new in news(mine, runs, rows, costs=runs.in_cost):
        run.learn(new.x, new.score, row=new.row, key=new.key, cost=new.cost)
        matched = rows and new.row >= 0  # a point that only matches a row is kept
        one = run.entry(new.row) if matched else run.entry_of(new.x, new.key or keys(new.x[None])[0])
        run.note(one, new.score, new.fidelity, cost=new.cost)


def rungs(levels: Sequence[float], eta: int) -> tuple[int, ...]:
    """Positions, ascending, of the levels nearest to R, R / eta, R / eta^2, .. where R is the last level.

    As many as lie in range, so ``s_max + 1`` with ``s_max = floor(log_eta(R / r_min))``; nearest in the logarithm, of
    two as near the lower; a level that serves two rungs stands there once.
    """
    steps = math.floor(math.log(levels[-1] / levels[0], eta) + _ROUNDING)
    logs = np.log(levels)
    wanted = logs[-1] - np.arange(steps + 1) * math.log(eta)
    return tuple(sorted({int(np.round(np.abs(logs - w), 9).argmin()) for w in wanted}))
