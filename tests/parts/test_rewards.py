"""What each reward pays in three episodes, worked out by hand from the table in `toy_suite`.

    task  rows         scores                   incumbents                its normalised regret      costs
    a     0  4  0  1   .5    .75   .5    .625   .5    .75   .75   .75     .75    .25   .25   .25     1  2  1  2
    b     2  3  0  3   .375  .75  1.25   .75    .375  .75  1.25  1.25     .4375  .25   0     0       2  1  4  1
    a     3  3  2  1   .375  .375  .875  .625   .375  .375  .875  .875    1      1     0     0       1  1  4  2

The mean of meta-train is .5 and its standard deviation .5, so a step of .125 is .25 of a deviation; a mean evaluation
costs 2. The third trial of the first episode, the fourth of the second and the second of the third repeat another.
"""

from __future__ import annotations

from typing import Any

import pytest
from toy_suite import Episode, Walk, alone, anywhere, gaps, levels, single_env, together, vector_env

import hpo_gym

EPISODES = (Episode("a", (0, 4, 0, 1)), Episode("b", (2, 3, 0, 3)), Episode("a", (3, 3, 2, 1)))
GIVEN = (  # rows 0 4, rows 2 3 and rows 4 0 come first
    Episode("a", (0, 1), seed=6),
    Episode("b", (0, 3), seed=0),
    Episode("a", (1, 2), seed=21),
)
EACH_WAY = pytest.mark.parametrize("way", [alone, together])

SCORE = [(0.5, 0.75, 0.5, 0.625), (0.375, 0.75, 1.25, 0.75), (0.375, 0.375, 0.875, 0.625)]
# The incumbent counts from .5: .375 to .75 is a gain of .25.
GAIN = [(0, 0.25, 0, 0), (0, 0.25, 0.5, 0), (0, 0, 0.375, 0)]
GAIN_IN_SD = [(0, 0.5, 0, 0), (0, 0.5, 1, 0), (0, 0, 0.75, 0)]
REGRET = [(-0.75, -0.25, -0.25, -0.25), (-0.4375, -0.25, 0, 0), (-1, -1, 0, 0)]
# From 1 before the first trial; the sums are .75, 1 and 1.
DROP = [(0.25, 0.5, 0, 0), (0.5625, 0.1875, 0.25, 0), (0, 0, 1, 0)]
# Minus log10 of .751, .251, .4385, 1.001 and .001.
LOG_REGRET = [
    (0.12436006, 0.60032628, 0.60032628, 0.60032628),
    (0.35803040, 0.60032628, 3, 3),
    (-0.00043408, -0.00043408, 3, 3),
]
# The gain in deviations, less .05 x cost / 2: a cost of 1 takes .025, of 2 .05, of 4 .1.
COST_AWARE = [(-0.025, 0.45, -0.025, -0.05), (-0.05, 0.475, 0.9, -0.025), (-0.025, -0.025, 0.65, -0.05)]
# Less .5 x cost / 2: .25, .5 and 1.
DEAR = [(-0.25, 0, -0.25, -0.5), (-0.5, 0.25, 0, -0.25), (-0.25, -0.25, -0.25, -0.5)]
KNOWN: dict[str, tuple[Any, Any]] = {
    "score": ("score", SCORE),
    "improvement": ("improvement", GAIN),
    "normalized_improvement": ("normalized_improvement", GAIN_IN_SD),
    "regret": ("regret", REGRET),
    "regret_drop": ("regret_drop", DROP),
    "log_regret": ("log_regret", LOG_REGRET),
    "cost_aware": ("cost_aware", COST_AWARE),
    "cost_aware-0.5": ({"name": "cost_aware", "weight": 0.5}, DEAR),
    "cost_aware-0": ({"name": "cost_aware", "weight": 0}, GAIN_IN_SD),
}


def _assert_paid(walks: list[Walk], wanted: Any) -> None:
    for walk, literals in zip(walks, wanted, strict=True):
        assert walk.rewards == pytest.approx(literals, rel=0, abs=1e-8)


