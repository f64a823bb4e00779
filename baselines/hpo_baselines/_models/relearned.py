"""`Relearned`: the Gaussian processes of a run that grows, each begun where the last one ended."""

from __future__ import annotations

from hpo_baselines._models.gaussian_process import GaussianProcess
from hpo_gym.base import Floats
from hpo_gym.problem import Points

_OFTEN = 10  # with fewer trials, hyperparameters are learned at every choice, then at every third


class Relearned:
    """Fits processes, and learns their hyperparameters at each fit up to ten trials, then at every third trial.

    Args:
        centre: Median of the hyperparameters' prior, ``(d + 1,)``; None: that of `prior_centre`.
    """

    def __init__(self, centre: Floats | None = None) -> None:
        self._centre = centre
        self._learned: Floats | None = None

    def fit(self, x: Points, y: Floats) -> GaussianProcess:
        """Return the process of points ``(n, d)`` and their values ``(n,)``."""
        n = len(y)
        learn = self._learned is None or n < _OFTEN or n % 3 == 0
        process = GaussianProcess.fit(x, y, start=self._learned, centre=self._centre, iterations=15 if learn else 0)
        self._learned = process.log_parameters
        return process

    def forget(self) -> None:
        """Learn the hyperparameters anew at the next fit: the values are others."""
        self._learned = None
