"""Scores of a new task at each configuration, predicted from its meta-features before the first trial."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_baselines._transfer.meta_distance import MetaRanks, MetaTask, ranks_of
from hpo_baselines._transfer.portfolio import Portfolio
from hpo_baselines._transfer.surrogate import table_at
from hpo_baselines.greedy_portfolio import choices_of, portfolio_of
from hpo_gym.base import Floats, whole
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Evaluations, Points, Pool, SearchSpace, known

TREES = 60
ROWS = 20_000
_FEWEST = 100  # candidates
_LEAF, _SHARE = 3, 0.5  # rows of a leaf, at least; share of the columns that a node may divide by


@OPTIMIZERS.register("meta-predict", extra="sklearn", family="transfer", trainable=False, asked="ahead")
class MetaPredict(Planned):
    """Extra trees foretell what a configuration scores on a task from its meta-features; no trial is looked at.

    They are grown once for a prior, on all its tasks at once: a row is the meta-features of a task as ranks
    (`MetaRanks`), a configuration as a point of the unit cube, and its score there as the normal quantile of its rank
    among those of the task; what was not measured is left out, a failure has the score of the worst success. The
    configurations are the first of `portfolio`: so many that there are 20,000 rows, but at least 100. A task whose
    points are others has the scores of its `Surrogate`.

    For a new task, each tree foretells all these configurations, and is taken for a task that it could be: they are
    tried in the order of the greedy portfolio over the trees, so the first is that with the best mean, and those after
    it are good where these are not. Then the rest of `portfolio` comes. Where the task tells no meta-feature that an
    earlier one has: `portfolio`. Without a prior: random search.

    **Reference**: none that states it so; predicting a score from both is that of Bardenet, Brendel, Kégl and Sebag,
    "Collaborative hyperparameter tuning", ICML 2013, https://proceedings.mlr.press/v28/bardenet13.html; the trees are
    those of Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006.

    **Differs from the paper**: trees instead of a ranking machine and a Gaussian process, and nothing is learned from
    the trials. The greedy order over trees and the candidates were chosen on training tasks: in the order of means over
    the whole pool, AutoML and Linear were far behind the portfolio.

    Args:
        trees: How many.
        rows: That they are grown on, about.
    """

    version = 1
    smoke: ClassVar[Mapping[str, Any]] = {"trees": 4, "rows": 200}

    def __init__(self, trees: int = TREES, rows: int = ROWS) -> None:
        self.trees, self.rows = trees, rows

    def plan(self, run: Run) -> Iterator[Choice]:
        """Yield the order by the trees' predictions, then the rest of the portfolio."""
        trees, rows = whole("trees", self.trees), whole("rows", self.rows)
        task = MetaTask.of(run)
        found = _order(task, trees, rows)
        yield from choices_of(found, run)
        rest = portfolio_of(task.space, task.prior, task.pool)
        yield from choices_of(rest, run, 0 if found is None else len(found.x))


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees that were grown on earlier tasks.

    Attributes:
        x: The candidates, ``(c, d)``.
        ranks: What ranks of meta-features are among.
        trees: Regressors of scikit-learn, of rows of meta-features and points.
    """

    x: Points
    ranks: MetaRanks
    trees: list[Any]

    def __call__(self, reported: Mapping[str, float | None]) -> Floats:
        """Return each tree's prediction for each candidate, for a task of some meta-features, ``(trees, c)``."""
        rows = np.concatenate([np.tile(self.ranks.of(reported), (len(self.x), 1)), self.x], 1).astype(np.float32)
        return np.stack([tree.predict(rows, check_input=False) for tree in self.trees])


@functools.lru_cache(maxsize=64)
def _order(task: MetaTask, trees: int, rows: int) -> Portfolio | None:
    """Return the candidates in order, computed once for all runs of a task; None if meta-features say nothing."""
    features = dict(task.features)
    if np.isnan(ranks_of(task.space, task.prior).of(features)).all():
        return None
    forest = forest_of(task.space, task.prior, task.pool, trees, rows)
    if forest is None:
        return None
    worth = forest(features)
    return Portfolio(forest.x, worth, start=float(worth.min()))


@functools.lru_cache(maxsize=4)
def forest_of(
    space: SearchSpace, prior: tuple[Evaluations, ...], pool: Pool | None, trees: int, rows: int
) -> Forest | None:
    """Return the trees of a prior, grown once for all runs; None if nothing is known."""
    from sklearn.ensemble import ExtraTreesRegressor

    portfolio = portfolio_of(space, prior, pool)
    if portfolio is None:
        return None
    tasks, ranks = known(space, prior), ranks_of(space, prior)
    count = min(len(portfolio.x), max(_FEWEST, rows // len(tasks)))
    kept = np.array([portfolio.entry(i) for i in range(count)])
    z = np.stack([quantiles(y) for y in table_at(space, tasks, portfolio.x)])[:, kept]
    task, candidate = np.nonzero(~np.isnan(z))
    if not len(task):
        return None
    x = portfolio.x[kept]
    columns = np.concatenate([ranks.ranks[task], x[candidate]], 1).astype(np.float32)
    grown = ExtraTreesRegressor(trees, min_samples_leaf=_LEAF, max_features=_SHARE, random_state=0)
    return Forest(x, ranks, grown.fit(columns, z[task, candidate]).estimators_)


def quantiles(y: Floats) -> Floats:
    """Return normal quantiles of scores ``(m,)`` by their rank, equal ones by the mean of theirs; NaN stays NaN."""
    from scipy.stats import norm, rankdata

    there = ~np.isnan(y)
    z = np.full(len(y), np.nan)
    z[there] = norm.ppf((rankdata(y[there]) - 0.5) / there.sum())
    return z
