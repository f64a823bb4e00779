"""Scores of earlier tasks at points of others: exact where measured, by hand where ranks decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace
from scipy.stats import norm, spearmanr

from hpo_baselines._models.gaussian_process import GaussianProcess
from hpo_baselines._transfer.surrogate import Surrogate, candidates_of, scores_at
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status

SPACE = SearchSpace(ConfigurationSpace({"a": (0.0, 1.0), "b": Categorical("b", ["x", "y"], default="y")}))


def task(x: Any, score: Any, status: Any = None, name: str = "t") -> Evaluations:
    kinds = np.zeros(len(x), np.int8) if status is None else np.array(status, np.int8)
    return Evaluations(name, name, np.array(x, np.float64), np.array(score, np.float64), np.ones(len(x)), kinds)


def points(n: int, seed: int = 0) -> np.ndarray:
    return SPACE.sample(np.random.default_rng(seed), n)


def test_measured_points_have_their_scores_failures_the_worst_and_gaps_are_foretold() -> None:
    x = SPACE.snap(np.array([[0.1, 0.2], [0.5, 0.8], [0.9, 0.2], [0.3, 0.8], [0.1, 0.2]]))
    made = Surrogate(SPACE, task(x, [1.0, 2.0, -9.0, np.nan, 7.0], [0, 0, Status.FAILED, 0, 0]))
    found = made(x)
    assert found[[0, 1, 2]].tolist() == [1.0, 2.0, 1.0], "of equal points the first"
    assert 1.0 <= found[3] <= 7.0


def test_a_task_of_another_space_that_has_as_many_points_is_foretold() -> None:
    x = points(9)
    other = np.column_stack([x[:, 0], np.full(9, np.nan)])
    assert scores_at(SPACE, task(other, np.arange(9.0)), x).shape == (9,)
    assert scores_at(SPACE, task(x, np.arange(9.0)), x.copy()).tolist() == np.arange(9.0).tolist()


def test_what_is_foretold_is_of_ranks_and_within_the_range() -> None:
    """The same task under a monotone curve of its scores: the curve goes through."""
    x, y = points(60), np.sin(3 * points(60)[:, 0])
    at = points(200, 1)
    plain, bent = Surrogate(SPACE, task(x, y))(at), Surrogate(SPACE, task(x, np.exp(9 * y)))(at)
    assert spearmanr(plain, bent)[0] > 0.9999
    assert plain.min() >= y.min() and plain.max() <= y.max()
    one_bad = y.copy()
    one_bad[y.argmin()] = -1e12
    beside = Surrogate(SPACE, task(x, one_bad))(at)
    well = plain > np.sort(y)[2]
    assert beside[well] == pytest.approx(plain[well], abs=1e-9), "one very bad score bends nothing"


def test_quantiles_by_hand() -> None:
    made = Surrogate(SPACE, task(points(4), [3.0, 1.0, 3.0, 2.0]))
    assert made._worth.tolist() == [1.0, 2.0, 3.0]
    assert made._quantile == pytest.approx(norm.ppf([0.125, 0.375, 0.75]))


def test_of_a_task_of_another_space_some_points_decide_on_the_process_and_all_are_in_it() -> None:
    x, rng = points(230), np.random.default_rng(0)
    y = np.sin(5 * x[:, 0]) + 0.1 * rng.normal(size=230)
    whole, other = task(x, y), task(np.column_stack([x[:, 0], np.full(230, np.nan)]), y)
    for e, searched in ((whole, 230), (other, 200)):
        made = Surrogate(SPACE, e)
        z = np.interp(y, made._worth, made._quantile)
        few = np.sort(np.random.default_rng(0).choice(230, searched, replace=False))
        assert np.array_equal(made._length, GaussianProcess.fit(made._x[few], z[few], iterations=5).length)
        assert len(made._x) == len(made._weight) == 230


def test_candidates_hold_the_best_of_each_task_once() -> None:
    x = points(300)
    one, two = task(x[:200], np.arange(200.0)), task(x[100:], np.arange(200.0), name="u")
    found = candidates_of(SPACE, [one, two])
    assert found[:228].tolist() == [*x[199:71:-1].tolist(), *x[299:199:-1].tolist()]
    assert len(found) == len(np.unique(found, axis=0)) and SPACE.legal(found).all()
    assert np.array_equal(found, candidates_of(SPACE, [one, two]))
    gone = x[:3].copy()
    gone[:, 1] = np.nan
    assert candidates_of(SPACE, [task(gone, [1.0, 3.0, 2.0])])[:3, 1].tolist() == [SPACE.default_x[1]] * 3
