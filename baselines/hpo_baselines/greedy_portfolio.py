"""The second control: the greedy portfolio of the meta-train tasks."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._transfer.earlier import scaled, shared_points
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_baselines._transfer.surrogate import candidates_of, table_at
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Evaluations, Points, Pool, SearchSpace, known, successes


@OPTIMIZERS.register("portfolio", family="transfer", trainable=False, asked="ahead")
class GreedyPortfolio(Planned):
    """A list of configurations that complement each other on the meta-train tasks, tried in order on every new task.

    Each next configuration minimises the mean over the tasks of `context.prior` of the lowest normalised regret so far;
    of equals, the one with the best mean score comes first. After 256 entries, the rest come by their mean. Scores are
    scaled to [0, 1] by each meta-train task's own successes. A failure has 0. A configuration not measured on a task
    has the task's mean there, so unknown scores neither favour nor exclude it.

    Candidates are the tasks' common points. Without any, they are the rows of the run's pool, and without a pool those
    of
    `candidates_of`; a task has the scores of its `Surrogate` there. A task with another number of columns than the
    space is left out. Without a prior: random search.

    On a new task, unmeasured rows are skipped.

    **Reference**: Wistuba, Schilling and Schmidt-Thieme, "Sequential model-free hyperparameter tuning", ICDM 2015,
    and "Learning hyperparameter optimization initializations", DSAA 2015; as greedy portfolios in Feurer et al.,
    "Auto-sklearn 2.0", JMLR 23, 2022, https://jmlr.org/papers/v23/21-0992.html

    **Differs from the paper**: no size is chosen, the whole budget is spent on the portfolio; the candidates are all
    measured configurations, not only the best of each task.
    """

    version = 1

    def plan(self, run: Run) -> Iterator[Choice]:
        """Return the portfolio of the run's prior."""
        return choices_of(portfolio_of(run.space, tuple(run.context.prior), run.pool), run)


def choices_of(portfolio: Portfolio | None, run: Run, start: int = 0) -> Iterator[Choice]:
    """Return the entries of a portfolio in order, as rows of a run's pool if they are rows; empty for None.

    Args:
        start: Number of entries to leave out.
    """
    if portfolio is None:
        return
    rows = None if run.pool is None else _rows(portfolio, run.pool)
    for i in range(start, len(portfolio.x)):
        at = portfolio.entry(i)
        x, row = portfolio.x[at], -1 if rows is None else rows.item(at)
        if row >= 0 and run.pool is not None and not run.pool.distinct:
            row = run.exact(x)
        yield row if row >= 0 else x


def portfolio_of(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None = None) -> Portfolio | None:
    """Return the portfolio of earlier tasks, made once for all runs; None if nothing is known.

    `Evaluations` are identified by object, so this is the same tuple or one of the same members. A `pool` matters
    only if the tasks share no points.
    """
    shared = _shared(space, prior)
    return shared if shared is not None else _modelled(space, prior, pool)


@functools.lru_cache(maxsize=4)
def _shared(space: SearchSpace, prior: tuple[Evaluations, ...]) -> Portfolio | None:
    found = _of_shared(space, prior)
    return None if found is None else Portfolio(*found)


@functools.lru_cache(maxsize=4)
def _modelled(space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None) -> Portfolio | None:
    found = candidates_and_worth(space, prior, pool)
    return None if found is None else Portfolio(*found)


def candidates_and_worth(
    space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None
) -> tuple[Points, Floats] | None:
    """Return the candidates ``(m, d)`` and their scores in [0, 1] on each earlier task ``(k, m)``; None: nothing is
    known."""
    shared = _of_shared(space, prior)
    if shared is not None:
        return shared
    tasks = known(space, prior)
    if not tasks:
        return None
    x = candidates_of(space, tasks) if pool is None else pool.x
    return x, np.stack([_filled(y) for y in table_at(space, tasks, x)])


def _of_shared(space: SearchSpace, prior: tuple[Evaluations, ...]) -> tuple[Points, Floats] | None:
    tasks = known(space, prior)
    shared = shared_points(space, tasks) if tasks else None
    return None if shared is None else (shared, np.stack([normalised(e) for e in tasks]))


@functools.lru_cache(maxsize=4)
def _rows(portfolio: Portfolio, pool: Pool) -> NDArray[np.int64]:
    """Return the row of each candidate in a pool, -1 for candidates outside it, ``(c,)``."""
    return pool.exact(portfolio.x)


def normalised(e: Evaluations) -> Floats:
    """Scores of a task in [0, 1], ``(m,)``: failures 0, and the mean of the others where not measured."""
    z, missing = scaled(e.score, successes(e)), np.isnan(e.score)
    return np.where(missing, z[~missing].mean(), z)


def _filled(y: Floats) -> Floats:
    """Scores of a task in [0, 1], ``(m,)``: the mean of the others where one is NaN."""
    there = ~np.isnan(y)
    z = scaled(y, there)
    return np.where(there, z, z[there].mean())
