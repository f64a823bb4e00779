"""`Oracle`: what of tasks only training-only rewards, judges of training and reports may know."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError
from hpo_gym.problem import Task, random_regret, regret_levels, relative_regret, relative_regret_of

LEVELS = 128
_KEPT = 128  # numbers of trials, of which what they are worth is kept


@dataclass(frozen=True, eq=False)
class Oracle:
    """The bounds of `k` tasks.

    Attributes:
        best: The best reachable score of each, ``(k,)``.
        worst: The score of normalised regret 1 of each, ``(k,)``.
        random: For a reward, the mean normalised regret of a random configuration of each, ``(k,)``: `random_regret`.
        levels: With `random`, the regrets of random configurations of each, rising, ``(k, q)``, the last repeated.
        beyond: The probability of more than each, ``(k, q)``.
    """

    best: Floats
    worst: Floats
    random: Floats | None = None
    levels: Floats | None = None
    beyond: Floats | None = None
    _known: dict[int, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, tasks: Sequence[Task], *, random: bool = False) -> Oracle:
        """Return the oracle of tasks, in order, `random` ones too (slower); refuse unknown best or worst scores."""
        for task in tasks:
            if not task.bounded:
                raise InvalidValueError(
                    f"A reward that reads the oracle needs the best and the worst score of all tasks, {task.name!r} "
                    f"has ({task.best}, {task.worst}); take the reward 'score' or 'improvement'."
                )
        best, worst = np.array([t.best for t in tasks]), np.array([t.worst for t in tasks])
        if not random:
            return cls(best, worst)
        known = [regret_levels(t, LEVELS) for t in tasks]
        q = max(len(levels) for levels, _ in known)
        levels, beyond = (np.array([np.pad(k[i], (0, q - len(k[i])), "edge") for k in known]) for i in (0, 1))
        return cls(best, worst, np.array([random_regret(t) for t in tasks]), levels, beyond)

    def luck(self, task: Ints, regret: Floats, trials: Ints) -> Floats:
        """Return how much lower the regrets of runs are, summed over their next trials, if those are random, ``(n,)``.

        Random search may repeat itself: each trial draws anew.

        Args:
            task: Numbers of tasks, ``(n,)``.
            regret: Of the incumbents, ``(n,)``.
            trials: How many are left, ``(n,)``, or of all runs.
        """
        assert self.levels is not None
        place = np.maximum((self.levels[task] <= regret[:, None]).sum(1) - 1, 0)
        above, out = np.maximum(regret - self.levels[task, place], 0.0), np.empty(regret.shape)
        for count in set(np.ravel(trials).tolist()):
            who = np.broadcast_to(trials == count, regret.shape)
            below, rate = self._worth(count)
            at = task[who], place[who]
            out[who] = below[at] + rate[at] * above[who]
        return out

    def luck_of(self, task: int, regret: float, trials: int, before: float, began: int) -> tuple[float, float]:
        """Return `luck` of one run, and that of the regret `before` with `began` trials left."""
        levels, (below, rate) = self._lists[task], self._worth(trials)
        place = max(bisect_right(levels, regret) - 1, 0)
        now = below.item(task, place) + rate.item(task, place) * max(regret - levels[place], 0.0)
        if before != regret:
            place = max(bisect_right(levels, before) - 1, 0)
        below, rate = self._worth(began)
        return now, below.item(task, place) + rate.item(task, place) * max(before - levels[place], 0.0)

    @functools.cached_property
    def _lists(self) -> list[list[float]]:
        assert self.levels is not None
        return self.levels.tolist()  # type: ignore[no-any-return]

    def _worth(self, trials: int) -> tuple[Floats, Floats]:
        """Return what random trials lower a regret of each level by, and their rate above it, ``(k, q)`` each."""
        known = self._known.get(trials)
        if known is None:
            assert self.levels is not None and self.beyond is not None
            s = self.beyond  # P(a draw leaves more), above each level
            rate = trials - s * (1.0 - _power(s, trials)) / (1.0 - s)
            below = np.zeros_like(rate)
            np.cumsum(np.diff(self.levels, axis=1) * rate[:, :-1], 1, out=below[:, 1:])
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[trials] = known = below, rate
        return known

    def regret(self, task: Ints, scores: NDArray[np.floating]) -> Floats:
        """Normalised regret of scores ``(n,)`` on tasks ``(n,)``: 0 at the task's best, 1 at its worst and below."""
        return relative_regret(scores, self.best[task], self.worst[task])

    def regret_of(self, task: int, score: float) -> float:
        """Return `regret` of one score."""
        return relative_regret_of(score, self.best.item(task), self.worst.item(task))


def _power(base: Floats, exponent: int) -> Floats:
    """Return whole powers by multiplications alone: the same bits on any processor, unlike those of `np.power`."""
    out, square = np.ones_like(base), base
    while exponent:
        out, square, exponent = out * square if exponent & 1 else out, square * square, exponent >> 1
    return out
