"""`hpo_gym.sb3.SetPolicy`: candidates in any order and number, none twice, and it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import hpo_gym

pytest.importorskip("stable_baselines3", reason="needs: pip install 'hpo-gym[rl]'")

import torch
from stable_baselines3 import A2C, PPO

from hpo_gym.sb3 import SetPolicy, as_vec_env, load_weights

SMALL: dict[type, dict[str, Any]] = {PPO: {"n_steps": 16, "batch_size": 16}, A2C: {}}


def of(count: int, **keywords: Any) -> Any:
    return gym.make("hpo_gym/SVM-v0", codec={"name": "candidates", "count": count}, observer="set", **keywords)


def probabilities(model: Any, obs: dict[str, Any]) -> Any:
    with torch.no_grad():
        found = model.policy.get_distribution(model.policy.obs_to_tensor(obs)[0]).distribution.probs
    return found[0].numpy()


def after(env: Any, *actions: int) -> dict[str, Any]:
    obs, _ = env.reset(seed=0)
    for action in actions:
        obs, *_ = env.step(action)
    return obs


@pytest.mark.parametrize("algorithm", [PPO, A2C])
def test_weights_know_no_order_and_no_number_of_candidates(algorithm: Any, tmp_path: Path) -> None:
    env = of(5, budget=4)
    model = algorithm(SetPolicy, env, policy_kwargs={"features_extractor_kwargs": {"width": 8}}, **SMALL[algorithm])
    torch.nn.init.normal_(model.policy.features_extractor.rate.weight)  # far from uniform
    obs = after(env, 3, 1)
    found = probabilities(model, obs)
    assert found[[1, 3]].max() < 1e-8 and np.ptp(found[[0, 2, 4]]) > 0.01, "the tried ones cannot be chosen"
    order = [4, 2, 0, 1, 3]
    moved = {name: value if name == "state" else value[order] for name, value in obs.items()}
    np.testing.assert_allclose(probabilities(model, moved), found[order], rtol=1e-5)

    model.learn(32)
    model.save(tmp_path / "model.zip")
    np.testing.assert_array_equal(probabilities(algorithm.load(tmp_path / "model.zip"), obs), probabilities(model, obs))
    more = of(40, budget=4)
    wide = load_weights(
        tmp_path / "model.zip", algorithm, more, SetPolicy, policy_kwargs=model.policy_kwargs, **SMALL[algorithm]
    )
    assert probabilities(wide, after(more, 39)).shape == (40,)


@pytest.mark.long
def test_it_takes_a_pool_and_plays_in_comparisons(tmp_path: Path) -> None:
    rows = {"name": "pool", "candidates": 20}
    model = PPO(SetPolicy, gym.make("hpo_gym/SVM-v0", codec=rows, observer=rows), **SMALL[PPO])
    model.learn(16)
    model = PPO(SetPolicy, of(16), **SMALL[PPO])
    found = hpo_gym.benchmark(
        {"mine": model}, "SVM", tasks=2, seeds=1, budget=8, out=tmp_path, report=False, progress=False
    )
    tried = found.trials().query("optimizer == 'mine'").groupby("task")["config"]
    assert found.failed_cells == 0 and tried.apply(lambda c: c.map(str).nunique()).tolist() == [8, 8]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ({}, "needs the observer 'set' or 'pool', got Box"),
        ({"observer": {"name": "set", "count": 64}}, r"an action for each of 64 candidates.*got Discrete\(128\)"),
        ({"observer": "set", "codec": {"name": "candidates", "stop": True}}, r"of 128 candidates.*got Discrete\(129\)"),
        ({"observer": "set", "codec": "nearest"}, "an action for each of 128 candidates.*got Box"),
    ],
)
def test_what_is_no_choice_from_a_set_is_refused(view: Any, words: str) -> None:
    with pytest.raises(hpo_gym.InvalidValueError, match=words):
        PPO(SetPolicy, gym.make("hpo_gym/SVM-v0", **view))


@pytest.mark.long
def test_a_short_training_raises_the_return_on_unseen_families() -> None:
    view: dict[str, Any] = {"codec": {"name": "candidates", "count": 32}, "observer": "set", "budget": 10}
    view["autoreset_mode"] = "SAME_STEP"
    envs = as_vec_env(hpo_gym.HPOVectorEnv(16, "SVM", **view))
    model = PPO(SetPolicy, envs, n_steps=20, batch_size=80, gamma=0.9, learning_rate=1e-3, seed=0, device="cpu")

    def mean_return() -> float:
        torch.manual_seed(0)
        test = hpo_gym.HPOVectorEnv(200, "SVM", split="val", **view)
        obs, _ = test.reset(seed=1)
        paid = np.zeros(200)
        for _ in range(10):
            obs, reward, *_ = test.step(model.predict(obs)[0])
            paid += reward
        return float(paid.mean())

    before = mean_return()  # .60
    model.learn(10_000)
    assert mean_return() > before + 0.08  # reaches .74
