"""Trust in earlier tasks: by their predictions of each other, and by the evidence of a run's own trials."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from hpo_baselines._transfer.incremental import IncrementalPosterior, Matern, RowProcess
from hpo_baselines._transfer.memory import Memory
from hpo_baselines._transfer.posterior import TaskPrior
from hpo_gym.base import Floats, generator, key
from hpo_gym.problem import Points

BEFORE = (0.85, 0.1, 0.05)
"""Weights before the first trial: earlier tasks are right, tell nothing of the points, have the wrong sign."""
_MOST = 1.0  # log evidence of one trial against another belief
_FEWEST = 10  # of fewer tasks, none is held out
_HELD_OUT, _TRIALS, _ROWS = 32, 8, 256  # tasks held out, trials of each, rows that these are drawn from
_GAIN = 1.25  # log evidence of these trials that earlier tasks must add, to be believed at all


class Trust:
    """Three hypotheses about earlier tasks, each weighted by its density of the scores so far.

    A trial changes the ratio of two densities by e at most: one unexpected score decides nothing.

    Args:
        right: Posterior of a process that trusts them; trials are added to it first, then here.
        before: Weights before the first trial: right, uninformative about points, wrong sign.
    """

    def __init__(self, right: IncrementalPosterior, before: Sequence[float] = BEFORE) -> None:
        self._right, self._log = right, np.log(np.asarray(before, np.float64))
        self._blank = IncrementalPosterior(right.process.blank, held=False)
        self._evidence = np.zeros(3)

    def add(self, x: Points, row: int, exact: bool, y: float) -> None:
        """Learn a trial; see `IncrementalPosterior.add`."""
        self._blank.add(x, row, exact, y)
        three = self._right, self._blank, self._right.mirrored()
        evidence = np.array([posterior.log_evidence() for posterior in three])
        new = evidence - self._evidence
        self._log += np.clip(new - new[0], -_MOST, _MOST)
        self._evidence = evidence

    def weights(self) -> Floats:
        """Return the weights of the three, ``(3,)``, with a sum of 1."""
        weight = np.exp(self._log - self._log.max())
        return np.asarray(weight / weight.sum())


@functools.lru_cache(maxsize=8)
def consistent(memory: Memory, shrinkage: float, noise: float) -> bool:
    """Return whether earlier tasks predict each other; tasks with shuffled scores do not.

    Of up to 32 tasks, each held out in turn, 8 scores are predicted by the process of the others, and by one that knows
    only their mean and scale: the first must be better by 1.25 on average, in logarithms of the density. With fewer
    than 10 tasks, True.
    """
    return memory.tasks < _FEWEST or gain_of_others(memory, shrinkage, noise) >= _GAIN


def gain_of_others(memory: Memory, shrinkage: float, noise: float) -> float:
    """Return the quantity that `consistent` compares with 1.25; rows and tasks are drawn by key."""
    rng = generator(key("consistent"))
    rows = rng.permutation(len(memory.pool.x))[:_ROWS]
    x, y = memory.pool.x[rows], memory.y[: memory.tasks, rows]
    kernel, gains = Matern(x), []
    for out in rng.permutation(len(y))[:_HELD_OUT]:
        process = RowProcess(x, TaskPrior.of(np.delete(y, out, 0)), kernel, shrinkage, noise)
        both = [IncrementalPosterior(p, held=False) for p in (process, process.blank)]
        for row in rng.permutation(len(x))[:_TRIALS].tolist():
            for posterior in both:
                posterior.add(x[row], row, True, float(y[out, row]))
        gains.append(both[0].log_evidence() - both[1].log_evidence())
    return float(np.mean(gains))
