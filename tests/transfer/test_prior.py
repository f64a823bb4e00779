"""Earlier tasks on one pool: what is kept of their scores, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hpo_gym.optimizer import Evaluations
from hpo_gym.transfer.prior import PoolPrior, Scale

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
    found = PoolPrior.of(prior, X.copy(), Scale())
    assert (found.families, found.known) == (("a",), None)
    assert PoolPrior.of(prior, X[:-1], Scale()).families == ()


def test_a_new_row_is_known_to_no_task() -> None:
    prior = PoolPrior.of([evaluations("a", X, [1.0, 2.0, 3.0])], X, Scale()).with_row(np.array([0.25]))
    assert prior.x[:, 0].tolist() == [0.0, 0.5, 1.0, 0.25]
    assert prior.known is not None
    assert prior.known.tolist() == [[True, True, True, False]]


def test_a_run_may_know_the_tasks_of_other_families() -> None:
    prior = PoolPrior.of([evaluations(f, X, [1.0, 2.0, 3.0]) for f in "aba"], X, Scale())
    assert prior.without(["a", "b", "c"]).tolist() == [[False, True, False], [True, False, True], [True] * 3]
