"""Earlier tasks at the points of one pool: what is kept of their scores, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_agents._pool.prior import PoolPrior
from hpo_baselines._transfer.earlier import shared_points
from hpo_baselines._transfer.surrogate import surrogate_of
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.prior import Scale, known, successes
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Status

X = np.array([[0.0], [0.5], [1.0]])
SPACE = SearchSpace(ConfigurationSpace({"a": (0.0, 1.0)}))


def evaluations(family: str, x: np.ndarray, score: Any) -> Evaluations:
    return Evaluations(family, family, x, np.array(score), np.ones(len(x)), np.zeros(len(x), np.int8))


def test_scores_are_in_bounded_deviations_of_meta_train_and_gaps_are_marked() -> None:
    prior = PoolPrior.of(
        [evaluations("a", X, [3.0, 1.0, np.nan]), evaluations("b", X, [50.0, 0.0, 2.0])], X, Scale(1, 2), SPACE
    )
    assert prior.y.tolist() == [[1.0, 0.0, 0.0], [5.0, -0.5, 0.5]]
    assert prior.known is not None
    assert prior.known.tolist() == [[True, True, False], [True, True, True]]
    assert prior.families == ("a", "b")
    assert prior.lowest.tolist() == [0.0, -0.5]
    assert prior.spread.tolist() == [1.0, 5.5]
    assert prior.rescaled(Scale(7.0)).scale == Scale(7.0)


def test_flat_and_unmeasured_tasks_have_a_small_range() -> None:
    prior = PoolPrior.of([evaluations("a", X, [3.0] * 3), evaluations("b", X, [np.nan] * 3)], X, Scale(), SPACE)
    assert prior.lowest.tolist() == [3.0, 0.0]
    assert prior.spread == pytest.approx([1e-3, 1e-3])


def test_a_task_with_points_of_its_own_is_modelled_at_the_pool() -> None:
    own = evaluations("b", np.array([[0.5], [0.25], [1.0]]), [7.0, 9.0, 5.0])
    prior = PoolPrior.of([evaluations("a", X, [1.0, np.nan, 3.0]), own], X.copy(), Scale(5.0, 2.0), SPACE)
    assert prior.known is not None
    assert prior.known.tolist() == [[True, False, True], [True, True, True]]
    assert prior.y[0].tolist() == [-2.0, 0.0, -1.0]
    assert prior.y[1, 1:].tolist() == [1.0, 0.0], "what was measured is exact"
    foretold = surrogate_of(SPACE, own)(X)[0]
    assert prior.y[1, 0] == pytest.approx((foretold - 5.0) / 2.0)
    assert 5.0 <= foretold <= 9.0, "no score is foretold outside of the task's range"


def test_a_task_is_known_by_a_success_in_the_same_space() -> None:
    good, failed = evaluations("a", X, [np.nan, -1.0, 2.0]), evaluations("b", X, [-math.inf, np.nan, -1.0])
    good.status[1] = failed.status[2] = Status.FAILED
    wide = evaluations("c", np.zeros((1, 2)), [1.0])
    assert successes(good).tolist() == [False, False, True]
    assert known(SPACE, [failed, good, wide]) == (good,)


def test_points_are_shared_if_they_are_the_same_on_all_tasks() -> None:
    space = SearchSpace(ConfigurationSpace({"a": (0, 4)}))
    near = X * 0.99  # of integers, the same
    one, same, other = (evaluations("a", x, [1.0, 2.0, 3.0]) for x in (near, near.copy(), X))
    found = shared_points(space, [one, same])
    assert found is not None
    assert found.tolist() == space.snap(X).tolist()
    assert shared_points(space, [one, other]) is None
    marginal = evaluations("b", X * np.nan, [1.0, 2.0, 3.0])
    assert shared_points(space, [marginal, marginal]) is None
