"""What rewards pay where `answers` has no episode: repeats, stops, runs beside each other, tasks without a table."""

from __future__ import annotations

from typing import Any

import pytest
from answers import KINDS, cases, shipped
from answers.reward_episodes import FAILING, INITIAL, THREE
from toy_suite import Episode, Walk, alone, gaps, levels, single_env, together, vector_env

import hpo_gym

EACH_WAY = pytest.mark.parametrize("way", [alone, together])
EACH_REWARD = pytest.mark.parametrize("name", shipped(KINDS["rewards"]))


def _assert_paid(walks: list[Walk], wanted: Any) -> None:
    for walk, literals in zip(walks, wanted, strict=True):
        assert walk.rewards == pytest.approx(literals, rel=0, abs=1e-8)


@EACH_WAY
@EACH_REWARD
def test_the_scale_of_what_is_shown_changes_no_reward(name: str, way: Any) -> None:
    paid = way(THREE, codec="pool", reward=name, scores="rank", observer="history")
    _assert_paid(paid, cases("rewards", name)["episodes"].wanted)


# ---------------------------------------------------------------------------------------------- repeats
@EACH_WAY
def test_a_given_point_can_be_repeated_and_another_fidelity_is_no_repeat(way: Any) -> None:
    walks = way(INITIAL, codec="pool", duplicates="penalize", budget=2, n_init=2)
    _assert_paid(walks, [(0, 0.625), (1.25, 0.25), (0.625, 0.875)])  # row 0 was given to a, row 3 to b
    # Row 2 of a: .875 + .25 at 1/4, .875 - .125 at 1/2, then 1/4 again; of b row 1, twice at 1/2, then at 1/4.
    episodes = [Episode("a", ((2, 0), (2, 1), (2, 0))), Episode("b", ((1, 1), (1, 1), (1, 0)))]
    walks = way(episodes, levels(), codec={"name": "pool", "fidelity": True}, duplicates="penalize", budget=2)
    _assert_paid(walks, [(1.125, 0.75, 0.625), (-0.875, -1.375, -0.5)])


# ---------------------------------------------------------------------------------------------- failures, stops
@EACH_WAY
def test_a_failure_and_a_row_that_was_not_measured_are_paid_for(way: Any) -> None:
    a, b = way(FAILING, gaps(), codec="pool", budget=3)
    assert [trial.status.label for trial in a.history] == ["failed", "ok", "ok"]
    assert [trial.status.label for trial in b.history] == ["ok", "ok", "ok"]
    assert [trial.cost for trial in a.history] == [2, 2, 1]
    assert [trial.cost for trial in b.history] == [1, 1, 1]


def test_a_penalty_is_the_standard_deviation_of_the_successes() -> None:
    (walk,) = alone([Episode("b", (4, 1, 4))], gaps(), codec="pool", duplicates="penalize", budget=3)
    assert walk.rewards == pytest.approx([-0.75, -1.29486237, -1.29486237])  # row 1 thrice; -.75 - .54486237


@EACH_REWARD
def test_to_stop_pays_nothing(name: str) -> None:
    """But for `regret_rate` and `ahead`, which pay for what is left."""
    (walk,) = alone([Episode("a", (0, 4, 5))], codec={"name": "pool", "stop": True}, reward=name)
    # a regret of .25 for half of the budget; two random trials would lower it by .05 and .09
    paid = {"regret_rate": -0.25 * 0.5, "ahead": -0.14 / 4}.get(name, 0)
    expected = [*cases("rewards", name)["episodes"].wanted[0][:2], paid]
    assert walk.rewards == pytest.approx(expected, rel=0, abs=1e-8)
    assert walk.ends == [False, False, True]
    assert len(walk.history) == 2


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize("make", [single_env, lambda **keywords: vector_env(2, **keywords)], ids=["single", "vector"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_the_oracle_is_kept_from_other_splits(split: str, make: Any) -> None:
    for reward in ("regret", "log_regret", "regret_drop"):
        with pytest.raises(hpo_gym.SplitError, match=f"reads the oracle: `split` must be 'train', got '{split}'"):
            make(reward=reward, split=split)
    for reward in ("score", "improvement", "normalized_improvement"):
        make(reward=reward, split=split)
