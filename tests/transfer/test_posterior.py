"""Both forms of the process by hand: a table of two rows, of which the first was tried, so that all is one division."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hpo_agents._pool.posterior import PoolPosterior
from hpo_agents._pool.prior import PoolPrior
from hpo_baselines._models.acquisition import log_expected_improvement
from hpo_baselines._transfer.earlier import Place
from hpo_baselines._transfer.posterior import TaskPosterior, TaskPrior, TaskProcess
from hpo_gym.problem.prior import Scale

X = np.array([[0.0], [0.15]])
FIRST, SECOND = Place(X[:1], np.array([0])), Place(X[1:], np.array([1]))


# ---------------------------------------------------------------------- one run
def task_prior(**changes: Any) -> TaskPrior:
    """Covariances 1, .5 and .25; means .5 and 0."""
    usual: dict[str, Any] = {
        "mean": np.array([0.5, 0.0]), "residual": np.array([[1.0, 0.5]]), "variance": np.array([1.0, 0.25]),
        "centre": 0.0, "spread": 0.0, "scales": np.ones(1), "log_weights": np.zeros(1),
    }  # fmt: skip
    return TaskPrior(**usual | changes)


def half(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.full((len(a), len(b)), 0.5)


def reported(prior: TaskPrior, y: float) -> TaskPosterior:
    """After one trial of the first row, with noise .25 and no stationary part."""
    return TaskPosterior(TaskProcess(prior, half, 0.0, 0.25 - 1e-8), FIRST, np.array([y]))


def test_the_prior_of_tasks_is_that_of_their_standardised_scores() -> None:
    """Means 1 and 4, deviations 1 and 2; standardised, one is the other upside down."""
    prior = TaskPrior.of(np.array([[0.0, 2.0], [6.0, 2.0]]))
    near = {"rel": 1e-5, "abs": 1e-5}
    assert prior.mean == pytest.approx([0.0, 0.0], **near)
    assert prior.residual == pytest.approx(np.array([[-1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2), **near)
    assert prior.variance == pytest.approx([1.0, 1.0], **near)
    assert (prior.centre, prior.spread) == (2.5, 2.25)
    # The scale's logarithm has mean and deviation log(2) / 2, and reaches 1.6 deviations to both sides.
    assert prior.scales[[0, 3, 6]] == pytest.approx([2 ** (0.5 * (1 + s)) for s in (-1.6, 0.0, 1.6)], **near)
    assert prior.log_weights[[0, 3, 6]] == pytest.approx([-1.28, 0.0, -1.28])


def test_one_trial_moves_another_row_by_their_covariance() -> None:
    """The trial is 1 above its mean: by .5 / 1.25 of that the other rises, and its variance falls from .25 by .2."""
    (mean,), (sd,) = reported(task_prior(), 1.5).moments(SECOND)
    assert mean == pytest.approx([0.4])
    assert sd**2 == pytest.approx([0.05])


def test_the_mean_of_the_task_is_integrated_out() -> None:
    """It adds its variance, of 4 on a scale of 2, to all covariances: 1.5 / 2.25 of 1, and 1.25 less 2.25 / 2.25."""
    posterior = reported(task_prior(centre=1.0, spread=4.0, scales=np.array([2.0])), 1.0 + 2 * 1.5)
    (mean,), (sd,) = posterior.moments(SECOND)
    assert mean == pytest.approx([1 + 2 * 2 / 3])
    assert sd == pytest.approx([2 * 0.5])
    assert posterior.log_acquisition(SECOND) == pytest.approx(log_expected_improvement(mean, sd, 4.0))


def test_scales_are_weighted_by_the_likelihood_of_the_trials() -> None:
    """A trial of 2 whose mean is 0 has variance 1.25 + .75 on a scale of 1, and 4 x 1.25 + .75 on a scale of 2."""
    prior = task_prior(mean=np.zeros(2), spread=0.75, scales=np.array([1.0, 2.0]), log_weights=np.zeros(2))
    density = np.array([math.exp(-2 / v) / math.sqrt(v) for v in (2.0, 5.75)])
    assert reported(prior, 2.0).weight == pytest.approx(density / density.sum())


def test_the_stationary_part_has_the_mean_variance_and_a_tenth_of_white_noise() -> None:
    """Of .625, half of nine tenths are correlated; the last tenth only in one and the same row."""
    process = TaskProcess(task_prior(), half, 1.0, 0.05)
    both = Place(X, slice(None))
    assert process.covariance(FIRST, both) == pytest.approx(0.625 * np.array([[0.55, 0.45]]))
    apart = Place(X[:1], np.array([0]), exact=False)
    assert process.covariance(apart, both) == pytest.approx(0.625 * np.array([[0.45, 0.45]]))
    assert process.noisy(apart) == pytest.approx(np.array([[0.625 * 0.55 + 0.05]]))
    assert process.variance(both) == pytest.approx([0.625, 0.625])


# ---------------------------------------------------------------------- many runs
Y = np.array([[1.0, 3.0], [-1.0, 1.0]], np.float32)  # means 0 and 2; both tasks differ by 1 from them, on both rows
LOCAL = 0.05 / math.e  # the stationary part a length scale away


def pool_prior(known: Any = None) -> PoolPrior:
    return PoolPrior(X, Y if known is None else np.where(known, Y, 0), known, ("a", "b"), Scale())


def known_of(prior: PoolPrior, strangers: Any, score: Any, count: Any) -> PoolPosterior:
    """Runs whose first trial, if any, was the first row."""
    n, k = len(score), len(prior.families)
    exists = np.arange(1) < np.array(count)[:, None]
    may = np.array(strangers, bool).reshape(n, k)
    return PoolPosterior(prior, may, np.zeros((n, 1), np.int64), np.array(score)[:, None], exists)


def second_row(posterior: PoolPosterior) -> tuple[Any, ...]:
    found = posterior.predict(np.ones((len(posterior.rows), 1), np.int64))
    return tuple(v[:, 0] for v in (found.prior_mean, found.prior_variance, found.mean, found.variance))


def test_each_run_is_told_by_its_own_trials_and_the_tasks_that_it_may_know() -> None:
    """Both tasks: covariance 1 + the stationary part. The first alone is certain of itself: that part is all."""
    posterior = known_of(pool_prior(), [[1, 1], [1, 0], [1, 1]], [1.0, 1.5, 0.0], [1, 1, 0])
    prior_mean, prior_variance, mean, variance = second_row(posterior)
    assert prior_mean == pytest.approx([2.0, 3.0, 2.0])
    assert prior_variance == pytest.approx([1.05, 0.05, 1.05])
    assert mean == pytest.approx([2 + (1 + LOCAL) / 1.07, 3 + LOCAL / 0.07 * 0.5, 2.0])
    assert variance == pytest.approx([1.05 - (1 + LOCAL) ** 2 / 1.07, 0.05 - LOCAL**2 / 0.07, 1.05], rel=1e-5)
    assert posterior.best.tolist() == [1.0, 1.5, 0.0]  # without a trial 2 deviations below the best mean


def test_gaps_of_a_task_tell_nothing() -> None:
    """The second task does not know the second row: its mean is the first task's, and no task differs from it."""
    known = np.array([[True, True], [True, False]])
    prior_mean, prior_variance, mean, _ = second_row(known_of(pool_prior(known), [[1, 1]], [1.0], [1]))
    assert (prior_mean.tolist(), prior_variance) == ([3.0], pytest.approx([0.05]))
    assert mean == pytest.approx([3 + LOCAL / 1.07])


def test_scores_are_bounded_and_distances_are_mean_differences() -> None:
    posterior = known_of(pool_prior(), [[1, 1]], [9.0], [1])
    assert posterior.best.tolist() == [5.0]
    assert posterior.predict(np.array([[1, 0]])).distance[0, :, 0] == pytest.approx([0.15, 0.0])
