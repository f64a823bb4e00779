"""Weights of two tasks by the order of three trials, and the improvement that they expect, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpo_agents._pool.mixture import Mixture
from hpo_agents._pool.prior import PoolPrior
from hpo_baselines._transfer.order_weights import discordant_share, order_weights
from hpo_gym.problem.prior import Scale

# The run's trials rise. The first task agrees; the second has one pair of three the other way round.
Y = np.array([[1.0, 2.0, 3.0]])
SCORES = np.array([[[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]]])


def ratio(**options: Any) -> float:
    """What the second task weighs, were the first one 1."""
    first, second = order_weights(discordant_share(SCORES, Y, **options), temperature=1 / 3)[0]
    assert first + second == pytest.approx(1.0)
    return float(second / first)


def test_a_task_weighs_less_by_the_share_of_pairs_that_it_has_the_other_way_round() -> None:
    assert ratio() == pytest.approx(math.exp(-1))  # a third of the pairs, at a temperature of a third
    assert ratio(pairs=1.0) == pytest.approx(math.exp(-3 * (1.5 / 4 - 0.5 / 4)))


def test_only_pairs_of_known_scores_count() -> None:
    """Of the second task's last trial nothing is known: the one pair left agrees, but one pair is little."""
    known = np.array([[[True, True, True], [True, True, False]]])
    assert ratio(known=known) == pytest.approx(1.0)
    assert ratio(known=known, pairs=1.0) == pytest.approx(math.exp(-3 * (0.5 / 2 - 0.5 / 4)))


def test_a_tie_is_an_order_of_its_own() -> None:
    tied = np.array([[[1.0, 1.0], [1.0, 2.0], [2.0, 1.0]]])
    for y, agrees in (([[0.0, 1.0]], 1), ([[1.0, 0.0]], 2), ([[1.0, 1.0]], 0)):
        weight = order_weights(discordant_share(tied, np.array(y)), temperature=0.5)[0]
        assert weight.argmax() == agrees
        assert np.delete(weight, agrees) / weight[agrees] == pytest.approx([math.exp(-2)] * 2)


def test_each_run_has_its_own_weights_and_tasks() -> None:
    three = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 2.0, 3.0]])
    may = np.array([[True, True], [True, True], [False, True]])
    two = order_weights(discordant_share(np.repeat(SCORES, 3, 0), three), may=may, temperature=1 / 3)
    usual = 1 / (1 + math.exp(-1))
    assert two == pytest.approx(np.array([[usual, 1 - usual], [1 - usual, usual], [0.0, 1.0]]))
    assert order_weights(discordant_share(SCORES, Y), may=np.zeros((1, 2), bool)).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("pairs", [0.0, 1.0])
def test_before_there_is_a_pair_all_tasks_weigh_alike(pairs: float) -> None:
    for t in (0, 1):
        assert order_weights(discordant_share(SCORES[:, :, :t], Y[:, :t], pairs=pairs)).tolist() == [[0.5, 0.5]]
    assert order_weights(discordant_share(SCORES.astype(np.float32), Y.astype(np.float32))).dtype == np.float32


def mixture(known: Any = None, count: int = 3, may: Any = (1, 1)) -> Mixture:
    """On a pool of four rows, of which the first three were tried; ranges are 4 and 3."""
    y = np.array([[-4.0, -3.0, -2.0, 0.0], [0.0, 2.0, 1.0, 3.0]], np.float32)
    prior = PoolPrior(np.zeros((4, 1)), y if known is None else np.where(known, y, 0), known, ("a", "b"), Scale())
    there = np.arange(3)[None] < count
    return Mixture(prior, np.array([may], np.float32), np.arange(3)[None], Y.astype(np.float32), there)


def test_improvement_is_a_share_of_the_range_over_the_best_of_the_trials() -> None:
    """The last row is 2 of 4 above the first task's best, 1 of 3 above the second's; the third is above neither."""
    odds = math.exp(-0.25 / 0.08)
    found = mixture().log_gain(np.array([[3, 2]]))
    assert found.dtype == np.float32
    assert found[0] == pytest.approx([math.log((0.5 + odds / 3) / (1 + odds) + 1e-4), math.log(1e-4)], rel=1e-6)


def test_a_task_that_does_not_know_the_candidate_expects_no_improvement() -> None:
    known = np.array([[True] * 3 + [False], [True] * 4])
    odds = math.exp(-0.25 / 0.08)
    assert mixture(known).log_gain(np.array([[3]]))[0, 0] == pytest.approx(
        math.log(odds / 3 / (1 + odds) + 1e-4), rel=1e-6
    )


def test_a_task_that_knows_no_trial_improves_over_its_lowest_score() -> None:
    """After the first row alone, both weigh alike; the last row is the whole range above the lowest of each."""
    known = np.array([[False] + [True] * 3, [True] * 4])
    found = mixture(known, count=1).log_gain(np.array([[3]]))
    assert found[0, 0] == pytest.approx(math.log(1.0 + 1e-4), rel=1e-3)


def test_a_run_expects_what_the_tasks_do_that_it_may_know() -> None:
    assert mixture(may=(1, 0)).log_gain(np.array([[3]]))[0, 0] == pytest.approx(math.log(0.5 + 1e-4))
