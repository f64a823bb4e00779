"""`SeveralObjectives`: shared parts of baselines of several objectives: runs that know the vector of each trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Baseline, Ground, Run, grounds_of
from hpo_gym.base import Floats, tame
from hpo_gym.env import Runs
from hpo_gym.optimize import Context
from hpo_gym.problem import COST_OBJECTIVE as COST
from hpo_gym.problem import SCORE, Outcomes, Trial


class VectorRun(Run):
    """A run with several objectives per trial.

    Args:
        objectives: Names; see `SeveralObjectives`.

    Attributes:
        outcomes: The objectives.
        good: Mask of successes.
    """

    def __init__(
        self, context: Context, rng: np.random.Generator, ground: Ground, objectives: Sequence[str] | None
    ) -> None:
        super().__init__(context, rng, ground)
        if objectives is None:
            further = [objective.name for objective in context.objectives]
            objectives = [SCORE.name, *(further or [COST.name])]
        self.outcomes = Outcomes.of(objectives, context.objectives)
        self.good: list[bool] = []
        self._vectors: list[Floats] = []

    def came(self, score: Floats, cost: Floats, further: Floats, status: NDArray[np.int8]) -> None:
        """Learn the results of trials, each ``(t,)``, `further` ``(t, p)``."""
        self._vectors += list(tame(self.outcomes.values(score, cost, further) * self.outcomes.signs))
        self.good += (status == 0).tolist()

    def vectors(self) -> Floats:
        """Return the results of the trials so far, all maximised, ``(t, o)``: a failure is below all successes in
        each."""
        values = np.array(self._vectors).reshape(len(self._vectors), len(self.outcomes.places))
        good = np.array(self.good, bool)
        if good.all():
            return values
        if not good.any():
            return np.zeros_like(values)
        low, high = values[good].min(0), values[good].max(0)
        return np.where(good[:, None], values, low - np.where(high > low, high - low, 1.0))


class SeveralObjectives(Baseline):
    """An optimizer that looks for the best trade-offs.

    Args:
        objectives: Names. None: the score and all further objectives of the task; without any, score and cost.
    """

    version = 1
    _runs: Sequence[VectorRun] = ()

    def __init__(self, objectives: Sequence[str] | None = None) -> None:
        self.objectives = objectives

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""
        grounds = grounds_of(contexts)
        self._runs = [VectorRun(c, rng, grounds[c], self.objectives) for c, rng in zip(contexts, rngs, strict=True)]

    def tell(self, trial: Trial) -> None:
        """Learn the outcome; also of given points, before the first `ask`."""
        self._only()
        (run,) = self._runs
        further = np.array([[trial.objectives[objective.name] for objective in run.context.objectives]], np.float64)
        run.came(np.array([trial.score]), np.array([trial.cost]), further, np.array([trial.status], np.int8))
        super().tell(trial)

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Return the next evaluation of each run; -1 or a point of NaN if all has been tried."""
        if runs.n == len(self._runs):
            for i, run in enumerate(self._runs):
                new = slice(len(run.score), None)
                reported = runs.arrays(i)
                run.came(reported["score"][new], reported["cost"][new], runs.further(i)[new], reported["status"][new])
        return super().ask_batch(runs)