@EACH_WAY
@pytest.mark.parametrize("name", KNOWN)
def test_an_episode(name: str, way: Any) -> None:
    reward, wanted = KNOWN[name]
    walks = way(EPISODES, codec="pool", reward=reward)
    _assert_paid(walks, wanted)
    assert [walk.ends for walk in walks] == [[False, False, False, True]] * 3


@EACH_WAY
@pytest.mark.parametrize("name", KNOWN)
def test_the_scale_of_what_is_shown_changes_no_reward(name: str, way: Any) -> None:
    reward, wanted = KNOWN[name]
    _assert_paid(way(EPISODES, codec="pool", reward=reward, scores="rank", observer="history"), wanted)


# ---------------------------------------------------------------------------------------------- repeats
PENALIZED = {
    "score": [(0.5, 0.75, 0, 0.625), (0.375, 0.75, 1.25, 0.25), (0.375, -0.125, 0.875, 0.625)],
    "normalized_improvement": [(0, 0.5, -0.5, 0), (0, 0.5, 1, -0.5), (0, -0.5, 0.75, 0)],
    "regret": [(-0.75, -0.25, -0.75, -0.25), (-0.4375, -0.25, 0, -0.5), (-1, -1.5, 0, 0)],
    "cost_aware": [(-0.025, 0.45, -0.525, -0.05), (-0.05, 0.475, 0.9, -0.525), (-0.025, -0.525, 0.65, -0.05)],
}


@EACH_WAY
@pytest.mark.parametrize("reward", PENALIZED)
def test_a_repeat_is_penalized_by_one_standard_deviation(reward: str, way: Any) -> None:
    walks = way(EPISODES, codec="pool", reward=reward, duplicates="penalize")
    _assert_paid(walks, PENALIZED[reward])


@EACH_WAY
def test_a_given_point_can_be_repeated_and_another_fidelity_is_no_repeat(way: Any) -> None:
    walks = way(GIVEN, codec="pool", duplicates="penalize", budget=2, n_init=2)
    _assert_paid(walks, [(0, 0.625), (1.25, 0.25), (0.625, 0.875)])  # row 0 was given to a, row 3 to b
    # Row 2 of a: .875 + .25 at 1/4, .875 - .125 at 1/2, then 1/4 again; of b row 1, twice at 1/2, then at 1/4.
    episodes = [Episode("a", ((2, 0), (2, 1), (2, 0))), Episode("b", ((1, 1), (1, 1), (1, 0)))]
    walks = way(episodes, levels(), codec={"name": "pool", "fidelity": True}, duplicates="penalize", budget=2)
    _assert_paid(walks, [(1.125, 0.75, 0.625), (-0.875, -1.375, -0.5)])


@EACH_WAY
def test_the_first_trial_of_the_next_episode_repeats_nothing(way: Any) -> None:
    again = [Episode("a", (0, 0)), Episode("a", (0, 4))]
    walks = way(again, codec="pool", duplicates="penalize", budget=2)
    _assert_paid(walks, [(0.5, 0), (0.5, 0.75)])


# ---------------------------------------------------------------------------------------------- given points
# The best of what was given is .75 in each (regret .25); row 0 of b then lifts it to 1.25, row 2 of a to .875.
GIVEN_PAYS = {
    "score": [(0.5, 0.625), (1.25, 0.75), (0.625, 0.875)],
    "improvement": [(0, 0), (0.5, 0), (0, 0.125)],
    "normalized_improvement": [(0, 0), (1, 0), (0, 0.25)],
    "regret": [(-0.25, -0.25), (0, 0), (-0.25, 0)],
    "regret_drop": [(0, 0), (0.25, 0), (0, 0.25)],
    "log_regret": [(0.60032628, 0.60032628), (3, 3), (0.60032628, 3)],
    "cost_aware": [(-0.025, -0.05), (0.9, -0.025), (-0.05, 0.15)],
}


