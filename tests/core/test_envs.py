"""Contract tests of every env id and option: Gymnasium's and Stable-Baselines3's checkers, and our own, say nothing."""

import importlib.util
import json
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import toys
from gymnasium.utils.env_checker import check_env as check_by_gymnasium
from pairwise import all_pairs

import hpo_gym
from hpo_gym import check_env
from hpo_gym.env.codecs import CODECS
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.rewards import REWARDS
from hpo_gym.env.scales import SCORES
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.problem.suite import SUITES

Case = dict[str, Any]
HAS_SB3 = importlib.util.find_spec("stable_baselines3") is not None
REAL = tuple(name for name in SUITES.names() if not name.startswith("Toy"))
ONWARD = tuple(name for name in REAL if SUITES.entries()[name].about.get("kind") == "training")
"""Suites whose trials go on from each other: they have observers and options of their own, and lack others."""
OF_ONWARD = {"training", "progress", "losses"}
"""Observers of such suites; see tests/training."""

OBSERVER_OPTIONS: dict[str, list[Case]] = {
    "last": [{}, {"context": True}],
    "summary": [{}],
    "history": [{}, {"context": True}],
    "tokens": [{}, {"hyperparameters": True, "context": True}],
    "pool": [{}, {"candidates": 6, "context": True}],
}
CODEC_OPTIONS: dict[str, list[Case]] = {
    "box": [{}],
    "move": [{"levels": 4}],
    "pool": [{}, {"candidates": 6}],
}
OPTIONS: dict[str, list[Any]] = {
    "suite": list(toys.SUITE_NAMES),
    "observer": [
        {"name": n, **o} for n in OBSERVERS.names() if n not in OF_ONWARD for o in OBSERVER_OPTIONS.get(n, [{}])
    ],
    "codec": [{"name": n, **o} for n in CODECS.names() for o in CODEC_OPTIONS.get(n, [{}])],
    "fidelity": [False, True],
    "stop": [False, True],
    "reward": list(REWARDS.names()),
    "scores": list(SCORES.names()),
    "duplicates": ["allow", "mask", "penalize"],
    "n_init": [0, 1, 3],
    "split": ["train", "val", "test"],
    "budget": [1, 4],
}


def legal(case: Case) -> bool:
    """Whether options, maybe only some of them, may stand together."""
    observer, codec = case.get("observer", {}), case.get("codec", {})
    pools = "pool" in (observer.get("name"), codec.get("name"))
    if pools and case.get("suite") == "ToyFormulas":
        return False
    if observer.get("name") == codec.get("name") == "pool" and observer.get("candidates") != codec.get("candidates"):
        return False
    if case.get("duplicates") == "mask" and codec.get("name", "pool") != "pool":
        return False
    oracle = "reward" in case and getattr(REWARDS.get(case["reward"]), "training_only", False)
    return not (oracle and case.get("split", "train") != "train")


def keywords(case: Case) -> Case:
    rest = {k: v for k, v in case.items() if k not in ("fidelity", "stop")}
    chosen = {k: True for k in ("fidelity", "stop") if case[k]}
    return {**rest, "codec": {**case["codec"], **chosen}}


def name_of(case: Case) -> str:
    return "-".join(json.dumps(v, separators=(",", ":")).replace('"', "") for v in case.values())


PAIRS = all_pairs(OPTIONS, legal)


def check_by_all(options: Case, *, render: bool = False) -> None:
    """The three checkers, with any warning an error."""
    env = gym.make("hpo_gym/HPO-v0", **options)
    check_env(env, processes=False, render=render)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_by_gymnasium(env.unwrapped, skip_render_check=not render)
        if HAS_SB3:
            check_by_sb3(options)


def check_by_sb3(options: Case) -> None:
    from stable_baselines3.common.env_checker import check_env as check

    env = HPOEnv(**options)
    if isinstance(env.observation_space, gym.spaces.Text):  # SB3 has no such space
        return
    spaces = env.observation_space.spaces.values() if isinstance(env.observation_space, gym.spaces.Dict) else ()
    if any(len(s.shape) == 2 for s in spaces):  # tokens and candidates: for attention, not for SB3's MLP
        warnings.filterwarnings("ignore", "Your observation .* has an unconventional shape", UserWarning)
    check(env, skip_render_check=True)


@pytest.mark.parametrize("case", PAIRS, ids=name_of)
@pytest.mark.long
def test_every_two_options_keep_the_contract_together(case):
    check_by_all(keywords(case))


