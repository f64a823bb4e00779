"""Earlier tasks on one pool: what is kept of their scores, by hand."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_gym.optimizer import Evaluations
from hpo_gym.space import SearchSpace
from hpo_gym.transfer.prior import PoolPrior, Scale, known, shared_points, successes
from hpo_gym.trial import Status

X = np.array([[0.0], [0.5], [1.0]])


def evaluations(family: str, x: np.ndarray, score: Any) -> Evaluations:
    return Evaluations(family, family, x, np.array(score), np.ones(len(x)), np.zeros(len(x), np.int8))


def test_scores_are_in_bounded_deviations_of_meta_train_and_gaps_are_marked() -> None:
    prior = PoolPrior.of(
        [evaluations("a", X, [3.0, 1.0, np.nan]), evaluations("b", X, [50.0, 0.0, 2.0])], X, Scale(1, 2)
    )
    assert prior.y.tolist() == [[1.0, 0.0, 0.0], [5.0, -0.5, 0.5]]
    assert prior.known is not None
    assert prior.known.tolist() == [[True, True, False], [True, True, True]]
    assert prior.families == ("a", "b")
    assert prior.lowest.tolist() == [0.0, -0.5]
    assert prior.spread.tolist() == [1.0, 5.5]
    assert prior.rescaled(Scale(7.0)).scale == Scale(7.0)


def test_flat_and_unmeasured_tasks_have_a_small_range() -> None:
    prior = PoolPrior.of([evaluations("a", X, [3.0] * 3), evaluations("b", X, [np.nan] * 3)], X, Scale())
    assert prior.lowest.tolist() == [3.0, 0.0]
    assert prior.spread == pytest.approx([1e-3, 1e-3])


def test_earlier_tasks_on_another_pool_are_left_out() -> None:
    prior = [evaluations("a", X, [1.0, 2.0, 3.0]), evaluations("b", X + 1, [1.0, 2.0, 3.0])]
    with pytest.warns(UserWarning, match=r"1 of 2 earlier tasks are left out, such as 'b': .* the 3 points"):
        found = PoolPrior.of(prior, X.copy(), Scale())
    assert (found.families, found.known) == (("a",), None)
    with pytest.warns(UserWarning, match="2 of 2 earlier tasks are left out, such as 'a'"):
        assert PoolPrior.of(prior, X[:-1], Scale()).families == ()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PoolPrior.of(prior[:1], X.copy(), Scale())


def test_a_task_is_known_by_a_success_in_the_same_space() -> None:
    space = SearchSpace(ConfigurationSpace({"a": (0.0, 1.0)}))
    good, failed = evaluations("a", X, [np.nan, -1.0, 2.0]), evaluations("b", X, [-math.inf, np.nan, -1.0])
    good.status[1] = failed.status[2] = Status.FAILED
    wide = evaluations("c", np.zeros((1, 2)), [1.0])
    assert successes(good).tolist() == [False, False, True]
    assert known(space, [failed, good, wide]) == (good,)


def test_points_are_shared_if_they_are_the_same_on_all_tasks() -> None:
    space = SearchSpace(ConfigurationSpace({"a": (0, 4)}))
    near = X * 0.99  # of integers, the same
    one, same, other = (evaluations("a", x, [1.0, 2.0, 3.0]) for x in (near, near.copy(), X))
    found = shared_points(space, [one, same])
    assert found is not None
    assert found.tolist() == space.snap(X).tolist()
    assert shared_points(space, [one, other]) is None


def test_a_new_row_is_known_to_no_task() -> None:
    prior = PoolPrior.of([evaluations("a", X, [1.0, 2.0, 3.0])], X, Scale()).with_row(np.array([0.25]))
    assert prior.x[:, 0].tolist() == [0.0, 0.5, 1.0, 0.25]
    assert prior.known is not None
    assert prior.known.tolist() == [[True, True, True, False]]


def test_a_run_may_know_the_tasks_of_other_families() -> None:
    prior = PoolPrior.of([evaluations(f, X, [1.0, 2.0, 3.0]) for f in "aba"], X, Scale())
    assert prior.without(["a", "b", "c"]).tolist() == [[False, True, False], [True, False, True], [True] * 3]