@EACH_WAY
@pytest.mark.parametrize("reward", GIVEN_PAYS)
def test_given_points_are_the_first_incumbents(reward: str, way: Any) -> None:
    _assert_paid(way(GIVEN, codec="pool", reward=reward, budget=2, n_init=2), GIVEN_PAYS[reward])


# ---------------------------------------------------------------------------------------------- fidelities
# a: rows 2 0 4 1 at 1/4, 1/2, 1 and (all that is left) 1/4. Scores 1.125 .375 .75 .875, incumbents 1.125 .375 .75 .75,
#    regret 0 (1.125 is above the best full score) 1 .25 .25, costs 1 .5 2 .5.
# b: rows 0 1 3 3 at 1/4, 1, 1/2 and 1/4. Scores 1.5 -.75 .625 1, incumbents 1.5 and then -.75, regret 0 and then 1,
#    costs 1 1 .5 .25.
LEVELS = [Episode("a", ((2, 0), (0, 1), (4, 2), (1, 2))), Episode("b", ((0, 0), (1, 2), (3, 1), (3, 1)))]
LEVELS_PAY = {
    "score": [(1.125, 0.375, 0.75, 0.875), (1.5, -0.75, 0.625, 1)],
    # A fall of the incumbent costs nothing; on a .375 to .75 counts from .5.
    "improvement": [(0.625, 0, 0.25, 0), (1, 0, 0, 0)],
    "normalized_improvement": [(1.25, 0, 0.5, 0), (2, 0, 0, 0)],
    "regret": [(0, -1, -0.25, -0.25), (0, -1, -1, -1)],
    "regret_drop": [(1, -1, 0.75, 0), (1, -1, 0, 0)],
    "log_regret": [(3, -0.00043408, 0.60032628, 0.60032628), (3, -0.00043408, -0.00043408, -0.00043408)],
    "cost_aware": [(1.225, -0.0125, 0.45, -0.0125), (1.975, -0.025, -0.0125, -0.00625)],
}


@EACH_WAY
@pytest.mark.parametrize("reward", LEVELS_PAY)
def test_fidelities(reward: str, way: Any) -> None:
    walks = way(LEVELS, levels(), codec={"name": "pool", "fidelity": True}, reward=reward, budget=2)
    _assert_paid(walks, LEVELS_PAY[reward])
    assert [walk.ends for walk in walks] == [[False, False, False, True]] * 2


# ---------------------------------------------------------------------------------------------- failures, stops
# Row 4 fails on a and scores .375, the worst; its regret is 1 and its cost, 2, is paid. On b row 1 answers for row 4.
# One standard deviation is sqrt(19) / 8 = .5448624: row 1 of a lifts .5 by .125 = 1 / sqrt(19) of it, row 3 of b by
# .25. Costs are 2 2 1 and 1 1 1.
GAPS = [Episode("a", (4, 1, 0)), Episode("b", (4, 3, 4))]
GAPS_PAY = {
    "score": [(-0.1875, 0.625, 0.5), (-0.75, 0.75, -0.75)],
    "improvement": [(0, 0.125, 0), (0, 0.25, 0)],
    "normalized_improvement": [(0, 0.22941573, 0), (0, 0.45883147, 0)],
    "regret": [(-1, -0.5, -0.5), (-1, -0.25, -0.25)],
    "cost_aware": [(-0.05, 0.17941573, -0.025), (-0.025, 0.43383147, -0.025)],
}


@EACH_WAY
@pytest.mark.parametrize("reward", GAPS_PAY)
def test_a_failure_first_has_a_score_known_beforehand_and_its_cost(reward: str, way: Any) -> None:
    walks = way(GAPS, gaps(), codec="pool", reward=reward, budget=3)
    _assert_paid(walks, GAPS_PAY[reward])
    assert [trial.status.label for trial in walks[0].history] == ["failed", "ok", "ok"]
    assert [trial.status.label for trial in walks[1].history] == ["ok", "ok", "ok"]
    assert [trial.cost for trial in walks[0].history] == [2, 2, 1]
    assert [trial.cost for trial in walks[1].history] == [1, 1, 1]


