"""ParEGO: Bayesian optimization of one weighing of the objectives at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._models.model_based import Study
from hpo_baselines._runs.baseline import Choice, Run
from hpo_baselines._runs.several import SeveralObjectives, VectorRun
from hpo_baselines.gp_ei import GPModel
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS, Context

_RHO = 0.05  # of the sum beside the largest part, as in the paper's eq. 2


@OPTIMIZERS.register("parego", family="multi-objective", trainable=False)
class ParEGO(SeveralObjectives):
    """Each choice draws weights, makes one number of the objectives by them, and takes what `gp-ei` would take for it.

    The objectives are scaled to [0, 1] by the successes so far, 0 the best; the number is the largest weighted part and
    a twentieth of the weighted sum (the augmented Chebyshev function). The process learns its hyperparameters anew for
    each number. The first trials are random.

    **Reference**: Knowles, "ParEGO: a hybrid algorithm with on-line landscape approximation for expensive
    multiobjective optimization problems", IEEE Transactions on Evolutionary Computation 10, 2006.

    **Differs from the paper**: weights are uniform on the simplex, not on a grid of it; the process is that of `gp-ei`,
    of all trials; expected improvement is maximised over its candidates; as many first trials as `gp-ei` has, random
    ones. A failure is as far below the successes in every objective as they are spread.

    Args:
        objectives: See `SeveralObjectives`.
        n_init: Random trials first; given points count. None: as `gp-ei`.
    """

    def __init__(self, objectives: Sequence[str] | None = None, n_init: int | None = None) -> None:
        super().__init__(objectives)
        self.n_init = n_init

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""
        super().reset_batch(contexts, rngs)
        models = [GPModel(run, self.n_init) for run in self._runs]
        self._studies = {run: (model, Study(run, model)) for run, model in zip(self._runs, models, strict=True)}

    def choose(self, runs: Sequence[Run]) -> list[Choice | None]:
        """Claim the best candidate of each run by its own weights."""
        return [self._next(run) for run in runs if isinstance(run, VectorRun)]

    def _next(self, run: VectorRun) -> Choice | None:
        vectors, (model, study) = run.vectors(), self._studies[run]
        if len(vectors):
            weights = run.rng.dirichlet(np.ones(vectors.shape[1]))
            run.score[:] = chebyshev(vectors, np.array(run.good), weights).tolist()
            model.forget()
        return study.next()


def chebyshev(vectors: Floats, good: NDArray[np.bool_], weights: Floats) -> Floats:
    """One number of maximised objectives ``(t, o)`` by weights ``(o,)``, more is better, ``(t,)``: at most 0.

    Args:
        good: Which trials succeeded: they span the range, ``(t,)``.
    """
    of = vectors[good] if good.any() else vectors
    low, high = of.min(0), of.max(0)
    lacks = (high - vectors) / np.where(high > low, high - low, 1.0) * weights
    return np.asarray(-(lacks.max(1) + _RHO * lacks.sum(1)))
