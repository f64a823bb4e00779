"""Learning on trainings: envs of several lengths, worlds in common, rewards, blindness, imitation."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from hpo_agents.ppo_bare import Network
from hpo_gym.env import HPOVectorEnv
from hpo_gym.env.observers.losses import SHOWN
from hpo_gym.suites.tasks.fits.recipe import Recipes
from hpo_gym.suites.trainings import trainings_with

STUDIES = Path(__file__).resolve().parents[2] / "benchmarks" / "studies"
TINY = Recipes(width=(16,), depth=(1,), batch=(32,), rows=(64, 64), optimizer=("sgd",))


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("fit_learning")


def test_the_last_reward_is_of_test_and_validation_rows_alike(learning: Any) -> None:
    best = 0.49
    runs = SimpleNamespace(
        signals=np.array([[best]]), batch=SimpleNamespace(signals=("best_validation_loss",)),
        last=np.array([0.4]), score_before=lambda mean: np.array([mean]),
    )  # fmt: skip
    contexts = SimpleNamespace(scale=SimpleNamespace(mean=0.1, sd=0.5))
    assert learning.halved(contexts, runs) == pytest.approx([((0.4 + math.log(2)) / 2 - 0.1) / 0.5])


def test_an_advantage_is_counted_from_its_group(learning: Any) -> None:
    assert learning.relative(torch.tensor([1.0, 2, 3, 6, 0, 0, 4, 0])).tolist() == [-2, -1, 0, 3, -1, -1, 3, -1]


@pytest.mark.long
def test_envs_of_two_lengths_end_in_their_own_time(learning: Any) -> None:
    suite = trainings_with(TINY)
    view: dict[str, Any] = {"codec": "box", "reward": learning.halved, "autoreset_mode": "SAME_STEP"}
    both = learning.Lengths([HPOVectorEnv(2, suite, budget=b, statistics=False, **view) for b in (2, 3)])
    obs, _ = both.reset(seed=0)
    at = 2 + 2 * 3 + SHOWN.index("epochs")
    assert obs[0].tolist() == obs[1].tolist() and obs[2].tolist() == obs[3].tolist(), "one world"
    assert both.num_envs == 4 and obs[:, at] == pytest.approx(np.log([2, 2, 3, 3]) - 3.0)
    ends = [both.step(np.zeros((4, 3), np.float32))[2].tolist() for _ in range(3)]
    assert ends == [[False] * 4, [True, True, False, False], [False, False, True, True]]


@pytest.mark.long
def test_the_blind_see_no_loss(learning: Any) -> None:
    suite = trainings_with(TINY)
    envs = [
        HPOVectorEnv(3, suite, budget=4, codec="box", observer=seen, statistics=False)
        for seen in ("losses", learning.Blind())
    ]
    for env in envs:
        env.reset(seed=1)
    seeing, blind = (env.step(np.zeros((3, 3), np.float32))[0] for env in envs)
    losses = [2 + 2 * 3 + i for i, name in enumerate(SHOWN) if name not in learning.FACTS]
    assert (blind[:, losses] == 0).all() and (seeing[:, losses] != 0).any()
    rest = np.setdiff1d(np.arange(blind.shape[1]), losses)
    assert blind[:, rest].tolist() == seeing[:, rest].tolist()


@pytest.mark.long
def test_a_network_learns_what_it_is_shown(learning: Any) -> None:
    box = gym.spaces.Box(-1, 1, (4,), np.float32), gym.spaces.Box(-1, 1, (2,), np.float32)
    network, rng = Network(*box, [16], 0), torch.Generator().manual_seed(0)
    obs = torch.rand(4096, 4, generator=rng) * 2 - 1
    learning.fit(network, [obs, obs[:, :2] * 0.5, obs[:, 0]], 1)
    with torch.no_grad():
        error = (network.act(obs).best() - obs[:, :2] * 0.5).abs().mean()
        assert error < 0.03 and (network.judge(obs) - obs[:, 0]).abs().mean() < 0.1


def test_rules_are_compared_by_their_mean_over_optimizers(learning: Any) -> None:
    validated = importlib.import_module("control_validated")
    score = {"sgd": {"gap": [0.1, 0.3]}, "adamw": {"gap": [0.5, 0.7]}}
    assert validated.mean({o: {"score": of} for o, of in score.items()}, "gap") == pytest.approx(0.4)
