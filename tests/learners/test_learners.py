"""The suite `Learners`: episodes, signals and scores by hand; the same bits in any company; and its envs."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import hpo_gym
from hpo_gym import HPOEnv, HPOVectorEnv, load_suite
from hpo_gym.base import InvalidValueError, UnknownNameError
from hpo_gym.problem import SPLITS
from hpo_gym.problem.batches import batch_of
from hpo_gym.suites.tasks.learners.families import FAMILIES
from hpo_gym.suites.tasks.learners.kernel import PARTS
from hpo_gym.suites.tasks.learners.learners import Learners, initial
from hpo_gym.suites.tasks.learners.network import HIDDEN, INPUTS, NET
from hpo_gym.suites.tasks.learners.signals import AT, MOST, SIGNALS, after, at_start
from hpo_gym.suites.tasks.policies.signals import scaled

SUITE = load_suite("Learners")
KEEP, N, STAGES = 8, 48, 4


def begun(who: Any, horizon: int = STAGES) -> Learners:
    """Runs `who` on the training tasks in turn."""
    runs = batch_of(SUITE.tasks("train")).progress(len(who), horizon)
    runs.begin(None, np.asarray(who) % 36, np.asarray(who).astype(np.uint64))
    assert isinstance(runs, Learners)
    return runs


def points() -> list[Any]:
    rng = np.random.default_rng(1)
    return [SUITE.space.snap(rng.uniform(0.3, 0.8, (N, 2))) for _ in range(STAGES)]


def played(who: Any) -> tuple[Learners, Any, Any]:
    """Runs, their signals ``(stages + 1, n, s)`` and scores ``(stages, n)``."""
    runs, scores = begun(who), []
    seen = [runs.signals]
    for x in points():
        scores.append(runs.advance(x[who], None).score)
        seen.append(runs.signals)
    return runs, np.array(seen), np.array(scores)


# ---------------------------------------------------------------------- many runs at once
@pytest.mark.long
def test_a_run_has_the_same_bits_in_any_company() -> None:
    whole, seen, scores = played(np.arange(N))
    for who in (np.array([5]), np.array([0]), np.random.default_rng(2).permutation(N)[:17], np.arange(20, 44)):
        some, part, own = played(who)
        assert (part == seen[:, who]).all() and (own == scores[:, who]).all()
        for ours, theirs in zip(some.state, whole.state, strict=True):
            assert (ours == theirs[who]).all()
    assert len(np.unique(scores[-1])) > N / 2


def test_who_is_idle_stays_and_who_begins_anew_is_as_fresh() -> None:
    _, seen, _ = played(np.arange(12))
    runs = begun(np.arange(12))
    idle = np.arange(12) % 2 == 1
    for x in points():
        runs.advance(x[:12], idle)
    assert (runs.signals[idle] == seen[0][idle]).all() and (runs.signals[~idle] == seen[-1][~idle]).all()
    runs.begin(np.array([1, 4]), np.array([0, 7]), np.array([77, 78], np.uint64))
    fresh = batch_of(SUITE.tasks("train")).progress(2, STAGES)
    fresh.begin(None, np.array([0, 7]), np.array([77, 78], np.uint64))
    assert (runs.signals[[1, 4]] == fresh.signals).all() and (runs.signals[0] == seen[-1][0]).all()


def test_a_run_goes_on_from_what_it_was_kept_as() -> None:
    xs, runs, other = points(), begun(np.arange(12)), begun(np.arange(12) + 36 * 5)
    runs.advance(xs[0][:12], None)
    for i in range(12):
        other.load(i, runs.save(i))
    for x in xs[1:]:
        assert (runs.advance(x[:12], None).score == other.advance(x[:12], None).score).all()
        assert (runs.signals == other.signals).all()


# ---------------------------------------------------------------------- by hand
def test_a_learner_begins_by_doing_nothing() -> None:
    w = initial(np.arange(200).astype(np.uint64), np.arange(200) % 3).reshape(200, 2, NET)
    for kind, inputs in enumerate((4, 3, 8)):
        own = w[kind::3]
        hidden = own[..., : inputs * HIDDEN]
        assert not own[..., inputs * HIDDEN :].any() and hidden.var() == pytest.approx(1 / inputs, rel=0.05)
        assert np.abs(hidden).max() <= math.sqrt(3 / inputs)
    assert (w[:, 0, : INPUTS * HIDDEN] != w[:, 1, : INPUTS * HIDDEN]).any(1).all()
    runs = begun(np.arange(36))
    assert runs.judged(np.arange(36)) == pytest.approx(0, abs=1e-12)


def test_signals_by_hand() -> None:
    start = at_start(np.array([3.0]), np.array([41.0]))
    assert start[0, AT["weight_norm"]] == 3 and start[0, AT["weights"]] == 41 and np.count_nonzero(start) == 2
    seen = np.arange(10, dtype=np.float32)[None] / 10 + 0.1  # reward .1, critic's error .2, ..
    one = after(start, np.array([-0.5]), seen)
    assert dict(zip(SIGNALS, one[0].tolist(), strict=True)) == pytest.approx(
        {"score": -0.5, "score_before": 0, "best_score": 0, "reward": 0.1, "critic_error": 0.2,
         "advantage_deviation": 0.3, "divergence": 0.4, "gradient_norm": 0.5, "alignment": 0.6, "falls": 0.7,
         "weight_norm": 0.8, "action_size": 0.9, "path": 1.0, "weights": 41}
    )  # fmt: skip
    seen[0, 1] = np.inf
    two = after(one, np.array([0.5]), seen)
    assert two[0, :5] == pytest.approx([0.5, -0.5, 0.5, 0.1, MOST])
    assert after(two, np.array([0.2]), seen)[0, :3] == pytest.approx([0.2, 0.5, 0.5])
    assert len(SIGNALS) == len(PARTS) + 4
    assert scaled(np.array([0.5, 0.2, 1.0, 0.0]), np.array([0.2, 0.2, 0.2, 0.9])).tolist() == pytest.approx(
        [0.375, 0.0, 1.0, -1.0]
    )


def test_the_last_trial_alone_is_judged_in_other_episodes() -> None:
    runs, who = begun(np.arange(12), 2), np.arange(12)
    x = np.tile(SUITE.space.default_x, (12, 1))
    first = runs.advance(x, None).score
    assert first == pytest.approx(runs.signals[:, AT["score"]]) and (first != runs.judged(who)).all()
    last = runs.advance(x, None).score
    assert (last == runs.judged(who)).all() and (last != runs.signals[:, AT["score"]]).all()
    assert runs.signals[:, AT["score_before"]] == pytest.approx(first)
    assert np.corrcoef(last, runs.signals[:, AT["score"]])[0, 1] > 0.5


@pytest.mark.long
def test_learners_learn_and_their_critics_explain_more() -> None:
    runs = begun(np.arange(72), 20)
    x, wrong = np.tile(SUITE.space.default_x, (72, 1)), []
    for _ in range(20):
        score = runs.advance(x, None).score
        wrong.append(runs.signals[:, AT["critic_error"]].mean())
    kinds = np.array([t.physics.kind for t in SUITE.tasks("train")])[np.arange(72) % 36]
    assert [score[kinds == k].mean() > least for k, least in
            (("cartpole", 0.4), ("pendulum", 0.3), ("reacher", 0.1))] == [True] * 3  # fmt: skip
    assert np.mean(wrong[-3:]) < wrong[0] / 2
    falls, weights = runs.signals[:, AT["falls"]], runs.signals[:, AT["weights"]]
    assert (falls[kinds == "cartpole"] > 0).any() and not falls[kinds != "cartpole"].any()
    assert set(weights.tolist()) == {41.0, 49.0, 90.0}


# ---------------------------------------------------------------------- the suite and its envs
def test_the_suite_has_as_many_tasks_as_promised() -> None:
    assert [len(SUITE.tasks(split)) for split in SPLITS] == [36, 12, 72]
    families = [{t.family for t in SUITE.tasks(split)} for split in SPLITS]
    assert [len(f) for f in families] == [9, 3, 18] and len(set.union(*families)) == 30
    for split in SPLITS:
        assert {f.kind for f in FAMILIES[split].values()} == {"cartpole", "pendulum", "reacher"}
    assert SUITE.split(SUITE.task("reacher-light-s99")) == "test" and SUITE.members[0].counts == "last"
    with pytest.raises(UnknownNameError, match="cartpole-short"):
        SUITE.task("cartpole-shirt-s1")
    assert SUITE.space.default == pytest.approx({"learning_rate": 0.03, "sigma": 0.6})


@pytest.mark.long
def test_the_defaults_are_those_of_the_suite() -> None:
    env = gym.make("hpo_gym/Learners-v0")
    obs, _ = env.reset(seed=1)
    assert env.action_space == gym.spaces.Discrete(9) and obs.shape == (2 + 2 * 2 + 2 * len(SIGNALS),)
    total, over, count = 0.0, False, 0
    while not over:
        _, reward, over, _, info = env.step(KEEP)
        total, count = total + float(reward), count + 1
    assert count == 20 == info["t"] and info["config"] == env.unwrapped.suite.space.default
    assert total == pytest.approx(info["score"] / env.unwrapped.suite.scale().sd)


def test_gymnasium_says_nothing_of_an_env() -> None:
    check_env(gym.make("hpo_gym/Learners-v0", budget=4).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
@pytest.mark.long
def test_the_checker_says_nothing_of_many(mode: str) -> None:
    envs = gym.make_vec("hpo_gym/Learners-v0", num_envs=3, autoreset_mode=mode, budget=3, task="pendulum-s0")
    hpo_gym.check_env(envs, processes=False, render=False)


@pytest.mark.parametrize("codec", [{"name": "move"}, {"name": "box"}])
@pytest.mark.long
def test_the_checker_says_nothing_of_one(codec: dict[str, Any]) -> None:
    for observer in ("progress", "history"):
        env = gym.make("hpo_gym/Learners-v0", codec=codec, observer=observer, budget=3, task="cartpole-s0")
        hpo_gym.check_env(env, processes=False, render=False)


@pytest.mark.long
def test_nothing_is_ever_not_finite_at_any_setting() -> None:
    envs = HPOVectorEnv(72, "Learners", split="test", codec="box", autoreset_mode="SAME_STEP")
    obs, _ = envs.reset(seed=0)
    rng, high, low = np.random.default_rng(0), envs.single_observation_space.high, envs.single_observation_space.low
    for t in range(45):
        assert np.isfinite(obs).all() and (obs <= high).all() and (obs >= low).all()
        corner = rng.choice([-1.0, 0.0, 1.0], (72, 2))
        corner[:8] = 1.0  # the highest of both, for ever
        corner[8:16] = [1.0, -1.0]
        obs, rewards, over, _, infos = envs.step(corner)
        assert np.isfinite(rewards).all()
        assert (np.abs(infos["score"][~over]) <= 1).all(), t
    assert np.abs(envs.kernel.runs.signals).max() <= MOST


def test_a_bad_action_changes_nothing() -> None:
    env = HPOEnv("Learners", task="pendulum-s0", codec="box")
    env.reset(seed=0)
    env.step(np.zeros(2, np.float32))
    before = env.snapshot()
    for bad in (np.array([np.nan, 0]), np.array([0, 2.0]), "x", None, np.zeros(3)):
        with pytest.raises(InvalidValueError):
            env.step(bad)
    assert env.snapshot() == before
