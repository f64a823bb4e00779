"""The second control: the greedy portfolio of the meta-train tasks."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_gym.nearest.pool import Pool, keys
from hpo_gym.optimizer import OPTIMIZERS, Evaluations
from hpo_gym.space import Points, SearchSpace
from hpo_gym.transfer.portfolio import Portfolio
from hpo_gym.transfer.prior import known, shared_points, successes
from hpo_gym.transfer.regret import scaled

Matrix = NDArray[np.float64]

_CANDIDATES = 256  # where the tasks share no pool


@OPTIMIZERS.register("portfolio", family="transfer", trainable=False)
class GreedyPortfolio(Planned):
    """A list of configurations that complement each other on the meta-train tasks, tried in order on every new task.

    Each next configuration minimises the mean over the tasks of `context.prior` of the lowest normalised regret so far;
    of equals, the one with the best mean score comes first. After 256 entries, the rest come by their mean. Scores are
    scaled to [0, 1] by each meta-train task's own successes. A failure has 0. A configuration that was not measured on
    a task has the task's mean there, so it is neither chosen nor left out for what is not known.

    Candidates are the points that all the tasks share. If they share none, they are the best points of each (256 in
    all, at least one a task), and on another task a candidate has the score of the nearest measured point. A task
    whose points have another number of columns than the space is left out. Without a prior: random search.

    On a new task, rows that were not measured there are skipped.

    **Reference**: Wistuba, Schilling and Schmidt-Thieme, "Sequential model-free hyperparameter tuning", ICDM 2015,
    and "Learning hyperparameter optimization initializations", DSAA 2015; as greedy portfolios in Feurer et al.,
    "Auto-sklearn 2.0", JMLR 23, 2022, https://jmlr.org/papers/v23/21-0992.html

    **Differs from the paper**: no size is chosen, the whole budget is spent on the portfolio; the candidates are all
    measured configurations, not only the best of each task.
    """

    version = 1

    def plan(self, run: Run) -> Iterator[Choice]:
        """The portfolio of the run's prior."""
        portfolio = portfolio_of(run.space, tuple(run.context.prior))
        rows = None if portfolio is None or run.pool is None else _rows(portfolio, run.pool)
        for i in range(len(portfolio.x) if portfolio else 0):
            assert portfolio is not None
            at = portfolio.entry(i)
            x, row = portfolio.x[at], -1 if rows is None else rows.item(at)
            if row >= 0 and run.pool is not None and not run.pool.distinct:
                row = run.exact(x)
            yield row if row >= 0 else x


@functools.lru_cache(maxsize=4)
def portfolio_of(space: SearchSpace, prior: tuple[Evaluations, ...]) -> Portfolio | None:
    """The portfolio of earlier tasks, made once for all runs; None where nothing is known.

    `Evaluations` are told apart by identity, so this is the same tuple or one of the same members.
    """
    tasks = known(space, prior)
    if not tasks:
        return None
    z, shared = [normalised(e) for e in tasks], shared_points(space, tasks)
    if shared is not None:
        return Portfolio(shared, np.stack(z))
    x = _best_points(space, tasks)
    return Portfolio(x, np.stack([s[_nearest(space, e, x)] for e, s in zip(tasks, z, strict=True)]))


@functools.lru_cache(maxsize=4)
def _rows(portfolio: Portfolio, pool: Pool) -> NDArray[np.int64]:
    """The row of a pool that each candidate is, -1 of those that are none, ``(c,)``."""
    return pool.exact(portfolio.x)


def normalised(e: Evaluations) -> Matrix:
    """Scores of a task in [0, 1], ``(m,)``: failures 0, and the mean of the others where not measured."""
    z, missing = scaled(e.score, successes(e)), np.isnan(e.score)
    return np.where(missing, z[~missing].mean(), z)


def _best_points(space: SearchSpace, tasks: Sequence[Evaluations]) -> Points:
    """The distinct best points of each task, ``(c, d)``."""
    count = max(1, _CANDIDATES // len(tasks))
    best = [e.x[np.argsort(np.where(successes(e), -e.score, np.inf), kind="stable")[:count]] for e in tasks]
    x = space.snap(np.concatenate(best))
    return np.array(list(dict(zip(keys(x), x, strict=True)).values()))


def _nearest(space: SearchSpace, e: Evaluations, x: Points) -> NDArray[np.int64]:
    return Pool(space, e.x).nearest(x, ~np.isnan(e.score))
