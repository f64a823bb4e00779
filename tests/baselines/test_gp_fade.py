"""`gp-fade`: the formulas by hand, and the share of the earlier tasks by what the trials say of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from hpo_baselines._models.columns import Columns
from hpo_baselines._models.meta_table import table_of
from hpo_baselines._runs.baseline import Run
from hpo_baselines._transfer.earlier import Place
from hpo_baselines.gp_fade import SHARES, SharePosterior, basis_of, moments
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.forms import make_optimizer
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.trial import Trial

SPACE = SearchSpace(ConfigurationSpace(space={"a": (0.0, 1.0), "b": (0.0, 1.0)}))


def test_a_task_of_zeros_counts_among_the_earlier_ones() -> None:
    mean, root = moments(np.array([[1.0, -1.0], [3.0, 1.0]]))
    assert mean == pytest.approx([4 / 2.3, 0.0])
    # (1 - 1.7391)^2 + (3 - 1.7391)^2 + .3 * 1.7391^2 = .5463 + 1.5898 + .9074, over 2.3; 1 + 1 over 2.3
    assert (root.T @ root).diagonal() == pytest.approx([1.32325, 2 / 2.3], abs=1e-4)
    alone, spread = moments(np.array([[2.6]]))
    assert alone == pytest.approx([2.0]) and (spread**2).sum() == pytest.approx((0.36 + 0.3 * 4) / 1.3)


def test_after_one_trial_only_differences_from_it_are_uncertain() -> None:
    one = SharePosterior(0.0, (np.zeros(1), np.zeros((1, 1))), np.ones((1, 1)), 0.0, np.zeros(1))
    mean, sd = one.predict(np.zeros(2), np.zeros((1, 2)), np.array([[1.0, 0.5]]))
    assert one.scale == 1.0 and mean == pytest.approx([0.0, 0.0])
    assert sd == pytest.approx([1e-5, 1.0])  # 2 - 2 * .5


def test_scale_and_evidence_of_two_independent_trials() -> None:
    z, nothing = np.array([1.0, -1.0]), np.zeros((1, 2))
    none = SharePosterior(0.0, (np.zeros(2), nothing), np.eye(2), 0.0, z)
    assert none.scale == pytest.approx(np.sqrt(1.5))  # (2 + 1) / 2
    assert none.evidence == pytest.approx(-np.log(1.5) - 1 - 0.5 * np.log(2))
    # a share of 1/4: covariance 3/4, mean 1/2 * (2, -2); a = 2 / .75 + 1, b = 2 / .75, s = (sqrt(b^2 + 8 a) - b) / 4
    some = SharePosterior(0.25, (np.array([2.0, -2.0]), nothing), np.eye(2), 0.0, z)
    assert some.scale == pytest.approx(0.842569, abs=1e-5)
    wrong = SharePosterior(0.25, (np.array([-2.0, 2.0]), nothing), np.eye(2), 0.0, z)
    assert wrong.evidence < none.evidence < some.evidence


def test_the_earlier_tasks_mean_moves_what_was_not_tried() -> None:
    z, mean = np.array([1.0, -1.0]), np.array([2.0, -2.0])
    one = SharePosterior(0.25, (mean, np.zeros((1, 2))), np.eye(2), 0.0, z)
    ahead, _ = one.predict(np.array([2.0, 4.0]), np.zeros((1, 2)), np.zeros((2, 2)))
    assert ahead == pytest.approx([one.scale, 2 * one.scale])  # level 0, scale * 1/2 * mean


def prior_of(score: Any, count: int = 12, noise: float = 0.0, columns: int = 2) -> tuple[Evaluations, ...]:
    rng = np.random.default_rng(0)
    out = []
    for i in range(count):
        x = rng.random((60, 2))
        y = score(x) + noise * rng.normal(size=60)
        x[:, columns:] = np.nan
        out.append(Evaluations(f"t{i}", f"t{i}", x, y, np.ones(60), np.zeros(60, np.int8)))
    return tuple(out)


def hill(x: Any) -> Any:
    return -((np.atleast_2d(x)[:, 0] - 0.8) ** 2) - 0.2 * (np.atleast_2d(x)[:, 1] - 0.3) ** 2


def shares(prior: tuple[Evaluations, ...], score: Any, trials: int, **settings: Any) -> list[Any]:
    """Return `prior_weight` after each proposal, and the best score of the first trials."""
    optimizer: Any = make_optimizer("gp-fade", **settings)
    optimizer.reset(Context(SPACE, 33.0, prior=prior), np.random.default_rng(0))
    weights, scores = [], []
    for _ in range(trials):
        query = optimizer.ask()
        weights.append(optimizer.prior_weight)
        scores.append(float(score(SPACE.to_unit(query.config))[0]))
        optimizer.tell(Trial(query, scores[-1]))
    return [weights, scores]


@pytest.mark.long
def test_what_predicts_the_trials_is_believed_and_what_misleads_is_let_go() -> None:
    good, scores = shares(prior_of(hill), hill, 14, n_init=0)
    assert max(scores[:2]) > -0.01 and good[-1] > 0.5
    bad, _ = shares(prior_of(lambda x: -hill(x)), hill, 14, n_init=0)
    assert bad[0] == pytest.approx(np.mean(SHARES)) and bad[-1] < 0.1 < good[-1]


def test_scores_between_rows_follow_the_table() -> None:
    prior = prior_of(hill, 3)
    run = Run(Context(SPACE, 33.0, prior=prior), np.random.default_rng(0))
    table = table_of(run)
    assert table is not None
    columns = Columns(SPACE, True)
    basis, x = basis_of(table, columns, prior), table.pool.x[:50]
    between = basis.at(Place(x, np.arange(50), exact=False), columns(x))
    assert np.abs(between - basis.z[:, :50]).mean() < 0.05
    narrow = prior_of(hill, 3, columns=1)
    wide = table_of(Run(Context(SPACE, 33.0, prior=narrow), np.random.default_rng(0)))
    assert wide is not None and basis_of(wide, columns, narrow).known.tolist() == [True, False]


def test_without_earlier_tasks_there_is_no_weight() -> None:
    optimizer: Any = make_optimizer("gp-fade")
    optimizer.reset(Context(SPACE, 33.0), np.random.default_rng(0))
    assert optimizer.ask() is not None and optimizer.prior_weight is None
    with pytest.raises(InvalidValueError, match="n_init >= 0"):
        shares((), hill, 1, n_init=-1)


def test_a_share_of_0_is_no_prior_and_settings_have_ranges() -> None:
    """With one hypothesis the mean share is it; of 0 and .5 it lies between."""
    weights, _ = shares(prior_of(hill, 3), hill, 4, n_init=1, shares=(0.0,))
    assert set(weights[2:]) == {0.0}
    between, _ = shares(prior_of(hill, 3), hill, 4, n_init=1, shares=(0.0, 0.5), spread=2.0)
    assert all(0.0 < weight < 0.5 for weight in between[2:])
    with pytest.raises(InvalidValueError, match=r"`shares` must be numbers in \[0, 1\)"):
        shares(prior_of(hill, 3), hill, 2, n_init=0, shares=(1.0,))
    with pytest.raises(InvalidValueError, match="`spread > 0`"):
        shares(prior_of(hill, 3), hill, 2, n_init=0, spread=0.0)
