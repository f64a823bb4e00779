"""`Prices`: expected costs of trials at each fidelity, in units of a budget in cost."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.log_cost import Foretold, LogCost
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._transfer.earlier import Place
from hpo_gym.base import Floats
from hpo_gym.problem import FIDELITY, Evaluations, Points, pays

_LEARNED = 200  # the last trials of a run that its costs are learned from
_AGAIN = 1.2  # they are learned anew when there are so many times the trials


class Prices:
    """Expected costs of a run's trials, in units of its budget.

    A unit is the mean cost of a full evaluation, so the mean price of a fidelity is the ratio of the mean costs there
    and in full, and that of a full evaluation 1: see `mean_prices`. The cost of a configuration in proportion to the
    mean is predicted by `LogCost`, from the costs of the run's trials in proportion to the mean price of their
    fidelity. Before the first trial, it comes from earlier tasks, scaled to a mean of 1.

    Attributes:
        mean: Mean price of each fidelity, ascending, ``(f,)``.
    """

    def __init__(self, run: Run) -> None:
        self.run, self._cost = run, LogCost(run)
        self.mean = mean_prices(tuple(run.context.prior), tuple(run.context.fidelities))
        self._x: list[Points] = []
        self._share: list[float] = []
        self._learned, self._foretold = 0, self._before()

    def charge(self, x: Points, level: int, cost: float) -> float:
        """Return the cost of a trial of a canonical point ``(d,)`` at a level, in units, and remember it; the mean
        price of the level if its cost is unknown.
        """
        assert self.run.context.unit is not None
        if not np.isfinite(cost):
            return float(self.mean[level])
        self._x.append(x)
        self._share.append(cost / self.run.context.unit / self.mean[level])
        return cost / self.run.context.unit

    def share(self, choices: Sequence[Choice]) -> Floats:
        """Return the expected cost of configurations in proportion to the mean, ``(c,)``."""
        x = np.array([self.run.point(choice) for choice in choices]).reshape(len(choices), self.run.space.d)
        exact = self.run.pool is not None
        rows = np.array(choices, np.int64) if exact else np.zeros(len(x), np.int64)
        return np.exp(self._log(Place(x, rows, exact)))

    def of(self, choice: Choice, level: int) -> float:
        """Return the expected cost of a configuration at a level."""
        return float(self.mean[level] * self.share([choice])[0])

    def start(self, choice: Choice, at: Sequence[int]) -> int:
        """Return the highest of ascending levels at which a configuration is expected to cost no more than the mean one
        at the first; the first if it costs more there.
        """
        room = self.mean[at[0]] / self.share([choice])[0]
        return max((level for level in at if pays(room, self.mean[level])), default=at[0])

    def _log(self, at: Place) -> Floats:
        n = len(self._x)
        if n and n >= _AGAIN * self._learned:
            x = np.array(self._x[-_LEARNED:])
            seen = Place(x, np.zeros(len(x), np.int64), exact=False)
            self._foretold, self._learned = self._cost.fit(seen, np.array(self._share[-_LEARNED:])), n
        return np.zeros(len(at.x)) if self._foretold is None else self._foretold(at)

    def _before(self) -> Foretold | None:
        cost = self._cost
        if cost.table is None:
            return None
        scale = np.log(np.exp(cost.table[1]).mean())
        return lambda at: cost.earlier(at) - scale


@functools.lru_cache(maxsize=8)
def mean_prices(prior: tuple[Evaluations, ...], levels: tuple[float, ...]) -> Floats:
    """Mean price of ascending fidelities, ascending, ``(f,)``: 1 in full.

    Where earlier tasks were measured at a fidelity, the geometric mean over them of the ratio of their mean costs there
    and in full. Between such fidelities, the price is a power of the fidelity; below the lowest, and without any, it is
    in proportion to the fidelity.
    """
    found: dict[float, list[float]] = {}
    for e in prior:
        for m in e.further:
            there = ~np.isnan(m.score) & ~np.isnan(e.score) & _known(m.cost) & _known(e.cost)
            if m.name == FIDELITY and there.any():
                found.setdefault(m.fidelity, []).append(np.log(m.cost[there].mean() / e.cost[there].mean()))
    at = sorted(found)
    known = np.log([*at, 1.0]), np.array([*(np.mean(found[f]) for f in at), 0.0])
    wanted = np.log(levels)
    below = np.minimum(wanted - known[0][0], 0.0)
    return np.minimum(np.maximum.accumulate(np.exp(np.interp(wanted, *known) + below)), 1.0)


def _known(cost: Floats) -> NDArray[np.bool_]:
    return np.isfinite(cost) & (cost > 0.0)
