"""A policy's features of each action: a candidate at a fidelity, or the stop. All numbers have the same meaning in any
suite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_agents._time.expert import Mind
from hpo_agents._time.ladder import RUNGS
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.ensemble import EXPONENT
from hpo_gym.base import Floats, Ints, Singles

FEATURES = (
    "base", "improvement", "gain", "prior mean", "mean", "sd", "log price", "price of what is left", "lowest rung",
    "middle rung", "full", "reached", "foretold", "tried", "noise", "left", "trials", "no full trial", "stop",
    "difference",
)  # fmt: skip
"""`base` is the value that `transfer-time` maximises, less its maximum over full evaluations; less 2 for a lower
fidelity. Continuing a configuration costs the difference, if only that is paid.
"""

LOWER, STOP = 2.0, 4.0  # by which the base of a lower fidelity, and of a stop, is less than that of the best in full
_MOST = 30.0  # of a feature
_LEAST = 0.02  # share of its cost that a configuration further costs at least


class TimeFeatures:
    """The features of the actions of one run.

    Args:
        mind: The run's knowledge.
        left: Of its budget, in units.
        budget: In units.
        continues: Whether continuing a configuration costs the difference only.
        in_cost: Whether the budget is in cost; else a trial costs its fidelity.
    """

    def __init__(self, mind: Mind, left: float, budget: float, continues: bool, in_cost: bool = True) -> None:
        self._mind, self._left, self._budget = mind, left, budget
        self._continues, self._in_cost = continues, in_cost

    def at(self, rows: Ints) -> Singles:
        """Return the features of the candidates at ascending rows ``(c,)``, ``(3 c + 1, 20)``: three rungs of the
        first, then of the next, and so on; the last action stops. A rung reached before has the base -30, as have the
        lower ones of a shorter ladder; see `open`.
        """
        mind, ladder = self._mind, self._mind.expert.ladder
        c, s = len(rows), len(ladder.fidelities)
        memory, ensemble = mind.expert.memory, mind.ensemble
        everything = c == len(memory.pool.x)  # rows ascend
        place = Place(memory.pool.x, slice(None)) if everything else Place(memory.pool.x[rows], rows)
        exponent = EXPONENT if self._in_cost else 0.0
        price = self._log_price(rows)  # (s, c)
        parts = (ensemble.improvement(place), ensemble.gain(place)) if mind.count else None
        value = ensemble.value(place, exponent, parts) - exponent * (price[-1] - memory.log_cost[rows])
        value = np.where(np.arange(s)[:, None] == s - 1, value, value - LOWER)  # (s, c)
        open_ = mind.reached[rows] < np.arange(s)[:, None]
        top = value[-1, open_[-1]].max(initial=-np.inf)
        whole = np.zeros((c, RUNGS, len(FEATURES)), np.float32)
        whole[:, :, 0] = -_MOST
        out = whole[:, RUNGS - s :]
        out[:, :, 0] = np.where(open_, value - (top if np.isfinite(top) else value.max(initial=0.0)), -_MOST).T
        unit = ladder.sd
        prior = ensemble.prior_mean(place)
        out[:, :, 3] = (prior - prior.max(initial=0.0))[:, None]
        if parts is not None:
            log_ei, gain = parts
            mean, sd = ensemble.posteriors[0].foretold(place)
            best = ensemble.posteriors[0].best
            out[:, :, 1] = (log_ei - log_ei.max(initial=-_MOST))[:, None]
            out[:, :, 2] = gain[:, None]
            out[:, :, 4], out[:, :, 5] = ((mean - best) / unit)[:, None], (sd / unit)[:, None]
            reported = mind.foretold[rows]
            out[:, :, 12] = np.where(np.isnan(reported), 0.0, (reported - best) / unit)[:, None]
        out[:, :, 6] = price.T
        out[:, :, 7] = np.minimum(np.exp(price - ladder.mean_cost) / max(self._left, 1e-6), 3.0).T
        for slot in range(s):
            out[:, slot, 8 + slot + RUNGS - s] = 1.0
        out[:, :, 11] = ((mind.reached[rows] + 1) / s)[:, None]
        out[:, :, 13] = (mind.reached[rows] >= 0)[:, None]
        out[:, :, 14] = np.sqrt(ladder.noise)
        stop = np.zeros((1, len(FEATURES)), np.float32)
        stop[0, 0], stop[0, 18] = -STOP, 1.0
        whole = np.concatenate([whole.reshape(c * RUNGS, -1), stop])
        whole[:, 15] = self._left / self._budget
        whole[:, 16] = np.log1p(mind.count) / 4.0
        whole[:, 17] = not ensemble.full
        whole[:, 19] = self._continues
        return np.clip(whole, -_MOST, _MOST)

    def open(self, rows: Ints) -> NDArray[np.bool_]:
        """Return the available ones of these actions, ``(3 c + 1,)``: rungs above the reached one, and the stop."""
        s = len(self._mind.expert.ladder.fidelities)
        slot = np.arange(RUNGS) - (RUNGS - s)
        good = (slot >= 0) & (self._mind.reached[rows][:, None] < slot)
        return np.append(good.ravel(), True)

    def _log_price(self, rows: Ints) -> Floats:
        """Return the logarithm of the price of each rung of candidates, ``(s, c)``."""
        mind, ladder = self._mind, self._mind.expert.ladder
        cost = ladder.log_cost[:, rows]
        if not self._in_cost:
            return np.repeat(np.log(np.array(ladder.fidelities))[:, None], len(rows), 1)
        cost = cost.copy()
        cost[-1] = mind.expert.memory.log_cost[rows]
        if not self._continues:
            return cost
        was = mind.reached[rows]
        begun = np.flatnonzero(was >= 0)
        paid = np.exp(cost[was[begun], begun])
        cost[:, begun] = np.log(np.maximum(np.exp(cost[:, begun]) - paid, _LEAST * np.exp(cost[:, begun])))
        return cost
