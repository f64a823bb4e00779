"""`Doubt`: the fallback of a run whose own trials contradict earlier tasks."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.model_based import Acquisition
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.incremental import IncrementalPosterior
from hpo_baselines._transfer.trust import Trust
from hpo_baselines.gp_ei import GPModel
from hpo_gym.base import Floats
from hpo_gym.problem import Points

_COUNTS = 0.4  # a belief of less weight is left out, but for the greatest
_N_INIT = 3  # trials before the process of the run's own
_LEAST = 1e-9  # weight of the first belief while nothing else can be asked


class Doubt:
    """Three hypotheses about the earlier tasks, weighed by `Trust`: they are right, uninformative, or have the wrong
    sign.

    Hypotheses below .4 are left out, except the greatest. Each of the rest has its own expected improvement: the
    second, that of the process of `gp-ei`, from three trials on.

    Args:
        run: The run.
        right: Posterior of a process that trusts them; trials are added to it and here.
    """

    def __init__(self, run: Run, right: IncrementalPosterior) -> None:
        self._right, self._trust, self._plain = right, Trust(right), GPModel(run, _N_INIT)
        self.weights: Floats = np.array([1.0, 0.0, 0.0])
        self._own: Acquisition | None = None

    def add(self, x: Points, row: int, exact: bool, y: float) -> None:
        """Learn a trial; see `IncrementalPosterior.add`."""
        self._trust.add(x, row, exact, y)

    def fit(self, seen: Place, y: Floats) -> None:
        """Weigh the beliefs after all trials that were added, at `seen` with scores ``(n,)``."""
        weight = self._trust.weights()
        weight[weight < min(_COUNTS, weight.max())] = 0.0
        self.weights = weight / weight.sum()
        self._own = self._plain.fit(seen, y) if self.weights[1] else None

    def value(self, at: Place, reported: Floats) -> Floats:
        """Return the value of candidates, ``(c,)``: the logarithm of the expected improvement under all hypotheses.

        Args:
            at: The candidates.
            reported: Their value by earlier tasks, a logarithm, ``(c,)``: it stays while they are trusted. Otherwise
                its excess over the logarithm of the first hypothesis's improvement is added, times the weight of that
                hypothesis.
        """
        right, blank, wrong = self.weights.tolist()
        if right == 1.0:
            return reported
        parts, more = [], 0.0
        if right or self._own is None:
            believed = self._right.log_acquisition(at)
            parts.append(np.log(max(right, _LEAST)) + believed)
            more = right * (reported - believed)
        if self._own is not None:
            parts.append(np.log(blank) + self._own(at))
        if wrong:
            parts.append(np.log(wrong) + self._right.mirrored().log_acquisition(at))
        return np.asarray(np.logaddexp.reduce(parts) + more)
