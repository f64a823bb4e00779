"""`Ensemble`: the knowledge of a run from several processes and the mixture of earlier tasks, updated trial by
trial."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from hpo_baselines._models.acquisition import weighted_gain
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.incremental import IncrementalPosterior, Matern, RowProcess
from hpo_baselines._transfer.memory import Memory
from hpo_baselines._transfer.posterior import TaskPrior
from hpo_baselines._transfer.trees import ExtraTrees
from hpo_gym.base import Floats
from hpo_gym.problem import Points

PROCESSES = ("matern", "trees", "exp")
NOISE = 0.05  # variance of a trial, as a share of the variance of its task
EXPONENT = 1.5  # of the cost, where the budget is in cost
FIRST = 0.3  # a standard deviation of the prior mean is worth so many logarithms of cost, in the first trial
SHRINKAGE = 0.4  # share of the stationary part in the process ``"matern"``
_SHRINKAGES = {"matern": SHRINKAGE, "trees": 0.6, "exp": 0.25}
_LEAST = 1e-4  # added to the mixture's expected improvement; tasks of less weight are left out of it
_POINTS = 2000  # of more, there is no kernel of trees
_STEEP = 1.5  # by which power of e a score grows along the usual range of a task
_MOST = 20.0


@dataclass(frozen=True, eq=False)
class Member:
    """A process of an ensemble.

    Attributes:
        name: One of `PROCESSES`.
        process: The prior of a new task from earlier ones.
        steep: Its transform of scores; None: none.
    """

    name: str
    process: RowProcess
    steep: Steep | None


class Steep:
    """Scores that grow by e^1.5 along the usual range of a task, so that differences near the top count most.

    Args:
        top, span: Mean over tasks of the best score, and of the range.
    """

    def __init__(self, top: float, span: float) -> None:
        self._top, self._rate = top, _STEEP / span if span > 0 else 0.0

    def __call__(self, y: Floats) -> Floats:
        return np.exp(np.clip((y - self._top) * self._rate, -_MOST, _MOST))


def steep_of(memory: Memory) -> Steep:
    """Return the transform of a memory's scores."""
    share, high, low = memory.weight / memory.weight.sum(), memory.y.max(1), memory.y.min(1)
    return Steep(float(share @ high), float(share @ (high - low)))


@functools.lru_cache(maxsize=16)
def members_of(memory: Memory, names: tuple[str, ...] | None, noise: float) -> tuple[Member, ...]:
    """Return the processes of a memory, made once for all runs.

    Args:
        memory: Scores of earlier tasks.
        names: Some of `PROCESSES`; None: all, but no trees if earlier tasks have further measurements.
        noise: Variance of a trial's noise, as a share of the task's variance.
    """
    if names is None:
        names = PROCESSES if len(memory.y) == memory.tasks else ("matern", "exp")
    if len(memory.pool.x) > _POINTS and set(names) != {"trees"}:
        names = tuple(name for name in names if name != "trees")
    return tuple(_member(memory, name, noise) for name in names)


def _member(memory: Memory, name: str, noise: float) -> Member:
    x, steep = memory.pool.x, steep_of(memory) if name == "exp" else None
    prior = TaskPrior.of(memory.y if steep is None else steep(memory.y), memory.weight)
    kernel = ExtraTrees(x, prior.residual) if name == "trees" else Matern(x)
    return Member(name, RowProcess(x, prior, kernel, _SHRINKAGES[name], noise), steep)


class Ensemble:
    """The knowledge of a run after its trials so far.

    Args:
        memory: Scores of earlier tasks, at `m` points.
        members: Its processes.
        temperature: Share of discordant pairs that lowers an earlier task's weight to 1 / e.
    """

    def __init__(self, memory: Memory, members: tuple[Member, ...], temperature: float) -> None:
        self.memory, self.members, self._temperature = memory, members, temperature
        self.posteriors = [IncrementalPosterior(member.process) for member in members]
        k = len(memory.y)
        self._wrong, self._pairs = np.zeros(k), 0
        self._best = np.full(k, -np.inf, np.float32)
        self.rows: list[int] = []
        self.scores: list[float] = []

    def of(self, name: str) -> IncrementalPosterior | None:
        """Return the posterior of a process; None if it is no member."""
        return next((p for p, member in zip(self.posteriors, self.members, strict=True) if member.name == name), None)

    def learn(self, x: Points, row: int, y: float) -> None:
        """Learn the score of a point ``(d,)``: row `row` of the memory, or a point with that nearest row."""
        memory = self.memory
        exact = bool((memory.pool.x[row] == x).all())
        for member, posterior in zip(self.members, self.posteriors, strict=True):
            posterior.add(x, row, exact, y if member.steep is None else float(member.steep(np.array([y]))[0]))
        there = memory.z[:, row]
        if self.rows:
            order = np.sign(there[:, None] - memory.z[:, self.rows])
            self._wrong += (order != np.sign(y - np.array(self.scores))).sum(1)
            self._pairs += len(self.rows)
        self._best = np.maximum(self._best, there)
        self.rows.append(row)
        self.scores.append(y)

    def prior_mean(self, at: Place) -> Floats:
        """Mean standardised score of points on earlier tasks, ``(c,)``."""
        return np.asarray(self.posteriors[0].process.prior.mean[at.row])

    def improvement(self, at: Place) -> Floats:
        """Return the mean over processes of the logarithm of expected improvement, ``(c,)``; after a trial."""
        return np.asarray(np.mean([posterior.log_acquisition(at) for posterior in self.posteriors], axis=0))

    def gain(self, at: Place) -> Floats:
        """Return the logarithm of the expected improvement under the mixture, plus 1e-4, ``(c,)``; after a trial."""
        weight, z = self.weights(), self.memory.z
        who = np.flatnonzero(weight > _LEAST)
        z = z[who] if isinstance(at.row, slice) else z[np.ix_(who, at.row)]
        return np.asarray(np.log(weighted_gain(z, self._best[who], weight[who]) + _LEAST))

    def weights(self) -> Floats:
        """Return the weights of the measurements in the mixture, ``(k,)``."""
        share = self._wrong / max(self._pairs, 1)
        likely = self.memory.weight * np.exp((share.min() - share) / self._temperature)
        return np.asarray(likely / likely.sum())

    def value(self, at: Place, exponent: float) -> Floats:
        """Return the value of points, less `exponent` times the logarithm of their cost, ``(c,)``."""
        cost = self.memory.log_cost[at.row]
        if not self.rows:
            return np.asarray(self.prior_mean(at) - FIRST * exponent * cost)
        return np.asarray(self.improvement(at) + self.gain(at) - exponent * cost)
