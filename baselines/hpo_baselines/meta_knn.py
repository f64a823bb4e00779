"""The best configurations of the earlier tasks that are nearest in their meta-features, then a portfolio of such."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._transfer.meta_distance import MetaTask, ranks_of
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_baselines.greedy_portfolio import candidates_and_worth, choices_of, portfolio_of
from hpo_gym.base import Floats, InvalidValueError, whole
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Evaluations, Points, Pool, SearchSpace

NEIGHBOURS = 1
BANDWIDTH = 0.1
_FAR = 1.0  # distance of a task with which no feature is shared: the greatest there is


@OPTIMIZERS.register("meta-knn", family="transfer", trainable=False, asked="ahead")
class MetaKNN(Planned):
    """First the best configurations of the earlier tasks with the nearest meta-features, then the greedy portfolio with
    more weight for near tasks.

    A distance is the mean difference of ranks over the meta-features known to both tasks (`MetaRanks`); a task without
    common ones is at distance 1. The `k` nearest tasks give their best configuration each, the nearest first; of
    equally near tasks, the earlier one in the prior comes first, of equally good configurations, that with the best
    weighted mean. Then `portfolio` follows, with the weight ``exp(-distance / bandwidth)`` for each task; it continues
    from the configurations before it. If the task has no meta-feature known for an earlier one: `portfolio`.
    Without a prior: random search.

    **Reference**: Feurer, Springenberg and Hutter, "Initializing Bayesian hyperparameter optimization via
    meta-learning", AAAI 2015, https://doi.org/10.1609/aaai.v29i1.9354

    **Differs from the paper**: a distance is of ranks instead of z-scores, and a mean over known features; a portfolio
    follows instead of Bayesian optimisation; `k` was chosen on training tasks, where 1 was better than 3, 5 and 10.

    Args:
        k: Number of tasks that give their best configuration; with 0, the portfolio begins at once, which was better
            still.
        bandwidth: Distance at which a task counts 1 / e.
    """

    version = 1

    def __init__(self, k: int = NEIGHBOURS, bandwidth: float = BANDWIDTH) -> None:
        self.k, self.bandwidth = k, bandwidth

    def plan(self, run: Run) -> Iterator[Choice]:
        """Return the portfolio of the run's prior for the run's meta-features."""
        whole("k", self.k, 0)
        if not (self.bandwidth > 0 and np.isfinite(self.bandwidth)):
            raise InvalidValueError(
                f"`0 < bandwidth < inf` must hold, got {self.bandwidth}; the nearest is any above 0."
            )
        return choices_of(near_portfolio(MetaTask.of(run), int(self.k), float(self.bandwidth)), run)


@functools.lru_cache(maxsize=64)
def near_portfolio(task: MetaTask, k: int, bandwidth: float) -> Portfolio | None:
    """Return the portfolio for a task, made once for all its runs; None if nothing is known."""
    distance = ranks_of(task.space, task.prior).distances(dict(task.features))
    if np.isnan(distance).all():
        return portfolio_of(task.space, task.prior, task.pool)
    found = _worths(task.space, task.prior, task.pool)
    assert found is not None
    x, worth = found
    distance = np.where(np.isnan(distance), _FAR, distance)
    weight = np.exp((distance.min() - distance) / bandwidth)
    weight /= weight.sum()
    mean, nearest = weight @ worth, np.argsort(distance, kind="stable")[:k]
    return Portfolio(x, worth, weight=weight, begin=[_best(worth[i], mean) for i in nearest.tolist()])


def _best(worth: Floats, mean: Floats) -> int:
    equal = np.flatnonzero(worth == worth.max())
    return int(equal[mean[equal].argmax()])


@functools.lru_cache(maxsize=4)
def _worths(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None) -> tuple[Points, Floats] | None:
    """Return `candidates_and_worth`, once for all runs."""
    return candidates_and_worth(space, prior, pool)
