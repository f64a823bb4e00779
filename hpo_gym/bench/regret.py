"""References for the scores of runs, and the treatment of better scores: decided here alone.

- An **exact** best is the best that can be reached: a score above it is a fault of the task, and refused.
- A best **found** by a search, or a bound out of reach, is no limit: a better score has regret 0 too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.bench.metrics import VALIDATION, normalised_regret
from hpo_gym.problem import Task


def regret_on(tasks: Sequence[Task], scores: Floats, bounds: Floats | None = None, score: str = VALIDATION) -> Floats:
    """Return the normalised regret of results after each trial, ``(k, r, h)``; NaN stays NaN.

    Args:
        scores: Of `r` runs on each of `k` tasks, ``(k, r, h)``.
        bounds: Best and worst score of each task ``(k, 2)``, where the tasks themselves do not know both.
        score: Kind of the scores, `VALIDATION` or `TEST`; the best test score is always exact.

    Raises:
        InvalidValueError: A score is above an exact best.
    """
    best, worst = np.array([(t.best, t.worst) for t in tasks] if bounds is None else bounds, np.float64).T
    exact = np.array([task.exact or score != VALIDATION for task in tasks])
    if bounds is not None:
        best = np.where(exact, best, [task.best for task in tasks])
    return normalised_regret(np.minimum(scores, np.where(exact, np.inf, best)[:, None, None]), best, worst)