def test_a_penalty_is_the_standard_deviation_of_the_successes() -> None:
    (walk,) = alone([Episode("b", (4, 1, 4))], gaps(), codec="pool", duplicates="penalize", budget=3)
    assert walk.rewards == pytest.approx([-0.75, -1.29486237, -1.29486237])  # row 1 thrice; -.75 - .54486237


@pytest.mark.parametrize("reward", KNOWN)
def test_to_stop_pays_nothing(reward: str) -> None:
    codec, stop, (reward, wanted) = {"name": "pool", "stop": True}, 5, KNOWN[reward]
    (walk,) = alone([Episode("a", (0, 4, stop))], codec=codec, reward=reward)
    assert walk.rewards == pytest.approx([*wanted[0][:2], 0], rel=0, abs=1e-8)
    assert walk.ends == [False, False, True]
    assert len(walk.history) == 2


def test_a_run_that_stops_is_not_paid_for_what_the_others_do() -> None:
    """Run 1 stops in the second step, begins anew in the third, and tries row 3 of a in the fourth."""
    envs = vector_env(3, task="a", reward="regret_drop", codec={"name": "pool", "stop": True})
    envs.reset(seed=0)
    paid = [envs.step(actions)[1].tolist() for actions in ([0, 2, 3], [4, 5, 3], [0, 0, 2], [1, 3, 1])]
    assert paid == [[0.25, 1, 0], [0.5, 0, 0], [0, 0, 1], [0, 0, 0]]


@EACH_WAY
def test_tasks_without_a_table(way: Any) -> None:
    """The score is the mean of the columns, of 0 to 1: (.125 + .125 + 0 + .5) / 4 and (.875 + .875 + 1 + .5) / 4."""
    ends = [(-0.75, -0.75, -1, 0), (0.75, 0.75, 1, 0)]
    for reward, wanted in {
        "score": [(0.1875, 0.8125), (0.8125, 0.1875)],
        "regret": [(-0.8125, -0.1875), (-0.1875, -0.1875)],
        "regret_drop": [(0.1875, 0.625), (0.8125, 0)],
    }.items():
        walks = way([Episode("e", ends), Episode("f", ends[::-1])], anywhere(), reward=reward, budget=2)
        _assert_paid(walks, wanted)


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize("make", [single_env, lambda **keywords: vector_env(2, **keywords)], ids=["single", "vector"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_the_oracle_is_kept_from_other_splits(split: str, make: Any) -> None:
    for reward in ("regret", "log_regret", "regret_drop"):
        with pytest.raises(hpo_gym.SplitError, match=f"reads the oracle: `split` must be 'train', got '{split}'"):
            make(reward=reward, split=split)
    for reward in ("score", "improvement", "normalized_improvement", "cost_aware"):
        make(reward=reward, split=split)


@pytest.mark.parametrize("make", [single_env, lambda **keywords: vector_env(2, **keywords)], ids=["single", "vector"])
@pytest.mark.parametrize(
    ("reward", "error", "words"),
    [
        ("regrets", hpo_gym.UnknownNameError, "Did you mean 'regret'"),
        ({"name": "cost_aware", "wieght": 1}, hpo_gym.UnknownNameError, "Did you mean 'weight'"),
        ({"name": "cost_aware", "weight": -1}, hpo_gym.InvalidValueError, "`0 <= weight < inf` must hold, got -1"),
        ({"name": "cost_aware", "weight": "1"}, hpo_gym.InvalidValueError, "`weight` of reward 'cost_aware' must be"),
    ],
    ids=str,
)
def test_refused(reward: Any, error: type[Exception], words: str, make: Any) -> None:
    with pytest.raises(error, match=words):
        make(reward=reward)