def test_the_cases_of_these_tests_name_every_registered_part():
    assert set(OBSERVER_OPTIONS) <= set(OBSERVERS.names()) and set(CODEC_OPTIONS) <= set(CODECS.names())
    for kind, registry in (("observer", OBSERVERS), ("codec", CODECS)):
        assert {c[kind]["name"] for c in PAIRS} == set(registry.names()) - OF_ONWARD


MODES = ("NEXT_STEP", "SAME_STEP", "DISABLED")


def check_many(options: Case, turn: int) -> None:
    """A vector env of these options, in one mode after the other."""
    more: Case = [{}, {"statistics": True}, {"max_episode_steps": 3}][turn // 3 % 3]
    env = HPOVectorEnv(3, **options, **more, autoreset_mode=MODES[turn % 3])
    check_env(env, processes=False, render=False)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_two_options_keep_the_contract_in_a_vector_env():
    for turn, case in enumerate(PAIRS):
        check_many(keywords(case), turn)


# ---------------------------------------------------------------------- every id
@pytest.mark.parametrize("suite", REAL)
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.long
def test_every_registered_id_keeps_the_contract(suite, split):
    env = gym.make(f"hpo_gym/{suite}-v0", split=split, budget=5, n_init=0 if suite in ONWARD else 2)
    check_env(env, processes=False, render=split == "train")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_by_gymnasium(env.unwrapped, skip_render_check=True)


@pytest.mark.smoke
def test_an_id_is_registered_for_every_suite_and_one_for_any():
    assert {"hpo_gym/HPO-v0", *(f"hpo_gym/{s}-v0" for s in REAL)} <= set(gym.registry)
    assert hpo_gym.__version__


@pytest.mark.long
@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
@pytest.mark.parametrize("suite", ["ToyGappy", "AutoML"])
def test_make_vec_makes_the_native_vector_env(suite, mode):
    env = gym.make_vec("hpo_gym/HPO-v0", 3, suite=suite, budget=3, autoreset_mode=mode)
    assert isinstance(env, HPOVectorEnv) and env.metadata["autoreset_mode"].name == mode
    check_env(env, processes=False, render=False)


@pytest.mark.smoke
def test_the_defaults_are_the_mission_word_for_word():
    view = {"codec": "candidates", "observer": "candidates", "reward": "ahead"}  # tests/parts/answers has their numbers
    env, named = (HPOEnv("ToyPlain", task="a", budget=4, **parts) for parts in ({}, view))
    obs, c = env.reset(seed=0)[0], env.action_space.n
    assert obs.tolist() == [1.0, *[0.0] * (len(obs) - 1)] and len(obs) == 2 * c + 2
    named.reset(seed=0)
    for action in (3, 3, 0, 5):  # the second 3 stands for an untried one
        (obs, reward, *_), (other, paid, *_) = env.step(action), named.step(action)
        np.testing.assert_array_equal(obs, other)
        assert reward == paid
    assert len({str(trial.config) for trial in env.history()}) == 4 == obs[-c:].sum() and obs[-c + 3]


@pytest.mark.smoke
@pytest.mark.parametrize("split", ["val", "test"])
def test_by_default_no_reward_outside_the_training_split_reads_the_oracle(split):
    assert HPOEnv("ToyPlain", split=split).kernel.parts.reward.training_only is False
    assert HPOEnv("ToyPlain").kernel.parts.reward.training_only


@pytest.mark.smoke
def test_with_a_box_the_whole_view_is_that_of_points():
    env = HPOEnv("ToyPlain", codec="box")
    env.reset(seed=0)
    action = np.linspace(-1, 1, 6).astype(np.float32)
    obs, reward, terminated, truncated, info = env.step(action)
    d = env.suite.space.d
    trial = env.history()[0]
    x = env.suite.space.to_unit(trial.config)
    np.testing.assert_allclose(obs[:d], x * 2 - 1, atol=1e-6)
    assert reward == info["score"] == obs[d] == obs[d + 1] and not terminated and not truncated
    assert obs[-1] == np.float32(32 / 33)


@pytest.mark.smoke
def test_masks_allow_what_was_measured_and_not_yet_tried():
    env = HPOEnv("ToyGappy", codec="pool", duplicates="mask", task="a", budget=9)
    env.reset(seed=0)
    measured = toys.gappy().task("a").measured
    np.testing.assert_array_equal(env.action_masks(), measured)
    row = int(np.flatnonzero(measured)[3])
    env.step(row)
    assert not env.action_masks()[row] and env.action_masks().sum() == measured.sum() - 1
