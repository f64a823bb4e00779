"""Bayesian optimization with a Gaussian process and expected improvement."""

from __future__ import annotations

import numpy as np

from hpo_baselines._models.acquisition import log_expected_improvement
from hpo_baselines._models.columns import Columns
from hpo_baselines._models.model_based import Acquisition, Model, ModelBased
from hpo_baselines._models.relearned import Relearned
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS


@OPTIMIZERS.register("gp-ei", family="no-transfer", trainable=False)
class GPExpectedImprovement(ModelBased):
    """Bayesian optimization: a Gaussian process of the run's trials, and the logarithm of expected improvement.

    The first trials are random. The kernel is Matern-5/2 with a length scale for each hyperparameter, under a
    log-normal prior that grows with the dimension; the hyperparameters are the most probable ones, learned at each
    choice up to ten trials, then at every third. For the candidates, see `ModelBased`.

    **Reference**: Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box functions", Journal
    of Global Optimization 13, 1998; Snoek, Larochelle and Adams, "Practical Bayesian optimization of machine learning
    algorithms", NeurIPS 2012; the prior after Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization performs
    great in high dimensions", ICML 2024.

    **Differs from the paper**: hyperparameters are optimised, not sampled; a categorical hyperparameter is a column
    for each choice; without a pool, the acquisition function is maximised over candidates, not by its gradient.

    Args:
        n_init: Random trials first; the initial design counts. None: a sixth of the budget, from 3 to 10: five of 33,
            about the best of 2 to 8 on the validation tasks of our suites (`docs/baselines.md`).
        one_hot: Whether a categorical has a column for each choice (see `Columns`).
    """

    version = 2
    believes = True

    def __init__(self, n_init: int | None = None, one_hot: bool = True) -> None:
        self.n_init, self.one_hot = n_init, one_hot

    def begin(self, run: Run) -> Model:
        check_n_init(self.n_init)
        return GPModel(run, self.n_init, one_hot=self.one_hot)


def check_n_init(n_init: int | None) -> None:
    """Refuse fewer than one random trial."""
    if n_init is not None and n_init < 1:
        raise InvalidValueError(f"`n_init >= 1` must hold, got {n_init}; the nearest is 1.")


class GPModel(Model):
    """The Gaussian process of a run.

    Args:
        n_init: Trials before the first process; until then, choices are random. None: see `GPExpectedImprovement`.
        one_hot: See `GPExpectedImprovement`.
        centre: Median of the hyperparameters' prior, ``(d + 1,)``; None: that of `prior_centre`.
    """

    def __init__(
        self, run: Run, n_init: int | None = None, *, one_hot: bool = True, centre: Floats | None = None
    ) -> None:
        super().__init__(run)
        self._n_init = int(np.clip(run.context.budget // 6, 3, 10)) if n_init is None else n_init
        self._columns, self._processes = Columns(run.space, one_hot), Relearned(centre)

    def fit(self, seen: Place, y: Floats) -> Acquisition | None:
        if len(y) < self._n_init:
            return None
        process, best = self._processes.fit(self._features(seen), y), float(y.max())
        return lambda at: log_expected_improvement(*process.predict(self._features(at)), best)

    def forget(self) -> None:
        """Learn the hyperparameters anew at the next choice: the scores are others."""
        self._processes.forget()

    def _features(self, at: Place) -> Floats:
        """Return the columns for the kernel, ``(c, p)``."""
        return self._columns(at.x, self.pool)
